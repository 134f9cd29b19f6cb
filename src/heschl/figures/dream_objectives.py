"""Ours: the objective of each dream by iteration, and what a dream of one layer does to the others."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from heschl.figures import sounds, style

TITLE = "What dreams maximise, iteration by iteration"
CAPTION = (
    "A: the objective of each layer's dreams over its value for the clip they start from (or, where it changes sign, "
    "minus that value). Thin: clips; thick: their geometric mean (mean), in which a dream that is done keeps its last "
    "value. L-BFGS-B never takes a step down; steps of constant size (rms) may. Box: samples were held between −1 and "
    "1. B: energy (half the sum of squares) of every layer in the dream over that in the clip, both at a peak of .9 as "
    "saved, mean of the logarithm over clips: what a dream of one layer does to the others. A layer that grows more in "
    "another's dream than in its own may show a search that got stuck."
)


def draw(*, dreams: Path, png: Path, pdf: Path, table: Path) -> None:
    """Draw objective (clip, layer, iteration) and energy (clip, layer, layer_of, when) of a store of dream.audio."""
    found = sounds.opened(dreams, "dream_audio", "objective")
    objective = found["objective"].transpose("clip", "layer", "iteration").values.astype(float)
    layers = [int(k) for k in found["layer"].values]
    climbed, kind = sounds.relative(objective)
    with style.sheet(style.DOUBLE, 2.4) as figure:
        widths = [1] * len(layers) + [1.15] * ("energy" in found)
        panels = figure.subplots(1, len(widths), width_ratios=widths, squeeze=False)[0]
        for k, (axes, layer) in enumerate(zip(panels, layers, strict=False)):
            _climb(axes, climbed[:, k], kind, sounds.DREAM_INK.get(f"layer {layer}", style.PURPLE))
            axes.set_title(f"dreams of layer {layer}", loc="center")
        panels[0].set_ylabel("objective / start" if kind == "ratio" else "objective − start")
        style.letter(panels[0], "A")
        if "energy" in found:
            _others(figure, panels[-1], found)
            style.letter(panels[-1], "B")
        figure.supxlabel(_settings(found), fontsize=6.5, x=0.01, ha="left")
    style.save(figure, _table(found, objective, climbed, kind), png=png, pdf=pdf, table=table)


def _climb(axes: Axes, climbed: np.ndarray, kind: str, ink: str) -> None:
    """Draw one layer's lines (clip, iteration) and their mean."""
    iterations = np.arange(climbed.shape[1])
    axes.plot(iterations, climbed.T, color=ink, lw=0.5, alpha=0.5)
    whole = pd.DataFrame(climbed.T).ffill().to_numpy().T  # a dream that is done stays where it is
    mean = np.exp(np.log(whole).mean(0)) if kind == "ratio" else whole.mean(0)
    axes.plot(iterations, mean, color=ink, lw=1.6)
    axes.set(xlabel="iteration", xlim=(-0.3, climbed.shape[1] - 0.7))
    axes.xaxis.get_major_locator().set_params(integer=True)
    if kind == "ratio":
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(numticks=6))
        axes.yaxis.set_minor_formatter(NullFormatter())


def _grown(found: xr.Dataset) -> np.ndarray:
    """Return by what factor energies grew, (dreamed, of), geometric mean over clips."""
    energy = found["energy"].transpose("when", "clip", "layer", "layer_of").values.astype(float)
    with np.errstate(divide="ignore"):
        return 10 ** np.log10(energy[1] / energy[0]).mean(0)


def _others(figure: Figure, axes: Axes, found: xr.Dataset) -> None:
    grown = _grown(found)
    shown = np.log10(np.clip(grown, 1e-9, None))
    top = max(np.abs(shown).max(), 0.1)
    image = axes.imshow(shown, cmap="RdBu_r", vmin=-top, vmax=top, aspect="auto")
    for y, x in np.ndindex(grown.shape):
        dark = abs(shown[y, x]) > 0.55 * top
        axes.text(x, y, f"× {sounds.times(grown[y, x])}", ha="center", va="center", fontsize=6,
                  color="white" if dark else style.INK)  # fmt: skip
    axes.set_xticks(range(grown.shape[1]), [f"{k}" for k in found["layer_of"].values])
    axes.set_yticks(range(grown.shape[0]), [f"{k}" for k in found["layer"].values])
    axes.set(xlabel="energy of layer", ylabel="dream of layer")
    axes.set_title("energy, after / before", loc="center")
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, aspect=18, pad=0.03)
    bar.set_label("log10 of the factor")


def _settings(found: xr.Dataset) -> str:
    """Say how it was climbed, and how long it took."""
    attrs, n = found.attrs, found.sizes["clip"]
    box = "samples held between −1 and 1" if attrs.get("bounded", True) else "no bounds"
    optimiser = {"lbfgsb": "L-BFGS-B", "rms": "steps of constant size"}.get(
        str(attrs.get("optimiser", "lbfgsb")), str(attrs.get("optimiser"))
    )
    parts = [f"{n} clip{'s' * (n > 1)}", f"objective: {sounds.words(attrs.get('objective', 'energy'))}", optimiser, box]
    if "seconds" in found:
        parts.append(f"{float(found['seconds'].mean()):.1f} s a dream")
    return "; ".join(parts) + "."


def _table(found: xr.Dataset, objective: np.ndarray, climbed: np.ndarray, kind: str) -> pd.DataFrame:
    layers = [int(k) for k in found["layer"].values]
    rows = [
        {"clip": c + 1, "layer": layers[k], "iteration": i, "objective": objective[c, k, i], kind: climbed[c, k, i]}
        for c, k, i in np.ndindex(objective.shape)
        if np.isfinite(objective[c, k, i])
    ]
    if "energy" in found:
        grown = _grown(found)
        rows += [
            {"layer": layers[k], "energy_of_layer": int(found["layer_of"].values[j]), "energy_ratio": grown[k, j]}
            for k, j in np.ndindex(grown.shape)
        ]
    return pd.DataFrame(rows)
