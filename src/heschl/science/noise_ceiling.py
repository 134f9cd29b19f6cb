"""How well the best possible model could do: what repeats of the same music share.

All functions take repeats (repeat, row, voxel): the same rows (a volume of a clip) in the same order each time.
"""

from itertools import combinations

import numpy as np

from heschl.science.encoding import correlate


def spearman_brown(r: np.ndarray, times: float) -> np.ndarray:
    """Predict the reliability of a measure `times` as long from its reliability r (Spearman 1910; Brown 1910)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return times * r / (1 + (times - 1) * r)


def split_half(repeats: np.ndarray) -> np.ndarray:
    """Return the reliability (voxel,) of the mean of all repeats, its expected squared correlation with the truth.

    Means of two halves are correlated over rows, in all ways to halve the repeats (with an odd number, one is
    left out each time); their average is stepped up to all n repeats. It's negative where halves disagree.

    Raises
    ------
    ValueError
        If there are fewer than two repeats or three rows.
    """
    n = _count(repeats)
    half = n // 2
    scores = [correlate(repeats[list(a)].mean(0), repeats[list(b)].mean(0)) for a, b in _halves(n, half)]
    return spearman_brown(np.mean(scores, 0), n / half)


def _halves(n: int, half: int) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Return all unordered pairs of disjoint sets of `half` repeats."""
    sets = list(combinations(range(n), half))
    return [(a, b) for a in sets for b in sets if a < b and not set(a) & set(b)]


def allen(repeats: np.ndarray) -> np.ndarray:
    """Return the explainable share of variance (voxel,) of the mean of n repeats, 0 to 1.

    Noise variance is the mean over rows of the variance over repeats; what is left of the total is signal;
    ncsnr = SD of signal / SD of noise; NC = ncsnr^2 / (ncsnr^2 + 1/n) (Allen et al. 2022, Methods, "Noise ceiling").

    Raises
    ------
    ValueError
        If there are fewer than two repeats or three rows.
    """
    n = _count(repeats)
    noise = repeats.var(0, ddof=1, dtype=np.float64).mean(0)
    total = repeats.reshape(-1, repeats.shape[2]).var(0, dtype=np.float64)
    signal = np.clip(total - noise, 0, None)
    with np.errstate(divide="ignore", invalid="ignore"):
        return signal / (signal + noise / n)


def ceiling(repeats: np.ndarray) -> np.ndarray:
    """Return the largest r (voxel,) that a perfect model reaches with the mean of all repeats.

    r = sqrt(reliability), by `split_half`; 0 where halves disagree, NaN where a voxel is constant.
    """
    return np.sqrt(np.clip(split_half(repeats), 0, 1))


def normalised(r: np.ndarray, ceiling: np.ndarray, least: float = 0.1) -> np.ndarray:
    """Divide r by its ceiling; NaN where that is at most `least`: a ratio of two noises says nothing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(ceiling > least, r / ceiling, np.nan)


def _count(repeats: np.ndarray) -> int:
    if len(repeats) < 2 or repeats.shape[1] < 3:
        raise ValueError(
            f"{len(repeats)} repeats of {repeats.shape[1]} rows; a noise ceiling needs 2 repeats of 3 rows"
        )
    return len(repeats)
