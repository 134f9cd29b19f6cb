"""Low-level features of sound: mel, MFCC, chroma, rhythm and spectro-temporal modulation (science.md A3, baselines).

Sounds are float arrays whose last axis is samples. Frames are centred, one each `hop` samples, as in librosa.
"""

from typing import NamedTuple

import numpy as np
import scipy.fft
from scipy.signal.windows import hann

from heschl.science.mel import mel_power

FLOOR = 1e-10  # of power: -100 dB re full scale
RATES_HZ = (1.0, 2.0, 4.0, 8.0, 16.0)  # of modulation over time
SCALES = (0.25, 0.5, 1.0, 2.0, 4.0)  # of modulation over frequency, cycles per octave
BANDS_PER_OCTAVE = 24
LOWEST_HZ, N_BANDS = 180.0, 128  # 180 Hz to 7 kHz, as Chi, Ru & Shamma 2005
TEMPO_BPM = (40.0, 240.0)


def log_mel(audio: np.ndarray, rate_hz: float, n_fft: int, hop: int, n_mels: int) -> np.ndarray:
    """Return the mel spectrogram of sound (sample,) in dB: (frame, mel), not below -100 dB."""
    return 10 * np.log10(np.maximum(mel_power(audio, rate_hz, n_fft, hop, n_mels), FLOOR))


def mfcc(mel_db: np.ndarray, n: int) -> np.ndarray:
    """Return the first n coefficients of the cosine transform (type II, orthonormal) of dB (frame, mel)."""
    return scipy.fft.dct(mel_db, type=2, norm="ortho", axis=-1)[..., :n]


