"""Voxels that all subjects have, and every k-th of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heschl.science.shared_voxels import shared_voxels, spread

SHAPE = (3, 4, 2)
PLACES = [tuple(p) for p in np.argwhere(np.ones(SHAPE)).tolist()]


@given(st.lists(st.lists(st.sampled_from(PLACES), min_size=1, unique=True), min_size=1, max_size=4))
def test_rows_lead_to_the_places_that_all_have(masks):
    everyone = set(masks[0]).intersection(*masks)
    indices = [np.array(mask, np.int16) for mask in masks]
    if not everyone:
        with pytest.raises(ValueError, match=f"{len(masks)} subjects share no voxel"):
            shared_voxels(indices, SHAPE)
        return
    rows, ijk = shared_voxels(indices, SHAPE)
    assert [tuple(p) for p in ijk.tolist()] == sorted(everyone)
    for mask, own in zip(indices, rows, strict=True):
        np.testing.assert_array_equal(mask[own], ijk)


def test_a_place_outside_of_the_grid_is_refused():
    with pytest.raises(ValueError, match="invalid entry"):
        shared_voxels([np.array([[3, 0, 0]])], SHAPE)


@given(st.integers(1, 500), st.integers(1, 60))
def test_every_kth_is_even_and_not_too_many(n, most):
    found = spread(n, most)
    assert 1 <= len(found) <= most and found[0] == 0 and found[-1] < n
    steps = set(np.diff(found).tolist())
    assert len(steps) <= 1
    k = steps.pop() if steps else n
    assert k == 1 or -(-n // (k - 1)) > most or len(found) == 1  # no smaller step would do
