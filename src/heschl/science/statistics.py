"""Group statistics of a searchlight: as published, and the permutation test that a maximum needs."""

from typing import NamedTuple

import numpy as np
from scipy import stats


def t_above_zero(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Right-tailed one-sample t test over the first axis.

    Parameters
    ----------
    values : array of shape (subject, ...)

    Returns
    -------
    t, p : arrays of the remaining shape; NaN with fewer than two subjects or none that differ
    """
    n = len(values)
    if n < 2:
        return np.full(values.shape[1:], np.nan), np.full(values.shape[1:], np.nan)
    deviation = values.std(0, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(deviation > 0, values.mean(0) / (deviation / np.sqrt(n)), np.nan)
    return t, stats.t.sf(t, n - 1)


def false_discovery(p: np.ndarray, q: float) -> np.ndarray:
    """Reject p values (test,) so that a share q of these is expected false (Benjamini & Hochberg 1995).

    NaN is never rejected and doesn't count as a test.
    """
    if not 0 < q < 1:
        raise ValueError(f"q is {q}; wanted a share between 0 and 1")
    tested = np.sort(p[np.isfinite(p)])
    below = np.flatnonzero(tested <= q * np.arange(1, len(tested) + 1) / max(1, len(tested)))
    return p <= tested[below[-1]] if below.size else np.zeros(p.shape, bool)


class PermutationTest(NamedTuple):
    """p_uncorrected and p_fwe, (voxel,), and threshold: p_fwe is at most .05 above it."""

    p_uncorrected: np.ndarray
    p_fwe: np.ndarray
    threshold: float


def permutation_test(observed: np.ndarray, null: np.ndarray) -> PermutationTest:
    """Compare a statistic with itself under joint permutations; family-wise error by the largest over voxels.

    p = (1 + #{null >= observed}) / (1 + #permutations), so never zero (Phipson & Smyth 2010; Nichols & Holmes
    2002).

    Parameters
    ----------
    observed : array of shape (voxel,)
    null : array of shape (permutation, voxel), each row one permutation of all voxels
    """
    n = len(null)
    largest = null.max(1, initial=-np.inf)
    p = (1 + (null >= observed).sum(0)) / (1 + n) if n else np.full(observed.shape, np.nan)
    return PermutationTest(p, family_wise(observed, largest), threshold(largest))


def family_wise(observed: np.ndarray, largest: np.ndarray) -> np.ndarray:
    """Return p (...) of observed (...) against the largest of the family under each permutation (permutation,).

    p = (1 + #{largest >= observed}) / (1 + #permutations); NaN without permutations, and where observed is NaN.
    """
    n = len(largest)
    if n == 0:
        return np.full(observed.shape, np.nan)
    reached = n - np.searchsorted(np.sort(largest), observed, side="left")
    return np.where(np.isnan(observed), np.nan, (1 + reached) / (1 + n))


def threshold(largest: np.ndarray, alpha: float = 0.05) -> float:
    """Return the value above which `family_wise` is at most alpha; NaN with too few permutations for that."""
    allowed = int(alpha * (1 + len(largest)) + 1e-9)  # permutations, the observed order among them
    return float(np.sort(largest)[len(largest) - allowed]) if allowed else np.nan


class Layers(NamedTuple):
    """Group maps (voxel,) of the best layer, counted from 1."""

    mean: np.ndarray
    mode: np.ndarray
    argmax_of_mean: np.ndarray


def best_layers(rho: np.ndarray) -> Layers:
    """Summarise rho (subject, voxel, layer): the published mean isn't a layer, so also mode and argmax."""
    index = rho.argmax(2)
    votes = (index[..., None] == np.arange(rho.shape[2])).sum(0)
    return Layers(index.mean(0) + 1, votes.argmax(1) + 1, rho.mean(0).argmax(1) + 1)
