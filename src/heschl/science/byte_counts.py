"""Counts of one byte each, and their sums from the first on: eight of them by one multiplication.

In a word of eight bytes, times 0x0101010101010101, each byte is the sum of those up to it, unless one exceeds 255. So
what comes before each of many thousand codes is found with two small tables: what comes before its word, and within.
"""

import numba
import numpy as np

ONES = np.uint64(0x0101010101010101)
SHARED, HIGH = np.uint64(126) * ONES, np.uint64(128) * ONES  # a byte of two or more gets the high bit by adding 126
_compiled = numba.njit(cache=True, nogil=True, error_model="numpy")


@_compiled
def run_up(words, first, last, start, ahead, mark=False):
    """Turn counts into what mid-ranks are made of; that of a code is ahead[code // 8] + its byte.

    This is start, twice the counts of all codes below it, and its own count once: if start is minus the number of
    all, twice its centred mid-rank.

    Parameters
    ----------
    words : uint64 array of shape (word,), eight counts each; those from first to last - 1 are replaced
    ahead : int32 array of shape (word,), filled
    mark : set the high bit of bytes whose count is two or more

    Returns
    -------
    int
        How many were counted. Fewer than there were if a byte has run over; -1 if some eight counts exceed 127, or 63
        where they are marked, which don't fit: then what is found is of no use.
    """
    total, most, added = np.int64(start), np.uint64(0), SHARED if mark else np.uint64(0)
    for w in range(first, last):
        sums = words[w] * ONES
        most |= sums
        ahead[w] = total
        total += 2 * np.int64(sums >> np.uint64(56))
        words[w] = (sums + sums - words[w]) | ((words[w] + added) & HIGH)
    return -1 if most >> np.uint64(56) > np.uint64(63 if mark else 127) else (total - start) // 2


@_compiled
def add_counts(codes, counts):
    """Count int32 codes, none negative, in bytes; a byte runs over at 256."""
    for code in codes:
        counts[np.uint64(code)] += np.uint8(1)  # of an index without a sign none is checked for one


@_compiled
def looked_up(code, counts, ahead):
    """Return what `run_up` found for a code; counts are the bytes of its words, uint8, without marks."""
    code = np.uint64(code)
    return ahead[code >> np.uint64(3)] + np.int32(counts[code])
