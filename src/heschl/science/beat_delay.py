"""How much later power follows the beat in another session, all over the head; and power moved by that.

The course of power over a beat is described by its first harmonics in each voxel. The delay is where the courses of two
sessions agree best, in the mean over voxels of their cosine: each voxel counts at most 1, so that a minority whose
course changed hardly moves it. A training that delays the whole head alike is drift to this model.
"""

import numpy as np

N_HARMONICS = 3


def delay(before: np.ndarray, after: np.ndarray, beat: float) -> np.ndarray:
    """Measure by how many samples `after` lags behind `before`, whole numbers from -beat/2 to beat/2, (subject,).

    Parameters
    ----------
    before, after : power, (subject, voxel, time), each from a beat on; voxels with NaN don't count
    beat : samples from beat to beat; with 0 (not known), or less than a beat of power, all delays are 0
    """
    n_time = before.shape[-1]
    if not 0 < beat <= n_time:
        return np.zeros(len(before), int)
    lags = np.arange(-int(beat // 2), int(beat // 2) + 1)
    turn = np.exp(2j * np.pi * np.arange(1, N_HARMONICS + 1)[:, None] * lags / beat)
    lags_first = np.argsort(np.abs(lags), kind="stable")  # of equals the smallest delay is taken
    agreement = np.real(np.einsum("svh,svh,hl->sl", course(before, beat).conj(), course(after, beat), turn))
    return lags[lags_first[agreement[:, lags_first].argmax(1)]]


def course(power: np.ndarray, beat: float) -> np.ndarray:
    """Fit harmonics of the beat by least squares; complex (subject, voxel, harmonic), length 1; 0 where unknown."""
    angle = 2 * np.pi * np.arange(power.shape[-1])[:, None] * np.arange(1, N_HARMONICS + 1) / beat
    basis = np.column_stack([np.ones(len(angle)), np.cos(angle), np.sin(angle)])
    known = np.isfinite(power).all(-1, keepdims=True)
    slopes = np.where(known, power, 0).astype(float) @ np.linalg.pinv(basis).T
    found = slopes[..., 1 : N_HARMONICS + 1] - 1j * slopes[..., N_HARMONICS + 1 :]
    size = np.linalg.norm(found, axis=-1, keepdims=True)
    return np.divide(found, size, out=np.zeros_like(found), where=size > 0)


def shifted(power: np.ndarray, later: np.ndarray, beat: float) -> np.ndarray:
    """Delay power (subject, voxel, time) by `later` samples (subject,); what's missing comes from the next beat.

    No sample is interpolated, which would make the mean over epochs smoother than it was.
    """
    n_time, whole = power.shape[-1], int(round(beat))
    if not np.any(later):
        return power
    at = np.arange(n_time) - np.asarray(later)[:, None]
    at = np.where(at < 0, at + whole, np.where(at >= n_time, at - whole, at))
    return np.take_along_axis(power, at[:, None], axis=-1)
