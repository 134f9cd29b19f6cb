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
    return np.ascontiguousarray(_medians(np.ascontiguousarray(np.asarray(series, np.float32).T), int(half)).T)


def half_window(window_s: float, tr_s: float) -> int:
    """Volumes on either side of the middle one that make a window of nearly window_s (240 s at 1.5 s: 80)."""
    return round(window_s / tr_s / 2)


@numba.njit(cache=True, nogil=True)
def _medians(series: np.ndarray, half: int) -> np.ndarray:
    """Keep the window sorted while it slides: one value leaves, one enters, those between move by one place.

    Takes and returns (voxel, time).
    """
    n_voxels, n = series.shape
    medians = np.empty((n_voxels, n), np.float32)
    window = np.empty(2 * half + 2, np.float32)
    for v in range(n_voxels):
        column = series[v]
        if not np.isfinite(column).all():
            medians[v] = np.nan
            continue
        size = 0
        for k in range(min(half, n)):
            size = _insert(window, size, column[k])
        for k in range(n):
            enters, leaves = k + half < n, k - half - 1 >= 0
            if enters and leaves:
                _replace(window, size, column[k - half - 1], column[k + half])
            elif enters:
                size = _insert(window, size, column[k + half])
            elif leaves:
                _replace(window, size, column[k - half - 1], np.float32(np.inf))
                size -= 1
            medians[v, k] = 0.5 * (window[(size - 1) // 2] + window[size // 2])
    return medians


@numba.njit(cache=True, nogil=True)
def _place(window: np.ndarray, size: int, value: float) -> int:
    """Return how many of the sorted values are smaller."""
    low, high = 0, size
    while low < high:
        middle = (low + high) // 2
        if window[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@numba.njit(cache=True, nogil=True)
def _insert(window: np.ndarray, size: int, value: float) -> int:
    place = _place(window, size, value)
    for i in range(size, place, -1):
        window[i] = window[i - 1]
    window[place] = value
    return size + 1


@numba.njit(cache=True, nogil=True)
def _replace(window: np.ndarray, size: int, old: float, new: float) -> None:
    i = _place(window, size, old)
    while i + 1 < size and window[i + 1] < new:
        window[i] = window[i + 1]
        i += 1
    while i > 0 and window[i - 1] > new:
        window[i] = window[i - 1]
        i -= 1
    window[i] = new
