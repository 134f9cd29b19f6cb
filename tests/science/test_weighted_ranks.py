"""Weighted ranks against scipy on the repeated numbers themselves."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from heschl.science.weighted_ranks import correlations, dense, mid_ranks


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 9999), st.integers(1, 30), st.integers(1, 12))
def test_ranks_agree_with_scipy_on_repeated_numbers(seed, n, levels):
    rng = np.random.default_rng(seed)
    codes, items = rng.integers(0, levels, 40), rng.choice(40, n, replace=False)
    weights, counts, ranks = rng.integers(1, 5, n), np.zeros(levels, np.int32), np.empty(n)
    mid_ranks(codes, items, weights, counts, ranks)
    repeated = np.repeat(codes[items], weights)
    expected = 2 * stats.rankdata(repeated) - (len(repeated) + 1)
    np.testing.assert_array_equal(np.repeat(ranks, weights), expected)
    assert not counts.any()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999), st.sampled_from([3, 1000]))
def test_correlations_agree_with_scipy_on_repeated_numbers(seed, levels):
    rng = np.random.default_rng(seed)
    values, models = rng.integers(0, levels, (2, 30)) / 7, rng.integers(0, levels, (3, 30)) / 3
    items = np.sort(rng.choice(30, 20, replace=False))
    weights = rng.integers(1, 6, 20)
    rho = np.empty((2, 3))
    correlations(dense(values), dense(models), items, weights, rho)
    repeated = np.repeat(items, weights)
    expected = [[stats.spearmanr(v[repeated], m[repeated]).statistic for m in models] for v in values]
    np.testing.assert_allclose(rho, expected, atol=1e-12)


def test_a_constant_has_no_correlation():
    rho = np.empty((1, 2))
    codes = np.array([[0, 1, 2, 0]], np.int32)
    correlations(codes, np.array([[1, 1, 1, 0], [0, 1, 2, 3]], np.int32), np.arange(3), np.ones(3, np.int64), rho)
    assert np.isnan(rho[0, 0]) and rho[0, 1] == 1


def test_dense_keeps_order_and_ties():
    np.testing.assert_array_equal(dense(np.array([[0.5, -1, 0.5, 7], [3, 2, 1, 0]])), [[1, 0, 1, 2], [3, 2, 1, 0]])
