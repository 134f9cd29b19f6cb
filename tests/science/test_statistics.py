"""Group statistics against scipy, and false positives against their promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from heschl.science import statistics


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999), st.integers(2, 8))
def test_t_agrees_with_scipy(seed, subjects):
    values = np.random.default_rng(seed).standard_normal((subjects, 5)) + 0.5
    expected = stats.ttest_1samp(values, 0, alternative="greater")
    t, p = statistics.t_above_zero(values)
    np.testing.assert_allclose(t, expected.statistic)
    np.testing.assert_allclose(p, expected.pvalue)


def test_t_of_one_subject_is_not_a_number():
    t, p = statistics.t_above_zero(np.ones((1, 4)))
    assert np.isnan(t).all()
    assert np.isnan(p).all()
    assert np.isnan(statistics.t_above_zero(np.ones((3, 1)))[0]).all()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.sampled_from([0.005, 0.05, 0.3]))
def test_false_discovery_agrees_with_scipy(p, q):
    p = np.array(p)
    np.testing.assert_array_equal(statistics.false_discovery(p, q), stats.false_discovery_control(p) <= q)


def test_not_a_number_is_no_test():
    p = np.array([0.004, np.nan, 0.5, np.nan])
    np.testing.assert_array_equal(statistics.false_discovery(p, 0.01), [True, False, False, False])
    assert not statistics.false_discovery(np.full(3, np.nan), 0.01).any()
    with pytest.raises(ValueError, match="q is 5"):
        statistics.false_discovery(p, 5)


def test_permutation_p_counts_the_observed_order_too():
    null = np.array([[0.1, 0.2], [0.3, 0.1], [0.2, 0.5]])
    found = statistics.permutation_test(np.array([0.2, 0.5]), null)
    np.testing.assert_allclose(found.p_uncorrected, [3 / 4, 2 / 4])
    np.testing.assert_allclose(found.p_fwe, [4 / 4, 2 / 4])


def test_family_wise_error_is_held():
    """In noise some voxel is significant in about 5 % of scenes; above the threshold p_fwe <= .05."""
    rng, hits = np.random.default_rng(0), 0
    for _ in range(400):
        values = rng.standard_normal((100, 30)) + rng.standard_normal((100, 1))
        found = statistics.permutation_test(values[0], values[1:])
        hits += found.p_fwe.min() <= 0.05
        np.testing.assert_array_equal(values[0] > found.threshold, found.p_fwe <= 0.05)
        assert (found.p_fwe >= found.p_uncorrected).all()
    assert stats.binom.ppf(0.0005, 400, 0.05) <= hits <= stats.binom.ppf(0.9995, 400, 0.05)


def test_no_permutations_give_no_p():
    found = statistics.permutation_test(np.ones(3), np.empty((0, 3)))
    assert np.isnan(found.p_fwe).all()


def test_layer_maps():
    rho = np.zeros((3, 1, 4))
    rho[0, 0, 0], rho[1, 0, 0], rho[2, 0, 3] = 0.1, 0.1, 0.9
    found = statistics.best_layers(rho)
    assert (found.mean[0], found.mode[0], found.argmax_of_mean[0]) == (2, 1, 4)
