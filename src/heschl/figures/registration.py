"""Quality: how each participant's brain lies on the template's."""

from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib import colormaps

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import brain, listeners, style

TITLE = "Registration to MNI space"
CAPTION = (
    "Each row is one participant in MNI space (left is left). Left half: the T1w image with the outline of "
    "the template's brain (orange): they should agree. Right half: the mean of the first run's BOLD images "
    "with the outline of the participant's grey matter (blue): the edge of white matter, darkest in BOLD, should "
    "follow it (cerebrospinal fluid is brightest). Flat grey: outside what was recorded. Numbers: Dice overlap of the "
    "participant's tissues and the template's brain mask, and correlation of mean BOLD and T1w within the recorded "
    "part of the brain: negative where they lie on each other, as their contrasts are inverse (white matter is "
    "brightest in T1w, darkest in BOLD)."
)
OUTSIDE = "#2a3340"  # not recorded
CUTS = ((0, -4.0), (1, -20.0), (2, 6.0))


def draw(*, anat: list[Path], bold: list[Path], png: Path, pdf: Path, table: Path) -> None:
    """Draw one row per anat store, with the participant's first bold store.

    An anat store holds t1w, gm, wm, csf, and brain, the template's mask (x, y, z), on the group grid.
    """
    first = {style.label(p, "sub"): p for p in sorted(bold, key=lambda p: Path(p).name, reverse=True)}
    numbers = []
    with style.sheet(style.DOUBLE, 0.3 + 1.1 * len(anat)) as figure:
        grid = figure.subplots(len(anat), 6, squeeze=False)
        for row, path in zip(grid, anat, strict=True):
            sub = style.label(path, "sub")
            if sub not in first:
                raise HeschlError(path, f"no run of sub-{sub} is given", "wanted one at least", "Give its bold stores")
            numbers.append({"sub": sub, **_participant(row, store.read(path), store.read(first[sub]))})
            dice, r = (numbers[-1][name] for name in ("brain_dice", "bold_t1w_r"))
            label = f"sub-{sub}\nDice {listeners.short(dice, 3)}\nr {listeners.short(r)}"
            row[0].text(-0.05, 0.5, label, transform=row[0].transAxes, ha="right", va="center", fontsize=6.5)
        grid[0, 1].set_title("T1w, outline of the template", fontsize=7, loc="center")
        grid[0, 4].set_title("mean BOLD, outline of grey matter", fontsize=7, loc="center")
    style.save(figure, numbers, png=png, pdf=pdf, table=table)


def _participant(row, anat: xr.Dataset, run: xr.Dataset) -> dict:
    """Draw one row; return what it measures."""
    ijk, affine, shape = brain.grid_of(run)
    t1w, gm = anat["t1w"].values.astype(float), anat["gm"].values > 0.5
    mine, ours = sum(anat[tissue].values for tissue in ("gm", "wm", "csf")) > 0.5, anat["brain"].values > 0
    mean = run["temporal_mean"].values.astype(float)
    epi = brain.volume(mean, ijk, shape)
    t1w = np.nan_to_num(t1w)
    head = np.where(t1w > 0.05 * np.percentile(t1w, 99), t1w, np.nan)
    for axes, (axis, at_mm) in zip(row[:3], CUTS, strict=True):
        _panel(axes, head, ours, affine, axis, at_mm, style.ORANGE)
    for axes, (axis, at_mm) in zip(row[3:], CUTS, strict=True):
        _panel(axes, epi, gm, affine, axis, at_mm, style.SKY)
    dice = 2 * (mine & ours).sum() / max(1, mine.sum() + ours.sum())
    r = np.corrcoef(mean, t1w[tuple(ijk.T)])[0, 1] if len(mean) > 1 else np.nan
    return {"brain_dice": float(dice), "bold_t1w_r": float(r), "n_voxels": len(mean)}


def _panel(axes, image: np.ndarray, mask: np.ndarray, affine: np.ndarray, axis: int, at_mm: float, colour: str) -> None:
    low, high = np.nanpercentile(image, [1, 99])
    cmap = colormaps["gray"].with_extremes(bad=OUTSIDE)
    brain.overlay(axes, image, affine, axis, at_mm, cmap=cmap, vmin=low, vmax=max(high, low + 1e-9))
    brain.outline(axes, mask, affine, axis, at_mm, colour, 0.6)
    axes.set_axis_off()
    brain.side(axes, axis)
