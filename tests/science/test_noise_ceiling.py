"""Noise ceilings against what was made, and against a perfect model."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heschl.science import noise_ceiling


def _repeats(rng, n, snr, rows=4000):
    """n repeats (repeat, row, voxel) of a signal of variance snr in noise of variance 1; and the signal."""
    signal = rng.standard_normal((rows, len(snr))) * np.sqrt(snr)
    return signal + rng.standard_normal((n, rows, len(snr))), signal


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_both_ceilings_are_what_was_made(n):
    snr = np.array([0.1, 0.5, 2.0])
    repeats, signal = _repeats(np.random.default_rng(n), n, snr)
    expected = snr / (snr + 1 / n)
    np.testing.assert_allclose(noise_ceiling.split_half(repeats), expected, atol=0.06)
    np.testing.assert_allclose(noise_ceiling.allen(repeats), expected, atol=0.06)
    perfect = [np.corrcoef(s, m)[0, 1] for s, m in zip(signal.T, repeats.mean(0).T, strict=True)]
    np.testing.assert_allclose(noise_ceiling.ceiling(repeats), perfect, atol=0.05)


def test_noise_has_no_ceiling():
    repeats, _ = _repeats(np.random.default_rng(0), 4, np.zeros(300), 80)
    assert abs(noise_ceiling.split_half(repeats).mean()) < 0.06
    found = noise_ceiling.ceiling(repeats)
    assert (found >= 0).all()
    assert (found == 0).mean() > 0.3
    assert np.isnan(noise_ceiling.normalised(np.full(300, 0.1), found)[found <= 0.1]).all()


def test_two_repeats_are_one_correlation_stepped_up():
    repeats = np.random.default_rng(1).standard_normal((2, 20, 1)) + np.arange(20)[:, None] / 5
    r = np.corrcoef(repeats[0, :, 0], repeats[1, :, 0])[0, 1]
    np.testing.assert_allclose(noise_ceiling.split_half(repeats), 2 * r / (1 + r))


@settings(max_examples=50, deadline=None)
@given(st.floats(0.01, 0.99), st.floats(1, 8), st.floats(1, 8))
def test_spearman_brown_composes(r, a, b):
    twice = noise_ceiling.spearman_brown(noise_ceiling.spearman_brown(r, a), b)
    np.testing.assert_allclose(twice, noise_ceiling.spearman_brown(r, a * b))


def test_ceilings_are_refused_or_undefined():
    with pytest.raises(ValueError, match="1 repeats of 9 rows"):
        noise_ceiling.split_half(np.ones((1, 9, 2)))
    with pytest.raises(ValueError, match="2 repeats of 2 rows"):
        noise_ceiling.allen(np.ones((2, 2, 2)))
    assert np.isnan(noise_ceiling.ceiling(np.ones((4, 9, 2)))).all()
    assert np.isnan(noise_ceiling.allen(np.ones((4, 9, 2)))).all()
