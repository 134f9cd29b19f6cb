"""Fingerprints: find the same recording in two clips, re-encoded, shifted or noisy.

Pairs of spectral peaks ("landmarks", Wang 2003, An industrial-strength audio search algorithm) are hashed as
(frequency 1, frequency 2, time between). Copies share hashes at one common offset; other music doesn't.
"""

import numpy as np
from scipy.ndimage import maximum_filter
from scipy.signal import resample_poly, stft

RATE_HZ = 8000
N_FFT, HOP = 1024, 256  # 7.8 Hz, 32 ms
NEIGHBOURHOOD = (25, 9)  # bins, frames: a peak is the loudest in 200 Hz x 0.3 s
PEAKS_PER_S = 25
TARGET_FRAMES = (2, 64)  # a peak's partners come 0.06 to 2 s later
TARGET_BINS = 64
FAN_OUT = 6
COMMON = 48  # a hash in more places than this says nothing of a recording
MIN_VOTES = 12


def landmarks(audio: np.ndarray, rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Hash a clip.

    Parameters
    ----------
    audio : array of shape (sample,)
    rate_hz : its rate, whole Hz

    Returns
    -------
    hashes (landmark,) int64 and the frame (landmark,) of each one's first peak
    """
    frame, pitch = _peaks(_log_power(audio, int(rate_hz)))
    keys, frames = [], []
    for i in range(len(frame)):
        stop = np.searchsorted(frame, frame[i] + TARGET_FRAMES[1], "right")
        later = np.arange(np.searchsorted(frame, frame[i] + TARGET_FRAMES[0]), stop)
        later = later[np.abs(pitch[later] - pitch[i]) <= TARGET_BINS][:FAN_OUT]
        keys.append((pitch[i] << 20) | (pitch[later] << 8) | (frame[later] - frame[i]))
        frames.append(np.full(len(later), frame[i]))
    if not keys:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.concatenate(keys), np.concatenate(frames)


def votes(clips: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """Count the landmarks that two clips share at their best common offset (within a frame).

    `clips` holds what `landmarks` gives for each. Returns a symmetric array (clip, clip) of int, 0 on the diagonal.
    One sorted index of all hashes serves all pairs.
    """
    key = np.concatenate([k for k, _ in clips])
    frame = np.concatenate([f for _, f in clips])
    clip = np.repeat(np.arange(len(clips)), [len(k) for k, _ in clips])
    order = np.lexsort((clip, key))
    key, frame, clip = key[order], frame[order], clip[order]
    _, inverse, count = np.unique(key, return_inverse=True, return_counts=True)
    rare = count[inverse] <= COMMON
    return _count(*_join(key[rare], frame[rare], clip[rare]), len(clips))


def same_recording(votes: np.ndarray, n_landmarks: np.ndarray, share: float = 0.06) -> np.ndarray:
    """Tell which pairs (clip, clip) are one recording: 12 common landmarks and `share` of the shorter clip's."""
    fewer = np.minimum(n_landmarks[:, None], n_landmarks[None, :])
    return (votes >= MIN_VOTES) & (votes >= share * fewer)


def _log_power(audio: np.ndarray, rate_hz: int) -> np.ndarray:
    """Log power (bin, frame) at 8 kHz, floored 60 dB below its maximum."""
    shared = int(np.gcd(RATE_HZ, rate_hz))
    sound = resample_poly(np.asarray(audio, np.float32), RATE_HZ // shared, rate_hz // shared)
    power = np.abs(stft(sound, RATE_HZ, nperseg=N_FFT, noverlap=N_FFT - HOP, padded=False)[2]) ** 2
    return np.log(np.maximum(power, power.max() * 1e-6 + 1e-20))


def _peaks(log_power: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Frame and bin of the peaks that stand out most from their surroundings, in order of time."""
    whitened = log_power - log_power.mean(1, keepdims=True)  # else all peaks sit in the bass
    top = maximum_filter(whitened, NEIGHBOURHOOD) == whitened
    pitch, frame = np.nonzero(top & (log_power > log_power.min()))
    n = int(PEAKS_PER_S * log_power.shape[1] * HOP / RATE_HZ)
    loudest = np.argsort(-whitened[pitch, frame], kind="stable")[:n]
    chosen = loudest[np.lexsort((pitch[loudest], frame[loudest]))]
    return frame[chosen].astype(np.int64), pitch[chosen].astype(np.int64)


def _join(key: np.ndarray, frame: np.ndarray, clip: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every two landmarks of one hash in different clips: first clip, second clip, frames between."""
    parts = [(np.zeros(0, np.int64),) * 3]
    for step in range(1, COMMON):
        same = np.flatnonzero((key[step:] == key[:-step]) & (clip[step:] != clip[:-step]))
        if not len(same) and not (key[step:] == key[:-step]).any():
            break
        parts.append((clip[same], clip[same + step], frame[same + step] - frame[same]))
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))


def _count(first: np.ndarray, second: np.ndarray, offset: np.ndarray, n_clips: int) -> np.ndarray:
    """Size of the fullest pair of neighbouring offsets, for every two clips: (clip, clip)."""
    width = 1 << 20
    place, count = np.unique((first * n_clips + second) * width + offset + width // 2, return_counts=True)
    both = count.copy()
    neighbours = np.flatnonzero(np.diff(place) == 1)
    both[neighbours] += count[neighbours + 1]
    best = np.zeros(n_clips * n_clips, np.int64)
    np.maximum.at(best, place // width, both)
    best = best.reshape(n_clips, n_clips)
    return np.maximum(best, best.T)
