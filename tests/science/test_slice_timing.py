"""Slice timing: a known sinusoid, measured slice by slice, comes back at mid-TR."""

import numpy as np
import pytest

from heschl.science import slice_timing

TR_S, N = 2.0, 80
SLICE_TIME = np.array([0.0, 1.0, 0.5, 1.5, 0.0, 1.9])


def wave(t):
    return 100 + 10 * np.sin(2 * np.pi * 0.05 * t + 0.3)


def measured(axis: int = 2) -> np.ndarray:
    time = np.arange(N)[:, None] * TR_S + SLICE_TIME
    volumes = np.broadcast_to(wave(time)[:, None, None, :], (N, 3, 4, len(SLICE_TIME)))
    return np.moveaxis(volumes, 3, axis + 1)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_sinusoid_is_brought_to_mid_tr(axis):
    out = np.moveaxis(slice_timing.correct(measured(axis), SLICE_TIME, TR_S, axis), axis + 1, 3)
    wanted = wave((np.arange(N) + 0.5) * TR_S)[:, None, None, None]
    assert np.abs(measured() - wanted).max() > 2  # untouched slices are off by this much
    assert np.abs(out - wanted)[3:-3].max() < 0.05


def test_a_slice_measured_at_mid_tr_is_untouched():
    out = slice_timing.correct(measured(), SLICE_TIME, TR_S)
    assert np.allclose(out[..., 1], measured()[..., 1], atol=1e-4)


def test_ends_are_held_not_extrapolated():
    ramp = np.broadcast_to(np.arange(5.0)[:, None, None, None], (5, 1, 1, 2))
    out = slice_timing.correct(ramp, np.array([0.0, 2.0]), TR_S)[:, 0, 0]
    assert out[-1, 0] == pytest.approx(4) and out[0, 1] == pytest.approx(0)
    assert np.allclose(out[1:-1], [[1.5, 0.5], [2.5, 1.5], [3.5, 2.5]], atol=1e-5)


@pytest.mark.parametrize("bad", [np.zeros(5), np.array([0, 0, 0, 0, 0, 2.1]), np.array([-0.1, 0, 0, 0, 0, 0])])
def test_impossible_times_are_refused(bad):
    with pytest.raises(ValueError, match="slice_time"):
        slice_timing.correct(measured(), bad, TR_S)
