"""Searchlight representational similarity analysis: exact, streaming, the same bits for any thread or block.

At every centre the volumes' patterns are compared within a sphere, d(i, j) = 1 - Spearman(pattern i, pattern
j), and the distances are compared with those of each model, rho = Spearman(d, d_model). No distance matrix
outlives its centre.

Why it is the same: twice the centred mid-ranks of the pairs are integers, so their products with those of a
model are sums of integers, exact in any order (up to 300,000 pairs, 775 volumes). heschl.science.sphere_ranks
says how they are found quickly. A permuted model is one more column of the matrix product.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numba
import numpy as np
from scipy.stats import rankdata
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from heschl.science.sphere_ranks import rank_spheres

MAX_BLOCK = 256  # centres ranked together
BLOCK_VALUES = 1 << 22  # ranks held by one thread: 32 MB
KEPT_VALUES = 1 << 24  # permuted model ranks made once, 128 MB; more are made again for every block


class Searchlight(NamedTuple):
    """What a searchlight finds: rho (centre, model) and null_max (permutation, centre), float64, or None."""

    rho: np.ndarray
    null_max: np.ndarray | None


def searchlight(
    patterns: np.ndarray,
    models: np.ndarray,
    neighbours: np.ndarray,
    *,
    pairs: np.ndarray | None = None,
    permutations: np.ndarray | None = None,
    threads: int | None = None,
    block: int | None = None,
    progress: bool = False,
) -> Searchlight:
    """Compare the dissimilarities of volumes in every sphere with those of every model.

    Parameters
    ----------
    patterns : array of shape (volume, voxel), finite, any unit
    models : array of shape (model, volume, volume), symmetric dissimilarities
    neighbours : integer array of shape (centre, n), the voxels of each sphere (heschl.science.spheres)
    pairs : boolean array of shape (volume, volume); its lower triangle chooses the pairs to compare; all by
        default
    permutations : integer array of shape (permutation, volume): the volume whose place in the model each
        volume takes. One permutation serves all models and all centres
    threads : workers, NUMBA_NUM_THREADS by default; the result doesn't depend on it
    block : centres ranked together; the result doesn't depend on it
    progress : show a bar on standard error

    Returns
    -------
    Searchlight
        rho (centre, model), and null_max (permutation, centre), the largest rho over models under each
        permutation.

    Raises
    ------
    ValueError
        If shapes disagree, a value isn't finite, a volume or all distances are constant within a sphere, a
        model is constant, or a permutation moves a chosen pair onto one that isn't.
    """
    neighbours = _checked(patterns, models, neighbours)
    pairs = np.ones(models.shape[1:], bool) if pairs is None else pairs
    row, column = np.nonzero(np.tril(pairs, -1))
    levels, ranks = _levels(patterns), _model_ranks(models, row, column)
    nulls = _Nulls(ranks, () if permutations is None else permutations, row, column)
    rho = np.empty((len(neighbours), len(models)))
    null = None if permutations is None else np.empty((len(permutations), len(neighbours)))
    block = block or int(np.clip(BLOCK_VALUES // len(row), 1, MAX_BLOCK))

    def work(start: int) -> int:
        members = neighbours[start : start + block]
        unit = _unit_ranks(levels, members, row, column, start)
        rho[start : start + block] = unit(ranks)
        for where, columns in nulls:
            null[where, start : start + block] = unit(columns).reshape(len(members), -1, len(ranks)).max(2).T
        return len(members)

    threads = threads or numba.config.NUMBA_NUM_THREADS
    bar = tqdm(total=len(neighbours), unit="centre", desc="searchlight", disable=not progress, mininterval=2)
    with bar, threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        for done in pool.map(work, range(0, len(neighbours), block)):
            bar.update(done)
    return Searchlight(rho, null)


def _checked(patterns: np.ndarray, models: np.ndarray, neighbours: np.ndarray) -> np.ndarray:
    volumes, voxels = patterns.shape
    if models.ndim != 3 or models.shape[1:] != (volumes, volumes):
        wanted = f"(model, {volumes}, {volumes})"
        raise ValueError(f"models have shape {models.shape}; wanted {wanted} for {volumes} volumes of patterns")
    if not np.isfinite(patterns).all():
        raise ValueError("patterns hold NaN or infinity; drop those voxels first")
    neighbours = np.ascontiguousarray(neighbours, np.int32)
    if neighbours.size and not 0 <= neighbours.min() <= neighbours.max() < voxels:
        raise ValueError(
            f"neighbours name voxels {neighbours.min()}..{neighbours.max()}; patterns have 0..{voxels - 1}"
        )
    return neighbours


def _levels(patterns: np.ndarray) -> np.ndarray:
    """Return (voxel, volume) integers in the order of each volume's values, equal where those are equal."""
    dtype = np.int16 if patterns.shape[1] <= 1 << 16 else np.int32
    levels = np.empty(patterns.shape[::-1], dtype)
    for volume, pattern in enumerate(patterns):
        levels[:, volume] = np.unique(pattern, return_inverse=True)[1] + np.iinfo(dtype).min
    return levels


def _model_ranks(models: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
    """Return twice the centred mid-ranks of each model's pairs, of shape (model, pair): integers."""
    values = models[:, row, column].astype(float)
    if not np.isfinite(values).all() or (values.size and np.ptp(values, axis=1).min() == 0):
        raise ValueError("a model's distances are constant or not finite; give features that differ between volumes")
    return 2 * rankdata(values, axis=1) - (len(row) + 1)


class _Nulls:
    """Iterate over (slice of permutations, ranks of the permuted models (permutation * model, pair))."""

    def __init__(self, ranks: np.ndarray, permutations: np.ndarray, row: np.ndarray, column: np.ndarray) -> None:
        self.ranks, self.permutations, self.pair = ranks, permutations, (row, column)
        self.size = max(1, KEPT_VALUES // 4 // ranks.size)
        self.kept = list(self._batches()) if ranks.size * len(self.permutations) <= KEPT_VALUES else None

    def __iter__(self) -> Iterator[tuple[slice, np.ndarray]]:
        return iter(self.kept) if self.kept is not None else self._batches()

    def _batches(self) -> Iterator[tuple[slice, np.ndarray]]:
        for start in range(0, len(self.permutations), self.size):
            where = slice(start, start + self.size)
            yield where, np.concatenate([self._permuted(p) for p in self.permutations[where]])

    def _permuted(self, permutation: np.ndarray) -> np.ndarray:
        row, column = self.pair
        place = np.full((len(permutation), len(permutation)), -1)
        place[row, column] = place[column, row] = np.arange(len(row))
        taken = place[permutation[row], permutation[column]]
        if taken.min() < 0:
            raise ValueError("a permutation moves a chosen pair onto one left out; permute whole clips")
        return self.ranks[:, taken]


def _unit_ranks(levels: np.ndarray, members: np.ndarray, row: np.ndarray, column: np.ndarray, first: int):
    """Rank the pairs in a block of spheres; return what correlates them with (model, pair) ranks."""
    ranks = np.empty((len(members), len(row)))
    bad = rank_spheres(levels, members, row, column, ranks)
    if bad >= 0:
        raise ValueError(f"centre {first + bad}: a volume, or all distances, are constant; drop voxels without signal")
    norm = np.sqrt(np.einsum("cp,cp->c", ranks, ranks))

    def correlate(others: np.ndarray) -> np.ndarray:
        return ranks @ others.T / norm[:, None] / np.sqrt(np.einsum("mp,mp->m", others, others))

    return correlate
