"""Dream: sounds that make a network of styles answer more, and a clip in another's style (Geng; science.md A2).

Sounds in the stores and on disk have a peak of .9, as published; what was climbed is logged as it was climbed.
"""

import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from heschl import store
from heschl.datasets import wav
from heschl.errors import HeschlError

ONE, SECONDS = {"units": "1"}, {"units": "s"}
OUTPUT = 0  # in place of a layer's number: the network's output


class _World(NamedTuple):
    """waves (clip, sample), where they come from (clip,), the network, and which clips it never learnt from (clip,)."""

    waves: np.ndarray
    clips: xr.Dataset
    net: object
    about: dict
    unheard: np.ndarray


def audio(
    *,
    clips: Path,
    weights: Path,
    scores: Path,
    dreams: Path,
    sounds: Path,
    layers: list[int],
    n_clips: int,
    objective: str,
    optimiser: str,
    bounded: bool,
    max_iterations: int,
    priors: dict[str, float],
    from_style: str,
    seed: int,
    to_style: str = "",
    rate: float = 0.01,
    exponent: float = 1.0,
    max_shift: int = 0,
    n_shifts: int = 4,
) -> None:
    """Dream every layer from some clips that the network hasn't learnt from, clips and layers side by side.

    Writes wave (clip, which, sample), which = original, layer_3, ... in the order of `layers`, or original, logit;
    objective (clip, layer, iteration) from the start on, NaN once a climb has ended; energy (clip, layer, layer_of,
    when), 1/2 sum y^2 of layer layer_of in the original and in the dream; probability (clip, which, style); seconds
    and n_evaluations (clip, layer); WAVs clip-01_original.wav, clip-01_layer-3.wav, ... layer is 0 for a logit.

    Parameters
    ----------
    clips, weights, scores : of cut.clips and tell.styles
    sounds : directory of the WAVs
    objective : energy as published, guide, inversion, content_style or logit, see nets.dream_objectives
    optimiser, bounded, rate, priors, exponent, max_shift, n_shifts : see nets.dreaming.Recipe
    from_style, to_style : clips are of the one ("": the first); guides, styles and logits are of the other ("": the
        first other one)

    Raises
    ------
    HeschlError
        If stores and weights don't belong together, the network doesn't hear sound, or a setting makes no sense.
    """
    from heschl.nets import dreaming, style_dreams

    recipe = dreaming.Recipe(optimiser, bounded, max_iterations, rate, priors, exponent, max_shift, n_shifts, seed)
    _refuse(objective, recipe, layers, n_clips)
    world = _load(clips, weights, scores)
    first, other, rows, guides = _chosen(world, from_style, to_style, n_clips, seed, clips)
    layers = [OUTPUT] if objective == "logit" else list(layers)
    waves, began = world.waves[rows], time.perf_counter()
    try:
        aim = list(world.about["styles"]).index(other)
        found = style_dreams.of_clips(world.net, waves, world.waves[guides], layers, objective, aim, recipe)
    except ValueError as error:
        raise HeschlError(clips, str(error), "no dreams", "Change the settings of dream") from error
    print(f"{len(rows)} clips, {len(layers)} layers: {time.perf_counter() - began:.1f} s", file=sys.stderr)
    loud = np.stack([_loud([w, *(d.wave for d in row)], clips) for w, row in zip(waves, found, strict=True)])
    names = ["original", *(f"layer-{k}" if k else "logit" for k in layers)]
    files = [f"clip-{i + 1:02d}_{name}" for i in range(len(rows)) for name in names]
    _write_sounds(sounds, zip(files, loud.reshape(len(files), -1), strict=True), world.about["rate_hz"])
    attrs = _settings(recipe, world, first, other) | {"objective": objective}
    attrs |= {"stopped": sorted({d.stopped for row in found for d in row})}
    coords = {"clip": rows, "which": [n.replace("-", "_") for n in names], "layer": layers, "layer_of": [1, 2, 3]}
    coords |= {"when": ["original", "dream"], "style": list(world.about["styles"])}
    coords |= {name: ("clip", world.clips[name].values[rows]) for name in ("track", "start_s")}
    arrays = style_dreams.climbs(found, max_iterations) | style_dreams.answers(world.net, loud)
    arrays["wave"] = (("clip", "which", "sample"), loud.astype(np.float32), ONE)
    store.write(dreams, xr.Dataset(arrays, coords, attrs))


