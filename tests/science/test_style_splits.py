"""Splits of styles: every clip is tested once, tracks stay whole or are counted, canaries know nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heschl.science.style_splits import (
    contiguous,
    leaks,
    most_folds,
    relabelled,
    track_grouped,
)

# clips of each track, for two to four styles
CORPORA = st.lists(st.lists(st.integers(1, 9), min_size=2, max_size=9), min_size=2, max_size=4)


def corpus(lengths: list[list[int]], seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Style, track and start of each clip, in any order."""
    rows = [(s, f"{s}{t}", k) for s, of in enumerate(lengths) for t, n in enumerate(of) for k in range(n)]
    order = np.random.default_rng(seed).permutation(len(rows))
    style, track, start = (np.array(column)[order] for column in zip(*rows, strict=True))
    return np.array(list("abcd"))[style], track, start * 5.0


@given(CORPORA, st.integers(2, 12), st.integers(0, 9))
def test_whole_tracks_are_tested_once_and_each_fold_tests_each_style(lengths, n_folds, seed):
    style, track, _ = corpus(lengths, seed)
    fold = track_grouped(style, track, n_folds, seed)
    assert leaks(fold, track) == 0 and fold.min() == 0
    assert fold.max() + 1 == min(n_folds, min(map(len, lengths))) == most_folds(style, track, n_folds)
    assert all(set(style[fold == f]) == set(style) for f in range(fold.max() + 1))
    np.testing.assert_array_equal(fold, track_grouped(style, track, n_folds, seed))
    for one, of in zip(np.unique(style), lengths, strict=True):  # as even as whole tracks allow
        counts = np.bincount(fold[style == one])
        assert counts.max() - counts.min() <= max(of)


@given(CORPORA, st.integers(2, 6), st.integers(0, 9))
def test_stretches_are_contiguous_even_and_all_tested(lengths, n_folds, seed):
    style, track, start = corpus(lengths, seed)
    fold = contiguous(style, track, start, n_folds)
    for one in np.unique(style):
        rows = sorted(zip(track[style == one], start[style == one], fold[style == one], strict=True))
        in_order = np.array([f for *_, f in rows])
        assert (np.diff(in_order) >= 0).all()
        counts = np.bincount(in_order, minlength=most_folds(style, track, n_folds))
        assert counts.max() - counts.min() <= 1 and len(counts) == fold.max() + 1


def test_the_leak_of_stretches_is_counted():
    style, track, start = corpus([[6, 6, 6], [9, 9]])
    fold = contiguous(style, track, start, 2)  # 9 + 9 of three tracks of six: the middle one is parted
    assert leaks(fold, track) == 6
    by_loop = sum(any((track == track[i]) & (fold != fold[i])) for i in range(len(fold)))
    assert leaks(fold, track) == by_loop


@given(CORPORA, st.integers(0, 99))
def test_canaries_keep_tracks_whole_and_know_nothing_of_the_truth(lengths, seed):
    style, track, _ = corpus(lengths, seed)
    other = relabelled(style, track, [seed, 1])
    assert all(len(set(other[track == one])) == 1 for one in track)
    labels = np.unique(style)
    for one in labels:  # in each true style each label is dealt as often, give or take one track
        names = np.unique(track[style == one])
        dealt = [str(other[track == name][0]) for name in names]
        counts = [dealt.count(label) for label in labels]
        assert max(counts) - min(counts) <= 1
    np.testing.assert_array_equal(other, relabelled(style, track, [seed, 1]))


def test_canaries_differ_with_the_seed_and_leave_the_truth_alone():
    style, track, _ = corpus([[5] * 6, [5] * 6])
    before = style.copy()
    drawn = {tuple(relabelled(style, track, seed)) for seed in range(20)}
    assert len(drawn) > 10 and (style == before).all()


@pytest.mark.parametrize(
    ("style", "track", "n_folds", "told"),
    [
        ("aabb", "ppqq", 2, "one track of style a"),
        ("aabbbb", "prqqss", 1, "1 folds"),
        ("aaaa", "pqrs", 2, "1 styles"),
        ("aabb", "pqqs", 2, "track q is in two styles"),
    ],
)
def test_what_cannot_be_split_is_refused(style, track, n_folds, told):
    style, track = np.array(list(style)), np.array(list(track))
    for split in (lambda: track_grouped(style, track, n_folds, 0), lambda: contiguous(style, track, track, n_folds)):
        with pytest.raises(ValueError, match=told):
            split()
