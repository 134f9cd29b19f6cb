"""Cross-validated ridge regression of many targets, and its permutations; himalaya is the engine of record.

For each target, w minimizes ||y - x w - offset||^2 + alpha ||w||^2, alpha chosen by the score averaged over
folds, with the offset of each fold's own training rows (Dupre la Tour et al. 2022, himalaya RidgeCV with
fit_intercept). The engine "fast" finds the same (heschl.science.ridge_blocks); "himalaya" and "himalaya_torch" call
himalaya on numpy and on torch, cuda where there is one.
"""

from typing import NamedTuple

import numpy as np

from heschl.science import ridge_blocks, ridge_himalaya
from heschl.science.eigenridge import Design, fold_maps, layout

ENGINES = ("fast", "himalaya", "himalaya_torch")
SCORES = ("r2", "r")


class Fit(NamedTuple):
    """A ridge model of each target.

    alpha (target,) chosen penalty, score (target,) its cross-validated score, curve (alpha,) that score averaged
    over targets; weights (feature, target) float32 and offset (target,), or None; predicted (row, target)
    float32, or None.
    """

    alpha: np.ndarray
    score: np.ndarray
    curve: np.ndarray
    weights: np.ndarray | None
    offset: np.ndarray | None
    predicted: np.ndarray | None


def ridge_cv(
    x: np.ndarray,
    y: np.ndarray,
    alphas: np.ndarray,
    fold: np.ndarray,
    x_test: np.ndarray | None = None,
    *,
    engine: str = "fast",
    score: str = "r2",
    per_target: bool = True,
    weights: bool = False,
    threads: int | None = None,
) -> Fit:
    """Choose each target's penalty by cross-validation, fit all samples with it, predict x_test.

    Parameters
    ----------
    x, y : finite arrays of shape (sample, feature) and (sample, target)
    alphas : penalties to choose from, above 0
    fold : integer array of shape (sample,); each label in turn is held out. Samples of a label need not touch
    x_test : array of shape (row, feature)
    engine : "fast", "himalaya" or "himalaya_torch"
    score : "r2", about the mean of the held-out samples, or "r", Pearson's; 0 where the held-out target is constant
    per_target : choose one penalty for each target, or for all of them together the best on average
    weights : return weights and offsets too
    threads : of the fast engine, as many as BLAS uses by default; the result doesn't depend on it

    Raises
    ------
    ValueError
        If shapes disagree, a value isn't finite, a penalty isn't above 0, or there is only one fold.
    """
    alphas, fold = np.asarray(alphas, float), np.asarray(fold)
    check(x, y, alphas, fold, x_test)
    if engine not in ENGINES or score not in SCORES:
        raise ValueError(f"engine {engine!r}, score {score!r}; wanted one of {ENGINES} and of {SCORES}")
    if engine != "fast":
        alpha, best, curve, kept, offset = ridge_himalaya.ridge_cv(x, y, alphas, fold, engine, score, per_target)
        predicted = None if x_test is None else np.float32(np.float32(x_test) @ kept + offset)
        return Fit(alpha, best, curve, kept if weights else None, offset if weights else None, predicted)
    return _fast(x, y, alphas, fold, x_test, score, per_target, weights, threads)


def predict(fit: Fit, x: np.ndarray) -> np.ndarray:
    """Return predictions (row, target) of x (row, feature), float32; the fit must have kept its weights."""
    if fit.weights is None:
        raise ValueError("the fit has no weights; wanted one made with weights=True")
    return (np.asarray(x, np.float32) @ fit.weights + fit.offset).astype(np.float32)


