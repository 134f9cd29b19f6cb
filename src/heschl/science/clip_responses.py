"""Responses of clips from a series of volumes: repeats averaged, neighbours known, one clip at a time in memory."""

from typing import NamedTuple

import numpy as np

from heschl.science.windows import average_repeats, window_means


class Trials(NamedTuple):
    """Events in the order heard, all (trial,).

    clip, run (str), first: row of the series at which it begins, stop: one past the last row of its run, repeat:
    earlier presentations of the clip, counts: False for dummies, previous: clip heard before in the run, or "".
    """

    clip: np.ndarray
    run: np.ndarray
    first: np.ndarray
    stop: np.ndarray
    repeat: np.ndarray
    counts: np.ndarray
    previous: np.ndarray


class Timing(NamedTuple):
    """starts_s (window,), window_s and tr_s in seconds, n_volumes of a clip."""

    starts_s: np.ndarray
    window_s: float
    tr_s: float
    n_volumes: int


def trials(
    clip: np.ndarray, run: np.ndarray, first: np.ndarray, repeat: np.ndarray, dummy: np.ndarray, volume_run: np.ndarray
) -> Trials:
    """Work out where each trial's run ends and what was heard before; dummies are neighbours too.

    Parameters
    ----------
    clip, run, first, repeat, dummy : (trial,), in the order heard within each run
    volume_run : (time,) name of each volume's run

    Raises
    ------
    ValueError
        If a trial begins outside of its run.
    """
    names, last = np.unique(volume_run[::-1], return_index=True)
    stops = dict(zip(names.tolist(), len(volume_run) - last, strict=True))
    inside = (first >= 0) & (first < len(volume_run))
    at = np.where(inside, volume_run[np.where(inside, first, 0).astype(int)], "")
    if wrong := clip[at != run].tolist():
        raise ValueError(f"trial {wrong[0]} begins outside of its run")
    stop = np.array([stops[r] for r in run.tolist()], int)
    before = np.where(np.r_[False, run[1:] == run[:-1]], np.r_[[""], clip[:-1]], "")
    return Trials(clip, run, first.astype(int), stop, repeat, ~dummy.astype(bool), before)


def responses(
    bold: np.ndarray, heard: Trials, names: list[str], lag_tr: int, timing: Timing, some: np.ndarray | None = None
) -> np.ndarray:
    """Mean response to each window of each clip, over the clip's repeats.

    Parameters
    ----------
    bold : array of shape (time, voxel)
    names : clips, which give the order of the result
    some : bool (trial,), the trials to use; default all that count

    Returns
    -------
    Array of shape (clip, window, voxel), float32; NaN where no trial was recorded long enough (science.windows)
    """
    use = heard.counts if some is None else heard.counts & some
    x = np.full((len(names), len(timing.starts_s), bold.shape[1]), np.nan, np.float32)
    for row, name in zip(x, names, strict=True):
        mine = np.flatnonzero(use & (heard.clip == name))
        if len(mine):
            means = window_means(bold, heard.first[mine], heard.stop[mine], lag_tr, *timing)
            row[:] = average_repeats(means, [name] * len(mine))[0][0] if len(mine) > 1 else means[0]
    return x


def previous_features(
    heard: Trials, names: list[str], features: np.ndarray, some: np.ndarray | None = None
) -> np.ndarray:
    """Features (clip, component) of the clip heard before each clip, over its repeats; 0 where there was none.

    `features` (clip, component) has a row for each of `names`.
    """
    use = heard.counts if some is None else heard.counts & some
    row_of = {name: i for i, name in enumerate(names)}
    padded = np.vstack([features, np.zeros(features.shape[1])])  # the last row: nothing heard before
    rows = np.array([row_of.get(name, len(names)) for name in heard.previous.tolist()], int)
    mean = np.zeros((len(names), features.shape[1]))
    for i, name in enumerate(names):
        mine = rows[use & (heard.clip == name)]
        mean[i] = padded[mine].mean(0) if len(mine) else 0
    return mean


def first_heard(heard: Trials, names: list[str]) -> tuple[list[str], list[str]]:
    """Return, for each clip, the run and the previous clip of its first presentation."""
    at = [int(np.flatnonzero(heard.counts & (heard.clip == name))[0]) for name in names]
    return heard.run[at].tolist(), heard.previous[at].tolist()
