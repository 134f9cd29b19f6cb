"""What changed between two sessions without any training: the gain of all brain signal, sensor noise, and a delay.

Voxel power is signal plus noise. From one session to another a head sits differently, sensors and tissue conduct
differently: signal power is multiplied by a gain that differs over the head at most smoothly, noise power is another,
and the mean over epochs scatters more or less. All three are measured, per subject, from the two sessions themselves:
the gain as the least-absolute-deviations surface (a polynomial of position) through the log ratios of signal power,
which a minority of changed voxels doesn't bend; noise from the empty room through the same spatial filters; scatter
from the difference of even and odd epochs, which holds no signal. The delay behind the beat is one number for the
whole head (science/beat_delay.py), put on or undone before what is computed here.

A training that changes the whole head evenly or smoothly is a gain to this model, one that delays all of it a delay.
"""

from typing import NamedTuple

import numpy as np

LEAST_SIGNAL = 0.05  # of a voxel's power: less than this above the noise isn't believed
VOXELS_PER_TERM = 10  # a surface is fitted only where each of its terms has this many voxels


class Drift(NamedTuple):
    """Measured drift of one session from the training session.

    gain, noise_before, noise_after : (subject, voxel), of power
    scatter : (subject,), variance of the session's mean over epochs, its gain undone, in the training session's
    """

    gain: np.ndarray
    noise_before: np.ndarray
    noise_after: np.ndarray
    scatter: np.ndarray


def measure(
    before: np.ndarray,
    after: np.ndarray,
    noise_before: np.ndarray,
    noise_after: np.ndarray,
    position_mm: np.ndarray,
    order: int = 2,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Measure gain and noise of power means.

    Parameters
    ----------
    before, after : mean power over time, (subject, voxel)
    noise_before, noise_after : the same of the empty room; NaN where there is none, which counts as 0
    position_mm : array of shape (voxel, 3)
    order : of the polynomial in position that log gain may be; 0: the median over voxels

    Returns
    -------
    gain, noise_before, noise_after : (subject, voxel)
    """
    noise = [np.nan_to_num(n, nan=0.0) for n in (noise_before, noise_after)]
    signal = [np.maximum(p - n, LEAST_SIGNAL * p) for p, n in zip((before, after), noise, strict=True)]
    basis = polynomials(position_mm, order)
    log_ratio = np.log(signal[1]) - np.log(signal[0])
    return np.exp(np.stack([least_absolute(basis, row) for row in log_ratio])), *noise


def scatter(jitter_before: np.ndarray, jitter_after: np.ndarray, gain: np.ndarray) -> np.ndarray:
    """Return how much more a session's mean over epochs scatters, (subject,); 1 if that isn't known.

    Parameters
    ----------
    jitter_before, jitter_after : half the difference of even and odd epochs, (subject, voxel, time), scaled to the
        numbers of epochs that are compared
    """
    before, after = (np.square(j, dtype=float).mean(2) for j in (jitter_before, jitter_after))
    known = np.isfinite(before) & np.isfinite(after) & (before > 0)
    ratio = np.full(before.shape, np.nan)
    ratio[known] = after[known] / (np.square(gain[known]) * before[known])
    return np.array([np.median(r[np.isfinite(r)]) if np.isfinite(r).any() else 1.0 for r in ratio])


def modelled(before: np.ndarray, drift: Drift, jitter_after: np.ndarray) -> np.ndarray:
    """Put the drift on the training session's power, (subject, voxel, time): what drift alone would have made of it."""
    gain, low, high = (a[..., None] for a in drift[:3])
    return gain * (before - low) + high + _more(jitter_after, 1 - 1 / np.maximum(drift.scatter, 1))


def corrected(after: np.ndarray, drift: Drift, jitter_before: np.ndarray) -> np.ndarray:
    """Undo the drift of a session's power; scatter is added if it has less than the training session."""
    gain, low, high = (a[..., None] for a in drift[:3])
    return (after - high) / gain + low + _more(jitter_before, 1 - np.minimum(drift.scatter, 1))


def matched(before: np.ndarray, drift: Drift, jitter_after: np.ndarray) -> np.ndarray:
    """Give the training session the scatter of the other, if that is more: what `corrected` is held against."""
    return before + _more(jitter_after / drift.gain[..., None], 1 - 1 / np.maximum(drift.scatter, 1))


def polynomials(position_mm: np.ndarray, order: int) -> np.ndarray:
    """Products of coordinates up to `order`, (voxel, term); fewer orders if there are too few voxels."""
    spread = np.maximum(position_mm.std(0), 1e-9)
    x, y, z = ((position_mm - position_mm.mean(0)) / spread).T
    powers = [(i, j, k) for i in range(order + 1) for j in range(order + 1 - i) for k in range(order + 1 - i - j)]
    terms = [x**i * y**j * z**k for i, j, k in sorted(powers, key=lambda p: (sum(p), p))]
    enough = len(terms) * VOXELS_PER_TERM <= len(position_mm) or order == 0
    return np.stack(terms, 1) if enough else polynomials(position_mm, order - 1)


def least_absolute(basis: np.ndarray, y: np.ndarray, rounds: int = 200) -> np.ndarray:
    """Fit y (voxel,) by basis (voxel, term) with the least sum of absolute errors; return the fit, (voxel,).

    Iteratively reweighted least squares (Schlossmacher 1973); with one constant term it is the median. NaN is left out;
    all is NaN if fewer values than terms are left.
    """
    known = np.isfinite(y)
    if known.sum() < basis.shape[1]:
        return np.full(len(y), np.nan)
    if basis.shape[1] == 1:
        return np.full(len(y), np.median(y[known]))
    weight, terms, values = np.ones(known.sum()), basis[known], y[known]
    for _ in range(rounds):
        root = np.sqrt(weight)
        slope = np.linalg.lstsq(terms * root[:, None], values * root, rcond=None)[0]
        new = 1 / np.maximum(np.abs(values - terms @ slope), 1e-6)
        if np.allclose(new, weight, rtol=1e-6):
            break
        weight = new
    return basis @ slope


def _more(jitter: np.ndarray, share: np.ndarray) -> np.ndarray:
    """Scale scatter to a share (subject,) of its variance; 0 where it isn't known."""
    return np.nan_to_num(jitter, nan=0.0) * np.sqrt(share)[:, None, None]
