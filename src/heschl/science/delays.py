"""What a listener heard, volume by volume, with a memory: the design of a finite impulse response model.

Clips follow each other without a pause, so the response to one reaches into the next. A model with delays knows
both clips, hence carry-over is explained and not mistaken for tuning (science.md, A3 and A4 defect 11).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np


def timeline(first: np.ndarray, n_volumes: int, run: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Say for each volume which trial plays and how many volumes ago it began; -1 where nothing plays.

    Parameters
    ----------
    first : array of shape (trial,), the row of `run` at which each trial begins
    n_volumes : volumes of a trial; fewer where the run ends earlier or the next trial begins
    run : array of shape (time,), the recording of each volume

    Returns
    -------
    trial, position : int arrays of shape (time,)

    Raises
    ------
    ValueError
        If a trial begins outside the series, or two at one volume.
    """
    first = np.asarray(first, int)
    if len(first) and (first.min() < 0 or first.max() >= len(run)):
        raise ValueError(f"a trial begins at volume {first.max()} of {len(run)}")
    if len(np.unique(first)) < len(first):
        raise ValueError("two trials begin at the same volume")
    trial, position = np.full(len(run), -1), np.full(len(run), -1)
    for i in np.argsort(first):
        rows = np.arange(first[i], min(first[i] + n_volumes, len(run)))
        rows = rows[run[rows] == run[first[i]]]
        trial[rows], position[rows] = i, rows - first[i]
    return trial, position


def nearest_windows(start_s: np.ndarray, window_s: float, tr_s: float, n_volumes: int) -> np.ndarray:
    """Return for each volume of a clip the window whose centre is nearest to its middle; the earlier of two.

    Parameters
    ----------
    start_s : array of shape (window,), s after the clip began
    """
    middle_s = (np.arange(n_volumes) + 0.5) * tr_s
    distance = np.abs(middle_s[:, None] - (np.asarray(start_s, float) + window_s / 2))
    return np.round(distance, 6).argmin(1)


def course(features: np.ndarray, clip: np.ndarray, window: np.ndarray) -> np.ndarray:
    """Return features over time (time, feature), NaN in silence.

    Parameters
    ----------
    features : array of shape (clip, window, feature)
    clip : int array of shape (time,), the clip that plays, -1 for none
    window : int array of shape (time,), its window; ignored in silence
    """
    heard = clip >= 0
    values = np.full((len(clip), features.shape[2]), np.nan, np.float32)
    values[heard] = features[clip[heard], window[heard]]
    return values


def standardised(values: np.ndarray, train: np.ndarray, n_components: int | None = None) -> np.ndarray:
    """Centre and scale features by their mean and SD in the training rows; silence (NaN) becomes 0, the mean.

    Parameters
    ----------
    values : array of shape (time, feature)
    train : rows of the training set, the only ones that anything is estimated from
    n_components : keep this many principal components of the training rows, with their variances; None for all

    Returns
    -------
    array of shape (time, feature or component), float32
    """
    seen = values[train].astype(float)
    mean, scale = np.nanmean(seen, 0), np.nanstd(seen, 0)
    scale[~(scale > 1e-7 * np.maximum(1, np.abs(mean)))] = np.inf  # constant in training: nothing to learn from
    scaled = np.nan_to_num((values - mean) / scale)
    if n_components is not None and n_components < scaled.shape[1]:
        _, _, axes = np.linalg.svd(scaled[train], full_matrices=False)
        scaled = scaled @ axes[:n_components].T
    return scaled.astype(np.float32)


def delayed(values: np.ndarray, run: np.ndarray, delays_tr: list[int]) -> np.ndarray:
    """Place copies of `values` (time, feature) side by side, each delayed by so many volumes within its run.

    Returns
    -------
    array of shape (time, delay x feature): column block k holds values(t - delays_tr[k]), 0 before the run began

    Raises
    ------
    ValueError
        If there is no delay, or one is negative: the response would precede the music.
    """
    if not delays_tr or min(delays_tr) < 0 or len(set(delays_tr)) < len(delays_tr):
        raise ValueError(f"delays_tr: {delays_tr} given; wanted different delays of 0 volumes or more")
    n_time, n_features = values.shape
    out = np.zeros((n_time, len(delays_tr), n_features), values.dtype)
    for k, delay in enumerate(delays_tr):
        rows = np.arange(delay, n_time)
        rows = rows[run[rows] == run[rows - delay]]
        out[rows, k] = values[rows - delay]
    return out.reshape(n_time, -1)


