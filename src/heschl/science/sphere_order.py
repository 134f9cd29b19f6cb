"""Scores of the voxels of a sphere, volume by volume, without a comparison of voxels: by counting bits.

The values of a volume over the whole mask are numbered in their order (levels). A sphere marks its voxels' levels in a
row of bits, one bit for each level; the bits set before a level are the voxels of the sphere below it. A row has a
word of 64 bits for each 64 voxels of the mask, so this takes 100 words in a mask of 6,400
voxels, where 100 voxels have 4,950 comparisons. Two voxels of one level are a tie; they set one bit, and the sum of
bits tells.
"""

import numba
import numpy as np
from numba.core import types
from numba.extending import intrinsic

LEVELS = 1 << 16  # most of them: a row of 1,024 words
_compiled = numba.njit(cache=True, nogil=True, error_model="numpy")


@intrinsic
def _bits(context, word):
    """Count the bits set in a word of 64."""

    def build(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), build


@_compiled
def bounds(sphere):
    """Return the lowest and the highest level (voxel, volume)."""
    lowest = highest = sphere[0, 0]  # of the type of levels: so many fit into a register
    for v in range(sphere.shape[0]):
        for t in range(sphere.shape[1]):
            lowest = min(lowest, sphere[v, t])
            highest = max(highest, sphere[v, t])
    return np.int64(lowest), np.int64(highest)


@_compiled
def score_untied(sphere, scores, tied):
    """Fill scores (volume, voxel) with the voxels of the sphere below each one minus those above it.

    Parameters
    ----------
    sphere : integer array of shape (voxel, volume), levels, the highest less than LEVELS above the lowest
    scores : array of shape (volume, voxel) of a type that holds 1 - n .. n - 1
    tied : integer array of shape (volume,), filled with the volumes in which two voxels have one level, in order;
        their scores are of no use

    Returns
    -------
    int
        How many there are.
    """
    n, volumes = sphere.shape
    lowest, highest = bounds(sphere)
    words = (highest - lowest) // 64 + 1
    row, bits, below = np.zeros(words, np.uint64), np.empty(words, np.int32), np.empty(words, np.int32)
    level, found = np.empty(n, np.uint16), 0
    for t in range(volumes):
        for v in range(n):
            level[v] = np.int64(sphere[v, t]) - lowest
        for v in range(n):
            x = np.uint64(level[v])  # an index without a sign isn't checked for one
            row[x >> np.uint64(6)] |= np.uint64(1) << (x & np.uint64(63))
        for w in range(words):
            bits[w] = _bits(row[w])
        total = np.int32(0)
        for w in range(words):
            below[w] = total
            total = np.int32(total + bits[w])
        if total != n:
            tied[found] = t
            found += 1
        for v in range(n):
            x = np.uint64(level[v])
            word, lower = x >> np.uint64(6), (np.uint64(1) << (x & np.uint64(63))) - np.uint64(1)
            scores[t, v] = 2 * (below[word] + np.int64(_bits(row[word] & lower))) - (n - 1)
        row[:] = 0
    return found
