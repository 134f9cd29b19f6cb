"""What keeps a dream near sounds that occur: less change from sample to sample, less power than 1/f, no one place.

A prior maps x (batch, 1, sample) to penalties (batch,), each 1 for as much as the start has (the spectral one: for as
much excess power as the start has power).
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

from heschl.nets.dream_objectives import Objective, heard
from heschl.science.ascent import ValueAndGradient

Prior = Callable[[torch.Tensor], torch.Tensor]
SMOOTH = 1e-8  # added to squared differences: |d| has no derivative at 0
PRIORS = ("total_variation", "spectral")


def total_variation(start: np.ndarray, power: float = 1.0) -> Prior:
    """Return sum |x(t + 1) - x(t)|^power over that of the start (sample,) (Mahendran and Vedaldi 2015).

    Raises
    ------
    ValueError
        If the start is constant.
    """

    def variation(x: torch.Tensor) -> torch.Tensor:
        return (x.double().diff(dim=-1).square() + SMOOTH).pow(power / 2).sum((1, 2))

    if not np.ptp(start) > 0:
        raise ValueError("the start is constant; wanted a sound")
    at_start = float(variation(torch.from_numpy(np.asarray(start, float))[None, None]))
    return lambda x: variation(x) / at_start


def spectral(start: np.ndarray, exponent: float = 1.0) -> Prior:
    """Return the power above c / f^exponent over the start's power, c such that the start (sample,) has as much.

        P = (S(0) + sum_f max(0, S(f) - c / f^e)) / sum_f S0(f), f > 0

    What doesn't change isn't heard: a mean counts in full.

    Raises
    ------
    ValueError
        If the start is constant.
    """
    power = np.abs(np.fft.rfft(np.asarray(start, float)))[1:] ** 2
    if not power.sum() > 0:
        raise ValueError("the start is constant; wanted a sound")
    shape = np.arange(1, len(power) + 1) ** -float(exponent)
    limit, total = torch.from_numpy(np.r_[0, shape * power.sum() / shape.sum()]), float(power.sum())

    def excess(x: torch.Tensor) -> torch.Tensor:
        spectrum = torch.fft.rfft(x.double()[:, 0])
        # a square of abs has no derivative at 0
        found = spectrum.real.square() + spectrum.imag.square()
        return torch.relu(found - limit.to(x.device)).sum(1) / total

    return excess


def shifts(max_shift: int, n: int, seed: int) -> list[int]:
    """Draw n circular shifts, samples, the first 0: an objective averaged over them favours no one alignment.

    They stay the same throughout a dream: with new ones at each evaluation, as the jitter of DeepDream has them,
    L-BFGS would see another function each time.
    """
    if max_shift < 1 or n < 2:
        return [0]
    drawn = np.random.default_rng([seed, max_shift]).integers(-max_shift, max_shift + 1, n - 1)
    return [0, *map(int, drawn)]


def value_and_gradient(
    net: nn.Module,
    objective: Objective,
    start: np.ndarray,
    priors: Sequence[tuple[float, Prior]] = (),
    shifted: Sequence[int] = (0,),
) -> ValueAndGradient:
    """Return what heschl.science.ascent climbs: mean over shifts of O(x) - |O(start)| sum weight prior(x).

    The network is frozen; it computes in the type and on the device of its weights, sums are float64.

    Parameters
    ----------
    start : array of shape (sample,)
    priors : (weight, prior): a weight of .1 takes a tenth of the start's objective off for the start's own penalty
    shifted : circular shifts in samples
    """
    net.eval().requires_grad_(False)
    scale = _at_start(net, objective, start, shifted) if priors else 0.0

    def both(x: np.ndarray) -> tuple[float, np.ndarray]:
        wave = heard(net, x).requires_grad_()
        total = objective(net, _rolled(wave, shifted)).mean()
        for weight, prior in priors:
            total = total - scale * weight * prior(wave)[0]
        (gradient,) = torch.autograd.grad(total, wave)
        return float(total.detach()), gradient[0, 0].cpu().numpy().astype(float)

    return both


@torch.no_grad()
def _at_start(net: nn.Module, objective: Objective, start: np.ndarray, shifted: Sequence[int]) -> float:
    return abs(float(objective(net, _rolled(heard(net, start), shifted)).mean()))


def _rolled(wave: torch.Tensor, shifted: Sequence[int]) -> torch.Tensor:
    """Stack shifted copies (shift, 1, sample) of one sound (1, 1, sample)."""
    return wave if tuple(shifted) == (0,) else torch.cat([wave.roll(k, -1) for k in shifted])
