"""Voxel values back in the brain: volumes, the fsaverage5 surface, and slices of the template."""

from functools import cache
from typing import NamedTuple

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import Colormap, ListedColormap, Normalize

from heschl.science.spheres import world_mm

NO_DATA = 0.72  # grey of vertices without a value
# From where a hemisphere is seen: the axes to the right, upwards and towards the viewer, with their signs.
VIEWS = {
    ("lateral", "left"): ((1, -1), (2, 1), (0, -1)),
    ("lateral", "right"): ((1, 1), (2, 1), (0, 1)),
    ("medial", "left"): ((1, 1), (2, 1), (0, 1)),
    ("medial", "right"): ((1, -1), (2, 1), (0, -1)),
    ("ventral", "left"): ((0, -1), (1, 1), (2, -1)),
    ("ventral", "right"): ((0, -1), (1, 1), (2, -1)),
}


class Mesh(NamedTuple):
    """One hemisphere of fsaverage5: coordinates (vertex, 3) in mm, faces (face, 3), sulcal depth."""

    inflated: np.ndarray
    pial: np.ndarray
    white: np.ndarray
    faces: np.ndarray
    sulc: np.ndarray


def volume(values: np.ndarray, ijk: np.ndarray, shape: tuple[int, int, int], fill: float = np.nan) -> np.ndarray:
    """Scatter values (voxel,) to a grid (x, y, z)."""
    grid = np.full(tuple(int(n) for n in shape), fill, dtype=np.result_type(values.dtype, np.float32))
    grid[tuple(np.asarray(ijk, dtype=int).T)] = values
    return grid


def grid_of(store: xr.Dataset) -> tuple[np.ndarray, np.ndarray, tuple[int, int, int]]:
    """Return a store's ijk (voxel, 3), affine (4, 4) in mm and grid shape."""
    return store["ijk"].values.astype(int), store["affine"].values, tuple(store.attrs["grid_shape"])


@cache
def mesh(hemisphere: str) -> Mesh:
    """Load one hemisphere of fsaverage5 from nilearn's own files: no download."""
    from nilearn.datasets import load_fsaverage, load_fsaverage_data

    meshes = load_fsaverage("fsaverage5")
    parts = [meshes[name].parts[hemisphere] for name in ("inflated", "pial", "white_matter")]
    sulc = load_fsaverage_data("fsaverage5", data_type="sulcal").data.parts[hemisphere]
    return Mesh(*(np.asarray(p.coordinates) for p in parts), np.asarray(parts[0].faces), np.asarray(sulc).ravel())


def to_surface(grid: np.ndarray, affine: np.ndarray, hemisphere: str, *, mode: bool = False) -> np.ndarray:
    """Sample a volume (x, y, z) at the vertices of a hemisphere.

    A vertex's value is the mean (or, for labels, the most frequent) of the voxels with a value that the line
    from white to pial matter crosses, a little beyond both; NaN where there is none. Interpolating instead would
    mix measured voxels with unmeasured ones.
    """
    surface = mesh(hemisphere)
    inverse = np.linalg.inv(affine)
    found = []
    for depth in np.linspace(-0.2, 1.2, 8):
        xyz = surface.white + depth * (surface.pial - surface.white)
        ijk = np.round(world_mm(xyz, inverse)).astype(int)
        inside = ((ijk >= 0) & (ijk < grid.shape)).all(axis=1)
        clipped = np.clip(ijk, 0, np.array(grid.shape) - 1)
        found.append(np.where(inside, grid[tuple(clipped.T)], np.nan))
    return _mode(np.array(found)) if mode else _mean(np.array(found))


def _mean(found: np.ndarray) -> np.ndarray:
    count = np.isfinite(found).sum(axis=0)
    return np.where(count, np.nansum(found, axis=0) / np.maximum(count, 1), np.nan)


def _mode(found: np.ndarray) -> np.ndarray:
    """Take the most frequent value of each column (the smallest of equals); NaN does not count."""
    labels = np.unique(found[np.isfinite(found)])
    if labels.size == 0:
        return np.full(found.shape[1], np.nan)
    counts = np.array([(found == label).sum(axis=0) for label in labels])
    return np.where(counts.max(axis=0), labels[counts.argmax(axis=0)], np.nan)


