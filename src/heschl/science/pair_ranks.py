"""Mid-ranks of many distances at once, where numbers that differ by rounding alone count as equal."""

import numba
import numpy as np

SHORT = 48  # numbers of one bucket that are put in order one by one
_compiled = numba.njit(cache=True, nogil=True, error_model="numpy")


@_compiled
def rank_distances(distance, keep, chosen, tolerance, ranks):
    """Fill ranks with twice the centred mid-ranks of the chosen distances; neighbours within tolerance are equal.

    They are dealt into about as many equal buckets as there are distances and put in order within each, which takes
    a time in proportion to their number unless most are nearly alike.

    Parameters
    ----------
    distance : float64 array of shape (pair,), finite where chosen
    keep : boolean array of shape (pair,); chosen : how many are true, 1 at least
    tolerance : a gap below it, from one to the next in order, makes them equal
    ranks : float32 array of shape (pair,), filled; 0 for pairs left out

    Returns
    -------
    bool
        True if all chosen distances are equal.
    """
    low, high = np.inf, -np.inf
    for p in range(len(distance)):
        if keep[p]:
            low = min(low, distance[p])
            high = max(high, distance[p])
        else:
            ranks[p] = 0
    if not high - low >= tolerance:
        return True
    value, index, start = np.empty(chosen), np.empty(chosen, np.int32), np.zeros(chosen + 2, np.int32)
    scale = chosen / (high - low)
    for p in range(len(distance)):
        if keep[p]:
            start[np.int64((distance[p] - low) * scale) + 1] += 1
    for bucket in range(chosen + 1):
        start[bucket + 1] += start[bucket]
    for p in range(len(distance)):
        if keep[p]:
            bucket = np.int64((distance[p] - low) * scale)
            value[start[bucket]], index[start[bucket]] = distance[p], p
            start[bucket] += 1
    first = 0
    for bucket in range(chosen + 1):  # start has moved to where the next bucket begins
        _order(value[first : start[bucket]], index[first : start[bucket]])
        first = start[bucket]
    _rank_ordered(value, index, tolerance, ranks)
    return False


@_compiled
def _order(value, index):
    """Sort a bucket in place."""
    n = len(value)
    if n > SHORT:
        order = np.argsort(value)
        value[:], index[:] = value[order], index[order]
        return
    for k in range(1, n):
        v, p, at = value[k], index[k], k
        while at > 0 and value[at - 1] > v:
            value[at], index[at] = value[at - 1], index[at - 1]
            at -= 1
        value[at], index[at] = v, p


@_compiled
def _rank_ordered(value, index, tolerance, ranks):
    n, first = len(value), 0
    while first < n:
        last = first + 1
        while last < n and value[last] - value[last - 1] < tolerance:
            last += 1
        for k in range(first, last):
            ranks[index[k]] = first + last - n
        first = last
