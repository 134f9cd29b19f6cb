"""Banded ridge regression: one penalty for each band of features, and what each band explains by itself.

The kernel of all features is sum_b gamma_b x_b x_b', gamma on the simplex; random search takes the gamma and
alpha with the best cross-validated score of each target, so the penalty of band b is alpha / gamma_b (Nunez-
Elizalde et al. 2019; Dupre la Tour et al. 2022, himalaya's random search). The kernels are computed once. The
engine "fast" searches by blocks (heschl.science.ridge_blocks); "himalaya" and "himalaya_torch" hand himalaya the same
gammas, kernels and folds, so all three find the same model.
"""

from typing import NamedTuple

import numpy as np

from heschl.science import eigenridge, ridge, ridge_blocks, ridge_himalaya


class Banded(NamedTuple):
    """A banded ridge model of each target.

    gamma (band, target) shares of the bands, alpha (target,), score (target,) cross-validated; predicted (row,
    target) and split (band, row, target), float32: what each band adds to the mean of the target.
    """

    gamma: np.ndarray
    alpha: np.ndarray
    score: np.ndarray
    predicted: np.ndarray
    split: np.ndarray


class Partition(NamedTuple):
    """Test R^2 of models fitted to training rows, about the mean of the test rows; NaN where these are constant.

    r2_joint (target,) of all bands; r2_alone (band, target) of one; unique (band, target): r2_joint less that of
    the model without the band; predicted (row, target) and predicted_without (band, row, target), float32.
    """

    r2_joint: np.ndarray
    r2_alone: np.ndarray
    unique: np.ndarray
    predicted: np.ndarray
    predicted_without: np.ndarray


def band_shares(n_bands: int, n_iter: int, seed: int) -> np.ndarray:
    """Return gammas (iteration, band) to try: equal shares, each band alone, then Dirichlet draws.

    Draws are sparse and even in turns. With each band alone among them, no model of one band is out of reach.
    """
    rng = np.random.default_rng([seed, n_bands])
    fixed = np.vstack([np.full(n_bands, 1 / n_bands), np.eye(n_bands)])
    draws = [rng.dirichlet(np.full(n_bands, (0.1, 1.0)[i % 2])) for i in range(max(0, n_iter - len(fixed)))]
    return np.vstack([fixed, *draws])[: n_iter if n_bands > 1 else 1]


def banded_cv(
    bands: list[np.ndarray],
    y: np.ndarray,
    fold: np.ndarray,
    alphas: np.ndarray,
    bands_test: list[np.ndarray],
    *,
    n_iter: int = 20,
    seed: int = 0,
    engine: str = "fast",
    score: str = "r2",
    threads: int | None = None,
) -> Banded:
    """Choose each target's penalties by random search within cross-validation, fit all samples, predict.

    Parameters
    ----------
    bands, bands_test : arrays of shape (sample, feature of the band), and (row, feature of the band)
    y : array of shape (sample, target)
    fold : integer array of shape (sample,); each label in turn is held out
    alphas : penalties to choose from, above 0
    n_iter : shares to try; one band needs one only
    engine, score, threads : as for heschl.science.ridge.ridge_cv

    Raises
    ------
    ValueError
        If bands don't match or heschl.science.ridge.ridge_cv would refuse them.
    """
    alphas, fold = np.asarray(alphas, float), np.asarray(fold)
    if not bands or len(bands) != len(bands_test) or n_iter < 1:
        raise ValueError(f"{len(bands)} bands to fit, {len(bands_test)} to predict, {n_iter} iterations; wanted equals")
    for band, test in zip(bands, bands_test, strict=True):
        ridge.check(band, y, alphas, fold, test)
    if engine not in ridge.ENGINES or score not in ridge.SCORES:
        raise ValueError(f"engine {engine!r}, score {score!r}; wanted one of {ridge.ENGINES} and of {ridge.SCORES}")
    order, _ = eigenridge.layout(fold)
    kernels = np.stack([_kernel(b[order], t) for b, t in zip(bands, bands_test, strict=True)])
    shares = band_shares(len(bands), n_iter, seed)
    if engine == "fast":
        which, alpha, best = _search(kernels, shares, y, alphas, fold, score, threads)
    else:
        inner = kernels[:, : len(y)]
        found = ridge_himalaya.random_search(inner, shares, y[order], alphas, fold[order], engine, score)
        which, alpha, best = found
    return _refit(kernels, shares, y, order, which, alpha, best, threads)


