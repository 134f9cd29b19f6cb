"""F22 of style_dream: a clip, and what each layer of the network dreams of it, as waveforms."""

from pathlib import Path

import pandas as pd
import xarray as xr

from heschl.figures import sounds, style

TITLE = "A clip and its dreams: waveforms"
CAPTION = (
    "Top to bottom: a clip that the network didn't train on, drawn at random, and the sound that gradient ascent makes "
    "of it when it maximises the third, second and first convolution's output (half the sum of squares after ReLU, "
    "before batch norm), with the network frozen. Each is scaled to a peak of .9, as it is saved; what is drawn is the "
    "least and largest sample of each column. Above each: by what factor the objective grew, from the clip to the last "
    "iteration, and which style the network takes the sound for. The first layer's objective is convex in the sound: "
    "between bounds (−1 and 1) it is largest at a corner, which is a sound of nothing but bursts."
)


def draw(*, dreams: Path, png: Path, pdf: Path, table: Path, clip: int = 1) -> None:
    """Draw wave (which, sample) of one clip of a store of dream.audio, in the order that it has.

    Raises
    ------
    HeschlError
        If the store has no such clip.
    """
    found = sounds.opened(dreams, "dream_audio", "wave", "objective")
    one, rate_hz = sounds.of_clip(found, clip, dreams), float(found.attrs["rate_hz"])
    names = one["which"].values.astype(str).tolist()
    rows = []
    with style.sheet(style.DOUBLE * 0.75, 0.5 + 0.92 * len(names)) as figure:
        panels = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
        for axes, name in zip(panels, names, strict=True):
            wave = one["wave"].sel(which=name).values
            sounds.waveform(axes, wave, rate_hz, sounds.DREAM_INK.get(sounds.words(name), style.PURPLE))
            axes.set_title(said(one, name))
            columns = zip(*sounds.envelope(sounds.as_heard(wave), rate_hz), strict=True)
            rows += [(clip, name, *column) for column in columns]
        panels[-1].set_xlabel("time (s)")
        figure.supylabel("amplitude", fontsize=7.5)
    numbers = pd.DataFrame(rows, columns=["clip", "which", "time_s", "least", "largest"])
    style.save(figure, numbers, png=png, pdf=pdf, table=table)


def said(one: xr.Dataset, name: str) -> str:
    """Name a panel: the clip, or the layer with how much its objective grew; and what the network takes it for."""
    taken = sounds.taken_for(one.sel(which=name))
    if name == "original":
        return "; ".join(filter(None, ("original" + f" ({sounds.named(one)})" * bool(sounds.named(one)), taken)))
    layer = int(name.removeprefix("layer_")) if name.startswith("layer_") else 0  # 0: the network's output
    objective = one["objective"].sel(layer=layer).dropna("iteration").values.astype(float)
    change, kind = sounds.relative(objective)
    grown = f"objective × {sounds.times(change[-1])}" if kind == "ratio" and len(change) else ""
    return "; ".join(filter(None, (sounds.words(name), grown, taken)))
