"""S4 of neuroplasticity: who is taken for whom, in the training session and in the others."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from heschl.figures import sessions, style

TITLE = "Which subject is taken for which"
CAPTION = (
    "Answers of the full-head network (4.1), counted over seeds, in per cent of a subject's samples; rows: true "
    "subject; columns: answer. Titles give the accuracy over all subjects. Top: samples of the test and of the other "
    "sessions; bottom: validation samples, and test samples of the training session on which the measured gain and "
    "noise of each other session were put. Where top and bottom of a column look alike, drift alone gives those "
    "mistakes. Columns that fill up mean that most samples get one answer."
)


def draw(*, full: list[Path], png: Path, pdf: Path, table: Path, split: str = "published") -> None:
    """Draw confusion (split, evaluation, subject, answered) of scores of classify.full, one store a seed.

    Raises
    ------
    HeschlError
        As `sessions.opened`, or if the stores lack the split.
    """
    found = sessions.opened(full)
    at = sessions.at(found[0]["split"], split, full[0])
    dims = ("evaluation", "subject", "answered")
    counts = sum(one["confusion"].isel(split=at).transpose(*dims).values.astype(float) for one in found)
    names, after = sessions.evaluations(found[0]), sessions.tested(found[0])
    subjects = found[0]["subject"].values.astype(str).tolist()
    columns = [("test", "validation"), *((s, s + sessions.MODELLED) for s in after)]
    width = min(style.DOUBLE, 1.2 + 1.6 * len(columns))
    with style.sheet(width, 1.1 + 1.75 * (width - 1) / len(columns)) as figure:
        panels = figure.subplots(2, len(columns), squeeze=False, sharex=True, sharey=True)
        image = None
        for k, pair in enumerate(columns):
            for axes, name in zip(panels[:, k], pair, strict=True):
                drawn = _matrix(axes, counts[names.index(name)] if name in names else None, subjects, name)
                image = drawn or image
        for axes in panels[:, 0]:
            axes.set_ylabel("true subject")
        for axes in panels[-1]:
            axes.set_xlabel("answer")
        if image is not None:
            figure.colorbar(
                image, ax=panels, shrink=0.6, pad=0.015, aspect=22, label="answers (% of a subject's samples)"
            )
    style.save(figure, _table(counts, names, subjects), png=png, pdf=pdf, table=table)


def _matrix(axes: Axes, counts: np.ndarray | None, subjects: list[str], name: str):
    """Draw the answers (subject, answered) of one evaluation in per cent; return the image, or None without any."""
    axes.set_title(sessions.words(name), loc="center")
    axes.spines[:].set_visible(True)
    if counts is None or not np.nansum(counts):
        axes.set_box_aspect(1)
        axes.text(0.5, 0.5, "not tested", transform=axes.transAxes, ha="center", va="center", color=style.GREY)
        return None
    total = counts.sum(1, keepdims=True)
    share = 100 * np.divide(counts, total, out=np.full_like(counts, np.nan), where=total > 0)
    image = axes.imshow(share, vmin=0, vmax=100, cmap="Blues", interpolation="nearest")
    accuracy = 100 * np.trace(counts) / counts.sum()
    axes.set_title(f"{sessions.words(name)}: {accuracy:.0f} %", loc="center")
    if len(subjects) <= 12:
        axes.set_xticks(range(len(subjects)), subjects)
        axes.set_yticks(range(len(subjects)), subjects)
    axes.tick_params(length=0)
    return image


def _table(counts: np.ndarray, names: list[str], subjects: list[str]) -> pd.DataFrame:
    rows = [
        (name, subject, answer, counts[e, i, j])
        for e, name in enumerate(names)
        for i, subject in enumerate(subjects)
        for j, answer in enumerate(subjects)
    ]
    return pd.DataFrame(rows, columns=["evaluation", "subject", "answered", "n"])
