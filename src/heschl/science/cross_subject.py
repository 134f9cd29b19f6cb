"""Decode a listener with what other listeners taught: leave-one-subject-out, with functional alignment.

From k clips that everyone heard each listener is mapped into one space (heschl.science.alignment). The decoder
learns in that space from the other listeners and from other clips; the left-out listener's test clips are then
mapped and decoded (science.md (e) 5). as_published repeats defect 5 of A4.
"""

from typing import NamedTuple

import numpy as np

from heschl.science.alignment import fit_maps, transform
from heschl.science.ridge import leave_out_folds, ridge_cv

MODES = ("corrected", "as_published")


class Listener(NamedTuple):
    """Responses of one subject, z-scored within run, at voxels that all subjects have.

    training (training clip, volume, voxel) and test (test clip, volume, voxel), the repeats of a clip averaged,
    each volume one lag after its sound, NaN where the run had ended.
    """

    training: np.ndarray
    test: np.ndarray


class Roles(NamedTuple):
    """Indices of training clips: alignment, in the order in which k grows, and decoder; disjoint when corrected."""

    alignment: np.ndarray
    decoder: np.ndarray


def roles(genre: np.ndarray, n_clips: list[int], n_folds: int, seed: int, mode: str) -> Roles:
    """Deal training clips of genre (clip,) to alignment and decoder, as many of each genre as can be.

    The largest k is set aside for the alignment at every k, so that the learning curve varies k only. As published,
    all clips do both.

    Raises
    ------
    ValueError
        If fewer than n_folds clips are left for the decoder, or a k is below 2.
    """
    if mode not in MODES:
        raise ValueError(f"mode {mode!r}; wanted one of {MODES}")
    if mode == "as_published":
        return Roles(np.arange(len(genre)), np.arange(len(genre)))
    left = len(genre) - max(n_clips)
    if left < n_folds or min(n_clips) < 2:
        raise ValueError(
            f"k = {n_clips} alignment clips leave {max(0, left)} of {len(genre)} training clips to the "
            f"decoder; wanted k of 2 or more and {n_folds} clips left, as the two must not share any"
        )
    order = _stratified(genre, seed)
    return Roles(order[: max(n_clips)], np.sort(order[max(n_clips) :]))


def predict_left_out(
    sources: list[Listener],
    left_out: Listener,
    parcel: np.ndarray,
    target: np.ndarray,
    parts: Roles,
    *,
    method: str,
    alphas: list[float],
    n_folds: int,
    seed: int,
    mode: str = "corrected",
) -> np.ndarray:
    """Predict the embeddings of the left-out subject's test clips with the others' decoder.

    Corrected: the left-out subject gives its alignment clips only, and all statistics are theirs. As published
    (defect 5), labelled: its own training clips, on which the map was fitted too, train the decoder, and its test
    set is rescaled by its own mean and SD.

    Parameters
    ----------
    sources, left_out : of the same clips and voxels
    target : array of shape (training clip, feature), standardised over the decoder's clips
    parts : clips of the alignment (k of them) and of the decoder

    Returns
    -------
    Array of shape (test clip, feature)
    """
    people = [scaled(person, parts.alignment) for person in (*sources, left_out)]
    rows, clip = alignment_rows(people, parts.alignment)
    maps = fit_maps(rows, parcel, method, clip, seed)
    taught = len(people) if mode == "as_published" else len(people) - 1
    heard = [clip_means(person.training[parts.decoder]) for person in people[:taught]]
    x = [transform(m, h).astype(np.float32) for m, h in zip(maps, heard, strict=False)]
    x_test = transform(maps[-1], clip_means(people[-1].test)).astype(np.float32)
    x_test = _rescaled(x_test, x[0]) if mode == "as_published" else x_test
    return decode(x, target[parts.decoder], x_test, alphas, n_folds, seed)


def predict_within(person: Listener, target: np.ndarray, decoder: np.ndarray, alphas: list[float], n_folds: int,
                   seed: int) -> np.ndarray:  # fmt: skip
    """Predict (test clip, feature) with the subject's own decoder of the same clips: what alignment may reach."""
    person = scaled(person, decoder)
    x, x_test = clip_means(person.training[decoder]), clip_means(person.test)
    return decode([x], target[decoder], x_test, alphas, n_folds, seed)


def decode(x: list[np.ndarray], y: np.ndarray, x_test: np.ndarray, alphas: list[float], n_folds: int, seed: int
           ) -> np.ndarray:  # fmt: skip
    """Ridge from several subjects' responses to the same clips, alpha by folds that keep a clip together.

    Parameters
    ----------
    x : arrays of shape (clip, feature), one per subject; y : (clip, target); x_test : (test clip, feature)
    """
    fold = leave_out_folds(np.arange(len(y)), n_folds, seed)
    rows, n = np.concatenate(x), len(x)
    return ridge_cv(rows, np.tile(y, (n, 1)), np.array(alphas), np.tile(fold, n), x_test).predicted


def scaled(person: Listener, clips: np.ndarray) -> Listener:
    """Z-score every voxel by its mean and SD over the volumes of these training clips; constant voxels become 0."""
    rows = person.training[clips].reshape(-1, person.training.shape[2])
    mean, deviation = np.nanmean(rows, 0), np.nanstd(rows, 0)
    factor = np.divide(1, deviation, out=np.zeros_like(deviation), where=deviation > 1e-6)
    return Listener((person.training - mean) * factor, (person.test - mean) * factor)


def alignment_rows(people: list[Listener], clips: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
    """Stack the volumes of clips that everyone has: a (row, voxel) per subject, and the clip of each row."""
    volumes = [person.training[clips] for person in people]
    there = np.all([np.isfinite(v).all(2) for v in volumes], axis=0)
    return [v[there] for v in volumes], np.repeat(np.arange(len(clips)), there.shape[1])[there.ravel()]


def clip_means(volumes: np.ndarray) -> np.ndarray:
    """Mean over the volumes there are, (clip, volume, voxel) to (clip, voxel).

    Raises
    ------
    ValueError
        If a clip has no volume at all.
    """
    if (~np.isfinite(volumes).any(1)).any():
        raise ValueError("a clip has no volume in its run at this lag; wanted at least one")
    return np.nanmean(volumes, 1)


def standardised(target: np.ndarray, clips: np.ndarray) -> np.ndarray:
    """Embeddings (clip, feature) in SDs from the mean of `clips`; 0 where these are all the same."""
    mean, deviation = target[clips].mean(0, dtype=float), target[clips].std(0, dtype=float)
    factor = np.divide(1, deviation, out=np.zeros_like(deviation), where=deviation > 1e-6 * (1e-30 + np.abs(mean)))
    return (target - mean) * factor


def _rescaled(values: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Give values (row, feature) the mean and SD of others: defect 5 when the values are a test set."""
    deviation = values.std(0)
    unit = np.divide(values - values.mean(0), deviation, out=np.zeros_like(values), where=deviation > 1e-6)
    return unit * like.std(0) + like.mean(0)


def _stratified(genre: np.ndarray, seed: int) -> np.ndarray:
    """Shuffle clips so that every beginning of the order holds the genres about equally."""
    rng, place = np.random.default_rng([seed, len(genre)]), np.empty(len(genre))
    for name in np.unique(genre):
        members = np.flatnonzero(genre == name)
        place[members] = (rng.permutation(len(members)) + rng.random()) / len(members)
    return np.argsort(place, kind="stable")
