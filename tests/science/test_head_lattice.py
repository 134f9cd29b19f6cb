"""The lattice is that of a plain loop, and what heads share is found in each of them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from heschl.science.head_lattice import lattice, overlap

coordinate = st.floats(-60, 60)


@settings(max_examples=30, deadline=None)
@given(st.tuples(coordinate, coordinate, coordinate), st.floats(10, 50), st.floats(7, 20), st.floats(-40, 40))
def test_a_loop_over_a_large_cube_finds_the_same_places(centre, radius, voxel, floor):
    n = int(130 / voxel) + 1
    cube = [(i, j, k) for i in range(-n, n + 1) for j in range(-n, n + 1) for k in range(-n, n + 1)]
    distance = [sum((a * voxel - c) ** 2 for a, c in zip(p, centre, strict=True)) ** 0.5 for p in cube]
    wanted = [p for p, d in zip(cube, distance, strict=True) if 5 <= d <= radius and p[2] * voxel >= floor]
    assert lattice(np.array(centre), radius, voxel, 5.0, floor).tolist() == [list(p) for p in wanted]


def test_the_published_head_has_more_than_a_thousand_voxels_of_8_mm():
    assert 1000 < len(lattice(np.array([0, 0, 40]), 76, 8.0, 20.0, 0.0)) < 4000


triples = st.lists(st.tuples(*[st.integers(-3, 3)] * 3), max_size=40, unique=True)


@given(st.lists(triples, min_size=1, max_size=4))
def test_shared_places_are_in_every_head_and_no_other_is(heads):
    arrays = [np.array(h, int).reshape(-1, 3) for h in heads]
    shared, where = overlap(arrays)
    for array, rows in zip(arrays, where, strict=True):
        assert np.array_equal(array[rows], shared)
    assert len(shared) == sum(all(p in head for head in heads) for p in heads[0])
    assert shared.tolist() == sorted(shared.tolist())
