"""A scanner that never was: slices taken in turn from a moving head, with the noise of a real one."""

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.ndimage import gaussian_filter

SMOOTHING_VOXELS = 0.6


def slice_times(n_slices: int, tr_s: float) -> np.ndarray:
    """Return when each slice is taken, s after the volume began: (n_slices,), interleaved, even first."""
    order = np.r_[0:n_slices:2, 1:n_slices:2]
    times = np.empty(n_slices)
    times[order] = np.arange(n_slices) * tr_s / n_slices
    return times


def slab(centre_mm: np.ndarray, extent_mm: tuple, voxel_mm: float, tilt_deg: float) -> tuple[tuple, np.ndarray]:
    """Return the shape and affine (4, 4) of a slab around a point, tilted about the left-right axis."""
    shape = tuple(max(4, round(extent / voxel_mm)) for extent in extent_mm)
    c, s = np.cos(np.deg2rad(tilt_deg)), np.sin(np.deg2rad(tilt_deg))
    affine = np.eye(4)
    affine[:3, :3] = np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) * voxel_mm
    affine[:3, 3] = centre_mm - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return shape, affine


def grid_mm(shape: tuple, affine: np.ndarray, pad: int = 0) -> np.ndarray:
    """Return world coordinates (nx, ny, nz, 3) of a grid's voxels, with `pad` more on each side."""
    index = np.stack(np.meshgrid(*(np.arange(-pad, n + pad) for n in shape), indexing="ij"), -1)
    return index @ affine[:3, :3].T + affine[:3, 3]


@njit(cache=True)
def _bspline(f):
    a, b = (1 - f) ** 3 / 6, (4 - 6 * f * f + 3 * f**3) / 6
    d = f**3 / 6
    return a, b, 1 - a - b - d, d


@njit(cache=True)
def _catmull_rom(f):
    a, b = ((2 - f) * f - 1) * f / 2, ((3 * f - 5) * f * f + 2) / 2
    d = (f - 1) * f * f / 2
    return a, b, 1 - a - b - d, d


@njit(cache=True)
def acquire(coefficients, source, response, near, pull, out):
    """Take one volume, voxel by voxel, of a head that stands still at `pull`.

    Tissue is a cubic B-spline; activity is added by cubic convolution (Keys 1981) of the sources' responses
    at the very time at which the *acquired* slice is taken, wherever motion brought the tissue from.

    Parameters
    ----------
    coefficients : (X, Y, Z) float32, B-spline coefficients of the tissue on the padded grid
    source : (X, Y, Z) int32, row of `response` of each padded voxel, or -1
    response : (n_sources, n_slices) float32, signal at each slice's time
    near : (nx, ny, nz) bool, acquired voxels that may see a source
    pull : (3, 4) float, acquired voxel index -> padded voxel position
    out : (nx, ny, nz) float32, overwritten
    """
    top = np.array(coefficients.shape) - 4
    corner = np.empty(3, np.int64)
    fraction = np.empty(3)
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            for k in range(out.shape[2]):
                for axis in range(3):
                    x = pull[axis, 0] * i + pull[axis, 1] * j + pull[axis, 2] * k + pull[axis, 3]
                    corner[axis] = min(max(int(np.floor(x)) - 1, 0), top[axis])
                    fraction[axis] = min(max(x - corner[axis] - 1, 0.0), 1.0)
                out[i, j, k] = _tissue(coefficients, corner, fraction)
                if near[i, j, k]:
                    out[i, j, k] += _activity(source, response, corner, fraction, k)


@njit(cache=True)
def _tissue(coefficients, corner, fraction):
    wx, wy, wz = _bspline(fraction[0]), _bspline(fraction[1]), _bspline(fraction[2])
    total = 0.0
    for a in range(4):
        for b in range(4):
            row = coefficients[corner[0] + a, corner[1] + b]
            line = 0.0
            for c in range(4):
                line += wz[c] * row[corner[2] + c]
            total += wx[a] * wy[b] * line
    return total


@njit(cache=True)
def _activity(source, response, corner, fraction, k):
    wx, wy, wz = _catmull_rom(fraction[0]), _catmull_rom(fraction[1]), _catmull_rom(fraction[2])
    total = 0.0
    for a in range(4):
        for b in range(4):
            for c in range(4):
                row = source[corner[0] + a, corner[1] + b, corner[2] + c]
                if row >= 0:
                    total += wx[a] * wy[b] * wz[c] * response[row, k]
    return total


