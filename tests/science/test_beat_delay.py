"""Delays behind the beat are found past changed voxels, and undone without making power smoother."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import correlate

from heschl.science import beat_delay

BEAT, N_TIME = 40.0, 150


def made(seed: int, late: float = 0.0, n_voxels: int = 30, noise: float = 0.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    phase = 2 * np.pi * (np.arange(N_TIME) - late) / BEAT
    waves = np.stack([f(h * phase) for h in (1, 2, 3) for f in (np.cos, np.sin)])
    course = 5 + rng.standard_normal((n_voxels, 6)) @ waves
    return (course + noise * np.random.default_rng([seed, 1]).standard_normal(course.shape))[None]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999), st.integers(-20, 20), st.floats(0.2, 5))
def test_a_delay_is_found_past_changed_voxels_gain_and_noise(seed, late, gain):
    before, after = made(seed, noise=0.5), gain * made(seed, late, noise=0.7) + 3
    after[:, :8] = made(seed + 10_000, n_voxels=8)
    found = beat_delay.delay(before, after, BEAT)[0]
    assert (found - late) % 40 in (0, 1, 39)
    assert beat_delay.delay(before, before, BEAT)[0] == 0


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9999), st.integers(-19, 19))
def test_the_delay_of_one_voxel_is_the_lag_of_the_largest_correlation(seed, late):
    before, after = made(seed, n_voxels=1)[..., :120], made(seed, late, n_voxels=1)[..., :120]  # three whole beats
    one, other = (p[0, 0] - p.mean() for p in (before, after))
    circular = correlate(np.tile(other, 3), one, "same", "direct")[120 + 60 - 20 : 120 + 60 + 21]
    assert beat_delay.delay(before, after, BEAT)[0] == np.arange(-20, 21)[circular.argmax()] == late


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9999), st.integers(-20, 20))
def test_shifting_delays_a_course_and_shifting_back_undoes_it(seed, late):
    before = made(seed)
    there = beat_delay.shifted(before, np.array([late]), BEAT)
    np.testing.assert_allclose(there, made(seed, late), atol=1e-9)
    np.testing.assert_allclose(beat_delay.shifted(there, np.array([-late]), BEAT), before, atol=1e-9)


def test_subjects_are_shifted_each_by_their_own_and_no_sample_is_made_up():
    power = np.random.default_rng(0).standard_normal((3, 4, N_TIME))
    found = beat_delay.shifted(power, np.array([0, 7, -7]), BEAT)
    np.testing.assert_array_equal(found[0], power[0])
    np.testing.assert_array_equal(found[1, :, 7:], power[1, :, :-7])
    np.testing.assert_array_equal(found[2, :, :-7], power[2, :, 7:])
    np.testing.assert_array_equal(found[1, :, :7], power[1, :, 33:40])
    assert np.isin(found, power).all()


@pytest.mark.parametrize("beat", [0.0, N_TIME + 1.0])
def test_without_a_beat_there_is_no_delay(beat):
    assert (beat_delay.delay(made(0), made(0, 9), beat) == 0).all()


def test_unknown_voxels_dont_count_and_nothing_known_is_no_delay():
    before, after = made(3), made(3, 11)
    after[:, :5, 3] = np.nan
    before[:, 7] = np.nan
    assert beat_delay.delay(before, after, BEAT)[0] == 11
    assert beat_delay.delay(np.full_like(before, np.nan), after, BEAT)[0] == 0
