"""Mid-ranks of many distances at once, where numbers that differ by rounding alone count as equal.

Distances are dealt into several times as many equal buckets as there are of them, which are counted in bytes
(heschl.science.byte_counts). One alone in its bucket has its rank; those few that share one are compared with one
another. Where many are nearly alike, or some are so near the edge of a bucket that an equal one may lie beyond it,
all are put in order.
"""

from typing import NamedTuple

import numba
import numpy as np

from heschl.science.byte_counts import add_counts, run_up

SHORT = 48  # most numbers of one bucket that are put in order one by one
LEAST, MOST = np.iinfo(np.int64).min, np.iinfo(np.int64).max
_compiled = numba.njit(cache=True, nogil=True, error_model="numpy")


class Buckets(NamedTuple):
    """Room to rank distances.

    words, counts, ahead : uint64, uint64 and int32 (word,), of bytes; words are 0 between calls
    slots : int32 (pair,), of pairs in the order of their buckets, 0 between calls
    shared : int32 (2, pair + 1), pairs that aren't alone and their buckets
    """

    words: np.ndarray
    counts: np.ndarray
    ahead: np.ndarray
    slots: np.ndarray
    shared: np.ndarray

    @classmethod
    def room(cls, n_pairs: int, each: int = 6) -> "Buckets":
        """Return it for n_pairs distances, with so many buckets for each."""
        words = each * n_pairs // 8 + 2  # the last is of pairs that are left out
        found = np.zeros(words, np.uint64), np.empty(words, np.uint64), np.zeros(words, np.int32)
        return cls(*found, np.zeros(n_pairs, np.int32), np.empty((2, n_pairs + 1), np.int32))


@_compiled
def rank_distances(distance, keep, chosen, tolerance, buckets, ranks):
    """Fill ranks with twice the centred mid-ranks of the chosen distances; those within tolerance are equal.

    Tolerance is meant for rounding errors, far smaller than any true gap: of three distances, each within it of the
    next but not the first of the last, it isn't said whether the outer two are equal.

    Parameters
    ----------
    distance : float64 array of shape (pair,), finite where chosen
    keep : boolean array of shape (pair,); chosen : how many are true, 1 at least
    tolerance : a gap below it makes them equal
    buckets : Buckets of so many pairs
    ranks : float32 array of shape (pair,), filled; 0 for pairs left out

    Returns
    -------
    bool
        True if all chosen distances are equal.
    """
    low, high = _bounds(distance, keep)
    if not high - low >= tolerance:
        return True
    if chosen > 255 and _rank_by_buckets(distance, keep, chosen, tolerance, low, high, buckets, ranks):
        return False
    value, index, k = np.empty(chosen), np.empty(chosen, np.int32), 0
    for p in range(len(distance)):
        ranks[p] = 0
        if keep[p]:
            value[k], index[k] = distance[p], p
            k += 1
    value, index = order_distances(value, index)
    return _rank_ordered(value, index, tolerance, ranks)


@_compiled
def _bounds(distance, keep):
    """Return the smallest and the largest chosen distance, as integers in their order: several at once."""
    bits, low, high = distance.view(np.int64), MOST, LEAST
    for p in range(len(bits)):
        ordered = bits[p] ^ ((bits[p] >> 63) & MOST)
        low = min(low, ordered if keep[p] else MOST)
        high = max(high, ordered if keep[p] else LEAST)
    found = np.array([low, high])
    found ^= (found >> 63) & MOST
    return found.view(np.float64)