def leave_out_folds(groups: np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    """Deal groups (sample,) such as clips to folds at random; samples of a group stay together.

    Returns
    -------
    Integer array of shape (sample,), 0 to n_folds - 1; the number of groups per fold differs by one at most
    """
    names, of = np.unique(groups, return_inverse=True)
    if not 2 <= n_folds <= len(names):
        raise ValueError(f"{n_folds} folds of {len(names)} groups; wanted at least 2 and at most one per group")
    dealt = np.arange(len(names)) % n_folds
    return np.random.default_rng([seed, len(names), n_folds]).permutation(dealt)[of]


def permuted_scores(
    x: np.ndarray,
    y: np.ndarray,
    alpha: np.ndarray,
    x_test: np.ndarray,
    y_test: np.ndarray,
    permutations: np.ndarray,
    *,
    threads: int | None = None,
) -> np.ndarray:
    """Refit with permuted training rows at the penalties chosen before, and correlate with the test rows.

    Instead of permuting y, the columns of the small map from training to test rows are permuted and stacked;
    an orthonormal basis of the centred test predictions keeps that map small.

    Parameters
    ----------
    x, y : arrays of shape (sample, feature) and (sample, target)
    alpha : array of shape (target,)
    x_test, y_test : arrays of shape (row, feature) and (row, target)
    permutations : integer array of shape (permutation, sample); y[permutation] stands beside x

    Returns
    -------
    Array of shape (permutation, target), Pearson's r, float32; 0 where the target or its prediction is constant
    """
    alpha = np.broadcast_to(np.asarray(alpha, float), y.shape[1:])
    check(x, y, np.unique(alpha), np.arange(len(x)), x_test)
    ((decomposed, _),) = ridge_blocks.parallel(lambda rows: Design(rows, x_test).final(), [x], threads)
    deviation = y_test - y_test.mean(0, dtype=float)
    norm = np.linalg.norm(deviation, axis=0)
    wanted = np.where(norm > 1e-6 * np.linalg.norm(y_test, axis=0), deviation / np.maximum(norm, 1e-30), 0)
    out, inverse = np.zeros((len(permutations), y.shape[1]), np.float32), np.argsort(permutations, axis=1)
    for value in np.unique(alpha):
        head = (decomposed.head - decomposed.head.mean(0)) / (decomposed.eigenvalue + value)
        left, upper = np.linalg.qr(head)
        chosen = np.flatnonzero(alpha == value)
        out[:, chosen] = _permuted(
            np.float32(upper @ decomposed.basis), np.float32(left.T @ wanted[:, chosen]), y[:, chosen], inverse, threads
        )
    return out


def _permuted(small: np.ndarray, wanted: np.ndarray, y: np.ndarray, inverse: np.ndarray, threads) -> np.ndarray:
    """Return cosines (permutation, target) between small @ permuted y and wanted, both (row, target)."""
    rows, n = small.shape
    out = np.empty((len(inverse), y.shape[1]), np.float32)
    at_once = max(1, 4096 // rows)  # permutations whose maps are stacked, a few MB
    for start in range(0, len(inverse), at_once):
        some = inverse[start : start + at_once]
        stacked = small[:, some].transpose(1, 0, 2).reshape(-1, n)

        def work(block: slice, stacked=stacked, start=start, some=some) -> None:
            predicted = stacked @ ridge_blocks.Targets(y, np.arange(n), block).rows[:n]
            ridge_blocks.cosines(predicted, wanted[:, block], out[start : start + len(some), block])

        ridge_blocks.parallel(work, ridge_blocks.blocks(y.shape[1], len(stacked)), threads)
    return out


def _fast(x, y, alphas, fold, x_test, score, per_target, weights, threads) -> Fit:
    """Decompose once, then score and refit block by block of targets."""
    order, bounds = layout(fold)
    (design,) = ridge_blocks.parallel(lambda rows: Design(rows, x_test), [x[order]], threads)
    folds = fold_maps(design, bounds, alphas, threads)
    (((eigenvalue, basis, head), to_weights),) = ridge_blocks.parallel(Design.final, [design], threads)
    basis, heads = np.float32(basis), [np.float32(head), np.float32(to_weights)]
    n_targets = y.shape[1]
    table, mean = np.empty((len(alphas), n_targets), np.float32), np.empty(n_targets)
    chosen = np.empty(n_targets, int)
    wanted = (x_test is not None, weights)
    made = [np.empty((len(h), n_targets), np.float32) if w else None for h, w in zip(heads, wanted, strict=True)]

    def refit(targets, block):
        found = targets.components(eigenvalue, basis, alphas[chosen[block]])
        mean[block] = targets.mean
        for out, h in zip(made, heads, strict=True):
            if out is not None:
                out[:, block] = h @ found

    def work(block):
        targets = ridge_blocks.Targets(y, order, block)
        table[:, block] = targets.scores(folds, len(alphas), score == "r")
        if per_target:
            chosen[block] = best_penalty(table[:, block], alphas)
            refit(targets, block)

    cut = ridge_blocks.blocks(n_targets, max(len(f.map) for f in folds))
    ridge_blocks.parallel(work, cut, threads)
    curve = table.mean(1, dtype=float)
    if not per_target:
        chosen[:] = best_penalty(curve[:, None], alphas)
        ridge_blocks.parallel(lambda block: refit(ridge_blocks.Targets(y, order, block), block), cut, threads)
    predicted, kept = made
    if predicted is not None:
        predicted += mean.astype(np.float32)
    offset = mean - x.mean(0, dtype=float) @ kept if weights else None
    return Fit(alphas[chosen], table[chosen, np.arange(n_targets)].astype(float), curve, kept, offset, predicted)


def best_penalty(scores: np.ndarray, alphas: np.ndarray) -> np.ndarray:
    """Return the index of the best penalty of each target, the largest of equals, as himalaya does."""
    return np.argmax(scores + 1e-10 * np.log(alphas)[:, None], 0)


def check(x, y, alphas, fold, x_test) -> None:
    """Raise ValueError for what can't be fitted, before anything is computed."""
    if x.ndim != 2 or y.ndim != 2 or not len(x) == len(y) == len(fold):
        raise ValueError(f"x {x.shape}, y {y.shape}, fold {fold.shape}; wanted two matrices with a row per sample")
    if x_test is not None and x_test.shape[1:] != x.shape[1:]:
        raise ValueError(f"x_test has shape {x_test.shape}; wanted (row, {x.shape[1]}) as the features of x")
    if len(np.unique(fold)) < 2:
        raise ValueError("all samples are in one fold; wanted at least 2")
    if not len(alphas) or not (alphas > 0).all() or not np.isfinite(alphas).all():
        raise ValueError(f"penalties {alphas.tolist()}; wanted numbers above 0")
    for name, values in (("x", x), ("y", y), ("x_test", x_test)):
        # a sum is finite only if all its terms are, and costs no copy
        bad = 0 if values is None else np.count_nonzero(~np.isfinite(values.sum(0)))
        if bad:
            raise ValueError(f"{bad} of {values.shape[1]} columns of {name} hold values that aren't finite")
