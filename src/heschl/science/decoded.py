"""Predictions against candidates when every fold has its own decoder, and so its own mean and SD.

Predictions are in units of their fold's training mean and SD; candidates come raw and are put into the same
units, fold by fold. `fold` (clip,) is the row of `mean` and `scale` (fold, feature); `stands` (clip, candidate)
says who stands against whom.
"""

from collections.abc import Iterator

import numpy as np

from heschl.science.identification import correlate, genre_oracle, id_acc, same_genre_only, without_run_mean
from heschl.science.trading import groups

N_RANDOM = 100  # draws of the random baseline


def standardise(raw: np.ndarray, mean: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Put raw embeddings (..., feature) in units of a training mean and SD (feature,); constant features stay 0."""
    return np.where(scale > 0, (raw - mean) / np.where(scale > 0, scale, 1), 0.0)


def folds(fold: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Give each fold's number and its rows."""
    for number in np.unique(fold):
        yield int(number), np.flatnonzero(fold == number)


def similarity(
    predicted: np.ndarray,
    candidates: np.ndarray,
    fold: np.ndarray,
    mean: np.ndarray,
    scale: np.ndarray,
    stands: np.ndarray,
) -> np.ndarray:
    """Pearson correlation of predicted (clip, feature) with raw candidates (candidate, feature), in fold units.

    Returns (clip, candidate), NaN where a candidate doesn't stand; rows of NaN for predictions that are NaN.
    """
    result = np.full(stands.shape, np.nan)
    for number, rows in folds(fold):
        rows = rows[np.isfinite(predicted[rows]).all(1)]
        if len(rows):
            result[rows] = correlate(predicted[rows], standardise(candidates, mean[number], scale[number]))
    return np.where(stands, result, np.nan)


def id_acc_windows(
    predicted: np.ndarray,
    candidates: np.ndarray,
    fold: np.ndarray,
    mean: np.ndarray,
    scale: np.ndarray,
    stands: np.ndarray,
    truth: np.ndarray,
) -> float:
    """Mean id-acc of windows: each against all windows of the other candidates (n = clips x windows).

    The other windows of its own clip are no distractors.

    Parameters
    ----------
    predicted, candidates : (clip, window, feature) in fold units, and (candidate, window, feature) raw
    truth : (clip,) index of the own candidate

    Raises
    ------
    ValueError
        If predictions and candidates differ in windows.
    """
    windows = predicted.shape[1]
    if candidates.shape[1] != windows:
        raise ValueError(f"{windows} windows predicted, {candidates.shape[1]} in the candidates; wanted as many")
    scores = []
    for number, rows in folds(fold):
        raw = standardise(candidates, mean[number], scale[number]).reshape(-1, candidates.shape[2])
        found = correlate(predicted[rows].reshape(-1, predicted.shape[2]), raw)
        clip, window = np.repeat(np.arange(len(candidates)), windows), np.tile(np.arange(windows), len(candidates))
        own, own_window = np.repeat(truth[rows], windows), np.tile(np.arange(windows), len(rows))
        open_ = stands[rows][:, clip].repeat(windows, 0) & ((clip != own[:, None]) | (window == own_window[:, None]))
        scores.append(id_acc(np.where(open_, found, np.nan), own * windows + own_window))
    return float(np.nanmean(np.concatenate(scores)))


def run_removed(
    predicted: np.ndarray,
    candidates: np.ndarray,
    fold: np.ndarray,
    mean: np.ndarray,
    scale: np.ndarray,
    stands: np.ndarray,
    truth: np.ndarray,
    run: np.ndarray,
    genre: np.ndarray,
    candidate_genre: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Id-acc, and id-acc within the genre, (clip,) each, after the mean prediction of a clip's fold and run is gone.

    NaN for clips alone in their fold and run. See identification.without_run_mean for what it does to small runs.

    Parameters
    ----------
    predicted, candidates : (clip, feature) in fold units, and (candidate, feature) raw
    run, genre, candidate_genre : names (clip,), (clip,) and (candidate,)
    """
    left = without_run_mean(predicted, groups(fold, run))
    kept = np.isfinite(left).all(1)
    found = np.full((2, len(truth)), np.nan)
    if kept.any():
        seen = similarity(left[kept], candidates, fold[kept], mean, scale, stands[kept])
        same = same_genre_only(seen, genre[kept], candidate_genre)
        found[:, kept] = id_acc(seen, truth[kept]), id_acc(same, truth[kept])
    return found[0], found[1]


def baselines(
    candidates: np.ndarray,
    fold: np.ndarray,
    mean: np.ndarray,
    scale: np.ndarray,
    stands: np.ndarray,
    truth: np.ndarray,
    genre: np.ndarray,
    candidate_genre: np.ndarray,
    seed: int,
) -> dict[str, float]:
    """Mean id-acc of decoders that saw no brain: the training mean, Gaussian vectors, the genre alone.

    mean_vector is .5 exactly, because all candidates tie; random is the mean of N_RANDOM draws.

    Parameters
    ----------
    candidates : (candidate, feature) raw; genre, candidate_genre : names (clip,) and (candidate,)
    """
    rng, shape = np.random.default_rng([seed, 2]), (len(fold), candidates.shape[1])

    def score(predicted: np.ndarray) -> float:
        return float(np.nanmean(id_acc(similarity(predicted, candidates, fold, mean, scale, stands), truth)))

    return {
        "mean_vector": score(np.zeros(shape)),
        "random": float(np.mean([score(rng.standard_normal(shape)) for _ in range(N_RANDOM)])),
        "genre_oracle": float(np.nanmean(genre_oracle(genre, candidate_genre, stands, truth))),
    }
