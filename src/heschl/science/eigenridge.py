"""Ridge regression in the eigenbasis of the samples: one decomposition serves all penalties and all targets.

With a the centred training rows and a a' = U diag(eigenvalue) U' (or a'a = V diag(eigenvalue) V'), every ridge
prediction is head @ (basis @ y / (eigenvalue + alpha)), so nothing small is ever divided by. All in float64; the
products with the targets are made elsewhere (heschl.science.ridge_blocks).
"""

from typing import NamedTuple

import numpy as np

from heschl.science.ridge_blocks import FoldMap, parallel

NULL = 1e-13  # share of the largest eigenvalue under which a direction is empty


class Basis(NamedTuple):
    """eigenvalue (component,) float64, basis (component, sample) and head (row, component), both float64."""

    eigenvalue: np.ndarray
    basis: np.ndarray
    head: np.ndarray


def layout(fold: np.ndarray) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Order samples by fold, keeping their order within it; return that order and each fold's (start, stop)."""
    order = np.argsort(fold, kind="stable")
    stops = np.cumsum(np.unique(fold, return_counts=True)[1])
    return order, list(zip([0, *stops[:-1]], stops, strict=True))


def primal(x: np.ndarray, gram: np.ndarray, train: np.ndarray, test: np.ndarray) -> tuple[Basis, np.ndarray]:
    """Decompose the features of the training rows; cheap when there are fewer features than samples.

    Parameters
    ----------
    x : float64 array of shape (row, feature), near its mean
    gram : array of shape (feature, feature), x[train]' x[train]
    train, test : the rows to learn from and to predict

    Returns
    -------
    Basis whose head predicts the test rows, and vectors (feature, component) whose head gives the weights
    """
    mean = x[train].mean(0)
    eigenvalue, vectors = np.linalg.eigh(gram - len(train) * np.outer(mean, mean))
    basis = ((x[train] - mean) @ vectors).T
    return Basis(eigenvalue.clip(0), basis, (x[test] - mean) @ vectors), vectors


def dual(kernel: np.ndarray, train: np.ndarray, test: np.ndarray) -> tuple[Basis, np.ndarray]:
    """Decompose the kernel of the training rows; cheap when there are fewer samples than features.

    Parameters
    ----------
    kernel : float64 array of shape (row, sample), inner products of rows (samples first) with samples
    train, test : the samples to learn from and the rows to predict

    Returns
    -------
    Basis whose head predicts the test rows, and vectors (train, component) whose head gives the dual weights
    """
    inner = kernel[np.ix_(train, train)]
    mean = inner.mean(0)
    eigenvalue, vectors = np.linalg.eigh(inner - mean - mean[:, None] + mean.mean())
    kept = eigenvalue > NULL * eigenvalue[-1]
    eigenvalue, vectors = eigenvalue[kept], vectors[:, kept]
    return Basis(eigenvalue, vectors.T, across(kernel, train, test) @ vectors), vectors


def across(kernel: np.ndarray, train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Return the inner products (test, train) of features centred on the training rows."""
    found, mean = kernel[np.ix_(test, train)], kernel[np.ix_(train, train)].mean(0)
    return found - found.mean(1, keepdims=True) - mean + mean.mean()


def fold_map(decomposed: Basis, alphas: np.ndarray, n: int, start: int, stop: int) -> FoldMap:
    """Return the float32 map of one fold, in the form that costs fewer products."""
    eigenvalue, basis, head = decomposed
    stacked = (head / (eigenvalue + alphas[:, None, None])).reshape(-1, len(eigenvalue))
    thin = stacked.size + basis.size < len(stacked) * basis.shape[1]
    single = np.ascontiguousarray(basis, "f4") if thin else None
    stacked = np.ascontiguousarray(stacked if thin else stacked @ basis, "f4")
    return FoldMap(slice(stop, n + start), slice(start, stop), single, stacked)


class Design:
    """The features of all samples, and of the rows to predict, ready to be decomposed for any training set."""

    def __init__(self, x: np.ndarray, x_test: np.ndarray | None):
        self.n = len(x)
        rows = x if x_test is None else np.concatenate([x, x_test])
        self.x = rows - x.mean(0, dtype=float)
        self.primal = x.shape[1] < self.n
        inner = self.x[: self.n]
        self.products = inner.T @ inner if self.primal else self.x @ inner.T

    @classmethod
    def of_kernel(cls, kernel: np.ndarray) -> "Design":
        """Stand for features known by their inner products (row, sample) only; samples come first."""
        made = cls.__new__(cls)
        made.n, made.x, made.primal, made.products = kernel.shape[1], kernel, False, kernel
        return made

    def decompose(self, train: np.ndarray, test: np.ndarray, left_out: bool):
        """Return the basis and vectors of a training set; left_out says that test rows are all other samples."""
        if not self.primal:
            return dual(self.products, train, test)
        gram = self.products - self.x[test].T @ self.x[test] if left_out else self.products
        return primal(self.x, gram, train, test)

    def final(self) -> tuple[Basis, np.ndarray]:
        """Return the basis of all samples, to predict the rows of x_test, and the head (feature, component)."""
        found, vectors = self.decompose(np.arange(self.n), np.arange(self.n, len(self.x)), False)
        return found, vectors if self.primal else self.x[: self.n].T @ vectors


def fold_maps(design: Design, bounds: list[tuple[int, int]], alphas: np.ndarray, threads) -> list:
    """Return the map of every fold; rows of the design lie in the order of folds."""
    twice = np.tile(np.arange(design.n), 2)

    def one(bound):
        start, stop = bound
        found, _ = design.decompose(twice[stop : design.n + start], twice[start:stop], True)
        return fold_map(found, alphas, design.n, start, stop)

    return parallel(one, bounds, threads)
