"""Correlations and their nulls against numpy and scipy; false positives against their promise; recovery."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from heschl.science import encoding, encoding_recovery


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999), st.integers(3, 12))
def test_correlation_agrees_with_scipy(seed, rows):
    x, y = np.random.default_rng(seed).standard_normal((2, rows, 4)) + 3
    expected = [stats.pearsonr(a, b).statistic for a, b in zip(x.T, y.T, strict=True)]
    np.testing.assert_allclose(encoding.correlate(x, y), expected, atol=1e-12)


def test_constant_has_no_correlation():
    assert np.isnan(encoding.correlate(np.ones((5, 1)), np.arange(5.0)[:, None])).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9999), st.integers(2, 6), st.integers(2, 4))
def test_block_null_is_the_correlation_of_moved_blocks(seed, clips, positions):
    rng = np.random.default_rng(seed)
    predicted, actual = rng.standard_normal((2, clips, positions, 3)).astype(np.float32)
    orders = np.stack([rng.permutation(clips) for _ in range(5)])
    found = encoding.block_null(predicted, actual, orders)
    for order, row in zip(orders, found, strict=True):
        moved = predicted[order].reshape(-1, 3)
        np.testing.assert_allclose(row, encoding.correlate(moved, actual.reshape(-1, 3)), atol=1e-5)


def test_blocks_of_voxels_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    predicted, actual = rng.standard_normal((2, 4, 3, 50)).astype(np.float32)
    (orders,) = encoding.block_permutations([4], 10, [0])
    whole = encoding.block_null(predicted, actual, orders)
    monkeypatch.setattr(encoding, "BLOCK_BYTES", 4 * 16 * 7)
    np.testing.assert_allclose(encoding.block_null(predicted, actual, orders), whole, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(0, 40), st.integers(0, 99))
def test_permutations_are_different_and_never_the_identity(clips, n, seed):
    if max(clips) == 1:
        with pytest.raises(ValueError, match="no permutation"):
            encoding.block_permutations(clips, n, [seed])
        return
    folds = encoding.block_permutations(clips, n, [seed])
    for fold, k in zip(folds, clips, strict=True):
        assert (np.sort(fold, 1) == np.arange(k)).all()
    joint = {tuple(row) for row in np.concatenate(folds, 1)}
    assert len(joint) == len(folds[0]) == min(n, np.prod([np.prod(np.arange(1, k + 1)) for k in clips]) - 1)
    assert tuple(np.concatenate([np.arange(k) for k in clips])) not in joint


def test_false_positives_are_held_in_noise():
    """Predictions and noise both smooth in time: blocks hold the promise, independent volumes don't."""
    rng, p_block, p_gauss, fwe = np.random.default_rng(0), [], [], []
    for seed in range(40):
        smooth = np.cumsum(rng.standard_normal((2, 12, 10, 40)), 2).astype(np.float32)
        (orders,) = encoding.block_permutations([12], 99, [seed])
        r = encoding.correlate(*smooth.reshape(2, 120, 40))
        found = encoding.permutation_p(r, encoding.block_null(*smooth, orders))
        p_block.append(found["p_uncorrected"])
        fwe.append(found["p_fwe"].min())
        p_gauss.append(encoding.gaussian_p(r, [120]))
    assert abs((np.array(p_block) <= 0.05).mean() - 0.05) < 0.015
    assert (np.array(p_gauss) <= 0.05).mean() > 0.15
    assert (np.array(fwe) <= 0.05).sum() <= stats.binom.ppf(0.9995, 40, 0.05)


def test_published_null_agrees_with_scipy_and_with_draws():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 30))
    expected = stats.pearsonr(x, y, alternative="greater")
    np.testing.assert_allclose(encoding.gaussian_p(np.array([expected.statistic]), [30]), expected.pvalue)
    folds = encoding.mean_r(np.stack([encoding.correlate(*rng.standard_normal((2, n, 20000))) for n in (20, 40)]))
    assert abs((encoding.gaussian_p(folds, [20, 40]) <= 0.05).mean() - 0.05) < 0.006
    drawn = encoding.correlate(*rng.standard_normal((2, 30, 500 * 100))).reshape(500, 100).max(1)
    np.testing.assert_allclose(np.median(encoding.gaussian_max(100, [30], 4000, [1])), np.median(drawn), atol=0.02)
    found = encoding.gaussian_null(np.array([0.9, np.nan, 0.0]), [30], 10, [0])
    assert found["p_fwe"][0] < 1e-6
    assert np.isnan(found["p_uncorrected"][1])


def test_p_and_q_values_by_hand():
    null = np.array([[0.1, 0.2, np.nan], [0.3, 0.1, np.nan], [0.2, 0.5, np.nan]])
    found = encoding.permutation_p(np.array([0.2, 0.5, np.nan]), null)
    np.testing.assert_allclose(found["p_uncorrected"], [3 / 4, 2 / 4, np.nan])
    np.testing.assert_allclose(found["p_fwe"], [4 / 4, 2 / 4, np.nan])
    np.testing.assert_allclose(found["null_max"], [0.2, 0.3, 0.5])
    np.testing.assert_allclose(found["q_fdr"], [3 / 4, 3 / 4, np.nan])
    none = encoding.permutation_p(np.ones(2), np.empty((0, 2)))
    assert np.isnan(none["p_uncorrected"]).all()
    assert np.isnan(none["p_fwe"]).all()


def test_mean_of_correlations_is_fishers():
    r = np.array([[0.2, 0.9], [0.6, 0.5]])
    np.testing.assert_allclose(encoding.mean_r(r), np.tanh(np.arctanh(r).mean(0)))
    np.testing.assert_array_equal(encoding.mean_r(r[:1]), r[0])


def test_recovery_by_hand():
    region = np.zeros((12, 5, 5), int)
    region[1:4, 1:4, 1:4] = 1
    affine, ijk = np.diag([3.0, 3, 3, 1]), np.argwhere(np.ones(region.shape, bool))
    inside, flat = encoding_recovery.interior(region), region.ravel() == 1
    assert np.argwhere(inside).tolist() == [[2, 2, 2]]
    distance = encoding_recovery.distance_mm(region, affine)
    assert distance[11, 2, 2] == 24
    assert np.isinf(encoding_recovery.distance_mm(region * 0, affine)).all()
    r, ceiling = np.where(flat, 0.4, 0.0), np.where(flat, 0.5, np.nan)
    found = encoding_recovery.planted(region, ijk, 2, r, ceiling)
    np.testing.assert_allclose(found["ratio"], [0.8, np.nan])
    np.testing.assert_allclose(found["n_voxels"], [27, 0])
    np.testing.assert_allclose(found["n_voxels_interior"], [1, 0])
    p = np.where(distance.ravel() > 15, 0.01, 1)
    far = encoding_recovery.unplanted(region, affine, ijk, r, p, np.where(flat, 0.001, 0.3))
    assert (far["r_unplanted"], far["share_uncorrected"]) == (0, 1)
    assert (far["min_p_fwe"], far["min_p_fwe_all"]) == (0.3, 0.001)
