"""What rho is on average when clips trade places: in closed form, over all orders of the clips at once.

Under a random order of whole clips, a pair of volumes of two clips at lags i and j takes the model's rank of any
ordered pair of two clips at those lags, all equally likely; a pair within a clip takes that of any clip. rho is linear
in the model's ranks, so its mean is rho with their mean. It isn't 0 where dissimilarities depend on the lag, which no
model has any merit in.
"""

import numpy as np

from heschl.science.pair_products import squared_norms
from heschl.science.rdm import trials
from heschl.science.sphere_rdms import SphereRdms, blocks, chosen_pairs, model_ranks

BLOCK_VALUES = 1 << 22  # ranks held at once: 32 MB


def permutation_mean(
    patterns: np.ndarray,
    models: np.ndarray,
    neighbours: np.ndarray,
    *,
    pairs: np.ndarray,
    clip: np.ndarray,
    lag_s: np.ndarray,
) -> np.ndarray:
    """Return the mean over all orders of the clips of rho (centre, model), as heschl.science.searchlight defines it.

    Parameters
    ----------
    patterns, models, neighbours, pairs : as of heschl.science.searchlight
    clip, lag_s : arrays of shape (volume,); every clip once at every lag

    Raises
    ------
    ValueError
        As heschl.science.sphere_rdms; if clips differ in their lags; if only some pairs of two lags are chosen.
    """
    ranks = model_ranks(models, pairs)
    mean = expected_ranks(ranks, pairs, clip, lag_s) / np.linalg.norm(ranks, axis=1, keepdims=True)
    spheres = SphereRdms(patterns, neighbours, pairs)
    found, weight = np.empty((len(spheres), len(models))), np.zeros((len(spheres.keep), len(models)))
    weight[spheres.keep] = mean.T
    for where in blocks(len(spheres), max(1, BLOCK_VALUES // len(weight))):
        block = spheres.padded(where)
        found[where] = block.astype(float) @ weight / np.sqrt(squared_norms(block))[:, None]
    return found


def expected_ranks(ranks: np.ndarray, pairs: np.ndarray, clip: np.ndarray, lag_s: np.ndarray) -> np.ndarray:
    """Return the mean of ranks (model, pair) over all orders of whole clips, (model, pair).

    Parameters
    ----------
    ranks : of the pairs that heschl.science.sphere_rdms.chosen_pairs names
    pairs : boolean array of shape (volume, volume), symmetric
    clip, lag_s : arrays of shape (volume,)
    """
    row, column = chosen_pairs(pairs)
    order = trials(clip, lag_s)
    n_clips, n_lags = order.shape
    inside = np.eye(n_clips, dtype=bool)
    place = np.argsort(order.ravel())  # where a volume is in (clip, lag)
    found = np.empty(ranks.shape)
    for m, own in enumerate(ranks):
        full = np.full((2, len(clip), len(clip)), 0.0)  # ranks, and whether chosen
        full[:, row, column] = full[:, column, row] = own, np.ones(len(own))
        full = full[:, order.ravel()][:, :, order.ravel()].reshape(2, n_clips, n_lags, n_clips, n_lags)
        full = full.transpose(0, 1, 3, 2, 4)  # (2, clip, clip, lag, lag)
        mean = np.zeros(full.shape[1:])
        for which in (inside, ~inside):
            if which.any():
                mean[which] = _mean(full[:, which])
        mean = mean.transpose(0, 2, 1, 3).reshape(len(clip), len(clip))
        found[m] = mean[place[row], place[column]]
    return found


def _mean(full: np.ndarray) -> np.ndarray:
    """Average the ranks of (2, clip pair, lag, lag) over clip pairs; 0 where none is chosen."""
    ranks, chosen = full.sum(1)
    if ((chosen > 0) & (chosen < full.shape[1])).any():
        raise ValueError("only some pairs of two lags are chosen; choose pairs by clip, so that clips can trade places")
    return ranks / np.maximum(chosen, 1)
