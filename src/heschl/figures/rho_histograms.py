"""F6: how similar brain and model are, layer by layer, over all voxels."""

import math
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from scipy import stats

from heschl import store
from heschl.figures import style

TITLE = "Similarity of brain and layers"
CAPTION = (
    "Spearman correlation between searchlight and layer dissimilarities, averaged over participants in the voxels "
    "that all of them have; one histogram per layer, with the Gaussian of the same mean and standard deviation. "
    "Numbers: mean ± standard deviation, and skewness (0 for a Gaussian). Grey line: the same, compared as published "
    "(pairs within a clip too, nothing removed, spheres of its own size). Volumes of one clip share the haemodynamic "
    "response, in a voxel that answers as in every layer: that lifts published correlations even where a voxel only "
    "knows that something plays. Counts are on a logarithmic scale, to show the tail; dotted: 0. Values here are not "
    "corrected for anything: where they lie under the null is tested elsewhere."
)


def draw(*, rsa: list[Path], png: Path, pdf: Path, table: Path, published: list[Path] = (), n_bins: int = 50) -> None:
    """Draw histograms of rho (voxel, layer), averaged over participants' stores in their common voxels.

    published : stores of the same participants, compared as published
    """
    rho = _mean([store.read(path) for path in rsa])
    theirs = _mean([store.read(path) for path in published]) if published else np.full((1, rho.shape[1]), np.nan)
    n_layers = rho.shape[1]
    columns = min(5, n_layers)
    lines = math.ceil(n_layers / columns)
    edges = np.linspace(*_span(np.concatenate([rho, theirs])), n_bins + 1)
    with style.sheet(style.DOUBLE if columns > 1 else style.SINGLE, 0.5 + 1.4 * lines) as figure:
        panels = figure.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
        numbers = [
            _panel(axes, values, as_published, edges, layer, n_layers)
            for layer, (axes, values, as_published) in enumerate(zip(panels.ravel(), rho.T, theirs.T, strict=False), 1)
        ]
        for axes in panels.ravel()[n_layers:]:
            axes.set_axis_off()
        figure.supxlabel("mean Spearman ρ over participants", fontsize=7.5)
        figure.supylabel("voxels", fontsize=7.5)
    style.save(figure, numbers, png=png, pdf=pdf, table=table)


def _mean(found: list[xr.Dataset]) -> np.ndarray:
    """Average rho (voxel, layer) over stores in the voxels that all have, matched by their indices."""
    keys = [np.ravel_multi_index(s["ijk"].values.astype(int).T, tuple(s.attrs["grid_shape"])) for s in found]
    common = sorted(set(keys[0].tolist()).intersection(*(k.tolist() for k in keys[1:])))
    rho = []
    for key, one in zip(keys, found, strict=True):
        order = np.argsort(key)
        rho.append(one["rho"].values[order[np.searchsorted(key, common, sorter=order)]])
    return np.mean(rho, axis=0)


def _span(rho: np.ndarray) -> tuple[float, float]:
    low, high = np.nanmin(rho), np.nanmax(rho)
    margin = 0.05 * max(high - low, 1e-6)
    return min(low - margin, 0.0), max(high + margin, 0.0)


def _panel(axes: Axes, values: np.ndarray, theirs: np.ndarray, edges: np.ndarray, layer: int, n_layers: int) -> dict:
    values, theirs = values[np.isfinite(values)], theirs[np.isfinite(theirs)]
    colours, norm = style.layer_colours(n_layers)
    found, as_published = _numbers(values), _numbers(theirs)
    axes.stairs(np.histogram(values, edges)[0], edges, baseline=0.1, fill=True, color=colours(norm(layer)), alpha=0.85)
    if theirs.size:
        axes.stairs(np.histogram(theirs, edges)[0], edges, color=style.GREY, lw=0.8)
    _gaussian(axes, found, edges)
    axes.set_yscale("log")
    axes.minorticks_off()
    axes.set_ylim(0.7, 6 * values.size)
    axes.axvline(0, ymax=0.76, color=style.INK, lw=0.6, ls=":")
    axes.set_title(f"layer {layer}" if n_layers > 1 else "model", pad=2)
    said = [(_said(found), style.INK)] + ([(_said(as_published), style.GREY)] if theirs.size else [])
    for k, (text, colour) in enumerate(said):
        at = {"transform": axes.transAxes, "ha": "right", "va": "top"}
        axes.text(0.99, 0.99 - 0.12 * k, text, fontsize=5.6, color=colour, **at)
    return {"layer": layer} | found | {f"published_{name}": value for name, value in as_published.items()}


def _gaussian(axes: Axes, found: dict, edges: np.ndarray) -> None:
    """Draw the Gaussian of a mean and standard deviation, as counts in bins."""
    x, mean, sd = np.linspace(edges[0], edges[-1], 300), found["mean"], found["sd"]
    if sd > 0:
        density = np.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * math.sqrt(2 * math.pi))
        axes.plot(x, density * found["n_voxels"] * (edges[1] - edges[0]), color=style.INK, lw=0.9)


def _numbers(values: np.ndarray) -> dict[str, float]:
    """Describe the values (voxel,) of one layer."""
    if not values.size:
        return {"n_voxels": 0} | dict.fromkeys(("mean", "sd", "skewness", "above_zero"), float("nan"))
    sd = float(values.std(ddof=1)) if values.size > 1 else 0.0
    return {
        "n_voxels": values.size,
        "mean": float(values.mean()),
        "sd": sd,
        "skewness": float(stats.skew(values)) if sd > 0 else float("nan"),
        "above_zero": float((values > 0).mean()),
    }


def _said(found: dict) -> str:
    skew = f", skew {found['skewness']:+.1f}" if np.isfinite(found["skewness"]) else ""
    return f"{found['mean']:+.3f} ± {found['sd']:.3f}{skew}".replace("-", "−")
