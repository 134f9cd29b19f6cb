"""Clusters of neighbouring voxels all over the head, blocks of it, and where a training was planted (Roman, 4.2)."""

import numpy as np
from scipy.spatial import cKDTree

CHANGED, UNTOUCHED = 0.5, 0.1  # planted share of a cluster's voxels: changed from the first, unchanged below the second


def clusters(position_mm: np.ndarray, n_clusters: int, size: int = 25) -> np.ndarray:
    """Spread centres over the head, each as far as can be from those before, and take the voxels nearest to each.

    The first centre is the voxel nearest to the middle. Clusters may overlap.

    Parameters
    ----------
    position_mm : array of shape (voxel, 3)

    Returns
    -------
    Voxels of each cluster, (cluster, size), the centre first, then by distance, ties by number

    Raises
    ------
    ValueError
        If there are fewer voxels than `size` or `n_clusters`, or one of these is below 1.
    """
    n = len(position_mm)
    if not (1 <= n_clusters <= n and 1 <= size <= n):
        raise ValueError(f"{n} voxels for {n_clusters} clusters of {size}; wanted as many voxels as either")
    first = int(np.argmin(_distance(position_mm, position_mm.mean(0))))
    centres = farthest(position_mm, n_clusters, first)
    return np.stack([_nearest(position_mm, position_mm[c], size) for c in centres])


def farthest(position_mm: np.ndarray, n: int, first: int) -> np.ndarray:
    """Return n voxels, (n,): `first`, then each time the one farthest from all before; ties by number."""
    chosen, gap = [first], _distance(position_mm, position_mm[first])
    while len(chosen) < n:
        chosen.append(int(np.argmax(gap)))
        gap = np.minimum(gap, _distance(position_mm, position_mm[chosen[-1]]))
    return np.array(chosen)


def blocks(position_mm: np.ndarray, n_blocks: int, seed: int, rounds: int = 10) -> np.ndarray:
    """Cut the head into contiguous blocks of similar size (k-means from farthest points, the first one random).

    Returns
    -------
    Block of each voxel, (voxel,), 0 to n_blocks - 1; each has a voxel

    Raises
    ------
    ValueError
        If there are fewer voxels than blocks.
    """
    n = len(position_mm)
    if not 1 <= n_blocks <= n:
        raise ValueError(f"{n} voxels for {n_blocks} blocks; wanted a voxel for each block")
    first = int(np.random.default_rng([seed, 2]).integers(n))
    centre = position_mm[farthest(position_mm, n_blocks, first)].astype(float)
    block = _assigned(position_mm, centre)
    for _ in range(rounds):
        moved = np.stack([position_mm[block == b].mean(0) for b in range(n_blocks)])
        new = _assigned(position_mm, moved)
        if len(np.unique(new)) < n_blocks:  # a block ran empty: the last whole division stands
            break
        block = new
    return block


def near(position_mm: np.ndarray, chosen: np.ndarray, guard_mm: float) -> np.ndarray:
    """Return bool (voxel,): within `guard_mm` of a chosen voxel (voxel,) bool, and not chosen itself."""
    if not chosen.any():
        return np.zeros(len(chosen), bool)
    gap = cKDTree(position_mm[chosen]).query(position_mm)[0]
    return (gap <= guard_mm + 1e-6) & ~chosen


def planted_share(position_mm: np.ndarray, member: np.ndarray, region_mm: np.ndarray, radius_mm: float) -> np.ndarray:
    """Return the share of each cluster's voxels that lie inside a planted ball, (cluster,).

    Parameters
    ----------
    member : voxels of each cluster, (cluster, size)
    region_mm : centres of the balls, (region, 3)
    """
    if not len(region_mm):
        return np.zeros(len(member))
    inside = cKDTree(region_mm).query(position_mm)[0] <= radius_mm + 1e-6
    return inside[member].mean(1)


def _distance(position_mm: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Measure from a point, rounded so that voxels of one lattice at the same distance are a tie on every machine."""
    return np.linalg.norm(position_mm - point, axis=1).round(6)


def _nearest(position_mm: np.ndarray, point: np.ndarray, size: int) -> np.ndarray:
    return np.argsort(_distance(position_mm, point), kind="stable")[:size]


def _assigned(position_mm: np.ndarray, centre: np.ndarray) -> np.ndarray:
    gaps = np.linalg.norm(position_mm[:, None] - centre, axis=2).round(6)
    return gaps.argmin(1)
