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
    np.testing.assert_allclose(ours.score, theirs.score, atol=1e-4)  # himalaya's kernels are in float32
    # a sparse draw may be a band alone but for rounding, so either of the two may win
    same = (ours.alpha == theirs.alpha) & np.isclose(ours.gamma, theirs.gamma, atol=1e-3).all(0)
    assert same.mean() > 0.95
    np.testing.assert_allclose(ours.predicted[:, same], theirs.predicted[:, same], atol=1e-3)


@pytest.mark.parametrize("engine", ["himalaya", "himalaya_torch"])
def test_partitions_as_himalaya_does(engine):
    bands, y, fold, test, y_test = scene()
    ours, theirs = (
        banded.partition(bands, y, fold, ALPHAS, test, y_test, n_iter=12, engine=e) for e in ("fast", engine)
    )
    np.testing.assert_allclose(ours.score, theirs.score, atol=1e-4)
    np.testing.assert_allclose(ours.score_without, theirs.score_without, atol=1e-4)
    same = np.isclose(ours.unique, theirs.unique, atol=1e-3)
    assert same.mean() > 0.97
    assert np.isclose(ours.r2_alone, theirs.r2_alone, atol=1e-3).mean() > 0.97


def scales(bands):
    """What to multiply each band by, for a summed variance of as many as all bands have features."""
    return [np.sqrt(sum(b.shape[1] for b in bands) / b.var(0).sum()) for b in bands]


def test_predicts_as_ridge_on_scaled_bands():
    bands, y, fold, test, _ = scene()
    fit = banded.banded_cv(bands, y, fold, ALPHAS, test, n_iter=9)
    np.testing.assert_allclose(fit.gamma.sum(0), 1)
    np.testing.assert_allclose(fit.split.sum(0) + y.mean(0), fit.predicted, atol=1e-4)
    for target in range(0, 60, 7):
        gamma = np.sqrt(fit.gamma[:, target]) * scales(bands)
        x, x_test = (np.hstack([g * b for g, b in zip(gamma, some, strict=True)]) for some in (bands, test))
        model = Ridge(alpha=fit.alpha[target]).fit(x, y[:, target])
        np.testing.assert_allclose(fit.predicted[:, target], model.predict(x_test), atol=1e-4)
        first = (x_test - x.mean(0))[:, :8] @ model.coef_[:8]
        np.testing.assert_allclose(fit.split[0, :, target], first, atol=1e-4)


def test_one_band_is_ridge():
    from heschl.science import ridge

    bands, y, fold, test, _ = scene()
    ours = banded.banded_cv(bands[:1], y, fold, ALPHAS, test[:1], n_iter=9)
    (scale,) = scales(bands[:1])
    fit = ridge.ridge_cv(bands[0] * scale, y, ALPHAS, fold, test[0] * scale)
    np.testing.assert_array_equal(ours.alpha, fit.alpha)
    np.testing.assert_allclose(ours.predicted, fit.predicted, atol=1e-4)


@pytest.mark.parametrize("score", ["r2", "r"])
@pytest.mark.parametrize("n_iter", [1, 7, 10, 30])
def test_all_bands_together_never_score_less_than_some(n_iter, score):
    bands, y, fold, test, y_test = scene()
    found = banded.partition(bands, y, fold, ALPHAS, test, y_test, n_iter=n_iter, seed=n_iter, score=score)
    assert (found.score >= found.score_without).all()
    assert (found.score > found.score_without).any()


def test_the_scores_without_a_band_are_those_of_its_shares():
    """Score by hand, with scikit-learn, every candidate that gives the left-out band nothing."""
    bands, y, fold, test, y_test = scene(targets=6, n=60)
    found = banded.partition(bands, y, fold, ALPHAS, test, y_test, n_iter=15, seed=5)
    shares = banded.band_shares(3, 15, 5)
    best = {left_out: np.full(6, -np.inf) for left_out in (None, 0, 1, 2)}
    for gamma in shares:
        x = np.hstack([np.sqrt(g) * s * b for g, s, b in zip(gamma, scales(bands), bands, strict=True)])
        for alpha in ALPHAS:
            model, held_out = Ridge(alpha=alpha), [fold == f for f in np.unique(fold)]
            score = np.mean([banded.r2(y[h], model.fit(x[~h], y[~h]).predict(x[h])) for h in held_out], 0)
            for left_out in best:
                if left_out is None or gamma[left_out] == 0:
                    best[left_out] = np.maximum(best[left_out], score)
    np.testing.assert_allclose(found.score, best[None], atol=1e-4)
    np.testing.assert_allclose(found.score_without, [best[b] for b in range(3)], atol=1e-4)


