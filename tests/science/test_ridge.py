"""Ridge against himalaya, scikit-learn and its own equations."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from heschl.science import ridge

ALPHAS = np.logspace(-1, 5, 10)
SHAPES = {"n > d": (100, 20, 5), "n < d": (60, 150, 5), "d = 1": (60, 1, 5), "two folds": (40, 12, 2)}


def scene(n, d, folds, targets=300, seed=0):
    """Return x, y, interleaved fold labels that don't start at 0, and x_test; targets of any signal, mean 3."""
    rng = np.random.default_rng(seed)
    x, x_test = rng.standard_normal((n, d)) * rng.uniform(0.1, 2, d) + 1, rng.standard_normal((30, d))
    weights = rng.standard_normal((d, targets)) * rng.random(targets) / np.sqrt(d)
    return x, x @ weights + rng.standard_normal((n, targets)) + 3, rng.permutation(np.arange(n) % folds) * 2 + 5, x_test


@pytest.mark.parametrize("engine", ["himalaya", "himalaya_torch"])
@pytest.mark.parametrize("per_target", [True, False])
@pytest.mark.parametrize("score", ["r2", "r"])
@pytest.mark.parametrize("shape", SHAPES)
def test_agrees_with_himalaya(shape, score, per_target, engine):
    x, y, fold, x_test = scene(*SHAPES[shape])
    options = {"score": score, "per_target": per_target, "weights": True}
    ours = ridge.ridge_cv(x, y, ALPHAS, fold, x_test, **options)
    theirs = ridge.ridge_cv(x, y, ALPHAS, fold, x_test, engine=engine, **options)
    np.testing.assert_allclose(ours.score, theirs.score, atol=1e-5)
    np.testing.assert_allclose(ours.curve, theirs.curve, atol=1e-6)
    if x.shape[1] == 1 and score == "r":
        return  # the correlation of one feature is the same for all penalties
    same = ours.alpha == theirs.alpha
    assert same.mean() >= 0.999
    np.testing.assert_allclose(ours.predicted[:, same], theirs.predicted[:, same], atol=1e-4)
    np.testing.assert_allclose(ours.weights[:, same], theirs.weights[:, same], atol=1e-4)
    np.testing.assert_allclose(ours.offset[same], theirs.offset[same], atol=1e-4)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 9999), st.integers(6, 40), st.integers(1, 50), st.integers(2, 70), st.integers(2, 5))
def test_fits_and_scores_as_scikit_learn(seed, n, d, targets, folds):
    x, y, fold, x_test = scene(n, d, folds, targets, seed)
    fit = ridge.ridge_cv(x, y, ALPHAS[2:], fold, x_test, weights=True)
    model = Ridge(alpha=fit.alpha).fit(x, y)
    np.testing.assert_allclose(fit.predicted, model.predict(x_test), atol=1e-4)
    np.testing.assert_allclose(fit.weights, model.coef_.T, atol=1e-4)
    np.testing.assert_allclose(ridge.predict(fit, x_test), fit.predicted, atol=1e-4)
    scores = np.zeros(targets)
    for held_out in np.unique(fold):
        out = fold == held_out
        predicted = Ridge(alpha=fit.alpha).fit(x[~out], y[~out]).predict(x[out])
        total = ((y[out] - y[out].mean(0)) ** 2).sum(0)
        error = ((y[out] - predicted) ** 2).sum(0)
        scores += np.where(total > 0, 1 - error / np.where(total > 0, total, 1), 0) / folds
    np.testing.assert_allclose(fit.score, scores, rtol=1e-3, atol=1e-3 if out.sum() > 2 else 1e9)


def test_neither_order_nor_threads_nor_targets_beside_matter():
    x, y, fold, x_test = scene(80, 30, 4, targets=700)
    fit = ridge.ridge_cv(x, y, ALPHAS, fold, x_test, threads=1)
    for name, value in ridge.ridge_cv(x, y, ALPHAS, fold, x_test, threads=3)._asdict().items():
        np.testing.assert_array_equal(value, getattr(fit, name))
    shuffled = np.random.default_rng(0).permutation(80)
    other = ridge.ridge_cv(x[shuffled], y[shuffled][:, 100:300], ALPHAS, fold[shuffled], x_test)
    np.testing.assert_array_equal(other.alpha, fit.alpha[100:300])
    np.testing.assert_allclose(other.predicted, fit.predicted[:, 100:300], atol=1e-5)


