"""F3: what was heard when, run by run."""

import re
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from heschl import store
from heschl.figures import style

TITLE = "The runs"
CAPTION = (
    "Each row is one run of one participant; each bar is a trial at the time it was presented, coloured by "
    "style or category (its name without what stands behind the slash, or its number). Grey: recorded volumes "
    "without a stimulus."
)


def draw(*, bold: list[Path], png: Path, pdf: Path, table: Path) -> None:
    """Draw the events of some runs: stores with event_onset, event_duration, event_clip and time, in s."""
    runs = [store.read(path) for path in bold]
    numbers = [row for path, run in zip(bold, runs, strict=True) for row in _rows(path, run)]
    colours = dict(zip(sorted({r["style"] for r in numbers}), style.CYCLE * 9, strict=False))
    row_in = row_inches(len(runs))
    with style.sheet(style.DOUBLE, 1.0 + row_in * len(runs)) as figure:
        axes = figure.add_subplot()
        for y, (path, run) in enumerate(zip(bold, runs, strict=True)):
            _run(axes, y, run, [r for r in numbers if r["recording"] == _name(path)], colours)
        axes.set(xlabel="time (s)", ylim=(len(runs) - 0.5, -0.5), yticks=range(len(runs)))
        axes.set_yticklabels([_name(p) for p in bold], fontsize=min(6.5, 50 * row_in))
        handles = [Patch(color=c, label=s.replace("_", " ")) for s, c in colours.items()]
        figure.legend(handles=handles, loc="outside lower center", ncols=min(8, len(handles)), handlelength=1.0)
    style.save(figure, numbers, png=png, pdf=pdf, table=table)


def row_inches(n_runs: int) -> float:
    """Return the height of a row: best to read for a few runs, less for many, which still have to fit a page."""
    return min(0.34, max(0.07, 8 / n_runs))


def _name(path: Path) -> str:
    name = Path(path).name
    return " ".join(p for p in name.split("_") if "-" in p and not p.startswith("task-"))


def _rows(path: Path, run: xr.Dataset) -> list[dict]:
    columns = (run[n].values for n in ("event_onset", "event_duration", "event_clip"))
    return [
        {
            "recording": _name(path),
            "onset_s": float(o),
            "duration_s": float(d),
            "clip": str(c),
            "style": re.sub(r"/.*|-\d+$", "", str(c)),
        }
        for o, d, c in zip(*columns, strict=True)
    ]


def _run(axes: Axes, y: int, run: xr.Dataset, rows: list[dict], colours: dict) -> None:
    time = run["time"].values
    end = float(time[-1] + (np.median(np.diff(time)) if time.size > 1 else 0))
    axes.broken_barh([(0, end)], (y - 0.36, 0.72), color="#ececec", lw=0)
    spans = [(r["onset_s"], r["duration_s"]) for r in rows]
    axes.broken_barh(spans, (y - 0.36, 0.72), facecolors=[colours[r["style"]] for r in rows], edgecolor="white", lw=0.5)
