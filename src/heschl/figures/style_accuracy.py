"""Ours: how well styles are told, with whole tracks held out, as published, and with shuffled styles."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from heschl.figures import participants, style, style_scores
from heschl.figures.style_scores import Pooled

TITLE = "Styles told by ear, and what a leak adds"
CAPTION = (
    "Test clips whose style was told; every clip is tested once, by a network that didn't train on it. Whole tracks "
    "held out: no clip of a track in training and test, the number to read. A stretch held out (as published): the "
    "clips of each style in order, one stretch tested; clips of one track then stand on both sides (counted below the "
    "bar), and a network may know the recording instead of the style. Shuffled styles (canary): labels of whole tracks "
    "dealt out anew in training; it must be at chance. Bars: mean over seeds; whiskers: 95 % interval, whole tracks "
    "drawn with replacement; dots: tracks (mean of their clips and seeds), coloured by style. Red: the published "
    "accuracy, 388 of 480 clips of another corpus. Dashed: chance. Style goes with artist and production here as "
    "there: neither number says that style as such was heard."
)
INKS = (style.GREEN, style.PURPLE, style.SKY, style.YELLOW, style.RED, "#7f4f24", style.INK)


def draw(*, scores: list[Path], png: Path, pdf: Path, table: Path) -> None:
    """Draw right (clip,) of scores of tell, one store a split and seed.

    Raises
    ------
    HeschlError
        As `style_scores.opened`.
    """
    found = style_scores.pooled(style_scores.opened(scores))
    styles = sorted(set(found[0].style))
    with style.sheet(style.SINGLE + 0.5 * max(0, len(found) - 3), 3.1) as figure:
        axes = figure.add_subplot()
        for x, one in enumerate(found):
            _bar(axes, x, one)
            _tracks(axes, x, one, styles)
        axes.axhline(100 / found[0].n_styles, color=style.INK, lw=0.7, ls=(0, (4, 3)), zorder=1.5)
        axes.set_xticks(range(len(found)), [_name(one) for one in found])
        axes.set(ylabel="clips told (%)", ylim=(-3, 116), yticks=range(0, 101, 20), xlim=(-0.6, len(found) - 0.4))
        figure.legend(handles=_key(styles), loc="outside lower center", ncols=2)
    style.save(figure, _table(found), png=png, pdf=pdf, table=table)


def _bar(axes: Axes, x: int, one: Pooled) -> None:
    axes.bar(x, 100 * one.accuracy, width=0.72, color=style_scores.colour(one.split), alpha=0.85, zorder=1)
    low, high = (100 * v for v in one.interval)
    axes.plot([x, x], [low, high], color=style.INK, lw=1.2, zorder=5)
    axes.plot([x, x], [low, high], "_", color=style.INK, ms=7, mew=1.2, zorder=5)
    if one.split == "contiguous":
        axes.hlines(100 * style_scores.PUBLISHED_ACCURACY, x - 0.42, x + 0.42, color=style.RED, lw=1.6, zorder=3)
    text = f"{100 * one.accuracy:.1f}\n[{low:.0f}, {high:.0f}]"
    axes.text(x, 104, text, ha="center", va="bottom", fontsize=6.5, linespacing=1.1)


def _tracks(axes: Axes, x: int, one: Pooled, styles: list[str]) -> None:
    """One dot a track; styles side by side, dots of one height spread."""
    by_track = _by_track(one)
    for k, name in enumerate(styles):
        values = np.sort(by_track.loc[by_track["style"] == name, "accuracy"].to_numpy())
        left = x - 0.31 + 0.62 * (k + (k >= len(styles) / 2) * 0.25) / (len(styles) + 0.25)
        width = 0.62 / (len(styles) + 0.25)
        at = left + width * (np.arange(len(values)) + 0.5) / max(len(values), 1)
        axes.scatter(at, 100 * values, s=9, color=INKS[k % len(INKS)], ec="white", lw=0.4, zorder=4)


def _by_track(one: Pooled) -> pd.DataFrame:
    frame = pd.DataFrame({"style": one.style, "track": one.track, "accuracy": one.right}).dropna()
    return frame.groupby(["style", "track"], as_index=False).agg(accuracy=("accuracy", "mean"), n=("accuracy", "size"))


def _name(one: Pooled) -> str:
    """Name a bar, and say how much of it leaks."""
    head = {"track_grouped": "whole tracks\nheld out", "contiguous": "a stretch\nheld out",
            "permuted": "shuffled styles\n(canary)"}.get(one.split, one.split.replace("_", "\n"))  # fmt: skip
    n = int(np.isfinite(one.right).sum())
    return f"{head}\n{one.leaks} of {n} leak"


def _key(styles: list[str]) -> list[Line2D]:
    dots = [
        Line2D([], [], marker="o", ls="", color=INKS[k % len(INKS)], mec="white", ms=4, label=participants.plain(name))
        for k, name in enumerate(styles)
    ]
    return dots + [
        Line2D([], [], color=style.RED, lw=1.6, label="published, other music"),
        Line2D([], [], color=style.INK, lw=0.7, ls=(0, (4, 3)), label="chance"),
    ]


def _table(found: list[Pooled]) -> pd.DataFrame:
    rows = []
    for one in found:
        n = int(np.isfinite(one.right).sum())
        about = {"split": one.split, "n_seeds": one.n_seeds}
        published = style_scores.PUBLISHED_ACCURACY if one.split == "contiguous" else np.nan
        rows.append(about | {"style": "all", "track": "all", "n_clips": n, "accuracy": one.accuracy,
                             "ci_low": one.interval[0], "ci_high": one.interval[1], "leaks": one.leaks,
                             "chance": 1 / one.n_styles, "published": published})  # fmt: skip
        for row in _by_track(one).itertuples():
            rows.append(about | {"style": row.style, "track": row.track, "n_clips": row.n, "accuracy": row.accuracy})
    return pd.DataFrame(rows)
