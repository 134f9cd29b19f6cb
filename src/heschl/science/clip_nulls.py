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
        self.held = 2 * len(self.between) ** 2 * len(models)
        self.plus, self.minus = (self._columns(part) for part in self._parts(models, 1))
        self.own = self._columns(models[:, self.within]) if models[:, self.within].any() else None

    def __call__(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Compare prepared vectors (centre, pair): the largest (permutation, centre), the mean (centre, model)."""
        n_clips, n_models = self.orders.shape[1], self.n_models
        n_pairs = len(self.between)
        plus, minus = self._parts(vectors.astype(np.float64), 2)
        shape = (len(vectors), n_pairs, n_pairs, n_models)
        ahead, turned = (plus @ self.plus).reshape(shape), (minus @ self.minus).reshape(shape)
        own = np.zeros((len(vectors), n_clips, n_clips, n_models))
        if self.own is not None:
            own = (vectors[:, self.within].astype(np.float64) @ self.own).reshape(own.shape)
        largest, mean = np.empty((len(self.orders), len(vectors))), np.empty((len(vectors), n_models))
        _add_up(ahead, turned, own, self.orders, self.products.norm(vectors), largest, mean)
        return largest, mean

    @staticmethod
    def cost(n_models: int, n_permutations: int, n_clips: int, n_lags: int) -> float:
        """Return about how many products of one large matrix take as long as a centre does.

        Products of blocks are written to memory and read again, so each counts as three; a sum, looked up there, four.
        """
        n_pairs = n_clips * (n_clips - 1) // 2
        return n_models * n_pairs * (3 * n_pairs * n_lags**2 + 4 * n_permutations)

    def _parts(self, vectors: np.ndarray, diagonal: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the symmetric part, diagonal first, and the antisymmetric part: (vector, clip pair, lag pair)."""
        blocks = vectors[:, self.between]
        down, up = blocks[..., self.low, self.high], blocks[..., self.high, self.low]
        own = diagonal * np.diagonal(blocks, axis1=2, axis2=3)
        return np.concatenate([own, up + down], -1), up - down

    @staticmethod
    def _columns(parts: np.ndarray) -> np.ndarray:
        """Turn (model, block, element) to (element, block * model), so that the models of a block lie together."""
        return np.ascontiguousarray(parts.transpose(2, 1, 0).reshape(parts.shape[2], -1))


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


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _add_up(ahead, turned, own, orders, norms, largest, mean):
    """Sum each permutation's products; ahead and turned hold twice the sum and the difference of both directions."""
    n_permutations, n_clips = orders.shape
    n_models = mean.shape[1]
    place = np.zeros((n_clips, n_clips), np.int64)
    k = 0
    for c in range(n_clips):
        for d in range(c + 1, n_clips):
            place[c, d] = place[d, c] = k
            k += 1
    total, means = np.empty(n_models), np.empty(n_models)
    for centre in range(len(ahead)):
        a, t, w = ahead[centre], turned[centre], own[centre]
        means[:] = 0
        for p in range(n_permutations):
            order = orders[p]
            total[:] = 0
            for c in range(n_clips):
                within = w[c, order[c]]
                for m in range(n_models):
                    total[m] += 2 * within[m]
                for d in range(c + 1, n_clips):
                    here, there = place[c, d], place[order[c], order[d]]
                    sign = 1.0 if order[c] < order[d] else -1.0
                    x, y = a[here, there], t[here, there]
                    for m in range(n_models):
                        total[m] += x[m] + sign * y[m]
            best = -np.inf
            for m in range(n_models):
                r = total[m] / 2 / norms[centre, m]
                means[m] += r
                best = max(best, r)
            largest[p, centre] = best
        mean[centre] = means / max(1, n_permutations)
