"""Ours: how much sound one number of each layer sees, strides counted, beside the published figures."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter

from heschl.figures import style

TITLE = "How much sound each layer sees"
CAPTION = (
    "The study gives the lowest frequency that a layer can see as the sampling rate over the length of its filter, as "
    "if each layer read the waveform; but the second and third read what the strides of those before have thinned. One "
    "number of a layer sees its filter's length times the strides before it, and more (A: filled; open: the filter "
    "alone). B: the frequency whose period just fits: filled, of the receptive field; open, as published. The third "
    "layer follows rhythm and envelope, not only pitch."
)
RATE_HZ = 8000
PUBLISHED = {"ms": 7, "mfc": "white", "mec": style.RED, "mew": 1.2}


def draw(*, png: Path, pdf: Path, table: Path, rate_hz: int = RATE_HZ) -> None:
    """Draw the receptive fields of the convolutions of the network of styles, at a sampling rate."""
    from heschl.nets import style_cnn

    fields, kernels = style_cnn.receptive_fields(), [c.kernel for c in style_cnn.CONVOLUTIONS]
    rows = [
        {"layer": k, "kernel_samples": kernel, "field_samples": field, "kernel_ms": 1000 * kernel / rate_hz,
         "field_ms": 1000 * field / rate_hz, "published_hz": rate_hz / kernel, "field_hz": rate_hz / field}
        for k, (kernel, field) in enumerate(zip(kernels, fields, strict=True), 1)
    ]  # fmt: skip
    with style.sheet(style.DOUBLE * 0.85, 1.95) as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        _fields(left, rows)
        _frequencies(right, rows)
        style.letter(left, "A")
        style.letter(right, "B")
    style.save(figure, rows, png=png, pdf=pdf, table=table)


def _fields(axes: Axes, rows: list[dict]) -> None:
    for row in rows:
        _pair(axes, row["layer"], row["field_ms"], row["kernel_ms"])
        text = f"{row['field_samples']:,} samples, {_short(row['field_ms'])} ms"
        axes.text(row["field_ms"] * 1.3, row["layer"], text, va="center", fontsize=6.5, color=style.BLUE)
    axes.set(xscale="log", xlim=(0.5, 6000), ylim=(3.6, 0.4), xlabel="sound seen by one number (ms)")
    axes.set_yticks([row["layer"] for row in rows], [f"layer {row['layer']}" for row in rows])
    _plain(axes, [1, 10, 100, 1000])


def _frequencies(axes: Axes, rows: list[dict]) -> None:
    for row in rows:
        y, own, published = row["layer"], row["field_hz"], row["published_hz"]
        _pair(axes, y, own, published)
        axes.text(own / 1.3, y, _short(own), ha="right", va="center", fontsize=6.5, color=style.BLUE)
        axes.text(published * 1.3, y, _short(published), ha="left", va="center", fontsize=6.5, color=style.RED)
    axes.set(xscale="log", xlim=(2.5, 3000), xlabel="lowest frequency whose period fits (Hz)")
    axes.tick_params(left=False)
    _plain(axes, [10, 100, 1000])
    axes.plot([], [], "o", label="published: the filter alone", **PUBLISHED)
    axes.plot([], [], "o", ms=4, color=style.BLUE, label="with the strides before it")
    axes.figure.legend(loc="outside lower center", ncols=2)


def _pair(axes: Axes, y: int, own: float, published: float) -> None:
    if not np.isclose(own, published):
        axes.plot([own, published], [y, y], color=style.PALE, lw=2, zorder=1)
    axes.plot(published, y, "o", zorder=2, **PUBLISHED)
    axes.plot(own, y, "o", ms=4, color=style.BLUE, zorder=3)


def _short(value: float) -> str:
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def _plain(axes: Axes, ticks: list[int]) -> None:
    """Put a few ticks on a logarithmic axis, without exponents."""
    axes.set_xticks(ticks)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda v, _: f"{v:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
