"""A region planted among noise is found in training clips, its weights come back, and test clips only score."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from heschl.science import region_encoding

SETTINGS = {"alphas": [1.0, 10.0, 100.0], "n_folds": 4, "n_voxels": 6}
N_CLIPS, N_WINDOWS, N_FEATURES, N_VOXELS = 40, 3, 8, 30


def world(seed=0, signal=1.0):
    rng = np.random.default_rng(seed)
    features = rng.normal(3, 2, (N_CLIPS, N_WINDOWS, N_FEATURES))
    drive = features @ rng.normal(size=N_FEATURES)
    response = rng.normal(size=(N_CLIPS, N_WINDOWS, N_VOXELS))
    response[..., 10:16] += signal * (drive / drive.std())[..., None]
    train = np.arange(N_CLIPS) < 30
    return features, response, train, ~train


def test_the_planted_voxels_are_found_and_predicted():
    found = region_encoding.fit(*world(), **SETTINGS)
    assert found.voxels.tolist() == list(range(10, 16)) and (found.r_voxel > 0.4).all()
    assert found.r_test > 0.8 and found.r_cv > 0.8


def test_noise_is_not_predicted():
    r = [region_encoding.fit(*world(seed, signal=0.0), **SETTINGS).r_test for seed in range(100)]
    assert abs(np.mean(r)) < 0.06  # 3 standard errors


def test_its_predictions_are_those_of_sklearn():
    features, response, train, test = world()
    found = region_encoding.fit(features, response, train, test, **SETTINGS)
    x, y = features[train].reshape(-1, N_FEATURES), response[train].reshape(-1, N_VOXELS)
    x_mean, x_std, y_mean, y_std = x.mean(0), x.std(0), y.mean(0), y.std(0)
    mean = ((y - y_mean) / y_std)[:, found.voxels].mean(1)
    model = Ridge(found.alpha).fit((x - x_mean) / x_std, (mean - mean.mean()) / mean.std())
    x_test, y_test = features[test].reshape(-1, N_FEATURES), response[test].reshape(-1, N_VOXELS)
    np.testing.assert_allclose(found.test_predicted, model.predict((x_test - x_mean) / x_std), atol=1e-4)
    np.testing.assert_allclose(found.train_predicted, model.predict((x - x_mean) / x_std), atol=1e-4)
    actual = (((y_test - y_mean) / y_std)[:, found.voxels].mean(1) - mean.mean()) / mean.std()
    np.testing.assert_allclose(found.test_actual, actual, atol=1e-10)
    assert found.r_test == pytest.approx(np.corrcoef(actual, found.test_predicted)[0, 1], abs=1e-4)
    np.testing.assert_allclose(x_test @ found.weights + found.offset, found.test_predicted, rtol=1e-10)


def test_test_clips_choose_nothing():
    features, response, train, test = world()
    one = region_encoding.fit(features, response, train, test, **SETTINGS)
    features[test], response[test] = 1e3, np.random.default_rng(5).normal(size=response[test].shape) * 1e3
    other = region_encoding.fit(features, response, train, test, **SETTINGS)
    assert np.array_equal(one.weights, other.weights) and np.array_equal(one.voxels, other.voxels)
    assert one.offset == other.offset and one.alpha == other.alpha


def test_constant_features_and_windows_not_recorded_are_left_out():
    features, response, train, test = world()
    wanted = region_encoding.fit(features[:, :2], response[:, :2], train, test, **SETTINGS)
    response[:, 2] = np.nan
    padded = np.concatenate([features, np.full((N_CLIPS, N_WINDOWS, 1), 4.2)], -1)
    found = region_encoding.fit(padded, response, train, test, **SETTINGS)
    assert found.weights[-1] == 0 and len(found.test_actual) == 2 * test.sum()
    np.testing.assert_allclose(found.weights[:-1], wanted.weights, rtol=1e-4, atol=1e-6)


def test_bad_splits_are_refused():
    features, response, train, test = world()
    with pytest.raises(ValueError, match="40 clips train and test"):
        region_encoding.fit(features, response, train | True, train | True, **SETTINGS)
    with pytest.raises(ValueError, match="0 test"):
        region_encoding.fit(features, response, train, test & False, **SETTINGS)
    response[test] = np.nan
    with pytest.raises(ValueError, match="no window of a test clip"):
        region_encoding.fit(features, response, train, test, **SETTINGS)