def power_spectrum(audio: np.ndarray, n_fft: int, hop: int) -> np.ndarray:
    """Return |STFT|^2 of sound (sample,) under a Hann window: (frame, frequency), float32; zeros beyond the ends."""
    padded = np.pad(np.asarray(audio, np.float32), n_fft // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::hop]
    return np.abs(scipy.fft.rfft(frames * hann(n_fft, sym=False).astype(np.float32), axis=1)) ** 2


def chroma(power: np.ndarray, rate_hz: float) -> np.ndarray:
    """Fold a power spectrum (frame, frequency) into 12 pitch classes from C: (frame, 12), the largest 1.

    Each frequency from 55 Hz to 5 kHz goes to its two nearest semitones (A4 = 440 Hz), in shares by distance.
    """
    hz = np.linspace(0, rate_hz / 2, power.shape[1])
    heard = np.flatnonzero((hz >= 55) & (hz <= 5000))
    semitone = 12 * np.log2(hz[heard] / 440) + 9  # C is 0
    lower = np.floor(semitone).astype(int)
    fold = np.zeros((power.shape[1], 12), np.float32)
    np.add.at(fold, (heard, lower % 12), 1 - (semitone - lower))
    np.add.at(fold, (heard, (lower + 1) % 12), semitone - lower)
    energy = power @ fold
    return energy / np.maximum(energy.max(1, keepdims=True), FLOOR)


def brightness(power: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the spectral centroid of a power spectrum (frame, frequency) in Hz: (frame,); 0 in silence."""
    hz = np.linspace(0, rate_hz / 2, power.shape[1])
    return power @ hz / np.maximum(power.sum(1), FLOOR)


def loudness_db(audio: np.ndarray) -> np.ndarray:
    """Return the RMS level of sounds (..., sample) in dB re full scale."""
    return 10 * np.log10(np.maximum(np.mean(np.square(audio, dtype=float), -1), FLOOR))


def onset_strength(mel_db: np.ndarray) -> np.ndarray:
    """Return how much louder each frame of dB (frame, mel) is than the last, rises only, mean over mels: (frame,).

    Only the 80 dB below the peak count, so that steps in near silence don't.
    """
    clipped = np.maximum(mel_db, mel_db.max(initial=-np.inf) - 80)
    rise = np.maximum(np.diff(clipped, axis=0), 0).mean(1)
    return np.concatenate([np.zeros(1), rise])


class Tempo(NamedTuple):
    """Beats per minute, and how periodic onsets are there: their autocorrelation at one beat, at most 1."""

    bpm: float
    clarity: float


def tempo(onsets: np.ndarray, frame_hz: float) -> Tempo:
    """Find the tempo of onset strengths (frame,) by autocorrelation, with a prior around 120 beats a minute.

    The prior is log-normal, one octave wide (Ellis 2007, J New Music Res 36:51). Without onsets: 120 and 0.
    """
    centred = onsets - onsets.mean()
    spectrum = np.abs(scipy.fft.rfft(centred, scipy.fft.next_fast_len(2 * len(centred)))) ** 2
    correlation = scipy.fft.irfft(spectrum)[: len(centred)]
    first = int(np.ceil(60 * frame_hz / TEMPO_BPM[1]))
    lag = np.arange(first, min(len(centred) - 1, int(60 * frame_hz / TEMPO_BPM[0])) + 1)
    if not len(lag) or correlation[0] <= FLOOR:
        return Tempo(120.0, 0.0)
    bpm = 60 * frame_hz / lag
    periodic = correlation[lag] / correlation[0]
    best = int(np.argmax(np.maximum(periodic, 0) * np.exp(-0.5 * np.log2(bpm / 120) ** 2)))
    return Tempo(float(bpm[best]), float(np.clip(periodic[best], 0, 1)))


def log_bands(power: np.ndarray, rate_hz: float) -> np.ndarray:
    """Turn a power spectrum (frame, frequency) into dB in 128 bands, 24 to the octave from 180 Hz: (frame, band).

    Bands narrower than the spectrum's resolution are read between its two nearest frequencies.
    """
    band_hz = LOWEST_HZ * 2 ** (np.arange(N_BANDS) / BANDS_PER_OCTAVE)
    position = band_hz / (rate_hz / 2) * (power.shape[1] - 1)
    if position[-1] > power.shape[1] - 1:
        raise ValueError(f"sound at {rate_hz:g} Hz has nothing at {band_hz[-1]:.0f} Hz; wanted 16000 Hz or more")
    lower = np.minimum(position.astype(int), power.shape[1] - 2)
    share = (position - lower).astype(np.float32)
    return 10 * np.log10(np.maximum(power[:, lower] * (1 - share) + power[:, lower + 1] * share, FLOOR))


def modulation(bands_db: np.ndarray, frame_hz: float) -> np.ndarray:
    """Return the strength of spectro-temporal modulation around each frame, (frame, rate, scale), in dB RMS.

    A bank of filters, each a Gaussian in log2 frequency one octave wide (SD .5), over rates in Hz and scales in cycles
    per octave; upward and downward sweeps together (after Chi, Ru & Shamma 2005, JASA 118:887). Filters are applied
    to the two-dimensional spectrum of the whole sound; the mean square over bands needs no transform back (Parseval).

    Parameters
    ----------
    bands_db : array of shape (frame, band), dB in bands of equal width in octaves
    frame_hz : frames a second
    """
    n = len(bands_db)
    rows = scipy.fft.next_fast_len(n + int(2 * frame_hz))  # what would wrap around meets 2 s of nothing
    columns = scipy.fft.next_fast_len(2 * bands_db.shape[1])
    centred = (bands_db - bands_db.mean()).astype(np.float32)
    spectrum = scipy.fft.fft2(centred, (rows, columns))
    scale = np.abs(scipy.fft.fftfreq(columns, 1 / BANDS_PER_OCTAVE))
    share = np.stack([_octave(scale, centre) ** 2 for centre in SCALES]).astype(np.float32)
    rate = scipy.fft.fftfreq(rows, 1 / frame_hz)
    found = np.empty((n, len(RATES_HZ), len(SCALES)), np.float32)
    for i, centre in enumerate(RATES_HZ):
        # positive rates only: the analytic signal, whose magnitude is the envelope; both signs of scale are kept
        weight = np.where(rate > 0, _octave(np.abs(rate), centre), 0).astype(np.float32)
        kept = np.flatnonzero(weight > 1e-4)
        analytic = np.zeros_like(spectrum)
        analytic[kept] = spectrum[kept] * weight[kept, None]
        power = np.square(np.abs(scipy.fft.ifft(analytic, axis=0)[:n]))
        found[:, i] = power @ share.T / (columns * bands_db.shape[1])
    return np.sqrt(2 * found)


def _octave(frequency: np.ndarray, centre: float) -> np.ndarray:
    """Gaussian over log2 of frequencies above 0, SD half an octave, 1 at the centre and 0 at frequency 0."""
    distance = np.log2(np.maximum(frequency, 1e-9) / centre)
    return np.exp(-0.5 * (distance / 0.5) ** 2)
