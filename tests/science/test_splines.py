"""Spline values are those of scipy, inside, on and beyond the edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from heschl.science import splines


@settings(deadline=None)  # the first call compiles
@given(st.tuples(*[st.integers(1, 9)] * 3), st.integers(0, 10**6))
def test_values_are_scipys(shape, seed):
    rng = np.random.default_rng(seed)
    weights = splines.coefficients(rng.standard_normal(shape))
    where = rng.uniform(-3, np.array(shape) + 3, (40, 3))
    where[:8] = where[:8].round()
    wanted = map_coordinates(weights, where.T, order=3, prefilter=False, mode="mirror", output=np.float64)
    np.testing.assert_allclose(splines.values(weights, where), wanted, atol=1e-6)


def test_voxels_keep_their_values():
    volume = np.random.default_rng(0).standard_normal((5, 6, 7))
    where = np.argwhere(np.ones(volume.shape, bool))
    assert splines.values(splines.coefficients(volume), where) == pytest.approx(volume.ravel(), abs=1e-5)
