"""Threshold-free cluster enhancement: a voxel counts for its height and for the extent of what it stands in.

TFCE(v) = integral from 0 to h_v of e(h)^E h^H dh, where e(h) is the number of voxels in v's cluster when the map is cut
at h (Smith & Nichols 2009; E = 0.5, H = 2). Negative values make no cluster and score 0.

The usual sum over steps dh depends on dh. Here there is none: e(h) changes at the map's own values only, so the
integral is a finite sum. Voxels are taken from the highest down and joined to the clusters that they touch: union-find.
That makes a tree in which each cluster hangs from the lower one that swallows it; a voxel scores what lies below it.
"""

from concurrent.futures import ThreadPoolExecutor
from itertools import product

import numba
import numpy as np

EXTENT, HEIGHT = 0.5, 2.0  # E and H of Smith & Nichols
SHARED_AXES = {6: 1, 18: 2, 26: 3}  # connectivity: in how many axes neighbours may differ
_compiled = numba.njit(cache=True, nogil=True, error_model="numpy")


def adjacency(ijk: np.ndarray, connectivity: int = 6) -> np.ndarray:
    """Find the voxels of a mask that touch each voxel.

    Parameters
    ----------
    ijk : integer array of shape (voxel, 3), each voxel once
    connectivity : 6 (by faces, as nilearn and scipy.ndimage by default), 18 (and edges) or 26 (and corners)

    Returns
    -------
    int32 array of shape (voxel, connectivity); -1 where the neighbour isn't in the mask

    Raises
    ------
    ValueError
        If connectivity is none of these, or a voxel comes twice.
    """
    if connectivity not in SHARED_AXES:
        raise ValueError(f"connectivity is {connectivity}; wanted 6, 18 or 26")
    ijk = np.asarray(ijk).astype(np.int64).reshape(-1, 3)
    if not len(ijk):
        return np.empty((0, connectivity), np.int32)
    inner = ijk - ijk.min(0) + 1  # a border of one voxel all round
    place = np.full(inner.max(0) + 2, -1, np.int32)
    place[tuple(inner.T)] = np.arange(len(ijk))
    if np.count_nonzero(place >= 0) < len(ijk):
        raise ValueError(f"{len(ijk)} voxels name {np.count_nonzero(place >= 0)} places; wanted each voxel once")
    steps = [s for s in product((-1, 0, 1), repeat=3) if 0 < np.abs(s).sum() <= SHARED_AXES[connectivity]]
    return np.stack([place[tuple((inner + step).T)] for step in steps], 1)


def tfce(
    values: np.ndarray,
    adjacent: np.ndarray,
    *,
    extent: float = EXTENT,
    height: float = HEIGHT,
    threads: int | None = None,
) -> np.ndarray:
    """Enhance maps by the clusters that their voxels stand in.

    Parameters
    ----------
    values : array of shape (..., voxel), finite, any unit: k times the values score k^(H + 1) times as much
    adjacent : array of shape (voxel, neighbour) by `adjacency`
    extent, height : E and H
    threads : workers, one map each, NUMBA_NUM_THREADS by default; the result doesn't depend on it

    Returns
    -------
    float64 array of values' shape, 0 where values aren't positive

    Raises
    ------
    ValueError
        If shapes disagree or a value isn't finite.
    """
    if values.shape[-1:] != adjacent.shape[:1]:
        raise ValueError(f"values have shape {values.shape}; wanted (..., {len(adjacent)}), the voxels of adjacent")
    if not np.isfinite(values).all():
        raise ValueError("values hold NaN or infinity; give those voxels 0, which is in no cluster")
    if not values.size:
        return np.zeros(values.shape)
    maps = np.asarray(values, float).reshape(-1, len(adjacent))
    scores = np.zeros(maps.shape)

    def work(k: int) -> None:
        order = np.argsort(-maps[k], kind="stable")[: np.count_nonzero(maps[k] > 0)]
        _enhance(maps[k], order, adjacent, float(extent), float(height), scores[k])

    with ThreadPoolExecutor(threads or numba.config.NUMBA_NUM_THREADS) as pool:
        list(pool.map(work, range(len(maps))))
    return scores.reshape(values.shape)


@_compiled
def _enhance(values, order, adjacent, extent, height, scores):
    """Fill scores (voxel,) of the voxels in order, from the highest down.

    Each voxel, when taken, stands for the cluster of all voxels so far that it is linked to. `parent` is the voxel that
    stands for the next lower cluster. Of equal voxels all but the last stand for a cluster of no height.
    """
    parent, root = np.full(len(values), -1), np.full(len(values), -1)
    size = np.ones(len(values))
    for voxel in order:
        root[voxel] = voxel
        for neighbour in adjacent[voxel]:
            if neighbour >= 0 and root[neighbour] >= 0:
                top = _find(root, neighbour)
                if top != voxel:
                    root[top] = voxel
                    parent[top] = voxel
                    size[voxel] += size[top]
    for k in range(len(order) - 1, -1, -1):  # lower clusters first
        voxel, floor, below = order[k], 0.0, 0.0
        if parent[voxel] >= 0:
            floor, below = values[parent[voxel]], scores[parent[voxel]]
        slab = (values[voxel] ** (height + 1) - floor ** (height + 1)) / (height + 1)
        scores[voxel] = below + size[voxel] ** extent * slab


@_compiled
def _find(root, voxel):
    """Return the voxel that stands for the cluster now, halving the way there for the next time."""
    while root[voxel] != voxel:
        root[voxel] = root[root[voxel]]
        voxel = root[voxel]
    return voxel
