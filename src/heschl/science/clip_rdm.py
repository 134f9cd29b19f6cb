"""RSA of clips instead of volumes: one pattern per clip, its mean over volumes.

Volumes of one clip share the haemodynamic response and slow noise; between means of clips there are no such pairs, and
no lags. The price is few pairs: 16 clips have 120. The result goes where volumes go: a clip is a volume at lag 0, so
that heschl.science.rdm and heschl.science.searchlight apply as they are, and one seed draws the same orders of clips.
"""

from typing import NamedTuple

import numpy as np

from heschl.science.rdm import spearman_rdm


class Clips(NamedTuple):
    """Names (clip,), sorted; lag_s (clip,), all 0; values (clip, ...), float64."""

    clip: np.ndarray
    lag_s: np.ndarray
    values: np.ndarray


def clip_means(values: np.ndarray, clip: np.ndarray) -> Clips:
    """Average (volume, ...) values, voxels' or features', over the volumes of each clip (volume,).

    Raises
    ------
    ValueError
        If there isn't a clip for every volume.
    """
    clip = np.asarray(clip)
    if clip.shape != values.shape[:1]:
        raise ValueError(f"{len(values)} volumes and {clip.shape} clips; wanted the clip of each volume")
    names, index = np.unique(clip, return_inverse=True)
    total = np.zeros((len(names), *values.shape[1:]))
    np.add.at(total, index, values)
    count = np.bincount(index, minlength=len(names)).reshape(-1, *[1] * (values.ndim - 1))
    return Clips(names, np.zeros(len(names)), total / count)


def clip_rdm(features: np.ndarray, clip: np.ndarray) -> np.ndarray:
    """Return 1 - Spearman correlation between clips' mean features, (clip, clip), clips in the order of their names.

    Parameters
    ----------
    features : array of shape (volume, feature)
    clip : array of shape (volume,)
    """
    return spearman_rdm(clip_means(features, clip).values)
