"""Ridge regression of many targets, block by block: what takes the time.

Blocks of targets stay in the cache; products are single-threaded within outer threads, and the squared residuals
are summed as predictions are made. Rows lie in the order of folds, twice, so the training rows of each fold are one
slice. Float32, as it's half the work; the decompositions (heschl.science.eigenridge) are in float64.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import NamedTuple

import numba
import numpy as np
from threadpoolctl import ThreadpoolController

BLOCK_VALUES = 1 << 19  # predictions held at once by a thread: 2 MB, about its share of the cache

_compiled = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "nsz"})


class FoldMap(NamedTuple):
    """From training rows y to predictions of the test rows under all penalties, (alpha x test, target).

    They are map @ y[train], or map @ (basis @ y[train]) where that is cheaper; rows as laid out twice.
    """

    train: slice
    test: slice
    basis: np.ndarray | None
    map: np.ndarray


def parallel(function: Callable, items: list, threads: int | None) -> list:
    """Map over items with outer threads over single-threaded products; as many as BLAS would use by default."""
    blas = _blas()
    threads = threads or max((library["num_threads"] for library in blas.info()), default=1)
    with blas.limit(limits=1), ThreadPoolExecutor(threads) as pool:
        return list(pool.map(function, items))


@cache
def _blas() -> ThreadpoolController:
    """Find numpy's BLAS once: looking through all loaded libraries takes milliseconds."""
    return ThreadpoolController().select(user_api="blas")


def blocks(n_targets: int, rows: int) -> list[slice]:
    """Cut targets into blocks of which `rows` predictions each fit the cache."""
    size = int(np.clip(BLOCK_VALUES // max(1, rows) // 64 * 64, 64, 4096))
    return [slice(i, min(i + size, n_targets)) for i in range(0, n_targets, size)]


class Targets:
    """One block of targets, centred, rows in the order of folds and laid out twice."""

    def __init__(self, y: np.ndarray, order: np.ndarray, block: slice):
        self.n, width = len(order), block.stop - block.start
        self.rows = np.empty((2 * self.n, width), np.float32)
        self.mean = np.empty(width)
        _gather(y, order, block.start, self.rows, self.mean)

    def scores(self, folds: list[FoldMap], n_alphas: int, pearson: bool) -> np.ndarray:
        """Return the test score (alpha, target), averaged over folds."""
        out = np.zeros((n_alphas, self.rows.shape[1]), np.float32)
        add = _add_pearson if pearson else _add_r2
        for train, test, basis, stacked in folds:
            y = self.rows[train]
            add(np.matmul(stacked, y if basis is None else np.matmul(basis, y)), self.rows[test], len(y), out)
        return out / np.float32(len(folds))

    def components(self, eigenvalue: np.ndarray, basis: np.ndarray, alpha: np.ndarray) -> np.ndarray:
        """Return basis @ y / (eigenvalue + alpha), (component, target), each target with its own penalty."""
        found = np.matmul(basis, self.rows[: self.n])
        _shrink(found, eigenvalue, alpha)
        return found


@_compiled
def _gather(y, order, start, rows, mean):
    n, width = len(order), rows.shape[1]
    for j in range(width):
        mean[j] = 0
    for i in range(n):
        for j in range(width):
            value = np.float32(y[order[i], start + j])
            rows[i, j] = value
            mean[j] += value
    for j in range(width):
        mean[j] /= n
    for i in range(n):
        for j in range(width):
            value = np.float32(rows[i, j] - mean[j])
            rows[i, j] = value
            rows[n + i, j] = value


@_compiled
def _shrink(components, eigenvalue, alpha):
    for i in range(components.shape[0]):
        for j in range(components.shape[1]):
            components[i, j] /= np.float32(eigenvalue[i] + alpha[j])


@_compiled
def _add_r2(predicted, y, n_train, out):
    """Add 1 - sum (y - predicted)^2 / sum (y - mean y)^2 of one fold; 0 where y is constant."""
    n, width = y.shape
    total, spread, error = np.zeros((3, width), np.float32)
    for i in range(n):
        for j in range(width):
            total[j] += y[i, j]
    shift = -total / np.float32(n_train)  # the mean of the training rows, as all rows together have mean 0
    total /= np.float32(n)
    for i in range(n):
        for j in range(width):
            spread[j] += (y[i, j] - total[j]) ** 2
    for a in range(len(out)):
        error[:] = 0
        for i in range(n):
            row = predicted[a * n + i]
            for j in range(width):
                residual = y[i, j] - shift[j] - row[j]
                error[j] += residual * residual
        for j in range(width):
            if spread[j] > 0:
                out[a, j] += np.float32(1) - error[j] / spread[j]


@_compiled
def _add_pearson(predicted, y, n_train, out):
    """Add the correlation of one fold; 0 where y or its prediction is constant."""
    n, width = y.shape
    total, spread = np.zeros((2, width), np.float32)
    centred = np.empty((n, width), np.float32)
    for i in range(n):
        for j in range(width):
            total[j] += y[i, j]
    for i in range(n):
        for j in range(width):
            centred[i, j] = y[i, j] - total[j] / np.float32(n)
            spread[j] += centred[i, j] ** 2
    for a in range(len(out)):
        first, second, product = np.zeros((3, width), np.float32)
        for i in range(n):
            row = predicted[a * n + i]
            for j in range(width):
                first[j] += row[j]
                product[j] += row[j] * centred[i, j]
        first /= np.float32(n)
        for i in range(n):
            row = predicted[a * n + i]
            for j in range(width):
                second[j] += (row[j] - first[j]) ** 2
        for j in range(width):
            if spread[j] > 0 and second[j] > 0:
                out[a, j] += product[j] / np.sqrt(spread[j] * second[j])


@_compiled
def cosines(predicted, wanted, out):
    """Write the cosines (stack, target) of wanted (row, target) with stacked predictions (stack x row, target)."""
    n, width = wanted.shape
    for a in range(len(out)):
        product, square = np.zeros((2, width), np.float32)
        for i in range(n):
            row = predicted[a * n + i]
            for j in range(width):
                product[j] += row[j] * wanted[i, j]
                square[j] += row[j] * row[j]
        for j in range(width):
            out[a, j] = product[j] / np.sqrt(square[j]) if square[j] > 0 else np.float32(0)
