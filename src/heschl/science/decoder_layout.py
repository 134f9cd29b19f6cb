"""Predictions of all outer folds, laid one after another in one table."""

from typing import NamedTuple

import numpy as np

from heschl.science import decoding
from heschl.science.decoding_folds import Fold


class Layout(NamedTuple):
    """What all folds predict.

    arrays : name -> (dimensions, values)
    rows, fold : (clip,) rows of the clips predicted, and the position of the fold that did
    feature : features that vary over some fold's training clips; the others are left out
    candidates : rows, fold and targets of every test clip, predicted or not
    attrs : counts of what is missing
    """

    arrays: dict[str, tuple]
    rows: np.ndarray
    fold: np.ndarray
    feature: np.ndarray
    candidates: tuple[np.ndarray, np.ndarray, np.ndarray]
    attrs: dict[str, int]


def lay_out(folds: list[Fold], found: list[decoding.Decoded], n_voxels: int) -> Layout:
    """Join the folds; a clip without any response is left out, a window without one gets its clip's mean prediction.

    Raises
    ------
    ValueError
        If no test clip has a response.
    """
    tested = [np.flatnonzero(fold.sample.test) for fold in folds]
    rows, of = np.concatenate(tested), np.repeat(np.arange(len(folds)), list(map(len, tested)))
    predicted, heard, kept = _filled(np.concatenate([f.predicted for f in found]))
    if not kept.any():
        raise ValueError("no test clip has a response")
    varying = np.any([fold.varies for fold in folds], 0)
    target = np.concatenate([f.raw[r] for f, r in zip(folds, tested, strict=True)])[..., varying].astype(np.float32)
    mean, scale = (np.stack([getattr(f, name)[varying] for f in folds]) for name in ("mean", "scale"))
    standard = (target - mean[of][:, None]) / scale[of][:, None]
    predicted, clip = predicted[..., varying].astype(np.float32), ("clip", "window", "feature")
    arrays = {
        "predicted": (clip, predicted[kept]),
        "target": (clip, target[kept]),
        "mean": (("fold", "feature"), mean),
        "scale": (("fold", "feature"), scale),
        "alpha_curve": (("fold", "alpha"), np.stack([f.curve for f in found])),
        "r_cv": ("fold", np.array([f.score for f in found])),
        "r": ("feature", decoding.pearson(predicted[kept], standard[kept])),
        "n_voxels": ("fold", np.array([len(f.voxels) for f in found])),
        "chosen": (("fold", "voxel"), _mask([f.voxels for f in found], n_voxels)),
    }
    attrs = {"n_missing_clips": int((~kept).sum()), "n_missing_windows": int((~heard[kept]).sum())}
    attrs["n_dropped_features"] = int((~varying).sum())
    return Layout(arrays, rows[kept], of[kept], np.flatnonzero(varying), (rows, of, target), attrs)


def _filled(predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fill (clip, window, feature) and say which windows (clip, window) and clips (clip,) have a response."""
    heard = np.isfinite(predicted).all(2)
    count = np.maximum(heard.sum(1), 1)[:, None]
    mean = np.where(heard[..., None], predicted, 0).sum(1) / count
    return np.where(heard[..., None], predicted, mean[:, None]), heard, heard.any(1)


def _mask(voxels: list[np.ndarray], n: int) -> np.ndarray:
    mask = np.zeros((len(voxels), n), np.int8)
    for row, chosen in zip(mask, voxels, strict=True):
        row[chosen] = 1
    return mask
