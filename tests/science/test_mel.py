"""Mel spectrograms equal librosa's."""

import numpy as np
import pytest

from heschl.science.mel import mel_filters, mel_power


@pytest.mark.parametrize(("rate_hz", "n_fft", "n_mels"), [(16_000, 512, 96), (22_050, 2048, 128)])
def test_mels_equal_librosas(rate_hz, n_fft, n_mels) -> None:
    import librosa

    wanted = librosa.filters.mel(sr=rate_hz, n_fft=n_fft, n_mels=n_mels)
    np.testing.assert_allclose(mel_filters(rate_hz, n_fft, n_mels), wanted, atol=1e-7)
    audio = np.random.default_rng(0).standard_normal(9001).astype("f4")
    settings = {"n_fft": n_fft, "hop_length": 256, "n_mels": n_mels}
    wanted = librosa.feature.melspectrogram(y=audio, sr=rate_hz, **settings).T
    np.testing.assert_allclose(mel_power(audio, rate_hz, n_fft, 256, n_mels), wanted, rtol=1e-3, atol=1e-5)
