"""Null distributions of a searchlight by any permutations of volumes: permuted models are more models."""

from collections.abc import Iterator

import numpy as np

from heschl.science.pair_products import PairProducts

KEPT_VALUES = 1 << 25  # of permuted models, made once, 268 MB; more are made again for every block


class PermutedModels:
    """The permuted models of one searchlight.

    Parameters
    ----------
    products : of the models as they are
    permutations : (permutation, volume), the volume whose place in the model each volume takes

    Raises
    ------
    ValueError
        If a permutation moves a chosen pair onto one that isn't.
    """

    def __init__(self, products: PairProducts, permutations: np.ndarray) -> None:
        self.products, self.permutations = products, permutations
        n_volumes = permutations.shape[1]
        self.row, self.column = np.triu_indices(n_volumes, 1)
        self.pair = np.full((n_volumes, n_volumes), -1)
        self.pair[self.row, self.column] = self.pair[self.column, self.row] = np.arange(len(self.row))
        models = products.models
        self.size = max(1, KEPT_VALUES // 4 // models.size)
        self.kept = list(self._batches()) if models.size * len(permutations) <= KEPT_VALUES else None

    def __call__(self, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Compare prepared vectors (centre, pair): the largest (permutation, centre), the mean (centre, model)."""
        n_models = len(self.products.models)
        largest = np.empty((len(self.permutations), len(vectors)))
        total = np.zeros((len(vectors), n_models))
        for where, models in self._batches() if self.kept is None else self.kept:
            found = self.products(vectors, models).reshape(len(vectors), -1, n_models)
            largest[where] = found.max(2).T
            total += found.sum(1)
        return largest, total / max(1, len(self.permutations))

    @staticmethod
    def cost(n_models: int, n_permutations: int, n_pairs: int) -> float:
        """Return the products that a centre takes; infinite if the permuted models can't be kept."""
        values = n_models * n_permutations * n_pairs
        return values if values <= KEPT_VALUES else np.inf

    def _batches(self) -> Iterator[tuple[slice, np.ndarray]]:
        for start in range(0, len(self.permutations), self.size):
            where = slice(start, start + self.size)
            yield where, np.concatenate([self._permuted(p) for p in self.permutations[where]], dtype=np.float64)

    def _permuted(self, permutation: np.ndarray) -> np.ndarray:
        taken = self.pair[permutation[self.row], permutation[self.column]]
        keep = self.products.keep
        if (taken < 0).any() or not np.array_equal(keep[taken], keep):
            raise ValueError("a permutation moves a chosen pair onto one left out; permute whole clips")
        return self.products.models[:, taken]