def styled(
    *,
    clips: Path,
    weights: Path,
    scores: Path,
    dreams: Path,
    sounds: Path,
    content_layer: int,
    style_layers: list[int],
    alpha: float,
    beta: float,
    inversion_layer: int,
    bounded: bool,
    max_iterations: int,
    priors: dict[str, float],
    from_style: str,
    seed: int,
    to_style: str = "",
    exponent: float = 1.0,
) -> None:
    """Give one clip another's style (Gatys et al. 2015) and rebuild it from a layer (Mahendran and Vedaldi 2015).

    Both start from the same quiet noise. Published as a negative result: what comes out is noise. Writes wave (which,
    sample), which = content, style, styled, inverted; loss (made, iteration) of made = styled, inverted, from the
    start on; content_loss, style_loss and inversion_loss (which,), see nets.style_dreams; correlation (which,) with
    the content, sample by sample; probability (which, style); seconds (made,); WAVs content.wav, ...

    Parameters
    ----------
    content_layer, style_layers : see nets.dream_objectives.content_style
    alpha, beta : weights of content and style, in units of nets.dream_objectives.balance; attrs gatys_alpha and
        gatys_beta have them as published
    inversion_layer : that the clip is rebuilt from
    bounded, priors, exponent : see nets.dreaming.Recipe
    from_style, to_style : of the content and of the style, as `audio`

    Raises
    ------
    HeschlError
        As `audio`.
    """
    from heschl.nets import dreaming, style_dreams

    recipe = dreaming.Recipe("lbfgsb", bounded, max_iterations, priors=priors, exponent=exponent, seed=seed)
    for layers in ([content_layer], style_layers, [inversion_layer]):
        _refuse("content_style", recipe, layers, 1)
    world = _load(clips, weights, scores)
    first, other, (row,), (guide,) = _chosen(world, from_style, to_style, 1, seed, clips)
    asked = {"content_layer": content_layer, "style_layers": list(style_layers), "alpha": alpha, "beta": beta}
    asked |= {"inversion_layer": inversion_layer}
    try:
        found = style_dreams.transfer(world.net, world.waves[row], world.waves[guide], recipe, **asked)
    except ValueError as error:
        raise HeschlError(clips, str(error), "no dreams", "Change the settings of dream") from error
    loud, which = _loud(found.waves, clips), ["content", "style", "styled", "inverted"]
    _write_sounds(sounds, zip(which, loud, strict=True), world.about["rate_hz"])
    climbs = style_dreams.climbs([found.dreams], max_iterations)
    arrays = {name: ("which", values, ONE) for name, values in found.losses.items()}
    arrays["correlation"] = ("which", [np.corrcoef(loud[0], wave)[0, 1] for wave in loud], ONE)
    arrays["wave"] = (("which", "sample"), loud.astype(np.float32), ONE)
    arrays["probability"] = (("which", "style"), dreaming.probabilities(world.net, loud), ONE)
    arrays["loss"] = (("made", "iteration"), -climbs["objective"][1][0], ONE)
    arrays["seconds"] = ("made", climbs["seconds"][1][0], SECONDS)
    coords = {"which": which, "made": which[2:], "style": list(world.about["styles"])}
    about = {"gatys_alpha": found.alpha, "gatys_beta": found.beta}
    about |= {"tracks": [str(world.clips["track"].values[i]) for i in (row, guide)]}
    store.write(dreams, xr.Dataset(arrays, coords, _settings(recipe, world, first, other) | asked | about))


