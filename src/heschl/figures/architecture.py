"""F2: the tagger, ResNet-18 in one dimension, from waveform to tags."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from heschl.figures import style, tagger_weights
from heschl.science import receptive_field as rf

TITLE = "The tagging network"
CAPTION = (
    "ResNet-18 in one dimension: the square kernels, strides and inputs of the two-dimensional network become their "
    "products (49 = 7 x 7, 9 = 3 x 3, stride 4 = 2 x 2). Each residual block is two convolutions of 9 samples with "
    "batch normalisation; arcs are shortcuts, dashed where a 1 x 1 convolution changes the shape. As published the "
    "first stage has 64 channels. Numbers above the boxes are the ten layers compared with the brain; layer 10 is the"
    " tag probabilities (time average, fully connected layer, sigmoid): averaged over the clip to tag it, over each "
    "short bin to be compared with the brain. Lengths are for the excerpt heard in training."
)
HEADS = ("output", "channels", "length (samples)", "rate (Hz)", "receptive field")
WIDTH, LEFT = 0.74, -2.0


def draw(
    *,
    png: Path,
    pdf: Path,
    table: Path,
    n_samples: int = 50_176,
    n_tags: int = 50,
    width: int = 64,
    weights: Path | list = (),
    rate_hz: float = rf.RATE_HZ,
) -> None:
    """Draw the network for an excerpt of n_samples at rate_hz; `width` channels first, unless weights tell."""
    built = rf.resnet18_1d(tagger_weights.width(weights, width))
    stages = rf.rows(n_samples, built, rate_hz)
    with style.sheet(style.DOUBLE, 2.9) as figure:
        axes = figure.add_subplot()
        axes.set(xlim=(LEFT, len(stages) + 0.55), ylim=(-2.75, 2.75))
        axes.set_axis_off()
        _ends(axes, n_samples, rate_hz, n_tags, len(stages))
        for x, (stage, row) in enumerate(zip(built, stages, strict=True)):
            _stage(axes, x, stage, row)
        for y, head in enumerate(HEADS):
            axes.text(LEFT, -0.5 - 0.5 * y, head, ha="left", va="center", fontsize=6.2, color=style.GREY)
    numbers = [{"layer": _layer(x), **row._asdict()} for x, row in enumerate(stages)]
    numbers.append({"layer": 10, "name": "fc", "channels": n_tags, "length": 1})
    style.save(figure, numbers, png=png, pdf=pdf, table=table)


def _layer(x: int) -> int | None:
    """Layer 1 is conv1 after the pool; the blocks are layers 2 to 9."""
    return None if x == 0 else x


def _stage(axes: Axes, x: int, stage: rf.Stage, row: rf.Row) -> None:
    colours, norm = style.layer_colours(10)
    layer = _layer(x)
    colour = colours(norm(layer)) if layer else style.PALE
    _box(axes, x, colour, layer)
    if stage.shortcut:
        _shortcut(axes, x, dashed=stage.shortcut == "projection")
    stride = stage.windows[0][1]
    kind = "max " if stage.name == "pool" else ""
    text = f"{kind}{row.kernel}" + (f" /{stride}" if stride > 1 else "") + (" ×2" if stage.shortcut else "")
    axes.text(x, 0.85, text, ha="center", va="center", fontsize=6, color=_readable(layer), rotation=90)
    _column(axes, x, (row.name, f"{row.channels}", f"{row.length:,}", f"{row.rate_hz:,.4g}", duration(row.field_ms)))


def _readable(layer: int | None) -> str:
    return style.INK if layer is None or layer > 5 else "white"


def _box(axes: Axes, x: float, colour: object, layer: int | None) -> None:
    shape = FancyBboxPatch(
        (x - WIDTH / 2, 0.0),
        WIDTH,
        1.75,
        boxstyle="round,pad=0,rounding_size=0.1",
        facecolor=colour,
        edgecolor=style.INK,
        linewidth=0.6,
    )
    axes.add_patch(shape)
    arrow = {
        "arrowstyle": "-|>",
        "lw": 0.6,
        "shrinkA": 0,
        "shrinkB": 0,
        "mutation_scale": 5,
        "color": style.INK,
    }
    axes.annotate("", (x - WIDTH / 2, 0.87), (x - 1 + WIDTH / 2, 0.87), arrowprops=arrow)
    if layer:
        axes.text(x, 2.3, f"{layer}", ha="center", va="bottom", fontsize=8, fontweight="bold")


def _shortcut(axes: Axes, x: float, *, dashed: bool) -> None:
    bend = {
        "arrowstyle": "-",
        "connectionstyle": "arc3,rad=-0.55",
        "lw": 0.9,
        "ls": (0, (2, 1.5)) if dashed else "-",
        "color": style.INK,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    axes.annotate("", (x + WIDTH / 2 - 0.04, 1.8), (x - WIDTH / 2 + 0.04, 1.8), arrowprops=bend)


def _column(axes: Axes, x: float, texts: tuple[str, ...]) -> None:
    for y, text in enumerate(texts):
        axes.text(x, -0.5 - 0.5 * y, text, ha="center", va="center", fontsize=6.2)


def _ends(axes: Axes, n_samples: int, rate_hz: float, n_tags: int, x: int) -> None:
    """Draw the waveform that goes in, and the averaging, FC layer and sigmoid that come last."""
    colours, norm = style.layer_colours(10)
    axes.text(
        LEFT,
        0.87,
        f"waveform\n{n_samples:,}\nsamples\n{n_samples / rate_hz:.3g} s",
        va="center",
        fontsize=6.2,
    )
    axes.text(LEFT, 2.3, "layer", ha="left", va="bottom", fontsize=6.2, color=style.GREY)
    _box(axes, x, colours(norm(10)), 10)
    axes.text(x, 0.87, "mean, FC, σ", ha="center", va="center", fontsize=6, rotation=90)
    _column(axes, x, ("tags", f"{n_tags}", "1", "–", "whole clip"))


def duration(ms: float) -> str:
    """Write a duration to three digits: 3.1 ms, 141 ms, 1.20 s."""
    return f"{ms / 1000:.2f} s" if ms >= 1000 else f"{ms:.3g} ms" if ms >= 10 else f"{ms:.1f} ms"
