"""F6: how similar brain and model are, layer by layer, over all voxels."""

import math
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from heschl import store
from heschl.figures import style

TITLE = "Similarity of brain and layers"
CAPTION = (
    "Spearman correlation between searchlight and layer dissimilarities, averaged over participants in the "
    "voxels that all of them have; one histogram per layer, with the Gaussian of the same mean and standard"
    " deviation. Counts are on a logarithmic scale, to show the tail. The line is at 0. Values here are not "
    "corrected for anything: where they lie under the null is tested elsewhere."
)


def draw(*, rsa: list[Path], png: Path, pdf: Path, table: Path, n_bins: int = 50) -> None:
    """Draw histograms of rho (voxel, layer), averaged over participants' stores in their common voxels."""
    rho, layers = _mean([store.read(path) for path in rsa])
    columns = min(5, len(layers))
    lines = math.ceil(len(layers) / columns)
    edges = np.linspace(*_span(rho), n_bins + 1)
    with style.sheet(style.DOUBLE if columns > 1 else style.SINGLE, 0.5 + 1.35 * lines) as figure:
        panels = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
        numbers = [
            _panel(axes, values, edges, layer, len(layers))
            for axes, values, layer in zip(panels.ravel(), rho.T, layers, strict=False)
        ]
        for axes in panels.ravel()[len(layers) :]:
            axes.set_axis_off()
        figure.supxlabel("mean Spearman ρ over participants", fontsize=7.5)
        figure.supylabel("voxels", fontsize=7.5)
    style.save(figure, numbers, png=png, pdf=pdf, table=table)


def _mean(stores: list[xr.Dataset]) -> tuple[np.ndarray, list]:
    """Average rho (voxel, layer) over stores in the voxels that all have, matched by their indices."""
    keys = [np.ravel_multi_index(s["ijk"].values.astype(int).T, tuple(s.attrs["grid_shape"])) for s in stores]
    common = sorted(set(keys[0].tolist()).intersection(*(k.tolist() for k in keys[1:])))
    found = []
    for key, one in zip(keys, stores, strict=True):
        order = np.argsort(key)
        found.append(one["rho"].values[order[np.searchsorted(key, common, sorter=order)]])
    return np.mean(found, axis=0), list(range(1, found[0].shape[1] + 1))


def _span(rho: np.ndarray) -> tuple[float, float]:
    low, high = np.nanmin(rho), np.nanmax(rho)
    margin = 0.05 * max(high - low, 1e-6)
    return min(low - margin, 0.0), max(high + margin, 0.0)


def _panel(axes: Axes, values: np.ndarray, edges: np.ndarray, layer: int, n_layers: int) -> dict:
    values = values[np.isfinite(values)]
    colours, norm = style.layer_colours(n_layers)
    mean, sd = float(values.mean()), float(values.std(ddof=1)) if values.size > 1 else 0.0
    axes.hist(values, edges, color=colours(norm(layer)), alpha=0.85)
    x = np.linspace(edges[0], edges[-1], 300)
    if sd > 0:
        density = np.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * math.sqrt(2 * math.pi))
        axes.plot(x, density * values.size * (edges[1] - edges[0]), color=style.INK, lw=0.9)
    axes.set_yscale("log")
    axes.set_ylim(0.7, 2 * values.size)
    axes.axvline(0, color=style.INK, lw=0.6, ls=":")
    axes.set_title(f"layer {layer}" if n_layers > 1 else "model", pad=2)
    axes.text(0.98, 0.97, f"{mean:+.3f}\n± {sd:.3f}", transform=axes.transAxes, ha="right", va="top", fontsize=6)
    return {
        "layer": layer,
        "n_voxels": values.size,
        "mean": mean,
        "sd": sd,
        "above_zero": float((values > 0).mean()),
    }
