"""Null distributions of a searchlight by permutations of whole clips, at the price of a few matrix products.

Under a permutation of clips the block of pairs between the clips c and d meets the model's block between pi(c) and
pi(d), whatever the permutation. So the products of all blocks of distances with all blocks of a model are made once
for a centre, and each permutation is a sum of as many of them as there are pairs of clips. A block meets each of a
model's twice, as it is and turned over (pi may change the order of two clips); with the symmetric and antisymmetric
parts of both the products of one direction give the other.

Products of ranks are single precision: a null value is right to about 1e-8. What decides a p-value, whether it reaches
what was found, is not left to rounding: where a permutation turns a model into itself, or into another one, the null
value is that one's rho to the bit.
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
        self.products, self.orders = products, np.ascontiguousarray(orders, np.int64)
        models, self.n_models = products.models, len(products.models)
        n_clips, n_lags = trials.shape
        pair = np.zeros((trials.size, trials.size), np.int32)
        upper = np.triu_indices(trials.size, 1)
        pair[upper] = np.arange(len(upper[0]))
        pair = pair + pair.T
        first, second = np.triu_indices(n_clips, 1)
        self.between = pair[trials[first][:, :, None], trials[second][:, None, :]]  # (clip pair, lag, lag)
        self.low, self.high = np.tril_indices(n_lags, -1)
        self.within = pair[trials[:, self.low], trials[:, self.high]]  # (clip, lag pair)
        blocks, own = models[:, self.between], models[:, self.within]
        self.plus, self.minus = map(_columns, self._parts(blocks))
        self.own = _columns(own) if own.any() else None
        number = np.zeros((n_clips, n_clips), np.int64)
        number[first, second] = number[second, first] = np.arange(len(first))
        there, turned = self.orders[:, first], self.orders[:, second]
        # (clip pair, permutation): the model's pair of clips that each one meets; beyond all of them, turned over
        self.met = np.ascontiguousarray((number[there, turned] + len(first) * (there > turned)).T.astype(np.int32))
        self.known = self._known(blocks, own)

    def __call__(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Compare prepared vectors (centre, pair): the largest (permutation, centre), the mean (centre, model)."""
        n_permutations = len(self.orders)
        norm, total = self.products.norm(vectors), np.empty((n_permutations, self.n_models))
        exact = self.products(vectors) if len(self.known) else None
        largest, mean = np.empty((n_permutations, len(vectors))), np.empty((len(vectors), self.n_models))
        for centre, vector in enumerate(vectors):
            plus, minus = _halves(vector, self.between)
            _add_up(plus @ self.plus, minus @ self.minus, self.met, total)
            if self.own is not None:
                _add_own(vector[self.within] @ self.own, self.orders, total)
            rho = total / (2 * norm[centre])
            if exact is not None:
                rho[self.known[:, 0], self.known[:, 1]] = exact[centre, self.known[:, 2]]
            largest[:, centre], mean[centre] = rho.max(1), rho.sum(0) / max(1, n_permutations)
        return largest, mean

    @staticmethod
    def cost(n_models: int, n_permutations: int, n_clips: int, n_lags: int) -> float:
        """Return about how many products of `PermutedModels` take as long as a centre does.

        A product of blocks, which stay in the cache, takes a fourth of the time; looking one up for a sum, five times.
        """
        n_pairs = n_clips * (n_clips - 1) // 2
        return n_models * n_pairs * (n_pairs * n_lags**2 / 4 + 5 * n_permutations)

    def _known(self, blocks: np.ndarray, own: np.ndarray) -> np.ndarray:
        """Return (found, 3): a permutation, the model it permutes, and the one that becomes, in all chosen pairs."""
        sums, n_pairs, found = blocks.sum((2, 3), float), len(self.met), []
        near = 1e-9 * np.abs(blocks).sum((0, 2, 3), float)  # turned over, a block may add up to a little else
        for permutation, met in enumerate(self.met.T):
            taken, over = met % n_pairs, met >= n_pairs
            alike = (np.abs(sums[:, None, taken] - sums) <= near).all(2)
            for model, other in np.argwhere(alike):  # few are so far
                permuted = blocks[model, taken]
                permuted[over] = permuted[over].swapaxes(1, 2)
                same = np.array_equal(own[model, self.orders[permutation]], own[other])
                if same and np.array_equal(permuted, blocks[other]):
                    found.append((permutation, model, other))
        return np.array(found, int).reshape(-1, 3)

    def _parts(self, blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the models' symmetric part, diagonal first, and antisymmetric part: (model, clip pair, lag pair)."""
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


def _columns(parts: np.ndarray) -> np.ndarray:
    """Turn (model, block, element) to (element, block * model), so that the models of a block lie together."""
    models, blocks, elements = parts.shape
    return np.ascontiguousarray(parts.transpose(2, 1, 0).reshape(elements, blocks * models))


@_compiled
def _halves(vector, between):
    """Return the symmetric part of a vector's blocks, diagonal first, and the antisymmetric: (block, element)."""
    n_pairs, n_lags = between.shape[:2]
    n_low = n_lags * (n_lags - 1) // 2
    plus, minus = np.empty((n_pairs, n_lags + n_low), vector.dtype), np.empty((n_pairs, n_low), vector.dtype)
    for row in range(n_pairs):
        block, even, odd, k = between[row], plus[row], minus[row], 0
        for i in range(n_lags):
            even[i] = 2 * vector[block[i, i]]
            for j in range(i):
                down, up = vector[np.uint64(block[i, j])], vector[np.uint64(block[j, i])]
                even[n_lags + k], odd[k] = up + down, up - down
                k += 1
    return plus, minus


@_compiled
def _add_up(ahead, turned, met, total):
    """Fill total (permutation, model) with twice the products of a vector with permuted models.

    ahead, turned : (clip pair, clip pair * model), products of the symmetric and of the antisymmetric halves
    met : (clip pair, permutation), which of the model's pairs each one meets; beyond all, turned over
    """
    n_pairs, n_permutations = met.shape
    table = np.empty((2 * n_pairs, total.shape[1]))  # of one pair: in the nearest cache while permutations look it up
    as_is, over = table[:n_pairs].reshape(-1), table[n_pairs:].reshape(-1)
    total[:] = 0
    for h in range(n_pairs):
        x, y = ahead[h], turned[h]
        for k in range(len(x)):
            as_is[k], over[k] = np.float64(x[k]) + y[k], np.float64(x[k]) - y[k]
        for p in range(n_permutations):
            taken, sums = table[np.uint64(met[h, p])], total[p]
            for m in range(len(sums)):
                sums[m] += taken[m]


@_compiled
def _add_own(own, orders, total):
    """Add twice the products of the vector's clips with the models' clips, own (clip, clip * model), to total."""
    n_models = total.shape[1]
    for p in range(len(orders)):
        for c in range(len(own)):
            for m in range(n_models):
                total[p, m] += 2 * own[c, orders[p, c] * n_models + m]
