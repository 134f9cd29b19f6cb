"""Spearman's correlation of numbers that count several times, by counting instead of sorting.

The numbers are integers (places in an order), so that ranks come from how often each occurs: linear in their number.
"""

import numba
import numpy as np

_compiled = numba.njit(cache=True, nogil=True, error_model="numpy")


def dense(values: np.ndarray) -> np.ndarray:
    """Return the order of values (..., item) along the last axis as int32, 0 the smallest, equal for equal values."""
    rows = np.asarray(values).reshape(-1, values.shape[-1])
    found = [np.unique(row, return_inverse=True)[1] for row in rows]
    return np.array(found, np.int32).reshape(values.shape)


@_compiled
def mid_ranks(codes, items, weights, counts, ranks):
    """Fill ranks with twice the centred mid-ranks of codes[items], as if each item came `weights` times.

    Parameters
    ----------
    codes : integer array of shape (any,), 0 and above
    items : integer array of shape (item,), the codes that take part
    weights : int64 array of shape (item,), how often each counts
    counts : int32 array with a place for each code, all 0; 0 again afterwards
    ranks : float64 array of shape (item,), filled; their weighted sum is 0
    """
    total = 0
    for k in range(len(items)):
        counts[codes[items[k]]] += weights[k]
        total += weights[k]
    below = -total
    for code in range(len(counts)):
        count = counts[code]
        counts[code] = below + count
        below += 2 * count
    for k in range(len(items)):
        ranks[k] = counts[codes[items[k]]]
    counts[:] = 0


@_compiled
def correlations(codes, models, items, weights, rho):
    """Fill rho (centre, model) with Spearman's correlations of codes (centre, any) and models (model, any).

    Items count `weights` times, as in `mid_ranks`; NaN where either is constant. Sums are of integers, exact in any
    order up to 300,000 items with their repeats.
    """
    n = len(items)
    counts = np.zeros(max(codes.max(), models.max()) + 1, np.int32)
    ranks, others, norms = np.empty(n), np.empty((len(models), n)), np.empty(len(models))
    for m in range(len(models)):
        mid_ranks(models[m], items, weights, counts, ranks)
        others[m] = ranks * weights
        norms[m] = np.dot(others[m], ranks)
    for c in range(len(codes)):
        mid_ranks(codes[c], items, weights, counts, ranks)
        norm, product = np.dot(ranks * weights, ranks), np.dot(others, ranks)
        for m in range(len(models)):
            rho[c, m] = product[m] / np.sqrt(norm * norms[m]) if norm * norms[m] > 0 else np.nan
