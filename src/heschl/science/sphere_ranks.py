"""Exact ranks of the Spearman distances between all pairs of volumes within a sphere of voxels.

The score s of a voxel in its sphere is the number of voxels below it minus the number above, an integer:
twice its centred mid-rank. So S = s s' is an exact integer matrix. Without ties Spearman's rho is S / N, N =
(n^3 - n) / 3, and (N - S) / 4 is an integer that orders pairs as 1 - rho does: two passes of a counting sort
rank them all. With ties rho = S_ij / sqrt(S_ii S_jj) in double precision; the same sort by the integer part
comes first.
"""

import numba
import numpy as np

SHIFT = 32  # a sorted word holds the pair's distance above this bit and its index below
_compiled = numba.njit(cache=True, nogil=True, error_model="numpy")


@_compiled
def rank_spheres(levels, members, row, column, ranks):
    """Fill ranks with twice the centred mid-ranks of the distances of all pairs, for every centre.

    Parameters
    ----------
    levels : integer array of shape (voxel, volume), in the order of the values of each volume
    members : int32 array of shape (centre, n), voxels
    row, column : arrays of shape (pair,), volumes
    ranks : float64 array of shape (centre, pair), filled

    Returns
    -------
    int
        The first centre where a volume, or all distances, are constant; -1 if none.
    """
    n, volumes, pairs = members.shape[1], levels.shape[1], len(row)
    full = (n * n * n - n) // 3  # a volume's sum of squared scores without ties
    sphere, scores = np.empty((n, volumes), levels.dtype), np.empty((n, volumes), np.int16)
    words, spare = np.empty(pairs, np.int64), np.empty(pairs, np.int64)
    distance, counts = np.empty(pairs), np.empty(1 << _digit(full // 2 + 1), np.int64)
    for centre in range(len(members)):
        for v in range(n):
            sphere[v] = levels[members[centre, v]]
        _score(sphere, scores)
        norms = _norms(scores)
        if norms.min() == 0:
            return centre
        tied = norms.min() < full
        if full < 1 << 24:  # every product is exact in single precision
            single = scores.astype(np.float32)
            _pack(np.dot(single.T, single), norms, tied, full, row, column, distance, words)
        else:
            double = scores.astype(np.float64)
            _pack(np.dot(double.T, double), norms, tied, full, row, column, distance, words)
        if not _rank_pairs(words, spare, counts, tied, distance, full * 4e-15, ranks[centre]):
            return centre
    return -1


@_compiled
def _digit(top):
    """Return half the bits of integers up to top."""
    digit = 1
    while (1 << (2 * digit)) <= top:
        digit += 1
    return digit


@_compiled
def _rank_pairs(words, spare, counts, tied, distance, tolerance, ranks):
    _sort_digit(words, spare, counts, SHIFT)
    _sort_digit(spare, words, counts, SHIFT + _digit(len(counts) * len(counts) - 1))
    if not tied:
        return _rank_integers(words, ranks)
    _order_within(words, distance)
    return _rank_distances(words, distance, tolerance, ranks)


@_compiled
def _score(sphere, scores):
    """Fill scores (voxel, volume): the voxels of the sphere below each one minus those above it."""
    n, volumes = sphere.shape
    scores[:] = 0
    for start in range(0, volumes, 128):  # few enough volumes to stay in the nearest cache
        stop = min(volumes, start + 128)
        for a in range(n):
            x, score = sphere[a, start:stop], scores[a, start:stop]
            for b in range(0, n - 3, 4):  # four at a time: one addition in memory for eight comparisons
                u, v = sphere[b, start:stop], sphere[b + 1, start:stop]
                _add_signs(x, u, v, sphere[b + 2, start:stop], sphere[b + 3, start:stop], score)
            for b in range(n // 4 * 4, n):
                _add_signs(x, sphere[b, start:stop], x, x, x, score)


@_compiled
def _add_signs(x, u, v, w, y, score):
    for t in range(len(x)):
        above = np.int16(x[t] > u[t]) + np.int16(x[t] > v[t]) + np.int16(x[t] > w[t]) + np.int16(x[t] > y[t])
        below = np.int16(x[t] < u[t]) + np.int16(x[t] < v[t]) + np.int16(x[t] < w[t]) + np.int16(x[t] < y[t])
        score[t] = np.int16(score[t] + np.int16(above) - np.int16(below))


@_compiled
def _norms(scores):
    norms = np.zeros(scores.shape[1], np.int64)
    for v in range(scores.shape[0]):
        for t in range(scores.shape[1]):
            norms[t] += np.int64(scores[v, t]) * np.int64(scores[v, t])
    return norms


@_compiled
def _pack(products, norms, tied, full, row, column, distance, words):
    """Fill words with each pair's distance, cut to an integer 0..full / 2, and its index."""
    if tied:
        scale = np.sqrt(full / norms.astype(np.float64))
        for p in range(len(row)):
            i, j = row[p], column[p]
            distance[p] = (full - np.float64(products[i, j]) * (scale[i] * scale[j])) / 4
            words[p] = (np.int64(distance[p] + 1e-6) << SHIFT) | p
    else:
        for p in range(len(row)):
            words[p] = ((full - np.int64(products[row[p], column[p]])) >> 2 << SHIFT) | p


@_compiled
def _sort_digit(source, target, counts, shift):
    """Sort words by one digit, keeping the order of equal ones."""
    counts[:] = 0
    mask = len(counts) - 1
    for word in source:
        counts[(word >> shift) & mask] += 1
    total = 0
    for d in range(len(counts)):
        count = counts[d]
        counts[d] = total
        total += count
    for word in source:
        d = (word >> shift) & mask
        target[counts[d]] = word
        counts[d] += 1


@_compiled
def _rank_integers(words, ranks):
    """Fill ranks with twice the centred mid-ranks of sorted words; False if all are equal."""
    n, start = len(words), 0
    while start < n:
        stop, key = start + 1, words[start] >> SHIFT
        while stop < n and words[stop] >> SHIFT == key:
            stop += 1
        for k in range(start, stop):
            ranks[words[k] & 0xFFFFFFFF] = start + stop - n
        if stop - start == n:
            return False
        start = stop
    return True


@_compiled
def _order_within(words, distance):
    """Sort by exact distance the words whose cut distances are equal."""
    n, start = len(words), 0
    while start < n:
        stop, key = start + 1, words[start] >> SHIFT
        while stop < n and words[stop] >> SHIFT == key:
            stop += 1
        if stop - start > 1:
            index = words[start:stop] & 0xFFFFFFFF
            words[start:stop] = words[start:stop][np.argsort(distance[index], kind="mergesort")]
        start = stop


@_compiled
def _rank_distances(words, distance, tolerance, ranks):
    """Fill ranks with twice the centred mid-ranks of ordered distances; equal if within rounding."""
    n, start = len(words), 0
    while start < n:
        stop = start + 1
        while stop < n and distance[words[stop] & 0xFFFFFFFF] - distance[words[stop - 1] & 0xFFFFFFFF] < tolerance:
            stop += 1
        for k in range(start, stop):
            ranks[words[k] & 0xFFFFFFFF] = start + stop - n
        if stop - start == n:
            return False
        start = stop
    return True
