"""A baseline that any network should beat: tags by ridge regression from the mean and spread of a mel spectrogram.

What a linear map finds in the long-term spectrum alone. The penalty of each tag is the one with the highest mean
ROC-AUC in cross-validation over the training clips, all clips of a group (a song) on one side; of equals the largest.
"""

from typing import NamedTuple

import numpy as np

from heschl.science.mel import mel_power
from heschl.science.splits import TEST, grouped_folds
from heschl.science.tagging import roc_auc

N_FFT, HOP, N_MELS = 512, 256, 96
COMPRESSION = 1e4  # as musicnn's: log10(1 + 10,000 power), so that silence is 0
PENALTIES = tuple(float(10.0**k) for k in range(-1, 7))
N_FOLDS = 5


class Baseline(NamedTuple):
    """A linear map of features to scores.

    centre, spread : (feature,) of the training clips; weight : (feature, tag); offset : (tag,)
    penalty : (tag,); cv_auc : (penalty, tag), mean over folds, NaN where no fold has clips with and without the tag
    """

    centre: np.ndarray
    spread: np.ndarray
    weight: np.ndarray
    offset: np.ndarray
    penalty: np.ndarray
    cv_auc: np.ndarray


def features(audio: np.ndarray, rate_hz: float) -> np.ndarray:
    """Mean and standard deviation over time of the log mel spectrum of a clip (sample,): (192,) float32."""
    log_mel = np.log10(1 + COMPRESSION * mel_power(audio, rate_hz, N_FFT, HOP, N_MELS))
    return np.concatenate([log_mel.mean(0), log_mel.std(0)]).astype(np.float32)


def fit(
    features: np.ndarray,
    present: np.ndarray,
    group: np.ndarray,
    *,
    penalties: tuple[float, ...] = PENALTIES,
    n_folds: int = N_FOLDS,
    seed: int = 0,
) -> Baseline:
    """Choose the penalties by the training clips alone, then fit all of these.

    Minimises, per tag, ||y - b - z w||^2 + penalty ||w||^2 with z the standardised features and y 0 or 1.

    Parameters
    ----------
    features : (clip, feature)
    present : (clip, tag) bool
    group : label of each clip's song, (clip,)

    Raises
    ------
    ValueError
        If shapes disagree, a feature isn't finite, a penalty isn't above 0, or there are fewer groups than folds.
    """
    features, present = np.asarray(features, float), np.asarray(present, bool)
    if not len(features) == len(present) == len(group):
        raise ValueError(f"{len(features)} clips, tags of {len(present)}, groups of {len(group)}; wanted as many")
    if not np.isfinite(features).all():
        raise ValueError("a feature is NaN or infinite")
    if not penalties or min(penalties) <= 0:
        raise ValueError(f"penalties {penalties}; wanted numbers above 0")
    grid = np.sort(np.asarray(penalties, float))[::-1]
    cv_auc = _cross_validate(features, present, group, grid, n_folds, seed)
    best = np.where(np.isfinite(cv_auc), cv_auc, -1).argmax(0)  # the first of equals, which is the largest penalty
    centre, spread, weight, offset = _solve(features, present, grid)
    chosen = weight[best, :, np.arange(present.shape[1])].T
    return Baseline(centre, spread, chosen, offset, grid[best], cv_auc)


def score(baseline: Baseline, features: np.ndarray) -> np.ndarray:
    """Score clips by their features (clip, feature): (clip, tag), higher where a tag is likelier."""
    return (features - baseline.centre) / baseline.spread @ baseline.weight + baseline.offset


def _cross_validate(features, present, group, grid, n_folds, seed) -> np.ndarray:
    """Mean area over folds, (penalty, tag)."""
    roles = grouped_folds(np.asarray(group), np.zeros(len(features)), n_folds, seed)
    areas = np.empty((n_folds, len(grid), present.shape[1]))
    for fold, held in enumerate(roles == TEST):
        centre, spread, weight, offset = _solve(features[~held], present[~held], grid)
        z = (features[held] - centre) / spread
        areas[fold] = [roc_auc(present[held], z @ one + offset) for one in weight]
    known = np.isfinite(areas)
    with np.errstate(invalid="ignore"):
        return np.where(known, areas, 0).sum(0) / np.where(known.any(0), known.sum(0), np.nan)


def _solve(features: np.ndarray, present: np.ndarray, grid: np.ndarray) -> tuple[np.ndarray, ...]:
    """Centre, spread, weights (penalty, feature, tag) and offset, by one eigendecomposition for all penalties."""
    centre, spread = features.mean(0), features.std(0)
    spread = np.where(spread > 0, spread, 1)
    z = (features - centre) / spread
    offset = present.mean(0)
    value, vector = np.linalg.eigh(z.T @ z)
    projected = vector.T @ (z.T @ (present - offset))
    weight = np.stack([vector @ (projected / (np.maximum(value, 0) + one)[:, None]) for one in grid])
    return centre, spread, weight, offset
