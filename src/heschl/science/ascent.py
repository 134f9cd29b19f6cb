"""Climbing an objective of many variables: L-BFGS-B as published, and steps of constant size (Geng, transformation).

A function to climb takes x (n,) float64 and returns its value and its gradient (n,). The published optimiser minimises
the negative; the objective itself is what is logged here, so that it rises.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

ValueAndGradient = Callable[[np.ndarray], tuple[float, np.ndarray]]
Made = TypeVar("Made")
BOUNDS = (-1.0, 1.0)  # full scale of a sound
OPTIMISERS = ("lbfgsb", "rms")
ENDLESS = "the objective grows past what numbers hold"
ABNORMAL = 2  # scipy: a line search found no end
LONGEST_SEARCH = 50  # evaluations: where nothing bounds a rise, steps grow fourfold from 1 / |gradient| on


class Ascent(NamedTuple):
    """Where a climb ended: x (n,), the objective (1 + iteration,) from the start on, and what it cost.

    n_evaluations : of value and gradient; stopped : why it ended, in words
    """

    x: np.ndarray
    objective: np.ndarray
    n_evaluations: int
    stopped: str


class _Endless(ArithmeticError):
    """The objective has grown past what numbers hold."""


class _Climb:
    """What an optimiser has evaluated: x and log are of its iterates, highest of all points."""

    def __init__(self, f: ValueAndGradient, x0: np.ndarray, value: float, gradient: np.ndarray) -> None:
        self.f, self.x, self.log, self.n_evaluations = f, x0, [value], 1
        self.start, self.highest = (x0, -value, -gradient), (value, x0)

    def descent(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """Evaluate the negative; the start, which is known, costs nothing."""
        if self.n_evaluations == 1 and np.array_equal(x, self.start[0]):
            return self.start[1:]
        self.n_evaluations += 1
        value, gradient = self.f(x)
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            raise _Endless
        if value > self.highest[0]:
            self.highest = (float(value), x.copy())
        return -float(value), -np.asarray(gradient, float)

    def note(self, intermediate_result) -> None:
        """Log an iterate; scipy looks at the name of the argument."""
        self.log.append(-float(intermediate_result.fun))
        self.x = intermediate_result.x.copy()

    def take_highest(self) -> None:
        """End at the highest point, if it is above the last iterate."""
        if self.highest[0] > self.log[-1]:
            self.log.append(self.highest[0])
            self.x = self.highest[1]


def lbfgsb(
    f: ValueAndGradient,
    x0: np.ndarray,
    *,
    bounds: tuple[float, float] | None = BOUNDS,
    max_iterations: int = 20,
) -> Ascent:
    """Climb by L-BFGS-B (Byrd et al. 1995, scipy); each iterate is at least as high as the one before.

    Without bounds a convex objective has no maximum: the climb then ends at max_iterations, or at the highest point
    that a search saw before it gave up. Within bounds its maximum is at a corner.

    Parameters
    ----------
    x0 : array of shape (n,), clipped to the bounds
    bounds : least and largest value of every variable, None for any

    Raises
    ------
    ValueError
        If x0 isn't a vector, or it or the objective there isn't finite, or there is no iteration to make.
    """
    x0 = _start(x0, bounds, max_iterations)
    value, gradient = _first(f, x0)
    climb = _Climb(f, x0, value, gradient)
    # by default it stops at gradients and rises that are small beside 1; what a sample of 40,000 adds always is
    options = {"maxiter": max_iterations, "gtol": 0.0, "ftol": 0.0, "maxls": LONGEST_SEARCH}
    limits = None if bounds is None else [bounds] * len(x0)
    try:
        found = minimize(
            climb.descent, x0, jac=True, method="L-BFGS-B", bounds=limits, callback=climb.note, options=options
        )
        stopped = str(found.message)
        if found.status == ABNORMAL:
            climb.take_highest()
    except _Endless:
        stopped = ENDLESS
        climb.take_highest()
    return Ascent(climb.x, np.array(climb.log), climb.n_evaluations, stopped)


def rms(
    f: ValueAndGradient,
    x0: np.ndarray,
    *,
    bounds: tuple[float, float] | None = BOUNDS,
    max_iterations: int = 20,
    rate: float = 0.01,
) -> Ascent:
    """Climb by x += rate g / rms(g) (Mordvintsev et al. 2015); it may overshoot, and the log says so.

    Parameters, errors: as `lbfgsb`; rate, the root mean square of a step.
    """
    x = _start(x0, bounds, max_iterations)
    value, gradient = _first(f, x)
    log, stopped = [value], "all iterations were made"
    for _ in range(max_iterations):
        size = float(np.sqrt(np.mean(gradient**2)))
        if not size > 0:
            stopped = "the gradient is 0"
            break
        step = x + rate * gradient / size
        step = step if bounds is None else np.clip(step, *bounds)
        value, gradient = f(step)
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            stopped = ENDLESS
            break
        x = step
        log.append(float(value))
    return Ascent(x, np.array(log), len(log) + (stopped == ENDLESS), stopped)


def side_by_side(problems: Sequence[Callable[[], Made]], n_jobs: int) -> list[Made]:
    """Call functions that don't depend on one another in n_jobs threads; results in the order of the functions."""
    # vectors of 40,000 are too short for BLAS to share among threads: it takes six times as long with two
    with threadpool_limits(1), ThreadPoolExecutor(max(1, n_jobs)) as pool:
        return [job.result() for job in [pool.submit(problem) for problem in problems]]


def _start(x0: np.ndarray, bounds: tuple[float, float] | None, max_iterations: int) -> np.ndarray:
    x0 = np.array(x0, float)
    if x0.ndim != 1 or not x0.size or not np.isfinite(x0).all():
        raise ValueError(f"start of shape {x0.shape}; wanted a vector of finite numbers")
    if max_iterations < 1:
        raise ValueError(f"{max_iterations} iterations; wanted 1 at least")
    return x0 if bounds is None else np.clip(x0, *bounds)


def _first(f: ValueAndGradient, x0: np.ndarray) -> tuple[float, np.ndarray]:
    value, gradient = f(x0)
    if not (np.isfinite(value) and np.isfinite(gradient).all()):
        raise ValueError(f"the objective is {value} at the start; wanted finite numbers there")
    return float(value), np.asarray(gradient, float)
