"""Windows hold their own samples and nothing else, at any rate."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heschl.science.cutting import cut, cut_at, resampled


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 9999), st.floats(0.1, 2.0), st.sampled_from([8000, 16_000, 22_050]))
def test_samples_outside_a_window_never_matter(seed, start_s, rate_hz):
    rng = np.random.default_rng(seed)
    audio, window = rng.standard_normal(3 * rate_hz).astype("f4"), np.array([[start_s, start_s + 0.5]])
    first, last = (round(t * rate_hz) for t in (start_s, start_s + 0.5))
    other = rng.standard_normal(len(audio)).astype("f4")
    other[first : first + round(0.5 * rate_hz)] = audio[first : first + round(0.5 * rate_hz)]
    np.testing.assert_array_equal(cut_at(audio, rate_hz, window, 24_000), cut_at(other, rate_hz, window, 24_000))
    audio[(first + last) // 2] += 1
    assert not np.array_equal(cut_at(audio, rate_hz, window, 24_000), cut_at(other, rate_hz, window, 24_000))


def test_a_tone_survives_another_rate():
    time_s = np.arange(22_050) / 22_050
    found = resampled(np.sin(2 * np.pi * 440 * time_s)[None], 22_050, 48_000)[0]
    assert found.shape == (48_000,) and found.dtype == np.float32
    wanted = np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)
    np.testing.assert_allclose(found[2000:-2000], wanted[2000:-2000], atol=5e-3)


def test_windows_beyond_the_sound_are_refused():
    with pytest.raises(ValueError, match="0.5 to 1.5 s of a sound of 1 s"):
        cut(np.zeros(1000), 1000, np.array([[0.5, 1.5]]))
    with pytest.raises(ValueError, match="wanted one length"):
        cut(np.zeros(1000), 1000, np.array([[0, 0.5], [0, 0.6]]))
    with pytest.raises(ValueError, match="whole numbers"):
        resampled(np.zeros((1, 9)), 16_000.5, 8000)
