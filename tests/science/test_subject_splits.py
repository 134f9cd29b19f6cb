"""Splits keep their numbers, and nothing leaks where they say so."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from heschl.science import subject_splits as splits
from heschl.science.subject_splits import TEST, TRAIN, UNUSED, VALIDATION

GRID = np.stack(np.meshgrid(*[np.arange(6)] * 3, indexing="ij"), -1).reshape(-1, 3) * 8.0
HELD_OUT = {"n_validation": 20, "n_test": 20}


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9999), st.sampled_from(splits.FULL))
def test_locations_are_held_out_for_all_subjects(seed, name):
    split = splits.full(name, GRID, 7, **HELD_OUT, guard_mm=8.0, seed=seed)
    assert (split.role == split.role[0]).all() and (split.scored == split.scored[0]).all()
    counts = [np.sum(split.role[0] == role) for role in (TEST, VALIDATION)]
    assert counts == [20, 20] and split.scored[0].sum() == 20 and split.parts == splits.PARTS[name]
    if name in ("published", "permuted"):
        assert (split.scored[0] & (split.role[0] == TRAIN)).any()  # other sessions are scored where it learnt
    else:
        np.testing.assert_array_equal(split.scored, split.role == TEST)


def test_a_block_is_a_ball_with_a_guard_around():
    role = splits.full("spatial_block", GRID, 2, **HELD_OUT, guard_mm=8.0, seed=1).role[0]
    gaps = cdist(GRID, GRID)
    for part in (TEST, VALIDATION):
        assert gaps[np.ix_(role == part, role == TRAIN)].min() > 8
        assert gaps[np.ix_(role == part, role == part)].max() < 50
    assert (role == UNUSED).any()
    with pytest.raises(ValueError, match="leave nothing to learn from"):
        splits.full("spatial_block", GRID, 2, **HELD_OUT, guard_mm=80.0)
    many = splits.full("spatial_block", GRID, 2, n_validation=90, n_test=100, guard_mm=8.0).role[0]
    assert (many == TEST).sum() == (many == VALIDATION).sum() == 27 and (many == TRAIN).sum() > 27


def test_samples_as_units_and_bad_settings():
    role = splits.full("published", GRID, 7, **HELD_OUT, unit="sample").role
    assert (role == TEST).sum() == 140 and (role != role[0]).any()
    with pytest.raises(ValueError, match="wanted one of published"):
        splits.full("half_1", GRID, 7, **HELD_OUT)
    with pytest.raises(ValueError, match="216 voxels, 200 to choose and 16 to test"):
        splits.full("run", GRID, 7, n_validation=200, n_test=16)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9999), st.integers(3, 30))
def test_a_cluster_has_15_5_5_of_25(seed, size):
    member = np.random.default_rng(seed).permutation(216)[:size]
    for name in splits.CLUSTERS:
        split = splits.cluster(name, member, 216, 7, seed)
        outside = np.setdiff1d(np.arange(216), member)
        assert not split.role[:, outside].any() and not split.scored[:, outside].any()
        counts = [int((split.role[0] == role).sum()) for role in (TRAIN, VALIDATION, TEST)]
        assert sum(counts) == size and min(counts) >= 1
        if size == 25:
            assert counts == [15, 5, 5] and split.scored[0].sum() == (12 if name == "published" else 5)
    np.testing.assert_array_equal(split.scored, split.role == TEST)


def test_epochs_stay_together():
    two = [np.repeat(["1", "2"], 10), np.repeat(["1", "2"], [12, 8])]
    roles = splits.components("epoch_block", two, 4).role.reshape(2, 20, 4)
    assert (roles == roles[..., :1]).all()
    np.testing.assert_array_equal(roles[0, :, 0], np.repeat([TRAIN, VALIDATION, TEST], [8, 2, 10]))
    np.testing.assert_array_equal(roles[1, :, 0], np.repeat([TRAIN, VALIDATION, TEST], [9, 3, 8]))
    one = splits.components("epoch_block", [np.repeat("1", 12)], 4).role.reshape(12, 4)
    np.testing.assert_array_equal(one[:, 0], np.repeat([TRAIN, VALIDATION, TEST], [8, 2, 2]))
    drawn = splits.components("published", two, 3, seed=5).role
    assert (drawn == drawn[0]).all() and [(drawn[0] == r).sum() for r in (1, 2, 3)] == [40, 10, 10]
    with pytest.raises(ValueError, match="of 2 epochs"):
        splits.components("published", [np.array(["1", "1"])], 3)
