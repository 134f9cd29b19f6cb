"""Ours: a style put on a clip, which the study found to fail, beside the same clip rebuilt from a layer."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter

from heschl.figures import participants, sounds, style

TITLE = "A style put on a clip, and the clip rebuilt from a layer"
CAPTION = (
    "A: spectrograms (512 samples, 50 % overlap) of a clip, of the clip whose style it is to take, of the sound that "
    "the style loss of Gatys et al. makes of the two, and of the clip rebuilt from one layer alone (Mahendran and "
    "Vedaldi); the last two start from the same quiet noise. r: correlation with the clip, sample by sample; flatness: "
    "spectral flatness of the mean spectrum, 1 for white noise; then what the network takes it for. B, C: the two "
    "losses over their start; left: what the sound still has of the other clip's content loss, and of the clip's own "
    "style loss. A loss that falls while the sound stays noise is the published negative result: then the layers' "
    "second moments are those of the other clip in a sound that nobody would take for it. One pair of clips, drawn at "
    "random."
)
WORDS = {"content": "clip", "style": "the other style", "styled": "style put on the clip",
         "inverted": "rebuilt from one layer"}  # fmt: skip
INKS = {"styled": style.RED, "inverted": style.BLUE}


def draw(*, dreams: Path, png: Path, pdf: Path, table: Path) -> None:
    """Draw wave (which, sample) and loss (made, iteration) of the store of dream.styled."""
    found = sounds.opened(dreams, "dream_styled", "wave", "loss")
    which, made = (found[name].values.astype(str).tolist() for name in ("which", "made"))
    with style.sheet(style.DOUBLE, 0.4 + 0.95 * len(which)) as figure:
        left, right = figure.subfigures(1, 2, width_ratios=[2.1, 1])
        _spectrograms(left, found, which)
        panels = np.atleast_1d(right.subplots(len(made), 1))
        for axes, letter, name in zip(panels, "BCDE", made, strict=False):
            _loss(axes, found["loss"].sel(made=name).values.astype(float), INKS.get(name, style.GREEN))
            axes.set_title(_named(found, name), loc="center")
            style.letter(axes, letter)
        if left_over := _left(found):
            said = "\n".join(f"{name} loss left: {100 * v:.0f} %" for name, v in left_over.items())
            panels[0].text(0.98, 0.97, said, transform=panels[0].transAxes, ha="right", va="top", fontsize=6.5)
        panels[-1].set_xlabel("iteration")
    style.save(figure, _table(found, which, made), png=png, pdf=pdf, table=table)


def _spectrograms(figure: Figure, found: xr.Dataset, which: list[str]) -> None:
    panels = figure.subplots(len(which), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for axes, name in zip(panels, which, strict=True):
        image = sounds.spectrogram(axes, found["wave"].sel(which=name).values, float(found.attrs["rate_hz"]))
        axes.set_title(_says(found, name), fontsize=7)
    panels[-1].set_xlabel("time (s)")
    figure.supylabel("frequency (kHz)", fontsize=7.5)
    sounds.level_bar(figure, image, panels, shrink=0.5, aspect=25, pad=0.015)
    style.letter(panels[0], "A")


def _says(found: xr.Dataset, name: str) -> str:
    """Name a sound, and give its likeness to the clip, its flatness and what it is taken for."""
    one, said = found.sel(which=name), _named(found, name)
    if name in ("content", "style") and "tracks" in found.attrs:
        track = str(found.attrs["tracks"][name == "style"])
        said += f" ({track if len(track) <= 24 else track[:23] + '…'})"
    parts = []
    if "correlation" in found and name != "content":
        parts.append(f"r = {participants.number(float(one['correlation']))}")
    parts.append(f"flatness {participants.number(sounds.flatness(one['wave'].values))}")
    return f"{said}: " + ", ".join([*parts, *filter(None, [sounds.taken_for(one)])])


def _named(found: xr.Dataset, name: str) -> str:
    if name == "inverted" and "inversion_layer" in found.attrs:
        return f"rebuilt from layer {found.attrs['inversion_layer']}"
    return WORDS.get(name, sounds.words(name))


def _left(found: xr.Dataset) -> dict[str, float]:
    """Return how much is left of the styled sound's losses: of the other clip's content loss, the clip's style loss."""
    of = {"content": "style", "style": "content"}
    if not {f"{name}_loss" for name in of} <= set(found.data_vars):
        return {}
    losses = {name: found[f"{name}_loss"] for name in of}
    return {n: float(loss.sel(which="styled") / loss.sel(which=of[n])) for n, loss in losses.items()}


def _loss(axes: Axes, loss: np.ndarray, ink: str) -> None:
    """Draw a loss (iteration,) over its start, as far as it goes."""
    fallen, kind = sounds.relative(loss[np.isfinite(loss)])
    axes.plot(fallen, color=ink, lw=1.4, marker="o" if len(fallen) <= 30 else None, ms=2.2)
    axes.set(ylabel="loss / start" if kind == "ratio" else "loss − start", xlim=(-0.4, len(loss) - 0.6))
    axes.xaxis.get_major_locator().set_params(integer=True)
    if kind == "ratio":
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(numticks=6))
        axes.yaxis.set_minor_formatter(NullFormatter())


def _table(found: xr.Dataset, which: list[str], made: list[str]) -> pd.DataFrame:
    """List the losses by iteration, then what is known of each sound."""
    loss = found["loss"].transpose("made", "iteration").values.astype(float)
    rows = [
        {"sound": name, "iteration": i, "loss": v}
        for name, line in zip(made, loss, strict=True)
        for i, v in enumerate(line)
        if np.isfinite(v)
    ]
    of_sound = [n for n in ("correlation", "content_loss", "style_loss", "inversion_loss") if n in found]
    for name in which:
        one = found.sel(which=name)
        known = {n: float(one[n]) for n in of_sound}
        known |= {"flatness": sounds.flatness(one["wave"].values)}
        if "probability" in found:
            shares = zip(found["style"].values.astype(str), one["probability"].values, strict=True)
            known |= {f"taken_for_{s}": float(v) for s, v in shares}
        rows.append({"sound": name} | known)
    return pd.DataFrame(rows)
