"""Rescoring: of several candidates for a clip, keep the one whose predicted response is most like the brain's."""

import numpy as np


def best_candidate(brain: np.ndarray, predicted: np.ndarray, mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Choose for each clip the candidate with the largest Pearson correlation over the mask's voxels.

        best(i) = argmax_c corr(brain(i, mask), predicted(i, c, mask))

    (Ferrante et al. 2025, Bayesian variant; science.md A4, defect 10: their script fitted one subject's number of
    clips only, and an integer mask picked voxels 0 and 1 again and again where a truth value was meant.)

    Parameters
    ----------
    brain : array of shape (clip, voxel)
    predicted : array of shape (clip, candidate, voxel), by an encoding model fitted on other clips
    mask : array of shape (voxel,), bool

    Returns
    -------
    best (clip,) int, and r (clip, candidate), NaN where a pattern is constant (such a candidate never wins)

    Raises
    ------
    ValueError
        If the mask isn't boolean or empty, numbers of clips or voxels differ, or a clip has no usable candidate.
    """
    _check(brain, predicted, np.asarray(mask))
    z, candidate = _centred(brain[:, mask])[:, None], _centred(predicted[..., mask])
    length = np.linalg.norm(z, axis=-1) * np.linalg.norm(candidate, axis=-1)
    r = (z * candidate).sum(-1) / np.where(length > 0, length, np.nan)
    if (lost := np.isnan(r).all(1)).any():
        raise ValueError(f"clip {int(lost.argmax())}: no candidate's pattern varies, or the brain's is constant or NaN")
    return np.nanargmax(r, axis=1), r


def _check(brain: np.ndarray, predicted: np.ndarray, mask: np.ndarray) -> None:
    if mask.dtype != bool:
        raise ValueError(f"the mask is {mask.dtype}, wanted bool: as an index it would pick voxels 0 and 1")
    if brain.ndim != 2 or predicted.ndim != 3 or len(brain) != len(predicted):
        raise ValueError(f"brain {brain.shape}, candidates {predicted.shape}: wanted (clip, voxel) for the same clips")
    if not brain.shape[1] == predicted.shape[2] == len(mask):
        raise ValueError(f"{brain.shape[1]}, {predicted.shape[2]} and {len(mask)} voxels: wanted the same")
    if not mask.any():
        raise ValueError("the mask holds no voxel")


def _centred(pattern: np.ndarray) -> np.ndarray:
    return pattern - pattern.mean(-1, keepdims=True, dtype=float)
