"""Encoding against what was planted in a simulated listener: found there, and nothing elsewhere."""

import numpy as np
from scipy import ndimage

FAR_MM = 15.0  # from anything planted: out of reach of smoothing and misregistration


def interior(region: np.ndarray) -> np.ndarray:
    """Say which voxels (x, y, z) lie in a region (> 0) with all six neighbours: no partial volume, no shift."""
    inside = np.zeros(region.shape, bool)
    for k in np.unique(region[region > 0]):
        inside |= ndimage.binary_erosion(region == k)
    return inside


def distance_mm(region: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Return each voxel's distance (x, y, z) from the nearest one of any region (> 0), inf if there is none."""
    if not (region > 0).any():
        return np.full(region.shape, np.inf)
    return ndimage.distance_transform_edt(region == 0, sampling=np.linalg.norm(affine[:3, :3], axis=0))


def planted(region: np.ndarray, ijk: np.ndarray, n_regions: int, r: np.ndarray, ceiling: np.ndarray) -> dict:
    """Compare r with its ceiling in each planted region, and in its interior.

    Parameters
    ----------
    region : int array of shape (x, y, z), 0 for none
    ijk : int array of shape (voxel, 3), the voxels of r and ceiling (voxel,)

    Returns
    -------
    n_voxels, r, ceiling, ratio and the same with _interior, (region,) each; ratio = mean r / mean ceiling
    """
    at = tuple(ijk.astype(int).T)
    out = {}
    for suffix, chosen in (("", np.ones(len(ijk), bool)), ("_interior", interior(region)[at])):
        of = [(region[at] == k + 1) & chosen & np.isfinite(r) for k in range(n_regions)]
        out["n_voxels" + suffix] = np.array([where.sum() for where in of], float)
        out["r" + suffix] = np.array([_mean(r[where]) for where in of])
        out["ceiling" + suffix] = np.array([_mean(ceiling[where]) for where in of])
        with np.errstate(divide="ignore", invalid="ignore"):
            out["ratio" + suffix] = out["r" + suffix] / out["ceiling" + suffix]
    return out


def unplanted(region: np.ndarray, affine: np.ndarray, ijk: np.ndarray, r, p: np.ndarray, p_fwe: np.ndarray) -> dict:
    """Describe the voxels more than 15 mm from anything planted; r, p and p_fwe are (voxel,).

    Returns
    -------
    r_unplanted : mean r
    r_unplanted_se : its standard error as if voxels were independent; neighbours aren't, so too small
    share_uncorrected : share of p < .05
    min_p_fwe, min_p_fwe_all : the smallest family-wise p of these, and of all voxels
    """
    far = (distance_mm(region, affine)[tuple(ijk.astype(int).T)] > FAR_MM) & np.isfinite(r)
    return {
        "r_unplanted": _mean(r[far]),
        "r_unplanted_se": float(np.std(r[far]) / np.sqrt(far.sum())) if far.any() else float("nan"),
        "share_uncorrected": _mean(p[far] < 0.05),
        "min_p_fwe": float(np.nanmin(p_fwe[far], initial=1)),
        "min_p_fwe_all": float(np.nanmin(p_fwe, initial=1)),
    }


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if values.size else float("nan")
