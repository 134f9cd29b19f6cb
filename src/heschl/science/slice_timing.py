"""Slice timing: bring slices that were measured one after another to one moment, the middle of the TR."""

import numpy as np
from scipy.interpolate import CubicSpline


def correct(volumes: np.ndarray, slice_time: np.ndarray, tr_s: float, axis: int = 2) -> np.ndarray:
    """Interpolate every slice to the mid-TR of each volume: volume k is then at (k + 1/2) tr_s.

    Slice z of volume k was measured at k tr_s + slice_time[z]. A natural cubic spline through those samples is read at
    (k + 1/2) tr_s; before the first and after the last sample of a slice the end value is held.

    Parameters
    ----------
    volumes : array of shape (time, x, y, z)
    slice_time : array of shape (slice,), s after the volume's start (BIDS SliceTiming)
    tr_s : repetition time in s
    axis : spatial axis of the slices, 0 to 2

    Returns
    -------
    float32 array of shape (time, x, y, z)

    Raises
    ------
    ValueError
        If there are not as many slice times as slices, or one is outside 0 to tr_s.
    """
    slice_time = np.asarray(slice_time, float)
    if len(slice_time) != volumes.shape[axis + 1]:
        raise ValueError(f"slice_time: {len(slice_time)} values for {volumes.shape[axis + 1]} slices")
    if slice_time.min() < 0 or slice_time.max() > tr_s:
        raise ValueError(f"slice_time: {slice_time.min():g} to {slice_time.max():g} s, wanted 0 to the TR {tr_s:g} s")
    out = np.empty(volumes.shape, np.float32)
    source, target = np.moveaxis(volumes, axis + 1, 0), np.moveaxis(out, axis + 1, 0)
    for time in np.unique(slice_time):
        weights = shift_weights(len(volumes), tr_s / 2 - time, tr_s)
        for z in np.flatnonzero(slice_time == time):
            target[z] = np.tensordot(weights, source[z].astype(np.float32), axes=1)
    return out


def shift_weights(n_volumes: int, shift_s: float, tr_s: float) -> np.ndarray:
    """Weights (time, time) that read samples taken every tr_s a constant `shift_s` later: spline(y) = weights @ y."""
    grid = np.arange(n_volumes, dtype=float)
    wanted = np.clip(grid + shift_s / tr_s, 0, n_volumes - 1)
    return CubicSpline(grid, np.eye(n_volumes), bc_type="natural")(wanted).astype(np.float32)
