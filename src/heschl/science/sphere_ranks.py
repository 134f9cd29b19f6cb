"""Exact ranks of the Spearman distances between all pairs of volumes within a sphere of voxels.

The score s of a voxel in its sphere is the number of voxels below it minus the number above, an integer:
twice its centred mid-rank (heschl.science.sphere_scores). So S = s' s is an exact integer matrix. Without ties
Spearman's rho is S / N, N = (n^3 - n) / 3, and (N - S) / 4 is an integer that orders pairs as 1 - rho does. There are
few such integers, so pairs are ranked without sorting: count each integer, add up the counts, look each pair's up
(heschl.science.code_ranks). A volume with ties has rho = S_ij / sqrt(S_ii S_jj) in double precision; its pairs are
put aside, sorted, and take their places among the counted ones. With many such volumes, in a very large sphere, or
with few pairs to an integer, all are ranked as numbers (heschl.science.pair_ranks).

The products are those of BLAS, or of 8-bit integers where the processor has them (heschl.science.integer_gram).
"""

import numba
import numpy as np

from heschl.science.code_ranks import SHARE, Codes, rank_codes
from heschl.science.integer_gram import MOST_VOXELS, IntegerGram
from heschl.science.pair_ranks import Buckets, rank_distances
from heschl.science.sphere_scores import score_sphere

PANEL = 248  # volumes of one matrix product: what it makes stays in the cache
MOST_LEVELS = 1 << 20  # integers that are counted
ROUNDING = 4e-15  # of N: distances closer than that are equal
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
    counted = full // 2 < min(MOST_LEVELS, 16 * chosen)
    gram = gram if n <= MOST_VOXELS else None
    scores = np.empty((volumes, n), np.int8 if gram else np.float32 if counted else np.float64)
    norms, tied = np.empty(volumes, np.int64), np.empty(volumes, np.int64)
    codes = Codes.room(full // 2 + 1, len(keep)) if counted else None
    distance, buckets = None, None
    for centre, sphere in enumerate(members):
        n_tied = score_sphere(levels, sphere, scores, norms, tied)
        if n_tied and norms.min() == 0:
            return centre
        mostly_counted = counted and n_tied * volumes <= volumes * (volumes - 1) // 2 // SHARE
        if mostly_counted:
            codes.start()
        elif distance is None:
            distance, buckets = np.empty(len(keep)), Buckets.room(len(keep))
        wide = scores if gram or mostly_counted else scores.astype(np.float64)  # large norms, or one for all
        for start in range(0, volumes, PANEL):
            some, others = wide[start : start + PANEL], wide[start:]
            product = gram(some, others) if gram else np.dot(some, others.T)  # exact: below 2^24 where counted
            if mostly_counted:
                _encode(product, start, norms, tied[:n_tied], full, keep, codes, ranks[centre])
            else:
                _measure(product, start, norms, full, distance)
        if mostly_counted:
            constant = rank_codes(codes, chosen, ROUNDING * full, ranks[centre])
        else:
            constant = rank_distances(distance, keep, chosen, ROUNDING * full, buckets, ranks[centre])
        if constant:
            return centre
    return -1


@_compiled
def _encode(product, start, norms, tied, full, keep, found, ranks):
    """Fill ranks with (N - S) / 4, as int32, for the rows of S from `start` on; other pairs get the last code.

    Those are the pairs left out, and those of volumes with ties, which are put aside.

    product : of the scores of volumes from `start` on, a row each, with those from `start` to the last
    """
    codes, values, places, state = ranks.view(np.int32), found.values, found.places, found.state
    left_out, whole, volumes = np.int32(len(found.counts) - 1), np.int32(full), start + product.shape[1]
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
def _measure(product, start, norms, full, distance):
    """Fill distance (pair,) with (N - N rho) / 4 of the rows of S from `start` on, ties or not."""
    volumes = start + product.shape[1]
    scale = np.sqrt(full / norms.astype(np.float64))
    for i in range(len(product)):
        row, own = product[i, i + 1 :], start + i
        place = own * (2 * volumes - own - 1) // 2
        for j in range(len(row)):
            distance[place + j] = (full - row[j] * (scale[own] * scale[own + 1 + j])) / 4
