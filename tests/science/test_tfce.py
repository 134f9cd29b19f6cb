"""Threshold-free cluster enhancement against scipy's labels under a very small step, nilearn, and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from heschl.science.tfce import adjacency, tfce

SHAPE = (4, 3, 5)
RANK = {6: 1, 18: 2, 26: 3}


def by_labels(volume, inside, connectivity, dh, extent=0.5, height=2.0):
    """The definition: sum over mid-points of steps dh of extent^E h^H dh, clusters by scipy."""
    structure, total = ndimage.generate_binary_structure(3, RANK[connectivity]), np.zeros(volume.shape)
    for h in np.arange(dh / 2, volume.max(), dh):
        labels, n = ndimage.label((volume >= h) & inside, structure)
        size = np.bincount(labels.ravel(), minlength=n + 1).astype(float)
        size[0] = 0
        total += size[labels] ** extent * h**height * dh
    return total


@settings(max_examples=25, deadline=None)
@given(
    arrays(np.int8, SHAPE, elements=st.integers(-3, 6)),
    arrays(bool, SHAPE, elements=st.sampled_from([True, True, True, False])),
    st.sampled_from([6, 18, 26]),
)
def test_agrees_with_labels_at_a_very_small_step(levels, inside, connectivity):
    inside[0, 0, 0] = True
    ijk = np.argwhere(inside)
    volume = levels / 4  # levels at whole steps, so that mid-points are off by dh^2 / 24 alone
    expected = by_labels(volume, inside, connectivity, 1 / 256)[inside]
    found = tfce(volume[inside], adjacency(ijk, connectivity))
    np.testing.assert_allclose(found, expected, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("extent,height", [(0.5, 2.0), (1.0, 1.0), (2 / 3, 0.5)])
def test_smooth_maps_are_the_limit_of_small_steps(extent, height):
    rng = np.random.default_rng(0)
    volume = ndimage.gaussian_filter(rng.standard_normal((7, 8, 6)), 1.0)
    inside = np.ones(volume.shape, bool)
    exact = tfce(volume[inside], adjacency(np.argwhere(inside), 26), extent=extent, height=height)
    error = [
        np.abs(exact - by_labels(volume, inside, 26, volume.max() / n, extent, height)[inside]).max() / exact.max()
        for n in (50, 200, 800)
    ]
    assert error[0] > 2 * error[1] > 4 * error[2]
    assert error[2] < 2e-3


def test_by_hand():
    """A row 1 2 0 3: two clusters at any height; then one where the gap is filled with 1."""
    adjacent = adjacency(np.stack([np.arange(4), np.zeros(4), np.zeros(4)], 1))
    low, pair = 2**0.5 / 3, (8 - 1) / 3
    np.testing.assert_allclose(tfce(np.array([1.0, 2, 0, 3]), adjacent), [low, low + pair, 0, 9])
    low = 4**0.5 / 3
    np.testing.assert_allclose(tfce(np.array([1.0, 2, 1, 3]), adjacent), [low, low + pair, low, low + 26 / 3])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999), st.sampled_from([6, 18, 26]))
def test_laws(seed, connectivity):
    """Order of voxels and threads change nothing; k times the map is k^3 times the score; more is never less."""
    rng = np.random.default_rng(seed)
    ijk = np.argwhere(rng.random((5, 5, 5)) < 0.7) - 2
    values = rng.standard_normal((3, len(ijk)))
    adjacent, order = adjacency(ijk, connectivity), rng.permutation(len(ijk))
    found = tfce(values, adjacent)
    moved = tfce(values[:, order], adjacency(ijk[order], connectivity))
    np.testing.assert_allclose(moved, found[:, order], rtol=1e-12)
    np.testing.assert_allclose(tfce(2 * values, adjacent), 8 * found, rtol=1e-12)
    assert tfce(values, adjacent, threads=1).tobytes() == tfce(values, adjacent, threads=3).tobytes()
    raised = tfce(values + rng.random(values.shape), adjacent)
    assert (raised >= found - 1e-12).all()
    assert ((found > 0) == (values > 0)).all()


def test_nilearn_agrees():
    """nilearn follows fslmaths: it sums e^E h^H at steps of 1/100 of the maximum, without dh."""
    from nilearn.mass_univariate._utils import calculate_tfce

    volume = np.abs(ndimage.gaussian_filter(np.random.default_rng(3).standard_normal((9, 8, 7)), 1.5))
    dh = volume.max() / 1000
    structure = ndimage.generate_binary_structure(3, 1)
    theirs = calculate_tfce(volume[..., None], structure, dh=dh, two_sided_test=False).ravel() * dh
    found = tfce(volume.ravel(), adjacency(np.argwhere(volume > -1), 6))
    np.testing.assert_allclose(found / found.max(), theirs / theirs.max(), atol=3e-3)


@pytest.mark.parametrize("connectivity", [6, 18, 26])
def test_adjacency_is_mutual_and_counts_a_full_grid(connectivity):
    ijk = np.argwhere(np.ones((3, 3, 3)))
    adjacent = adjacency(ijk, connectivity)
    middle = len(ijk) // 2
    assert adjacent.shape == (27, connectivity) and (adjacent[middle] >= 0).all()
    assert all(a in adjacent[b] for a in range(27) for b in adjacent[a] if b >= 0)
    far = np.abs(ijk[adjacent[middle]] - ijk[middle])
    assert far.max() == 1 and far.sum(1).max() == RANK[connectivity]


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="connectivity is 8"):
        adjacency(np.zeros((1, 3)), 8)
    with pytest.raises(ValueError, match="each voxel once"):
        adjacency(np.zeros((2, 3)))
    adjacent = adjacency(np.argwhere(np.ones((2, 2, 2))))
    with pytest.raises(ValueError, match="wanted .*8"):
        tfce(np.zeros(7), adjacent)
    with pytest.raises(ValueError, match="NaN"):
        tfce(np.full(8, np.nan), adjacent)
    assert adjacency(np.empty((0, 3))).shape == (0, 6) and tfce(np.empty(0), adjacency(np.empty((0, 3)))).shape == (0,)
