"""How well any model could do in a group of subjects, sphere by sphere: noise ceilings of RSA.

Subjects differ, so no one matrix of dissimilarities correlates perfectly with all of theirs. Ranks averaged over
subjects come nearest to all at once: their mean Spearman correlation with each subject's is the upper ceiling, a little
too high because that mean holds the subject too; leaving the subject out of it gives the lower one, a little too low
(Nili et al. 2014). A model's mean rho between the two explains as much as can be told from these subjects. Both apply
to the same pairs, and to patterns treated alike. A ceiling says how much subjects share, be it about music or about
the scanner: volumes of one clip share the haemodynamic response, so between-clip pairs give the more honest one.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numba
import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from heschl.science.sphere_rdms import SphereRdms, blocks
from heschl.science.weighted_ranks import mid_ranks

BLOCK_VALUES = 1 << 22  # ranks held by one thread: 32 MB


class Ceilings(NamedTuple):
    """Lower and upper noise ceiling of each centre, (centre,), Spearman; lower is NaN with one subject."""

    lower: np.ndarray
    upper: np.ndarray


def ceilings(
    patterns: Iterable[np.ndarray],
    neighbours: Iterable[np.ndarray],
    pairs: np.ndarray,
    *,
    threads: int | None = None,
    progress: bool = False,
) -> Ceilings:
    """Compute noise ceilings of the dissimilarities of volumes, 1 - Spearman over voxels, in every sphere.

    Parameters
    ----------
    patterns : for each subject an array (volume, voxel); the same volumes in the same order, each its own voxels. May
        be a generator: a subject's patterns are kept as integers only
    neighbours : for each subject an integer array (centre, n); the same centres in the same order
    pairs : boolean array of shape (volume, volume), the pairs that take part (heschl.science.rdm.pair_mask)
    threads : workers, NUMBA_NUM_THREADS by default; the result doesn't depend on it
    progress : show a bar on standard error

    Raises
    ------
    ValueError
        If subjects differ in their volumes or centres, or as heschl.science.sphere_rdms.
    """
    subjects = [SphereRdms(*one, pairs) for one in zip(patterns, neighbours, strict=True)]
    if len({len(one) for one in subjects}) != 1:
        raise ValueError(f"subjects have {[len(one) for one in subjects]} centres; wanted the same centres in all")
    n, n_pairs = len(subjects[0]), len(subjects[0].row)
    lower, upper = np.empty(n), np.empty(n)
    size = int(np.clip(BLOCK_VALUES // (n_pairs * len(subjects)), 1, 64))

    def work(where: slice) -> int:
        ranks = np.stack([one.ranks(where) for one in subjects], 1)
        _block(ranks, lower[where], upper[where])
        return len(ranks)

    threads = threads or numba.config.NUMBA_NUM_THREADS
    bar = tqdm(total=n, unit="centre", desc="noise ceilings", disable=not progress, mininterval=2)
    with bar, threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        for done in pool.map(work, blocks(n, size)):
            bar.update(done)
    return Ceilings(lower, upper)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _block(ranks, lower, upper):
    """Fill both ceilings (centre,) of ranks (centre, subject, pair): twice centred mid-ranks, integers."""
    centres, subjects, pairs = ranks.shape
    largest = subjects * (pairs - 1)  # no sum of ranks exceeds it
    counts = np.zeros(2 * largest + 1, np.int32)
    codes, mean, total = np.empty(pairs, np.int64), np.empty(pairs), np.empty(pairs)
    items, once = np.arange(pairs), np.ones(pairs, np.int64)
    for c in range(centres):
        lower[c] = upper[c] = 0
        total[:] = 0
        for s in range(subjects):
            total += ranks[c, s]
        for s in range(subjects):
            for p in range(pairs):
                codes[p] = np.int64(total[p] - ranks[c, s, p]) + largest
            mid_ranks(codes, items, once, counts, mean)
            lower[c] += _correlation(ranks[c, s], mean) / subjects
        for p in range(pairs):
            codes[p] = np.int64(total[p]) + largest
        mid_ranks(codes, items, once, counts, mean)
        for s in range(subjects):
            upper[c] += _correlation(ranks[c, s], mean) / subjects


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _correlation(x, y):
    """Return the correlation of two centred arrays; NaN where one is constant."""
    xx, yy, xy = 0.0, 0.0, 0.0
    for k in range(len(x)):
        xx += x[k] * x[k]
        yy += y[k] * y[k]
        xy += x[k] * y[k]
    return xy / np.sqrt(xx * yy) if xx * yy > 0 else np.nan
