"""The candidate closest to the brain wins, for any number of clips, over the mask's voxels only (defect 10)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr

from heschl.science.rescoring import best_candidate


@settings(deadline=None)
@given(n_clips=st.integers(1, 7), n_candidates=st.integers(1, 5), seed=st.integers(0, 99))
def test_it_is_the_argmax_of_scipys_pearson(n_clips, n_candidates, seed) -> None:
    rng = np.random.default_rng(seed)
    brain, predicted = rng.normal(size=(n_clips, 30)), rng.normal(size=(n_clips, n_candidates, 30))
    mask = rng.random(30) < 0.5
    mask[:3] = True
    best, r = best_candidate(brain, predicted, mask)
    wanted = [[pearsonr(brain[i, mask], c[mask])[0] for c in predicted[i]] for i in range(n_clips)]
    assert np.allclose(r, wanted) and best.tolist() == np.argmax(wanted, 1).tolist()


def test_more_clips_than_one_subject_had_are_all_scored() -> None:
    brain = np.random.default_rng(0).normal(size=(300, 12))
    predicted = np.stack([-brain, brain], 1)
    assert best_candidate(brain, predicted, np.ones(12, bool))[0].tolist() == [1] * 300


def test_an_integer_mask_is_refused() -> None:
    with pytest.raises(ValueError, match="uint8, wanted bool"):
        best_candidate(np.zeros((2, 3)), np.zeros((2, 1, 3)), np.array([0, 1, 1], "u1"))


def test_mismatches_are_refused() -> None:
    mask = np.ones(3, bool)
    with pytest.raises(ValueError, match="for the same clips"):
        best_candidate(np.zeros((2, 3)), np.zeros((1, 1, 3)), mask)
    with pytest.raises(ValueError, match="3, 4 and 3 voxels"):
        best_candidate(np.zeros((2, 3)), np.zeros((2, 1, 4)), mask)
    with pytest.raises(ValueError, match="no voxel"):
        best_candidate(np.zeros((2, 3)), np.zeros((2, 1, 3)), ~mask)
    with pytest.raises(ValueError, match="clip 0: no candidate"):
        best_candidate(np.ones((2, 3)), np.zeros((2, 1, 3)), mask)


def test_a_constant_candidate_never_wins() -> None:
    brain = np.array([[1.0, 2, 3]])
    assert best_candidate(brain, np.array([[[1.0, 1, 1], [3, 2, 1]]]), np.ones(3, bool))[0].tolist() == [1]
