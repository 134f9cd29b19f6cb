"""Cubic-spline values between the voxels of a volume, point by point."""

import numba
import numpy as np
from scipy.ndimage import spline_filter


def coefficients(volume: np.ndarray) -> np.ndarray:
    """Cubic B-spline coefficients of a volume (x, y, z), float32, mirrored at its edges."""
    return spline_filter(volume.astype(np.float32), order=3, output=np.float32, mode="mirror")


def values(coefficients: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Values (point,), float64, at fractional voxel indices `where` (point, 3); beyond the edges it is mirrored.

    The same as scipy.ndimage.map_coordinates with order 3, mode "mirror" and no prefilter, several times faster.
    """
    return _values(np.ascontiguousarray(coefficients, np.float32), np.ascontiguousarray(where, np.float64))


@numba.njit(cache=True, nogil=True)
def _mirrored(index: int, n: int) -> int:
    """Return the place in 0..n-1 that an index beyond the edge mirrors."""
    if n == 1:
        return 0
    period = 2 * (n - 1)
    index = index % period
    return period - index if index >= n else index


@numba.njit(cache=True, nogil=True)
def _values(coefficients: np.ndarray, where: np.ndarray) -> np.ndarray:
    """Weigh the 4 x 4 x 4 coefficients around each point."""
    out, weight, place = np.empty(len(where)), np.empty((3, 4)), np.empty((3, 4), np.int64)
    for p in range(len(where)):
        for axis in range(3):
            n = coefficients.shape[axis]
            first = int(np.floor(where[p, axis])) - 1
            t = where[p, axis] - first - 1
            weight[axis, 0] = (1 - t) ** 3 / 6
            weight[axis, 1] = 2 / 3 - t * t * (2 - t) / 2
            weight[axis, 2] = 2 / 3 - (1 - t) * (1 - t) * (1 + t) / 2
            weight[axis, 3] = t**3 / 6
            for k in range(4):
                inside = 0 <= first + k < n
                place[axis, k] = first + k if inside else _mirrored(first + k, n)
        total = 0.0
        for i in range(4):
            for j in range(4):
                row = coefficients[place[0, i], place[1, j]]
                line = row[place[2, 0]] * weight[2, 0] + row[place[2, 1]] * weight[2, 1]
                line += row[place[2, 2]] * weight[2, 2] + row[place[2, 3]] * weight[2, 3]
                total += weight[0, i] * weight[1, j] * line
        out[p] = total
    return out
