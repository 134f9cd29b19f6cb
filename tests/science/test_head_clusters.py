"""Clusters, blocks and planted shares against brute force on lattices."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import cdist

from heschl.science import head_clusters as heads


def lattice(seed: int, n: int = 90) -> np.ndarray:
    grid = np.stack(np.meshgrid(*[np.arange(6)] * 3, indexing="ij"), -1).reshape(-1, 3)
    return grid[np.sort(np.random.default_rng(seed).permutation(len(grid))[:n])] * 8.0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999), st.integers(1, 12), st.integers(1, 25))
def test_clusters_are_the_nearest_voxels_of_centres_far_apart(seed, n, size):
    position = lattice(seed)
    member = heads.clusters(position, n, size)
    gaps = cdist(position, position)
    assert member.shape == (n, size) and member[0, 0] == np.argmin(cdist(position.mean(0)[None], position).round(6))
    for row in member:
        own = gaps[row[0]]
        assert row[0] == np.argmin(own) and len(set(row)) == size
        np.testing.assert_allclose(np.sort(own)[:size], own[row])
    for k in range(1, n):  # no voxel is farther from the centres before than the next centre is
        apart = gaps[member[:k, 0]].min(0)
        np.testing.assert_allclose(apart[member[k, 0]], apart.max())


def test_ties_go_by_number_however_the_head_is_shifted():
    position = lattice(0, 216)
    np.testing.assert_array_equal(heads.clusters(position, 9, 25), heads.clusters(position + np.pi, 9, 25))
    with pytest.raises(ValueError, match="216 voxels for 3 clusters of 217"):
        heads.clusters(position, 3, 217)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9999), st.integers(1, 12))
def test_blocks_are_whole_and_contiguous(seed, n):
    position = lattice(0, 216)
    block = heads.blocks(position, n, seed)
    assert sorted(set(block)) == list(range(n)) and np.bincount(block).min() >= 216 / n / 6
    near = cdist(position, position) < 8 * 1.8
    for b in range(n):
        inside = block == b
        assert connected_components(near[np.ix_(inside, inside)])[0] == 1
    np.testing.assert_array_equal(block, heads.blocks(position, n, seed))


def test_the_guard_reaches_as_far_as_it_says():
    position, chosen = lattice(0, 216), np.zeros(216, bool)
    chosen[[0, 40]] = True
    expected = (cdist(position, position[chosen]).min(1) <= 16) & ~chosen
    np.testing.assert_array_equal(heads.near(position, chosen, 16), expected)
    assert not heads.near(position, np.zeros(216, bool), 16).any()


def test_planted_share_by_hand():
    position = np.array([[0.0, 0, 0], [8, 0, 0], [16, 0, 0], [24, 0, 0]])
    member = np.array([[0, 1], [1, 2], [2, 3]])
    share = heads.planted_share(position, member, np.array([[0.0, 0, 0], [99, 0, 0]]), 8.0)
    np.testing.assert_array_equal(share, [1, 0.5, 0])
    np.testing.assert_array_equal(heads.planted_share(position, member, np.empty((0, 3)), 8.0), 0)
