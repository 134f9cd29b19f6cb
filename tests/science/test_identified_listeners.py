"""Listeners together: noise in no mean, tests of the mean of means."""

import numpy as np

from heschl.science import bootstrap, identified_listeners

NOISE = np.array([False, False, True])


def test_noise_enters_no_mean():
    rng = np.random.default_rng(0)
    values, null = rng.random((3, 2, 12)), rng.normal(0.5, 0.05, (3, 2, 99))
    values[:2, 0] += 0.5
    group, each = identified_listeners.intervals(values, NOISE, 1000, 0)
    np.testing.assert_array_equal(group[1], bootstrap.interval(values[:2, 1], 1000, 0))
    np.testing.assert_array_equal(each[2, 0], bootstrap.interval(values[2:, 0], 1000, 0))
    p = identified_listeners.p_listeners(values, null, NOISE)
    assert p[0] == 1 / 100
    reached = (null[:2, 1].mean(0) >= values[:2, 1].mean()).sum()
    assert p[1] == (1 + reached) / 100
    assert np.isnan(identified_listeners.p_listeners(values, null, np.ones(3, bool))).all()


def test_a_listener_without_score_or_null_is_left_out():
    """A listener with half the clips counts as much as the others; one without any counts nowhere."""
    values, null = np.full((3, 1, 4), 0.6), np.full((3, 1, 3), 0.5)
    values[1, 0] = [1.0, np.nan, np.nan, np.nan]
    null[:, 0, 0] = 0.75
    assert identified_listeners.p_listeners(values, null, NOISE) == 1 / 4  # .8 against .75
    values[1], null[1] = np.nan, np.nan
    assert identified_listeners.p_listeners(values, null, NOISE) == 2 / 4  # .6 against .75
    values[0], null[0] = np.nan, np.nan
    assert np.isnan(identified_listeners.p_listeners(values, null, NOISE)).all()
