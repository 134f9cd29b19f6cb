"""Windows: which volumes of a clip belong to which window of its sound, and what the brain did then.

A clip of clip_s seconds is heard from volume 0 on; volume i lasts [i tr_s, (i + 1) tr_s). A model looks at the sound
through windows of window_s seconds, a new one each step_s seconds (science.md A3, table 1). The response to a window is
the mean of the volumes that overlap it, lag_tr volumes later (hemodynamic lag).
"""

import math

import numpy as np

EXACT = 1e-6  # edges closer than this (in TRs or steps) are the same: seconds are rounded
OFF_GRID = 0.25  # TR: onsets further than this from a volume's start need interpolation, which we don't do


def n_windows(clip_s: float, window_s: float, step_s: float) -> int:
    """Count the windows that lie wholly in a clip: floor((clip_s - window_s) / step_s) + 1; 0 if none fits."""
    if window_s <= 0 or step_s <= 0:
        raise ValueError(f"windows of {window_s:g} s each {step_s:g} s: both must be above 0")
    return max(0, math.floor((clip_s - window_s) / step_s + EXACT) + 1)


def starts_s(clip_s: float, window_s: float, step_s: float) -> np.ndarray:
    """Return the starts (window,) in s after clip onset.

    Raises
    ------
    ValueError
        If not one window fits into the clip.
    """
    count = n_windows(clip_s, window_s, step_s)
    if not count:
        raise ValueError(f"a clip of {clip_s:g} s is shorter than the window of {window_s:g} s")
    return np.arange(count) * float(step_s)


def overlapping(start_s: float, window_s: float, tr_s: float, n_volumes: int) -> slice:
    """Volumes of a clip whose interval overlaps the open interval (start_s, start_s + window_s).

    0 to 10 s at a TR of 1.5 s: volumes 0 to 6, seven of them (science.md A3: not the "five" of the paper's text).

    Raises
    ------
    ValueError
        If none of the clip's `n_volumes` does.
    """
    first = max(0, math.floor(start_s / tr_s + EXACT))
    stop = min(n_volumes, math.ceil((start_s + window_s) / tr_s - EXACT))
    if stop <= first:
        raise ValueError(f"window {start_s:g} to {start_s + window_s:g} s meets none of {n_volumes} volumes")
    return slice(first, stop)


def first_volumes(onset_s: np.ndarray, tr_s: float) -> np.ndarray:
    """Volume (trial,) that starts nearest to each onset (trial,) in s.

    Raises
    ------
    ValueError
        If an onset lies more than a quarter of a TR off the volumes' starts.
    """
    position = np.asarray(onset_s, float) / tr_s
    nearest = np.rint(position)
    off = np.abs(position - nearest)
    if off.size and off.max() > OFF_GRID + EXACT:
        worst = np.asarray(onset_s, float)[off.argmax()]
        raise ValueError(f"onset at {worst:g} s is {off.max():.2f} TR off the volumes, which start each {tr_s:g} s")
    return nearest.astype(int)


def window_means(
    bold: np.ndarray,
    first: np.ndarray,
    stop: np.ndarray,
    lag_tr: int,
    starts_s: np.ndarray,
    window_s: float,
    tr_s: float,
    n_volumes: int,
) -> np.ndarray:
    """Mean response to each window of each trial.

        y(trial, window) = mean over i in overlapping(window) of bold(first(trial) + i + lag_tr)

    The pad rule (science.md F): the last trials of a run lack volumes once lagged. The mean is then over the volumes
    there are; with fewer than half of them it is NaN. (Last clip at +3 TR: 7 of its 10 volumes.)

    Parameters
    ----------
    bold : array of shape (time, voxel)
    first : array of shape (trial,), row of `bold` at which the trial begins
    stop : array of shape (trial,), one past the last row of the trial's run
    lag_tr : hemodynamic lag in whole TRs, 0 or more
    starts_s : array of shape (window,), s after onset
    window_s, tr_s : s
    n_volumes : volumes of a clip

    Returns
    -------
    array of shape (trial, window, voxel), float32
    """
    if lag_tr < 0 or lag_tr != int(lag_tr):
        raise ValueError(f"lag of {lag_tr:g} TR: wanted 0 or a whole number above: the brain follows the sound")
    cuts = [overlapping(float(start), window_s, tr_s, n_volumes) for start in starts_s]
    means = np.full((len(first), len(cuts), bold.shape[1]), np.nan, np.float32)
    for trial, (begin, end) in enumerate(zip(np.asarray(first, int), np.asarray(stop, int), strict=True)):
        for window, cut in enumerate(cuts):
            rows = bold[begin + lag_tr + cut.start : min(end, begin + lag_tr + cut.stop)]  # a view: nothing is copied
            if 2 * len(rows) >= cut.stop - cut.start:
                np.mean(rows, axis=0, dtype=np.float32, out=means[trial, window])
    return means


def average_repeats(values: np.ndarray, clips: list[str]) -> tuple[np.ndarray, list[str]]:
    """Average the trials of each clip, leaving out what is NaN.

    `values` has shape (trial, ...) and `clips` names each trial's clip. Returns an array of shape (clip, ...), in the
    type of `values`, NaN where every repeat is, and the names in sorted order.
    """
    names, index = np.unique(np.array(clips, dtype=str), return_inverse=True)
    mean = np.empty((len(names), *values.shape[1:]), values.dtype)
    for clip in range(len(names)):
        trials = values[index == clip]
        seen = np.isfinite(trials).sum(0)
        with np.errstate(invalid="ignore"):
            mean[clip] = np.nansum(trials, 0, dtype=float) / np.where(seen, seen, np.nan)
    return mean, names.tolist()
