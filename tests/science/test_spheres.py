"""Exactly n nearest voxels, whatever the mask, ties by index."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heschl.science import spheres


def by_hand(points, n):
    distance = np.round(np.linalg.norm(points[:, None] - points[None], axis=2), 6)
    order = np.argsort(distance, axis=1, kind="stable")[:, :n]
    return order, np.take_along_axis(distance, order[:, -1:], 1)[:, 0]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999), st.integers(2, 60))
def test_nearest_is_a_sort_of_all_distances(seed, n):
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*[np.arange(6)] * 3, indexing="ij"), -1).reshape(-1, 3)
    points = grid[np.sort(rng.permutation(216)[:150])] * 3.0 - 40.3
    neighbours, radius_mm = spheres.nearest(points, n)
    expected, radius = by_hand(points, n)
    np.testing.assert_array_equal(neighbours, expected)
    np.testing.assert_allclose(radius_mm, radius, atol=1e-6)


def test_more_ties_than_candidates_are_followed():
    angle = np.linspace(0, 2 * np.pi, 500, endpoint=False)
    points = np.vstack([[[0, 0, 0]], np.stack([np.cos(angle), np.sin(angle), 0 * angle], 1) * 10])
    neighbours, radius_mm = spheres.nearest(points, 5)
    np.testing.assert_array_equal(neighbours[0], [0, 1, 2, 3, 4])
    assert radius_mm[0] == pytest.approx(10)


def test_blocks_change_nothing(monkeypatch):
    points = np.random.default_rng(0).random((100, 3)) * 50
    whole, _ = spheres.nearest(points, 10)
    monkeypatch.setattr(spheres, "BLOCK", 7)
    np.testing.assert_array_equal(spheres.nearest(points, 10)[0], whole)


def test_world_coordinates_use_the_affine():
    affine = np.array([[-3.0, 0, 0, 90], [0, 3, 0, -126], [0, 0, 3, -72], [0, 0, 0, 1]])
    np.testing.assert_array_equal(spheres.world_mm(np.array([[1, 2, 3]]), affine), [[87, -120, -63]])


@pytest.mark.parametrize("n", [1, 11])
def test_a_mask_too_small_is_an_error(n):
    with pytest.raises(ValueError, match="wanted 2 to 10"):
        spheres.nearest(np.random.default_rng(0).random((10, 3)), n)


def test_radius_takes_all_within_and_the_border():
    points = np.stack(np.meshgrid(*[np.arange(5)] * 3, indexing="ij"), -1).reshape(-1, 3) * 3.0
    centres, found = spheres.within(points, 6.0)
    assert centres.tolist() == list(range(125))
    distance = np.linalg.norm(points[:, None] - points, axis=-1)
    for centre, near in enumerate(found):
        assert near[0] == centre and set(near) == set(np.flatnonzero(distance[centre] <= 6.0 + 1e-9))
        assert (np.diff(distance[centre, near]) >= -1e-9).all()


def test_centres_with_few_voxels_around_them_are_left_out():
    points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [50, 0, 0]], float)
    centres, found = spheres.within(points, 1.0, fewest=3)
    assert centres.tolist() == [0] and found[0].tolist() == [0, 1, 2]
    for radius, fewest in [(0, 2), (1, 1), (0.5, 2)]:
        with pytest.raises(ValueError, match=r"radius|no voxel"):
            spheres.within(points, radius, fewest)
