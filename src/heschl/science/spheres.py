"""Searchlight spheres: which voxels surround each centre."""

import numpy as np
from scipy.spatial import cKDTree

BLOCK = 4096  # centres looked up together
STEP_MM = 1e-4  # distances closer than this are equal


def world_mm(ijk: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Return the world coordinates, (voxel, 3) in mm, of voxel indices (voxel, 3) under a (4, 4) affine."""
    return ijk @ affine[:3, :3].T + affine[:3, 3]


def nearest(points_mm: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Find exactly the n voxels nearest to each voxel, itself included; of equally near ones the first.

    CoSMoMVPA's `count` option takes about n; here the count is exact and the radius varies.

    Parameters
    ----------
    points_mm : array of shape (voxel, 3), the voxels of the mask
    n : voxels in a sphere

    Returns
    -------
    neighbours : int32 array of shape (voxel, n), by distance, then by index
    radius_mm : array of shape (voxel,), distance of the farthest member

    Raises
    ------
    ValueError
        If n is below 2 or above the number of voxels.
    """
    if not 2 <= n <= len(points_mm):
        given = f"a sphere of {n} voxels in a mask of {len(points_mm)}; wanted 2 to {len(points_mm)}"
        raise ValueError(f"{given}: make spheres smaller (n_voxels) or the mask larger")
    neighbours, radius_mm = np.empty((len(points_mm), n), np.int32), np.empty(len(points_mm))
    tree = cKDTree(points_mm)
    for start in range(0, len(points_mm), BLOCK):
        block = np.arange(start, min(start + BLOCK, len(points_mm)))
        _fill(tree, block, n + 64, neighbours, radius_mm)
    return neighbours, radius_mm


def within(points_mm: np.ndarray, radius_mm: float, fewest: int = 2) -> tuple[np.ndarray, list[np.ndarray]]:
    """Find the voxels within a radius of each voxel, itself included; how many there are varies.

    Parameters
    ----------
    points_mm : array of shape (voxel, 3), the voxels of the mask
    radius_mm : largest distance, above 0; a voxel at that distance belongs to the sphere
    fewest : centres with fewer voxels in their sphere, at the edge of the mask, are left out

    Returns
    -------
    centres : array of shape (centre,), the voxels that have a sphere
    neighbours : for each one an int32 array of voxels, by distance, then by index

    Raises
    ------
    ValueError
        If the radius isn't above 0, fewest is below 2, or no sphere has as many voxels.
    """
    if not radius_mm > 0 or fewest < 2:
        raise ValueError(f"radius {radius_mm} mm and {fewest} voxels at least; wanted above 0 mm, and 2 or more")
    tree, reach, found = cKDTree(points_mm), radius_mm + STEP_MM / 2, []
    for start in range(0, len(points_mm), BLOCK):
        for centre, near in enumerate(tree.query_ball_point(tree.data[start : start + BLOCK], reach), start):
            near = np.array(near, np.int32)
            distance = np.linalg.norm(tree.data[near] - tree.data[centre], axis=1)
            found.append(near[np.lexsort((near, np.round(distance / STEP_MM).astype(np.int64)))])
    centres = np.flatnonzero([len(near) >= fewest for near in found])
    if not len(centres):
        raise ValueError(f"no voxel has {fewest} within {radius_mm:g} mm in a mask of {len(points_mm)}")
    return centres, [found[c] for c in centres]


def _fill(tree: cKDTree, centres: np.ndarray, reach: int, neighbours: np.ndarray, radius_mm: np.ndarray) -> None:
    """Look at `reach` candidates, farther where the last is as near as the n-th: trees break ties at will."""
    n, reach = neighbours.shape[1], min(reach, tree.n)
    distance, index = tree.query(tree.data[centres], reach)
    step = np.round(distance / STEP_MM).astype(np.int64)
    order = np.lexsort((index, step), axis=1)[:, :n]
    neighbours[centres] = np.take_along_axis(index, order, 1)
    radius_mm[centres] = np.take_along_axis(distance, order[:, -1:], 1)[:, 0]
    cut = step[:, -1] <= step[:, n - 1]
    if reach < tree.n and cut.any():
        _fill(tree, centres[cut], 2 * reach, neighbours, radius_mm)
