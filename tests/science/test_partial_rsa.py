"""Partial and semipartial correlations against regression of ranks and correlation of residuals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from heschl.science import rdm
from heschl.science.partial_rsa import model_correlations, partial
from heschl.science.searchlight import searchlight

CLIP = np.repeat(np.arange(6), 3)


def scene(seed, n_models=4, mix=1.0):
    """Sphere dissimilarities that depend on models that are alike: (pair,) and (model, pair), with their rho."""
    rng = np.random.default_rng(seed)
    models = rng.standard_normal((n_models, 80)) + mix * rng.standard_normal(80)
    sphere = models.T @ rng.standard_normal(n_models) + rng.standard_normal(80)
    rho = np.array([stats.spearmanr(sphere, m).statistic for m in models])
    return sphere, models, rho, stats.spearmanr(models, axis=1).statistic


def residual(values, others):
    ranks = stats.rankdata(values)
    design = np.column_stack([np.ones(len(ranks)), *[stats.rankdata(o) for o in others]])
    return ranks - design @ np.linalg.lstsq(design, ranks, rcond=None)[0]


def by_residuals(sphere, models, m, others):
    left = residual(models[m], models[others])
    partial_r = np.corrcoef(residual(sphere, models[others]), left)[0, 1]
    return partial_r, np.corrcoef(stats.rankdata(sphere), left)[0, 1]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 9999), st.sampled_from([0.0, 1.0, 5.0]), st.sampled_from([None, (0,), (1, 3), ()]))
def test_agrees_with_residuals(seed, mix, given_models):
    sphere, models, rho, between = scene(seed, mix=mix)
    found = partial(rho, between, given_models)
    for m in range(4):
        others = [k for k in range(4) if k != m] if given_models is None else list(given_models)
        if m in others:
            assert np.isnan(found.partial[m]) and np.isnan(found.semipartial[m])
        else:
            expected = by_residuals(sphere, models, m, others)
            np.testing.assert_allclose((found.partial[m], found.semipartial[m]), expected, atol=1e-9)


def test_explained_variance_adds_up():
    """Semipartial squared is what a model adds to the share explained by the others (statsmodels' R^2)."""
    import statsmodels.api as sm

    sphere, models, rho, between = scene(3)
    ranks, y = np.stack([stats.rankdata(m) for m in models], 1), stats.rankdata(sphere)
    full = sm.OLS(y, sm.add_constant(ranks)).fit().rsquared
    for m in range(4):
        less = sm.OLS(y, sm.add_constant(np.delete(ranks, m, 1))).fit().rsquared
        np.testing.assert_allclose(partial(rho, between).semipartial[m] ** 2, full - less, atol=1e-10)


def test_many_centres_at_once_and_linear_in_rho():
    scenes = [scene(4)[2], *(np.random.default_rng(s).uniform(-0.3, 0.3, 4) for s in range(5))]
    between, rho = scene(4)[3], np.stack(scenes).reshape(2, 3, 4)
    found = partial(rho, between)
    assert found.partial.shape == (2, 3, 4)
    for i in np.ndindex(2, 3):
        np.testing.assert_allclose(partial(rho[i], between).partial, found.partial[i])
    mean = partial(rho.mean((0, 1)), between).semipartial
    np.testing.assert_allclose(found.semipartial.mean((0, 1)), mean, atol=1e-12)


def test_models_that_cannot_be_told_apart_have_none():
    """A copy leaves nothing of its twin; others keep their value, whatever the copies among the given."""
    sphere, models, rho, between = scene(5)
    twin = [0, 1, 2, 3, 3]
    found = partial(rho[twin], between[np.ix_(twin, twin)])
    assert np.isnan(found.partial[3:]).all() and np.isnan(found.semipartial[3:]).all()
    np.testing.assert_allclose(found.partial[:3], partial(rho, between).partial[:3], atol=1e-9)
    near = models.copy()
    near[2] = near[3] + 1e-9 * near[2]
    rho = np.array([stats.spearmanr(sphere, m).statistic for m in near])
    found = partial(rho, stats.spearmanr(near, axis=1).statistic)
    assert np.isnan(found.partial[2:]).all() and np.isfinite(found.partial[:2]).all()
    whole = partial(np.array([1.0, 0.5]), np.array([[1, 0.5], [0.5, 1]]), [0])
    assert np.isnan(whole.partial).all() and whole.semipartial[1] == 0


@pytest.mark.parametrize("pairs", ["all", "between_clip"])
def test_a_searchlight_and_its_models_need_no_matrix(pairs):
    """rho and the models' correlations, over the same pairs, are enough."""
    rng = np.random.default_rng(6)
    base = rng.standard_normal((18, 30))
    features = [base + s * rng.standard_normal(base.shape) for s in (0.3, 0.6, 1.0)]
    models, mask = np.stack([rdm.spearman_rdm(f) for f in features]), rdm.pair_mask(CLIP, pairs)
    patterns, keep = base[:, :20] + rng.standard_normal((18, 20)), np.triu(mask, 1)
    between = model_correlations(models, mask)
    vectors = models[:, keep]
    np.testing.assert_allclose(between, stats.spearmanr(vectors, axis=1).statistic, atol=1e-12)
    rho = searchlight(patterns, models, np.arange(20)[None], pairs=mask).rho
    sphere = np.round(rdm.spearman_rdm(patterns)[keep], 10)
    for given_models in (None, (2,)):
        found = partial(rho, between, given_models)
        for m in range(2):
            others = [k for k in range(3) if k != m] if given_models is None else [2]
            expected = by_residuals(sphere, vectors, m, others)
            np.testing.assert_allclose((found.partial[0, m], found.semipartial[0, m]), expected, atol=1e-9)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="wanted"):
        partial(np.zeros((5, 3)), np.eye(4))
    with pytest.raises(ValueError, match="there are 0..3"):
        partial(np.zeros(4), np.eye(4), [4])
    with pytest.raises(ValueError, match="model 0 is constant"):
        model_correlations(np.ones((2, 18, 18)), rdm.pair_mask(CLIP, "all"))
