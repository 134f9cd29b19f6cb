"""Null distributions of a searchlight by permutations of whole clips, at the price of a few matrix products.

Under a permutation of clips the block of pairs between the clips c and d meets the model's block between pi(c) and
pi(d), whatever the permutation. So the products of all blocks of distances with all blocks of a model are made once
for a centre, and each permutation is a sum of as many of them as there are pairs of clips. A block meets each of a
model's twice, as it is and turned over (pi may change the order of two clips); with the symmetric and antisymmetric
parts of both the products of one direction give the other. All are sums of integers and exact where ranks are.
"""

import numba
import numpy as np

from heschl.science.pair_products import PairProducts

_compiled = numba.njit(cache=True, nogil=True, error_model="numpy")


class ClipNulls:
    """The permuted models of one searchlight.

    Parameters
    ----------
    products : of the models as they are
    orders : (permutation, clip), the clip whose place in the model each clip takes
    trials : (clip, lag), the volumes of each clip, each volume once
    """

    def __init__(self, products: PairProducts, orders: np.ndarray, trials: np.ndarray) -> None:
        self.products, models = products, products.models.astype(np.float64)
        n_clips, n_lags = trials.shape
        pair = np.zeros((trials.size, trials.size), np.int64)
        upper = np.triu_indices(trials.size, 1)
        pair[upper] = np.arange(len(upper[0]))
        pair = pair + pair.T
        first, second = np.triu_indices(n_clips, 1)
        self.between = pair[trials[first][:, :, None], trials[second][:, None, :]]  # (clip pair, lag, lag)
        self.low, self.high = np.tril_indices(n_lags, -1)
        self.within = pair[trials[:, self.low], trials[:, self.high]]  # (clip, lag pair)
        self.orders, self.n_models = np.ascontiguousarray(orders, np.int64), len(models)
        plus, minus = self._parts(models)
        self.plus, self.minus = (np.ascontiguousarray(part.transpose(0, 2, 1)) for part in (plus, minus))
        own = models[:, self.within]
        self.own = np.ascontiguousarray(own.transpose(0, 2, 1)) if own.any() else None
        number = np.zeros((n_clips, n_clips), np.int64)
        number[first, second] = number[second, first] = np.arange(len(first))
        there, turned = self.orders[:, first], self.orders[:, second]
        # (clip pair, permutation): the model's pair of clips that each one meets; beyond all of them, turned over
        self.met = np.ascontiguousarray((number[there, turned] + len(first) * (there > turned)).T.astype(np.int32))

    def __call__(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Compare prepared vectors (centre, pair): the largest (permutation, centre), the mean (centre, model)."""
        n_permutations = len(self.orders)
        own = np.zeros((self.n_models, 0, len(self.within))) if self.own is None else self.own
        total, norm = np.empty((self.n_models, n_permutations)), self.products.norm(vectors)
        largest, mean = np.empty((n_permutations, len(vectors))), np.empty((len(vectors), self.n_models))
        for centre, vector in enumerate(vectors.astype(np.float64)):
            plus, minus = _halves(vector, self.between, self.low, self.high)
            within = vector[self.within[:, : own.shape[1]]]
            _add_up((plus, minus, within), (self.plus, self.minus, own), self.met, self.orders, total)
            rho = total / 2 / norm[centre][:, None]
            largest[:, centre], mean[centre] = rho.max(0), rho.sum(1) / max(1, n_permutations)
        return largest, mean

    @staticmethod
    def cost(n_models: int, n_permutations: int, n_clips: int, n_lags: int) -> float:
        """Return about how many products of one large matrix take as long as a centre does.

        Products of blocks are written to memory and read again, so each counts as three; a sum, looked up there, four.
        """
        n_pairs = n_clips * (n_clips - 1) // 2
        return n_models * n_pairs * (3 * n_pairs * n_lags**2 + 4 * n_permutations)

    def _parts(self, models: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the models' symmetric part, diagonal first, and antisymmetric part: (model, clip pair, lag pair)."""
        blocks = models[:, self.between]
        down, up = blocks[..., self.low, self.high], blocks[..., self.high, self.low]
        return np.concatenate([np.diagonal(blocks, axis1=2, axis2=3), up + down], -1), up - down


def orders(permutations: np.ndarray, trials: np.ndarray) -> np.ndarray:
    """Return permutations of volumes (permutation, volume) as those of clips (permutation, clip).

    Raises
    ------
    ValueError
        If trials (clip, lag) don't hold every volume once, or a permutation takes clips apart.
    """
    trials, volumes = np.asarray(trials), permutations.shape[1]
    if sorted(trials.ravel().tolist()) != list(range(volumes)):
        raise ValueError(f"trials hold {trials.size} volumes of {volumes}; wanted every volume once")
    of = np.empty(volumes, int)
    of[trials] = np.arange(len(trials))[:, None]
    found = of[permutations[:, trials[:, 0]]]
    if not np.array_equal(permutations[:, trials], trials[found]):
        raise ValueError("a permutation takes clips apart; permute whole clips, or give no trials")
    return found


def of_whole_clips(keep: np.ndarray, trials: np.ndarray) -> bool:
    """Tell whether the chosen pairs (pair,) are all those between clips, with all those within clips or none."""
    n_volumes = trials.size
    chosen, of = np.zeros((n_volumes, n_volumes), bool), np.empty(n_volumes, int)
    chosen[np.triu_indices(n_volumes, 1)] = keep
    chosen |= chosen.T
    of[trials] = np.arange(len(trials))[:, None]
    same = of[:, None] == of
    within = chosen[same & ~np.eye(n_volumes, dtype=bool)]
    return bool(chosen[~same].all() and (within.all() or not within.any()))


@_compiled
def _halves(vector, between, low, high):
    """Return the symmetric part of a vector's blocks, twice the diagonal first, and the antisymmetric part."""
    n_pairs, n_lags = between.shape[:2]
    plus, minus = np.empty((n_pairs, n_lags + len(low))), np.empty((n_pairs, len(low)))
    for h in range(n_pairs):
        for lag in range(n_lags):
            plus[h, lag] = 2 * vector[between[h, lag, lag]]
        for k in range(len(low)):
            down, up = vector[between[h, low[k], high[k]]], vector[between[h, high[k], low[k]]]
            plus[h, n_lags + k] = up + down
            minus[h, k] = up - down
    return plus, minus


@_compiled
def _add_up(vector, models, met, orders, total):
    """Fill total (model, permutation) with twice the products of a vector with permuted models.

    Both are (symmetric, antisymmetric, own) parts: of the vector (clip pair or clip, element), of the models (model,
    element, clip pair or clip). A row of products, ahead and turned over, stays in the cache while all permutations
    take theirs from it.
    """
    n_pairs, n_permutations = met.shape
    row = np.empty(2 * n_pairs)
    for m in range(len(total)):
        sums = total[m]
        sums[:] = 0
        ahead = np.dot(vector[0], models[0][m])
        turned = np.dot(vector[1], models[1][m]) if vector[1].shape[1] else np.zeros_like(ahead)
        for h in range(n_pairs):
            for k in range(n_pairs):
                row[k] = ahead[h, k] + turned[h, k]
                row[n_pairs + k] = ahead[h, k] - turned[h, k]
            for p in range(n_permutations):
                sums[p] += row[met[h, p]]
        if vector[2].shape[1]:
            own = np.dot(vector[2], models[2][m])
            for c in range(len(own)):
                for p in range(n_permutations):
                    sums[p] += 2 * own[c, orders[p, c]]