@pytest.mark.parametrize("score", ["r2", "r"])
def test_units_of_a_band_change_nothing(score):
    bands, y, fold, test, y_test = scene()
    found = banded.partition(bands, y, fold, ALPHAS, test, y_test, n_iter=12, score=score)
    bands[1], test[1] = bands[1] * 100, test[1] * 100
    scaled = banded.partition(bands, y, fold, ALPHAS, test, y_test, n_iter=12, score=score)
    for name in ("predicted", "predicted_without", "r2_alone", "unique", "score"):
        np.testing.assert_allclose(getattr(scaled, name), getattr(found, name), atol=1e-5)


def test_what_two_bands_share_is_not_unique_and_what_one_has_is():
    """Three bands of 5, 40 and 5 features: two the same but for their units, and one that adds its own half."""
    rng = np.random.default_rng(1)
    n, rows, targets = 200, 2000, 100
    one, own = rng.standard_normal((2, n + rows, 5))
    wide = rng.standard_normal((n + rows, 40))
    signal = [x @ rng.standard_normal((5, targets)) / np.sqrt(5) for x in (one, own)]
    y = sum(signal) + rng.standard_normal((n + rows, targets))
    bands = [np.hstack([one, wide]), 30 * np.hstack([one, wide]), own]
    train, test = [b[:n] for b in bands], [b[n:] for b in bands]
    alphas = np.logspace(-1, 6, 8)
    found = banded.partition(train, y[:n], np.arange(n) % 5, alphas, test, y[n:], n_iter=20)
    planted = signal[1][n:].var(0) / y[n:].var(0)
    np.testing.assert_allclose(found.unique[:2], 0, atol=0.1)
    assert np.abs(found.unique[:2].mean(1)).max() < 0.005
    assert abs((found.unique[2] - planted).mean()) < 0.05
    assert np.corrcoef(found.unique[2], planted)[0, 1] > 0.9


def test_a_band_of_noise_is_not_unique_for_want_of_candidates():
    """Signal in two bands, noise in the third: with few candidates its unique part lies about 0 all the same."""
    rng = np.random.default_rng(2)
    bands = [rng.standard_normal((1200, d)) for d in (20, 20, 20)]
    y = sum(b @ rng.standard_normal((20, 80)) * w for b, w in zip(bands[:2], (0.3, 0.1), strict=True))
    y += rng.standard_normal(y.shape)
    train, test = [b[:200] for b in bands], [b[200:] for b in bands]
    for n_iter in (7, 20):
        found = banded.partition(train, y[:200], np.arange(200) % 4, ALPHAS, test, y[200:], n_iter=n_iter)
        assert abs(found.unique[2].mean()) < 0.015
        assert (found.unique[:2].mean(1) > (0.3, 0.02)).all()


def test_a_band_that_never_varies_adds_nothing():
    bands, y, fold, test, y_test = scene()
    flat, flat_test = np.full((100, 4), 0.1), np.full((40, 4), 0.3)
    found = banded.partition([bands[0], flat], y, fold, ALPHAS, [test[0], flat_test], y_test)
    assert np.abs(found.unique[1]).max() < 0.05  # a share of it is as good as a larger penalty
    assert abs(found.unique[1].mean()) < 0.005
    np.testing.assert_allclose(
        found.r2_alone[1], banded.r2(y_test, np.broadcast_to(y.mean(0), y_test.shape)), atol=1e-5
    )
    np.testing.assert_allclose(found.r2_alone[0], banded.r2(y_test, found.predicted_without[1]), atol=1e-5)


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


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 5), st.integers(1, 60), st.integers(0, 999))
def test_shares_lie_on_the_simplex_and_nest(n_bands, n_iter, seed):
    shares = banded.band_shares(n_bands, n_iter, seed)
    assert shares.shape == (1 if n_bands == 1 else max(n_iter, 3 if n_bands == 2 else 1 + 2 * n_bands), n_bands)
    assert (shares >= 0).all()
    np.testing.assert_allclose(shares.sum(1), 1)
    np.testing.assert_allclose(shares[0], 1 / n_bands)
    np.testing.assert_array_equal(shares, banded.band_shares(n_bands, n_iter, seed))
    for b in range(n_bands):
        alone, rest = np.eye(n_bands)[b], 1 - np.eye(n_bands)[b]
        wanted = [alone]
        # a candidate of all bands is there without each of them too
        wanted += [g * rest / (g * rest).sum() for g in shares if n_bands > 1 and (g > 0).all()]
        assert all(np.isclose(shares, g, atol=1e-6).all(1).any() for g in wanted)


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
