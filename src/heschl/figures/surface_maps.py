"""F8: where the model fits the brain, and which layer fits best, on the cortical surface."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, Normalize
from matplotlib.figure import Figure

from heschl import store
from heschl.figures import brain, significance, style

TITLE = "Maps of similarity and of layers"
CAPTION = (
    "Top: the highest correlation over layers, averaged over participants. Bottom: the layer of the highest"
    " average correlation. Inflated fsaverage5 surfaces; a vertex shows the voxels between white and pial "
    "matter. Grey: not significant, or not recorded. The map's maximum over layers is above 0 by "
    "construction; significance is tested against the same maximum under permuted clip labels."
)
HEMISPHERES = ("left", "right")
WIDTHS = {"lateral": 1.0, "medial": 1.0, "ventral": 0.42}


def draw(
    *,
    group: Path,
    png: Path,
    pdf: Path,
    table: Path,
    significance_rule: str = "fwe",
    layer: str = "layer_argmax_of_mean",
    views: list[str] = ("lateral", "medial"),
) -> None:
    """Draw mean_max and, with several layers, a layer variable (voxel,) of a group store on fsaverage5.

    `views` are of lateral, medial, ventral.
    """
    found = store.read(group)
    n_layers = found.sizes["layer"]
    surfaces = _sample(found, layer, significance.mask(found, significance_rule))
    maps = _maps(surfaces, n_layers)
    places = [("left", v) for v in views] + [("right", v) for v in reversed(views)]
    widths = [WIDTHS[view] for _, view in places]
    with style.sheet(style.DOUBLE, 0.45 + len(maps) * 4.4 / sum(widths)) as figure:
        rows = figure.subplots(len(maps), len(places), squeeze=False, width_ratios=widths)
        for line, (name, title, cmap, norm) in zip(rows, maps, strict=True):
            _row(line, surfaces[name], places, cmap, norm)
            bar = figure.colorbar(ScalarMappable(norm, cmap), ax=line.tolist(), shrink=0.75, aspect=14, pad=0.01)
            bar.set_label(title)
            if name == "layer":
                bar.set_ticks(range(1, n_layers + 1))
                bar.ax.minorticks_off()
        _heads(figure, rows[0], places, significance.NAMES[significance_rule])
    style.save(figure, _table(surfaces), png=png, pdf=pdf, table=table)


def _sample(found: xr.Dataset, layer: str, passed: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    ijk, affine, shape = brain.grid_of(found)
    both = {}
    for name, values, mode in (
        ("rho", found["mean_max"].values, False),
        ("layer", found[layer].values, True),
    ):
        grid = brain.volume(np.where(passed, values.astype(float), np.nan), ijk, shape)
        both[name] = {h: brain.to_surface(grid, affine, h, mode=mode) for h in HEMISPHERES}
    return both


def _maps(surfaces: dict, n_layers: int) -> list[tuple[str, str, Colormap, Normalize]]:
    """List the rows: name, title, colours; the layer's only where there is a choice of layers."""
    values = np.concatenate([surfaces["rho"][h] for h in HEMISPHERES])
    known = values[np.isfinite(values)]
    low, high = (known.min(), known.max()) if known.size else (0.0, 1.0)
    rho = ("rho", "mean max. ρ", colormaps[style.ACTIVATION], Normalize(min(low, 0.98 * high), high))
    return [rho] if n_layers == 1 else [rho, ("layer", "best layer", *style.layer_colours(n_layers))]


def _row(line, values: dict[str, np.ndarray], places: list[tuple[str, str]], cmap: Colormap, norm: Normalize) -> None:
    for axes, (hemisphere, view) in zip(line, places, strict=True):
        brain.paint(axes, values[hemisphere], hemisphere, view, cmap, norm)


def _heads(figure: Figure, line, places: list[tuple[str, str]], rule: str) -> None:
    for axes, (hemisphere, view) in zip(line, places, strict=True):
        axes.set_title(f"{hemisphere} {view}", fontsize=7, loc="center", pad=1)
    figure.supxlabel(f"coloured: {rule}", fontsize=6.5, color=style.GREY)


def _table(surfaces: dict) -> pd.DataFrame:
    """List the coloured vertices of fsaverage5."""
    frames = []
    for hemisphere in HEMISPHERES:
        rho, layer = surfaces["rho"][hemisphere], surfaces["layer"][hemisphere]
        at = np.flatnonzero(np.isfinite(rho))
        frames.append(
            pd.DataFrame({"hemisphere": hemisphere, "vertex": at, "mean_max_rho": rho[at], "layer": layer[at]})
        )
    return pd.concat(frames)
