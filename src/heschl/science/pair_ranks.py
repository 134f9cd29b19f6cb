"""Mid-ranks of many distances at once, where numbers that differ by rounding alone count as equal."""

import numba
import numpy as np

SHORT = 48  # most numbers of one bucket that are put in order one by one
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
    value, index, k = np.empty(chosen), np.empty(chosen, np.int32), 0
    for p in range(len(distance)):
        if keep[p]:
            value[k], index[k] = distance[p], p
            k += 1
    value, index = order_distances(value, index)
    _rank_ordered(value, index, tolerance, ranks)
    return False


@_compiled
def order_distances(distance, index):
    """Return distances (k,) float64 in ascending order, and what goes with them, index (k,)."""
    n = len(distance)
    value, place, start = np.empty(n), np.empty(n, index.dtype), np.zeros(n + 2, np.int32)
    if n == 0:
        return value, place
    low, high = distance.min(), distance.max()
    scale = n / (high - low) if high > low else 0.0
    for p in range(n):
        start[np.int64((distance[p] - low) * scale) + 1] += 1
    for bucket in range(n + 1):
        start[bucket + 1] += start[bucket]
    for p in range(n):
        bucket = np.int64((distance[p] - low) * scale)
        value[start[bucket]], place[start[bucket]] = distance[p], index[p]
        start[bucket] += 1
    first = 0
    for bucket in range(n + 1):  # start has moved to where the next bucket begins
        if start[bucket] - first > SHORT:
            order = np.argsort(value[first : start[bucket]])
            value[first : start[bucket]] = value[first : start[bucket]][order]
            place[first : start[bucket]] = place[first : start[bucket]][order]
        first = start[bucket]
    for k in range(1, n):  # what is left out of order is so within its bucket
        v, p, at = value[k], place[k], k
        while at > 0 and value[at - 1] > v:
            value[at], place[at] = value[at - 1], place[at - 1]
            at -= 1
        value[at], place[at] = v, p
    return value, place


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
