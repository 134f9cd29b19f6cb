"""The haemodynamic response: how a second of neural activity becomes twenty seconds of BOLD."""

import numpy as np
from scipy.signal import fftconvolve
from scipy.stats import gamma

LENGTH_S = 32.0


def double_gamma(time_s: np.ndarray) -> np.ndarray:
    """Return SPM's canonical response h(t) = g(t; 6) - g(t; 16) / 6, g(t; a) = t^(a-1) exp(-t) / Gamma(a).

    Parameters
    ----------
    time_s : array of any shape, seconds since the event; h is 0 before it

    Returns
    -------
    array of the same shape, 1/s; its integral over time is 5/6 (Friston et al. 1998, as in SPM12)
    """
    return gamma.pdf(time_s, 6.0) - gamma.pdf(time_s, 16.0) / 6.0


def kernel(step_s: float) -> np.ndarray:
    """Sample the response amid steps of `step_s` seconds for 32 s; array of shape (n_steps,), sum 1.

    Raises
    ------
    ValueError
        If the step is not between 0 and 2 s: a coarser one misses the shape of the response.
    """
    if not 0 < step_s <= 2:
        raise ValueError(f"step_s: {step_s} given; the response needs steps above 0 and up to 2 s")
    response = double_gamma((np.arange(round(LENGTH_S / step_s)) + 0.5) * step_s)
    return response / response.sum()


def convolve(drive: np.ndarray, step_s: float) -> np.ndarray:
    """Convolve each clip by itself: out(j) = sum over k < j of drive(k) h((j - k - 1/2) step).

    Parameters
    ----------
    drive : array of shape (..., n_bins), mean activity in bins of `step_s` s; 0 before and after the clip

    Returns
    -------
    array of shape (..., n_bins + 32 s / step), the response at times j * step_s after the clip's onset
    """
    h = kernel(step_s)
    pad = [(0, 0)] * (drive.ndim - 1) + [(1, 0)]
    return np.pad(fftconvolve(drive, h.reshape((1,) * (drive.ndim - 1) + (-1,)), axes=-1), pad)


def sample(response: np.ndarray, step_s: float, time_s: np.ndarray) -> np.ndarray:
    """Sample responses (..., n_steps) of `convolve` at times (time,) s after onset, linearly: (..., time)."""
    left = np.minimum((time_s / step_s + 1e-9).astype(int), response.shape[-1] - 2)
    share = time_s / step_s - left
    return response[..., left] * (1 - share) + response[..., left + 1] * share


def superpose(
    response: np.ndarray, step_s: float, clips: np.ndarray, onset_s: np.ndarray, time_s: np.ndarray
) -> np.ndarray:
    """Add the responses to a sequence of clips, tails included, and sample the sum at any times (linearly).

    Parameters
    ----------
    response : array of shape (n_units, n_clips, n_steps), from `convolve`
    clips, onset_s : arrays of shape (n_trials,), which clip began when
    time_s : array of any shape, seconds on the clock of the onsets

    Returns
    -------
    array of shape (n_units, *time_s.shape), float32
    """
    total = np.zeros((len(response), time_s.size), np.float32)
    for clip, onset in zip(clips, onset_s, strict=True):
        position = (time_s.ravel() - onset) / step_s
        inside = np.flatnonzero((position >= 0) & (position < response.shape[-1] - 1))
        left = position[inside].astype(int)
        share = (position[inside] - left).astype(np.float32)
        curve = response[:, clip]
        total[:, inside] += curve[:, left] * (1 - share) + curve[:, left + 1] * share
    return total.reshape(len(response), *time_s.shape)
