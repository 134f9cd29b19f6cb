"""Ranked dissimilarities of volumes within spheres, a block of centres at a time.

For questions that need a sphere's dissimilarities themselves: noise ceilings, a bootstrap over clips, the mean under
permutations. heschl.science.searchlight asks only how they correlate with models, and keeps none.
"""

from collections.abc import Iterator

import numpy as np
from scipy.stats import rankdata

from heschl.science.sphere_ranks import rank_spheres
from heschl.science.sphere_vectors import levels


class SphereRdms:
    """The dissimilarities, 1 - Spearman over voxels, of one subject's volumes in each sphere, as ranks.

    Patterns are kept as integers, the order of each volume's values: half the size of single precision.

    Parameters
    ----------
    patterns : array of shape (volume, voxel), finite, any unit
    neighbours : integer array of shape (centre, n), the voxels of each sphere (heschl.science.spheres)
    pairs : boolean array of shape (volume, volume); its upper triangle chooses the pairs (heschl.science.rdm.pair_mask)

    Raises
    ------
    ValueError
        If shapes disagree, a value isn't finite, neighbours name a voxel that isn't there, or no pair is chosen.
    """

    def __init__(self, patterns: np.ndarray, neighbours: np.ndarray, pairs: np.ndarray) -> None:
        if patterns.ndim != 2 or pairs.shape != (len(patterns), len(patterns)):
            raise ValueError(f"patterns have shape {patterns.shape}, pairs {pairs.shape}; wanted the same volumes")
        if not np.isfinite(patterns).all():
            raise ValueError("patterns hold NaN or infinity; drop those voxels first")
        self.neighbours = np.ascontiguousarray(neighbours, np.int32)
        if self.neighbours.size and not 0 <= self.neighbours.min() <= self.neighbours.max() < patterns.shape[1]:
            given = f"neighbours name voxels {self.neighbours.min()}..{self.neighbours.max()}"
            raise ValueError(f"{given}; patterns have 0..{patterns.shape[1] - 1}")
        self.levels = levels(patterns)
        self.row, self.column = chosen_pairs(pairs)
        self.keep = np.ascontiguousarray(pairs[np.triu_indices(len(pairs), 1)], bool)

    def __len__(self) -> int:
        """Return the number of centres."""
        return len(self.neighbours)

    def ranks(self, centres: slice) -> np.ndarray:
        """Return twice the centred mid-ranks of the chosen pairs, float64 (centre, pair), all of them integers.

        Raises
        ------
        ValueError
            If a volume, or all dissimilarities, are constant within a sphere.
        """
        return self.padded(centres)[:, self.keep].astype(float)

    def padded(self, centres: slice) -> np.ndarray:
        """Return those of all pairs, float32 (centre, pair) by numpy.triu_indices; 0 for pairs that aren't chosen."""
        members = self.neighbours[centres]
        ranks = np.empty((len(members), len(self.keep)), np.float32)
        bad = rank_spheres(self.levels, members, self.keep, ranks)
        if bad >= 0:
            centre = range(len(self))[centres][bad]
            raise ValueError(f"centre {centre}: a volume, or all distances, are constant; drop voxels without signal")
        return ranks


def chosen_pairs(pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the volumes (pair,) and (pair,) of the pairs chosen by the upper triangle of (volume, volume).

    Raises
    ------
    ValueError
        If there is none.
    """
    row, column = np.nonzero(np.triu(pairs, 1))
    if not len(row):
        raise ValueError(f"no pair of {len(pairs)} volumes is chosen; a comparison needs two clips at least")
    return row, column


def model_ranks(models: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return twice the centred mid-ranks of the chosen pairs of (model, volume, volume), (model, pair).

    Raises
    ------
    ValueError
        If a model isn't finite, or constant over the pairs.
    """
    values = models[:, *chosen_pairs(pairs)].astype(float)
    bad = ~np.isfinite(values).all(1) | (np.ptp(values, axis=1) == 0)
    if bad.any():
        raise ValueError(
            f"model {np.flatnonzero(bad)[0]} is constant or not finite over {values.shape[1]} chosen pairs"
        )
    return 2 * rankdata(values, axis=1) - (values.shape[1] + 1)


def blocks(n: int, size: int) -> Iterator[slice]:
    """Yield slices of at most `size` that cover n."""
    for start in range(0, n, size):
        yield slice(start, min(n, start + size))
