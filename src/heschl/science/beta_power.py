"""From an analytic signal on sensors to the power of voxels in epochs, their means and principal components.

A spatial filter is linear and the Hilbert transform acts on time alone, so the analytic signal of a voxel is its
weights times that of the sensors: a hundred Hilbert transforms instead of thousands (Roman, steps 3 to 5).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

PARTS = ("all", "run_1", "run_2", "half_1", "half_2")
IRREGULAR = 0.1  # of the beat: an interval further off isn't a beat's


@dataclass(frozen=True)
class Basis:
    """Principal components of voxels.

    mean, sd : (voxel,), what made the voxels zero mean and unit variance
    weight : (component, voxel), unit rows, the entry of largest size positive
    explained : (component,), share of the variance
    """

    mean: np.ndarray
    sd: np.ndarray
    weight: np.ndarray
    explained: np.ndarray


def n_samples(epoch_s: float, rate_hz: float) -> int:
    """Count the samples of an epoch, both ends included: 782 for 3.0 s at 2083/8 Hz."""
    return round(epoch_s * rate_hz) + 1


def epoch_onsets(onset_s: np.ndarray, epoch_s: float, beat_s: float, beats_per_epoch: int, end_s: float) -> np.ndarray:
    """Choose the beats at which epochs start: every `beats_per_epoch`-th of a regular train.

    An epoch needs all its beats, each interval within 10 % of `beat_s`, and must end by `end_s`. At a beat that
    can't start one, the next beat is tried.

    Parameters
    ----------
    onset_s : array of shape (beat,), in any order

    Returns
    -------
    Array of shape (epoch,), s
    """
    onset_s = np.sort(np.asarray(onset_s, float))
    inside = math.floor(epoch_s / beat_s + IRREGULAR)  # intervals that an epoch holds
    regular = np.abs(np.diff(onset_s) - beat_s) <= IRREGULAR * beat_s
    chosen, beat = [], 0
    while beat + inside < len(onset_s):
        whole = 0 <= onset_s[beat] and onset_s[beat] + epoch_s <= end_s + 1e-9
        fits = whole and regular[beat : beat + inside].all()
        chosen += [onset_s[beat]] if fits else []
        beat += beats_per_epoch if fits else 1
    return np.array(chosen)


def power(weight: np.ndarray, analytic: np.ndarray, start: np.ndarray, n: int, measure: str) -> np.ndarray:
    """Power |W a|^2 of voxels in epochs, or envelope |W a|.

    Parameters
    ----------
    weight : array of shape (voxel, channel)
    analytic : complex array of shape (channel, time)
    start : array of int of shape (epoch,), first sample of each
    n : samples of an epoch
    measure : "power" or "envelope"

    Returns
    -------
    Array of float32 of shape (epoch, voxel, n)
    """
    found = np.empty((len(start), len(weight), n), np.float32)
    for row, first in zip(found, start, strict=True):
        piece = analytic[:, first : first + n]
        row[:] = (weight @ piece.real) ** 2 + (weight @ piece.imag) ** 2
    return np.sqrt(found, out=found) if measure == "envelope" else found


def part_means(epochs: np.ndarray, run: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Mean over the epochs of each of PARTS; the halves are even and odd epochs, counted over all runs.

    Parameters
    ----------
    epochs : array of shape (epoch, voxel, time)
    run : which run each epoch is from, in order; a third run is in "all" and in the halves only

    Returns
    -------
    Means (part, voxel, time), float32, NaN for a part without epochs, and the number of epochs (part,)
    """
    names = list(dict.fromkeys(run))
    cell = [(min(names.index(name), 2), k % 2) for k, name in enumerate(run)]  # run and half of each epoch
    total, count = np.zeros((3, 2, *epochs.shape[1:])), np.zeros((3, 2), int)
    for epoch, at in zip(epochs, cell, strict=True):
        total[at] += epoch
        count[at] += 1
    n = np.array([count.sum(), count[0].sum(), count[1].sum(), count[:, 0].sum(), count[:, 1].sum()])
    means = np.full((len(PARTS), *epochs.shape[1:]), np.nan, np.float32)
    sums = (total.sum((0, 1)), total[0].sum(0), total[1].sum(0), total[:, 0].sum(0), total[:, 1].sum(0))
    for mean, of, number in zip(means, sums, n, strict=True):
        if number:
            mean[:] = of / number
    return means, n


def noise_means(weight: np.ndarray, analytic: np.ndarray, n: int, hop: int, measure: str) -> np.ndarray:
    """Mean power of a recording without beats, cut every `hop` samples: array of shape (2, voxel, n), float32.

    First and second half of it; NaN if it is too short for one cut in each.
    """
    halves = np.full((2, len(weight), n), np.nan, np.float32)
    start = np.arange(0, analytic.shape[1] - n + 1, hop)
    if len(start) >= 2:
        for half, cuts in zip(halves, np.array_split(start, 2), strict=True):
            total = np.zeros(half.shape)
            for cut in cuts:  # one at a time: an empty room may be long
                total += power(weight, analytic, np.array([cut]), n, measure)[0]
            half[:] = total / len(cuts)
    return halves


def principal_components(epochs: np.ndarray, n_components: int) -> Basis:
    r"""Principal components of voxels, standardised: u that maximises u^T (1/m sum x x^T) u (Roman, 4.3).

    Parameters
    ----------
    epochs : array of shape (epoch, voxel, time); each time point of each epoch is one x, m = epoch times time
    """
    m = epochs.shape[0] * epochs.shape[2]
    mean = epochs.mean((0, 2), dtype=np.float64)
    sd = np.sqrt(np.mean([((e - mean[:, None]) ** 2).mean(1) for e in epochs], 0))
    sd[sd == 0] = 1.0
    covariance = np.zeros((len(mean), len(mean)))
    for epoch in epochs:
        x = ((epoch - mean[:, None]) / sd[:, None]).astype(epochs.dtype)  # single precision is twice as fast
        covariance += x @ x.T
    size, axes = eigh(covariance / m, subset_by_index=[len(mean) - n_components, len(mean) - 1])
    weight = axes.T[::-1]
    weight = weight * np.sign(np.take_along_axis(weight, np.abs(weight).argmax(1)[:, None], 1))
    return Basis(mean, sd, weight, size[::-1] / (np.trace(covariance) / m))


def project(epochs: np.ndarray, basis: Basis) -> np.ndarray:
    """Component series W = X U of voxels standardised as the basis's were: (epoch, component, time), float32."""
    scaled = basis.weight / basis.sd
    return np.stack([scaled @ (epoch - basis.mean[:, None]) for epoch in epochs]).astype(np.float32)


def training_epochs(run: np.ndarray) -> np.ndarray:
    """Choose the epochs that training components may see: all runs but the last, or two thirds of a single one."""
    if run[0] != run[-1]:
        return np.flatnonzero(run != run[-1])
    return np.arange(max(1, 2 * len(run) // 3))


def shared_epochs(runs: list[np.ndarray]) -> tuple[list[np.ndarray], np.ndarray]:
    """Choose of each session's k-th run as many first epochs as every session's k-th run has; and name their runs."""
    by_run = [[np.flatnonzero(run == name) for name in dict.fromkeys(run.tolist())] for run in runs]
    least = [min(map(len, same)) for same in zip(*by_run, strict=False)]
    chosen = [np.concatenate([r[:n] for r, n in zip(own, least, strict=False)]) for own in by_run]
    return chosen, runs[0][chosen[0]]
