"""Windows cut out of a sound, so that nothing outside a window can reach its embedding."""

from math import gcd

import numpy as np
from scipy.signal import resample_poly


def cut(audio: np.ndarray, rate_hz: float, windows_s: np.ndarray) -> np.ndarray:
    """Return exactly the samples of each window, start <= t < end: array of shape (window, sample), float32.

    Parameters
    ----------
    audio : array of shape (sample,)
    windows_s : array of shape (window, 2), start and end in s, all of one length

    Raises
    ------
    ValueError
        If a window reaches over the sound's ends, or windows differ in length.
    """
    first = np.rint(np.asarray(windows_s, float)[:, 0] * rate_hz).astype(int)
    lengths = np.rint(np.diff(windows_s, axis=1)[:, 0] * rate_hz).astype(int)
    if len(set(lengths.tolist())) != 1 or lengths[0] < 1:
        raise ValueError(f"windows of {sorted(set(lengths.tolist()))} samples: wanted one length above 0")
    if first.min() < 0 or (first + lengths).max() > len(audio):
        end_s = (first + lengths).max() / rate_hz
        raise ValueError(
            f"windows from {first.min() / rate_hz:g} to {end_s:g} s of a sound of {len(audio) / rate_hz:g} s"
        )
    return np.stack([audio[start : start + lengths[0]] for start in first]).astype(np.float32)


def resampled(sounds: np.ndarray, rate_hz: float, new_hz: float) -> np.ndarray:
    """Bring sounds (sound, sample) to another rate (polyphase, Kaiser 5): (sound, new sample), float32.

    Each sound for itself, after the cut: a filter over the whole clip would let neighbours in.
    """
    if rate_hz == new_hz:
        return np.asarray(sounds, np.float32)
    if rate_hz != int(rate_hz) or new_hz != int(new_hz):
        raise ValueError(f"{rate_hz} Hz to {new_hz} Hz: wanted whole numbers")
    common = gcd(int(new_hz), int(rate_hz))
    ratio = int(new_hz) // common, int(rate_hz) // common
    return resample_poly(np.asarray(sounds, np.float32), *ratio, axis=-1).astype(np.float32)


def cut_at(audio: np.ndarray, rate_hz: float, windows_s: np.ndarray, new_hz: float) -> np.ndarray:
    """Cut windows out of a sound (sample,), then bring each to a model's rate: (window, new sample), float32."""
    return resampled(cut(audio, rate_hz, windows_s), rate_hz, new_hz)
