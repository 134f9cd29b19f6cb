"""Sounds to listen to: 16-bit mono WAV whose largest sample is .9 of full scale (Geng, transformation)."""

import wave as riff
from pathlib import Path

import numpy as np

from heschl.errors import HeschlError

PEAK = 0.9
FULL_SCALE = 32767


def write(path: Path, wave: np.ndarray, rate_hz: float, peak: float = PEAK) -> None:
    """Write a sound (sample,), scaled so that its largest magnitude is `peak`; the same sound gives the same bytes.

    Raises
    ------
    HeschlError
        If the sound isn't one row of finite numbers, is silent, or the rate isn't a whole number of Hz.
    """
    scaled = at_peak(wave, peak, path)
    if rate_hz != int(rate_hz) or rate_hz < 1:
        raise HeschlError(path, f"{rate_hz} Hz", "wanted a whole number of samples a second")
    with riff.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(int(rate_hz))
        file.writeframes(np.rint(scaled * FULL_SCALE).astype("<i2").tobytes())


def at_peak(wave: np.ndarray, peak: float = PEAK, where: object = "sound") -> np.ndarray:
    """Scale a sound (sample,) so that its largest magnitude is `peak`, float64.

    Raises
    ------
    HeschlError
        As `write`, which names `where`.
    """
    wave = np.asarray(wave, float)
    if wave.ndim != 1 or not wave.size:
        raise HeschlError(where, f"a sound of shape {wave.shape}", "wanted (sample,)")
    if bad := int((~np.isfinite(wave)).sum()):
        raise HeschlError(where, f"{bad} of {len(wave)} samples are NaN or infinite", "wanted a sound")
    if not 0 < peak <= 1:
        raise HeschlError(where, f"peak {peak:g}", "wanted a share of full scale, above 0 and at most 1")
    top = float(np.abs(wave).max())
    if top < 1e-12:
        raise HeschlError(where, "silence", "wanted a sound that can be scaled")
    return wave * (peak / top)
