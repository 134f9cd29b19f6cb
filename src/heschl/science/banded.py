"""Banded ridge regression: one penalty for each band of features, and what each band explains by itself.

The kernel of all features is sum_b gamma_b K_b, gamma on the simplex; random search takes the gamma and alpha with
the best cross-validated score of each target, so the penalty of band b is alpha / gamma_b (Nunez-Elizalde et al.
2019; Dupre la Tour et al. 2022, himalaya's random search). K_b is x_b x_b' P / d_b: d_b is its mean diagonal, the
summed variance of the band's features over all samples that are fitted, and P the number of features of all bands
that vary. So gamma is a share of variance, whatever a band's size and units, and alpha means what it means to
ridge_cv on all features side by side, were their variance 1 on average. Each candidate is scored once; a model without
some bands is the best of the candidates in which these have no share, so the model of all bands never scores less.
The engine "fast" searches by blocks (heschl.science.ridge_blocks); "himalaya" and "himalaya_torch" hand himalaya the
same gammas, kernels and folds, so all three find the same models.
"""

from collections import namedtuple
from typing import NamedTuple

import numpy as np

from heschl.science import eigenridge, ridge, ridge_blocks, ridge_himalaya

EMPTY = 1e-9  # diagonal of a band that doesn't vary, as a share of another's


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
    the model without the band; predicted (row, target) and predicted_without (band, row, target), float32; score
    (target,) and score_without (band, target), cross-validated in training: score is never the smaller.
    """

    r2_joint: np.ndarray
    r2_alone: np.ndarray
    unique: np.ndarray
    predicted: np.ndarray
    predicted_without: np.ndarray
    score: np.ndarray
    score_without: np.ndarray


def band_shares(n_bands: int, n_iter: int, seed: int) -> np.ndarray:
    """Return the candidate gammas (candidate, band), each of sum 1.

    First equal shares, each band alone, and equal shares of all but one: these 1 + 2 n_bands (3 for two bands, 1 for
    one) are tried however small n_iter. Then families up to n_iter candidates: a Dirichlet draw, sparse and even in
    turns, after what it is without each band, its share set to 0 and the others scaled up. So a model without a band
    is searched as finely as that of all bands. A draw from two bands has no family: without one, the other is alone.
    """
    rng, every = np.random.default_rng([seed, n_bands]), np.ones((1, n_bands)) / n_bands
    if n_bands == 1:
        return every
    family = [_without_each] if n_bands > 2 else []
    fixed = np.vstack([every, np.eye(n_bands), *(f(every[0]) for f in family)])
    found = []
    for i in range(max(0, n_iter - len(fixed))):  # more than enough
        draw = rng.dirichlet(np.full(n_bands, (0.1, 1.0)[i % 2]))
        found += [*(f(draw) for f in family), draw]
    return np.vstack([fixed, *found])[: max(len(fixed), n_iter)]


def _without_each(gamma: np.ndarray) -> np.ndarray:
    """Return gamma (band,) with each band in turn left out (left out, band); equal shares if nothing is left."""
    kept = 1 - np.eye(len(gamma))
    total = (gamma * kept).sum(1, keepdims=True)
    return np.where(total > 0, gamma * kept / np.where(total > 0, total, 1), kept / (len(gamma) - 1))


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
    n_iter : shares to try, as for band_shares
    engine, score, threads : as for heschl.science.ridge.ridge_cv

    Raises
    ------
    ValueError
        If bands don't match or heschl.science.ridge.ridge_cv would refuse them.
    """
    given = _prepared(bands, y, fold, alphas, bands_test, n_iter, seed, engine, score, threads)
    (which,), (alpha,), (best,) = chosen = _search(given, np.ones((1, len(bands)), bool))
    (split,) = _refit(given, chosen[0], chosen[1], True)
    predicted = np.float32(split.sum(0, dtype=float) + y.mean(0, dtype=float))
    return Banded(given.shares[which].T, alpha, best, predicted, split)


def partition(
    bands: list[np.ndarray],
    y: np.ndarray,
    fold: np.ndarray,
    alphas: np.ndarray,
    bands_test: list[np.ndarray],
    y_test: np.ndarray,
    **options,
) -> Partition:
    """Partition the variance of the test rows y_test (row, target) among two or more bands; options as banded_cv."""
    n, one = len(bands), np.eye(len(bands), dtype=bool)
    if n < 2:
        raise ValueError("one band; wanted at least 2 to partition the variance among")
    given = _prepared(bands, y, fold, alphas, bands_test, **options)
    which, alpha, best = _search(given, np.vstack([np.ones((1, n), bool), ~one, one]))
    predicted = _refit(given, which, alpha, False)[:, 0]
    predicted += np.float32(y.mean(0, dtype=float))
    joint, *rest = (r2(y_test, p) for p in predicted)
    unique = joint - np.stack(rest[:n])
    return Partition(joint, np.stack(rest[n:]), unique, predicted[0], predicted[1 : n + 1], best[0], best[1 : n + 1])


