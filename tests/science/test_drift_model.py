"""Drift put on and taken off again: planted gains are measured, and what is left is noise."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from heschl.science import drift_model as drifts

GRID = np.stack(np.meshgrid(*[np.arange(6)] * 3, indexing="ij"), -1).reshape(-1, 3) * 8.0


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 9999))
def test_least_absolute_agrees_with_linear_programming(seed):
    rng = np.random.default_rng(seed)
    basis = np.column_stack([np.ones(40), rng.standard_normal((40, 2))])
    y = basis @ rng.standard_normal(3) + rng.standard_t(2, 40)
    eye, ones = np.eye(40), np.ones(40)
    bound = np.block([[basis, -eye], [-basis, -eye]])  # |y - fit| <= slack
    exact = linprog(np.r_[np.zeros(3), ones], bound, np.r_[y, -y], bounds=[(None, None)] * 3 + [(0, None)] * 40)
    error = np.abs(y - drifts.least_absolute(basis, y)).sum()
    assert exact.fun - 1e-6 <= error <= exact.fun * 1.001


def test_a_constant_surface_is_the_median():
    y = np.random.default_rng(0).standard_normal(41)
    np.testing.assert_allclose(drifts.least_absolute(np.ones((41, 1)), y), np.median(y))


def test_terms_need_voxels():
    assert drifts.polynomials(GRID, 2).shape == (216, 10) and drifts.polynomials(GRID, 1).shape == (216, 4)
    assert drifts.polynomials(GRID[:50], 2).shape == (50, 4) and drifts.polynomials(GRID[:9], 2).shape == (9, 1)


def planted(seed: int = 0, n: int = 3) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    gain = np.exp(rng.standard_normal((n, 1)) * 0.5 + rng.standard_normal((n, 3)) @ GRID.T / 100)
    low, high = (np.exp(rng.standard_normal((n, 1)) * 0.5) * np.full((1, 216), 0.2) for _ in range(2))
    return gain, low, high, np.exp(rng.standard_normal((n, 216)) * 0.3)


def test_gain_is_measured_past_changed_voxels():
    gain, low, high, brain = planted()
    changed = np.linalg.norm(GRID - 8, axis=1) < 17
    after = gain * brain * np.where(changed, 5.0, 1.0) + high
    found = drifts.measure(brain + low, after, low, high, GRID)
    np.testing.assert_allclose(found[0], gain, rtol=0.01)
    assert 0.05 < changed.mean() < 0.3
    flat = drifts.measure(brain + low, 2 * brain + low, np.full_like(low, np.nan), np.full_like(low, np.nan), GRID, 0)
    assert (flat[1] == 0).all() and (flat[0] == flat[0][:, :1]).all()


def test_drift_is_put_on_and_undone():
    """Sessions of one brain: means agree, and what scatters more is matched."""
    rng = np.random.default_rng(0)
    gain, low, high, brain = planted()
    times = (*brain.shape, 300)

    def session(factor, noise, n):
        clean = (factor * brain + noise)[..., None]
        halves = [clean * (1 + rng.standard_normal(times) / np.sqrt(n / 2)) for _ in range(2)]
        return (halves[0] + halves[1]) / 2, (halves[0] - halves[1]) / 2

    (before, jitter), (after, other) = session(1.0, low, 40), session(gain, high, 10)
    measured = drifts.measure(before.mean(2), after.mean(2), low, high, GRID)
    drift = drifts.Drift(*measured, drifts.scatter(jitter, other, measured[0]))
    np.testing.assert_allclose(drift.gain, gain, rtol=0.1)
    assert (drift.scatter > 2).all() and (drift.scatter < 8).all()
    model, undone, match = (
        drifts.modelled(before, drift, other),
        drifts.corrected(after, drift, jitter),
        drifts.matched(before, drift, other),
    )
    np.testing.assert_allclose(model.mean(2), after.mean(2), rtol=0.2)
    np.testing.assert_allclose(undone.mean(2), match.mean(2), rtol=0.2)
    np.testing.assert_allclose(np.median(model.std(2) / after.std(2)), 1, atol=0.15)
    np.testing.assert_allclose(np.median(undone.std(2) / match.std(2)), 1, atol=0.15)
    calm = drifts.Drift(*measured, np.full(3, 0.25))
    assert drifts.corrected(after, calm, jitter).std() > drifts.corrected(after, drift, jitter).std()
    np.testing.assert_array_equal(drifts.matched(before, calm, other), before)


def test_unknown_scatter_adds_none():
    jitter = np.full((2, 5, 9), np.nan)
    np.testing.assert_array_equal(drifts.scatter(jitter, jitter, np.ones((2, 5))), 1)
    drift = drifts.Drift(np.ones((2, 5)), np.zeros((2, 5)), np.zeros((2, 5)), np.ones(2))
    np.testing.assert_array_equal(drifts.modelled(np.ones((2, 5, 9)), drift, jitter), 1)
