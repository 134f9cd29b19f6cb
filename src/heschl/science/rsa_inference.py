"""Which layer is where: tests of each voxel and layer over a group, against the family of all of them.

Two ways to pay for many tests. Benjamini-Hochberg over all voxels x layers promises that few of what is found is
false, on t tests over subjects: the published hybrid, .005 over voxels after the best of ten layers, done plainly. The
family-wise one promises that in 95 % of null studies nothing is found: the largest over voxels and layers when clips
trade places in all subjects and layers alike.

Cluster-enhanced maps can be permuted as well: each row of observed and permuted values is standardized by all rows
together, then enhanced. Under no effect any row may be the observed one, and that is all the test needs.
"""

from typing import NamedTuple

import numpy as np

from heschl.science.statistics import PermutationTest, false_discovery, family_wise, t_above_zero, threshold
from heschl.science.tfce import tfce

ROWS = 32  # maps enhanced together


class LayerTest(NamedTuple):
    """Group maps (voxel, layer): mean, t and p over subjects, discovered (boolean, false discovery) and p_fwe."""

    mean: np.ndarray
    t: np.ndarray
    p: np.ndarray
    discovered: np.ndarray
    p_fwe: np.ndarray


def layerwise_test(
    rho: np.ndarray, null_largest: np.ndarray, centre: np.ndarray | float = 0.0, q: float = 0.05
) -> LayerTest:
    """Test every voxel and layer of a group.

    Parameters
    ----------
    rho : array of shape (subject, voxel, layer)
    null_largest : array of shape (permutation,), for each permutation of the clips the largest over voxels of the
        mean over subjects of the largest rho over layers. That bounds the largest over voxels and layers of the
        mean, so p_fwe is never too small: exact for one subject, else the more careful the more subjects differ
        in their best layer
    centre : what rho is under no effect, (subject, voxel, layer) by heschl.science.permutation_mean; t is of rho
        minus that. p_fwe needs none
    q : false discovery rate over voxels x layers
    """
    t, p = t_above_zero(rho - centre)
    mean = rho.mean(0)
    return LayerTest(mean, t, p, false_discovery(p, q), family_wise(mean, null_largest))


def enhanced_test(observed: np.ndarray, null: np.ndarray, adjacent: np.ndarray) -> tuple[np.ndarray, PermutationTest]:
    """Enhance a group map and its permutations by their clusters, then test as heschl.science.statistics does.

    Parameters
    ----------
    observed : array of shape (voxel,), such as the mean over subjects of the largest rho over layers
    null : array of shape (permutation, voxel), the same under joint permutations of the clips
    adjacent : array of shape (voxel, neighbour) by heschl.science.tfce.adjacency

    Returns
    -------
    enhanced : (voxel,), of the standardized map; 0 where it isn't above its mean over permutations
    test : PermutationTest of the enhanced map
    """
    n = len(null)
    mean = (observed + null.sum(0)) / (1 + n)
    square = np.square(observed - mean)
    for row in null:
        square += np.square(row - mean)
    deviation = np.sqrt(square / (1 + n))
    scale = np.divide(1, deviation, out=np.zeros_like(deviation), where=deviation > 0)
    enhanced = tfce((observed - mean) * scale, adjacent)
    reached, largest = np.zeros(len(observed), int), np.empty(n)
    for start in range(0, n, ROWS):
        maps = tfce((null[start : start + ROWS] - mean) * scale, adjacent)
        reached += (maps >= enhanced).sum(0)
        largest[start : start + ROWS] = maps.max(1)
    p = (1 + reached) / (1 + n) if n else np.full(len(observed), np.nan)
    return enhanced, PermutationTest(p, family_wise(enhanced, largest), threshold(largest))