@pytest.mark.parametrize("d", [10, 90])
@pytest.mark.parametrize("score", ["r2", "r"])
def test_constant_targets_are_predicted_by_their_mean(d, score):
    x, y, fold, x_test = scene(60, d, 3, 20)
    y[:, 3], y[:, 7] = 0.1, 1e4 / 3
    fit = ridge.ridge_cv(x, y, ALPHAS, fold, x_test, score=score)
    np.testing.assert_array_equal(fit.score[[3, 7]], 0)
    np.testing.assert_allclose(fit.predicted[:, [3, 7]], np.tile([0.1, 1e4 / 3], (30, 1)), rtol=1e-6)
    assert np.isfinite(fit.predicted).all()


def test_noise_is_not_predicted():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((300, 40)), rng.standard_normal((300, 2000))
    fit = ridge.ridge_cv(x[:200], y[:200], ALPHAS, np.arange(200) // 40, x[200:], score="r")
    r = [np.corrcoef(fit.predicted[:, i], y[200:, i])[0, 1] for i in range(2000)]
    assert abs(np.mean(r)) < 4 * 0.1 / np.sqrt(2000)


@pytest.mark.parametrize("d", [8, 70])
def test_permuted_scores_are_those_of_refits(d):
    x, y, _, x_test = scene(50, d, 2, 90)
    rng = np.random.default_rng(1)
    alpha, y_test = rng.choice([1.0, 30.0, 1e4], 90), rng.standard_normal((30, 90)) + 5
    y[:, 4], y_test[:, 5] = 2.0, 0.1
    permutations = np.array([rng.permutation(50) for _ in range(200)])
    found = ridge.permuted_scores(x, y, alpha, x_test, y_test, permutations)
    assert found.shape == (200, 90)
    np.testing.assert_array_equal(found[:, [4, 5]], 0)
    for i in (0, 137, 199):
        predicted = Ridge(alpha=alpha).fit(x, y[permutations[i]]).predict(x_test)
        for j in (0, 17, 89):
            assert found[i, j] == pytest.approx(np.corrcoef(predicted[:, j], y_test[:, j])[0, 1], abs=1e-5)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999), st.lists(st.sampled_from("abcdefgh"), min_size=2, max_size=60), st.integers(2, 4))
def test_folds_keep_groups_together_and_even(seed, groups, n_folds):
    groups = np.array([*groups, "i", "j", "k"])
    fold = ridge.leave_out_folds(groups, n_folds, seed)
    owner = {g: set(fold[groups == g]) for g in np.unique(groups)}
    assert all(len(folds) == 1 for folds in owner.values())
    sizes = np.bincount([folds.pop() for folds in owner.values()], minlength=n_folds)
    assert len(sizes) == n_folds and np.ptp(sizes) <= 1
    np.testing.assert_array_equal(fold, ridge.leave_out_folds(groups, n_folds, seed))


def test_what_cannot_be_fitted_is_refused():
    x, y, fold, x_test = scene(20, 4, 2, 6)
    bad = y.copy()
    bad[3, 1], bad[5, 2], bad[6, 2] = np.nan, np.inf, -np.inf
    for message, arguments in {
        "2 of 6 columns of y": (x, bad, ALPHAS, fold),
        "1 of 4 columns of x_test": (x, y, ALPHAS, fold, np.where(np.arange(4) == 1, np.nan, x_test)),
        "row per sample": (x[1:], y, ALPHAS, fold),
        "x_test has shape": (x, y, ALPHAS, fold, x_test[:, 1:]),
        "one fold": (x, y, ALPHAS, np.zeros(20)),
        "penalties": (x, y, [1.0, 0.0], fold),
    }.items():
        with pytest.raises(ValueError, match=message):
            ridge.ridge_cv(*arguments)
    with pytest.raises(ValueError, match="engine 'fastest'"):
        ridge.ridge_cv(x, y, ALPHAS, fold, engine="fastest")
    with pytest.raises(ValueError, match="no weights"):
        ridge.predict(ridge.ridge_cv(x, y, ALPHAS, fold), x_test)
    with pytest.raises(ValueError, match="5 folds of 3 groups"):
        ridge.leave_out_folds(np.array(["a", "b", "c"]), 5, 0)
