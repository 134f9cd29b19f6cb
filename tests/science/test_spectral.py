"""Low-level features against librosa and scipy, and against sounds whose answer is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heschl.science import spectral

RATE_HZ = 16_000


def tone(hz: float, seconds: float = 1.0) -> np.ndarray:
    return (0.1 * np.sin(2 * np.pi * hz * np.arange(int(RATE_HZ * seconds)) / RATE_HZ)).astype("f4")


def clicks(bpm: float, seconds: float = 8.0) -> np.ndarray:
    audio = np.zeros(int(RATE_HZ * seconds), np.float32)
    decay = np.exp(-np.arange(800) / 100) * np.random.default_rng(0).standard_normal(800)
    for start in np.arange(0.1, seconds - 0.1, 60 / bpm):
        audio[int(start * RATE_HZ) :][:800] += decay.astype("f4")
    return audio


def test_mel_and_mfcc_equal_librosas():
    import librosa

    audio = np.random.default_rng(0).standard_normal(24_000).astype("f4") * 0.1
    options = {"sr": RATE_HZ, "n_fft": 1024, "hop_length": 160, "n_mels": 40}
    wanted = librosa.power_to_db(librosa.feature.melspectrogram(y=audio, **options), top_db=None)
    found = spectral.log_mel(audio, RATE_HZ, 1024, 160, 40)
    np.testing.assert_allclose(found.T, wanted, atol=1e-2)
    np.testing.assert_allclose(spectral.mfcc(found, 13).T, librosa.feature.mfcc(S=wanted, n_mfcc=13), atol=0.1)
    centroid = librosa.feature.spectral_centroid(y=audio, sr=RATE_HZ, n_fft=1024, hop_length=160)[0]
    power = spectral.power_spectrum(audio, 1024, 160)
    magnitude = np.sqrt(power)  # librosa weighs by magnitude
    np.testing.assert_allclose(spectral.brightness(magnitude, RATE_HZ), centroid, rtol=1e-3)


@settings(max_examples=24, deadline=None)
@given(st.integers(48, 84))
def test_chroma_names_the_note(midi):
    power = spectral.power_spectrum(tone(440 * 2 ** ((midi - 69) / 12)), 4096, 640)[5:-5]
    found = spectral.chroma(power, RATE_HZ)
    assert (found.argmax(1) == midi % 12).all()
    assert found.max() == pytest.approx(1) and found.min() >= 0


def test_chroma_resembles_librosas():
    import librosa

    audio = np.concatenate([tone(hz) + tone(1.26 * hz) for hz in (220, 262, 330, 494, 622)])
    power = spectral.power_spectrum(audio, 4096, 640)
    wanted = librosa.feature.chroma_stft(S=power.T, sr=RATE_HZ, n_fft=4096, tuning=0.0)
    found = spectral.chroma(power, RATE_HZ).T
    assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > 0.9


@pytest.mark.parametrize("bpm", [72, 90, 120, 150])
def test_tempo_of_clicks_is_known(bpm):
    onsets = spectral.onset_strength(spectral.log_mel(clicks(bpm), RATE_HZ, 1024, 160, 40))
    found = spectral.tempo(onsets, 100)
    assert found.bpm == pytest.approx(bpm, rel=0.02)
    assert found.clarity > 0.5
    noise = np.random.default_rng(0).standard_normal(8 * RATE_HZ).astype("f4")
    unclear = spectral.tempo(spectral.onset_strength(spectral.log_mel(noise, RATE_HZ, 1024, 160, 40)), 100)
    assert unclear.clarity < 0.3


def test_silence_has_finite_features():
    mel = spectral.log_mel(np.zeros(24_000, "f4"), RATE_HZ, 1024, 160, 40)
    np.testing.assert_allclose(mel, -100, atol=1e-3)
    assert spectral.tempo(spectral.onset_strength(mel), 100) == (120.0, 0.0)
    power = spectral.power_spectrum(np.zeros(24_000, "f4"), 2048, 320)
    assert not spectral.chroma(power, RATE_HZ).any() and not spectral.brightness(power, RATE_HZ).any()
    assert not spectral.modulation(spectral.log_bands(power, RATE_HZ), 50).any()
    assert spectral.loudness_db(np.zeros(5)) == -100 and spectral.loudness_db(np.ones(5)) == 0


@pytest.mark.parametrize("rate", spectral.RATES_HZ)
@pytest.mark.parametrize("scale", spectral.SCALES[1:])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_moving_ripple_is_found_at_its_rate_and_scale(rate, scale, sign):
    time_s = np.arange(500)[:, None] / 50
    octave = np.arange(spectral.N_BANDS) / spectral.BANDS_PER_OCTAVE
    ripple = 3 * np.sin(2 * np.pi * (rate * time_s + sign * scale * octave))
    found = spectral.modulation(ripple, 50)
    assert found.shape == (500, 5, 5)
    best = np.unravel_index(found[100:400].mean(0).argmax(), (5, 5))
    assert best == (spectral.RATES_HZ.index(rate), spectral.SCALES.index(scale))
    strength = found[200:300].mean(0)[best]  # RMS of the ripple itself, less what its edges spread
    assert 0.6 < strength / (3 / np.sqrt(2)) < 1.1


def test_modulation_equals_filtering_in_two_dimensions():
    """Parseval instead of the transform back over bands: the same mean square, band by band."""
    bands = np.random.default_rng(0).standard_normal((100, spectral.N_BANDS))
    rows, columns = 200, 256
    spectrum = np.fft.fft2(bands - bands.mean(), (rows, columns))
    rate, scale = np.fft.fftfreq(rows, 1 / 50)[:, None], np.abs(np.fft.fftfreq(columns, 1 / 24))[None]
    gain = np.where(rate > 0, spectral._octave(np.abs(rate), 4.0), 0) * spectral._octave(scale, 1.0)
    filtered = np.fft.ifft2(spectrum * gain)[:100]
    wanted = np.sqrt(2 * (np.abs(filtered) ** 2).sum(1) / spectral.N_BANDS)
    np.testing.assert_allclose(spectral.modulation(bands, 50)[:, 2, 2], wanted, rtol=1e-3)