def run_centred(values: np.ndarray, run: np.ndarray) -> np.ndarray:
    """Subtract each run's mean from values (time, column), as it was from the responses.

    A run of few clips has a mean of its own; left in the design, it would be predicted but is no longer there.
    """
    out = np.empty_like(values)
    for name in np.unique(run):
        rows = run == name
        out[rows] = values[rows] - values[rows].mean(0, dtype=np.float64).astype(values.dtype)
    return out


def within_reach(marked: np.ndarray, run: np.ndarray, n_tr: int) -> np.ndarray:
    """Say where the last n_tr volumes of the same run, or the volume itself, hold a marked one; (time,) each."""
    out = marked.copy()
    for delay in range(1, n_tr + 1):
        out[delay:] |= marked[:-delay] & (run[delay:] == run[:-delay])
    return out


class Rows(NamedTuple):
    """Volumes of a split.

    train (row,), into time, and train_clip (row,), the clip that plays; test_clip (clip,) and test (clip,
    position, repeat), into time, -1 where a clip was heard less often.
    """

    train: np.ndarray
    train_clip: np.ndarray
    test_clip: np.ndarray
    test: np.ndarray


def split_rows(
    clip: np.ndarray, trial: np.ndarray, position: np.ndarray, run: np.ndarray, dummy: np.ndarray, role: np.ndarray,
    n_tr: int,
) -> Rows:  # fmt: skip
    """Choose the volumes that a model may learn from, and those it's tested on.

    Dummies (the run's first trial, heard again elsewhere) are never rows, only context. A training volume may
    hear nothing but training clips in the last n_tr volumes, a test volume no training clip: the response to
    the previous clip would carry one side into the other. Positions in the clip that not every test clip has
    are left out, so that clips can trade places in a permutation.

    Parameters
    ----------
    clip, trial, position : int arrays of shape (time,); -1 in silence
    dummy : bool array of shape (trial,)
    role : int array of shape (clip,): 1 train, 2 test, 0 unused
    n_tr : the longest delay

    Raises
    ------
    ValueError
        If no training or no test volume is left.
    """
    plays = np.where(clip >= 0, role[clip], -1)
    real = (trial >= 0) & ~dummy[trial]
    train = np.flatnonzero(real & (plays == 1) & ~within_reach((plays == 0) | (plays == 2), run, n_tr))
    test = real & (plays == 2) & ~within_reach(plays == 1, run, n_tr)
    chosen, index = _by_clip(np.flatnonzero(test), clip, trial, position, np.flatnonzero(role == 2))
    if not len(train) or not index.size:
        raise ValueError(f"{len(train)} training and {index.size} test volumes left; wanted some of both")
    return Rows(train, clip[train], chosen, index)


def _by_clip(rows, clip, trial, position, wanted) -> tuple[np.ndarray, np.ndarray]:
    """Arrange test volumes as (clip, position, repeat): positions that all clips have in as many repeats."""
    heard = np.array([c for c in wanted if (clip[rows] == c).any()], int)
    of = {c: np.unique(trial[rows[clip[rows] == c]]) for c in heard}
    n_repeats = max((len(trials) for trials in of.values()), default=0)
    index = np.full((len(heard), position.max(initial=0) + 1, n_repeats), -1)
    for i, c in enumerate(heard):
        mine = rows[clip[rows] == c]
        index[i, position[mine], np.searchsorted(of[c], trial[mine])] = mine
    return heard, index[:, (index >= 0).any(2).all(0)] if len(heard) else index


def averaged(values: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Average values (time, ...) over the repeats of index (..., repeat), -1 for none: (..., ...) float32."""
    total, count = 0.0, (index >= 0).sum(-1).astype(np.float32)
    for repeat in np.moveaxis(index, -1, 0):
        part = values[repeat].astype(np.float32)
        part[repeat < 0] = 0
        total = total + part
    return total / count.reshape(count.shape + (1,) * (values.ndim - 1))


def scaled_by(train: np.ndarray) -> tuple[np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """Z-score training rows (row, voxel) in place; return them and the function that scales others alike."""
    mean, scale = train.mean(0, dtype=np.float64).astype(np.float32), train.std(0, dtype=np.float64)
    scale = np.where(scale > 0, scale, 1).astype(np.float32)
    train -= mean
    train /= scale
    return train, lambda values: (values - mean) / scale
