"""Small scenes for searchlights: patterns, models, spheres, clips and lags."""

import numpy as np

from heschl.science import rdm

CLIPS, LAGS, SIZE = 6, 3, 20


def scene(seed=0, levels=0, voxels=60, size=SIZE):
    rng = np.random.default_rng(seed)
    patterns = rng.standard_normal((CLIPS * LAGS, voxels))
    patterns = np.round(patterns * levels) if levels else patterns
    models = np.stack([rdm.spearman_rdm(rng.standard_normal((CLIPS * LAGS, f))) for f in (7, 30)])
    neighbours = np.stack([rng.permutation(voxels)[:size] for _ in range(25)])
    clip, lag = np.repeat(np.arange(CLIPS), LAGS), np.tile(np.arange(LAGS), CLIPS)
    return patterns, models, neighbours, clip, lag
