"""The running median is scipy's inside, and the plain one at the ends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import median_filter

from heschl.science import drift


def test_it_is_scipy_inside_the_run() -> None:
    series = np.random.default_rng(0).normal(size=(90, 7)).astype("f4").cumsum(0)
    wanted = median_filter(series, size=(31, 1))[15:-15]
    assert np.array_equal(drift.running_median(series, 15)[15:-15], wanted)


@settings(deadline=None)
@given(n=st.integers(1, 40), half=st.integers(0, 50), seed=st.integers(0, 99))
def test_it_is_the_median_of_the_volumes_there_are(n, half, seed) -> None:
    series = np.random.default_rng(seed).integers(0, 9, (n, 2)).astype("f4")  # ties as well
    wanted = [np.median(series[max(0, k - half) : k + half + 1], axis=0) for k in range(n)]
    assert np.array_equal(drift.running_median(series, half), wanted)


def test_a_slow_drift_goes_and_a_response_stays() -> None:
    time_s = np.arange(410) * 1.5
    response = np.sin(2 * np.pi * time_s / 30)
    series = (response + 5 * np.cos(np.pi * time_s / 615))[:, None]
    flat = (series - drift.running_median(series, drift.half_window(240, 1.5)))[:, 0]
    assert np.corrcoef(flat[80:-80], response[80:-80])[0, 1] > 0.98
    assert np.corrcoef(series[80:-80, 0], response[80:-80])[0, 1] < 0.5


def test_damaged_voxels_stay_apart_and_windows_have_a_middle() -> None:
    series = np.ones((9, 2), "f4")
    series[4, 1] = np.nan
    found = drift.running_median(series, 2)
    assert (found[:, 0] == 1).all() and np.isnan(found[:, 1]).all()
    assert drift.half_window(240, 1.5) == 80
    with pytest.raises(ValueError, match="0 or more"):
        drift.running_median(series, -1)
