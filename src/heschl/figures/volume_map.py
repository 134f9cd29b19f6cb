"""Where the model fits the brain, in slices of the template."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from scipy import ndimage

from heschl import store
from heschl.figures import brain, significance, style
from heschl.science.spheres import world_mm

TITLE = "Similarity in slices"
CAPTION = (
    "The highest correlation over layers, averaged over participants, in every recorded grey-matter voxel "
    "that all participants share, low values faded, on the ICBM 2009a template (left is left). White lines: "
    "significant voxels. Slices pass through the peak, then step through the recorded volume. The table lists clusters "
    "of significant voxels (faces touching)."
)


def draw(*, group: Path, png: Path, pdf: Path, table: Path, significance_rule: str = "fwe") -> None:
    """Draw mean_max (voxel,) of a group store, unthresholded, with contours around significant voxels."""
    found = store.read(group)
    ijk, affine, shape = brain.grid_of(found)
    values, passed = found["mean_max"].values.astype(float), significance.mask(found, significance_rule)
    rho, mask = brain.volume(values, ijk, shape), brain.volume(passed.astype(float), ijk, shape, fill=0) > 0
    places = _places(ijk, affine, np.where(passed, values, values - 10 if passed.any() else values))
    span = {
        "vmin": max(0.0, float(np.nanpercentile(values, 1))),
        "vmax": float(np.nanmax(values)),
        "cmap": brain.fading(style.ACTIVATION),
    }
    with style.sheet(style.DOUBLE, 3.3) as figure:
        panels = figure.subplots(2, 4).ravel()
        for axes, (axis, at_mm) in zip(panels, places, strict=True):
            brain.underlay(axes, axis, at_mm)
            image = brain.overlay(axes, rho, affine, axis, at_mm, **span)
            brain.outline(axes, mask, affine, axis, at_mm, "white")
            axes.set_title(f"{'xyz'[axis]} = {at_mm:.0f} mm", fontsize=7, loc="center", pad=2)
            brain.side(axes, axis)
        bar = figure.colorbar(image, ax=panels.tolist(), shrink=0.6, aspect=30, pad=0.01)
        bar.set_label("mean max. ρ")
        figure.supxlabel(f"outlined: {significance.NAMES[significance_rule]}", fontsize=6.5, color=style.GREY)
    style.save(figure, _clusters(found, mask, rho, affine), png=png, pdf=pdf, table=table)


def _places(ijk: np.ndarray, affine: np.ndarray, values: np.ndarray) -> list[tuple[int, float]]:
    """Choose three slices through the peak and five axial ones from the 10th to the 90th percentile of z."""
    xyz = world_mm(ijk, affine)
    peak = xyz[int(np.nanargmax(values))]
    heights = np.linspace(*np.percentile(xyz[:, 2], [10, 90]), 5)
    return [(axis, float(peak[axis])) for axis in range(3)] + [(2, float(z)) for z in heights]


def _clusters(found: xr.Dataset, mask: np.ndarray, rho: np.ndarray, affine: np.ndarray) -> pd.DataFrame:
    """List clusters of significant voxels, largest first, with their peak in mm."""
    labels, count = ndimage.label(mask)
    ijk, _, shape = brain.grid_of(found)
    p = (
        brain.volume(found["p_fwe"].values.astype(float), ijk, shape)
        if "p_fwe" in found
        else np.full(rho.shape, np.nan)
    )
    rows = []
    for k in range(1, count + 1):
        at = np.unravel_index(np.nanargmax(np.where(labels == k, rho, -np.inf)), rho.shape)
        x, y, z = world_mm(np.array(at), affine)
        rows.append(
            {
                "n_voxels": int((labels == k).sum()),
                "x_mm": x,
                "y_mm": y,
                "z_mm": z,
                "rho": rho[at],
                "p_fwe": p[at],
            }
        )
    columns = ["n_voxels", "x_mm", "y_mm", "z_mm", "rho", "p_fwe"]
    return pd.DataFrame(rows, columns=columns).sort_values(["n_voxels", "rho"], ascending=False, kind="stable")
