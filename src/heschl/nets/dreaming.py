"""Dreams: many sounds, each climbing an objective of its own through one frozen network, side by side."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from heschl.nets import dream_objectives as aims
from heschl.nets import dream_priors
from heschl.science import ascent

LAYERED = ("energy", "guide", "inversion", "content_style")  # one dream per layer
OBJECTIVES = (*LAYERED, "logit")
GUIDED = ("guide", "content_style", "logit")  # towards another style
IN_PLACE = ("inversion", "content_style")  # compare moment by moment: a shifted sound is another sound
QUIET = 0.1  # of the clip's RMS: noise that an inversion starts from


class Recipe(NamedTuple):
    """How dreams climb.

    optimiser : "lbfgsb" or "rms"; bounded : samples stay within full scale; rate : RMS of a step of "rms"
    priors : name, see dream_priors.PRIORS, -> weight; exponent : of the spectral one, power falls as 1 / f^exponent
    max_shift, n_shifts : circular shifts in samples that the objective is averaged over, 0 for none
    """

    optimiser: str = "lbfgsb"
    bounded: bool = True
    max_iterations: int = 20
    rate: float = 0.01
    priors: dict[str, float] = {}
    exponent: float = 1.0
    max_shift: int = 0
    n_shifts: int = 4
    seed: int = 0


class Wish(NamedTuple):
    """An objective, the sound (sample,) to start from, and the sound whose penalties count as 1."""

    objective: aims.Objective
    start: np.ndarray
    like: np.ndarray


class Dream(NamedTuple):
    """The sound (sample,) reached, the objective (1 + iteration,), and what it cost."""

    wave: np.ndarray
    objective: np.ndarray
    n_evaluations: int
    stopped: str
    seconds: float


def wish(
    name: str,
    net: nn.Module,
    wave: np.ndarray,
    *,
    layer: int = 1,
    layers: Sequence[int] = (1, 2, 3),
    other: np.ndarray | None = None,
    style: int = 0,
    seed: Sequence[int] = (0,),
) -> Wish:
    """Make a wish for one clip: all start from the clip, but an inversion, which starts from quiet noise.

    Parameters
    ----------
    name : one of OBJECTIVES
    wave : clip (sample,)
    layer, layers : the layer (that content is taken of), and all (that style is)
    other : the guide, or the sound whose style is wanted
    style : whose logit is wanted
    seed : of the noise

    Raises
    ------
    ValueError
        If there is no such objective, or a layer doesn't answer to a sound.
    """
    if name == "energy":
        return Wish(aims.energy(layer), wave, wave)
    if name == "guide":
        return Wish(aims.guide(layer, net, other), wave, wave)
    if name == "inversion":
        return Wish(aims.inversion(layer, net, wave), noise(wave, seed), wave)
    if name == "content_style":
        alpha, beta = aims.balance(net, wave, other, layer, layers)
        layered = {"content_layer": layer, "style_layers": layers}
        return Wish(aims.content_style(net, wave, other, alpha=alpha, beta=beta, **layered), wave, wave)
    if name == "logit":
        return Wish(aims.logit(style), wave, wave)
    raise ValueError(f"objective {name!r}; wanted one of {', '.join(OBJECTIVES)}")


def noise(wave: np.ndarray, seed: Sequence[int], share: float = QUIET) -> np.ndarray:
    """Return Gaussian noise of a share of the sound's root mean square."""
    scale = share * float(np.sqrt(np.mean(np.square(wave, dtype=float))))
    return np.random.default_rng(seed).normal(0, scale, len(wave))


def dream(net: nn.Module, wishes: Sequence[Wish], recipe: Recipe) -> list[Dream]:
    """Dream every wish, as many at once as torch may use threads; the result doesn't depend on how many.

    Raises
    ------
    ValueError
        If a sound, an optimiser or a prior can't be used.
    """
    net.eval().requires_grad_(False)
    with one_thread_each() as n_jobs:
        return ascent.side_by_side([lambda wish=wish: _dream(net, wish, recipe) for wish in wishes], n_jobs)


@contextmanager
def one_thread_each() -> Iterator[int]:
    """Let torch compute in one thread per caller; give the number that it had."""
    n = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield n
    finally:
        torch.set_num_threads(n)


def _dream(net: nn.Module, wish: Wish, recipe: Recipe) -> Dream:
    began = time.perf_counter()
    shifted = dream_priors.shifts(recipe.max_shift, recipe.n_shifts, recipe.seed)
    climbed = dream_priors.value_and_gradient(net, wish.objective, wish.start, _priors(wish, recipe), shifted)
    options = {"bounds": ascent.BOUNDS if recipe.bounded else None, "max_iterations": recipe.max_iterations}
    if recipe.optimiser == "lbfgsb":
        found = ascent.lbfgsb(climbed, wish.start, **options)
    elif recipe.optimiser == "rms":
        found = ascent.rms(climbed, wish.start, rate=recipe.rate, **options)
    else:
        raise ValueError(f"optimiser {recipe.optimiser!r}; wanted one of {', '.join(ascent.OPTIMISERS)}")
    return Dream(found.x, found.objective, found.n_evaluations, found.stopped, time.perf_counter() - began)


def _priors(wish: Wish, recipe: Recipe) -> list[tuple[float, dream_priors.Prior]]:
    if unknown := sorted(set(recipe.priors) - set(dream_priors.PRIORS)):
        raise ValueError(f"prior {unknown[0]!r}; wanted one of {', '.join(dream_priors.PRIORS)}")
    made = {
        "total_variation": lambda: dream_priors.total_variation(wish.like),
        "spectral": lambda: dream_priors.spectral(wish.like, recipe.exponent),
    }
    return [(float(weight), made[name]()) for name, weight in sorted(recipe.priors.items()) if weight]


@torch.no_grad()
def energies(net: nn.Module, waves: np.ndarray) -> np.ndarray:
    """Return 1/2 sum y^2 of every layer, (wave, layer), of sounds (wave, sample)."""
    found = [net.activations(aims.heard(net, wave)) for wave in waves]
    return np.array([[float(y.double().square().sum()) / 2 for y in layers] for layers in found])


@torch.no_grad()
def probabilities(net: nn.Module, waves: np.ndarray) -> np.ndarray:
    """Return what the network takes sounds (wave, sample) for: probabilities (wave, style)."""
    logits = torch.cat([net(aims.heard(net, wave)) for wave in waves])
    return torch.softmax(logits.double(), 1).cpu().numpy()


@torch.no_grad()
def values(net: nn.Module, objective: aims.Objective, waves: Sequence[np.ndarray]) -> np.ndarray:
    """Return an objective's value (wave,) of sounds (sample,)."""
    return np.array([float(objective(net, aims.heard(net, wave))) for wave in waves])
