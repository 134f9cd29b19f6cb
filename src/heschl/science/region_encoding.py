"""What a region says of a sound: its mean response as a linear function of features, all choices made in training.

The region is the voxels that the features predict best in cross-validation of training clips; its mean response is
then predicted by one ridge regression, and test clips score that.
"""

from typing import NamedTuple

import numpy as np

from heschl.science.encoding import correlate
from heschl.science.ridge import leave_out_folds, ridge_cv


class Region(NamedTuple):
    """A region's encoding model: predicted response = features . weights + offset, z over training windows.

    voxels (voxel,) rows of those chosen, r_voxel (voxel,) their cross-validated r; weights (feature,) and offset, of
    raw features; alpha, r_cv (training), r_test; predicted and actual (row,) of training and test windows.
    """

    voxels: np.ndarray
    r_voxel: np.ndarray
    weights: np.ndarray
    offset: float
    alpha: float
    r_cv: float
    r_test: float
    train_predicted: np.ndarray
    test_predicted: np.ndarray
    test_actual: np.ndarray


def fit(
    features: np.ndarray,
    response: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
    *,
    alphas: list[float],
    n_folds: int,
    n_voxels: int,
    seed: int = 0,
) -> Region:
    """Choose a region and fit its encoding model in training clips; score it in test clips.

    Parameters
    ----------
    features : array of shape (clip, window, feature)
    response : array of shape (clip, window, voxel); windows that weren't recorded are NaN and left out
    train, test : bool arrays of shape (clip,)
    n_voxels : size of the region, fewer if there are fewer

    Raises
    ------
    ValueError
        If a clip both trains and tests, or the training clips are too few for the folds, or no test window is left.
    """
    if (train & test).any() or not test.any():
        raise ValueError(f"{(train & test).sum()} clips train and test, {test.sum()} test; wanted none, and some")
    (x, y, clip), (x_test, y_test, _) = (_rows(features, response, some) for some in (train, test))
    if not len(x_test):
        raise ValueError("no window of a test clip was recorded; wanted one at least")
    fold = leave_out_folds(clip, n_folds, seed)
    (z, x_mean, x_scale), (y, y_mean, y_scale) = _scaled(x), _scaled(y)
    score = ridge_cv(z, y, alphas, fold, score="r").score
    chosen = np.sort(np.argsort(-score, kind="stable")[:n_voxels])
    whole, mean, scale = _scaled(y[:, chosen].mean(1, keepdims=True))
    found = ridge_cv(z, whole, alphas, fold, score="r", weights=True)
    weights = found.weights[:, 0].astype(float) / x_scale
    offset = float(found.offset[0] - x_mean @ weights)
    actual = (((y_test - y_mean) / y_scale)[:, chosen].mean(1) - mean[0]) / scale[0]
    predicted = x_test @ weights + offset
    r_test = float(correlate(predicted[:, None], actual[:, None])[0])
    model = (weights, offset, float(found.alpha[0]), float(found.score[0]), r_test)
    return Region(chosen, score[chosen], *model, x @ weights + offset, predicted, actual)


def _rows(features: np.ndarray, response: np.ndarray, some: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lay recorded windows of some clips one after another: features, responses, and the clip of each."""
    x = features[some].reshape(-1, features.shape[-1]).astype(float)
    y = response[some].reshape(-1, response.shape[-1]).astype(float)
    clip, seen = np.repeat(np.flatnonzero(some), features.shape[1]), np.isfinite(y).all(1)
    return x[seen], y[seen], clip[seen]


def _scaled(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return z over rows, mean and scale (column,); a constant column has scale infinity, hence no weight."""
    mean, scale = values.mean(0), values.std(0)
    scale = np.where(scale > 1e-7 * np.maximum(1, np.abs(mean)), scale, np.inf)
    return (values - mean) / scale, mean, scale
