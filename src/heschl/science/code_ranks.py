"""Mid-ranks of pairs by counting: each pair has a code, an integer that orders it, or is put aside as a number.

There are few codes, so nothing is sorted but what was put aside: count each code, add up the counts, look each pair's
up. Where no code is frequent and nothing was put aside, counts are bytes (heschl.science.byte_counts): a quarter of
the memory to go through. Codes lie where their ranks will, so that little memory stays in the cache.
"""

from typing import NamedTuple

import numba
import numpy as np

from heschl.science.byte_counts import add_counts, looked_up, run_up
from heschl.science.pair_ranks import order_distances

SHARE = 3  # of all pairs, one in so many may be put aside
_compiled = numba.njit(cache=True, nogil=True, error_model="numpy")


class Codes(NamedTuple):
    """What is known of the codes of one centre, and room to count them.

    counts : int32 (code,), 0 between centres; the last code is that of pairs that have none
    words, ahead : uint64 and int32 (word,), of bytes, 0 between centres
    values, places : what was put aside, and the pairs it belongs to
    state : int64, how many were put aside, the least and the largest code, and 1 once bytes were too small
    """

    counts: np.ndarray
    words: np.ndarray
    ahead: np.ndarray
    values: np.ndarray
    places: np.ndarray
    state: np.ndarray

    @classmethod
    def room(cls, n_codes: int, n_pairs: int) -> "Codes":
        """Return it for codes up to n_codes - 1."""
        last, apart = (n_codes + 7) // 8, n_pairs // SHARE + 1  # pairs without a code have a word of their own
        room = np.zeros(8 * last + 1, np.int32), np.zeros(last + 1, np.uint64), np.zeros(last + 1, np.int32)
        return cls(*room, np.empty(apart), np.empty(apart, np.int32), np.zeros(4, np.int64))

    def start(self) -> None:
        """Make it ready for the next centre."""
        self.state[:3] = 0, len(self.counts), 0


@_compiled
def rank_codes(found, chosen, tolerance, ranks):
    """Rank the chosen pairs.

    Parameters
    ----------
    found : Codes
    chosen : how many pairs have a code or were put aside
    tolerance : numbers closer than it to one another, or to a code, are equal
    ranks : float32 array of shape (pair,), the bytes of int32 codes; filled with twice the centred mid-ranks, 0 for
        pairs left out

    Returns
    -------
    bool
        True if all chosen pairs are equal.
    """
    codes, low, high = ranks.view(np.int32), found.state[1], found.state[2]
    if found.state[0] == 0 and found.state[3] == 0 and chosen > 255:
        if _rank_by_bytes(codes, found, chosen, low, high, ranks):
            return False
        found.state[3] = 1
    counts, given, apart = found.counts, found.values, found.state[0]
    values, places = order_distances(given[:apart], found.places[:apart])
    for code in codes:
        counts[np.uint64(code)] += 1
    table = counts.view(np.float32)
    below, most, k = np.int64(-chosen), np.int64(0), 0
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
        ranks[p] = table[np.uint64(codes[p])]
    counts[low : high + 1] = 0
    for k in range(apart):
        ranks[places[k]] = given[k]
    return most == chosen


@_compiled
def _rank_by_bytes(codes, found, chosen, low, high, ranks):
    """Do it if no code is too frequent, and return True; all chosen pairs, more than 255, aren't equal then."""
    words, ahead, counts = found.words, found.ahead, found.words.view(np.uint8)
    add_counts(codes, counts)
    words[-1] = 0  # of pairs left out
    fit = run_up(words, low >> 3, (high >> 3) + 1, -chosen, ahead) == chosen
    if fit:
        for p in range(len(codes)):
            ranks[p] = looked_up(codes[p], counts, ahead)
    words[low >> 3 : (high >> 3) + 1] = 0
    return fit


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
