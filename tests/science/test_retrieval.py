"""Cosine search against a full sort; copies left out; class agreement by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heschl.embeddings.musicnn import TAGS
from heschl.science import classes, retrieval


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999), st.sampled_from([3, 7, 1000]))
def test_search_in_blocks_agrees_with_a_full_sort(seed, block):
    rng = np.random.default_rng(seed)
    query, gallery, allowed = rng.standard_normal((4, 5)), rng.standard_normal((30, 5)), rng.random((4, 30)) < 0.6
    allowed[:, :6] = True
    cosine = query @ gallery.T / np.linalg.norm(query, axis=1)[:, None] / np.linalg.norm(gallery, axis=1)
    expected = np.argsort(np.where(allowed, -cosine, 9), 1)[:, :6]
    index, found = retrieval.nearest(query, gallery, 6, allowed, block)
    best = np.take_along_axis(cosine, expected, 1)  # the search is in single precision: nearly equal ones may swap
    np.testing.assert_allclose(np.take_along_axis(cosine, index, 1), best, atol=1e-6)
    np.testing.assert_allclose(found, best, atol=1e-6)
    assert np.take_along_axis(allowed, index, 1).all() and all(len(set(row)) == 6 for row in index.tolist())


def test_search_refuses_what_it_cannot_find():
    with pytest.raises(ValueError, match="2 items to choose from; wanted 3"):
        retrieval.nearest(np.ones((1, 2)), np.ones((2, 2)), 3)
    with pytest.raises(ValueError, match="one space"):
        retrieval.nearest(np.ones((1, 2)), np.ones((9, 3)), 3)
    with pytest.raises(ValueError, match="NaN"):
        retrieval.nearest(np.full((1, 2), np.nan), np.ones((9, 2)), 3)


def test_stimuli_their_tracks_and_their_copies_stay_outside():
    rng = np.random.default_rng(0)
    space = rng.standard_normal((5, 8))
    space[3] = 2 * space[0]
    names, tracks = np.array(list("abcde")), np.array(["1", "2", "1", "3", ""])
    free, counts = retrieval.outside((names, tracks, space), (names[:1], np.array(["1"]), space[:1]), 0.99)
    assert free.tolist() == [False, True, False, False, True] and counts.tolist() == [1, 1, 1]
    unknown = retrieval.outside((names, tracks, space), (np.array(["x"]), np.array([""]), space[1:2] * 0), 0.99)
    assert unknown[0].all()


def test_draws_are_allowed_and_do_not_repeat():
    allowed = np.random.default_rng(0).random((6, 40)) < 0.5
    drawn = retrieval.draw(allowed, 8, 0)
    assert np.take_along_axis(allowed, drawn, 1).all() and all(len(set(row)) == 8 for row in drawn.tolist())
    np.testing.assert_array_equal(drawn, retrieval.draw(allowed, 8, 0))


def test_class_agreement():
    tags = np.zeros((2, 50))
    for clip, names in enumerate((("metal", "opera", "slow"), ("rock", "techno", "slow"))):
        tags[clip, [TAGS.index(name) for name in names]] = 0.9, 0.8, 0.7
    scores = {group: classes.class_scores(tags, TAGS, group) for group in classes.GROUPS}
    agreed = [classes.agreement(s[:1], s[1:], classes.TOP_N[g])[0] for g, s in scores.items() if g != "instruments"]
    assert agreed == [0.5, 1.0]  # rock of {rock, classical} and {rock, electronic}; slow
    with pytest.raises(ValueError, match="no tag"):
        classes.class_scores(tags, ["rock"], "genres")
