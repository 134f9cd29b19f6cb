"""Simulated heads: what T1- and T2*-weighted images show at any point of MNI space.

Source of the anatomy: the ICBM 2009a template packaged in nilearn (Fonov et al. 2009, 2011). It has no skull:
a made-up one, of skull, marrow and scalp, is put around it.
"""

from functools import cache
from importlib.resources import files

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates

from heschl.science import scanner
from heschl.science.simulation import Anatomy, planted_layer

ORIGIN_MM = np.array([-98.0, -134.0, -72.0])  # of the template, whose voxels are 1 mm
HEAD_CENTRE_MM, HEAD_EXTENT_MM = np.array([0.0, -16.0, 14.0]), (192.0, 232.0, 184.0)
GREY = 0.3  # least grey matter of a planted voxel


def t1_image(who: Anatomy, voxel_mm: float, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return a T1-weighted head (x, y, z) int16 with bias field and noise, and its affine (4, 4)."""
    shape, affine = scanner.slab(who.from_mni(HEAD_CENTRE_MM), HEAD_EXTENT_MM, voxel_mm, 0.0)
    native = scanner.grid_mm(shape, affine)
    mni = who.to_mni(native)
    brain, depth = sample(template("t1"), mni), sample(_depth(), mni, 2.0, 60.0)
    head = brain + np.interp(depth, [0, 1, 2, 3, 5, 6, 7, 9, 10, 14, 15], [0, 50, 40, 15, 25, 55, 20, 25, 170, 190, 0])
    bias = 1 + 0.12 * np.cos(native @ rng.normal(0, 0.012, 3) + rng.uniform(0, 2 * np.pi))
    noise = rng.normal(0, 3, (2, *shape))
    return np.rint(4 * np.hypot(head * bias + noise[0], noise[1])).astype(np.int16), affine


def epi_contrast(mni: np.ndarray, voxel_mm: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return T2*-weighted signal (CSF > GM > WM > scalp > skull), CSF and GM fractions at MNI points."""
    blurred = (gaussian_filter(template(name), voxel_mm / 3, truncate=3.0) for name in ("gm", "wm", "brain"))
    grey, white, brain = (sample(image, mni) for image in blurred)
    csf = np.clip(brain - grey - white, 0, 1)
    depth = sample(_depth(), mni, 2.0, 60.0)
    shell = np.interp(depth, [0, 1, 2.5, 3.5, 9, 11, 14, 15.5], [0, 500, 400, 60, 60, 260, 260, 0])
    return (1000 * grey + 780 * white + 1350 * csf + shell * (1 - brain)).astype(np.float32), csf, grey


def truth_on_grid(voxel_mm: float, gradient: str, n_layers: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the planted layer (x, y, z) int16 in grey matter on nilearn's MNI grid, and its affine."""
    shape = tuple(int(np.ceil((n - 1) / voxel_mm - 1e-9)) + 1 for n in template("gm").shape)
    affine = np.diag([voxel_mm, voxel_mm, voxel_mm, 1.0])
    affine[:3, 3] = ORIGIN_MM
    mni = scanner.grid_mm(shape, affine)
    grey = sample(gaussian_filter(template("gm"), voxel_mm / 3, truncate=3.0), mni)
    return np.where(grey >= GREY, planted_layer(mni, gradient, n_layers), 0).astype(np.int16), affine


def sample(image: np.ndarray, mni: np.ndarray, voxel_mm: float = 1.0, outside: float = 0.0) -> np.ndarray:
    """Interpolate a template image linearly at MNI points (..., 3)."""
    return map_coordinates(image, np.moveaxis((mni - ORIGIN_MM) / voxel_mm, -1, 0), order=1, cval=outside)


@cache
def template(name: str) -> np.ndarray:
    """Return a packaged template (197, 233, 189), 1 mm: "t1" 0..255, "gm", "wm" or "brain" 0..1."""
    import nibabel

    if name == "brain":
        return (template("t1") > 0).astype(np.float32)
    path = files("nilearn") / f"datasets/data/mni_icbm152_{name}_tal_nlin_sym_09a_converted.nii.gz"
    image = np.asarray(nibabel.load(str(path)).dataobj).astype(np.float32)
    return image if name == "t1" else image / 255


@cache
def _depth() -> np.ndarray:
    """Distance from the brain in mm, on every second template voxel."""
    return distance_transform_edt(template("t1")[::2, ::2, ::2] == 0, sampling=2.0).astype(np.float32)
