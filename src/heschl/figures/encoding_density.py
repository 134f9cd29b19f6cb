"""F5b, A.4 and A.5 of brain2music: how well two models predict the same voxels."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.ticker import MaxNLocator

from heschl.figures import encoded, style

TITLE = "Two models, voxel by voxel"
CAPTION = (
    "Test correlation of every voxel for two models: number of voxels in each cell, logarithmic colours; all "
    "listeners together and each alone. Dashed: the same r for both; orange lines: medians. In percent: those above "
    "the dashed line, which the second model predicts better, among voxels that are significant (false discovery rate "
    ".05 within a listener) for either model. Simulated pure noise is shown apart and isn't among 'all'. Neighbouring "
    "voxels aren't independent, so that share is no test."
)
BIN = 0.02  # of r
Q = 0.05  # false discovery rate of the voxels of which the share above the line is told


def draw(
    *, first: list[Path], second: list[Path], noise_subjects: list[str], png: Path, pdf: Path, table: Path
) -> None:
    """Draw r of two models' default layers, from their stores of encoding, one per subject each.

    Raises
    ------
    HeschlError
        As `encoded.pairs`: subjects or grids of the two models differ.
    """
    both = encoded.pairs(first, second, noise_subjects)
    whole = {s.name: np.concatenate([r, s.found["q_fdr"].values[None]]) for s, r in both}  # r, r, q by voxel
    heard = [whole[s.name] for s, _ in both if not s.is_noise]
    whole = ({"all": np.concatenate(heard, axis=1)} if len(heard) > 1 else {}) | whole
    known = {name: values[:, np.isfinite(values[:2]).all(0)] for name, values in whole.items()}
    clouds = {name: values[:2] for name, values in known.items()}
    shares = {name: _above(values) for name, values in known.items()}
    names = [_model(paths) for paths in (first, second)]
    edges = _edges(np.concatenate(list(clouds.values()), axis=1))
    counts = {name: np.histogram2d(*r, [edges, edges])[0] for name, r in clouds.items()}
    norm = LogNorm(1, max(2, max(c.max() for c in counts.values())))
    n_rows = -(-len(clouds) // 4)
    n_columns = -(-len(clouds) // n_rows)
    with style.sheet(min(style.DOUBLE, 0.7 + 1.75 * n_columns), 0.45 + 1.9 * n_rows) as figure:
        panels = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
        for axes, (name, r) in zip(panels.ravel(), clouds.items(), strict=False):
            _cloud(axes, _title(name, r, *shares[name]), r, counts[name], edges, norm)
        empty = panels.ravel()[len(clouds) :]
        for axes in empty:
            axes.set_axis_off()
        figure.supxlabel(f"r, {names[0]}", fontsize=7.5)
        figure.supylabel(f"r, {names[1]}", fontsize=7.5)
        how = {"ax": panels, "shrink": 0.8, "aspect": 22, "pad": 0.01}
        if len(empty):
            how = {"cax": empty[0].inset_axes([0.05, 0.5, 0.85, 0.06]), "orientation": "horizontal"}
        figure.colorbar(ScalarMappable(norm, "viridis"), **how).set_label("voxels")
    style.save(figure, _table(clouds, counts, edges, shares), png=png, pdf=pdf, table=table)


def _above(values: np.ndarray) -> tuple[float, int]:
    """Return, of r, r and q (3, voxel), the share above the line of significant voxels, and their number."""
    of_it = values[:, values[2] <= Q]
    return (float(np.mean(of_it[1] > of_it[0])) if of_it.size else np.nan), of_it.shape[1]


def _title(name: str, r: np.ndarray, share: float, n: int) -> str:
    below = f"{n:,} significant: {100 * share:.0f} % above" if n else "none significant"
    return f"{name}, {r.shape[1]:,} voxels\n{below}"


def _model(paths: list[Path]) -> str:
    from heschl import store

    return str(store.read(paths[0]).attrs["model"])


def _edges(r: np.ndarray) -> np.ndarray:
    low, high = (r.min(), r.max()) if r.size else (-0.1, 0.1)
    return np.arange(np.floor(low / BIN), np.ceil(high / BIN) + 2) * BIN


def _cloud(axes: Axes, title: str, r: np.ndarray, counts: np.ndarray, edges: np.ndarray, norm: LogNorm) -> None:
    axes.pcolormesh(edges, edges, np.ma.masked_equal(counts.T, 0), cmap="viridis", norm=norm, rasterized=True)
    axes.plot(edges[[0, -1]], edges[[0, -1]], color=style.INK, lw=0.7, ls="--")
    axes.set(aspect="equal", xlim=edges[[0, -1]], ylim=edges[[0, -1]])
    axes.set_title(title, fontsize=6.5, color=style.GREY if "(noise)" in title else style.INK)
    for side in (axes.xaxis, axes.yaxis):
        side.set_major_locator(MaxNLocator(5))
    axes.tick_params(labelbottom=True)
    if r.size:
        for line, median in zip((axes.axvline, axes.axhline), np.median(r, 1), strict=True):
            line(median, color=style.ORANGE, lw=0.7)


def _table(clouds: dict, counts: dict, edges: np.ndarray, shares: dict) -> pd.DataFrame:
    """List of each panel its medians, the share of significant voxels above the line, and filled cells' corners."""
    rows = []
    for name, r in clouds.items():
        middle = np.median(r, 1) if r.size else (np.nan, np.nan)
        rows.append((name, "median_r", *middle, r.shape[1]))
        rows.append((name, "share_above_identity_significant", np.nan, *shares[name]))
        rows += [(name, "cell", edges[i], edges[j], int(counts[name][i, j])) for i, j in np.argwhere(counts[name])]
    return pd.DataFrame(rows, columns=["listener", "quantity", "first", "second", "n_voxels"])
