"""Which clips test a network of styles: whole tracks, or stretches as published, and what that leaks (science.md A2).

A fold is an array (clip,) of whole numbers: the fold that tests the clip. Clips of one track sound alike, so a network
that has learnt from some of them knows the others by more than their style.
"""

from collections.abc import Iterator, Sequence

import numpy as np


def track_grouped(style: np.ndarray, track: np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    """Test every clip once, with the whole of its track; each fold tests every style, about as many clips of each.

    Parameters
    ----------
    style, track : label of each clip, (clip,)
    n_folds : lowered to `most_folds` where there are more than tracks
    seed : of the order in which tracks of one length are dealt out

    Raises
    ------
    ValueError
        If there are fewer than two styles, or than two tracks of a style, or a track has two styles.
    """
    n_folds, rng = most_folds(style, track, n_folds), np.random.default_rng([seed, 0])
    fold, total = np.full(len(track), -1), np.zeros(n_folds, int)
    for one in np.unique(style):
        held = np.zeros(n_folds, int)
        names, counts = np.unique(track[style == one], return_counts=True)
        shuffled = rng.permutation(len(names))
        for i in shuffled[np.argsort(-counts[shuffled], kind="stable")]:  # the longest first, to the emptiest fold
            f = np.lexsort((total, held))[0]
            fold[track == names[i]] = f
            held[f] += counts[i]
            total[f] += counts[i]
    return fold


def contiguous(style: np.ndarray, track: np.ndarray, start: np.ndarray, n_folds: int) -> np.ndarray:
    """Test every clip once, in contiguous stretches of each style's clips in order of track and start.

    Geng tests the last stretch, so the last fold is the published split. It parts tracks: see `leaks`.

    Parameters
    ----------
    start : of each clip in its track, s, (clip,)
    n_folds : lowered as for `track_grouped`, so that both learn from as many clips

    Raises
    ------
    ValueError
        As `track_grouped`.
    """
    n_folds, fold = most_folds(style, track, n_folds), np.full(len(track), -1)
    for one in np.unique(style):
        clips = np.flatnonzero(style == one)
        order = clips[np.lexsort((start[clips], track[clips]))]
        fold[order] = np.arange(len(order)) * n_folds // len(order)
    return fold


def most_folds(style: np.ndarray, track: np.ndarray, n_folds: int) -> int:
    """Return n_folds, or the fewest tracks of a style if that is less.

    Raises
    ------
    ValueError
        See `track_grouped`; or if n_folds is below 2.
    """
    labels, tracks = np.unique(style), dict(_tracks(style, track))
    if n_folds < 2:
        raise ValueError(f"{n_folds} folds; wanted two or more")
    if len(labels) < 2:
        raise ValueError(f"{len(labels)} styles; wanted two or more")
    names = np.concatenate(list(tracks.values()))
    if len(np.unique(names)) < len(names):
        both = next(n for n in names if (names == n).sum() > 1)
        raise ValueError(f"track {both} is in two styles; wanted each in one")
    fewest = min(tracks, key=lambda one: len(tracks[one]))
    if len(tracks[fewest]) < 2:
        raise ValueError(f"one track of style {fewest}; wanted two or more, one of them to be tested")
    return min(n_folds, len(tracks[fewest]))


def leaks(fold: np.ndarray, track: np.ndarray) -> int:
    """Count the clips that are tested while others of their track are in training."""
    parted = [one for one in np.unique(track) if len(np.unique(fold[track == one])) > 1]
    return int(np.isin(track, parted).sum())


def relabelled(style: np.ndarray, track: np.ndarray, seed: int | Sequence[int]) -> np.ndarray:
    """Give whole tracks other styles, so that what is learnt from them says nothing of the true ones.

    The styles are dealt out evenly among the tracks of each true style: a plain permutation of so few tracks
    often is close to the truth, or to its opposite.

    Returns
    -------
    label of each clip, (clip,), of the dtype of style
    """
    rng, other = np.random.default_rng([*np.atleast_1d(seed), 1]), np.array(style)
    labels = np.unique(style)
    for _, names in _tracks(style, track):
        # which styles get one track more is drawn, too
        dealt = rng.permutation(labels)[np.arange(len(names)) % len(labels)]
        for name, label in zip(rng.permutation(names), dealt, strict=True):
            other[track == name] = label
    return other


def _tracks(style: np.ndarray, track: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Each style with the names of its tracks."""
    for one in np.unique(style):
        yield one, np.unique(track[style == one])
