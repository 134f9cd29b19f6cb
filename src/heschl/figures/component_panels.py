"""F7 of neuroplasticity: one subject's first principal components, before and after."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from heschl.figures import components as parts
from heschl.figures import sessions, style

TITLE = "The first principal components of one subject, by session"
CAPTION = (
    "Beta power (15-30 Hz) of one subject on its first principal components over voxels. Left: in the session that "
    "networks were trained on; right: in the first other session; each with the components of its own session, as "
    "published: the k-th of one need not be the k-th of the other. Line: mean over epochs; band: standard deviation "
    "over epochs; figures: share of variance explained; dotted: beats. Power is relative to sensor noise (unit noise "
    "gain)."
)


def draw(*, components: list[Path], png: Path, pdf: Path, table: Path, n_shown: int = 5, beat_s: float = 0.8) -> None:
    """Draw series (session, basis, epoch, component, time) of the first subject that has any.

    Raises
    ------
    HeschlError
        If no store is given.
    """
    found = parts.first(components)
    rows: list[pd.DataFrame] = []
    n = 2 if found is None else min(n_shown, found.sizes["component"])
    with style.sheet(style.DOUBLE, 0.6 + 0.85 * n) as figure:
        if found is None:
            style.says(figure.add_subplot(), "no subject has components")
        else:
            rows = _panels(figure, found, n, beat_s)
    style.save(figure, pd.concat(rows) if rows else pd.DataFrame(columns=COLUMNS), png=png, pdf=pdf, table=table)


COLUMNS = ["session", "component", "explained", "time_s", "mean", "sd"]


def _panels(figure, found: xr.Dataset, n: int, beat_s: float) -> list[pd.DataFrame]:
    names = [str(s) for s in found["session"].values][:2]
    panels, rows = figure.subplots(n, len(names), sharex=True, sharey="row", squeeze=False), []
    time = parts.time_s(found)
    for column, (name, ink) in enumerate(zip(names, (style.BLUE, style.ORANGE), strict=False)):
        series, explained = parts.series(found, name), found["explained"].sel(session=name).values.astype(float)
        for k, axes in enumerate(panels[:, column]):
            mean, sd = sessions.mean(series[:, k]), np.std(series[:, k], axis=0)
            axes.fill_between(time, mean - sd, mean + sd, color=ink, alpha=0.2, lw=0)
            axes.plot(time, mean, color=ink)
            parts.beats(axes, time, beat_s)
            axes.annotate(f"{100 * explained[k]:.1f} %", (1, 1), (-2, 3), xycoords="axes fraction", ha="right",
                          textcoords="offset points", va="center", fontsize=6, color=style.GREY)  # fmt: skip
            rows.append(_rows(name, k, explained[k], time, mean, sd))
        panels[0, column].set_title(f"{sessions.words(name)} ({len(series)} epochs)", loc="center")
        panels[-1, column].set(xlabel="time (s)", xlim=(time[0], time[-1]))
    for k, axes in enumerate(panels[:, 0]):
        axes.set_ylabel(f"PC {k + 1}")
    figure.align_ylabels(panels[:, 0])
    figure.supylabel(f"{parts.measure(found)} (noise units)", fontsize=7.5)
    return rows


def _rows(session: str, k: int, explained: float, time, mean, sd) -> pd.DataFrame:
    given = {"session": session, "component": k + 1, "explained": explained, "time_s": time, "mean": mean, "sd": sd}
    return pd.DataFrame(given)