def _refuse(objective: str, recipe, layers: list[int], n_clips: int) -> None:
    from heschl.nets import dream_priors, dreaming
    from heschl.science.ascent import OPTIMISERS

    shifted = recipe.max_shift > 0 and objective in dreaming.IN_PLACE
    negative = min(recipe.priors.values(), default=0.0) < 0 or not set(recipe.priors) <= set(dream_priors.PRIORS)
    for name, given, bad, wanted in (
        ("objective", objective, objective not in dreaming.OBJECTIVES, f"one of {', '.join(dreaming.OBJECTIVES)}"),
        ("optimiser", recipe.optimiser, recipe.optimiser not in OPTIMISERS, f"one of {', '.join(OPTIMISERS)}"),
        ("layers", layers, not layers or not {*layers} <= {1, 2, 3} or len({*layers}) < len(layers), "some of 1, 2, 3"),
        ("priors", recipe.priors, negative, f"weights of 0 or more of {', '.join(dream_priors.PRIORS)}"),
        ("max_iterations", recipe.max_iterations, recipe.max_iterations < 1, "1 or more"),
        ("n_clips", n_clips, n_clips < 1, "1 or more"),
        ("rate", recipe.rate, recipe.rate <= 0, "above 0"),
        ("max_shift", recipe.max_shift, shifted, f"0: {objective} compares moment by moment"),
    ):
        if bad:
            raise HeschlError(f"dream: {name}", f"{given} given", f"wanted {wanted}")


def _load(clips: Path, weights: Path, scores: Path) -> _World:
    """Read clips, the network and its folds, which must be of the same clips."""
    from heschl.nets import style_weights
    from heschl.nets.device import pick_device

    heard, folds, about = store.read(clips).load(), store.read(scores).load(), style_weights.about(weights)
    again = "Run tell again"
    if about["front_end"] == "embedding":
        given = "its network hears features of a model"
        raise HeschlError(weights, given, "wanted one that hears sound", "Set tell: front_end to raw or mel")
    if (n := about["options"]["n_samples"]) != heard.sizes["sample"]:
        raise HeschlError(weights, f"hears {n} samples", f"{clips} has {heard.sizes['sample']}", again)
    if about["styles"] != list(heard.attrs["styles"]):
        raise HeschlError(weights, f"tells {about['styles']}", f"{clips} has {heard.attrs['styles']}", again)
    if any(not np.array_equal(folds[name], heard[name]) for name in ("track", "style", "start_s")):
        raise HeschlError(scores, "is of other clips", f"wanted those of {clips}", again)
    fold = folds["fold"].values
    unheard = fold == about.get("fold", fold.max())
    net = style_weights.load(weights, pick_device())
    return _World(heard["audio"].values, heard, net, about | {"rate_hz": int(heard.attrs["rate_hz"])}, unheard)


def _chosen(world: _World, from_style: str, to_style: str, n: int, seed: int, path: Path):
    """Draw clips of one style that the network hasn't learnt from, and as many of the other one as company."""
    styles = list(world.about["styles"])
    first = from_style or styles[0]
    other = to_style or next(s for s in styles if s != first)
    for name, style in (("from_style", first), ("to_style", other)):
        if style not in styles:
            raise HeschlError(f"dream: {name}", f"{style!r} given", f"wanted one of {', '.join(styles)}")
    rng, rows = np.random.default_rng([seed]), []
    for style in (first, other):
        there = np.flatnonzero(world.unheard & (world.clips["style"].values == style))
        if not len(there):
            raise HeschlError(path, f"no clip of {style} in the last test fold", "wanted one at least", "Split anew")
        rows.append(rng.permutation(there))
    if len(rows[0]) < n:
        print(f"{len(rows[0])} clips of {first} to dream from instead of {n}", file=sys.stderr)
    chosen = rows[0][:n]
    return first, other, chosen, np.resize(rows[1], len(chosen))


def _loud(waves: Iterable[np.ndarray], path: Path) -> np.ndarray:
    return np.stack([wav.at_peak(wave, where=path) for wave in waves])


def _write_sounds(folder: Path, sounds: Iterable[tuple[str, np.ndarray]], rate_hz: int) -> None:
    with store.atomic(folder) as temporary:
        temporary.mkdir()
        for name, wave in sounds:
            wav.write(temporary / f"{name}.wav", wave, rate_hz)


def _settings(recipe, world: _World, first: str, other: str) -> dict:
    about = {"from_style": first, "to_style": other, "rate_hz": world.about["rate_hz"]}
    about |= {"front_end": world.about["front_end"], "bounded": int(recipe.bounded)}
    return recipe._asdict() | about
