"""Sign-flip test over subjects of a map that is 0 under no effect: family-wise over voxels and layers.

If a subject's value is as likely with the other sign, then so is any assignment of signs to subjects, and the observed
mean is one of 2^n equally likely ones (heschl.science.sign_flips). All voxels and layers of a subject flip together, so
their dependence is kept; the largest statistic over all of them is that of the family (Nichols & Holmes 2002). p is the
share of assignments that reach the observed value, itself among them: with fewer than 5 subjects none is below .05.

What must be 0. rho of a layer isn't: volumes share more than music. Subtract its mean when clips trade places
(heschl.science.permutation_mean). The largest rho over layers isn't either, nor is it symmetric: give `normal_scores`,
its place among the subject's own permutations, which is symmetric by construction. Max minus the mean of its null is
centred, but leans to the right, and this test's level is then not its promise: in noise, 7 subjects, the largest of ten
unrelated layers, 500 voxels, .05 became .01 with t (shrink 0), .05 with shrink 1, and .10 with the plain mean.

What it says. Subjects are independent draws and the clips are fixed: other listeners would show the effect with these
clips. Geometry that all listeners share, whatever it comes from, agrees with any model a little by the accident of
which clips were chosen, and counts as an effect here. Whether other clips would show it is for the joint permutation
of clips (heschl.science.statistics) and the bootstrap over clips to say; ask for both.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

from heschl.science.sign_flips import signs
from heschl.science.tfce import tfce

FLIPS = 32  # maps held together
TIE = 1e-9  # of the largest observed value: nearer than this is as large


class FlipTest(NamedTuple):
    """A statistic and its right-tailed p, uncorrected and family-wise: each (voxel,) or (voxel, layer)."""

    statistic: np.ndarray
    p_uncorrected: np.ndarray
    p_fwe: np.ndarray


def flip_test(
    values: np.ndarray, *, shrink: float = 1.0, adjacent: np.ndarray | None = None, seed: int = 0
) -> FlipTest:
    """Test whether the mean over subjects is above 0, family-wise over everything else.

    The statistic is the mean over the root mean square, to whose denominator `shrink` times its median over the family
    is added (as in SAM, Tusher et al. 2001, and heschl.science.sign_flips): no flip changes the denominator. With
    shrink 0 it orders as Student's t does.

    Parameters
    ----------
    values : array of shape (subject, voxel) or (subject, voxel, layer), 0 under no effect; a voxel or layer with a NaN
        is no part of the family
    shrink : 0 or more
    adjacent : array (voxel, neighbour) by heschl.science.tfce.adjacency; each layer's map is then enhanced by its
        clusters
    seed : of the random flips of more than 12 subjects

    Returns
    -------
    FlipTest
        NaN where a value is NaN.

    Raises
    ------
    ValueError
        If values have another number of axes, or shrink is negative.
    """
    if values.ndim not in (2, 3) or shrink < 0:
        raise ValueError(
            f"values have shape {values.shape}, shrink is {shrink}; wanted (subject, voxel[, layer]), >= 0"
        )
    shape, n = values.shape[1:], len(values)
    maps = np.moveaxis(values.reshape(n, shape[0], -1).astype(float), 2, 1)  # (subject, layer, voxel)
    known = np.isfinite(maps).all(0)
    if not known.any():
        return FlipTest(*(np.full(shape, np.nan) for _ in range(3)))
    scaled = _scaled(np.where(known, maps, 0), known, shrink)
    flips = signs(n, seed)
    reached, exceeded = np.zeros(known.shape, int), np.zeros(known.shape, int)
    observed = _maps(flips[:1], scaled, adjacent)[0]
    bar = observed - TIE * np.abs(observed).max()
    for start in range(0, len(flips), FLIPS):
        for found in _maps(flips[start : start + FLIPS], scaled, adjacent):
            reached += found >= bar
            exceeded += found[known].max() >= bar
    results = (observed, reached / len(flips), exceeded / len(flips))
    return FlipTest(*(np.moveaxis(np.where(known, a, np.nan), 0, 1).reshape(shape) for a in results))


def normal_scores(observed: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Return the normal quantile (voxel,) of a statistic's place among its own permutations: N(0, 1) under no effect.

    z = normal quantile of (#{null < observed} + #{null = observed} / 2 + 1/2) / (1 + #permutations). It's symmetric
    about 0 under no effect whatever the statistic, and saturates: at 2.58 with 100 permutations, 3.29 with 1000.

    Parameters
    ----------
    observed : array of shape (voxel,), such as the largest rho over layers
    null : array of shape (permutation, voxel)
    """
    if not len(null):
        return np.full(observed.shape, np.nan)
    place = (null < observed).sum(0) + (null == observed).sum(0) / 2
    return np.where(np.isfinite(observed), stats.norm.ppf((place + 0.5) / (1 + len(null))), np.nan)


def _scaled(maps: np.ndarray, known: np.ndarray, shrink: float) -> np.ndarray:
    """Divide maps (subject, layer, voxel) by what no flip changes."""
    size = np.sqrt(np.square(maps).mean(0))
    spread = size + shrink * np.median(size[known])
    return np.divide(maps, spread, out=np.zeros_like(maps), where=spread > 0)


def _maps(flips: np.ndarray, scaled: np.ndarray, adjacent: np.ndarray | None) -> np.ndarray:
    """Return the statistic (flip, layer, voxel) under flips (flip, subject)."""
    means = np.tensordot(flips, scaled, 1) / scaled.shape[0]
    return means if adjacent is None else tfce(means, adjacent)
