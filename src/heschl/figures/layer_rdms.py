"""F5: how each layer of a model sees the music: its representational dissimilarity matrix."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from heschl import store
from heschl.figures import style
from heschl.science import rdm

TITLE = "What the layers tell apart"
CAPTION = (
    "Dissimilarity (1 - Spearman correlation over features) of every pair of volumes for each layer of the "
    "model, from the features that are compared with the brain: networks after convolution with the "
    "haemodynamic response, categories as they are. White squares hold the volumes of one clip. Each panel has "
    "its own colour scale, from the 1st to the 99th percentile of its pairs."
)


def draw(
    *,
    features: Path,
    png: Path,
    pdf: Path,
    table: Path,
    standardize: bool = True,
    remove_lag_mean: bool = True,
) -> None:
    """Draw one matrix per layer of a store with layer-01... (volume, feature), clip and lag_s (volume,)."""
    found = store.read(features)
    names = style.layer_names(found.data_vars)
    matrices = {n: _matrix(found, n, standardize, remove_lag_mean) for n in names}
    columns = min(5, len(names))
    lines = math.ceil(len(names) / columns)
    width = style.SINGLE if len(names) == 1 else style.DOUBLE
    with style.sheet(width, 0.4 + lines * (width / columns + 0.05)) as figure:
        panels = figure.subplots(lines, columns, squeeze=False).ravel()
        for axes, name in zip(panels, names, strict=False):
            image = _panel(axes, matrices[name], found["clip"].values, _title(found, name, names))
            bar = figure.colorbar(image, ax=axes, shrink=0.6, aspect=30, pad=0.02, orientation="horizontal")
            bar.ax.tick_params(labelsize=5.5, length=2)
            bar.ax.locator_params(nbins=4)
        for axes in panels[len(names) :]:
            axes.set_axis_off()
        figure.supxlabel("1 − Spearman ρ between volumes", fontsize=7)
    style.save(figure, _pairs(found, matrices), png=png, pdf=pdf, table=table)


def _matrix(found: xr.Dataset, name: str, standardize: bool, remove_lag_mean: bool) -> np.ndarray:
    """Make a matrix as the comparison with the brain does."""
    values = found[name].values.astype(float)
    if remove_lag_mean:
        values = rdm.without_lag_mean(values, found["lag_s"].values)
    if standardize:
        values = rdm.standardized(values)
    return rdm.spearman_rdm(values)


def _title(found: xr.Dataset, name: str, names: list[str]) -> str:
    layers = found.attrs.get("layers", [])
    own = str(layers[names.index(name)]) if len(layers) == len(names) else ""
    return f"{int(name.split('-')[1])}  {own}".strip() if len(names) > 1 else own or "model"


def _panel(axes: Axes, matrix: np.ndarray, clip: np.ndarray, title: str):
    low, high = np.percentile(matrix[np.triu_indices(len(matrix), 1)], [1, 99])
    image = axes.imshow(matrix, cmap="cividis", vmin=low, vmax=max(high, low + 1e-9), interpolation="nearest")
    starts = np.flatnonzero(np.r_[True, clip[1:] != clip[:-1]])
    for start, stop in zip(starts, np.r_[starts[1:], len(clip)], strict=True):
        axes.add_patch(
            Rectangle(
                (start - 0.5, start - 0.5),
                stop - start,
                stop - start,
                fill=False,
                ec="white",
                lw=0.5,
                clip_on=False,
            )
        )
    axes.set(xticks=[], yticks=[])
    axes.set_title(title)
    return image


def _pairs(found: xr.Dataset, matrices: dict[str, np.ndarray]) -> pd.DataFrame:
    """List the upper triangles: one row per pair of volumes, one column per layer."""
    row, column = np.triu_indices(found.sizes["volume"], 1)
    clip = found["clip"].values.astype(str)
    head = {"volume_a": row, "volume_b": column, "clip_a": clip[row], "clip_b": clip[column]}
    return pd.DataFrame(head | {n: m[row, column] for n, m in matrices.items()})
