"""Exact ranks of the Spearman distances between all pairs of volumes within a sphere of voxels.

The score s of a voxel in its sphere is the number of voxels below it minus the number above, an integer:
twice its centred mid-rank. So S = s' s is an exact integer matrix. Without ties Spearman's rho is S / N, N =
(n^3 - n) / 3, and (N - S) / 4 is an integer that orders pairs as 1 - rho does. There are few such integers, so
pairs are ranked without sorting: count each integer, add up the counts, look each pair's up. With ties rho =
S_ij / sqrt(S_ii S_jj) in double precision, and heschl.science.pair_ranks sorts. The scores themselves are found by
counting bits (heschl.science.sphere_order), or by comparing voxels where there are ties or very many voxels.
"""

import numba
import numpy as np

from heschl.science.pair_ranks import rank_distances
from heschl.science.sphere_order import LEVELS, score_untied

PANEL = 124  # volumes of one matrix product: their scores and products stay in the cache
MOST_LEVELS = 1 << 20  # integers that are counted; larger spheres are sorted
_compiled = numba.njit(cache=True, nogil=True, error_model="numpy")


@_compiled
def rank_spheres(levels, members, keep, ranks):
    """Fill ranks with twice the centred mid-ranks of the distances of all chosen pairs, for every centre.

    Parameters
    ----------
    levels : integer array of shape (voxel, volume), in the order of the values of each volume
    members : int32 array of shape (centre, n), voxels
    keep : boolean array of shape (pair,), in the order of numpy.triu_indices(volume, 1): which ones are ranked
    ranks : float32 array of shape (centre, pair), filled; 0 for pairs that aren't chosen

    Returns
    -------
    int
        The first centre where a volume, or all distances, are constant; -1 if none.
    """
    n, volumes, pairs = members.shape[1], levels.shape[1], len(keep)
    full = (n * n * n - n) // 3  # a volume's sum of squared scores without ties
    chosen = 0
    for p in range(pairs):
        chosen += keep[p]
    counted = full // 2 < min(MOST_LEVELS, 16 * chosen)
    sphere, compared = np.empty((n, volumes), levels.dtype), np.empty((n, volumes), np.int16)
    scores = np.empty((volumes, n), np.float32)
    codes, counts = np.empty(pairs, np.int32), np.zeros(full // 2 + 2 if counted else 1, np.int32)
    table = np.empty(len(counts), np.float32)
    distance, norms = np.empty(0), np.empty(volumes, np.int64)
    for centre in range(len(members)):
        for v in range(n):
            sphere[v] = levels[members[centre, v]]
        norms[:] = full
        tied = len(levels) > LEVELS or not score_untied(sphere, scores)
        if tied:
            tied = _score(sphere, compared)
            scores[:] = compared.T
            if tied:
                _squared(compared, norms)
        if norms.min() == 0:
            return centre
        if counted and not tied:
            _encode(scores, full, keep, codes)
            constant = _rank_codes(codes, counts, table, chosen, ranks[centre])
        else:
            distance = np.empty(pairs) if not len(distance) else distance
            _measure(scores.astype(np.float64), norms, full, distance)
            tolerance = full * 4e-15 if tied else 0.5
            constant = rank_distances(distance, keep, chosen, tolerance, ranks[centre])
        if constant:
            return centre
    return -1


@_compiled
def _score(sphere, scores):
    """Fill scores (voxel, volume): the voxels of the sphere below each one minus those above it. True if any tie."""
    n, volumes = sphere.shape
    scores[:] = 0
    for start in range(0, volumes, 128):  # few enough volumes to stay in the nearest cache
        stop = min(volumes, start + 128)
        for a in range(n):
            x, score = sphere[a, start:stop], scores[a, start:stop]
            for b in range(0, n - 3, 4):  # four at a time: one addition in memory for four comparisons
                u, v = sphere[b, start:stop], sphere[b + 1, start:stop]
                _count_below(x, u, v, sphere[b + 2, start:stop], sphere[b + 3, start:stop], score)
            for b in range(n // 4 * 4, n):
                _count_below(x, sphere[b, start:stop], x, x, x, score)
    total = np.zeros(volumes, np.int64)
    for a in range(n):
        for t in range(volumes):
            total[t] += scores[a, t]
    if total.min() == n * (n - 1) // 2:  # without ties every pair of voxels is counted once
        for a in range(n):
            for t in range(volumes):
                scores[a, t] = np.int16(2 * scores[a, t] - (n - 1))
        return False
    for a in range(n):
        for b in range(n):
            for t in range(volumes):
                scores[a, t] -= np.int16(sphere[a, t] < sphere[b, t])
    return True


@_compiled
def _count_below(x, u, v, w, y, score):
    for t in range(len(x)):
        found = np.int16(x[t] > u[t]) + np.int16(x[t] > v[t]) + np.int16(x[t] > w[t]) + np.int16(x[t] > y[t])
        score[t] = np.int16(score[t] + np.int16(found))


@_compiled
def _squared(scores, norms):
    """Fill norms (volume,) with the sums of squares of scores (voxel, volume)."""
    norms[:] = 0
    for v in range(scores.shape[0]):
        for t in range(scores.shape[1]):
            norms[t] += np.int64(scores[v, t]) * np.int64(scores[v, t])


@_compiled
def _encode(scores, full, keep, codes):
    """Fill codes (pair,) with (N - S) / 4 of untied scores (volume, voxel); pairs left out get the last code."""
    volumes, left_out, place = len(scores), np.int32(full // 2 + 1), 0
    offset = np.float32(0.25) * np.float32(full)  # exact, as all that follows
    for start in range(0, volumes, PANEL):
        product = np.dot(scores[start : start + PANEL], scores[start:].T)  # exact: below 2^24
        for i in range(len(product)):
            row, n = product[i, i + 1 :], volumes - start - i - 1
            code, kept = codes[place : place + n], keep[place : place + n]
            for j in range(n):
                code[j] = np.int32(offset - np.float32(0.25) * row[j]) if kept[j] else left_out
            place += n


@_compiled
def _rank_codes(codes, counts, table, chosen, ranks):
    """Rank by counting: pairs of one code share the mean of their places. True if all have one code."""
    left_out = len(counts) - 1
    low, high = np.int32(left_out), np.int32(0)
    for code in codes:
        low = min(low, code)
        high = max(high, code if code < left_out else np.int32(0))
    for code in codes:
        counts[code] += 1
    below, most = -chosen, 0
    for code in range(low, high + 1):
        count = counts[code]
        counts[code] = 0
        table[code] = below + count
        below += 2 * count
        most = max(most, count)
    counts[left_out] = 0
    table[left_out] = 0
    for p in range(len(codes)):
        ranks[p] = table[codes[p]]
    return most == chosen


@_compiled
def _measure(scores, norms, full, distance):
    """Fill distance (pair,) with (N - N rho) / 4 of scores (volume, voxel), ties or not."""
    volumes, place = len(scores), 0
    scale = np.sqrt(full / norms.astype(np.float64))
    for start in range(0, volumes, PANEL):
        product = np.dot(scores[start : start + PANEL], scores[start:].T)
        for i in range(len(product)):
            row, own = product[i, i + 1 :], scale[start + i]
            for j in range(len(row)):
                distance[place + j] = (full - row[j] * (own * scale[start + i + 1 + j])) / 4
            place += len(row)
