"""Encoding of a continuous stimulus: delayed predictors, nested cross-validation over stretches of the recording."""

import numpy as np

from heschl.science.cleaning import cosine_drifts
from heschl.science.ridge import predict, ridge_cv

ALPHAS = np.logspace(-2, 5, 15)
INNER = 4


def delayed(predictor: np.ndarray, delays_tr: list[int]) -> np.ndarray:
    """Shift a predictor (time,) by each delay, zeros before the start: (time, delay)."""
    return np.stack([np.concatenate([np.zeros(d), predictor[: len(predictor) - d]]) for d in delays_tr], 1)


def nuisance(motion: np.ndarray, tr_s: float, high_pass_hz: float) -> np.ndarray:
    """Intercept, slow cosines and motion (time, parameter), each scaled to unit length: (time, regressor)."""
    n = len(motion)
    columns = np.column_stack([np.ones(n), cosine_drifts(n, tr_s, high_pass_hz), motion - motion.mean(0)])
    length = np.linalg.norm(columns, axis=0)
    return columns / np.where(length > 0, length, 1)


def held_out_r(predictors: np.ndarray, bold: np.ndarray, known: np.ndarray, n_folds: int) -> np.ndarray:
    """Correlate predicted and measured time courses on stretches that took no part in fitting.

    Drifts and motion are taken off the whole recording first, which tells nothing of the stimulus (fitted to training
    rows alone, slow cosines run away in the stretch between them). In each fold a ridge regression whose penalty is
    chosen within training (stretches again) predicts the stretch left out.

    Parameters
    ----------
    predictors : (time, feature), bold : (time, region), known : nuisance regressors (time, regressor)
    n_folds : contiguous stretches, each held out once

    Returns
    -------
    (region,): the folds' Pearson r, averaged as Fisher z

    Raises
    ------
    ValueError
        If there are fewer volumes than ten per fold, or an array holds what isn't finite.
    """
    n = len(bold)
    if n < 10 * n_folds:
        raise ValueError(f"{n} volumes for {n_folds} folds; wanted at least {10 * n_folds}")
    both = np.column_stack([predictors, bold])
    both = both - known @ np.linalg.lstsq(known, both, rcond=None)[0]
    stretch = np.arange(n) * n_folds // n
    z = [_fold(both[:, : predictors.shape[1]], both[:, predictors.shape[1] :], stretch != k) for k in range(n_folds)]
    return np.tanh(np.mean(z, 0))


def _fold(x: np.ndarray, y: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Return Fisher's z (region,) of one fold; `train` tells the rows (time,) that are fitted."""
    x, y = ((a - a[train].mean(0)) / a[train].std(0) for a in (x, y))
    inner = np.arange(train.sum()) * INNER // train.sum()
    fit = ridge_cv(x[train], y[train], ALPHAS, inner, weights=True)
    guess = predict(fit, x[~train])
    r = [np.corrcoef(a, b)[0, 1] if a.std() > 0 else 0.0 for a, b in zip(guess.T, y[~train].T, strict=True)]
    return np.arctanh(np.clip(r, -0.999999, 0.999999))


def shifted_null(predictors, bold, known, n_folds: int, n_shifts: int, seed: int) -> np.ndarray:
    """Score predictors that are shifted in a circle by at least a tenth of the recording: (shift, region).

    A shift keeps the predictor's own slowness, which a permutation of volumes would destroy.
    """
    rng = np.random.default_rng([seed, 7])
    n = len(bold)
    shifts = rng.integers(n // 10, n - n // 10, n_shifts)
    return np.stack([held_out_r(np.roll(predictors, s, axis=0), bold, known, n_folds) for s in shifts])
