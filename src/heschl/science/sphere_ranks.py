"""Exact ranks of the Spearman distances between all pairs of volumes within a sphere of voxels.

The score s of a voxel in its sphere is the number of voxels below it minus the number above, an integer:
twice its centred mid-rank (heschl.science.sphere_scores). So S = s' s is an exact integer matrix. Without ties
Spearman's rho is S / N, N = (n^3 - n) / 3, and (N - S) / 4 is an integer that orders pairs as 1 - rho does. There are
few such integers, so pairs are ranked without sorting: count each integer, add up the counts, look each pair's up. A
volume with ties has rho = S_ij / sqrt(S_ii S_jj) in double precision; its pairs are sorted (heschl.science.pair_ranks)
and take their places among the counted ones. With many such volumes, in a very large sphere, or with few pairs to a
integer, all are sorted.

The products are those of BLAS, or of 8-bit integers where the processor has them (heschl.science.integer_gram).
"""

import numba
import numpy as np

from heschl.science.integer_gram import MOST_VOXELS, IntegerGram
from heschl.science.pair_ranks import order_distances, rank_distances
from heschl.science.sphere_scores import score_sphere

PANEL = 124  # volumes of one matrix product: their scores and products stay in the cache
MOST_LEVELS = 1 << 20  # integers that are counted; larger spheres are sorted
SHARE = 3  # of all pairs, one in so many may be sorted apart from those that are counted
_compiled = numba.njit(cache=True, nogil=True, error_model="numpy")


def rank_spheres(
    levels: np.ndarray, members: np.ndarray, keep: np.ndarray, ranks: np.ndarray, gram: IntegerGram | None = None
) -> int:
    """Fill ranks with twice the centred mid-ranks of the distances of all chosen pairs, for every centre.

    Parameters
    ----------
    levels : integer array of shape (voxel, volume), in the order of the values of each volume
    members : int32 array of shape (centre, n), voxels
    keep : boolean array of shape (pair,), in the order of numpy.triu_indices(volume, 1): which ones are ranked
    ranks : float32 array of shape (centre, pair), filled; 0 for pairs that aren't chosen
    gram : makes the products; None for BLAS

    Returns
    -------
    int
        The first centre where a volume, or all distances, are constant; -1 if none.
    """
    n, volumes = members.shape[1], levels.shape[1]
    full, chosen = (n**3 - n) // 3, int(keep.sum())
    levels_counted = full // 2 + 2 if full // 2 < min(MOST_LEVELS, 16 * chosen) else 1
    if gram is None or levels_counted == 1 or n > MOST_VOXELS:
        return _rank_by_blas(levels, members, keep, ranks, levels_counted, chosen)
    scores, norms, tied = np.empty((volumes, n), np.int8), np.empty(volumes, np.int64), np.empty(volumes, np.int64)
    found = _room(keep, levels_counted)
    for centre, sphere in enumerate(members):
        n_tied = score_sphere(levels, sphere, scores, norms, tied)
        product = gram(scores)
        if _rank_product(product, norms, tied[:n_tied], full, keep, chosen, found, ranks[centre]):
            return centre
    return -1


@_compiled
def _rank_by_blas(levels, members, keep, ranks, levels_counted, chosen):
    """Do the work of `rank_spheres` with products in panels of float32, or of float64 where nothing is counted."""
    n, volumes = members.shape[1], levels.shape[1]
    full = (n * n * n - n) // 3
    scores, norms, tied = np.empty((volumes, n), np.float32), np.empty(volumes, np.int64), np.empty(volumes, np.int64)
    found, distance = _room(keep, levels_counted), np.empty(0)
    for centre in range(len(members)):
        n_tied = score_sphere(levels, members[centre], scores, norms, tied)
        if norms.min() == 0:
            return centre
        if _mostly_counted(n_tied, volumes, levels_counted):
            _start(found)
            for start in range(0, volumes, PANEL):
                product = np.dot(scores[start : start + PANEL], scores[start:].T)  # exact: below 2^24
                _encode(product, start, norms, tied[:n_tied], full, keep, found, ranks[centre])
            constant = _rank_codes(found, full, chosen, ranks[centre])
        else:
            distance = np.empty(len(keep)) if not len(distance) else distance
            double = scores.astype(np.float64)
            for start in range(0, volumes, PANEL):
                _measure(np.dot(double[start : start + PANEL], double[start:].T), start, norms, full, distance)
            tolerance = full * 4e-15 if n_tied else 0.5
            constant = rank_distances(distance, keep, chosen, tolerance, ranks[centre])
        if constant:
            return centre
    return -1


@_compiled
def _rank_product(product, norms, tied, full, keep, chosen, found, ranks):
    """Rank the pairs of one centre by the products of their scores (volume, volume). True if anything is constant."""
    if norms.min() == 0:
        return True
    if _mostly_counted(len(tied), len(norms), len(found[0])):
        _start(found)
        _encode(product, 0, norms, tied, full, keep, found, ranks)
        return _rank_codes(found, full, chosen, ranks)
    distance = np.empty(len(keep))
    _measure(product, 0, norms, full, distance)
    return rank_distances(distance, keep, chosen, full * 4e-15, ranks)


