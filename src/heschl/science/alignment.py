"""Functional alignment: voxels at the same place do different things in different heads.

From sounds that everyone heard a map of each listener into one space is learned, parcel by parcel, by fmralign
(Bazeille et al. 2021). Ridge, Procrustes and optimal transport map into the voxels of the first source, the shared
response model (Chen et al. 2015) into a space of all sources. The last listener is the left-out one: it is mapped
into a space that it had no part in.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from heschl.science.ridge import leave_out_folds

METHODS = ("anatomical", "ridge", "procrustes", "srm", "ot")
RIDGE_ALPHAS = (1e-1, 1e1, 1e2, 1e3, 1e4)  # science.md A4, alignment
RIDGE_FOLDS = 4  # of clips
N_COMPONENTS = 20  # of the shared response, per parcel
SRM_ITERATIONS = 10
OT_REG = 1e-2  # entropy, in units of the largest cost: the library's default
OT_TOLERANCE = 1e-5  # of the plan's marginals; below it float32 iterates to the limit for the same plan
LARGEST_PARCEL = 300  # voxels: costs grow with the cube
SMALLEST_PARCEL = 10


Map = list[tuple[np.ndarray, Any]]  # voxels of each parcel, and its fitted fmralign estimator


def parcel_numbers(names: np.ndarray, ijk: np.ndarray, largest: int = LARGEST_PARCEL) -> np.ndarray:
    """Count the parcels (voxel,) from 0, those above `largest` voxels halved along their longest axis.

    Parameters
    ----------
    names : atlas parcel of each voxel (voxel,)
    ijk : array of shape (voxel, axis), whole voxels

    Returns
    -------
    Integer array of shape (voxel,); -1 in parcels of fewer than 10 voxels, which hold too little to align
    """
    parcel, pieces = np.full(len(names), -1), []
    for name in np.unique(names):
        pieces += _halved(np.flatnonzero(names == name), ijk, largest)
    for number, piece in enumerate(p for p in pieces if len(p) >= SMALLEST_PARCEL):
        parcel[piece] = number
    return parcel


def fit_maps(rows: list[np.ndarray], parcel: np.ndarray, method: str, clip: np.ndarray, seed: int) -> list[Map]:
    """Fit a map of each subject into the common space; the last subject is left out and shapes that space nowhere.

    Parameters
    ----------
    rows : arrays of shape (row, voxel), one per subject, the same sounds in the same order
    parcel : array of shape (voxel,), 0 and up
    method : one of METHODS
    clip : array of shape (row,): rows of a clip stay together in the ridge's folds

    Returns
    -------
    One map per subject, for `transform`
    """
    voxels = [np.flatnonzero(parcel == p) for p in np.unique(parcel)]
    with _quiet(seed):
        pieces = [_fit_parcel([r[:, v] for r in rows], method, clip, seed) for v in voxels]
    return [[(v, piece[s]) for v, piece in zip(voxels, pieces, strict=True)] for s in range(len(rows))]


def transform(fitted: Map, values: np.ndarray) -> np.ndarray:
    """Map values (row, voxel) into the common space, (row, feature), parcel by parcel."""
    return np.hstack([piece.transform(values[:, voxels]) for voxels, piece in fitted])


def _fit_parcel(rows: list[np.ndarray], method: str, clip: np.ndarray, seed: int) -> list[Any]:
    """Fit one parcel: an fmralign estimator per subject."""
    from fmralign import GroupAlignment
    from fmralign.methods import Identity

    estimator, *sources, left_out = _estimator(method, clip, rows[0].shape[1], seed), *rows
    group = GroupAlignment(estimator, n_iter=SRM_ITERATIONS)
    if method == "srm":
        fitted = group.fit({str(s): r for s, r in enumerate(sources)})
        first, reference = list(fitted.fitted_estimators.values()), fitted.template
        return [*first, *_pairwise(estimator, [left_out], reference)]
    return [Identity(), *_pairwise(estimator, [*sources[1:], left_out], sources[0])]


def _pairwise(estimator: Any, rows: list[np.ndarray], reference: np.ndarray) -> list[Any]:
    from fmralign import GroupAlignment

    fitted = GroupAlignment(estimator).fit({str(s): r for s, r in enumerate(rows)}, reference)
    return list(fitted.fitted_estimators.values())


def _estimator(method: str, clip: np.ndarray, n_voxels: int, seed: int) -> Any:
    from fmralign import methods

    if method == "anatomical":
        return methods.Identity()
    if method == "ridge":
        fold = leave_out_folds(clip, min(RIDGE_FOLDS, len(np.unique(clip))), seed)
        cuts = [(np.flatnonzero(fold != f), np.flatnonzero(fold == f)) for f in np.unique(fold)]
        return methods.RidgeAlignment(alphas=list(RIDGE_ALPHAS), cv=cuts)
    if method == "procrustes":
        return methods.Procrustes()
    if method == "srm":
        return methods.DetSRM(min(N_COMPONENTS, n_voxels, len(np.unique(clip))))
    if method == "ot":
        return methods.OptimalTransport(reg=OT_REG, tol=OT_TOLERANCE)
    raise ValueError(f"no alignment method {method!r}; wanted one of {METHODS}")


def _halved(voxels: np.ndarray, ijk: np.ndarray, largest: int) -> list[np.ndarray]:
    if len(voxels) <= largest:
        return [voxels]
    axis = np.ptp(ijk[voxels], axis=0).argmax()
    order = voxels[np.argsort(ijk[voxels, axis], kind="stable")]
    middle = len(order) // 2
    return _halved(order[:middle], ijk, largest) + _halved(order[middle:], ijk, largest)


@contextmanager
def _quiet(seed: int) -> Iterator[None]:
    """Silence the libraries' warnings, and lend them a seed: fmralign starts the shared response from np.random."""
    state = np.random.get_state()
    np.random.seed(seed % 2**32)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        np.random.set_state(state)
