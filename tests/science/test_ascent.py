"""Climbs rise, end where the maximum is known, and log what they evaluated."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import rosen, rosen_der

from heschl.science import ascent


def hill(centre, size):
    """A concave quadratic with its top, 7, at `centre`."""
    return lambda x: (7 - np.sum(size * (x - centre) ** 2), -2 * size * (x - centre))


def counted(f):
    calls = []

    def both(x):
        calls.append(x.copy())
        return f(x)

    return both, calls


@given(st.integers(0, 2**31), st.integers(1, 30))
@settings(max_examples=25, deadline=None)
def test_it_finds_the_top_of_a_hill_in_a_box(seed, n):
    rng = np.random.default_rng(seed)
    centre, size = rng.normal(0, 1.5, n), rng.uniform(0.2, 5, n)
    f = hill(centre, size)
    found = ascent.lbfgsb(f, rng.uniform(-1, 1, n), max_iterations=200)
    top = np.clip(centre, -1, 1)  # separable: the box cuts each axis
    np.testing.assert_allclose(found.x, top, atol=0.02)
    assert found.objective[-1] == pytest.approx(f(top)[0], rel=1e-5, abs=1e-5)
    assert (np.diff(found.objective) >= 0).all()


def test_it_climbs_the_valley_that_scipy_descends():
    x0 = np.array([-1.2, 1.0, -0.5, 0.3])
    found = ascent.lbfgsb(lambda x: (-rosen(x), -rosen_der(x)), x0, bounds=None, max_iterations=200)
    np.testing.assert_allclose(found.x, 1, atol=1e-3)
    assert found.objective[0] == -rosen(x0) and found.objective[-1] == pytest.approx(-rosen(found.x))


@pytest.mark.parametrize("n_iterations", [1, 3, 20])
def test_it_logs_each_iterate_and_counts_every_evaluation(n_iterations):
    f, calls = counted(lambda x: (-rosen(x), -rosen_der(x)))
    x0 = np.linspace(-1, 1, 6)
    found = ascent.lbfgsb(f, x0, bounds=(-2, 2), max_iterations=n_iterations)
    assert len(found.objective) == 1 + n_iterations and found.n_evaluations == len(calls)
    assert found.objective[0] == -rosen(x0)
    assert set(found.objective) <= {-rosen(x) for x in calls}  # nothing was evaluated for the log alone
    assert not any(np.array_equal(x, x0) for x in calls[1:])


def test_a_convex_objective_ends_in_a_corner_of_the_box():
    rng = np.random.default_rng(0)
    matrix = rng.normal(size=(40, 25))
    found = ascent.lbfgsb(
        lambda x: (np.sum((matrix @ x) ** 2) / 2, matrix.T @ (matrix @ x)), rng.uniform(-0.1, 0.1, 25)
    )
    assert (np.abs(found.x) == 1).all() and (np.diff(found.objective) >= 0).all()


def test_without_bounds_it_stops_before_numbers_overflow():
    def bowl(x):
        with np.errstate(over="ignore"):
            y = x.astype(np.float32)
            return float(np.sum(y * y)), 2.0 * y

    found = ascent.lbfgsb(bowl, np.ones(5), bounds=None, max_iterations=500)
    assert np.isfinite(found.x).all() and np.isfinite(found.objective).all() and len(found.objective) < 500
    assert found.stopped == ascent.ENDLESS and found.objective[-1] > 1e6
    assert (np.diff(found.objective) > 0).all() and found.objective[-1] == bowl(found.x)[0]


def test_an_objective_too_steep_for_one_step_still_rises():
    """The first search along the gradient overflows: the highest point that it saw is where the climb ends."""

    def steep(x):
        with np.errstate(over="ignore"):
            y = 1e12 * x.astype(np.float32) ** 2
            return float(np.sum(y * y)), 4e24 * x.astype(np.float32) ** 3

    found = ascent.lbfgsb(steep, np.ones(5), bounds=None)
    assert len(found.objective) == 2 and found.objective[1] > 1e3 * found.objective[0]
    assert np.isfinite(found.x).all() and found.objective[1] == steep(found.x)[0]


@pytest.mark.parametrize("slope", [1e3, 1e20, 1e40])
def test_a_slope_without_end_is_climbed_however_steep(slope):
    """The search along it never ends by itself; what it saw isn't thrown away."""
    along = np.array([1.0, -2.0, 3.0])
    found = ascent.lbfgsb(lambda x: (slope * along @ x, slope * along), np.ones(3), bounds=None, max_iterations=5)
    assert 2 <= len(found.objective) <= 6 and (np.diff(found.objective) > 0).all()
    assert found.objective[-1] == pytest.approx(slope * along @ found.x) and np.abs(found.x).max() > 1e6


def test_rms_steps_are_those_of_a_plain_loop():
    rng = np.random.default_rng(1)
    matrix, x = rng.normal(size=(12, 7)), rng.uniform(-0.5, 0.5, 7)
    f = lambda x: (np.sum((matrix @ x) ** 2) / 2, matrix.T @ (matrix @ x))  # noqa: E731
    found, log = ascent.rms(f, x, rate=0.05, max_iterations=30), [f(x)[0]]
    for _ in range(30):
        g = f(x)[1]
        x = np.clip(x + 0.05 * g / np.sqrt((g * g).mean()), -1, 1)
        log.append(f(x)[0])
    np.testing.assert_allclose(found.x, x, rtol=1e-10)
    np.testing.assert_allclose(found.objective, log, rtol=1e-10)
    assert found.n_evaluations == 31


def test_rms_doesnt_hide_that_it_overshoots():
    found = ascent.rms(hill(np.zeros(3), np.ones(3)), np.full(3, 0.25), rate=0.2, bounds=None, max_iterations=9)
    assert (np.diff(found.objective) < 0).any()


def test_rms_stays_where_nothing_rises():
    found = ascent.rms(lambda x: (1.0, np.zeros(4)), np.full(4, 2.0), max_iterations=9)
    assert found.stopped == "the gradient is 0" and found.objective.tolist() == [1.0] and (found.x == 1).all()


def test_side_by_side_keeps_the_order_and_needs_as_many_threads_as_asked():
    both = threading.Barrier(2, timeout=20)  # passed only if two wait at the same time

    def problem(k):
        both.wait()
        return k

    assert ascent.side_by_side([lambda k=k: problem(k) for k in range(6)], 2) == list(range(6))


def test_an_error_of_one_problem_is_not_swallowed():
    with pytest.raises(ZeroDivisionError):
        ascent.side_by_side([lambda: 1, lambda: 1 / 0], 2)


@pytest.mark.parametrize("climb", [ascent.lbfgsb, ascent.rms])
@pytest.mark.parametrize(
    ("x0", "iterations", "said"),
    [(np.ones((2, 2)), 5, "a vector"), (np.array([np.nan]), 5, "finite"), (np.array([]), 5, "a vector"),
     (np.ones(2), 0, "1 at least")],
)  # fmt: skip
def test_bad_starts_are_refused(climb, x0, iterations, said):
    with pytest.raises(ValueError, match=said):
        climb(hill(0, 1), x0, max_iterations=iterations)


@pytest.mark.parametrize("climb", [ascent.lbfgsb, ascent.rms])
def test_an_objective_that_isnt_a_number_at_the_start_is_refused(climb):
    with pytest.raises(ValueError, match="the objective is nan at the start"):
        climb(lambda x: (np.nan, x), np.ones(3))