def partition(
    bands: list[np.ndarray],
    y: np.ndarray,
    fold: np.ndarray,
    alphas: np.ndarray,
    bands_test: list[np.ndarray],
    y_test: np.ndarray,
    **options,
) -> Partition:
    """Partition the variance of the test rows y_test (row, target) among bands; options as for banded_cv."""

    def fitted(chosen):
        some, test = [bands[b] for b in chosen], [bands_test[b] for b in chosen]
        return banded_cv(some, y, fold, alphas, test, **options).predicted

    every = range(len(bands))
    if len(bands) < 2:
        raise ValueError("one band; wanted at least 2 to partition the variance among")
    joint = fitted(every)
    without = np.stack([fitted([b for b in every if b != left_out]) for left_out in every])
    alone = np.stack([r2(y_test, fitted([b])) for b in every])
    r2_joint = r2(y_test, joint)
    return Partition(r2_joint, alone, r2_joint - np.stack([r2(y_test, p) for p in without]), joint, without)


def r2(y: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return 1 - sum (y - predicted)^2 / sum (y - mean y)^2 over rows, (target,); NaN where y is constant."""
    y = y.astype(float)
    spread = ((y - y.mean(0)) ** 2).sum(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.ptp(y, 0) > 0, 1 - ((y - predicted) ** 2).sum(0) / spread, np.nan)


def _kernel(x: np.ndarray, x_test: np.ndarray) -> np.ndarray:
    """Return inner products (row, sample) of samples, then test rows, with samples."""
    mean = x.mean(0, dtype=float)
    inner = x - mean
    return np.concatenate([inner, x_test - mean]) @ inner.T


def _search(kernels, shares, y, alphas, fold, score, threads):
    """Return the index of the best shares, the penalty and the score of each target, (target,) each."""
    order, bounds = eigenridge.layout(fold)
    which, alpha, best = np.zeros(y.shape[1], int), np.ones(y.shape[1]), np.full(y.shape[1], -np.inf)
    for i, gamma in enumerate(shares):
        folds = eigenridge.fold_maps(
            eigenridge.Design.of_kernel(np.tensordot(gamma, kernels, 1)), bounds, alphas, threads
        )

        def work(block, i=i, folds=folds):
            table = ridge_blocks.Targets(y, order, block).scores(folds, len(alphas), score == "r").astype(float)
            chosen = ridge.best_penalty(table, alphas)
            found = table[chosen, np.arange(len(chosen))]
            better = np.flatnonzero(found > best[block])
            at = block.start + better
            which[at], alpha[at], best[at] = i, alphas[chosen[better]], found[better]

        ridge_blocks.parallel(work, ridge_blocks.blocks(y.shape[1], max(len(f.map) for f in folds)), threads)
    return which, alpha, best


def _refit(kernels, shares, y, order, which, alpha, best, threads) -> Banded:
    """Fit all samples with the chosen penalties; predict with each band's own kernel."""
    n = len(order)
    train, test = np.arange(n), np.arange(n, kernels.shape[1])
    split = np.empty((len(kernels), len(test), y.shape[1]), np.float32)
    mean = y.mean(0, dtype=float)
    for i in np.unique(which):
        chosen, gamma = np.flatnonzero(which == i), shares[i]
        decomposed, vectors = eigenridge.dual(np.tensordot(gamma, kernels, 1), train, test)
        heads = [
            np.float32(g * eigenridge.across(k, train, test) @ vectors) for g, k in zip(gamma, kernels, strict=True)
        ]
        some, basis = y[:, chosen], np.float32(decomposed.basis)

        def work(block, chosen=chosen, decomposed=decomposed, heads=heads, some=some, basis=basis):
            targets = ridge_blocks.Targets(some, order, block)
            found = targets.components(decomposed.eigenvalue, basis, alpha[chosen[block]])
            for out, head in zip(split, heads, strict=True):
                out[:, chosen[block]] = head @ found

        ridge_blocks.parallel(work, ridge_blocks.blocks(len(chosen), n), threads)
    predicted = np.float32(split.sum(0, dtype=float) + mean)
    return Banded(shares[which].T, alpha, best, predicted, split)
