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
    "listeners together and each alone. Dashed: the same r for both; orange lines: medians; in percent: voxels above "
    "the dashed line. Simulated pure noise is shown apart and isn't among 'all'. Neighbouring voxels aren't "
    "independent, so the share above the line is no test."
)
BIN = 0.02  # of r


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
    heard = [r for one, r in both if not one.is_noise]
    together = {"all": np.concatenate(heard, axis=1)} if len(heard) > 1 else {}
    clouds = {name: r[:, np.isfinite(r).all(0)] for name, r in (together | {s.name: r for s, r in both}).items()}
    names = [_model(paths) for paths in (first, second)]
    edges = _edges(np.concatenate(list(clouds.values()), axis=1))
    counts = {name: np.histogram2d(*r, [edges, edges])[0] for name, r in clouds.items()}
    norm = LogNorm(1, max(2, max(c.max() for c in counts.values())))
    n_rows = -(-len(clouds) // 4)
    n_columns = -(-len(clouds) // n_rows)
    with style.sheet(min(style.DOUBLE, 0.7 + 1.75 * n_columns), 0.45 + 1.9 * n_rows) as figure:
        panels = figure.subplots(n_rows, n_columns, squeeze=False, sharex=True, sharey=True)
        for axes, (name, r) in zip(panels.ravel(), clouds.items(), strict=False):
            _cloud(axes, name, r, counts[name], edges, norm)
        for axes in panels.ravel()[len(clouds) :]:
            axes.set_axis_off()
        figure.supxlabel(f"r, {names[0]}", fontsize=7.5)
        figure.supylabel(f"r, {names[1]}", fontsize=7.5)
        bar = figure.colorbar(ScalarMappable(norm, "viridis"), ax=panels, shrink=0.8, aspect=22, pad=0.01)
        bar.set_label("voxels")
    style.save(figure, _table(clouds, counts, edges), png=png, pdf=pdf, table=table)


def _model(paths: list[Path]) -> str:
    from heschl import store

    return str(store.read(paths[0]).attrs["model"])


def _edges(r: np.ndarray) -> np.ndarray:
    low, high = (r.min(), r.max()) if r.size else (-0.1, 0.1)
    return np.arange(np.floor(low / BIN), np.ceil(high / BIN) + 2) * BIN


def _cloud(axes: Axes, name: str, r: np.ndarray, counts: np.ndarray, edges: np.ndarray, norm: LogNorm) -> None:
    axes.pcolormesh(edges, edges, np.ma.masked_equal(counts.T, 0), cmap="viridis", norm=norm, rasterized=True)
    axes.plot(edges[[0, -1]], edges[[0, -1]], color=style.INK, lw=0.7, ls="--")
    axes.set(aspect="equal", xlim=edges[[0, -1]], ylim=edges[[0, -1]])
    above = f"\n{100 * np.mean(r[1] > r[0]):.0f} % above the line" if r.size else ""
    colour = style.GREY if name.endswith("(noise)") else style.INK
    axes.set_title(f"{name}, {r.shape[1]:,} voxels{above}", fontsize=7, color=colour)
    for side in (axes.xaxis, axes.yaxis):
        side.set_major_locator(MaxNLocator(5))
    axes.tick_params(labelbottom=True)
    if r.size:
        for line, median in zip((axes.axvline, axes.axhline), np.median(r, 1), strict=True):
            line(median, color=style.ORANGE, lw=0.7)


def _table(clouds: dict, counts: dict, edges: np.ndarray) -> pd.DataFrame:
    """List of each panel its medians, the share above the line, and the lower corners of filled cells."""
    rows = []
    for name, r in clouds.items():
        middle = np.median(r, 1) if r.size else (np.nan, np.nan)
        rows.append((name, "median_r", *middle, r.shape[1]))
        above = (float(np.mean(r[1] > r[0])),) if r.size else (np.nan,)
        rows.append((name, "share_above_identity", np.nan, *above, r.shape[1]))
        rows += [(name, "cell", edges[i], edges[j], int(counts[name][i, j])) for i, j in np.argwhere(counts[name])]
    return pd.DataFrame(rows, columns=["listener", "quantity", "first", "second", "n_voxels"])
