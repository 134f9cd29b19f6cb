"""Lookup in an atlas against scipy's nearest-neighbour resampling."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from heschl.science import atlas


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999))
def test_labels_agree_with_scipy(seed):
    rng = np.random.default_rng(seed)
    volume, affine = rng.integers(0, 9, (6, 7, 5)), np.eye(4)
    affine[:3, :3] = np.linalg.qr(rng.standard_normal((3, 3)))[0] * 2.5
    affine[:3, 3] = rng.uniform(-20, 20, 3)
    points = atlas.to_mm(rng.uniform(-3, 9, (50, 3)), affine)
    at = (np.linalg.inv(affine) @ np.c_[points, np.ones(50)].T)[:3]
    expected = map_coordinates(volume, np.rint(at), order=0, mode="constant", cval=0)
    np.testing.assert_array_equal(atlas.labels_at(volume, affine, points), expected)


def test_small_and_unnamed_regions_are_left_out():
    labels = np.array([1, 1, 1, 2, 2, 3, 3, 3, 0])
    found = atlas.regions(labels, {1: "a", 2: "b"}, 3)
    assert list(found) == ["a"]
    np.testing.assert_array_equal(found["a"], [0, 1, 2])
