"""Frames of windows become bins of the clip: each moment once, from the window that hears it first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heschl.science.frame_bins import binned

RATE_HZ = 100.0


def frames_of(n_frames: int):
    """Return a network whose one feature is the time of the frame's middle, s."""

    def frames(sound, rate_hz, windows_s):
        assert np.allclose(np.diff(windows_s, axis=1), windows_s[0, 1] - windows_s[0, 0])
        share = (np.arange(n_frames) + 0.5) / n_frames
        return {"time": (windows_s[:, :1] + share * np.diff(windows_s, axis=1))[..., None]}

    return frames


@given(
    st.integers(100, 3000), st.sampled_from([1.0, 2.5, 5.0]), st.integers(20, 60), st.sampled_from([0.1, 0.147, 0.5])
)
def test_each_bin_is_the_mean_of_its_own_time(n_samples, window_s, n_frames, bin_s):
    audio = np.zeros((2, n_samples), np.float32)
    found, centres_s = binned(frames_of(n_frames), audio, RATE_HZ, window_s, bin_s)
    assert found["time"].shape == (2, len(centres_s), 1) and found["time"].dtype == np.float32
    stop_s = np.minimum(centres_s + bin_s / 2, n_samples / RATE_HZ)
    middle = (centres_s - bin_s / 2 + stop_s) / 2
    np.testing.assert_allclose(found["time"][0, :, 0], middle, atol=window_s / n_frames)


def test_the_last_window_gives_only_what_it_hears_alone():
    def frames(sound, rate_hz, windows_s):
        which = np.arange(len(windows_s))[:, None, None]
        return {"window": np.repeat(which, 10, 1).astype(float)}

    found, centres_s = binned(frames, np.zeros((1, 250), np.float32), RATE_HZ, 1.0, 0.1)
    np.testing.assert_array_equal(found["window"][0, :, 0], (centres_s // 1.0).astype(int))


def test_whole_frames_in_whole_bins_are_their_means():
    rng = np.random.default_rng(0)
    values = rng.standard_normal((2, 8, 3))
    found, _ = binned(lambda *_: {"x": values}, np.zeros((1, 400), np.float32), RATE_HZ, 2.0, 0.5)
    np.testing.assert_allclose(found["x"][0], values.reshape(8, 2, 3).mean(1), atol=1e-6)


def test_bins_without_length_are_refused():
    with pytest.raises(ValueError, match="bin_s"):
        binned(frames_of(3), np.zeros((1, 200), np.float32), RATE_HZ, 1.0, 0.0)
