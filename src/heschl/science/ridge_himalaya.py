"""The same ridge problems handed to himalaya, on numpy or on torch: the engines of record.

Arguments are as in heschl.science.ridge and heschl.science.banded, which check them.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np


def ridge_cv(x, y, alphas, fold, engine, score, per_target):
    """Return alpha, score (target,), curve (alpha,), weights (feature, target), offset (target,) of RidgeCV.

    The scores pass through here once, which gives the curve.
    """
    from himalaya.ridge import RidgeCV
    from sklearn.model_selection import PredefinedSplit

    total, one = np.zeros(len(alphas)), _score(score)

    def scored(wanted, predicted):
        found = one(wanted, predicted)
        total[:] += np.asarray(found.sum(1).tolist())
        return found

    with backend(engine) as used:
        params = {"warn": False, "score_func": scored, "local_alpha": per_target}
        model = RidgeCV(alphas=alphas, fit_intercept=True, cv=PredefinedSplit(fold), solver_params=params)
        model.fit(used.asarray(x, dtype="float32"), used.asarray(y, dtype="float32"))
        found = [getattr(model, name) for name in ("best_alphas_", "cv_scores_", "coef_", "intercept_")]
        alpha, best, weights, offset = map(used.to_numpy, found)
    curve = total / (len(np.unique(fold)) * y.shape[1])
    return _nearest(alphas, alpha), best.astype(float), curve, weights, offset


def random_search(kernels, shares, y, alphas, fold, engine, score):
    """Return which shares, alpha and score, (target,) each, of the multiple-kernel random search.

    Parameters
    ----------
    kernels : array of shape (band, sample, sample)
    shares : array of shape (iteration, band), the gammas to try
    """
    from himalaya.kernel_ridge import solve_multiple_kernel_ridge_random_search
    from sklearn.model_selection import PredefinedSplit

    options = {"fit_intercept": True, "return_weights": "dual", "progress_bar": False, "score_func": _score(score)}
    with backend(engine) as used:
        given = [used.asarray(a, dtype="float32") for a in (kernels, y, shares, alphas)]
        found = solve_multiple_kernel_ridge_random_search(
            *given[:2], n_iter=given[2], alphas=given[3], cv=PredefinedSplit(fold), **options
        )
        deltas, scores = used.to_numpy(found[0]), used.to_numpy(found[2])
    return scores.argmax(0), _nearest(alphas, 1 / np.exp(deltas).sum(0)), scores.max(0).astype(float)


@contextmanager
def backend(engine: str) -> Iterator:
    """Switch himalaya to the engine's backend, torch on cuda where there is one, and back."""
    import torch
    from himalaya import backend as backends

    name = "numpy" if engine == "himalaya" else "torch_cuda" if torch.cuda.is_available() else "torch"
    before = backends.get_backend()
    try:
        yield backends.set_backend(name)
    finally:
        backends.set_backend(before)


def _score(name: str):
    from himalaya import scoring

    return scoring.r2_score if name == "r2" else scoring.correlation_score


def _nearest(alphas: np.ndarray, rounded: np.ndarray) -> np.ndarray:
    """Return the penalties in float64 that himalaya gives in float32."""
    return alphas[np.abs(np.log(alphas)[:, None] - np.log(rounded)).argmin(0)]
