"""Mel spectrograms as librosa makes them by default (Slaney's scale and norm), without its slow import."""

import numpy as np
import scipy.fft
from scipy.signal.windows import hann

KNEE_HZ = 1000.0  # Slaney's scale is linear below, logarithmic above: 15 mels, then 27 to each factor of 6.4
KNEE_MEL = 15.0
STEP = np.log(6.4) / 27


def mel_power(audio: np.ndarray, rate_hz: float, n_fft: int, hop: int, n_mels: int) -> np.ndarray:
    """Return the mel power spectrogram (frame, mel) of sound (sample,); frame i is centred on sample i hop.

    The sound is padded with zeros; float32.
    """
    padded = np.pad(np.asarray(audio, np.float32), n_fft // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]
    spectrum = scipy.fft.rfft(frames * hann(n_fft, sym=False).astype(np.float32), axis=1)
    return (np.abs(spectrum) ** 2) @ mel_filters(rate_hz, n_fft, n_mels).T


def mel_filters(rate_hz: float, n_fft: int, n_mels: int) -> np.ndarray:
    """Return triangular filters (mel, frequency) of unit area from 0 to half the rate, float32."""
    top = KNEE_MEL + np.log(rate_hz / 2 / KNEE_HZ) / STEP
    edge_hz = _mel_to_hz(np.linspace(0, top, n_mels + 2))
    hz = np.linspace(0, rate_hz / 2, n_fft // 2 + 1)
    width = np.diff(edge_hz)[:, None]
    rising = (hz - edge_hz[:-2, None]) / width[:-1]
    falling = (edge_hz[2:, None] - hz) / width[1:]
    height = 2 / (edge_hz[2:] - edge_hz[:-2])[:, None]
    return (np.clip(np.minimum(rising, falling), 0, None) * height).astype(np.float32)


def _mel_to_hz(mel: np.ndarray) -> np.ndarray:
    above = KNEE_HZ * np.exp(STEP * (mel - KNEE_MEL))
    return np.where(mel < KNEE_MEL, mel * KNEE_HZ / KNEE_MEL, above)
