"""Scores of voxels in a sphere by counting bits, against scipy's ranks."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from heschl.science.sphere_order import score_untied
from heschl.science.sphere_vectors import levels


def by_scipy(sphere):
    return (2 * rankdata(sphere.astype(float), axis=0) - (len(sphere) + 1)).T


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 130), st.integers(130, 5000), st.integers(1, 40), st.integers(0, 99))
def test_scores_are_scipy_s_ranks(n, voxels, volumes, seed):
    rng = np.random.default_rng(seed)
    mask = levels(rng.standard_normal((volumes, voxels)).astype(np.float64))
    sphere = np.ascontiguousarray(mask[rng.choice(voxels, n, replace=False)])
    scores = np.empty((volumes, n), np.float32)
    assert score_untied(sphere, scores, np.empty(len(scores), np.int64)) == 0
    np.testing.assert_array_equal(scores, by_scipy(sphere))


@pytest.mark.parametrize("values", [[-32768, 32767], [-32768, -32705, -32704, 0, 31, 32, 63, 64, 32767]])
def test_the_ends_of_words_and_of_the_range(values):
    sphere = np.array(values, np.int16)[::-1, None].copy()
    scores = np.empty((1, len(values)), np.float32)
    assert score_untied(sphere, scores, np.empty(len(scores), np.int64)) == 0
    np.testing.assert_array_equal(scores, by_scipy(sphere))


def test_volumes_with_a_tie_are_told_and_the_others_scored():
    sphere = np.stack([np.random.default_rng(t).permutation(50) for t in range(9)], 1).astype(np.int16)
    scores, tied = np.empty((9, 50), np.int8), np.empty(9, np.int64)
    sphere[7, 8], sphere[2, 3] = sphere[31, 8], sphere[4, 3]
    assert score_untied(sphere, scores, tied) == 2 and tied[:2].tolist() == [3, 8]
    others = np.delete(np.arange(9), [3, 8])
    np.testing.assert_array_equal(scores[others], by_scipy(sphere)[others])
