"""S4: which layers are where, by every test: what is left given other layers, regions, and what each test finds."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from heschl import store
from heschl.figures import layer_profiles, style

TITLE = "What each layer adds, and what each test finds"
CAPTION = (
    "A: correlation of every layer with the brain, averaged over participants and over the voxels that the family-wise "
    "test finds in any layer (over all voxels, where it finds none); below it, what is left of it given all other "
    "layers, and given the controls (semipartial correlation: its square is the share of the sphere's variance that a "
    "layer explains on top of them). Bars: the middle half of voxels. Dotted: the mean when clips trade places. "
    "Diamonds: the controls themselves. Grey band: lower and upper noise ceiling, between which a model explains all "
    "that can be told from these participants. Voxels were chosen by these same data, so that heights flatter; the "
    "order of the curves doesn't depend on it. B: regions of the superior temporal gyrus, chosen by anatomy alone: the "
    "correlation with 95 % intervals of a bootstrap over clips; rings mark the best layer, bars below its interval. "
    "C: voxels in which each test finds something, and in brackets the number of voxels × layers, where it tests "
    "layers. Published: Benjamini-Hochberg on t of the highest layer; false discovery: on t of every layer above what "
    "permuted clips give; family-wise: against the largest of all voxels and layers under permuted clips; sign flips: "
    "the same over participants, which needs five at least; clusters: the highest layer, enhanced by its clusters "
    "(TFCE), family-wise under permuted clips."
)
ALPHA = 0.05
NAMES = {
    "published": "published test",
    "false_discovery": "false discovery rate",
    "family_wise": "family-wise, clips",
    "sign_flip": "family-wise, sign flips",
    "sign_flip_max": "sign flips, best layer",
    "clusters": "clusters (TFCE), clips",
}
P_VALUES = {"family_wise": "p_fwe", "sign_flip": "p_flip", "sign_flip_max": "p_flip_max", "clusters": "p_fwe_enhanced"}
COLOURS = (style.ORANGE, style.SKY, style.BLUE, style.GREEN, style.GREEN, style.PURPLE)


def draw(*, layers: Path, ceiling: Path, bootstrap: Path, group: Path, png: Path, pdf: Path, table: Path) -> None:
    """Draw the stores of infer (layers, ceiling, bootstrap) and, for the published test, of the group."""
    tested, top, regions = (store.read(path).load() for path in (layers, ceiling, bootstrap))
    counts = _counts(tested, store.read(group))
    passed = (tested["p_fwe"].values <= ALPHA).any(1)
    chosen = passed if passed.any() else np.ones_like(passed)
    profiles = layer_profiles.profiles(tested, chosen)
    band = layer_profiles.band(tested, top, chosen)
    with style.sheet(style.DOUBLE, 4.7) as figure:
        above, below = figure.subfigures(2, 1, height_ratios=[1.1, 1])
        left, right = above.subplots(1, 2, width_ratios=[1.75, 1])
        layer_profiles.curves(left, tested, profiles, band)
        note = f"{chosen.sum():,} significant voxels" if passed.any() else f"nothing significant: all {len(chosen):,}"
        left.set_title(f"{note}, n = {tested.attrs['n_subjects']}", fontsize=7)
        _bars(right, counts, tested.sizes["voxel"])
        layer_profiles.regions(below, regions)
        style.letter(left, "A")
        style.letter(right, "C")
    style.save(figure, _table(profiles, band, regions, counts), png=png, pdf=pdf, table=table)


def _counts(tested: xr.Dataset, group: xr.Dataset) -> pd.DataFrame:
    """Count voxels with a finding, and findings over voxels and layers, of each test; NaN of one that wasn't run."""
    found = {
        "published": _where(group, "t", group["published"].values),
        "false_discovery": _where(tested, "t", tested["discovered"].values),
        **{name: _where(tested, p, tested[p].values <= ALPHA) for name, p in P_VALUES.items()},
    }
    return pd.DataFrame([{"test": name} | _count(found[name]) for name in NAMES])


def _where(tested: xr.Dataset, name: str, passed: np.ndarray) -> np.ndarray:
    """Return what passed, as numbers; NaN where the statistic or p of that name is."""
    return np.where(np.isfinite(tested[name].values), passed, np.nan)


def _count(found: np.ndarray) -> dict[str, float]:
    """Count voxels and, of (voxel, layer), both; NaN where nothing was tested."""
    if not np.isfinite(found).any():
        return {"n_voxels": np.nan, "n_voxels_x_layers": np.nan}
    yes = found > 0
    both = yes.any(1) if yes.ndim == 2 else yes
    return {"n_voxels": float(both.sum()), "n_voxels_x_layers": float(yes.sum()) if yes.ndim == 2 else np.nan}


def _bars(axes: Axes, counts: pd.DataFrame, n_voxels: int) -> None:
    y, most = np.arange(len(counts)), max(1.0, counts["n_voxels"].max())
    axes.barh(y, counts["n_voxels"].fillna(0), height=0.62, color=COLOURS)
    for at, row in zip(y, counts.itertuples(), strict=True):
        value = 0.0 if np.isnan(row.n_voxels) else row.n_voxels
        axes.text(value + 0.02 * most, at, _said(row), va="center", fontsize=6.3)
    axes.set_yticks(y, [NAMES[name] for name in counts["test"]])
    axes.set(ylim=(len(counts) - 0.5, -0.5), xlim=(0, 1.5 * most), xlabel=f"voxels found, of {n_voxels:,}")
    axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.tick_params(axis="y", length=0)


def _said(row) -> str:
    if np.isnan(row.n_voxels):
        return "not run"
    return f"{row.n_voxels:,.0f}" + (f" ({row.n_voxels_x_layers:,.0f})" if row.n_voxels_x_layers >= 0 else "")


def _table(profiles: pd.DataFrame, band: dict, regions: xr.Dataset, counts: pd.DataFrame) -> pd.DataFrame:
    """List every number as panel, what, of which layer, value, and its low and high ends."""
    rows = [("A", r.what, r.layer, r.mean, r.low, r.high) for r in profiles.itertuples()]
    rows += [("A", f"noise ceiling, {end}", "", band[end], np.nan, np.nan) for end in ("lower", "upper")]
    names, known = regions["region"].values.astype(str), regions["layer"].values.astype(str)
    for k, name in enumerate(names):
        of = (regions[v].values[k].astype(float) for v in ("rho", "rho_low", "rho_high"))
        rows += [("B", name, layer, *one) for layer, *one in zip(known, *of, strict=True)]
        best = (float(regions[v].values[k]) for v in ("best_layer", "best_layer_low", "best_layer_high"))
        rows.append(("B", f"{name}, best layer", "", *best))
    for r in counts.itertuples():
        rows.append(("C", f"{NAMES[r.test]}, voxels", "", r.n_voxels, np.nan, np.nan))
        rows.append(("C", f"{NAMES[r.test]}, voxels x layers", "", r.n_voxels_x_layers, np.nan, np.nan))
    return pd.DataFrame(rows, columns=["panel", "what", "layer", "value", "low", "high"])
