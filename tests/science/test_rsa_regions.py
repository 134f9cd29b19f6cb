"""Intervals of regions: percentiles by hand, and layers that are layers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heschl.science.rsa_regions import region_intervals, region_means


def test_means_over_each_regions_centres():
    rho = np.random.default_rng(0).standard_normal((5, 6, 3))
    found = region_means(rho, [1, 3, 2])
    assert found.shape == (5, 3, 3)
    np.testing.assert_allclose(found[:, 1], rho[:, 1:4].mean(1))
    np.testing.assert_allclose(found[:, 2], (rho[:, 4] + rho[:, 5]) / 2)


def test_percentiles_and_a_resample_that_is_left_out():
    rng = np.random.default_rng(1)
    rho = rng.standard_normal((101, 2, 4))
    rho[:, 1, 2] += 2
    spoilt = rho.copy()
    spoilt[7, 0, 3] = np.nan
    found, kept = region_intervals(spoilt), np.delete(rho[1:], 6, 0)
    np.testing.assert_allclose(found["rho_low"], np.percentile(kept, 2.5, axis=0))
    np.testing.assert_allclose(found["rho_high"], np.percentile(kept, 97.5, axis=0))
    np.testing.assert_array_equal(found["rho"], rho[0])
    best = np.sort(kept[:, 1].argmax(1) + 1)
    assert found["best_layer_low"][1] == best[int(np.ceil(0.025 * 99)) - 1]
    assert found["best_layer_high"][1] == best[int(np.ceil(0.975 * 99)) - 1]
    assert found["best_layer"][1] == rho[0, 1].argmax() + 1


@given(st.integers(0, 2**20), st.integers(1, 12), st.integers(1, 40))
def test_bounds_are_layers_that_came_out(seed, layers, resamples):
    rho = np.random.default_rng(seed).standard_normal((1 + resamples, 3, layers))
    found = region_intervals(rho)
    for region in range(3):
        came = set((rho[1:, region].argmax(1) + 1).tolist())
        assert {int(found["best_layer_low"][region]), int(found["best_layer_high"][region])} <= came
    assert (found["best_layer_low"] <= found["best_layer_high"]).all()
    assert (found["rho_low"] <= found["rho_high"]).all()


def test_no_resample_that_counts_is_named():
    with pytest.raises(ValueError, match="all 4 resamples"):
        region_intervals(np.full((5, 1, 2), np.nan))
