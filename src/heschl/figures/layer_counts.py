"""F7: how many voxels each layer explains best, left and right."""

from pathlib import Path

import numpy as np
import pandas as pd

from heschl import store
from heschl.figures import brain, significance, style
from heschl.science.spheres import world_mm

TITLE = "Layers of the two hemispheres"
CAPTION = (
    "Significant voxels by the layer that fits them best (the layer of the highest correlation averaged "
    "over participants), in the left and right hemisphere (MNI x below and above 0). An empty figure means "
    "that no voxel passed the test."
)


def draw(
    *,
    group: Path,
    png: Path,
    pdf: Path,
    table: Path,
    significance_rule: str = "fwe",
    layer: str = "layer_argmax_of_mean",
) -> None:
    """Draw counts of a group store's layer variable (voxel,), from 1, in significant voxels of each side."""
    found = store.read(group)
    counts = _counts(found, layer, significance.mask(found, significance_rule))
    with style.sheet(style.SINGLE, 2.4) as figure:
        axes = figure.add_subplot()
        for side, shift, colour in (("left", -0.2, style.BLUE), ("right", 0.2, style.ORANGE)):
            total = counts[side].sum()
            axes.bar(
                counts["layer"] + shift,
                counts[side],
                width=0.38,
                color=colour,
                label=f"{side} ({total:,} voxels)",
            )
        axes.set(xlabel="layer", ylabel="voxels", xticks=counts["layer"])
        axes.set_title(significance.NAMES[significance_rule], fontsize=7)
        axes.set_ylim(0, 1.15 * max(1, counts[["left", "right"]].to_numpy().max()))
        figure.legend(loc="outside upper center", ncols=2, handlelength=1.2)
    style.save(figure, counts, png=png, pdf=pdf, table=table)


def _counts(found, layer: str, passed: np.ndarray) -> pd.DataFrame:
    ijk, affine, _ = brain.grid_of(found)
    x, best = world_mm(ijk, affine)[:, 0], found[layer].values
    layers = np.arange(1, found.sizes["layer"] + 1)
    sides = {"left": x < 0, "right": x > 0, "midline": x == 0}
    counted = {s: [int((passed & inside & (best == k)).sum()) for k in layers] for s, inside in sides.items()}
    return pd.DataFrame({"layer": layers, **counted})
