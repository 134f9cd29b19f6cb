"""Cleaning: what a voxel's time course is once trends and confounds are regressed out."""

from fnmatch import fnmatchcase

import numpy as np


def clean(series: np.ndarray, confounds: np.ndarray) -> np.ndarray:
    """Regress an intercept, a linear trend and confounds out of each voxel, then z-score it.

        residual = Y - X (X^+ Y),    X = [1, trend, confounds],    z = residual / sd (one degree of freedom lost)

    Parameters
    ----------
    series : array of shape (time, voxel)
    confounds : array of shape (time, confound), none is fine; NaN (the first row of a derivative) reads as 0

    Returns
    -------
    array of shape (time, voxel), float32; a voxel with nothing left is NaN

    Raises
    ------
    ValueError
        If the regressors leave no degree of freedom.
    """
    design = _design(np.nan_to_num(np.asarray(confounds, float)))
    rank = int(np.linalg.matrix_rank(design))
    if rank >= len(series):
        raise ValueError(f"{rank} independent regressors leave nothing of {len(series)} volumes: name fewer confounds")
    basis = np.linalg.svd(design, full_matrices=False)[0][:, :rank]
    return zscore(series - basis @ (basis.T @ series), scale=np.abs(series).max(0))


def zscore(series: np.ndarray, scale: np.ndarray | float = 1.0) -> np.ndarray:
    """Centre and scale each column of (time, voxel) to unit variance; NaN where it varies < 1e-6 of `scale`."""
    series = series - series.mean(0)
    sd = series.std(0, ddof=1)
    with np.errstate(invalid="ignore"):
        usable = np.isfinite(sd) & (sd > 1e-6 * np.maximum(scale, 1e-12))
    return (series / np.where(usable, sd, np.nan)).astype(np.float32)


def cosine_drifts(n_volumes: int, tr_s: float, high_pass_hz: float) -> np.ndarray:
    """Slow cosines below a frequency (the discrete cosine basis of SPM): (time, drift).

    c_m(k) = sqrt(2 / n) cos(pi m (k + 1/2) / n),    m = 1 .. floor(2 n tr_s high_pass_hz)
    """
    count = min(n_volumes - 1, int(np.floor(2 * n_volumes * tr_s * high_pass_hz + 1e-9)))
    phase = np.pi * (np.arange(n_volumes)[:, None] + 0.5) / n_volumes
    return np.sqrt(2 / n_volumes) * np.cos(phase * np.arange(1, count + 1))


def derivatives(parameters: np.ndarray) -> np.ndarray:
    """Backward differences of (time, parameter), 0 at the first volume."""
    return np.diff(parameters, axis=0, prepend=parameters[:1])


def dvars(series: np.ndarray) -> np.ndarray:
    """Spread over voxels of the change between volumes (Power et al. 2012), for a median brightness of 1000.

        dvars(k) = sqrt(mean_voxel (y(k) - y(k - 1))^2),    0 at the first volume

    `series` has shape (time, voxel); the result has shape (time,).
    """
    change = np.diff(series, axis=0, prepend=series[:1])
    return np.sqrt(np.mean(np.square(change), axis=1)) * 1000 / abs(float(np.median(series)))


def choose(names: list[str], wanted: list[str], may_lack: tuple[str, ...] = ()) -> list[int]:
    """Columns whose name matches one of the `wanted` names or patterns (`trans_*`), in the order they are stored.

    `may_lack` holds names that a run can do without: a pattern for these may match nothing.

    Raises
    ------
    ValueError
        If a pattern matches nothing.
    """
    for pattern in wanted:
        if not any(fnmatchcase(name, pattern) for name in (*names, *may_lack)):
            raise ValueError(f"confound {pattern!r} matches none of {', '.join(names)}")
    return [i for i, name in enumerate(names) if any(fnmatchcase(name, pattern) for pattern in wanted)]


def _design(confounds: np.ndarray) -> np.ndarray:
    """[1, trend, confounds], columns of unit length so that their rank is judged fairly."""
    n = len(confounds)
    design = np.column_stack([np.ones(n), np.linspace(-1, 1, n), confounds])
    design[:, 1:] -= design[:, 1:].mean(0)
    length = np.linalg.norm(design, axis=0)
    return design / np.where(length > 0, length, 1)
