import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from heschl.science import hrf


def test_the_response_is_nilearns():
    from nilearn.glm.first_level import spm_hrf

    step_s = 0.01
    theirs = spm_hrf(1.0, oversampling=100, time_length=32.0)
    ours = hrf.double_gamma(np.linspace(0, 32, len(theirs)) - step_s)  # nilearn starts one step late
    assert np.allclose(theirs, ours / ours.sum(), atol=1e-3 * theirs.max())  # its undershoot is 0.167, not 1/6


def test_the_response_peaks_at_5_s_undershoots_and_never_precedes_its_cause():
    time_s = np.arange(-5, 32, 0.01)
    response = hrf.double_gamma(time_s)
    assert np.all(response[time_s < 0] == 0)
    assert abs(time_s[response.argmax()] - 5.0) < 0.1
    assert response.min() < -0.05 * response.max() and 14 < time_s[response.argmin()] < 17


@given(st.floats(0.05, 0.5))
def test_a_long_constant_drive_ends_at_its_own_level(step_s):
    drive = np.ones((1, round(60 / step_s)))
    out = hrf.convolve(drive, step_s)
    assert out[0, 0] == pytest.approx(0, abs=1e-9)
    assert out[0, round(50 / step_s)] == pytest.approx(1, abs=1e-6)
    assert out.shape[1] == drive.shape[1] + round(32 / step_s)


def test_convolution_is_the_integral():
    step_s, n = 0.1, 100
    drive = np.random.default_rng(0).standard_normal(n)
    fine = 50  # integrate the piecewise constant drive on a grid 50 times finer
    time = (np.arange(n * fine) + 0.5) * step_s / fine
    at = 7.3
    exact = (np.repeat(drive, fine) * hrf.double_gamma(at - time)).sum() * step_s / fine / (5 / 6)
    assert hrf.convolve(drive, step_s)[73] == pytest.approx(exact, abs=1e-3)


def test_tails_run_into_the_next_trial():
    response = hrf.convolve(np.ones((1, 2, 50)) * np.array([1.0, 3.0])[:, None], 0.1)
    time = np.array([[4.0, 12.0], [20.0, 21.5]])
    both = hrf.superpose(response, 0.1, np.array([1, 0]), np.array([2.0, 10.0]), time)
    first = hrf.superpose(response, 0.1, np.array([1]), np.array([2.0]), time)
    second = hrf.superpose(response, 0.1, np.array([0]), np.array([10.0]), time)
    assert both.shape == (1, 2, 2)
    assert np.allclose(both, first + second, atol=1e-6)
    assert first[0, 1, 1] != 0 and second[0, 0, 0] == 0
    assert first[0, 0, 0] == pytest.approx(response[0, 1, 20], rel=1e-5)


@pytest.mark.parametrize("step_s", [0, -1, 5])
def test_steps_that_miss_the_shape_are_refused(step_s):
    with pytest.raises(ValueError, match=r"^step_s: .* given.*$"):
        hrf.kernel(step_s)
