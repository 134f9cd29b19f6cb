"""The outer folds of a decoder: who trains, who is tested, and the embeddings in the fold's own units."""

from typing import NamedTuple

import numpy as np

from heschl.science import carry_over, decoding
from heschl.science.aligner import linear_aligner
from heschl.science.clip_responses import Timing, Trials, previous_features, responses
from heschl.science.ridge import leave_out_folds

TRAIN, TEST = 1, 2


class Fold(NamedTuple):
    """One outer fold: its number, its clips, raw embeddings (clip, window, feature), and their statistics (feature,).

    parts (clip, component): what the previous clip's embedding says, None if carry-over stays.
    """

    number: int
    sample: decoding.Sample
    raw: np.ndarray
    mean: np.ndarray
    scale: np.ndarray
    parts: np.ndarray | None

    @property
    def y(self) -> np.ndarray:
        """Standardized embeddings (clip, window, feature)."""
        return (self.raw - self.mean) / self.scale

    @property
    def varies(self) -> np.ndarray:
        """Which features (feature,) aren't constant over the training clips."""
        some = self.raw[self.sample.train].reshape(-1, self.raw.shape[-1])
        return np.ptp(some, 0) > 1e-6 * np.maximum(np.abs(self.mean), 1e-6)


def prepare(
    number: int,
    role: np.ndarray,
    names: list[str],
    raw: np.ndarray,
    n_folds: int,
    heard: Trials | None,
    other: np.ndarray | None,
    seed: int,
) -> Fold:
    """Make one outer fold; nothing of it looks at a test clip.

    Parameters
    ----------
    role : array of shape (clip,), 1 train, 2 test
    raw : embeddings (clip, window, feature)
    heard : the trials, if the previous clip is to be regressed out
    other : embeddings (clip, feature_out) in the space of an aligner, fitted on the training clips
    """
    train, test = role == TRAIN, role == TEST
    fold = np.full(len(names), -1)
    fold[train] = leave_out_folds(np.array(names)[train], n_folds, seed)
    if other is not None:
        weights, offset = linear_aligner(raw[train].mean(1), other[train], seed)
        raw = raw @ weights + offset
    mean, scale = decoding.statistics(raw, train)
    parts = carry_over.components(((raw - mean) / scale).mean(1), train) if heard else None
    previous = previous_features(heard, names, parts) if heard else None
    return Fold(number, decoding.Sample(train, test, fold, previous), raw, mean, scale, parts)


def ceiling(
    bold: np.ndarray, heard: Trials, names: list[str], fold: Fold, rows: np.ndarray, lag_tr: int, timing: Timing
) -> float:
    """id-acc of the responses of odd repeats among those of even ones, in some voxels; NaN without two repeats.

    Standardized as the decoder's responses. What the previous clip left stays in: both halves follow the same clips, so
    taking the same fitted tail off both would make even noise alike.
    """
    some, halves, test = bold[:, rows], [], fold.sample.test
    x = responses(some, heard, names, lag_tr, timing)
    for odd in (0, 1):
        mine = responses(some, heard, names, lag_tr, timing, heard.repeat % 2 == odd)
        mixed = np.where(test[:, None, None], mine, x)
        ready = decoding.standardized(mixed, fold.sample.train)[test]
        halves.append(ready.reshape(len(ready), -1))
    return decoding.brain_accuracy(*halves)


def mean_ceiling(
    bold: np.ndarray,
    heard: Trials,
    names: list[str],
    folds: list[Fold],
    mask: np.ndarray,
    lags_tr: list,
    timing: Timing,
) -> float:
    """Mean of the folds' ceilings, each in its own voxels, mask (fold, voxel), at its own lag; NaN if there is none."""
    rest = zip(folds, mask, lags_tr, strict=True)
    each = [ceiling(bold, heard, names, fold, np.flatnonzero(row), lag, timing) for fold, row, lag in rest]
    return float(np.nanmean(each)) if np.isfinite(each).any() else np.nan
