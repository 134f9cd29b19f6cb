"""Voxels x layers: against statsmodels, brute force, and the promised error in noise."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from heschl.science.rsa_inference import enhanced_test, layerwise_test
from heschl.science.statistics import permutation_test
from heschl.science.tfce import adjacency, tfce

IJK = np.argwhere(np.ones((5, 5, 2)))


def group(rng, permutations=19, subjects=4, voxels=30, layers=5):
    """rho (1 + permutation, subject, voxel, layer) of no effect: all orders of the clips are alike."""
    shared = rng.standard_normal((1 + permutations, subjects, voxels, 1))
    return 0.05 + 0.1 * (shared + rng.standard_normal((1 + permutations, subjects, voxels, layers)))


def test_false_discovery_agrees_with_statsmodels():
    rng = np.random.default_rng(0)
    rho = group(rng, 0)[0]
    rho[:, :6] += 0.4
    centre = np.full(rho.shape, 0.05)
    found = layerwise_test(rho, np.ones(9), centre, q=0.05)
    expected = stats.ttest_1samp(rho - centre, 0, alternative="greater").pvalue
    np.testing.assert_allclose(found.p, expected)
    rejected = multipletests(expected.ravel(), 0.05, method="fdr_bh")[0].reshape(expected.shape)
    np.testing.assert_array_equal(found.discovered, rejected)
    assert 0 < rejected.sum() < rejected.size
    np.testing.assert_allclose(found.mean, rho.mean(0))


def test_family_wise_p_by_counting():
    rng = np.random.default_rng(1)
    values = group(rng)
    null = values[1:].max(3).mean(1).max(1)
    found = layerwise_test(values[0], null)
    expected = [[(1 + sum(n >= m for n in null)) / 20 for m in row] for row in values[0].mean(0)]
    np.testing.assert_allclose(found.p_fwe, expected)
    assert np.isnan(layerwise_test(values[0], np.empty(0)).p_fwe).all()


@pytest.mark.parametrize("subjects", [1, 5])
def test_family_wise_error_over_voxels_and_layers(subjects):
    """In noise: 5 % with one subject, at most that with several."""
    rng, trials = np.random.default_rng(2), 400
    hits = 0
    for _ in range(trials):
        values = group(rng, subjects=subjects)
        hits += layerwise_test(values[0], values[1:].max(3).mean(1).max(1)).p_fwe.min() <= 0.05
    assert hits <= stats.binom.ppf(0.9995, trials, 0.05)
    assert subjects > 1 or hits >= stats.binom.ppf(0.0005, trials, 0.05)


def test_enhanced_maps_by_hand():
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((40, len(IJK))) * rng.uniform(0.5, 3, len(IJK)) + rng.standard_normal(len(IJK))
    rows[0, :8] += 5
    adjacent = adjacency(IJK)
    z = stats.zscore(rows, axis=0)
    expected = np.stack([tfce(row, adjacent) for row in z])
    enhanced, test = enhanced_test(rows[0], rows[1:], adjacent)
    np.testing.assert_allclose(enhanced, expected[0])
    by_hand = permutation_test(expected[0], expected[1:])
    np.testing.assert_allclose(test.p_fwe, by_hand.p_fwe)
    np.testing.assert_allclose(test.p_uncorrected, by_hand.p_uncorrected)
    np.testing.assert_allclose(test.threshold, by_hand.threshold)
    assert (test.p_fwe[:8] <= 0.05).any()


def test_enhanced_error_in_noise_and_degenerate_maps():
    rng, trials, adjacent = np.random.default_rng(4), 300, adjacency(IJK)
    scale, shift = rng.uniform(0.2, 3, len(IJK)), rng.standard_normal(len(IJK))
    hits = 0
    for _ in range(trials):
        rows = rng.standard_normal((20, len(IJK))) * scale + shift + rng.standard_normal((20, 1))
        hits += enhanced_test(rows[0], rows[1:], adjacent)[1].p_fwe.min() <= 0.05
    assert stats.binom.ppf(0.0005, trials, 0.05) <= hits <= stats.binom.ppf(0.9995, trials, 0.05)
    enhanced, test = enhanced_test(np.ones(len(IJK)), np.ones((5, len(IJK))), adjacent)
    assert not enhanced.any() and (test.p_fwe == 1).all()
    assert np.isnan(enhanced_test(np.ones(len(IJK)), np.empty((0, len(IJK))), adjacent)[1].p_fwe).all()
