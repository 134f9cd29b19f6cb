"""Quality: head motion in every run."""

from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from heschl import store
from heschl.figures import style

TITLE = "Head motion"
CAPTION = (
    "Estimated rigid-body motion of each run: three translations (solid) and three rotations as millimetres"
    " on a sphere of 50 mm (dashed). Grey: framewise displacement, whose mean is written in each panel."
)
COLOURS = (style.BLUE, style.ORANGE, style.GREEN)
RADIUS_MM = 50.0


def draw(*, bold: list[Path], png: Path, pdf: Path, table: Path) -> None:
    """Draw motion and framewise displacement of each run; rows are participants, columns their runs."""
    grid = _by_subject(bold)
    columns, numbers = max(len(r) for r in grid.values()), []
    with style.sheet(style.DOUBLE, 0.7 + 0.95 * len(grid)) as figure:
        panels = figure.subplots(len(grid), columns, sharex=True, sharey=True, squeeze=False)
        for row, (sub, paths) in zip(panels, grid.items(), strict=True):
            row[0].set_ylabel(f"sub-{sub}\n(mm)")
            for axes in row[len(paths) :]:
                axes.set_axis_off()
            for axes, path in zip(row, paths, strict=False):
                numbers += _run(axes, path, store.read(path))
        for axes in panels[-1]:
            axes.set_xlabel("time (s)")
        figure.legend(handles=_keys(panels[0, 0]), loc="outside upper center", ncols=7, handlelength=1.6)
    style.save(figure, numbers, png=png, pdf=pdf, table=table)


def _by_subject(paths: list[Path]) -> dict[str, list[Path]]:
    grid: dict[str, list[Path]] = {}
    for path in sorted(paths, key=lambda p: Path(p).name):
        grid.setdefault(style.label(path, "sub"), []).append(path)
    return grid


def _run(axes: Axes, path: Path, run: xr.Dataset) -> list[dict]:
    time, motion, fd = run["time"].values, run["motion"].values, run["fd_mm"].values
    axes.fill_between(time, fd, color=style.PALE, lw=0, label="framewise displacement")
    for k, name in enumerate("xyz"):
        axes.plot(time, motion[:, k], color=COLOURS[k], lw=0.8, label=f"shift {name}")
    for k, name in enumerate("xyz"):
        axes.plot(time, RADIUS_MM * motion[:, 3 + k], color=COLOURS[k], lw=0.8, ls=(0, (2, 1)), label=f"turn {name}")
    name = style.label(path, "ses", "task", "run")
    axes.set_title(f"{name}   FD {np.nanmean(fd):.2f} mm", fontsize=6.5, pad=2)
    names = ("x_mm", "y_mm", "z_mm", "rot_x_rad", "rot_y_rad", "rot_z_rad")
    head = {"sub": style.label(path, "sub"), "recording": name}
    rows = zip(time, motion, fd, strict=True)
    return [head | {"time_s": t, **dict(zip(names, m, strict=True)), "fd_mm": f} for t, m, f in rows]


def _keys(axes: Axes) -> list:
    return axes.get_legend_handles_labels()[0]
