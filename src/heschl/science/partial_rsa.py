"""What one model says about a sphere's geometry that others don't: partial and semipartial rank correlation.

Layers of one network are like each other, and like a spectrogram: their rho overlap. With r_y the correlations of the
sphere's ranks with the given models K, r_m those of model m with K, and R those among K, what the given leave is

    left = rho_m - r_m' R^-1 r_y
    semipartial = left / sqrt(1 - r_m' R^-1 r_m)
    partial = semipartial / sqrt(1 - r_y' R^-1 r_y)

the correlation of ranks after a linear regression on the given models' ranks, of the model alone (semipartial) or of
the sphere as well (partial) (Cohen, Cohen, West & Aiken 2003, ch. 3). Only correlations enter, so that no
dissimilarity is kept. Semipartial squared is the share of the sphere's variance that the model explains on top of the
given. It's linear in rho, so that its mean under permutations of clips is that of the mean rho.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from heschl.science.sphere_rdms import model_ranks

LEAST_LEFT = 1e-6  # of a model's variance; what the given leave below it is rounding and ties, and no model
SINGULAR = 1e-10  # eigenvalues of R below it: given models that repeat others


class Partial(NamedTuple):
    """Partial and semipartial correlation, each of rho's shape (..., model); NaN where there is none."""

    partial: np.ndarray
    semipartial: np.ndarray


def model_correlations(models: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return Spearman's correlations (model, model) of dissimilarities (model, volume, volume) over chosen pairs.

    Parameters
    ----------
    pairs : boolean array of shape (volume, volume), the same as of rho (heschl.science.rdm.pair_mask)
    """
    ranks = model_ranks(models, pairs)
    norm = np.linalg.norm(ranks, axis=1)
    found = ranks @ ranks.T / np.outer(norm, norm)
    np.fill_diagonal(found, 1)
    return found


def partial(rho: np.ndarray, between: np.ndarray, given: Sequence[int] | None = None) -> Partial:
    """Return each model's partial and semipartial rho given other models.

    Parameters
    ----------
    rho : array of shape (..., model), Spearman's correlations of a sphere with each model
    between : array of shape (model, model) by `model_correlations`, over the same pairs
    given : models to hold constant, such as a spectrogram and an untrained network; all other models by default

    Returns
    -------
    Partial
        NaN for the given models themselves, and for a model of which they leave less than a millionth; partial is NaN
        where they explain all of the sphere.

    Raises
    ------
    ValueError
        If shapes disagree, or `given` names a model that isn't there.
    """
    n = len(between)
    if between.shape != (n, n) or rho.shape[-1:] != (n,):
        raise ValueError(f"rho has shape {rho.shape}, between {between.shape}; wanted (..., model), (model, model)")
    if given is not None and not set(given) <= set(range(n)):
        raise ValueError(f"given names models {sorted(given)}; there are 0..{n - 1}")
    found = Partial(np.full(rho.shape, np.nan), np.full(rho.shape, np.nan))
    for m in range(n):
        others = [k for k in range(n) if k != m] if given is None else sorted(set(given))
        if m not in others:
            found.partial[..., m], found.semipartial[..., m] = _one(rho, between, m, others)
    return found


def _one(rho: np.ndarray, between: np.ndarray, m: int, given: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Return partial and semipartial rho (...) of model m given others."""
    inverse = np.linalg.pinv(between[np.ix_(given, given)], rcond=SINGULAR, hermitian=True)
    weights = inverse @ between[given, m]  # of the given, that predict the model
    unexplained = 1 - weights @ between[given, m]
    if unexplained < LEAST_LEFT:
        return np.full(rho.shape[:-1], np.nan), np.full(rho.shape[:-1], np.nan)
    by_given = rho[..., given]
    semipartial = (rho[..., m] - by_given @ weights) / np.sqrt(unexplained)
    left = 1 - np.einsum("...k,kj,...j->...", by_given, inverse, by_given)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(left > SINGULAR, semipartial / np.sqrt(left), np.nan), semipartial
