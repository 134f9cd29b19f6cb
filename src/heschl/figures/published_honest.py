"""S3: what the published test and ours find in listeners, and where nobody knows the clip."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import style
from heschl.science.statistics import threshold

TITLE = "The published test and ours, where there is nothing to find"
CAPTION = (
    "A: voxels that the published test finds (t test over participants of the highest correlation of any layer, "
    "Benjamini-Hochberg) and that ours finds (the same maximum, in our comparison and spheres, against joint "
    "permutations of clips, family-wise p at most .05), in percent of all voxels, with their number. Groups: "
    "listeners; where they are simulated, also participants who answer every clip alike (they know when a clip began,"
    " not which it is), and participants of pure noise: nothing can be found in either. B: t of the published test "
    "over voxels; filled: beyond the value from which it rejects. The highest of several correlated layers is above 0"
    " without any effect (dotted line), and volumes of one clip share the haemodynamic response: t is pushed to the "
    "right of 0 by both. C: the highest correlation, averaged over participants, of our comparison; the tick is the "
    "value that the largest of all voxels reaches in 5 % of permutations: only voxels beyond it count."
)
GROUPS = {"group": "listeners", "hrf": "same answer\nto every clip", "noise": "pure noise"}
TESTS = {"published": (style.ORANGE, "published test"), "ours": (style.BLUE, "permutation of clips")}
N_BINS = 60


class Group(NamedTuple):
    """One group's maps (voxel,) and the thresholds of both tests; t is NaN with one participant."""

    name: str
    n: int
    found: dict[str, np.ndarray]
    t: np.ndarray
    least_t: float
    rho: np.ndarray
    least_rho: float


def draw(*, groups: list[Path], png: Path, pdf: Path, table: Path) -> None:
    """Draw the voxels found in group stores named model-<model>_<who>.zarr, who of group, hrf and noise.

    Raises
    ------
    HeschlError
        If a store's name tells none of these.
    """
    found = {_who(path): _group(store.read(path)) for path in groups}
    shown = [found[who]._replace(name=name) for who, name in GROUPS.items() if who in found]
    with style.sheet(style.DOUBLE, 0.95 + 0.62 * len(shown)) as figure:
        panels = figure.subplots(1, 3, width_ratios=[1.1, 1, 1])
        _bars(panels[0], shown)
        _densities(panels[1], shown, [g.t for g in shown], [g.least_t for g in shown], style.ORANGE)
        _densities(panels[2], shown, [g.rho for g in shown], [g.least_rho for g in shown], style.BLUE)
        panels[1].set(xlabel="t of the published test")
        panels[2].set(xlabel="mean max. ρ of our comparison")
        for axes, text in zip(panels, "ABC", strict=True):
            style.letter(axes, text)
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=2)
    style.save(figure, _table(shown), png=png, pdf=pdf, table=table)


def _who(path: Path) -> str:
    who = Path(path).stem.rpartition("_")[2]
    if who not in GROUPS:
        raise HeschlError(path, f"group {who!r}", f"wanted a name that ends in {', '.join(GROUPS)}", "Rename it")
    return who


def _group(found: xr.Dataset) -> Group:
    by = {"published": found["published"].values.astype(bool), "ours": found["p_fwe"].values <= 0.05}
    t, rho = found["t"].values.astype(float), found["mean_max"].values.astype(float)
    least_t = float(t[by["published"]].min()) if by["published"].any() else np.inf
    return Group("", int(found.attrs["n_subjects"]), by, t, least_t, rho, threshold(found["null_largest"].values))


def _bars(axes: Axes, groups: list[Group]) -> None:
    """Draw shares of voxels, a pair of bars for each group, with their numbers."""
    for k, (test, (colour, name)) in enumerate(TESTS.items()):
        y = np.arange(len(groups)) + (k - 0.5) * 0.36
        share = np.array([100 * g.found[test].mean() for g in groups])
        axes.barh(y, share, height=0.32, color=colour, label=name)
        for at, group, value in zip(y, groups, share, strict=True):
            tested = test == "ours" or np.isfinite(group.t).any()
            said = f"{group.found[test].sum():,}" if tested else "one participant: no t"
            axes.text(value + 1.5, at, said, va="center", fontsize=6.5)
    axes.set_yticks(range(len(groups)), [f"{g.name}\n(n = {g.n})" for g in groups])
    axes.set(xlim=(0, 122), xlabel="voxels found (%)", ylim=(len(groups) - 0.45, -0.55))
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.tick_params(axis="y", length=0)


def _densities(axes: Axes, groups: list[Group], values: list[np.ndarray], least: list[float], colour: str) -> None:
    """Draw a histogram of each group's values (voxel,) above one another; what counts as found is filled."""
    known = [v[np.isfinite(v)] for v in values]
    axes.set(ylim=(len(groups) - 0.45, -0.55), yticks=[])
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color=style.INK, lw=0.7, ls=":")
    if not any(v.size for v in known):
        return style.says(axes, "no t with one participant")
    both = np.concatenate(known)
    low, high = min(0.0, both.min()), max(0.0, both.max())
    edges = np.linspace(low - 0.03 * (high - low), high + 0.03 * (high - low), N_BINS + 1)
    for y, (one, edge) in enumerate(zip(known, least, strict=True)):
        counts, _ = np.histogram(one, edges)
        height = 0.82 * counts / max(counts.max(), 1)
        passed = np.histogram(one[one >= edge], edges)[0] / np.maximum(counts, 1) * height
        base = y + 0.4
        axes.stairs(base - height, edges, baseline=base, fill=True, color=style.PALE)
        axes.stairs(base - passed, edges, baseline=base, fill=True, color=colour)
        axes.hlines(base, edges[0], edges[-1], color=style.INK, lw=0.5)
        if np.isfinite(edge):
            axes.vlines(edge, base - 0.3, base, color=style.INK, lw=1.0)


def _table(groups: list[Group]) -> pd.DataFrame:
    """List for each group and test how many voxels were found, from which value, and the mean of that value."""
    rows = []
    for group in groups:
        of = {"published": ("t", group.t, group.least_t), "ours": ("mean_max_rho", group.rho, group.least_rho)}
        for test, (what, values, least) in of.items():
            found, known = group.found[test], values[np.isfinite(values)]
            rows.append({
                "group": group.name.replace("\n", " "), "n_participants": group.n, "test": test,
                "n_found": int(found.sum()), "n_voxels": found.size, "share": float(found.mean()), "value": what,
                "threshold": least if np.isfinite(least) else np.nan,
                "mean": float(known.mean()) if known.size else np.nan,
                "above_zero": float((known > 0).mean()) if known.size else np.nan,
            })  # fmt: skip
    return pd.DataFrame(rows)
