"""From voxels to embeddings by ridge: regions of an atlas (A3), or voxels that music predicts (A4).

Every choice - penalty, region, voxel, threshold - is made by cross-validation within the training clips. Responses
x are (clip, window, voxel), embeddings y (clip, window, feature), standardized by training statistics; whole clips
stay together in folds.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from heschl.science import carry_over
from heschl.science.decoder_scores import Scores, cross_validate, r2_and_r, ridge_predict
from heschl.science.identification import correlate, id_acc
from heschl.science.ridge import leave_out_folds, ridge_cv

FEWEST = 10  # voxels that a decoder gets, even if no threshold leaves so many


class Sample(NamedTuple):
    """Who trains and who is tested: train, test (clip,) bool, fold (clip,) int, previous (clip, component) or None."""

    train: np.ndarray
    test: np.ndarray
    fold: np.ndarray
    previous: np.ndarray | None


class Decoded(NamedTuple):
    """Predictions and how they came about.

    predicted (test clip, window, feature), score: training-CV r of the choice, curve (alpha,): training-CV r,
    voxels: rows chosen, names: of the regions or of the voxel cut, scores: training-CV r of
    every region or cut.
    """

    predicted: np.ndarray
    score: float
    curve: np.ndarray
    voxels: np.ndarray
    names: list[str]
    scores: np.ndarray


def by_regions(
    x: np.ndarray, y: np.ndarray, sample: Sample, regions: dict[str, np.ndarray], alphas: np.ndarray, n_rois: int
) -> Decoded:
    """Decode from each region, average the predictions of the n_rois best in training (Denk et al. 2023).

    Parameters
    ----------
    x, y : arrays of shape (clip, window, voxel) and (clip, window, feature)
    regions : rows of the voxels of each region
    """
    x, scores = _ready(x, sample), {}
    for name, rows in regions.items():
        some, target, group = _training(x[:, :, rows], y, sample)
        scores[name] = cross_validate(_folds(some, target, group), alphas)
    order = sorted(scores, key=lambda name: (-scores[name].score(), name))[:n_rois]
    predicted = np.mean([_predict(x, y, sample, regions[n], alphas[scores[n].best()]) for n in order], 0)
    curve = np.mean([scores[name].r.mean(1) for name in order], 0)
    score = float(np.mean([scores[name].score() for name in order]))
    voxels = np.sort(np.concatenate([regions[name] for name in order]))
    return Decoded(predicted, score, curve, voxels, order, np.array([s.score() for s in scores.values()]))


def by_voxels(
    x: np.ndarray, y: np.ndarray, sample: Sample, cuts: list[float], alphas: np.ndarray, seed: int, mask: str
) -> Decoded:
    """Decode from the voxels that the embedding predicts best (Ferrante et al. 2024).

    Parameters
    ----------
    x, y : arrays of shape (clip, 1, voxel) and (clip, 1, feature)
    cuts : below 1 the score a voxel must exceed, from 1 on the number of best voxels
    mask : "nested": voxels ranked and the cut chosen within training clips, anew in every inner fold. "in_sample":
        voxels ranked by the fit of all clips, tested ones too, and the cut chosen by test id-acc (defect 4)
    """
    x, y = _ready(x, sample)[:, 0], y[:, 0]
    whole = np.isfinite(x).all(1)
    train, fold = np.flatnonzero(sample.train & whole), sample.fold[sample.train & whole]
    if mask == "nested":
        score, ranking = predictability(y[train], x[train], fold, alphas), None
    else:
        every = np.flatnonzero((sample.train | sample.test) & whole)
        score = ranking = fit_of_all(y[every], x[every], alphas, seed)
    tested = cut_scores(x[train], y[train], fold, cuts, alphas, seed, ranking)
    made = [
        ridge_predict(x[train][:, rows], y[train], x[sample.test][:, rows], alphas[found.best()])
        for rows, found in zip([voxels_of(score, cut) for cut in cuts], tested, strict=True)
    ]
    training = np.array([found.score() for found in tested])
    best = int(training.argmax() if mask == "nested" else np.argmax([accuracy(p, y[sample.test]) for p in made]))
    rows, curve = voxels_of(score, cuts[best]), tested[best].r.mean(1)
    return Decoded(made[best][:, None], float(training[best]), curve, rows, [f"{cuts[best]:g}"], training)


def predictability(y: np.ndarray, x: np.ndarray, fold: np.ndarray, alphas: np.ndarray) -> np.ndarray:
    """Held-out Pearson's r (voxel,) of responses x (clip, voxel) predicted from embeddings y (clip, feature)."""
    _, fold = np.unique(fold, return_inverse=True)
    return ridge_cv(y, x, alphas, fold, score="r").score


def fit_of_all(y: np.ndarray, x: np.ndarray, alphas: np.ndarray, seed: int) -> np.ndarray:
    """In-sample R2 (voxel,) of the encoding model fitted to all clips: defect 4, for its flag alone."""
    fold = leave_out_folds(np.arange(len(y)).astype(str), min(5, len(y)), seed)
    fit = ridge_cv(y, x, alphas, fold, y, score="r2", per_target=False)
    return 1 - ((x - fit.predicted) ** 2).sum(0) / ((x - x.mean(0)) ** 2).sum(0)


