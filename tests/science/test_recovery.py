"""Measures of recovery: right when all is right, chance when it's noise."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from heschl.science import recovery


def test_agreement_counts_planted_voxels_only():
    planted = np.array([0, 0, 1, 2, 3, 4])
    found = np.array([9, 1, 2, 3, 5, 5])
    assert recovery.agreement(planted, found) == pytest.approx(0.9486833)
    assert recovery.agreement(planted, -found) < -0.9
    assert recovery.agreement(planted, found, planted != 4) == 1
    assert np.isnan(recovery.agreement(planted, found, planted == 4))
    assert np.isnan(recovery.agreement(planted, np.ones(6)))


def test_canary_of_noise_and_of_signal():
    rng = np.random.default_rng(0)
    rho, null = rng.standard_normal((500, 3)) * 0.1, rng.standard_normal((99, 500, 3)).max(2) * 0.1
    noise = recovery.canary(rho, null)
    assert 0.01 < noise["share_uncorrected"] < 0.1
    assert abs(noise["mean_rho"]) < 0.02
    signal = recovery.canary(rho + 2, null)
    assert signal["share_uncorrected"] == 1
    assert signal["min_p_fwe"] == 0.01
    assert np.isnan(recovery.canary(rho, null[:0])["min_p_fwe"])


def test_a_shift_is_its_length():
    true = np.tile(np.eye(4), (4, 1, 1))
    estimated = true.copy()
    estimated[2, :3, 3] = [3, 0, 4]
    points = recovery.head_points(np.array([1.0, 2, 3]))
    np.testing.assert_allclose(recovery.displacement_mm(estimated, true, points), [0, 0, 5, 0], atol=1e-12)
    np.testing.assert_allclose(points.mean(0), [1, 2, 3], atol=0.2)


def test_a_small_turn_is_its_arc_and_the_reference_is_free():
    points = recovery.head_points(np.zeros(3))
    true = np.tile(np.eye(4), (2, 1, 1))
    true[1, :3, :3] = Rotation.from_euler("z", 0.01).as_matrix()
    offset = np.eye(4)
    offset[:3, 3] = 7
    found = recovery.displacement_mm(np.tile(np.eye(4), (2, 1, 1)), true, points)
    np.testing.assert_allclose(found, [0, 0.01 * 65 * np.pi / 4], rtol=0.01, atol=1e-12)
    np.testing.assert_allclose(recovery.displacement_mm(true @ offset, true, points), 0, atol=1e-9)


def test_unequal_lengths_are_an_error():
    with pytest.raises(ValueError, match="3 estimated and 2 true"):
        recovery.displacement_mm(np.zeros((3, 4, 4)), np.zeros((2, 4, 4)), np.zeros((1, 3)))
