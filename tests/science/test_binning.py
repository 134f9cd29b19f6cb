"""Bins average, by hand and against a fine-grained mean."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heschl.science.binning import bin_centres_s, bin_edges_s, bin_frames, bin_weights, frame_edges_s


def test_bins_equal_the_average_by_hand() -> None:
    # frames centred at 0, 1, 2, 3 s share a clip of 4 s: [0, .5) [.5, 1.5) [1.5, 2.5) [2.5, 4); bins of 2 s
    activation = np.array([[8.0, 4.0, 2.0, 10.0], [1.0, 1.0, 1.0, 1.0]])
    wanted = [[(8 * 0.5 + 4 * 1 + 2 * 0.5) / 2, 1], [(2 * 0.5 + 10 * 1.5) / 2, 1]]
    np.testing.assert_allclose(bin_frames(activation, 1.0, 4.0, bin_edges_s(4.0, 2.0)), wanted)


def test_whole_frames_in_a_bin_are_a_plain_mean() -> None:
    values = np.random.default_rng(0).standard_normal(12)
    weights = bin_weights(np.arange(13.0), np.array([0.0, 4, 8, 12]))
    np.testing.assert_allclose(weights @ values, values.reshape(3, 4).mean(1))


@given(
    n_frames=st.integers(1, 60),
    frame_s=st.floats(0.01, 0.5),
    bin_s=st.floats(0.01, 2.0),
    seed=st.integers(0, 9),
)
def test_bins_equal_the_mean_of_a_fine_step_function(n_frames, frame_s, bin_s, seed) -> None:
    duration_s = n_frames * frame_s
    values = np.random.default_rng(seed).standard_normal(n_frames)
    bins_s = bin_edges_s(duration_s, bin_s)
    got = bin_frames(values[None], frame_s, duration_s, bins_s)[:, 0]
    frames_s = frame_edges_s(n_frames, frame_s, duration_s)
    primitive = np.concatenate([[0], np.cumsum(values * np.diff(frames_s))])
    integral = np.diff(np.interp(bins_s, frames_s, primitive))
    np.testing.assert_allclose(got * np.diff(bins_s), integral, atol=1e-5)


def test_bins_cover_the_clip_and_tell_their_centres() -> None:
    assert len(bin_edges_s(15.0, 0.15)) == 101
    np.testing.assert_allclose(bin_edges_s(1.0, 0.4), [0, 0.4, 0.8, 1.0])
    np.testing.assert_allclose(bin_centres_s(bin_edges_s(1.0, 0.4)), [0.2, 0.6, 1.0])
    with pytest.raises(ValueError, match="bin_s 0"):
        bin_edges_s(1.0, 0)