def r2(y: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Return 1 - sum (y - predicted)^2 / sum (y - mean y)^2 over rows, (target,); NaN where y is constant."""
    y = y.astype(float)
    spread = ((y - y.mean(0)) ** 2).sum(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.ptp(y, 0) > 0, 1 - ((y - predicted) ** 2).sum(0) / spread, np.nan)


# What a search needs: kernels (band, row, sample), samples first and in `order`; shares (candidate, band); the rest as
# it was given.
_Given = namedtuple("_Given", "kernels shares y order alphas fold engine score threads")


def _prepared(bands, y, fold, alphas, bands_test, n_iter=20, seed=0, engine="fast", score="r2", threads=None) -> _Given:
    """Check what is given, make the kernels and draw the candidates."""
    alphas, fold = np.asarray(alphas, float), np.asarray(fold)
    if not bands or len(bands) != len(bands_test) or n_iter < 1:
        raise ValueError(f"{len(bands)} bands to fit, {len(bands_test)} to predict, {n_iter} iterations; wanted equals")
    for band, test in zip(bands, bands_test, strict=True):
        ridge.check(band, y, alphas, fold, test)
    if engine not in ridge.ENGINES or score not in ridge.SCORES:
        raise ValueError(f"engine {engine!r}, score {score!r}; wanted one of {ridge.ENGINES} and of {ridge.SCORES}")
    order, _ = eigenridge.layout(fold)
    n_features = max(1, sum(int((np.ptp(b, 0) > 0).sum()) for b in bands))
    kernels = np.stack([_kernel(b[order], t, n_features) for b, t in zip(bands, bands_test, strict=True)])
    shares = band_shares(len(bands), n_iter, seed)
    return _Given(kernels, shares, y, order, alphas, fold, engine, score, threads)


def _kernel(x: np.ndarray, x_test: np.ndarray, diagonal: float) -> np.ndarray:
    """Return inner products (row, sample) of samples, then test rows, with samples, scaled to this mean diagonal."""
    varies = np.ptp(x, 0) > 0
    if not varies.any():  # predicts nothing: a sample is like no other, and that next to nothing
        return np.eye(len(x) + len(x_test), len(x)) * (EMPTY * diagonal)
    mean = x[:, varies].mean(0, dtype=float)
    inner = x[:, varies] - mean
    return np.concatenate([inner, x_test[:, varies] - mean]) @ (inner.T * (diagonal * len(x) / (inner**2).sum()))


def _search(given: _Given, included: np.ndarray):
    """Return the index of the best shares, the penalty and the score, (model, target) each.

    A model's candidates are those that give no share to a band it doesn't include (model, band).
    """
    admissible = ((given.shares > 0) <= included[:, None]).all(2)
    if given.engine == "fast":
        return _search_fast(given, admissible)
    inner, sorted_y = given.kernels[:, : len(given.y)], given.y[given.order]
    found = []
    for candidates in map(np.flatnonzero, admissible):
        which, *rest = ridge_himalaya.random_search(
            inner, given.shares[candidates], sorted_y, given.alphas, given.fold[given.order], given.engine, given.score
        )
        found.append((candidates[which], *rest))
    return tuple(map(np.stack, zip(*found, strict=True)))


def _search_fast(given: _Given, admissible: np.ndarray):
    """Score every candidate once, for all models (model, candidate) that may take it."""
    n_targets, alphas = given.y.shape[1], given.alphas
    order, bounds = eigenridge.layout(given.fold)
    best = np.full((len(admissible), n_targets), -np.inf)
    which, alpha = np.zeros(best.shape, int), np.ones(best.shape)
    for i, gamma in enumerate(given.shares):
        design = eigenridge.Design.of_kernel(np.tensordot(gamma, given.kernels, 1))
        folds = eigenridge.fold_maps(design, bounds, alphas, given.threads)

        def work(block, i=i, folds=folds):
            targets = ridge_blocks.Targets(given.y, order, block)
            table = targets.scores(folds, len(alphas), given.score == "r").astype(float)
            chosen = ridge.best_penalty(table, alphas)
            found = table[chosen, np.arange(len(chosen))]
            for model in np.flatnonzero(admissible[:, i]):
                better = np.flatnonzero(found > best[model, block])
                at = block.start + better
                which[model, at], alpha[model, at], best[model, at] = i, alphas[chosen[better]], found[better]

        ridge_blocks.parallel(work, ridge_blocks.blocks(n_targets, max(len(f.map) for f in folds)), given.threads)
    return which, alpha, best


def _refit(given: _Given, which: np.ndarray, alpha: np.ndarray, apart: bool) -> np.ndarray:
    """Fit all samples with the shares and penalties chosen (model, target), decomposing each candidate once.

    Returns predictions (model, part, row, target), float32, less the target's mean; one part per band, or of all.
    """
    n, kernels = len(given.order), given.kernels
    train, test = np.arange(n), np.arange(n, kernels.shape[1])
    out = np.empty((len(which), len(kernels) if apart else 1, len(test), given.y.shape[1]), np.float32)
    for i in np.unique(which):
        decomposed, vectors = eigenridge.dual(np.tensordot(given.shares[i], kernels, 1), train, test)
        parts = zip(given.shares[i], kernels, strict=True) if apart else []
        heads = [np.float32(g * eigenridge.across(k, train, test) @ vectors) for g, k in parts]
        heads, basis = heads or [np.float32(decomposed.head)], np.float32(decomposed.basis)
        for model in np.flatnonzero((which == i).any(1)):
            chosen = np.flatnonzero(which[model] == i)
            _predict(given, chosen, alpha[model, chosen], decomposed.eigenvalue, basis, heads, out[model])
    return out


def _predict(given: _Given, chosen: np.ndarray, alpha: np.ndarray, eigenvalue, basis, heads, out: np.ndarray) -> None:
    """Write the parts (part, row, target) of the targets chosen, each with its own penalty."""
    some = given.y[:, chosen]

    def work(block):
        found = ridge_blocks.Targets(some, given.order, block).components(eigenvalue, basis, alpha[block])
        for part, head in zip(out, heads, strict=True):
            part[:, chosen[block]] = head @ found

    ridge_blocks.parallel(work, ridge_blocks.blocks(len(chosen), len(basis)), given.threads)
