"""What is dreamt of styles: every layer from some clips; and the transfer and the inversion of one clip."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from torch import nn

from heschl.nets import dream_objectives as aims
from heschl.nets import dreaming
from heschl.nets.dreaming import Dream, Recipe, Wish


class Transfer(NamedTuple):
    """One clip in another's style, and rebuilt from a layer.

    waves (4, sample): content, style, styled, inverted; dreams of the last two; losses: name -> (4,), see `transfer`;
    alpha and beta as Gatys has them
    """

    waves: np.ndarray
    dreams: list[Dream]
    losses: dict[str, np.ndarray]
    alpha: float
    beta: float


def of_clips(
    net: nn.Module,
    waves: np.ndarray,
    guides: np.ndarray,
    layers: Sequence[int],
    objective: str,
    style: int,
    recipe: Recipe,
) -> list[list[Dream]]:
    """Dream every layer from every clip, side by side; a list of the layers' dreams for each clip.

    Parameters
    ----------
    waves, guides : arrays of shape (clip, sample), where to start and what to go towards
    objective : one of dreaming.OBJECTIVES
    style : whose logit is wanted

    Raises
    ------
    ValueError
        As dreaming.wish and dreaming.dream.
    """
    wishes = []
    for i, (wave, guide) in enumerate(zip(waves, guides, strict=True)):
        options = {"layers": sorted(layers), "other": guide, "style": style}
        wishes += [dreaming.wish(objective, net, wave, layer=k, seed=[recipe.seed, i, k], **options) for k in layers]
    found, n = dreaming.dream(net, wishes, recipe), len(layers)
    return [found[i : i + n] for i in range(0, len(found), n)]


def transfer(
    net: nn.Module,
    content: np.ndarray,
    style: np.ndarray,
    recipe: Recipe,
    *,
    content_layer: int,
    style_layers: Sequence[int],
    alpha: float,
    beta: float,
    inversion_layer: int,
) -> Transfer:
    """Style a clip (sample,) as another, and rebuild it from a layer, both from the same quiet noise.

    Losses of all four sounds: content L_c, style mean E_l, and inversion ||y - y0||^2 / ||y0||^2.

    Parameters
    ----------
    alpha, beta : weights of content and style, in units of dream_objectives.balance

    Raises
    ------
    ValueError
        If a layer doesn't answer to a clip.
    """
    layered = {"content_layer": content_layer, "style_layers": style_layers}

    def mixed(a: float, b: float) -> aims.Objective:
        return aims.content_style(net, content, style, alpha=a, beta=b, **layered)

    units = aims.balance(net, content, style, content_layer, style_layers)
    alpha, beta = alpha * units[0], beta * units[1]
    rebuilt, start = aims.inversion(inversion_layer, net, content), dreaming.noise(content, [recipe.seed, 0])
    wishes = [Wish(objective, start, content) for objective in (mixed(alpha, beta), rebuilt)]
    dreams = dreaming.dream(net, wishes, recipe)
    waves = np.stack([content, style, *(found.wave for found in dreams)])
    terms = {"content_loss": mixed(1, 0), "style_loss": mixed(0, 1), "inversion_loss": rebuilt}
    losses = {name: -dreaming.values(net, term, waves) for name, term in terms.items()}
    return Transfer(waves, dreams, losses, alpha, beta)


def climbs(found: list[list[Dream]], max_iterations: int) -> dict[str, tuple]:
    """Lay logs of climbs, NaN behind their ends, and costs out by clip and layer: name -> (dims, values, attrs)."""
    rises, dims = np.full((len(found), len(found[0]), 1 + max_iterations), np.nan), ("clip", "layer")
    for i, row in enumerate(found):
        for j, dream in enumerate(row):
            rises[i, j, : len(dream.objective)] = dream.objective
    return {
        "objective": ((*dims, "iteration"), rises, {"units": "1"}),
        "seconds": (dims, np.array([[d.seconds for d in row] for row in found]), {"units": "s"}),
        "n_evaluations": (dims, np.array([[d.n_evaluations for d in row] for row in found]), {"units": "1"}),
    }


def answers(net: nn.Module, sounds: np.ndarray) -> dict[str, tuple]:
    """Return energies of layers and probabilities of styles of sounds (clip, which, sample), the original first."""
    flat, lead = sounds.reshape(-1, sounds.shape[-1]), sounds.shape[:2]
    energy = dreaming.energies(net, flat).reshape(*lead, -1)
    pairs = np.stack([np.broadcast_to(energy[:, :1], energy[:, 1:].shape), energy[:, 1:]], -1)
    said = dreaming.probabilities(net, flat).reshape(*lead, -1)
    return {
        "energy": (("clip", "layer", "layer_of", "when"), pairs, {"units": "1"}),
        "probability": (("clip", "which", "style"), said, {"units": "1"}),
    }
