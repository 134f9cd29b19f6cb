"""Scores of the voxels of a sphere: the number of voxels below each one minus the number above, volume by volume.

They are twice the centred mid-ranks. heschl.science.sphere_order finds them by counting bits where no two voxels are
equal. Where many are, volumes have few levels, and their voxels are counted level by level. A few volumes with ties,
and masks of very many voxels, are left to comparisons.
"""

import numba
import numpy as np

from heschl.science.byte_counts import looked_up, run_up
from heschl.science.sphere_order import LEVELS, bounds, score_untied

MANY = 8  # with more than one tied volume in so many, all are scored anew
FEW_LEVELS = 1 << 13  # that are counted one by one
MOST_BYTES = 127  # voxels whose counts fit into bytes
_compiled = numba.njit(cache=True, nogil=True, error_model="numpy")


@_compiled
def score_sphere(levels, members, scores, norms, tied):
    """Fill scores (volume, voxel) and norms (volume,), their sums of squares.

    Parameters
    ----------
    levels : integer array of shape (voxel, volume), in the order of the values of each volume
    members : int32 array of shape (n,), voxels
    scores : array of shape (volume, n) of a type that holds 1 - n .. n - 1
    norms : int64 array of shape (volume,)
    tied : int64 array of shape (volume,), filled with the volumes that have ties, in order

    Returns
    -------
    int
        How many volumes have ties.
    """
    n, volumes = len(members), levels.shape[1]
    sphere = np.empty((n, volumes), levels.dtype)
    for v in range(n):
        sphere[v] = levels[members[v]]
    norms[:] = (n * n * n - n) // 3
    found = volumes if len(levels) > LEVELS else score_untied(sphere, scores, tied)
    if found > volumes // MANY:
        lowest, highest = bounds(sphere)
        if n <= MOST_BYTES and highest - lowest < FEW_LEVELS:
            return _count_all(sphere, lowest, highest, scores, norms, tied)
        return _compare_all(sphere, scores, norms, tied)
    column, score = np.empty(n, levels.dtype), np.empty(n, np.int16)
    for k in range(found):
        for v in range(n):
            column[v] = sphere[v, tied[k]]
        norms[tied[k]] = _compare(column, score)
        for v in range(n):
            scores[tied[k], v] = score[v]
    return found


@_compiled
def _compare(column, score):
    """Fill score (voxel,) of the levels (voxel,) of one volume; return the sum of squares."""
    norm = 0
    for a in range(len(column)):
        count = np.int16(0)
        for b in range(len(column)):
            count += np.int16(column[a] > column[b]) - np.int16(column[a] < column[b])
        score[a] = count
        norm += np.int64(count) * np.int64(count)
    return norm


@_compiled
def _count_all(sphere, lowest, highest, scores, norms, tied):
    """Fill them for levels (voxel, volume) of few kinds; return how many volumes have ties."""
    n, volumes = sphere.shape
    last, found = (highest - lowest) // 8 + 1, 0
    words, ahead, level = np.zeros(last, np.uint64), np.empty(last, np.int32), np.empty(n, np.uint64)
    counts = words.view(np.uint8)
    for t in range(volumes):
        for v in range(n):
            level[v] = np.uint64(np.int64(sphere[v, t]) - lowest)
            counts[level[v]] += np.uint8(1)
        run_up(words, 0, last, -n, ahead)  # n fit
        norm = np.int64(0)
        for v in range(n):
            score = np.int64(looked_up(level[v], counts, ahead))
            scores[t, v] = score
            norm += score * score
        norms[t] = norm
        if norm < (n * n * n - n) // 3:
            tied[found] = t
            found += 1
        words[:] = 0
    return found


@_compiled
def _compare_all(sphere, scores, norms, tied):
    """Do the same for all volumes of levels (voxel, volume) at once; return how many have ties."""
    n, volumes = sphere.shape
    compared = np.zeros((n, volumes), np.int16)
    for start in range(0, volumes, 128):  # few enough volumes to stay in the nearest cache
        stop = min(volumes, start + 128)
        for a in range(n):
            x, score = sphere[a, start:stop], compared[a, start:stop]
            for b in range(0, n - 3, 4):  # four at a time: one addition in memory for four comparisons
                u, v = sphere[b, start:stop], sphere[b + 1, start:stop]
                _count_below(x, u, v, sphere[b + 2, start:stop], sphere[b + 3, start:stop], score)
            for b in range(n // 4 * 4, n):
                _count_below(x, sphere[b, start:stop], x, x, x, score)
    total = np.zeros(volumes, np.int64)
    for a in range(n):
        for t in range(volumes):
            total[t] += compared[a, t]
    found = 0
    for t in range(volumes):
        if total[t] < n * (n - 1) // 2:  # without ties every pair of voxels is counted once
            tied[found] = t
            found += 1
    if found:
        for a in range(n):
            for b in range(n):
                for t in range(volumes):
                    compared[a, t] -= np.int16(sphere[a, t] < sphere[b, t])
        norms[:] = 0
        for a in range(n):
            for t in range(volumes):
                norms[t] += np.int64(compared[a, t]) * np.int64(compared[a, t])
    else:
        for a in range(n):
            for t in range(volumes):
                compared[a, t] = np.int16(2 * compared[a, t] - (n - 1))
    for a in range(n):
        for t in range(volumes):
            scores[t, a] = compared[a, t]
    return found


@_compiled
def _count_below(x, u, v, w, y, score):
    for t in range(len(x)):
        found = np.int16(x[t] > u[t]) + np.int16(x[t] > v[t]) + np.int16(x[t] > w[t]) + np.int16(x[t] > y[t])
        score[t] = np.int16(score[t] + np.int16(found))
