"""What listeners score together: intervals and tests of identification. Noise listeners enter no mean.

values are (sub, route, clip), NaN where a listener has no score; noise is bool (sub,).
"""

import numpy as np

from heschl.science import bootstrap


def intervals(values: np.ndarray, noise: np.ndarray, n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return 95 % intervals of the mean over listeners (route, bound), and of each listener (sub, route, bound)."""
    routes = range(values.shape[1])
    each = np.array([[bootstrap.interval(of_route[None], n, seed) for of_route in sub] for sub in values])
    return np.array([bootstrap.interval(values[~noise, r], n, seed) for r in routes]), each


def p_listeners(values: np.ndarray, null: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """Right-tailed p (route,) of the mean over listeners of their means, from null (sub, route, permutation).

    Listeners without a score or without a null are left out of both; NaN if nobody is left.
    """
    means = each_mean(values)
    kept = ~noise[:, None] & np.isfinite(means) & np.isfinite(null).all(2)
    found = np.full(values.shape[1], np.nan)
    for r in np.flatnonzero(kept.any(0)):
        found[r] = bootstrap.permutation_p(means[kept[:, r], r].mean(), null[kept[:, r], r].mean(0))
    return found


def each_mean(values: np.ndarray) -> np.ndarray:
    """Mean over the last dimension, without NaN; NaN where nothing is left."""
    known = np.isfinite(values)
    return np.where(known, values, 0).sum(-1) / np.where(known.any(-1), known.sum(-1), np.nan)
