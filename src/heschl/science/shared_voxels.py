"""Voxels that all subjects have, whatever the order and extent of each one's mask."""

from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import numpy as np


class SharedVoxels(NamedTuple):
    """rows, for each subject the (voxel,) of its own that all have, and their common indices ijk (voxel, 3)."""

    rows: list[np.ndarray]
    ijk: np.ndarray


def shared_voxels(indices: Sequence[np.ndarray], shape: Sequence[int]) -> SharedVoxels:
    """Find the voxels that all subjects have, in the order of the grid.

    Parameters
    ----------
    indices : for each subject an integer array (voxel, 3), each voxel once
    shape : of the grid, three numbers

    Raises
    ------
    ValueError
        If there is no such voxel, or an index lies outside of the grid.
    """
    keys = [np.ravel_multi_index(np.asarray(ijk).astype(int).T, tuple(shape)) for ijk in indices]
    shared = reduce(np.intersect1d, keys, np.unique(keys[0]))
    if not len(shared):
        raise ValueError(f"{len(keys)} subjects share no voxel; wanted masks that overlap")
    orders = [np.argsort(key) for key in keys]
    rows = [order[np.searchsorted(key, shared, sorter=order)] for key, order in zip(keys, orders, strict=True)]
    return SharedVoxels(rows, np.stack(np.unravel_index(shared, tuple(shape)), 1))


def spread(n: int, most: int) -> np.ndarray:
    """Return every k-th of n items, with the smallest k that leaves at most so many."""
    return np.arange(0, n, max(1, -(-n // most)))
