"""F24 to F26 of style_dream: the filters of the three convolutions, every one."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from heschl.errors import HeschlError
from heschl.figures import style

TITLE = "Filters of the network that tells styles"
CAPTION = (
    "Weights of one convolution of the network whose test clips are dreamed from. The first convolution reads the "
    "waveform: eight filters of eight samples. The second and third read eight channels each, so each filter is a row "
    "of eight: all 8 x 8 are shown, and at the right, in orange, their mean over input channels, which is what the "
    "published figures show. All weights of a figure have one scale, the means another, both given above. One step "
    "along a filter is 1, 2 or 8 samples of sound (strides of the layers before counted). Before training all weights "
    "are drawn at random, evenly within the bounds given above, which are narrower the deeper the layer: so deep "
    "filters are smaller from the start, and those that training changed little are ragged."
)


def draw(*, weights: Path, layer: int, png: Path, pdf: Path, table: Path) -> None:
    """Draw the kernels (filter, channel, tap) of convolution 1, 2 or 3 of weights of tell.

    Raises
    ------
    HeschlError
        If there is no such convolution, or the weights can't be read.
    """
    from heschl.nets import style_cnn, style_weights

    if not 1 <= layer <= len(style_cnn.CONVOLUTIONS):
        raise HeschlError("draw_style_filters", f"layer {layer}", f"wanted 1 to {len(style_cnn.CONVOLUTIONS)}")
    told = style_weights.about(weights)
    front_end, glorot = told["front_end"], told["options"].get("glorot", style_cnn.GLOROT[0])
    kernels = np.zeros((0, 0, 0))
    if front_end == "raw":
        kernels = style_weights.load(weights).convolutions[layer - 1].weight.detach().numpy().astype(float)
    step = int(np.prod([c.stride for c in style_cnn.CONVOLUTIONS[: layer - 1]], dtype=int))
    with style.sheet(style.DOUBLE, 1.9 if kernels.shape[1] <= 1 else 4.6) as figure:
        if not kernels.size:
            style.says(figure.add_subplot(), f"the front end {front_end} has no filters on the waveform")
        elif kernels.shape[1] == 1:
            _row(figure, kernels[:, 0])
            figure.suptitle(f"convolution {layer}: {_began(kernels, glorot)}", fontsize=8)
        else:
            scales = _grid(figure, kernels, step)
            figure.suptitle(f"convolution {layer}: {scales}; {_began(kernels, glorot)}", fontsize=8)
    style.save(figure, _table(kernels), png=png, pdf=pdf, table=table)


def _began(kernels: np.ndarray, glorot: str) -> str:
    """Say within which bounds the weights (filter, channel, tap) were drawn, see nets.style_cnn.glorot_init."""
    n_out, n_in, taps = kernels.shape
    bound = np.sqrt(6 / ((n_in + n_out) * taps)) if glorot == "sqrt6" else 1 / np.sqrt(n_in * taps)
    return f"drawn within ±{bound:.2g} before training"


def _row(figure: Figure, kernels: np.ndarray) -> None:
    """Draw filters (filter, tap) that read one channel."""
    top = 1.08 * np.abs(kernels).max()
    panels = figure.subplots(1, len(kernels), sharey=True)
    for k, (axes, kernel) in enumerate(zip(panels, kernels, strict=True), 1):
        tap = np.arange(1, len(kernel) + 1)
        axes.axhline(0, color=style.GREY, lw=0.5, zorder=1)
        axes.vlines(tap, 0, kernel, color=style.BLUE, lw=1, zorder=2)
        axes.plot(tap, kernel, "o", color=style.BLUE, ms=2.6, zorder=3)
        axes.set(xlim=(0.3, len(kernel) + 0.7), ylim=(-top, top), xticks=[1, len(kernel)])
        axes.set_title(f"{k}", loc="center")
    panels[0].set_ylabel("weight")
    figure.supxlabel("sample of the filter", fontsize=7.5)


def _grid(figure: Figure, kernels: np.ndarray, step: int) -> str:
    """Draw filters (filter, channel, tap) as rows of channels, their mean at the right; tell the scales.

    All in one axes: 72 of them take seconds to lay out.
    """
    n, channels, taps = kernels.shape
    mean, top = kernels.mean(1), np.abs(kernels).max()
    of_mean = max(np.abs(mean).max(), 1e-12)
    x, width = np.linspace(0, 0.88, taps), np.append(np.arange(channels), channels + 0.25)
    axes = figure.add_subplot()
    for f, c in np.ndindex(n, channels + 1):
        last = c == channels
        kernel = mean[f] / of_mean if last else kernels[f, c] / top
        axes.plot(width[c] + x[[0, -1]], [f, f], color=style.PALE, lw=0.5, zorder=1)
        axes.plot(width[c] + x, f - 0.46 * kernel, color=style.ORANGE if last else style.BLUE, zorder=2,
                  lw=0.6 if taps > 64 else 0.8)  # fmt: skip
    axes.set(xlim=(-0.08, width[-1] + 0.96), ylim=(n - 0.4, -0.6), ylabel="filter")
    axes.set_yticks(range(n), range(1, n + 1))
    axes.set_xticks([*x[[0, -1]], *(width[-1] + x[[0, -1]])], ["1", f"{taps}"] * 2)
    above = axes.secondary_xaxis("top")
    above.set_xticks(width + 0.44, [*range(1, channels + 1), "mean"])
    above.set_xlabel("input channel")
    for part in (axes, above):
        part.tick_params(length=0)
        part.spines[:].set_visible(False)
    axes.set_xlabel(f"tap of the filter ({step} samples of sound apart)")
    return f"largest weight {top:.2g}, largest mean {of_mean:.2g}"


def _table(kernels: np.ndarray) -> pd.DataFrame:
    """List weights; channel "mean" is over input channels."""
    rows = [
        (f + 1, str(c + 1), t + 1, v)
        for f, of in enumerate(kernels)
        for c, kernel in enumerate(of)
        for t, v in enumerate(kernel)
    ]
    if kernels.shape[1] > 1:
        rows += [(f + 1, "mean", t + 1, v) for f, of in enumerate(kernels.mean(1)) for t, v in enumerate(of)]
    return pd.DataFrame(rows, columns=["filter", "channel", "tap", "weight"])
