"""How sure are we of a mean over listeners and clips: intervals and paired tests (science.md (e) 9).

Listeners and clips are crossed: everyone heard the same clips. So a resample draws listeners, and clips that
are the same for all of them. The distractors of an identification stay as they were. Intervals are
percentiles; with three listeners such an interval is too narrow to speak for a population.
"""

import numpy as np

LEVEL = 0.95


def interval(values: np.ndarray, n: int, seed: int, level: float = LEVEL) -> np.ndarray:
    """Return the percentile interval (low, high) of the mean of values (sub, clip).

    NaN is left out. One listener is resampled over clips only.

    Parameters
    ----------
    n : resamples, 1000 at least

    Raises
    ------
    ValueError
        If n is below 1000.
    """
    known = _known(values, n)
    if not known.any():
        return np.full(2, np.nan)
    rng = np.random.default_rng([seed, 0])
    subs, clips = (_draws(rng, n, size) for size in values.shape)
    total = np.einsum("ns,sc,nc->n", subs, np.where(known, values, 0), clips, optimize=True)
    weight = np.einsum("ns,sc,nc->n", subs, known.astype(float), clips, optimize=True)
    means = total[weight > 0] / weight[weight > 0]
    return np.quantile(means, [(1 - level) / 2, (1 + level) / 2])


def grouped_interval(
    values: np.ndarray, group: np.ndarray, n: int, seed: int, level: float = LEVEL
) -> tuple[float, float]:
    """Return the percentile interval (low, high) of the mean of values; whole groups are drawn.

    Clips of a track are right or wrong together, so the number of tracks counts. With a dozen of them the interval
    is too narrow to speak for all music. NaN is left out.

    Parameters
    ----------
    values : such as 1 for right and 0 for wrong, (clip,)
    group : label of each clip, such as its track, (clip,)
    n : resamples, 1000 at least

    Raises
    ------
    ValueError
        If n is below 1000.
    """
    known = _known(values, n)
    if not known.any():
        return float("nan"), float("nan")
    member = np.unique(group[known], return_inverse=True)[1]
    clips, sums = np.bincount(member), np.bincount(member, np.asarray(values, float)[known])
    drawn = _draws(np.random.default_rng([seed, 2]), n, len(clips))
    low, high = np.quantile(drawn @ sums / (drawn @ clips), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def paired_p(first: np.ndarray, second: np.ndarray, n: int, seed: int) -> float:
    """Two-sided p of the mean difference of two methods on identical listeners and clips, (sub, clip) each.

    The sign of a clip's difference is flipped in all listeners at once, so their dependence is kept; the
    observed signs count as one of n + 1. Pairs with a NaN are left out; NaN if none is left.
    """
    difference = first - second
    known = np.isfinite(difference).any(0)
    if not known.any():
        return float("nan")
    by_clip = np.nanmean(difference[:, known], 0)
    signs = np.random.default_rng([seed, 1]).choice([-1.0, 1.0], (n, len(by_clip)))
    reached = np.abs(signs @ by_clip) >= abs(by_clip.sum()) - 1e-9
    return float((1 + reached.sum()) / (1 + n))


def permutation_p(observed: float, null: np.ndarray) -> float:
    """Right-tailed p = (1 + #{null >= observed}) / (1 + #null) (Phipson & Smyth 2010).

    NaN without permutations, or if any value is NaN: it would count as exceeded.
    """
    if not len(null) or np.isnan(observed) or np.isnan(null).any():
        return float("nan")
    return float((1 + (null >= observed - 1e-12).sum()) / (1 + len(null)))


def _known(values: np.ndarray, n: int) -> np.ndarray:
    """Tell which values count, if n resamples are enough."""
    if n < 1000:
        raise ValueError(f"{n} bootstrap resamples; wanted 1000 at least")
    return np.isfinite(values)


def _draws(rng: np.random.Generator, n: int, size: int) -> np.ndarray:
    """How often each of `size` is drawn in each of n resamples, (n, size)."""
    return rng.multinomial(size, np.full(size, 1 / size), n).astype(float)
