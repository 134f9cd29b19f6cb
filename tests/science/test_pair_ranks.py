"""Counts of a byte, and the ranks of many numbers by them, against numpy and scipy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from heschl.science.byte_counts import looked_up, run_up
from heschl.science.pair_ranks import Buckets, number_distances, order_distances, rank_distances
from heschl.science.pair_vectors import prepared
from heschl.science.sphere_vectors import levels

SMALLEST = np.nextafter(0, 1)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 999), n_words=st.integers(1, 40), mean=st.sampled_from([0.2, 2.0, 6.0]), mark=st.booleans())
def test_counts_are_added_up_eight_at_a_time(seed, n_words, mean, mark):
    counts = np.random.default_rng(seed).poisson(mean, 8 * n_words).astype(np.uint8)
    words, ahead = counts.copy().view(np.uint64), np.empty(n_words, np.int32)
    found = run_up(words, 0, n_words, -7, ahead, mark)
    if counts.reshape(-1, 8).sum(1, dtype=int).max() > (63 if mark else 127):
        assert found == -1
        return
    assert found == counts.sum(dtype=int)
    of_bytes = words.view(np.uint8)
    if mark:
        np.testing.assert_array_equal(of_bytes >= 128, counts >= 2)
        of_bytes = of_bytes & 127
    wanted = 2 * np.cumsum(counts, dtype=int) - counts - 7
    np.testing.assert_array_equal([looked_up(code, of_bytes, ahead) for code in range(len(counts))], wanted)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 1100), min_size=8, max_size=16), st.booleans())
def test_counts_that_run_over_are_never_taken_for_right(true, mark):
    true = np.array([*true, *[0] * (-len(true) % 8)])
    words = (true % 256).astype(np.uint8).view(np.uint64)
    found = run_up(words, 0, len(words), 0, np.empty(len(words), np.int32), mark)
    assert (found == true.sum()) == (true.reshape(-1, 8).sum(1).max() <= (63 if mark else 127))


def ranked(values, keep, tolerance=SMALLEST):
    ranks = np.full(len(values), np.nan, np.float32)
    equal = rank_distances(values, keep, int(keep.sum()), tolerance, Buckets.room(len(values)), ranks)
    return None if equal else ranks


def by_scipy(values, keep):
    out = np.zeros(len(values))
    out[keep] = 2 * rankdata(values[keep]) - keep.sum() - 1
    return out


KINDS = {
    "normal": lambda rng, n: rng.standard_normal(n),
    "some alike": lambda rng, n: np.round(rng.standard_normal(n), 2),
    "most alike": lambda rng, n: np.round(rng.standard_normal(n), 0),
    "far away": lambda rng, n: np.r_[rng.standard_normal(n - 1), 1e9],
    "two heaps": lambda rng, n: np.r_[rng.random(n // 2), 1e6 + rng.random(n - n // 2)],
    "in steps": lambda rng, n: np.arange(n) // 3 / 7,
    "too large": lambda rng, n: np.r_[1.7e308, -1.7e308, rng.standard_normal(n - 2)],
    "too small": lambda rng, n: np.round(rng.standard_normal(n), 2) * 1e-310,
    "small": lambda rng, n: rng.standard_normal(n) * 1e-305,
    "negative zero": lambda rng, n: np.where(rng.random(n) < 0.5, -0.0, np.where(rng.random(n) < 0.5, 0.0, 1.0)),
}


@pytest.mark.filterwarnings("ignore:overflow encountered")  # of numpy's range of what is too large
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [5, 255, 3000, 20_000])
@pytest.mark.parametrize("share", [1.0, 0.7])
def test_ranks_of_numbers_are_scipy_s(kind, n, share):
    rng = np.random.default_rng(n)
    values, keep = KINDS[kind](rng, n), rng.random(n) < share
    keep[:2] = True
    values[~keep] = rng.choice([np.nan, np.inf, -np.inf, -5.0, 5e9], (~keep).sum())
    if np.ptp(values[keep]) == 0:
        assert ranked(values, keep) is None
    else:
        np.testing.assert_array_equal(ranked(values, keep), by_scipy(values, keep))


def test_room_is_as_it_was_after_use():
    rng, buckets = np.random.default_rng(0), Buckets.room(4000)
    keep = np.ones(4000, bool)
    for kind in [*KINDS, *reversed(KINDS)]:
        values, ranks = KINDS[kind](rng, 4000), np.empty(4000, np.float32)
        assert not rank_distances(values, keep, 4000, SMALLEST, buckets, ranks)
        np.testing.assert_array_equal(ranks, by_scipy(values, keep))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), share=st.sampled_from([0.02, 0.5]))
def test_numbers_apart_by_rounding_alone_are_equal_wherever_buckets_end(seed, share):
    rng = np.random.default_rng(seed)
    clean = rng.choice(rng.standard_normal(int(share * 5000)), 5000)
    noisy = clean + rng.uniform(-1e-13, 1e-13, 5000)
    keep = np.ones(5000, bool)
    np.testing.assert_array_equal(ranked(noisy, keep, 1e-12), by_scipy(clean, keep))


def test_a_number_at_the_very_end_of_a_bucket_meets_an_equal_one_in_the_next():
    n = 4000
    buckets = Buckets.room(n)
    scale = (8 * len(buckets.words) - 10) / 1.0
    values = np.random.default_rng(0).random(n)
    values[:2] = 0, 1
    values[2], values[3] = (1000.5 - 1e-9) / scale, (1000.5 + 1e-9) / scale
    ranks, keep = np.empty(n, np.float32), np.ones(n, bool)
    assert not rank_distances(values, keep, n, 1e-11, buckets, ranks)
    assert ranks[2] == ranks[3]
    values[3] = values[2]
    np.testing.assert_array_equal(ranks, by_scipy(values, keep))


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 999), kind=st.sampled_from(sorted(KINDS)), n=st.sampled_from([2, 30, 2000]))
def test_order_and_numbers_are_numpy_s(seed, kind, n):
    values = KINDS[kind](np.random.default_rng(seed), n)
    ordered, place = order_distances(values, np.arange(n))
    np.testing.assert_array_equal(ordered, np.sort(values))
    np.testing.assert_array_equal(values[place], ordered)
    numbers = np.empty(n, np.int32)
    number_distances(values, -3, numbers)
    np.testing.assert_array_equal(numbers, np.unique(values, return_inverse=True)[1] - 3)


@pytest.mark.parametrize("n", [200, 5000])
def test_numbers_that_are_all_within_rounding_are_told_to_be_equal(n):
    assert ranked(np.linspace(0, 10, n), np.ones(n, bool), 1.0) is None


def test_levels_and_prepared_vectors_are_those_of_numpy_and_scipy():
    rng = np.random.default_rng(0)
    patterns = np.round(rng.standard_normal((9, 700)).astype(np.float32), 2)
    found = levels(patterns)
    wanted = np.stack([np.unique(row, return_inverse=True)[1] for row in patterns], 1)
    assert found.dtype == np.int16
    np.testing.assert_array_equal(found.astype(int) - np.iinfo(np.int16).min, wanted)
    values, keep = np.round(rng.standard_normal((3, 900)), 1), rng.random(900) < 0.8
    expected = np.stack([by_scipy(row, keep) for row in values])
    np.testing.assert_array_equal(prepared(values, keep, "spearman"), expected)
