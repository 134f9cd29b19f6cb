"""Correlation of predicted with measured responses, and what it would be if the music didn't matter."""

from math import factorial, prod

import numpy as np
from scipy import stats

BLOCK_BYTES = 1 << 27  # of cross products of clips, at a time


def correlate(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Pearson r over the first axis of (row, voxel) arrays; NaN where either is constant."""
    x, y = (v - v.mean(0, dtype=np.float64).astype(v.dtype) for v in (np.asarray(x), np.asarray(y)))
    power = _dot(x, x) * _dot(y, y)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(power > 0, _dot(x, y) / np.sqrt(power), np.nan)


def _dot(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.einsum("r...,r...->...", x, y, dtype=np.float64)


def mean_r(r: np.ndarray) -> np.ndarray:
    """Average correlations over the first axis (fold, ...) by Fisher's z, NaN if one is."""
    return r[0] if len(r) == 1 else np.tanh(np.arctanh(np.clip(r, -0.9999999, 0.9999999)).mean(0))


def block_permutations(n_clips: list[int], n: int, seed: list[int]) -> list[np.ndarray]:
    """Draw n different joint permutations of the clips of each fold, never the identity.

    Returns
    -------
    one int array of shape (permutation, clip) per fold; fewer permutations if there are not n different ones

    Raises
    ------
    ValueError
        If there is no other order than the observed.
    """
    possible = prod(factorial(k) for k in n_clips) - 1
    if not possible:
        raise ValueError("one test clip a fold: no permutation of clips is possible")
    rng, drawn = np.random.default_rng(seed), {}
    identity = tuple(i for k in n_clips for i in range(k))
    while len(drawn) < min(n, possible):
        order = tuple(int(i) for k in n_clips for i in rng.permutation(k))
        if order != identity:
            drawn[order] = None
    table = np.array(list(drawn), int).reshape(len(drawn), len(identity))
    return np.split(table, np.cumsum(n_clips)[:-1], 1)


def block_null(predicted: np.ndarray, actual: np.ndarray, permutations: np.ndarray) -> np.ndarray:
    """Correlate predictions with responses when clips, whole blocks of rows, trade places among the predictions.

    r_b = sum over clips c of G(c, b(c)), G(c, d) = sum over positions of actual(c) predicted(d), both
    standardised over all rows: so one product serves all permutations. It is a null only if clips might have
    come in any other order: give no positions in which a prediction knows the clip before (fir_model.tested).

    Parameters
    ----------
    predicted, actual : arrays of shape (clip, position, voxel)
    permutations : int array of shape (permutation, clip)

    Returns
    -------
    array of shape (permutation, voxel), float32; NaN where a voxel is constant
    """
    n_clips, _, n_voxels = actual.shape
    pick = _picker(permutations)
    null = np.empty((len(permutations), n_voxels), np.float32)
    step = max(1, BLOCK_BYTES // (4 * n_clips * n_clips))
    for start in range(0, n_voxels, step):
        block = slice(start, start + step)
        cross = np.matmul(_unit(actual[..., block]), _unit(predicted[..., block]).swapaxes(1, 2))
        null[:, block] = pick @ cross.reshape(len(cross), -1).T
    return null


def _unit(values: np.ndarray) -> np.ndarray:
    """Standardise (clip, position, voxel) over rows to sum of squares 1; returns (voxel, clip, position)."""
    centred = values - values.mean((0, 1), dtype=np.float64)
    norm = np.sqrt((centred**2).sum((0, 1)))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(norm > 0, centred / norm, np.nan).astype(np.float32).transpose(2, 0, 1)


def _picker(permutations: np.ndarray):
    """Return the sparse matrix (permutation, clip x clip) that sums G(c, b(c))."""
    from scipy.sparse import csr_array

    n, n_clips = permutations.shape
    columns = (np.arange(n_clips) * n_clips + permutations).ravel()
    starts = np.arange(0, n * n_clips + 1, n_clips)
    return csr_array((np.ones(len(columns), np.float32), columns, starts), shape=(n, n_clips**2))


def gaussian_p(r: np.ndarray, n_rows: list[int]) -> np.ndarray:
    """Return P(null >= r) for correlations of independent Gaussian vectors of the test's length.

    The published null of science.md A3. It takes volumes for independent, which BOLD isn't: too small p. One
    fold: exact, t = r sqrt((n - 2) / (1 - r^2)); several: their mean Fisher z is normal, variance 1/(n - 3) each.

    Parameters
    ----------
    n_rows : test rows of each fold
    """
    r = np.clip(np.asarray(r, float), -0.9999999, 0.9999999)
    if len(n_rows) == 1:
        return stats.t.sf(r * np.sqrt((n_rows[0] - 2) / (1 - r**2)), n_rows[0] - 2)
    return stats.norm.sf(np.arctanh(r) / _fisher_sd(n_rows))


def gaussian_max(n_voxels: int, n_rows: list[int], n: int, seed: list[int]) -> np.ndarray:
    """Draw the largest of n_voxels independent correlations of the published null, n times: (draw,)."""
    upper = -np.expm1(np.log(np.random.default_rng(seed).random(n)) / n_voxels)
    if len(n_rows) > 1:
        return np.tanh(stats.norm.isf(upper) * _fisher_sd(n_rows))
    t = stats.t.isf(upper, n_rows[0] - 2)
    return t / np.sqrt(t**2 + n_rows[0] - 2)


def _fisher_sd(n_rows: list[int]) -> float:
    return float(np.sqrt(sum(1 / (k - 3) for k in n_rows)) / len(n_rows))


def q_values(p: np.ndarray) -> np.ndarray:
    """Return the smallest false discovery rate at which each p (test,) is rejected (Benjamini & Hochberg 1995).

    NaN stays NaN and is no test.
    """
    q, tested = np.full(p.shape, np.nan), np.isfinite(p)
    if tested.any():
        q[tested] = stats.false_discovery_control(p[tested])
    return q


def right_tail(observed: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Return p = (1 + #{null >= observed}) / (1 + n), (voxel,), of null (n, voxel) or (n, 1); NaN stays NaN."""
    p = (1.0 + (null >= observed).sum(0)) / (1 + len(null))
    return np.where(np.isfinite(observed) & (len(null) > 0), p, np.nan)


def max_test(observed: np.ndarray, largest: np.ndarray) -> np.ndarray:
    """Return family-wise p (voxel,) against the largest null value over voxels (n,); NaN stays NaN."""
    reached = len(largest) - np.searchsorted(np.sort(largest), observed, side="left")
    return np.where(np.isfinite(observed) & (len(largest) > 0), (1.0 + reached) / (1 + len(largest)), np.nan)


def permutation_p(observed: np.ndarray, null: np.ndarray) -> dict[str, np.ndarray]:
    """Return p_uncorrected, p_fwe, q_fdr (voxel,) and null_max (permutation,).

    Parameters
    ----------
    observed : array of shape (voxel,)
    null : array of shape (permutation, voxel)
    """
    largest = np.max(null, axis=1, initial=-1, where=np.isfinite(null))
    p = right_tail(observed, null)
    return {"p_uncorrected": p, "p_fwe": max_test(observed, largest), "q_fdr": q_values(p), "null_max": largest}


def gaussian_null(observed: np.ndarray, n_rows: list[int], n: int, seed: list[int]) -> dict[str, np.ndarray]:
    """Return what `permutation_p` does, for the published null; p_fwe takes voxels for independent too."""
    p, tested = gaussian_p(observed, n_rows), int(np.isfinite(observed).sum())
    with np.errstate(divide="ignore"):
        fwe = -np.expm1(tested * np.log1p(-p))
    largest = gaussian_max(max(1, tested), n_rows, n, seed)
    return {"p_uncorrected": p, "p_fwe": fwe, "q_fdr": q_values(p), "null_max": largest}
