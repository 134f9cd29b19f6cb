"""Exact tests over few subjects: under no effect each subject's values are as likely with the other sign.

All 2^n assignments of signs are tried (128 for 7 subjects), so that no p is below 1/2^n: with fewer than 5 subjects
nothing reaches .05.
"""

import numpy as np

MOST_FLIPS = 4096


def signs(n_subjects: int, seed: int = 0) -> np.ndarray:
    """All assignments of signs, (flip, subject), as observed first; random ones for more than 12 subjects."""
    if 2**n_subjects <= MOST_FLIPS:
        bits = (np.arange(2**n_subjects)[:, None] >> np.arange(n_subjects)) & 1
        return 1.0 - 2.0 * bits
    drawn = np.random.default_rng([seed, 6]).choice([-1.0, 1.0], (MOST_FLIPS - 1, n_subjects))
    return np.concatenate([np.ones((1, n_subjects)), drawn])


def one_sided_p(values: np.ndarray) -> float:
    """P of a mean above 0 of values (subject,); NaN is left out, NaN if nothing is left."""
    values = values[np.isfinite(values)]
    if not len(values):
        return float("nan")
    means = signs(len(values)) @ values / len(values)
    return float((means >= means[0] - 1e-12).mean())


def family_wise_p(values: np.ndarray) -> np.ndarray:
    """P of a mean above 0 in each cluster, over all clusters, by the step-down largest statistic.

    The statistic is the mean over the root mean square, to which the median of all clusters is added (as in SAM,
    Tusher et al. 2001): no flip changes its denominator, and clusters with little of everything don't make the maximum.
    Step-down (Westfall & Young 1993): the k-th largest is held against the maximum of those not above it.

    Parameters
    ----------
    values : array of shape (cluster, subject)

    Returns
    -------
    p : (cluster,), NaN where a value of the cluster is NaN
    """
    p, known = np.full(len(values), np.nan), np.isfinite(values).all(1)
    if not (known.any() and values.shape[1]):
        return p
    observed = values[known].astype(float)
    size = np.sqrt(np.square(observed).mean(1))
    spread = size + np.median(size)
    scaled = observed / np.where(spread > 0, spread, 1.0)[:, None]
    flipped = scaled @ signs(scaled.shape[1]).T / scaled.shape[1]
    order = np.argsort(-flipped[:, 0], kind="stable")
    largest = np.maximum.accumulate(flipped[order][::-1], 0)[::-1]  # over this cluster and all below it
    steps = (largest >= flipped[order, :1] - 1e-12).mean(1)
    found = np.empty(len(order))
    found[order] = np.maximum.accumulate(steps)
    p[known] = found
    return p