@_compiled
def _room(keep, n_counts):
    """Return what a centre needs: counts (code,), pairs to be sorted and where they belong, and three numbers.

    Those are how many pairs are to be sorted, and bounds of the codes. Codes lie where their ranks will, and these
    where their counts were: so little memory stays in the cache.
    """
    apart = np.empty(len(keep) // SHARE + 1)
    return np.zeros(n_counts, np.int32), apart, np.empty(len(apart), np.int32), np.zeros(3, np.int64)


@_compiled
def _mostly_counted(n_tied, volumes, n_counts):
    return n_counts > 1 and n_tied * volumes <= volumes * (volumes - 1) // 2 // SHARE


@_compiled
def _start(found):
    found[3][0], found[3][1], found[3][2] = 0, len(found[0]), 0


@_compiled
def _encode(product, start, norms, tied, full, keep, found, ranks):
    """Fill ranks with (N - S) / 4, as int32, for the rows of S from `start` on; other pairs get the last code.

    Those are the pairs left out, and those to be sorted, which are put aside.

    product : of the scores of volumes from `start` on, a row each, with those from `start` to the last
    """
    codes, values, places, state = ranks.view(np.int32), found[1], found[2], found[3]
    left_out, whole, volumes = np.int32(full // 2 + 1), np.int32(full), start + product.shape[1]
    low, high, apart = np.int32(state[1]), np.int32(state[2]), state[0]
    for i in range(len(product)):
        own = start + i
        row, place = product[i, i + 1 :], own * (2 * volumes - own - 1) // 2
        code, kept = codes[place : place + len(row)], keep[place : place + len(row)]
        for j in range(len(row)):
            one = (whole - np.int32(row[j])) >> 2
            low = min(low, one)
            high = max(high, one)
            code[j] = one if kept[j] else left_out
        if norms[own] < full:
            for j in range(len(row)):
                if kept[j]:
                    values[apart] = _distance(row[j], norms[own], norms[own + 1 + j], full)
                    places[apart], code[j] = place + j, left_out
                    apart += 1
            continue
        for other in tied:
            j = other - own - 1
            if j >= 0 and kept[j]:
                values[apart] = _distance(row[j], norms[own], norms[other], full)
                places[apart], code[j] = place + j, left_out
                apart += 1
    state[0], state[1], state[2] = apart, low, high


@_compiled
def _distance(product, own, other, full):
    """Return (N - N rho) / 4, which for untied volumes is a code; the same bits whichever volume is first."""
    return (full - product * (np.sqrt(full / own) * np.sqrt(full / other))) / 4


@_compiled
def _rank_codes(found, full, chosen, ranks):
    """Rank by counting: pairs of one code share the mean of their places. True if all are equal."""
    codes, counts, given = ranks.view(np.int32), found[0], found[1]
    apart, low, high, table = found[3][0], found[3][1], found[3][2], counts.view(np.float32)
    values, places = order_distances(given[:apart], found[2][:apart])
    for code in codes:
        counts[code] += 1
    below, most, k, tolerance = np.int64(-chosen), np.int64(0), 0, full * 4e-15
    stop = np.int64(np.ceil(values[0] - tolerance)) if apart else high + 1
    for code in range(low, high + 1):
        if code >= stop:
            below, most, k = _place(values, k, code - tolerance, tolerance, below, most, given)
        count, first = np.int64(counts[code]), k
        if code >= stop:
            while k < apart and values[k] <= code + tolerance:
                k += 1
            count += k - first
            given[first:k] = below + count
            stop = np.int64(np.ceil(values[k] - tolerance)) if k < apart else high + 1
        table[code] = below + count
        below += 2 * count
        most = max(most, count)
    below, most, k = _place(values, k, np.inf, tolerance, below, most, given)
    counts[-1] = 0  # of pairs left out; as float32 it is 0 as well
    for p in range(len(codes)):
        ranks[p] = table[codes[p]]
    counts[low : high + 1] = 0
    for k in range(apart):
        ranks[places[k]] = given[k]
    return most == chosen


@_compiled
def _place(values, k, limit, tolerance, below, most, given):
    """Give sorted values from the k-th to a limit their ranks; return what is below the next, the most alike, its k."""
    while k < len(values) and values[k] < limit:
        last = k + 1
        while last < len(values) and values[last] < limit and values[last] - values[last - 1] < tolerance:
            last += 1
        given[k:last] = below + last - k
        below += 2 * (last - k)
        most = max(most, last - k)
        k = last
    return below, most, k


@_compiled
def _measure(product, start, norms, full, distance):
    """Fill distance (pair,) with (N - N rho) / 4 of the rows of S from `start` on, ties or not."""
    volumes = start + product.shape[1]
    scale = np.sqrt(full / norms.astype(np.float64))
    for i in range(len(product)):
        row, own = product[i, i + 1 :], start + i
        place = own * (2 * volumes - own - 1) // 2
        for j in range(len(row)):
            distance[place + j] = (full - row[j] * (scale[own] * scale[own + 1 + j])) / 4
