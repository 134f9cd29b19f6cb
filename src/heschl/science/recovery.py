"""Was what we planted found? Layers, the pure-noise subject, and head motion."""

import numpy as np
from scipy import stats

from heschl.science.statistics import permutation_test

SHELLS_MM = (50.0, 65.0, 80.0)  # where a head's surface lies from its centre


def agreement(planted: np.ndarray, recovered: np.ndarray, where: np.ndarray | None = None) -> float:
    """Spearman correlation of planted and recovered layers, (voxel,) each, over voxels with a planted layer.

    `where` (voxel,) restricts it further. NaN if fewer than three voxels remain or either is constant.
    """
    chosen = (planted > 0) & np.isfinite(recovered) & (True if where is None else where)
    x, y = planted[chosen], recovered[chosen]
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return float("nan")
    return float(stats.spearmanr(x, y).statistic)


def canary(rho: np.ndarray, null_max: np.ndarray) -> dict[str, float]:
    """Test one subject against its own permutations; one of pure noise should look like chance.

    Parameters
    ----------
    rho : array of shape (voxel, layer)
    null_max : array of shape (permutation, voxel)

    Returns
    -------
    share_uncorrected : share of voxels with p < .05 uncorrected, about .05 in noise (neighbours share data:
        not binomial)
    min_p_fwe : smallest family-wise p, above .05 in 95 % of noise
    mean_rho : mean over voxels and layers, about 0 in noise
    """
    found = permutation_test(rho.max(1), null_max)
    tested = np.isfinite(found.p_fwe).any()
    return {
        "share_uncorrected": float(np.mean(found.p_uncorrected < 0.05)) if tested else float("nan"),
        "min_p_fwe": float(found.p_fwe.min()) if tested else float("nan"),
        "mean_rho": float(rho.mean()),
    }


def head_points(centre_mm: np.ndarray, n: int = 200) -> np.ndarray:
    """Return (point, 3) in mm, n spread evenly on each of three spheres about the head's centre."""
    k = np.arange(n) + 0.5
    z, turn = 1 - 2 * k / n, np.pi * (1 + np.sqrt(5)) * k
    unit = np.stack([np.sqrt(1 - z**2) * np.cos(turn), np.sqrt(1 - z**2) * np.sin(turn), z], 1)
    return np.concatenate([centre_mm + radius * unit for radius in SHELLS_MM])


def displacement_mm(estimated: np.ndarray, true: np.ndarray, points_mm: np.ndarray) -> np.ndarray:
    """Mean distance between where two rigid transforms carry the same points.

    Both map points of a run's first volume to each volume; a constant offset of the reference is taken out.

    Parameters
    ----------
    estimated, true : arrays of shape (time, 4, 4), world mm
    points_mm : array of shape (point, 3)

    Returns
    -------
    array of shape (time,), mm
    """
    if estimated.shape != true.shape:
        raise ValueError(f"{len(estimated)} estimated and {len(true)} true transforms; wanted as many")
    difference = estimated @ np.linalg.inv(estimated[0]) - true @ np.linalg.inv(true[0])
    moved = np.einsum("tij,pj->tpi", difference[:, :3, :3], points_mm) + difference[:, None, :3, 3]
    return np.linalg.norm(moved, axis=2).mean(1)
