"""Table 1: the tagging network, layer by layer."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from heschl.figures import architecture, style, tagger_weights
from heschl.science import receptive_field as rf

TITLE = "The tagging network, layer by layer"
CAPTION = (
    "ResNet-18 in one dimension: kernel and channels of each convolution, its stride and padding, the length of the "
    "output for the excerpt heard in training and for a whole clip (in samples; lengths round down), the stride from "
    "one number of the output to the next in samples of the sound and the rate that this makes, how much sound one "
    "number sees (receptive field), and what the layer learns (kernels, biases, batch normalisation, projections). A "
    "residual block is convolution, batch normalisation, ReLU, convolution and batch normalisation, plus the shortcut, "
    "then ReLU; where the stride is 4, a 1 × 1 convolution projects the shortcut. Numbers at the left are the layers "
    "compared with the brain. The last map comes after the average over time, so that a clip of any length gets its "
    "tags. All numbers are computed from the network."
)
CLIP_S = 29.0
HEADS = ("", "layer", "kernel, channels", "stride,\npadding", "length,\n{short}", "length,\n{long}", "stride\n(rate)",
         "receptive\nfield", "parameters")  # fmt: skip
PLACES = (0.0, 0.035, 0.14, 0.32, 0.485, 0.615, 0.775, 0.885, 1.0)
N_WORDS = 4  # columns that begin at their place; numbers end there


def draw(
    *,
    png: Path,
    pdf: Path,
    table: Path,
    n_samples: int = 50_176,
    clip_s: float = CLIP_S,
    n_tags: int = 50,
    width: int = 64,
    weights: Path | list = (),
    rate_hz: float = rf.RATE_HZ,
) -> None:
    """Draw the layers for an excerpt of n_samples and a clip of clip_s; width: channels first, unless weights tell."""
    stages, n_long = rf.resnet18_1d(tagger_weights.width(weights, width)), round(clip_s * rate_hz)
    short, long = (rf.rows(n, stages, rate_hz) for n in (n_samples, n_long))
    counts = rf.parameters(stages)
    rows = [_row(k, *one) for k, one in enumerate(zip(stages, short, long, counts, strict=True))]
    rows += _ends(n_tags, stages[-1].channels, sum(counts))
    numbers = pd.DataFrame(rows)
    heads = [h.format(short=f"{n_samples:,}", long=f"{n_long:,} ({clip_s:g} s)") for h in HEADS]
    with style.sheet(style.DOUBLE, 0.65 + 0.17 * len(rows)) as figure:
        _write(figure.add_subplot(), numbers, heads)
    style.save(figure, numbers, png=png, pdf=pdf, table=table)


def _row(k: int, stage: rf.Stage, short: rf.Row, long: rf.Row, n_parameters: int) -> dict:
    """Describe a stage; layer 1 is conv1 after the pool, the blocks are layers 2 to 9."""
    kernel, stride, padding = stage.windows[0]
    words = f"1 × {kernel}, {stage.channels}"
    words = f"max of {kernel}" if stage.name == "pool" else f"[{words}] × {len(stage.windows)}" if k > 1 else words
    return {
        "layer": k or None, "name": stage.name, "spec": words, "steps": f"{stride}, {padding}",
        "length_excerpt": short.length, "length_clip": long.length, "stride_samples": short.stride,
        "rate_hz": short.rate_hz, "receptive_field_ms": short.field_ms, "n_parameters": n_parameters,
    }  # fmt: skip


def _ends(n_tags: int, n_channels: int, n_before: int) -> list[dict]:
    """Describe the average over time, the tags, and the sum of all."""
    nothing = dict.fromkeys(("stride_samples", "rate_hz", "receptive_field_ms"), np.nan)
    n_last = n_tags * (n_channels + 1)
    one = {"length_excerpt": 1, "length_clip": 1} | nothing
    return [
        {"layer": None, "name": "average", "spec": "mean over time", "steps": "", **one, "n_parameters": 0},
        {"layer": 10, "name": "tags", "spec": f"linear, {n_tags}, sigmoid", "steps": "", **one, "n_parameters": n_last},
        {"layer": None, "name": "sum", "spec": "", "steps": "", "length_excerpt": np.nan, "length_clip": np.nan,
         **nothing, "n_parameters": n_before + n_last},
    ]  # fmt: skip


def _write(axes: Axes, numbers: pd.DataFrame, heads: list[str]) -> None:
    """Write the table with rules as journals do: above, below the heads, above the sum, below."""
    n = len(numbers)
    axes.set(xlim=(-0.005, 1.005), ylim=(n - 0.4, -2.4))
    axes.set_axis_off()
    for k, (x, head) in enumerate(zip(PLACES, heads, strict=True)):
        axes.text(x, -0.7, head, ha=_side(k), va="bottom", fontweight="bold", fontsize=6.8, linespacing=1.1)
    for y, thick in ((-2.35, 1.0), (-0.6, 0.6), (n - 1.5, 0.6), (n - 0.5, 1.0)):
        axes.axhline(y, color=style.INK, lw=thick)
    colours, norm = style.layer_colours(10)
    for y, row in enumerate(numbers.itertuples(index=False)):
        if layer := _number(row.layer):
            axes.plot(0.008, y, "s", ms=7, mec="none", color=colours(norm(int(layer))), clip_on=False)
        colour = "white" if layer and int(layer) < 6 else style.INK
        axes.text(0.008, y, layer, ha="center", va="center", fontsize=5.8, color=colour)
        for k, text in enumerate(_said(row), 1):
            axes.text(PLACES[k], y, text, ha=_side(k), va="center", fontsize=6.8)


def _side(k: int) -> str:
    return "left" if k < N_WORDS else "right"


def _said(row) -> tuple[str, ...]:
    known = np.isfinite(row.rate_hz)
    return (
        row.name, row.spec, row.steps, _number(row.length_excerpt), _number(row.length_clip),
        f"{row.stride_samples:,.0f} ({_rate(row.rate_hz)})" if known else "",
        architecture.duration(row.receptive_field_ms) if known else "whole clip" if row.name == "tags" else "",
        _number(row.n_parameters) or "0",
    )  # fmt: skip


def _rate(hz: float) -> str:
    return f"{hz / 1000:g} kHz" if hz >= 1000 else f"{hz:.3g} Hz"


def _number(value: float | None) -> str:
    """Write a whole number; nothing where there is none."""
    return f"{int(value):,}" if value is not None and np.isfinite(value) and value else ""
