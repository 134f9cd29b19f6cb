"""Windows of sound and volumes of the brain meet where the papers say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heschl.science import windows

TR_S = 1.5


@pytest.mark.parametrize(("window_s", "count"), [(1.5, 10), (5, 7), (10, 4), (15, 1), (15.1, 0)])
def test_the_counts_of_the_published_table(window_s, count) -> None:
    assert windows.n_windows(15, window_s, 1.5) == count


def test_ten_seconds_meet_seven_volumes_not_five() -> None:
    assert windows.overlapping(0, 10, TR_S, 10) == slice(0, 7)
    assert windows.overlapping(0, 1.5, TR_S, 10) == slice(0, 1)
    assert windows.overlapping(4.5, 10, TR_S, 10) == slice(3, 10)
    assert windows.overlapping(0, 15, TR_S, 10) == slice(0, 10)


@settings(deadline=None)
@given(
    start=st.integers(0, 300), window=st.integers(1, 150), tr=st.integers(5, 30), n_volumes=st.integers(1, 40)
)  # tenths of a second: exact in integers
def test_overlap_is_the_brute_force_one(start, window, tr, n_volumes) -> None:
    wanted = [i for i in range(n_volumes) if i * tr < start + window and (i + 1) * tr > start]
    if not wanted:
        with pytest.raises(ValueError, match="meets none"):
            windows.overlapping(start / 10, window / 10, tr / 10, n_volumes)
        return
    found = windows.overlapping(start / 10, window / 10, tr / 10, n_volumes)
    assert list(range(n_volumes))[found] == wanted


def test_starts_and_clips_that_are_too_short() -> None:
    assert windows.starts_s(15, 10, 1.5).tolist() == [0, 1.5, 3, 4.5]
    with pytest.raises(ValueError, match="clip of 9 s is shorter than the window of 10 s"):
        windows.starts_s(9, 10, 1.5)
    with pytest.raises(ValueError, match="above 0"):
        windows.n_windows(15, 10, 0)


def test_onsets_snap_to_volumes_or_are_refused() -> None:
    assert windows.first_volumes(np.array([0, 15.3, 29.7]), TR_S).tolist() == [0, 10, 20]
    with pytest.raises(ValueError, match=r"onset at 15\.6 s is 0\.40 TR off"):
        windows.first_volumes(np.array([0, 15.6]), TR_S)


@settings(deadline=None)
@given(seed=st.integers(0, 50), lag_tr=st.integers(0, 9), window_s=st.sampled_from([1.5, 5.0, 10.0, 15.0]))
def test_means_are_those_of_a_loop_with_the_pad_rule(seed, lag_tr, window_s) -> None:
    bold = np.random.default_rng(seed).normal(size=(60, 3)).astype("f4")
    first, stop = np.array([0, 12, 20, 30, 50]), np.array([30, 30, 30, 60, 60])
    starts = windows.starts_s(15, window_s, 1.5)
    found = windows.window_means(bold, first, stop, lag_tr, starts, window_s, TR_S, 10)
    assert found.shape == (5, len(starts), 3) and found.dtype == np.float32
    for trial in range(5):
        for window, start in enumerate(starts):
            wanted = np.arange(10)[windows.overlapping(start, window_s, TR_S, 10)] + first[trial] + lag_tr
            there = wanted[wanted < stop[trial]]
            if len(there) < len(wanted) / 2:
                assert np.isnan(found[trial, window]).all()
            else:
                assert np.allclose(found[trial, window], bold[there].mean(0), atol=1e-6)


def test_the_last_clip_of_a_run_at_three_volumes_is_the_mean_of_seven() -> None:
    bold = np.arange(20.0)[:, None]
    found = windows.window_means(bold, np.array([10]), np.array([20]), 3, np.array([0.0]), 15, TR_S, 10)
    assert found.item() == bold[13:].mean()


def test_a_lag_back_in_time_is_refused() -> None:
    with pytest.raises(ValueError, match="the brain follows"):
        windows.window_means(np.zeros((9, 1)), np.array([0]), np.array([9]), -1, np.array([0.0]), 1.5, TR_S, 9)


def test_repeats_are_averaged_without_nan() -> None:
    values = np.array([[1, np.nan], [3, np.nan], [5, 2]], "f4")
    mean, names = windows.average_repeats(values, ["b", "b", "a"])
    assert names == ["a", "b"] and mean.dtype == np.float32
    assert np.array_equal(mean, [[5, 2], [2, np.nan]], equal_nan=True)


def test_a_part_missing_in_one_repeat_is_taken_from_the_others() -> None:
    mean, _ = windows.average_repeats(np.array([[1.0, np.nan], [3, 7]]), ["a", "a"])
    assert mean.tolist() == [[2, 7]]
