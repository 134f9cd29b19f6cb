"""Dissimilarity matrices of models, the pairs of volumes to compare, and permutations of whole clips."""

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

if TYPE_CHECKING:
    from rsatoolbox.rdm import RDMs


def spearman_rdm(features: np.ndarray) -> np.ndarray:
    """Return 1 - Spearman correlation between volumes over features.

    Parameters
    ----------
    features : array of shape (volume, feature); ties, as of 0/1 features, get mid-ranks

    Returns
    -------
    array of shape (volume, volume), rounded to 1e-12 so that equal distances are equal numbers

    Raises
    ------
    ValueError
        If a value isn't finite or a volume has the same value in all features.
    """
    if not np.isfinite(features).all():
        raise ValueError("features hold NaN or infinity; wanted finite numbers")
    score = 2 * rankdata(features, axis=1) - (features.shape[1] + 1)
    norm = np.einsum("tf,tf->t", score, score)
    if (constant := np.flatnonzero(norm == 0)).size:
        given = f"volume {constant[0]} has the same value in all {features.shape[1]} features"
        raise ValueError(f"{given}; its rank correlation is undefined")
    return np.round(1 - score @ score.T / np.sqrt(np.outer(norm, norm)), 12)


def standardized(features: np.ndarray) -> np.ndarray:
    """Z-score each feature of (volume, feature) over volumes; one that never varies becomes 0.

    What is equal on paper stays equal, to 1e-9: ranks would make a difference of any rounding error.
    """
    features = features.astype(float)
    centred = features - features.mean(0)
    deviation = centred.std(0)
    dead = deviation <= 1e-9 * np.abs(features).max(0, initial=0)
    return np.round(np.where(dead, 0.0, centred / np.where(dead, 1, deviation)), 9)


def without_lag_mean(values: np.ndarray, lag_s: np.ndarray) -> np.ndarray:
    """Subtract from (volume, ...) values the mean over clips at each lag: what any clip evokes.

    What is equal on paper stays equal, to 1e-9 of the largest value.

    Raises
    ------
    ValueError
        If a value isn't finite, or a lag is one clip's alone: nothing would be left of it.
    """
    values = values.astype(float)
    if not np.isfinite(values).all():
        bad = np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(0))
        given = f"NaN or infinity in {len(bad)} of {values[0].size} voxels or features, the first is number {bad[0]}"
        raise ValueError(f"{given} (from 0); wanted finite numbers")
    lags, index, clips = np.unique(lag_s, return_inverse=True, return_counts=True)
    if clips.min() < 2:
        given = f"one clip alone at {lags[clips.argmin()]:g} s"
        raise ValueError(f"{given}: without the mean over clips nothing is left; wanted two clips or more")
    for lag in range(index.max() + 1):
        values[index == lag] -= values[index == lag].mean(0)
    unit = np.abs(values).max(initial=0) or 1.0
    return np.round(values / unit, 9) * unit


def pair_mask(clip: np.ndarray, pairs: str) -> np.ndarray:
    """Return the pairs to compare, boolean (volume, volume): "all" or "between_clip", two clips'.

    Volumes of one clip share the haemodynamic response and slow noise, which looks like similarity in any
    model.
    """
    if pairs not in ("all", "between_clip"):
        raise ValueError(f"pairs is {pairs!r}; wanted 'all' or 'between_clip'")
    clip = np.asarray(clip)
    different = clip[:, None] != clip[None, :]
    return different if pairs == "between_clip" else ~np.eye(len(clip), dtype=bool)


def matching(clip: np.ndarray, lag_s: np.ndarray, other_clip: np.ndarray, other_lag_s: np.ndarray) -> list[int]:
    """Return where each volume (clip, lag in whole ms) is among the others.

    Raises
    ------
    ValueError
        If the two don't hold the same volumes, each once.
    """
    wanted, given = _named(clip, lag_s), _named(other_clip, other_lag_s)
    unlike = sorted(set(wanted) ^ set(given)) or [v for v in wanted + given if wanted.count(v) * given.count(v) > 1]
    if unlike:
        which = f"clip {unlike[0][0]!r} at {unlike[0][1] / 1000:g} s isn't once in both"
        raise ValueError(f"{len(wanted)} and {len(given)} volumes, {which}; wanted the same volumes")
    place = {volume: i for i, volume in enumerate(given)}
    return [place[volume] for volume in wanted]


def _named(clip: np.ndarray, lag_s: np.ndarray) -> list[tuple[str, int]]:
    lag_ms = np.rint(1000 * np.asarray(lag_s, float)).astype(int)
    return list(zip(np.asarray(clip).tolist(), lag_ms.tolist(), strict=True))


def clip_permutations(clip: np.ndarray, lag_s: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Draw permutations of whole clips: each volume takes the place of the same lag in another clip.

    They depend on the sorted names of the clips and the seed alone, so that subjects share them whatever
    their order.

    Parameters
    ----------
    clip, lag_s : arrays of shape (volume,); every clip has the same lags, each once

    Returns
    -------
    integer array of shape (n, volume), rows of the same volumes

    Raises
    ------
    ValueError
        If clips differ in their lags.
    """
    volume = trials(clip, lag_s)
    place = np.empty((2, volume.size), int)  # clip and lag of each volume
    place[:, volume] = np.indices(volume.shape)
    rng = np.random.default_rng(seed)
    found = [volume[rng.permutation(len(volume))[place[0]], place[1]] for _ in range(n)]
    return np.array(found, int).reshape(n, volume.size)


def trials(clip: np.ndarray, lag_s: np.ndarray) -> np.ndarray:
    """Return the volumes of each clip, (clip, lag), clips by name and lags in order.

    Raises
    ------
    ValueError
        If clips differ in their lags.
    """
    names, clip = np.unique(np.asarray(clip), return_inverse=True)
    lags, lag = np.unique(np.round(np.asarray(lag_s, float), 3), return_inverse=True)
    volume = np.full((len(names), len(lags)), -1)
    volume[clip, lag] = np.arange(len(clip))
    if volume.min() < 0 or volume.size != len(clip):
        given = f"{len(clip)} volumes of {len(names)} clips at {len(lags)} lags"
        raise ValueError(f"{given}; wanted every clip once at every lag")
    return volume


def to_rsatoolbox(models: np.ndarray, names: list[str]) -> "RDMs":
    """Return (model, volume, volume) dissimilarities as rsatoolbox RDMs with a descriptor `name`."""
    from rsatoolbox.rdm import RDMs

    return RDMs(models, dissimilarity_measure="1 - spearman", rdm_descriptors={"name": list(names)})


def from_rsatoolbox(rdms: "RDMs") -> np.ndarray:
    """Return rsatoolbox RDMs as an array of shape (model, volume, volume)."""
    return rdms.get_matrices()