@_compiled
def _rank_by_buckets(distance, keep, chosen, tolerance, low, high, buckets, ranks):
    """Do it if no bucket has too many distances, and none is near the edge of one; return whether it was done."""
    words, counts, codes = buckets.words, buckets.words.view(np.uint8), ranks.view(np.int32)
    left_out, near = np.int32(len(counts) - 1), 0
    scale = (len(counts) - 10) / (high - low)  # not in the last word, and half a bucket from either end
    if not 0 < scale < np.inf:  # of numbers that are too large, or too small, to be subtracted
        return False
    edge = tolerance * scale
    for p in range(len(distance)):
        place = ((distance[p] if keep[p] else low) - low) * scale + 0.5
        code = np.int32(place)
        near |= (place - code < edge) | (place - code > 1 - edge)
        codes[p] = code if keep[p] else left_out
    if near:
        return False
    add_counts(codes, counts)
    words[-1] = 0
    buckets.counts[:] = words
    done = run_up(words, 0, len(words) - 1, -chosen, buckets.ahead, True) == chosen
    if done:
        _look_up(distance, chosen, tolerance, buckets, ranks)
    words[:] = 0
    return done


@_compiled
def _look_up(distance, chosen, tolerance, buckets, ranks):
    """Turn buckets, as int32, to ranks. One that isn't alone meets those of its bucket that came before it.

    Who is alone can't be foreseen, so each is written down as if it weren't, and the next one over it if it is.
    """
    codes, found, counts = ranks.view(np.int32), buckets.words.view(np.uint8), buckets.counts.view(np.uint8)
    which, bucket, slots, k = buckets.shared[0], buckets.shared[1], buckets.slots, np.uint64(0)
    for p in range(len(codes)):
        code = np.uint64(codes[p])
        byte = np.uint64(found[code])
        which[k], bucket[k] = p, codes[p]
        k += byte >> np.uint64(7)
        ranks[p] = buckets.ahead[code >> np.uint64(3)] + np.int32(byte & np.uint64(127))
    for i in range(k):
        p, among = np.uint64(which[i]), np.int32(counts[np.uint64(bucket[i])])
        rank = np.int32(ranks[p]) - among + 1  # of the smallest there
        at = np.uint64((rank + chosen) >> 1)
        while slots[at]:
            other = np.uint64(slots[at] - 1)
            gap = distance[p] - distance[other]
            above = np.int32(gap >= tolerance) + np.int32(gap > -tolerance)
            rank += above
            ranks[other] += 2 - above
            at += np.uint64(1)
        slots[at], ranks[p] = which[i] + 1, rank
    slots[:] = 0


@_compiled
def order_distances(distance, index):
    """Return distances (k,) float64, no NaN, in ascending order, and what goes with them, index (k,)."""
    n, buckets = len(distance), 2 * len(distance)
    value, place, start = np.empty(n), np.empty(n, index.dtype), np.zeros(buckets + 2, np.int32)
    if n == 0:
        return value, place
    low, high = distance.min(), distance.max()
    scale = buckets / (high - low) if high > low else 0.0
    if not (scale < np.inf and high - low < np.inf):  # numbers too large, or too near, to be subtracted
        order = np.argsort(distance)
        return distance[order], index[order]
    for p in range(n):
        start[np.uint64((distance[p] - low) * scale) + np.uint64(1)] += 1
    for bucket in range(buckets + 1):
        start[bucket + 1] += start[bucket]
    for p in range(n):
        bucket = np.uint64((distance[p] - low) * scale)
        at = np.uint64(start[bucket])
        value[at], place[at] = distance[p], index[p]
        start[bucket] += 1
    first = 0
    for bucket in range(buckets + 1):  # start has moved to where the next bucket begins
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
def number_distances(distance, first, numbers):
    """Fill numbers (k,) with integers from first on, ordered as distances (k,) without NaN, equal where those are."""
    value, place = order_distances(distance, np.arange(len(distance)))
    number = first
    for k in range(len(value)):
        number += k > 0 and value[k] > value[k - 1]
        numbers[place[k]] = number


@_compiled
def _rank_ordered(value, index, tolerance, ranks):
    """Rank distances that are in order; return True if all are equal."""
    n, first, last = len(value), 0, 0
    while last < n:
        first = last
        last += 1
        while last < n and value[last] - value[last - 1] < tolerance:
            last += 1
        for k in range(first, last):
            ranks[index[k]] = first + last - n
    return first == 0
