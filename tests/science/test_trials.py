"""Trials: the paper's count of volumes, exact hits, honest refusals, averages that don't depend on order."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from heschl.science import trials


def test_real_experiment_keeps_30_of_39_volumes():
    lag = trials.lags_s(29, 0.735, 6)
    assert trials.volumes_per_clip(29, 0.735) == 39 and len(lag) == 30
    assert lag[0] == pytest.approx(9.5 * 0.735) and lag[-1] == pytest.approx(38.5 * 0.735)


def test_demo_keeps_6_of_10_volumes():
    assert np.allclose(trials.lags_s(15, 1.5, 6), [6.75, 8.25, 9.75, 11.25, 12.75, 14.25])


@given(st.floats(5, 40), st.floats(0.3, 3), st.floats(0, 8))
def test_lags_lie_in_the_clip_after_the_drop(clip_s, tr_s, drop_s):
    assume(trials.volumes_per_clip(clip_s, tr_s) * tr_s - tr_s >= drop_s)
    lag = trials.lags_s(clip_s, tr_s, drop_s)
    assert (lag - tr_s / 2 >= drop_s - 1e-9).all() and (lag + tr_s / 2 <= clip_s + 1e-6).all()
    assert np.allclose(np.diff(lag), tr_s)


def test_no_volume_left_is_an_error():
    with pytest.raises(ValueError, match="no volume left"):
        trials.lags_s(5, 1.5, 6)


@given(st.integers(0, 20), st.integers(0, 3))
def test_onset_on_a_volume_takes_volumes_untouched(start, dropped):
    series = np.random.default_rng(start).normal(size=(40, 3)).astype("f4")
    lag = trials.lags_s(15, 1.5, dropped * 1.5)
    cut = trials.cut(series, np.array([start * 1.5]), lag, 1.5)
    assert (cut[0] == series[start + dropped : start + 10]).all()


@given(st.floats(0.4, 40))
def test_onset_between_volumes_reads_the_wave_at_its_time(onset):
    tr_s, time = 0.735, (np.arange(120) + 0.5) * 0.735
    wave = lambda t: np.sin(2 * np.pi * 0.04 * t)  # noqa: E731
    lag = trials.lags_s(29, tr_s, 6)
    cut = trials.cut(wave(time)[:, None], np.array([onset]), lag, tr_s)
    assert np.allclose(cut[0, :, 0], wave(onset + lag), atol=1e-3)


@pytest.mark.parametrize("onset", [-6.75, 45.1, 60])
def test_trial_outside_the_run_is_refused(onset):
    lag = trials.lags_s(15, 1.5, 6)
    with pytest.raises(ValueError, match="leaves the run"):
        trials.cut(np.zeros((40, 2)), np.array([0.0, onset]), lag, 1.5)
    assert trials.fits(np.array([0.0, onset]), lag, 40, 1.5).tolist() == [True, False]


def test_last_possible_trial_fits():
    lag = trials.lags_s(15, 1.5, 6)
    assert trials.cut(np.zeros((40, 2)), np.array([45.0]), lag, 1.5).shape == (1, 6, 2)


@given(st.lists(st.sampled_from(["c", "a", "b/10", "b/9"]), min_size=1, max_size=12), st.randoms())
def test_average_is_the_mean_of_each_clip_in_any_order(clips, random):
    values = np.random.default_rng(len(clips)).normal(size=(len(clips), 2, 3))
    mean, names = trials.average(values, clips)
    assert names == sorted(set(clips))
    for row, name in zip(mean, names, strict=True):
        assert np.allclose(row, values[[c == name for c in clips]].mean(0))
    order = random.sample(range(len(clips)), len(clips))
    assert np.allclose(trials.average(values[order], [clips[i] for i in order])[0], mean)