def paint(axes: Axes, values: np.ndarray, hemisphere: str, view: str, cmap: Colormap, norm: Normalize) -> None:
    """Draw a hemisphere of the inflated surface with values (vertex,); grey where NaN, darker in sulci."""
    surface = mesh(hemisphere)
    right, up, towards = VIEWS[view, hemisphere]
    triangles = surface.inflated[surface.faces]
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    facing = normals[:, towards[0]] * towards[1]
    order = np.argsort(triangles[:, :, towards[0]].mean(axis=1) * towards[1])
    order = order[facing[order] > 0]
    flat = np.stack([triangles[order][:, :, k] * sign for k, sign in (right, up)], axis=-1)
    colours = _face_colours(values, surface, cmap, norm)[order]
    colours[:, :3] *= (0.72 + 0.28 * facing[order])[:, None]
    faces = PolyCollection(flat, facecolors=colours, edgecolors=colours, linewidths=0.15, rasterized=True)
    faces.set_in_layout(False)
    axes.add_collection(faces, autolim=False)
    axes.set_axis_off()
    axes.set_aspect("equal")
    low, high = flat.min(axis=(0, 1)) - 2, flat.max(axis=(0, 1)) + 2
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]))


def _face_colours(values: np.ndarray, surface: Mesh, cmap: Colormap, norm: Normalize) -> np.ndarray:
    """Colour faces (face, 4) by the first of their vertices with a value, else grey by sulcal depth."""
    depth = np.clip(surface.sulc[surface.faces].mean(axis=1) / 1.2, -1, 1)
    grey = np.clip(NO_DATA - 0.10 * np.sign(depth) * np.sqrt(np.abs(depth)), 0, 1)
    colours = np.column_stack([grey, grey, grey, np.ones_like(grey)])
    of_face = values[surface.faces]
    known = np.isfinite(of_face).sum(axis=1) >= 2
    first = np.argmax(np.isfinite(of_face), axis=1)
    colours[known] = cmap(norm(of_face[np.arange(len(first)), first][known]))
    return colours


@cache
def template(resolution_mm: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Return nilearn's own ICBM 2009a T1w template (x, y, z) and its affine."""
    from nilearn.datasets import load_mni152_template

    image = load_mni152_template(resolution=resolution_mm)
    return np.asarray(image.get_fdata(dtype=np.float32)), image.affine


def cut(grid: np.ndarray, affine: np.ndarray, axis: int, at_mm: float) -> tuple[np.ndarray, list[float]]:
    """Take the slice nearest to a coordinate: an image for imshow(origin="lower") and its extent in mm.

    The affine must be diagonal, as the template's is; the image is (vertical, horizontal).
    """
    index = int(np.clip(round((at_mm - affine[axis, 3]) / affine[axis, axis]), 0, grid.shape[axis] - 1))
    image = np.take(grid, index, axis=axis).T
    extent = []
    for k in (k for k in range(3) if k != axis):
        ends = affine[k, 3] + affine[k, k] * np.array([-0.5, grid.shape[k] - 0.5])
        extent += ends.tolist()
    return image, extent


def underlay(axes: Axes, axis: int, at_mm: float) -> None:
    """Draw a slice of the template in grey, on a white ground."""
    image, extent = cut(*template(), axis, at_mm)
    head = np.ma.masked_less(image, 0.02 * float(np.nanmax(image)))
    axes.imshow(head, origin="lower", extent=extent, cmap="gray", interpolation="bilinear", vmin=0)
    axes.set_axis_off()


def overlay(axes: Axes, grid: np.ndarray, affine: np.ndarray, axis: int, at_mm: float, **how) -> object:
    """Draw a slice of a grid with NaN left clear; return the image, for a colour bar."""
    image, extent = cut(grid, affine, axis, at_mm)
    return axes.imshow(np.ma.masked_invalid(image), origin="lower", extent=extent, interpolation="nearest", **how)


def fading(cmap: str) -> Colormap:
    """Return a colour map whose lower half fades to clear, so that small values leave the anatomy in sight."""
    colours = colormaps[cmap](np.linspace(0, 1, 256))
    colours[:, 3] = np.clip(np.linspace(0, 2, 256), 0, 1)
    return ListedColormap(colours)


def outline(axes: Axes, mask: np.ndarray, affine: np.ndarray, axis: int, at_mm: float, colour: str, width=0.9) -> None:
    """Draw the border of a mask in a slice along the edges of its voxels; draw nothing if none is there."""
    image, extent = cut(mask.astype(float), affine, axis, at_mm)
    if image.any() and not image.all():
        fine = np.kron(image, np.ones((4, 4)))
        axes.contour(fine, levels=[0.5], origin="lower", extent=extent, colors=colour, linewidths=width)


def side(axes: Axes, axis: int) -> None:
    """Say which side is left in a coronal or axial slice (neurological: left is left)."""
    if axis != 0:
        for x, text in ((0.01, "L"), (0.99, "R")):
            axes.text(
                x,
                0.5,
                text,
                transform=axes.transAxes,
                ha="left" if text == "L" else "right",
                va="center",
                fontsize=6,
                color="#8a8a8a",
            )
