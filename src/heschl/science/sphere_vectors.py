"""What a searchlight compares with models: the distances within spheres, as vectors ready for it."""

import numpy as np

from heschl.science.integer_gram import IntegerGram
from heschl.science.pair_ranks import number_distances
from heschl.science.pair_vectors import distances, prepared
from heschl.science.sphere_ranks import rank_spheres


class SphereVectors:
    """Make the prepared vectors (centre, pair) of spheres (centre, n).

    Parameters
    ----------
    patterns : (volume, voxel), or (repeat, volume, voxel)
    keep : (pair,), which pairs are chosen
    distance, comparison : see heschl.science.pair_vectors; of Spearman's both vectors are exact ranks, float32
    gram : makes the products that are ranked; None for BLAS

    Raises
    ------
    ValueError
        If there is no such distance; when called, if a volume, or all distances, are constant within a sphere.
    """

    def __init__(
        self, patterns: np.ndarray, keep: np.ndarray, distance: str, comparison: str, gram: IntegerGram | None = None
    ) -> None:
        self.keep, self.comparison, self.gram = keep, comparison, gram
        self.exact = distance == comparison == "spearman"
        self.measure = None if self.exact else distances(patterns, distance)
        self.levels = levels(patterns) if self.exact else None

    def __call__(self, members: np.ndarray, centres: np.ndarray) -> np.ndarray:
        """Return the vectors of spheres; centres (centre,) are named in errors."""
        if not self.exact:
            values = np.stack([self.measure(m) for m in members])
            some = values[:, self.keep]
            finite = np.isfinite(some).all(1)
            if not finite.all():
                given = f"centre {centres[finite.argmin()]}: a distance isn't finite"
                raise ValueError(f"{given}; give patterns of usual size (their squares overflow)")
            same = np.ptp(some, axis=1) == 0
            if same.any():
                raise ValueError(
                    f"centre {centres[same.argmax()]}: all distances are equal; drop voxels without signal"
                )
            return prepared(values, self.keep, self.comparison)
        ranks = np.empty((len(members), len(self.keep)), np.float32)
        bad = rank_spheres(self.levels, members, self.keep, ranks, self.gram)
        if bad >= 0:
            given = f"centre {centres[bad]}: a volume, or all distances, are constant"
            raise ValueError(f"{given}; drop voxels without signal")
        return ranks


def levels(patterns: np.ndarray) -> np.ndarray:
    """Return (voxel, volume) integers in the order of each volume's values as doubles, equal where those are equal."""
    dtype = np.int16 if patterns.shape[1] <= 1 << 16 else np.int32
    levels = np.empty(patterns.shape[::-1], dtype)
    for volume, pattern in enumerate(patterns):
        number_distances(pattern.astype(float), np.iinfo(dtype).min, levels[:, volume])
    return levels
