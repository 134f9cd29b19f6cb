"""F4c: identification genre by genre, and within each genre."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from heschl.figures import listeners, style
from heschl.figures.listeners import Scored

TITLE = "Identification by genre"
CAPTION = (
    "Identification accuracy of the test clips of each genre (their number in brackets), genres in the order of the "
    "first row of symbols. A: against all other test clips; B: against the others of the same genre alone, where only "
    "what tells clips of one genre apart can help (of two clips in a genre, a listener's can only be 0, .5 or 1, ties "
    "aside). Dot: one listener, mean over the genre's clips; bar: mean over listeners; hollow grey: a listener of pure "
    "noise, in no mean. Each model and route has a row of its own within the genre's. Last row: all clips, with the "
    "95 % interval of a bootstrap that draws listeners and clips. Dashed: chance. A genre's mean stands on few clips: "
    "it has no interval, and differences between genres are described here, not tested."
)
ALL = "all"  # the last row
NAMES = {"id_acc": ("ci", "p_listeners"), "within_genre": ("within_ci", "within_p_listeners")}


def draw(*, scores: list[Path], png: Path, pdf: Path, table: Path) -> None:
    """Draw one row a genre, by model and route, from stores of identify.

    Raises
    ------
    HeschlError
        If no store is given, one isn't of identify, or two are of one model and split.
    """
    scored = listeners.read(scores, ("within_genre", *NAMES["id_acc"], *NAMES["within_genre"]))
    rows = _table(scored)
    genres = [*_order(rows, scored), ALL]
    n_kinds = len(list(listeners.columns(scored)))
    with style.sheet(style.DOUBLE, 1.3 + len(genres) * (0.12 + 0.14 * n_kinds)) as figure:
        panels = figure.subplots(1, 2, sharey=True)
        titles = {"id_acc": "among all test clips", "within_genre": "among clips of the same genre"}
        for axes, (name, title), mark in zip(panels, titles.items(), "AB", strict=True):
            _rows(axes, scored, rows[rows["quantity"] == name], genres)
            axes.set(title=title, xlabel="identification accuracy")
            style.letter(axes, mark)
        panels[0].set_yticks(range(len(genres)), [f"{g} ({n})" for g, n in _counts(scored, genres)])
        panels[0].set_ylim(len(genres) - 0.4, -0.6)
        listeners.warn_if_published(panels[0], scored)
        figure.legend(handles=_legend(scored), loc="outside lower center", ncols=6)
    style.save(figure, rows, png=png, pdf=pdf, table=table)


def _rows(axes: Axes, scored: Sequence[Scored], rows: pd.DataFrame, genres: list[str]) -> None:
    columns = list(listeners.columns(scored))
    shift, room = (np.arange(len(columns)) + 0.5) / len(columns) - 0.5, 0.28 / len(columns)
    for (_, k, route, one), by in zip(columns, shift, strict=True):
        who = one.listeners()
        for y, genre in enumerate(genres):
            values = _pick(rows, one, route, genre)
            listeners.dots(axes, y + by, values, ~who, ink=listeners.colour(k), shape=listeners.marker(route),
                           width=room, size=10, across=True)  # fmt: skip
            ends = (y + by - 1.3 * room, y + by + 1.3 * room)
            axes.vlines(listeners.mean(values[who]), *ends, color=style.INK, lw=1.4, zorder=5)
        whole = _mean_row(rows, one, route)
        axes.hlines(len(genres) - 1 + by, whole["low"], whole["high"], color=style.INK, lw=1, zorder=2)
    for y in range(1, len(genres)):
        last = y == len(genres) - 1
        axes.axhline(y - 0.5, color=style.GREY if last else style.PALE, lw=0.6 if last else 0.4, zorder=0)
    axes.axvline(0.5, color=style.INK, lw=0.8, ls="--", zorder=1)
    axes.tick_params(axis="y", length=0)
    axes.set_xlim(-0.03, 1.03)


def _of(rows: pd.DataFrame, one: Scored, route: str, genre: str) -> pd.DataFrame:
    keys = {"model": one.found.attrs["model"], "split": one.found.attrs["split"], "route": route, "genre": genre}
    return rows[np.logical_and.reduce([rows[name] == value for name, value in keys.items()])]


def _pick(rows: pd.DataFrame, one: Scored, route: str, genre: str) -> np.ndarray:
    """Return the values of one genre, (sub,)."""
    found = _of(rows, one, route, genre)
    return found["value"].to_numpy()[(found["sub"] != "mean").to_numpy()]


def _mean_row(rows: pd.DataFrame, one: Scored, route: str) -> pd.Series:
    """Return value, low, high and p of the mean over listeners, all clips."""
    found = _of(rows, one, route, ALL)
    return found[found["sub"] == "mean"].iloc[0]


def _order(rows: pd.DataFrame, scored: Sequence[Scored]) -> list[str]:
    """Genres, best first, by the mean over listeners of the first store and route; by name where equal."""
    _, _, route, one = next(iter(listeners.columns(scored)))
    all_of_it, who = rows[rows["quantity"] == "id_acc"], one.listeners()
    genres = sorted(set(rows["genre"]) - {ALL})
    score = {g: listeners.mean(_pick(all_of_it, one, route, g)[who]) for g in genres}
    return sorted(genres, key=lambda g: (-np.nan_to_num(score[g]), g))


def _counts(scored: Sequence[Scored], genres: list[str]) -> list[tuple[str, int]]:
    named = scored[0].found["genre"].values.astype(str).tolist()
    return [("all genres", len(named)) if g == ALL else (listeners.plain(g), named.count(g)) for g in genres]


def _legend(scored: Sequence[Scored]) -> list[Line2D]:
    routes = sorted({r for _, _, r, _ in listeners.columns(scored)})
    noise = not all(one.listeners().all() for one in scored)
    found = listeners.handles([one.label for one in scored], routes, noise)
    found.append(Line2D([], [], marker="|", ls="", color=style.INK, mew=1.6, ms=7, label="mean of listeners"))
    found.append(Line2D([], [], color=style.INK, lw=1, label="95 % CI"))
    return [*found, Line2D([], [], color=style.INK, lw=0.8, ls="--", label="chance")]


def _table(scored: Sequence[Scored]) -> pd.DataFrame:
    """List each listener's mean over each genre's clips and over all, and of the latter the mean over listeners."""
    rows = []
    for _, _, route, one in listeners.columns(scored):
        at, genre, who = one.found.sel({"route": route}), one.found["genre"].values.astype(str), one.listeners()
        whose = {"model": one.found.attrs["model"], "split": one.found.attrs["split"], "route": route}
        for name, (ci, p) in NAMES.items():
            for g in [*sorted(set(genre.tolist())), ALL]:
                values = listeners.each(at[name].values[:, (genre == g) | (g == ALL)])
                key = whose | {"quantity": name, "genre": g}
                rows += [key | {"sub": str(s), "noise": not w, "value": v}
                         for s, w, v in zip(at["sub"].values, who, values, strict=True)]  # fmt: skip
            low, high = at[ci].values
            mean = {"sub": "mean", "noise": False, "value": listeners.mean(at[name].values[who])}
            rows.append(key | mean | {"low": low, "high": high, "p": float(at[p])})
    return pd.DataFrame(rows)
