"""Would other clips tell the same? Bootstrap of RSA over clips, for chosen centres.

A resample draws as many clips as there are, with replacement, and ranks the pairs of volumes anew. A pair of two clips
counts as often as it comes up: the product of how often each was drawn. A clip paired with its own copy is alike by
construction and is left out (Nili et al. 2014; rsatoolbox leaves out single patterns paired with their copies). A
clip's own pairs, where within-clip pairs are compared at all, count once for each copy.

Subjects are fixed, and hear the same resample when given the same draws: average rho over subjects and centres first,
then take the interval. With few clips intervals are rough: 16 clips have 120 pairs, and a resample holds about 10 of
the clips. Resamples of fewer than 3 different clips are drawn again.
"""

from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np
from threadpoolctl import threadpool_limits

from heschl.science.sphere_rdms import SphereRdms, blocks, chosen_pairs, model_ranks
from heschl.science.weighted_ranks import correlations, dense

LEVEL = 0.95
FEWEST = 3  # different clips
BLOCK_VALUES = 1 << 24  # ranks held at once: 128 MB, and half as many as codes


def clip_draws(n_clips: int, n: int, seed: int) -> np.ndarray:
    """Draw n resamples: how often each clip comes, integers (resample, clip); rows sum to n_clips.

    Raises
    ------
    ValueError
        If there are fewer than 3 clips.
    """
    if n_clips < FEWEST:
        raise ValueError(f"{n_clips} clips; wanted {FEWEST} at least for a bootstrap over clips")
    rng, found = np.random.default_rng([seed, 7]), np.zeros((n, n_clips), np.int64)
    while (few := np.count_nonzero(found, axis=1) < FEWEST).any():
        found[few] = rng.multinomial(n_clips, np.full(n_clips, 1 / n_clips), few.sum())
    return found


def bootstrap_rho(
    patterns: np.ndarray,
    models: np.ndarray,
    neighbours: np.ndarray,
    *,
    pairs: np.ndarray,
    clip: np.ndarray,
    draws: np.ndarray,
    threads: int | None = None,
) -> np.ndarray:
    """Return rho (resample, centre, model) of resamples of the clips, as heschl.science.searchlight defines it.

    Parameters
    ----------
    patterns : array of shape (volume, voxel), any unit
    models : array of shape (model, volume, volume), symmetric dissimilarities
    neighbours : integer array of shape (centre, n), the voxels of the chosen spheres
    pairs : boolean array of shape (volume, volume), the pairs compared (heschl.science.rdm.pair_mask)
    clip : array of shape (volume,), names
    draws : integer array of shape (resample, clip) by `clip_draws`; clips in the order of their sorted names
    threads : workers, NUMBA_NUM_THREADS by default; the result doesn't depend on it

    Returns
    -------
    array of shape (resample, centre, model); NaN where a sphere or a model is constant in a resample

    Raises
    ------
    ValueError
        If draws have another number of clips; as heschl.science.sphere_rdms.
    """
    names, index = np.unique(np.asarray(clip), return_inverse=True)
    if draws.ndim != 2 or draws.shape[1] != len(names):
        raise ValueError(f"draws have shape {draws.shape}; wanted (resample, {len(names)}), one for each clip")
    spheres = SphereRdms(patterns, neighbours, pairs)
    row, column = chosen_pairs(pairs)
    codes = dense(model_ranks(models, pairs))
    found = np.empty((len(draws), len(spheres), len(models)))
    with threadpool_limits(1), ThreadPoolExecutor(threads or numba.config.NUMBA_NUM_THREADS) as pool:
        for where in blocks(len(spheres), max(1, BLOCK_VALUES // len(row))):
            own = (spheres.ranks(where).astype(np.int32) + len(row)) // 2  # from 0; no two ranks become equal

            def work(n: int, own: np.ndarray = own, where: slice = where) -> None:
                items, weights = _weights(draws[n][index], index, row, column)
                correlations(own, codes, items, weights, found[n, where])

            list(pool.map(work, range(len(draws))))
    return found


def interval(values: np.ndarray, level: float = LEVEL) -> np.ndarray:
    """Return the percentile interval (2, ...), low and high, of values (resample, ...); NaN is left out."""
    return np.nanquantile(values, [(1 - level) / 2, (1 + level) / 2], axis=0)


def _weights(times: np.ndarray, clip: np.ndarray, row: np.ndarray, column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pairs that a resample holds, and how often it holds each.

    Parameters
    ----------
    times : integer array of shape (volume,), how often its clip was drawn
    clip : integer array of shape (volume,)
    row, column : arrays of shape (pair,), volumes
    """
    own = clip[row] == clip[column]
    weights = np.where(own, times[row], times[row] * times[column])
    items = np.flatnonzero(weights)
    return items, weights[items]
