"""F8 of neuroplasticity: how well subjects are told apart before, and in the sessions after."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from heschl import store
from heschl.figures import sessions, style

TITLE = "Subjects identified in the training session and in the others"
CAPTION = (
    "Top-1 accuracy of networks that were trained on one session. A: full head (4.1, network A); B: principal "
    "components (4.3, network B). Bars: split as published; train, validation and test are of the session trained on, "
    "the others of sessions that the networks never saw; mean over seeds. Whiskers: 95 % interval (bootstrap). Open "
    "diamonds: an honest split, in which test samples come from another run (A) or later epochs (B) than training "
    "samples. Red lines: published numbers (Roman), where a bound (validation > 92 %, test > 91 %) is drawn at the "
    "bound; the published session after lessons is put on the first session after the test. Dashed: chance. Networks "
    "are as wide as the setting width says; narrower ones than published need not reach its numbers. A drop from test "
    "to another session is no plasticity yet: drift of gain, noise and head position gives one as well."
)
HONEST = {"full": "run", "components": "epoch_block"}
PUBLISHED = {
    "full": {"validation": 0.92, "test": 0.91, "post": 0.30},
    "components": {"train": 0.75, "validation": 0.56, "test": 0.76, "post": 0.21},
}


def draw(*, summary: Path, png: Path, pdf: Path, table: Path, split: str = "published") -> None:
    """Draw accuracy and accuracy_ci (experiment, split, evaluation) of a summary of classify.

    Raises
    ------
    HeschlError
        If the summary lacks the split.
    """
    found = store.read(summary).load()
    at = sessions.at(found["split"], split, summary)
    known = found["experiment"].values.astype(str).tolist()
    shown = [e for e in HONEST if e in known]
    rows = []
    with style.sheet(style.DOUBLE, 2.75) as figure:
        panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
        for axes, letter, experiment in zip(panels, "AB", shown, strict=False):
            one = found.isel(experiment=known.index(experiment))
            rows += _bars(axes, one.isel(split=at), experiment)
            rows += _honest(axes, one, experiment)
            style.letter(axes, letter)
        panels[0].set(ylabel="subjects identified (%)", ylim=(0, 112), yticks=range(0, 101, 20))
        figure.legend(handles=_key(), loc="outside lower center", ncols=4)
    style.save(figure, pd.DataFrame(rows, columns=COLUMNS), png=png, pdf=pdf, table=table)


COLUMNS = ["experiment", "split", "evaluation", "accuracy", "ci_low", "ci_high", "published"]


def _bars(axes: Axes, one: xr.Dataset, experiment: str) -> list[tuple]:
    """Draw the bars of one experiment and split; return their numbers."""
    after, rows = sessions.tested(one), []
    names = [e for e in sessions.evaluations(one) if e in sessions.FITTED] + after
    for x, name in enumerate(names):
        value, ci = _of(one, name)
        role = "post" if after and name == after[0] else name
        published = PUBLISHED[experiment].get(role, np.nan)
        rows.append((experiment, str(one["split"].values), name, value, *ci, published))
        axes.bar(x, 100 * value, width=0.7, color=sessions.colour(name, after), zorder=1)
        sessions.interval(axes, x, 100 * ci)
        if np.isfinite(published):
            axes.hlines(100 * published, x - 0.42, x + 0.42, color=style.RED, lw=1.6, zorder=3)
        tops = [v for v in (value, ci[1], published) if np.isfinite(v)]
        text = f"{100 * value:.0f}" if np.isfinite(value) else "n/a"
        axes.text(x, 100 * max(tops, default=0) + 2, text, ha="center", va="bottom", fontsize=6.5, zorder=5)
    sessions.chance_line(axes, one.sizes["subject"])
    axes.set_xticks(range(len(names)), [sessions.words(n) for n in names])
    axes.set_xlim(-0.6, len(names) - 0.4)
    axes.set_title(f"{sessions.EXPERIMENTS[experiment]}, {one.sizes['subject']} subjects", loc="center")
    return rows


def _of(one: xr.Dataset, evaluation: str) -> tuple[float, np.ndarray]:
    at = sessions.evaluations(one).index(evaluation)
    return float(one["accuracy"].values[at]), one["accuracy_ci"].values[at].astype(float)


def _honest(axes: Axes, one: xr.Dataset, experiment: str) -> list[tuple]:
    """Put the honest split's accuracies on the bars; return them."""
    splits, rows = one["split"].values.astype(str).tolist(), []
    if HONEST[experiment] not in splits:
        return rows
    of = one.isel(split=splits.index(HONEST[experiment]))
    names = [e for e in sessions.evaluations(one) if e in sessions.FITTED] + sessions.tested(one)
    for x, name in enumerate(names):
        value, ci = _of(of, name)
        rows.append((experiment, HONEST[experiment], name, value, *ci, np.nan))
        sessions.interval(axes, x + 0.24, 100 * ci, style.INK)
        axes.scatter(x + 0.24, 100 * value, s=17, marker="D", fc="white", ec=style.INK, lw=0.8, zorder=5)
    return rows


def _key() -> list[Line2D]:
    diamond = {"marker": "D", "ls": "", "mfc": "white", "mec": style.INK, "mew": 0.8, "ms": 4}
    return [
        Line2D([], [], color=style.RED, lw=1.6, label="published"),
        Line2D([], [], label="honest split: other run (A), later epochs (B)", **diamond),
        Line2D([], [], color=style.INK, lw=0.9, label="95 % interval"),
        Line2D([], [], color=style.INK, lw=0.7, ls=(0, (4, 3)), label="chance"),
    ]
