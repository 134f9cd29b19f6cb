"""Places in the head on one lattice for everyone: multiples of the voxel in head coordinates (x right, y front, z up).

A place is three whole numbers, so what several heads share is an intersection of triples, without interpolation
(Roman, step 5 of the preprocessing: "voxels overlapping across subjects and both recordings").
"""

from collections.abc import Sequence

import numpy as np


def lattice(
    centre_mm: np.ndarray, radius_mm: float, voxel_mm: float, hole_mm: float = 0.0, floor_mm: float = -np.inf
) -> np.ndarray:
    """Places inside a sphere, x slowest.

    Parameters
    ----------
    centre_mm : array of shape (3,)
    hole_mm : nearer to the centre than this there is no place: a dipole at the centre of a sphere has no field
    floor_mm : lowest z

    Returns
    -------
    Array of int of shape (voxel, 3); times voxel_mm it is the position in mm
    """
    centre_mm = np.asarray(centre_mm, float)
    low, high = (np.ceil((centre_mm - radius_mm) / voxel_mm), np.floor((centre_mm + radius_mm) / voxel_mm))
    axes = [np.arange(a, b + 1, dtype=int) for a, b in zip(low, high, strict=True)]
    index = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
    distance = np.linalg.norm(index * voxel_mm - centre_mm, axis=1)
    return index[(distance <= radius_mm) & (distance >= hole_mm) & (index[:, 2] * voxel_mm >= floor_mm)]


def overlap(heads: Sequence[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Find the places that all heads share.

    Parameters
    ----------
    heads : arrays of int of shape (voxel, 3), each without repeats

    Returns
    -------
    The shared places (shared, 3), x slowest, and for each head the rows (shared,) at which it holds them
    """
    rows = [{tuple(place): row for row, place in enumerate(head.tolist())} for head in heads]
    shared = sorted(set(rows[0]).intersection(*rows[1:])) if rows else []
    where = [np.array([row[place] for place in shared], int) for row in rows]
    return np.array(shared, int).reshape(-1, 3), where
