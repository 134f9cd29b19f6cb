"""Distances of all pairs of volumes as one vector per centre: how they are made, and made ready to be compared.

The pairs are those of numpy.triu_indices(volume, 1). What isn't chosen is 0 in a prepared vector, so that it adds
nothing to any product.
"""

from collections.abc import Callable

import numpy as np
from scipy.stats import rankdata

from heschl.science.pair_ranks import Buckets, rank_distances

MOST_PAIRS = 1 << 23  # whose ranks float32 holds
DISTANCES = ("spearman", "correlation", "euclidean", "crossnobis")
COMPARISONS = ("spearman", "pearson", "cosine", "tau-a")


def chosen_pairs(pairs: np.ndarray) -> np.ndarray:
    """Return (pair,) booleans: which pairs the lower triangle of (volume, volume) chooses.

    Raises
    ------
    ValueError
        If it chooses fewer than two.
    """
    keep = np.ascontiguousarray(pairs.T[np.triu_indices(len(pairs), 1)], bool)
    if keep.sum() < 2:
        given = f"{keep.sum()} of {len(keep)} pairs of {len(pairs)} volumes are chosen"
        raise ValueError(f"{given}; wanted two or more, so two clips at least where pairs are between clips")
    return keep


def prepared(values: np.ndarray, keep: np.ndarray, comparison: str) -> np.ndarray:
    """Turn distances (vector, pair) into vectors whose cosine is the comparison; for tau-a they stay as they are.

    Returns
    -------
    float64 array of the same shape: twice the centred mid-ranks (integers), or what is left without the mean
    """
    out = np.zeros(values.shape)
    if comparison == "spearman":
        _rank(values, keep, out)
        return out
    some = values[:, keep].astype(float)
    out[:, keep] = some - some.mean(1, keepdims=True) if comparison == "pearson" else some
    return out


def _rank(values: np.ndarray, keep: np.ndarray, out: np.ndarray) -> None:
    """Fill out (vector, pair) with twice the centred mid-ranks of the chosen ones; the same numbers are equal."""
    chosen = int(keep.sum())
    if chosen > MOST_PAIRS:
        out[:, keep] = 2 * rankdata(values[:, keep], axis=1) - (chosen + 1)
        return
    buckets, ranks, smallest = Buckets.room(len(keep)), np.empty(len(keep), np.float32), np.nextafter(0, 1)
    for vector, row in zip(values, out, strict=True):
        if not rank_distances(vector.astype(float), keep, chosen, smallest, buckets, ranks):
            row[:] = ranks


def distances(patterns: np.ndarray, kind: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return what measures the distances (pair,) float64 within a sphere of voxels (n,).

    Parameters
    ----------
    patterns : (volume, voxel); of "crossnobis" (repeat, volume, voxel), independent measurements of the same volumes
    kind : "spearman" and "correlation", 1 - r; "euclidean", the squared distance, and "crossnobis", the squared
        distance cross-validated over repeats (Walther et al. 2016, identity noise), both over the number of voxels

    Raises
    ------
    ValueError
        If there is no such distance, or patterns have another shape.
    """
    if kind not in DISTANCES:
        raise ValueError(f"distance {kind!r}; wanted one of {', '.join(DISTANCES)}")
    wanted = 3 if kind == "crossnobis" else 2
    if patterns.ndim != wanted or (wanted == 3 and len(patterns) < 2):
        shape = "(repeat, volume, voxel), two repeats or more," if wanted == 3 else "(volume, voxel)"
        raise ValueError(f"patterns have shape {patterns.shape}; wanted {shape} for the distance {kind}")
    measure = {"spearman": _spearman, "correlation": _correlation}.get(kind, _squared)
    row, column = np.triu_indices(patterns.shape[-2], 1)
    return lambda members: measure(patterns[..., members].astype(float))[row, column]


def _spearman(x: np.ndarray) -> np.ndarray:
    return _correlation(rankdata(x, axis=1))


def _correlation(x: np.ndarray) -> np.ndarray:
    x = x - x.mean(1, keepdims=True)
    norm = np.sqrt(np.einsum("tv,tv->t", x, x))
    if not norm.min() > 1e-12 * np.abs(x).max(initial=0):
        raise ValueError("a volume is constant within the sphere; its correlation is undefined")
    x /= norm[:, None]
    return np.round(1 - x @ x.T, 12)  # rounding errors must not rank what is equal


def _squared(x: np.ndarray) -> np.ndarray:
    """Squared distances by inner products; over different repeats only where there are repeats."""
    if x.ndim == 2:
        inner, n = x @ x.T, 1
    else:
        total, n = x.sum(0), len(x) * (len(x) - 1)
        inner = total @ total.T - np.einsum("rtv,rsv->ts", x, x)
    own = np.diag(inner)
    return (own[:, None] + own - inner - inner.T) / (n * x.shape[-1])
