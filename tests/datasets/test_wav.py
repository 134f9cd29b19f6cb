"""WAVs: 16 bits, mono, a peak of .9, the same bytes each time; what isn't a sound is refused."""

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from heschl.datasets import wav
from heschl.errors import HeschlError

TONE = np.sin(np.arange(4000) / 9) * np.linspace(0.01, 0.3, 4000)


def test_another_reader_finds_16_bits_mono_and_the_peak(tmp_path):
    wav.write(tmp_path / "a.wav", TONE, 8000)
    about = soundfile.info(tmp_path / "a.wav")
    assert (about.subtype, about.channels, about.samplerate, about.frames) == ("PCM_16", 1, 8000, 4000)
    sound, _ = soundfile.read(tmp_path / "a.wav")
    assert np.abs(sound).max() == pytest.approx(0.9, abs=1e-4)
    np.testing.assert_allclose(sound, 0.9 * TONE / np.abs(TONE).max(), atol=1e-4)


@given(st.floats(1e-6, 1e30), st.integers(0, 2**31))
@settings(max_examples=25, deadline=None)
def test_the_loudness_of_what_is_given_doesnt_matter(tmp_path_factory, scale, seed):
    folder = tmp_path_factory.mktemp("wav")
    wave = np.random.default_rng(seed).normal(size=50)
    wav.write(folder / "a.wav", scale * wave, 8000)
    sound, _ = soundfile.read(folder / "a.wav", dtype="int16")
    wanted = 0.9 * 32767 * wave / np.abs(wave).max()
    assert np.abs(sound - wanted).max() <= 0.5 + 1e-6


def test_the_same_sound_gives_the_same_bytes(tmp_path):
    for name in ("a.wav", "b.wav"):
        wav.write(tmp_path / name, TONE, 8000)
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


@pytest.mark.parametrize(
    ("wave", "rate_hz", "peak", "said"),
    [
        (np.zeros(100), 8000, 0.9, "silence"),
        (np.r_[TONE, np.nan, np.inf], 8000, 0.9, "2 of 4002 samples are NaN or infinite"),
        (TONE.reshape(2, -1), 8000, 0.9, "shape"),
        (np.array([]), 8000, 0.9, "shape"),
        (TONE, 8000.5, 0.9, "8000.5 Hz"),
        (TONE, 0, 0.9, "0 Hz"),
        (TONE, 8000, 1.5, "peak 1.5"),
    ],
)
def test_what_isnt_a_sound_is_refused_by_name(tmp_path, wave, rate_hz, peak, said):
    with pytest.raises(HeschlError, match=f"a.wav: .*{said}|a.wav: {said}"):
        wav.write(tmp_path / "a.wav", wave, rate_hz, peak)
    assert not (tmp_path / "a.wav").exists()
