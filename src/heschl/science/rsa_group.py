"""Group maps of a searchlight: the published test beside the one by joint permutation of clips, and the best layer."""

import numpy as np

from heschl.science import statistics


def maps(rho: np.ndarray, null: np.ndarray, theirs: np.ndarray, q: float) -> dict[str, np.ndarray]:
    """Return every group map (voxel,) of a searchlight.

    Parameters
    ----------
    rho : array of shape (subject, voxel, layer)
    null : array of shape (permutation, voxel), the mean over subjects of the largest of layers under each permutation
    theirs : array of shape (subject, voxel, layer), rho as published: its t test, and false discovery at q, are of this
    q : false discovery rate of the published test
    """
    observed, (t, p) = rho.max(2).mean(0), statistics.t_above_zero(theirs.max(2))
    honest, best = statistics.permutation_test(observed, null), statistics.best_layers(rho)
    return {
        "mean_max": observed.astype(np.float32),
        "t": t.astype(np.float32),
        "p": p,
        "published": statistics.false_discovery(p, q),
        "p_uncorrected": honest.p_uncorrected,
        "p_fwe": honest.p_fwe,
        "layer_mean": best.mean.astype(np.float32),
        "layer_mode": best.mode.astype(np.int16),
        "layer_argmax_of_mean": best.argmax_of_mean.astype(np.int16),
    }
