"""Drift: what a voxel does over minutes, taken off by a running median (science.md A3: 240 s)."""

import numba
import numpy as np


def running_median(series: np.ndarray, half: int) -> np.ndarray:
    """Median over volumes k - half to k + half at every volume k.

    At both ends the window holds the volumes there are. (Repeating the end volume instead, as image filters do, would
    make it more than half of the window, so the median would be that volume and the filtered run begin at exactly 0.)

    Parameters
    ----------
    series : array of shape (time, voxel)
    half : volumes on either side, 0 or more

    Returns
    -------
    array of shape (time, voxel), float32; a voxel with a value that isn't finite is NaN throughout
    """
    if half < 0:
        raise ValueError(f"{half} volumes on either side: wanted 0 or more")
    return _medians(np.asarray(series, np.float32), int(half))


def half_window(window_s: float, tr_s: float) -> int:
    """Volumes on either side of the middle one that make a window of nearly window_s (240 s at 1.5 s: 80)."""
    return round(window_s / tr_s / 2)


@numba.njit(cache=True, nogil=True)
def _medians(series: np.ndarray, half: int) -> np.ndarray:
    """Keep the window sorted while it slides: one value leaves, one enters, those between move by one place."""
    n, n_voxels = series.shape
    medians = np.empty((n, n_voxels), np.float32)
    window = np.empty(2 * half + 2, np.float32)
    for v in range(n_voxels):
        column = series[:, v].copy()
        if not np.isfinite(column).all():
            medians[:, v] = np.nan
            continue
        size = 0
        for k in range(min(half, n)):
            size = _insert(window, size, column[k])
        for k in range(n):
            if k + half < n:
                size = _insert(window, size, column[k + half])
            if k - half - 1 >= 0:
                size = _remove(window, size, column[k - half - 1])
            medians[k, v] = 0.5 * (window[(size - 1) // 2] + window[size // 2])
    return medians


@numba.njit(cache=True, nogil=True)
def _insert(window: np.ndarray, size: int, value: float) -> int:
    place = np.searchsorted(window[:size], value)
    for i in range(size, place, -1):
        window[i] = window[i - 1]
    window[place] = value
    return size + 1


@numba.njit(cache=True, nogil=True)
def _remove(window: np.ndarray, size: int, value: float) -> int:
    place = np.searchsorted(window[:size], value)
    for i in range(place, size - 1):
        window[i] = window[i + 1]
    return size - 1
