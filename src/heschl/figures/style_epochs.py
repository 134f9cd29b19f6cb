"""Table 1 of style_dream: loss and seconds of each epoch, beside the published ones."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from heschl.figures import style, style_scores

TITLE = "Loss and seconds of each epoch"
CAPTION = (
    "One network, as published: trained on all clips but the last stretch of each style (or, where that split was not "
    "run, on the last fold of the first one there is). Loss: mean cross-entropy of the epoch's training clips. "
    "Published: Geng, Table 1; of the seconds only the mean over epochs is used here. The published network saw 4,800 "
    "clips an epoch in ten steps, on a TITAN X; ours sees as many as stand below the table, on the machine of this "
    "run: losses after the same number of epochs come from another number of steps and other music, and seconds from "
    "another amount of work. Seconds change from run to run."
)
HEADS = ("epoch", "loss", "published\nloss", "seconds", "published\nseconds")
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
RIGHT = (0.10, 0.34, 0.58, 0.78, 1.0)


def draw(*, scores: list[Path], png: Path, pdf: Path, table: Path) -> None:
    """Draw loss, seconds (fold, epoch) of the network that comes closest to the published one: contiguous, last fold.

    Raises
    ------
    HeschlError
        As `style_scores.opened`.
    """
    found = style_scores.by_split(style_scores.opened(scores))
    split = "contiguous" if "contiguous" in found else next(iter(found))
    one = found[split][0]
    numbers, n_clips = _table(one), int((one["fold"] != one["fold"].max()).sum())
    with style.sheet(style.SINGLE, 1.05 + 0.155 * len(numbers)) as figure:
        _write(figure.add_subplot(), numbers)
        batch = f" in batches of {one.attrs['batch']}" if "batch" in one.attrs else ""
        figure.supxlabel(f"Clips of an epoch: {n_clips:,}{batch};\npublished: 4,800 in batches of 480", fontsize=6.5)
    style.save(figure, numbers, png=png, pdf=pdf, table=table)


def _table(one: xr.Dataset) -> pd.DataFrame:
    """List the epochs of the last fold, and the mean seconds below."""
    loss, seconds = (one[name].values[-1].astype(float) for name in ("loss", "seconds"))
    published = np.array(style_scores.PUBLISHED_LOSS)
    n = max(len(loss), len(published))
    rows = pd.DataFrame({"epoch": [str(k) for k in range(1, n + 1)]})
    for name, values in (("loss", loss), ("published_loss", published), ("seconds", seconds)):
        rows[name] = np.pad(values, (0, n - len(values)), constant_values=np.nan)
    rows["published_seconds"] = np.nan
    mean = {"epoch": "mean", "loss": np.nan, "published_loss": np.nan, "seconds": np.nanmean(seconds),
            "published_seconds": style_scores.PUBLISHED_SECONDS}  # fmt: skip
    return pd.concat([rows, pd.DataFrame([mean])], ignore_index=True)


def _write(axes: Axes, numbers: pd.DataFrame) -> None:
    """Write the table with rules as journals do: above, below the heads, above the means, below."""
    n = len(numbers)
    axes.set(xlim=(0, 1.02), ylim=(n - 0.4, -2.6))
    axes.set_axis_off()
    for right, head in zip(RIGHT, HEADS, strict=True):
        axes.text(right, -0.75, head, ha="right", va="bottom", fontweight="bold", fontsize=7)
    for y, width in ((-2.55, 1.0), (-0.62, 0.6), (n - 1.5, 0.6), (n - 0.5, 1.0)):
        axes.axhline(y, color=style.INK, lw=width)
    for y, row in enumerate(numbers.itertuples(index=False)):
        texts = (row.epoch, _short(row.loss), _short(row.published_loss), *(_seconds(v) for v in row[3:]))
        for k, (right, text) in enumerate(zip(RIGHT, texts, strict=True)):
            axes.text(
                right, y, text, ha="right", va="center", fontsize=7, color=style.GREY if k in (2, 4) else style.INK
            )


def _short(value: float) -> str:
    """Write a loss to three digits: 1.23, .0638; below .001 to two, with its power of ten."""
    if not np.isfinite(value):
        return ""
    if 0 < value < 1e-3:
        digits, power = f"{value:.1e}".split("e")
        return f"{digits} × 10{str(int(power)).translate(RAISED)}"
    decimals = 2 if value >= 1 or not value else 2 - int(np.floor(np.log10(value)))
    return f"{value:.{decimals}f}".removeprefix("0")


def _seconds(value: float) -> str:
    return "" if not np.isfinite(value) else f"{value:.2f}"