def voxels_of(score: np.ndarray, cut: float, order: np.ndarray | None = None) -> np.ndarray:
    """Rows, ascending, of voxels whose score (voxel,) exceeds a cut below 1, or of the `cut` best; FEWEST at least.

    `order` (voxel,) is that of falling score, if it is known.
    """
    wanted = int((score > cut).sum()) if cut < 1 else int(cut)
    order = np.argsort(-score, kind="stable") if order is None else order
    return np.sort(order[: max(wanted, FEWEST)])


def cut_scores(
    x: np.ndarray,
    y: np.ndarray,
    fold: np.ndarray,
    cuts: list[float],
    alphas: np.ndarray,
    seed: int,
    score: np.ndarray | None = None,
) -> list[Scores]:
    """Training-CV scores of the decoder of every cut; voxels are ranked anew without each held-out fold.

    Parameters
    ----------
    x, y : training responses (clip, voxel) and embeddings (clip, feature)
    score : (voxel,), a ranking made before, used in every fold instead
    """
    parts = [[] for _ in cuts]
    for held in np.unique(fold):
        fit, out = np.flatnonzero(fold != held), np.flatnonzero(fold == held)
        inner = leave_out_folds(fit.astype(str), min(len(np.unique(fold)), len(fit)), seed)
        ranked = predictability(y[fit], x[fit], inner, alphas) if score is None else score
        order = np.argsort(-ranked, kind="stable")
        for part, cut in zip(parts, cuts, strict=True):
            rows = voxels_of(ranked, cut, order)
            some = x.take(rows, 1)
            part.append(cross_validate([(some[fit], y[fit], some[out], y[out])], alphas))
    return [Scores(np.mean([s.r2 for s in p], 0), np.mean([s.r for s in p], 0)) for p in parts]


def brain_accuracy(odd: np.ndarray, even: np.ndarray) -> float:
    """id-acc of the responses (clip, feature) of odd repeats among those of even ones, and the reverse, averaged.

    What a decoder could reach on half the data; repeats in one order share their neighbours too (defect 11).
    """
    whole = np.isfinite(odd).all(1) & np.isfinite(even).all(1)
    if whole.sum() < 2:
        return np.nan
    odd, even = (half[whole] - np.mean(half[whole], 0) for half in (odd, even))
    return (accuracy(odd, even) + accuracy(even, odd)) / 2


def standardized(x: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Z-score (clip, window, feature) by mean and SD over the training clips' windows; what is constant there is 0."""
    mean, scale = statistics(x, train)
    return (x - mean) / scale


def statistics(x: np.ndarray, train: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and SD (feature,) over the training clips' windows; an SD of 0 becomes 1."""
    some = x[train].reshape(-1, x.shape[-1])
    mean, scale = np.nanmean(some, 0, dtype=float), np.nanstd(some, 0, dtype=float)
    constant = scale <= 1e-6 * np.maximum(np.abs(mean), 1e-6)
    return mean.astype(np.float32), np.where(constant, 1, scale).astype(np.float32)


def _ready(x: np.ndarray, sample: Sample) -> np.ndarray:
    """Remove the carry-over, if asked for, and standardize (clip, window, voxel)."""
    x = x if sample.previous is None else carry_over.remove(x, sample.previous, sample.train)
    return standardized(x, sample.train)


def _training(x: np.ndarray, y: np.ndarray, sample: Sample) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return x (sample, voxel), y (sample, target) and fold (sample,) of the training windows that were recorded."""
    fold = np.repeat(sample.fold[sample.train], x.shape[1])
    x, y = (a[sample.train].reshape(-1, a.shape[-1]) for a in (x, y))
    whole = np.isfinite(x).all(1)
    return x[whole], y[whole], fold[whole]


def _folds(x: np.ndarray, y: np.ndarray, fold: np.ndarray) -> Iterable[tuple[np.ndarray, ...]]:
    for held in np.unique(fold):
        fit = fold != held
        yield x[fit], y[fit], x[~fit], y[~fit]


def _predict(x: np.ndarray, y: np.ndarray, sample: Sample, rows: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Predict the test clips, (clip, window, target), from one region of responses made ready."""
    ready = x[:, :, rows]
    some, target, _ = _training(ready, y, sample)
    test = ready[sample.test].reshape(-1, len(rows))
    return ridge_predict(some, target, test, alpha).reshape(sample.test.sum(), y.shape[1], -1)


def accuracy(predicted: np.ndarray, target: np.ndarray) -> float:
    """Mean strict id-acc of predictions (clip, feature) among the targets (clip, feature), NaN rows left out."""
    whole = np.isfinite(predicted).all(1)
    similarity = correlate(predicted[whole], target)
    return float(np.mean(id_acc(similarity, np.flatnonzero(whole)))) if whole.any() and len(target) > 1 else np.nan


def pearson(predicted: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Pearson's r (feature,) over clips and windows of two arrays (clip, window, feature); 0 if one is constant."""
    return r2_and_r(predicted.reshape(-1, predicted.shape[-1]), target.reshape(-1, target.shape[-1]))[1]
