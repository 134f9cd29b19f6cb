"""Areas under curves equal scikit-learn's; intervals cover as they should."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from heschl.science.tagging import auc_error, auc_interval, auc_z, counts, macro, pr_auc, roc_auc


@given(n=st.integers(4, 60), levels=st.integers(1, 50), seed=st.integers(0, 999))
def test_areas_equal_scikit_learns_with_ties(n, levels, seed) -> None:
    rng = np.random.default_rng(seed)
    present, score = rng.random((n, 3)) < 0.4, rng.integers(0, levels, (n, 3)) / levels
    present[0], present[1] = True, False
    wanted = [roc_auc_score(present[:, i], score[:, i]) for i in range(3)]
    np.testing.assert_allclose(roc_auc(present, score), wanted)
    wanted = [average_precision_score(present[:, i], score[:, i]) for i in range(3)]
    np.testing.assert_allclose(pr_auc(present, score), wanted)


def test_a_tag_that_all_or_none_have_is_left_out() -> None:
    present = np.array([[1, 0, 1], [1, 0, 0]], bool)
    score = np.array([[0.1, 0.2, 0.9], [0.3, 0.4, 0.5]])
    for area in (roc_auc, pr_auc):
        np.testing.assert_array_equal(area(present, score), [np.nan, np.nan, 1.0])
    assert macro(roc_auc(present, score)) == 1.0
    assert np.isnan(macro(np.array([np.nan])))


def test_error_equals_the_formula_by_hand() -> None:
    # area .8, 10 clips with and 10 without: Q1 = .8 / 1.2, Q2 = 1.28 / 1.8;
    # (.16 + 9 * .02667 + 9 * .07111) / 100 = .0104
    assert auc_error(np.array(0.8), np.array(10), np.array(10)) == pytest.approx(np.sqrt(0.0104))


def test_error_under_chance_is_wilcoxons() -> None:
    n, m = np.array(12), np.array(30)
    assert auc_error(np.array(0.5), n, m) == pytest.approx(np.sqrt((n + m + 1) / (12 * n * m)), rel=0.02)
    assert auc_z(np.array([0.5]), n, m) == 0 < auc_z(np.array([0.7]), n, m)


def test_intervals_hold_the_area_19_times_in_20() -> None:
    rng = np.random.default_rng(0)
    present = np.arange(100)[:, None] < np.full(2000, 40)
    score = rng.standard_normal((100, 2000)) + present
    low, high = auc_interval(roc_auc(present, score), *counts(present))
    truth = 0.7602  # of two normal distributions one standard deviation apart: Phi(1 / sqrt 2)
    assert 0.93 < np.mean((low < truth) & (truth < high)) < 0.97
