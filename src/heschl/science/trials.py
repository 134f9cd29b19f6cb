"""Trials: which volumes belong to a clip, at which lag after its onset, and how repeats are averaged.

One rule serves brain and model alike. A clip of clip_s seconds holds n = floor(clip_s / tr_s) volumes; volume i starts
i tr_s after the onset and is sampled at its middle, lag (i + 1/2) tr_s; it is kept if it starts at drop_s or later.
"""

import math

import numpy as np
from scipy.interpolate import CubicSpline

EXACT = 1e-6  # a sampling point this close to a volume (in TRs) is that volume
EARLY_S = 0.5  # players start a clip a little before the last one's nominal end


def volumes_per_clip(clip_s: float, tr_s: float) -> int:
    """Count the whole volumes in a clip (29 s at 0.735 s: 39)."""
    return math.floor(clip_s / tr_s + 1e-9)


def lags_s(clip_s: float, tr_s: float, drop_s: float) -> np.ndarray:
    """Lags (lag,) in s after clip onset, at mid-TR, of the volumes that start at or after drop_s.

    Raises
    ------
    ValueError
        If no volume is left.
    """
    start = np.arange(volumes_per_clip(clip_s, tr_s)) * tr_s
    kept = start[start >= drop_s - 1e-9]
    if not len(kept):
        raise ValueError(f"no volume left: clips of {clip_s:g} s, TR {tr_s:g} s, first {drop_s:g} s dropped")
    return kept + tr_s / 2


def fits(onset_s: np.ndarray, lag_s: np.ndarray, n_volumes: int, tr_s: float) -> np.ndarray:
    """Tell which trials (event,) lie wholly inside the run, so that none of their lags needs extrapolation."""
    position = _positions(onset_s, lag_s, tr_s)
    return (position.min(1) >= -EXACT) & (position.max(1) <= n_volumes - 1 + EXACT)


def cut(series: np.ndarray, onset_s: np.ndarray, lag_s: np.ndarray, tr_s: float) -> np.ndarray:
    """Sample a run at onset + lag for every trial.

    Volume k of the run is at (k + 1/2) tr_s. A point that falls on a volume takes that volume as it is; any other is
    read from a cubic spline along time.

    Parameters
    ----------
    series : array of shape (time, voxel)
    onset_s : array of shape (event,), s from the start of the run's first volume
    lag_s : array of shape (lag,), s after onset, of mid-TR

    Returns
    -------
    array of shape (event, lag, voxel), in the type of `series`

    Raises
    ------
    ValueError
        If a trial runs past either end of the run: nothing is extrapolated.
    """
    inside = fits(onset_s, lag_s, len(series), tr_s)
    if not inside.all():
        late = np.asarray(onset_s)[~inside][0]
        raise ValueError(f"trial at {late:g} s leaves the run of {len(series) * tr_s:g} s: nothing is extrapolated")
    position = _positions(onset_s, lag_s, tr_s)
    weights = _weights(position.ravel(), len(series))
    return (weights @ series).astype(series.dtype).reshape(*position.shape, series.shape[1])


def average(trials: np.ndarray, clips: list[str]) -> tuple[np.ndarray, list[str]]:
    """Average the repeats of each clip.

    `trials` has shape (event, lag, voxel) and `clips` names each event's clip. Returns an array of shape
    (clip, lag, voxel) and the names in sorted order.
    """
    names, index = np.unique(np.array(clips, dtype=str), return_inverse=True)
    total = np.zeros((len(names), *trials.shape[1:]))
    np.add.at(total, index, trials)
    return total / np.bincount(index)[:, None, None], names.tolist()


def _positions(onset_s: np.ndarray, lag_s: np.ndarray, tr_s: float) -> np.ndarray:
    """Fractional volume index (event, lag) of every sampling point."""
    return (np.asarray(onset_s, float)[:, None] + np.asarray(lag_s, float)) / tr_s - 0.5


def _weights(position: np.ndarray, n_volumes: int) -> np.ndarray:
    """Weights (point, time): a row of the identity on a volume, cubic-spline weights between two."""
    weights = np.eye(n_volumes)[np.clip(np.rint(position), 0, n_volumes - 1).astype(int)]
    between = np.abs(position - np.rint(position)) > EXACT
    if between.any():
        weights[between] = CubicSpline(np.arange(n_volumes), np.eye(n_volumes))(position[between])
    return weights


def check_apart(onset_s: np.ndarray, clip_s: float) -> None:
    """Raise ValueError if clips reach into the next trial: their last volumes would be another clip's.

    Parameters
    ----------
    onset_s : array of shape (trial,), in any order
    clip_s : seconds analysed of each
    """
    onset_s = np.sort(onset_s)
    gap_s = np.diff(onset_s)
    if len(gap_s) and gap_s.min() < clip_s - EARLY_S:
        at_s = onset_s[gap_s.argmin()]
        raise ValueError(f"trial at {at_s:g} s is {gap_s.min():g} s before the next, clip_s is {clip_s:g} s")
