"""Ridge of few features or few samples, scored on held-out samples by R2 and by Pearson's r at once.

Decoders choose penalties by R2, which sees the scale that their ensemble needs, and regions and voxels by r (science.md
A3); heschl.science.ridge gives one of the two, for very many targets.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np


class Scores(NamedTuple):
    """r2 and Pearson's r of held-out samples, (alpha, target), averaged over folds."""

    r2: np.ndarray
    r: np.ndarray

    def best(self) -> np.ndarray:
        """Index of each target's penalty, (target,): the best r2, since r doesn't see the scale."""
        return self.r2.argmax(0)

    def score(self) -> float:
        """Mean over targets of r at the chosen penalties."""
        return float(self.r[self.best(), np.arange(self.r.shape[1])].mean())


def cross_validate(parts: Iterable[tuple[np.ndarray, ...]], alphas: np.ndarray) -> Scores:
    """Score every penalty on held-out samples.

    Parameters
    ----------
    parts : for each fold x (sample, voxel), y (sample, target) to fit, and x, y held out
    alphas : array of shape (alpha,)
    """
    r2, r, n = 0.0, 0.0, 0
    for x, y, x_held, y_held in parts:
        head, coefficient, eigenvalue = _decompose(x, y, x_held)
        offset = y.mean(0)
        found = [r2_and_r((head / (eigenvalue + a)) @ coefficient + offset, y_held) for a in alphas]
        r2, r, n = r2 + np.array([f[0] for f in found]), r + np.array([f[1] for f in found]), n + 1
    return Scores(r2 / n, r / n)


def ridge_predict(x: np.ndarray, y: np.ndarray, x_test: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Fit ridge with one penalty for each target (target,), predict x_test: (row, target)."""
    head, coefficient, eigenvalue = _decompose(x, y, x_test)
    return head @ (coefficient / (eigenvalue[:, None] + alpha).astype(x.dtype)) + y.mean(0)


def _decompose(x: np.ndarray, y: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ridge in its eigenbasis: predictions less the mean are head / (eigenvalue + alpha) @ coefficient.

    The smaller of the two Gram matrices is decomposed, (voxel, voxel) or (sample, sample).
    """
    centre, deviation = x.mean(0), y - y.mean(0)
    x, held = x - centre, held - centre
    wide = x.shape[1] > len(x)
    eigenvalue, basis = np.linalg.eigh(((x @ x.T) if wide else (x.T @ x)).astype(float))
    basis, eigenvalue = basis.astype(x.dtype), np.maximum(eigenvalue, 0).astype(x.dtype)
    if wide:
        return (held @ x.T) @ basis, basis.T @ deviation, eigenvalue
    return held @ basis, basis.T @ (x.T @ deviation), eigenvalue


def r2_and_r(predicted: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """R2 and Pearson's r of every column, (target,); 0 where one of the two is constant."""
    n, shift = len(y), y.mean(0) - predicted.mean(0)
    a, b = predicted - predicted.mean(0), y - y.mean(0)
    aa, bb, ab = (np.einsum("ij,ij->j", p, q).astype(float) for p, q in ((a, a), (b, b), (a, b)))
    rest = aa + bb - 2 * ab + n * shift.astype(float) ** 2
    varies = (bb > 1e-9 * n) & (aa > 1e-18 * n)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(bb > 1e-9 * n, 1 - rest / bb, 0), np.where(varies, ab / np.sqrt(aa * bb), 0)
