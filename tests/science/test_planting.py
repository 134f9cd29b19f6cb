import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.interpolate import interp1d
from scipy.linalg import sqrtm
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from heschl.science import planting


def embedding(n_clips=12, n_windows=4, n_features=9, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n_clips, n_windows, 5)) @ rng.standard_normal((5, n_features))
    return x + 0.3 * rng.standard_normal(x.shape)


@pytest.mark.parametrize("n_features", [9, 90])  # fewer and more features than rows
def test_latents_are_sklearns_components_of_standardised_features(n_features):
    x = embedding(n_features=n_features) * np.geomspace(1, 1e4, n_features)
    scores, loading = planting.principal_latents(x, 3)
    z = StandardScaler().fit_transform(x.reshape(-1, n_features))
    expected = PCA(3, svd_solver="full").fit_transform(z)
    assert np.allclose(np.abs(scores.reshape(-1, 3)), np.abs(expected), atol=1e-8)
    assert np.allclose(z @ loading, scores.reshape(-1, 3)) and np.allclose(loading.T @ loading, np.eye(3))
    assert (np.take_along_axis(loading, np.abs(loading).argmax(0)[None], 0) > 0).all()


def test_a_one_hot_genre_has_one_latent_less_than_genres():
    genre = np.repeat(np.eye(4), 3, 0)[:, None]
    scores, loading = planting.principal_latents(genre, 8)
    assert scores.shape == (12, 1, 3) and loading.shape == (4, 3)


def test_dead_features_count_for_nothing_and_bad_ones_are_refused():
    x = embedding()
    dead = np.concatenate([x, np.full((12, 4, 2), 7.0)], 2)
    assert np.allclose(planting.principal_latents(dead, 3)[0], planting.principal_latents(x, 3)[0])
    with pytest.raises(ValueError, match="no feature of the embedding varies"):
        planting.principal_latents(np.ones((3, 2, 4)), 2)
    x[0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="aren't finite"):
        planting.principal_latents(x, 2)


def test_time_courses_are_linear_between_windows_and_held_at_the_ends():
    scores = np.random.default_rng(1).standard_normal((5, 4, 2))
    centre_s = np.array([0.75, 3.0, 4.5, 9.0])
    courses = planting.time_courses(scores, centre_s, 20, 0.5)
    middle_s = np.clip(np.arange(20) * 0.5 + 0.25, 0.75, 9.0)
    assert np.allclose(courses, np.moveaxis(interp1d(centre_s, scores, axis=1)(middle_s), 2, 0))
    held = planting.time_courses(scores[:, :1], centre_s[:1], 20, 0.5)
    assert held.shape == (2, 5, 20) and np.array_equal(held[..., 0], scores[:, 0].T) and np.ptp(held, -1).max() == 0


def test_white_latents_are_the_inverse_root_of_their_covariance():
    courses = np.random.default_rng(2).standard_normal((3, 8, 10)) * np.array([1, 5, 0.1])[:, None, None]
    courses[1] += courses[0]
    white = planting.whiten(courses)
    flat = (courses - courses.mean(1, keepdims=True)).reshape(3, -1)
    assert np.allclose(white.reshape(3, -1), np.linalg.inv(sqrtm(np.cov(flat, bias=True))) @ flat)
    assert np.allclose(white.mean(1), 0) and np.allclose(np.cov(white.reshape(3, -1), bias=True), np.eye(3))
    with pytest.raises(ValueError, match="linearly dependent"):
        planting.whiten(courses[[0, 1, 0]])


def test_shared_tuning_changes_over_the_length_asked_for():
    """The covariance of many fields at a distance d is exp(-d^2 / (2 length^2))."""
    xyz = np.array([[0.0, 0, 0], [0, 12.5, 0], [0, 25, 0], [0, 0, 100]])
    weights = planting.smooth_weights(xyz, 4000, 25.0, np.random.default_rng(3))
    assert np.allclose((weights @ weights.T)[0], [1, np.exp(-1 / 8), np.exp(-1 / 2), 0], atol=0.06)


def test_mixing_goes_from_shared_to_own():
    rng = np.random.default_rng(4)
    shared, own = rng.standard_normal((2, 50, 6))
    assert np.allclose(planting.mix_weights(shared, own, 0), planting.unit_rows(shared))
    assert np.allclose(planting.mix_weights(shared, own, 1), planting.unit_rows(own))
    with pytest.raises(ValueError, match="mixing: 1.5 given"):
        planting.mix_weights(shared, own, 1.5)


@settings(max_examples=30, deadline=None)
@given(
    arrays(float, (6, 3), elements=st.floats(0.1, 9)),
    arrays(float, (6, 3), elements=st.floats(-9, -0.1)),
    st.floats(0, 1).filter(lambda m: abs(m - 0.5) > 1e-3),
)
def test_mixed_rows_have_length_one(shared, own, mixing):
    assert np.allclose(np.linalg.norm(planting.mix_weights(shared, own, mixing), axis=1), 1)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(0, 1000))
def test_whitening_twice_changes_nothing(n, seed):
    white = planting.whiten(np.random.default_rng(seed).standard_normal((n, 9, 7)))
    assert np.allclose(planting.whiten(white), white)