@dataclass(frozen=True)
class NoiseLevel:
    """How noisy the scanner and the body are.

    thermal : standard deviation in image units (grey matter is 1000), everywhere
    slow_percent, autocorrelation : standard deviation of the AR(1) part, from one volume to the next
    drift_percent, breathing_percent, pulse_percent : amplitudes; *_csf_percent : the same in pure CSF
    percent : of the local signal
    """

    thermal: float = 8.5
    slow_percent: float = 0.9
    autocorrelation: float = 0.35
    drift_percent: float = 0.6
    breathing_percent: float = 0.3
    breathing_csf_percent: float = 0.8
    pulse_percent: float = 0.2
    pulse_csf_percent: float = 1.5


class Noise:
    """One run of noise, volume by volume: thermal, AR(1), slow drift, breathing (.25 Hz), pulse (1.1 Hz).

    tissue, csf : (nx, ny, nz) signal and CSF fraction; times : (n_slices,) s. The pulsations are sampled at
    the time of each slice, so they alias just as they do in a scanner.
    """

    def __init__(self, rng, tissue, csf, n_volumes, tr_s, times, level=NoiseLevel()):
        self.rng, self.level, self.tissue = rng, level, tissue.astype(np.float32)
        self.state = self._smooth_normal()
        clock = np.arange(n_volumes)[:, None] * tr_s + times
        self.phases = [self._phase(clock, hz) for hz in (0.25, 1.1)]
        self.lags = [2 * np.pi * self._map() for _ in self.phases]
        low = (level.breathing_percent, level.pulse_percent)
        high = (level.breathing_csf_percent, level.pulse_csf_percent)
        self.swings = [self.tissue * ((a + (b - a) * csf) / 100) for a, b in zip(low, high, strict=True)]
        self.trend = [np.cos(np.pi * k * (np.arange(n_volumes) + 0.5) / n_volumes) for k in (1, 2, 3)]
        self.drifts = [self.tissue * self._map() * (level.drift_percent / 100 / k) for k in (1, 2, 3)]

    def volume(self, t: int) -> np.ndarray:
        """Return the noise of volume t, (nx, ny, nz) float32; call with t = 0, 1, 2, ... in order."""
        phi = self.level.autocorrelation
        self.state = phi * self.state + np.float32(np.sqrt(1 - phi**2)) * self._smooth_normal()
        total = self.state * self.tissue * np.float32(self.level.slow_percent / 100)
        total += self._smooth_normal() * np.float32(self.level.thermal)
        for trend, drift in zip(self.trend, self.drifts, strict=True):
            total += np.float32(trend[t]) * drift
        for phase, lag, swing in zip(self.phases, self.lags, self.swings, strict=True):
            total += swing * np.sin(phase[t].astype(np.float32) + lag)
        return total

    def _smooth_normal(self) -> np.ndarray:
        white = self.rng.standard_normal(self.tissue.shape, np.float32)
        return gaussian_filter(white, SMOOTHING_VOXELS, mode="wrap", truncate=2.0) * np.float32(_gain())

    def _map(self) -> np.ndarray:
        """Return a smooth random map of standard deviation about 1."""
        field = gaussian_filter(self.rng.standard_normal(self.tissue.shape, np.float32), 6, truncate=2.0)
        return field / field.std()

    def _phase(self, clock: np.ndarray, hz: float) -> np.ndarray:
        """Return the phase of a rhythm whose rate wanders by a few percent."""
        wander = self.rng.normal(0, 0.03, 4)
        slow = sum(w * np.sin(0.05 * k * clock) / (0.05 * k) for k, w in enumerate(wander, start=1))
        return 2 * np.pi * hz * (clock + slow) + self.rng.uniform(0, 2 * np.pi)


def _gain() -> float:
    """Return what restores unit variance after the smoothing."""
    impulse = np.zeros((9, 9, 9))
    impulse[4, 4, 4] = 1
    return float(1 / np.sqrt((gaussian_filter(impulse, SMOOTHING_VOXELS, truncate=2.0) ** 2).sum()))
