"""Intervals that cover as often as promised, and paired tests with the promised false positives."""

import numpy as np
import pytest
from scipy import stats

from heschl.science import bootstrap


def test_interval_agrees_with_scipy_for_one_listener():
    values = np.random.default_rng(0).random((1, 60))
    expected = stats.bootstrap((values[0],), np.mean, n_resamples=4000, method="percentile", rng=1).confidence_interval
    np.testing.assert_allclose(bootstrap.interval(values, 4000, 0), expected, atol=0.006)


def test_interval_of_noise_covers_chance():
    """Id-acc of noise is uniform on [0, 1]: the interval of 60 clips holds .5 in about 95 %."""
    rng = np.random.default_rng(0)
    held = [lo <= 0.5 <= hi for lo, hi in (bootstrap.interval(rng.random((1, 60)), 1000, 0) for _ in range(300))]
    assert 0.90 <= np.mean(held) <= 0.985


def test_listeners_share_their_clips():
    """Copies of one listener tell no more than one does; NaN is left out."""
    values = np.random.default_rng(0).random((1, 40))
    one, three = (np.diff(bootstrap.interval(np.repeat(values, n, 0), 2000, 0))[0] for n in (1, 3))
    np.testing.assert_allclose(one, three, rtol=0.1)
    gap = np.where(np.arange(40) < 5, np.nan, values)
    low, high = bootstrap.interval(gap, 1000, 0)
    assert low < np.nanmean(gap) < high
    assert np.isnan(bootstrap.interval(np.full((2, 3), np.nan), 1000, 0)).all()
    with pytest.raises(ValueError, match="1000 at least"):
        bootstrap.interval(values, 999, 0)


def test_paired_test():
    rng = np.random.default_rng(0)
    a = rng.random((3, 40))
    p = [bootstrap.paired_p(rng.random((3, 16)), rng.random((3, 16)), 200, i) for i in range(300)]
    assert stats.binom.ppf(0.0005, 300, 0.05) <= np.sum(np.array(p) <= 0.05) <= stats.binom.ppf(0.9995, 300, 0.05)
    assert bootstrap.paired_p(a + 0.2, a, 500, 0) == 1 / 501 and bootstrap.paired_p(a, a, 500, 0) == 1
    assert np.isnan(bootstrap.paired_p(np.empty((0, 4)), np.empty((0, 4)), 10, 0))


def test_permutation_p_is_never_zero():
    assert bootstrap.permutation_p(0.9, np.array([0.5, 0.6, 0.4])) == 1 / 4
    assert bootstrap.permutation_p(0.5, np.array([0.5, 0.6, 0.4])) == 3 / 4
    assert np.isnan(bootstrap.permutation_p(0.5, np.empty(0)))
    assert np.isnan(bootstrap.permutation_p(np.nan, np.zeros(3)))  # NaN exceeds nothing: 1 / 4 would be a lie
    assert np.isnan(bootstrap.permutation_p(0.5, np.array([0.5, np.nan])))


def test_grouped_intervals_draw_whole_tracks():
    rng = np.random.default_rng(0)
    track = np.repeat(np.arange(12), rng.integers(3, 9, 12)).astype(str)
    right = (rng.random(12) < 0.7).astype(float)[np.unique(track, return_inverse=True)[1]]  # a track is right or wrong
    right[3] = np.nan
    low, high = bootstrap.grouped_interval(right, track, 4000, 1)
    known, names, means = np.isfinite(right), np.unique(track), []
    for _ in range(4000):  # independently, one draw at a time
        drawn = np.concatenate([right[known & (track == t)] for t in rng.choice(names, len(names))])
        means.append(drawn.mean())
    np.testing.assert_allclose([low, high], np.quantile(means, [0.025, 0.975]), atol=0.03)
    assert low < np.nanmean(right) < high
    by_clip = bootstrap.grouped_interval(right, np.arange(len(right)), 4000, 1)  # as if clips were independent
    assert high - low > 1.5 * (by_clip[1] - by_clip[0])
    assert np.isnan(bootstrap.grouped_interval(np.full(4, np.nan), np.arange(4), 1000, 0)).all()


def test_too_few_resamples_of_groups_are_refused():
    with pytest.raises(ValueError, match="999 bootstrap"):
        bootstrap.grouped_interval(np.ones(4), np.arange(4), 999, 0)
