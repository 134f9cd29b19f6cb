"""The design of a model with delays: by hand, and properties that any session has."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from heschl.science import delays


def test_timeline_stops_at_the_next_trial_and_at_the_end_of_the_run():
    run = np.array(["a"] * 5 + ["b"] * 4)
    trial, position = delays.timeline(np.array([1, 5, 7]), 3, run)
    assert trial.tolist() == [-1, 0, 0, 0, -1, 1, 1, 2, 2]
    assert position.tolist() == [-1, 0, 1, 2, -1, 0, 1, 0, 1]
    with pytest.raises(ValueError, match="volume 9 of 9"):
        delays.timeline(np.array([9]), 3, run)
    with pytest.raises(ValueError, match="same volume"):
        delays.timeline(np.array([1, 1]), 3, run)


def test_nearest_window_is_the_earlier_of_two():
    assert delays.nearest_windows(np.arange(10) * 1.5, 1.5, 1.5, 10).tolist() == list(range(10))
    assert delays.nearest_windows(np.arange(4) * 1.5, 10.0, 1.5, 10).tolist() == [0, 0, 0, 0, 1, 2, 3, 3, 3, 3]
    assert delays.nearest_windows(np.arange(9) * 1.5, 3.0, 1.5, 3).tolist() == [0, 0, 1]
    assert delays.nearest_windows(np.zeros(1), 15.0, 1.5, 10).tolist() == [0] * 10


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 999), st.lists(st.integers(0, 6), min_size=1, max_size=4, unique=True))
def test_delayed_looks_back_within_the_run_only(seed, lags):
    rng = np.random.default_rng(seed)
    run = np.repeat([0, 1, 2], rng.integers(1, 8, 3))
    values = rng.standard_normal((len(run), 2)) + 5
    found = delays.delayed(values, run, lags).reshape(len(run), len(lags), 2)
    for t in range(len(run)):
        for k, lag in enumerate(lags):
            inside = t - lag >= 0 and run[t - lag] == run[t]
            np.testing.assert_array_equal(found[t, k], values[t - lag] if inside else 0)


def test_runs_are_centred_one_by_one():
    values, run = np.float32(np.random.default_rng(0).random((9, 2))), np.array(list("aaaabbbbb"))
    found = delays.run_centred(values, run)
    np.testing.assert_allclose(found[:4], values[:4] - values[:4].mean(0), atol=1e-6)
    np.testing.assert_allclose(found[4:].mean(0), 0, atol=1e-6)


@pytest.mark.parametrize("bad", [[], [-1], [2, 2]])
def test_delays_are_refused(bad):
    with pytest.raises(ValueError, match="wanted different delays"):
        delays.delayed(np.ones((3, 1)), np.zeros(3), bad)


def test_statistics_and_components_are_of_training_volumes():
    rng = np.random.default_rng(0)
    values = np.float32(rng.standard_normal((50, 6)) @ rng.standard_normal((6, 6)))
    values[:, 5], values[3] = 1, np.nan  # a constant, and silence
    train = np.arange(10, 40)
    found = delays.standardised(values, train)
    np.testing.assert_allclose(found[train][:, :5].mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(found[train][:, :5].std(0), 1, atol=1e-6)
    assert not found[:, 5].any()
    assert not found[3].any()
    expected = PCA(2).fit(found[train]).transform(found)
    np.testing.assert_allclose(np.abs(delays.standardised(values, train, 2)), np.abs(expected), atol=1e-5)
    values[40:] += 100  # test volumes teach nothing
    np.testing.assert_array_equal(delays.standardised(values, train)[train], found[train])


def _split(order, role, dummy, n_volumes=4, n_tr=2):
    """One run per list of clips."""
    run = np.repeat(np.arange(len(order)), [len(o) * n_volumes for o in order])
    clips = np.concatenate(order)
    trial, position = delays.timeline(np.arange(len(clips)) * n_volumes, n_volumes, run)
    clip = clips[trial]
    rows = delays.split_rows(clip, trial, position, run, np.array(dummy, bool), np.array(role), n_tr)
    return rows, clip, run


def test_official_rows_by_hand():
    rows, clip, _ = _split([[1, 0, 1], [3, 2, 3, 2, 3]], [1, 1, 2, 2], [1, 0, 0, 1, 0, 0, 0, 0])
    assert rows.train.tolist() == list(range(4, 12))
    assert rows.train_clip.tolist() == [0] * 4 + [1] * 4
    assert rows.test_clip.tolist() == [2, 3]
    assert rows.test[0].T.tolist() == [[16, 17, 18, 19], [24, 25, 26, 27]]
    assert (clip[rows.test[1]] == 3).all()


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 9999))
def test_no_volume_hears_the_other_side(seed):
    rng = np.random.default_rng(seed)
    role = rng.integers(0, 3, 8)
    order = [rng.permutation(8) for _ in range(3)]
    try:
        rows, clip, run = _split(order, role, [0] * 24)
    except ValueError:
        return
    test = rows.test[rows.test >= 0]
    for sides, mine, others in ((rows.train, {1}, {0, 2}), (test, {2}, {1})):
        for t in sides:
            reach = [s for s in (t - 2, t - 1, t) if s >= 0 and run[s] == run[t]]
            assert role[clip[t]] in mine
            assert not {role[clip[s]] for s in reach} & others
    assert (rows.test >= 0).any(2).all()


def test_nothing_left_is_refused():
    with pytest.raises(ValueError, match="training and 0 test"):
        _split([[0, 1]], [1, 1], [0, 0])
    with pytest.raises(ValueError, match="wanted some of both"):
        _split([[0, 1]], [1, 2], [1, 0])


def test_repeats_that_are_missing_do_not_count():
    values = np.arange(12.0).reshape(6, 2)
    found = delays.averaged(values, np.array([[0, 2], [4, -1]]))
    np.testing.assert_allclose(found, [[2, 3], [8, 9]])


def test_test_volumes_are_scaled_as_the_training_volumes_were():
    rng = np.random.default_rng(0)
    train, test = np.float32(rng.standard_normal((30, 3)) * 4 + 2), np.float32(rng.standard_normal((5, 3)))
    train[:, 2] = 7
    mean, sd = train.mean(0), np.where(train.std(0) > 0, train.std(0), 1)
    done, scaled = delays.scaled_by(train.copy())
    np.testing.assert_allclose(done, (train - mean) / sd, atol=1e-5)
    np.testing.assert_allclose(scaled(test), (test - mean) / sd, atol=1e-5)
