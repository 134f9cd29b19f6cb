"""Panels of planted and recovered layers along the superior temporal gyrus, from front to back, left and right."""

from typing import NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure

from heschl.datasets.simulated_head import stg_regions
from heschl.figures import brain, style
from heschl.figures.participants import number
from heschl.science.recovery import agreement
from heschl.science.simulation import STG_MM, along_line
from heschl.science.spheres import world_mm

REGIONS = ("planum polare", "Heschl's gyrus", "planum temporale")
BINS = 4  # of each region
PLANTED = "#bdbdbd"


class Course(NamedTuple):
    """Where planted voxels lie: place (voxel,) from 0 at the front to 3 at the back, and whether on the left."""

    place: np.ndarray
    is_left: np.ndarray
    by_region: bool


def course(found: xr.Dataset, gradient: str) -> Course:
    """Place the voxels of a recovery store: in three regions of an atlas, or along the line that was planted.

    With "stg_atlas" a voxel's place is the number of regions before its own, plus its share of the way through it;
    NaN outside of them. Otherwise it is three times its share of the line's length.
    """
    ijk, affine, _ = brain.grid_of(found)
    points = world_mm(ijk, affine)
    if gradient == "stg_atlas":
        region, position, is_left = stg_regions(points)
        return Course(np.where(region > 0, region - 1 + np.minimum(position, 0.999), np.nan), is_left, True)
    _, share = along_line(points * np.where(points[:, :1] < 0, [-1, 1, 1], [1, 1, 1]), STG_MM)
    return Course(3 * np.minimum(share, 0.999), points[:, 0] < 0, False)


def rows(found: xr.Dataset, where: Course) -> list[dict]:
    """Average planted and recovered layers in bins along the gyrus, of each hemisphere.

    Recovered is of planted voxels that are significant; quartiles of it are low and high.
    """
    planted, recovered = found["planted"].values.astype(float), found["recovered"].values.astype(float)
    significant, edges = found["significant"].values.astype(bool), np.linspace(0, 3, 3 * BINS + 1)
    listed = []
    for side, inside in (("left", where.is_left), ("right", ~where.is_left)):
        for low, high in zip(edges[:-1], edges[1:], strict=True):
            here = inside & (planted > 0) & (where.place >= low) & (where.place < high)
            if here.any():
                told = recovered[here & significant]
                ends = np.quantile(told, [0.25, 0.75]) if told.size else (np.nan, np.nan)
                listed.append({
                    "side": side, "place": (low + high) / 2, "planted": planted[here].mean(), "n": int(here.sum()),
                    "recovered": told.mean() if told.size else np.nan, "low": ends[0], "high": ends[1],
                    "n_significant": told.size,
                })  # fmt: skip
    return listed


def panels(figure: SubFigure, found: xr.Dataset, where: Course, n_layers: int) -> Axes:
    """Draw planted and recovered layers along the gyrus, left and right; return the first panel."""
    both, listed = figure.subplots(1, 2, sharey=True), rows(found, where)
    for axes, side in zip(both, ("left", "right"), strict=True):
        inside = where.is_left if side == "left" else ~where.is_left
        _voxels(axes, found, where.place, inside)
        _lines(axes, [row for row in listed if row["side"] == side])
        _ends(axes, where.by_region)
        axes.set_title(_title(side, found, inside), fontsize=7)
    both[0].set(ylabel="layer", ylim=(0.3, n_layers + 0.7), yticks=range(1, n_layers + 1, 3))
    handles, names = both[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names))
    return both[0]


def _voxels(axes: Axes, found: xr.Dataset, place: np.ndarray, inside: np.ndarray) -> None:
    """Draw a dot for each significant planted voxel, spread within its layer."""
    here = inside & (found["planted"].values > 0) & found["significant"].values.astype(bool) & np.isfinite(place)
    spread = ((np.arange(here.sum()) * 0.618) % 1 - 0.5) * 0.6
    label = "recovered, voxel"
    axes.scatter(place[here], found["recovered"].values[here] + spread, s=3, lw=0, alpha=0.35, color=style.SKY,
                 label=label)  # fmt: skip


def _lines(axes: Axes, listed: list[dict]) -> None:
    """Draw the mean of each bin, broken where a bin is empty."""
    step, x = 1 / BINS, np.linspace(0, 3, 3 * BINS + 1)[:-1] + 0.5 / BINS
    at = {round(row["place"] / step - 0.5): row for row in listed}
    planted, recovered, low, high = (
        np.array([at[k][name] if k in at else np.nan for k in range(len(x))])
        for name in ("planted", "recovered", "low", "high")
    )
    axes.plot(x, planted, color=PLANTED, lw=5, solid_capstyle="round", label="planted, mean", zorder=1)
    axes.plot(x, recovered, "o-", color=style.BLUE, ms=3, lw=1.1, label="recovered, mean and middle half")
    axes.vlines(x, low, high, color=style.BLUE, lw=2, alpha=0.35)


def _ends(axes: Axes, by_region: bool) -> None:
    """Name the regions, or the two ends of the line."""
    axes.set_xlim(-0.05, 3.05)
    axes.tick_params(axis="x", length=0)
    if not by_region:
        axes.set_xticks([0, 3], ["front (planum polare)", "back (planum temporale)"])
        for tick, side in zip(axes.get_xticklabels(), ("left", "right"), strict=True):
            tick.set_horizontalalignment(side)
        return
    for edge in (1, 2):
        axes.axvline(edge, color=style.PALE, lw=0.7, zorder=0)
    axes.set_xticks([0.5, 1.5, 2.5], REGIONS)


def _title(side: str, found: xr.Dataset, inside: np.ndarray) -> str:
    """Say how well the order of layers was found again: in all planted voxels, and in the significant ones."""
    planted, recovered = found["planted"].values, found["recovered"].values.astype(float)
    significant = found["significant"].values.astype(bool)
    said = []
    for name, where in (("planted", inside), ("significant", inside & significant)):
        n, rho = int((where & (planted > 0)).sum()), agreement(planted, recovered, where)
        said.append(f"{number(rho) if np.isfinite(rho) else '–'} in {n:,} {name}")
    return f"{side}: Spearman ρ {', '.join(said)}"
