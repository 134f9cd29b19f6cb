"""Banded ridge against himalaya's random search and scikit-learn; what it says of planted bands."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from heschl.science import banded

ALPHAS = np.logspace(0, 4, 7)


def scene(targets=60, sizes=(8, 30, 90), n=100, rows=40, seed=0):
    """Return bands, y, fold, bands_test, y_test: the first half of targets follows band 0, the rest is noise."""
    rng = np.random.default_rng(seed)
    bands = [rng.standard_normal((n + rows, d)) + 1 for d in sizes]
    gain = np.arange(targets) < targets // 2
    y = bands[0] @ rng.standard_normal((sizes[0], targets)) * gain / 2 + rng.standard_normal((n + rows, targets)) + 2
    fold = rng.integers(0, 4, n)
    return [b[:n] for b in bands], y[:n], fold, [b[n:] for b in bands], y[n:]


@pytest.mark.parametrize("engine", ["himalaya", "himalaya_torch"])
@pytest.mark.parametrize("score", ["r2", "r"])
def test_finds_the_model_that_himalaya_finds(engine, score):
    bands, y, fold, test, _ = scene()
    ours = banded.banded_cv(bands, y, fold, ALPHAS, test, n_iter=9, seed=3, score=score)
    theirs = banded.banded_cv(bands, y, fold, ALPHAS, test, n_iter=9, seed=3, score=score, engine=engine)
    np.testing.assert_allclose(ours.score, theirs.score, atol=2e-5)
    # a sparse draw may be a band alone but for rounding, so either of the two may win
    same = (ours.alpha == theirs.alpha) & np.isclose(ours.gamma, theirs.gamma, atol=1e-3).all(0)
    assert same.mean() > 0.98
    np.testing.assert_allclose(ours.predicted[:, same], theirs.predicted[:, same], atol=1e-4)


def test_predicts_as_ridge_on_scaled_bands():
    bands, y, fold, test, _ = scene()
    fit = banded.banded_cv(bands, y, fold, ALPHAS, test, n_iter=9)
    np.testing.assert_allclose(fit.gamma.sum(0), 1)
    np.testing.assert_allclose(fit.split.sum(0) + y.mean(0), fit.predicted, atol=1e-4)
    for target in range(0, 60, 7):
        gamma = np.sqrt(fit.gamma[:, target])
        x, x_test = (np.hstack([g * b for g, b in zip(gamma, some, strict=True)]) for some in (bands, test))
        model = Ridge(alpha=fit.alpha[target]).fit(x, y[:, target])
        np.testing.assert_allclose(fit.predicted[:, target], model.predict(x_test), atol=1e-4)
        first = (x_test - x.mean(0))[:, :8] @ model.coef_[:8]
        np.testing.assert_allclose(fit.split[0, :, target], first, atol=1e-4)


def test_one_band_is_ridge():
    from heschl.science import ridge

    bands, y, fold, test, _ = scene()
    ours = banded.banded_cv(bands[:1], y, fold, ALPHAS, test[:1], n_iter=9)
    fit = ridge.ridge_cv(bands[0], y, ALPHAS, fold, test[0])
    np.testing.assert_array_equal(ours.alpha, fit.alpha)
    np.testing.assert_allclose(ours.predicted, fit.predicted, atol=1e-4)


def test_the_planted_band_is_the_unique_one():
    bands, y, fold, test, y_test = scene()
    found = banded.partition(bands, y, fold, ALPHAS, test, y_test, n_iter=20)
    assert found.r2_joint[:30].mean() > 0.4
    assert found.unique[0, :30].mean() > 0.4
    assert np.abs(found.unique[1:, :30].mean(1)).max() < 0.05
    assert found.r2_alone[1:, :30].mean() < 0.05
    assert np.abs(found.unique[:, 30:].mean()) < 0.05
    np.testing.assert_allclose(found.r2_joint, banded.r2(y_test, found.predicted))
    without = banded.r2(y_test, found.predicted_without[0])
    np.testing.assert_allclose(found.unique[0], found.r2_joint - without)


def test_a_band_given_twice_is_not_unique():
    bands, y, fold, test, y_test = scene()
    found = banded.partition([bands[0], bands[0]], y, fold, ALPHAS, [test[0], test[0]], y_test)
    np.testing.assert_allclose(found.unique[:, :30], 0, atol=0.05)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 5), st.integers(1, 30), st.integers(0, 999))
def test_shares_lie_on_the_simplex(n_bands, n_iter, seed):
    shares = banded.band_shares(n_bands, n_iter, seed)
    assert shares.shape == (n_iter if n_bands > 1 else 1, n_bands)
    assert (shares >= 0).all()
    np.testing.assert_allclose(shares.sum(1), 1)
    np.testing.assert_allclose(shares[0], 1 / n_bands)
    np.testing.assert_array_equal(shares, banded.band_shares(n_bands, n_iter, seed))


def test_r2_of_a_constant_is_not_a_number():
    y = np.array([[1.0, 0.1], [2.0, 0.1], [4.0, 0.1]])
    np.testing.assert_allclose(banded.r2(y, y + 0.0), [1, np.nan])


def test_what_cannot_be_fitted_is_refused():
    bands, y, fold, test, y_test = scene()
    with pytest.raises(ValueError, match="3 bands to fit, 2 to predict"):
        banded.banded_cv(bands, y, fold, ALPHAS, test[:2])
    with pytest.raises(ValueError, match="columns of x hold"):
        banded.banded_cv([bands[0] * np.nan], y, fold, ALPHAS, test[:1])
    with pytest.raises(ValueError, match="wanted at least 2"):
        banded.partition(bands[:1], y, fold, ALPHAS, test[:1], y_test)
