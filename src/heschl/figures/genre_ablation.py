"""F7a: a genre that the decoder never heard."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from heschl.errors import HeschlError
from heschl.figures import listeners, style
from heschl.figures.listeners import Scored

TITLE = "Genres that were never trained on"
CAPTION = (
    "Identification accuracy of test clips, among all test clips, by a decoder trained on all genres and by decoders "
    "trained without the genre that they are tested on. A: by genre (number of test clips in brackets), sorted by the "
    "latter; dot: one listener; diamond: mean over listeners. B: all genres together, a line for each listener; "
    "diamond: mean over listeners, beside it the 95 % interval of a bootstrap over listeners and clips; band: middle "
    "95 % of the mean over listeners when clip labels are permuted; p: one-sided, from that null. Hollow: a listener "
    "of pure noise, in no mean, its edge in the colour of the training. Dashed: chance. Decoders without a genre have "
    "fewer training clips as well, so the difference is not due to the genre alone; single genres are not tested."
)
INKS = {"full": style.BLUE, "ablated": style.RED}
NAMES = {"full": "trained on all genres", "ablated": "trained without the genre"}


def draw(*, full: Path, ablated: Path, png: Path, pdf: Path, table: Path) -> None:
    """Draw scores of the full training set beside those of leave_genre_out, by the first route that both have.

    Raises
    ------
    HeschlError
        If the stores differ in model, share no listener, route or genre, or aren't of identify.
    """
    both, route = _read(full, ablated)
    rows = _table(both, route)
    genres = _order(rows)
    with style.sheet(style.DOUBLE, max(2.4, 0.9 + 0.27 * len(genres))) as figure:
        left, right = figure.subplots(1, 2, width_ratios=[1.7, 1])
        _by_genre(left, rows, genres)
        counts = both["full"].found["genre"].values.astype(str).tolist()
        left.set_yticks(range(len(genres)), [f"{listeners.plain(g)} ({counts.count(g)})" for g in genres])
        _together(right, both, route)
        for axes, mark in ((left, "A"), (right, "B")):
            style.letter(axes, mark)
        left.set_title(f"{listeners.plain(both['full'].found.attrs['model'])}, {listeners.ROUTES.get(route, route)}")
        listeners.warn_if_published(left, list(both.values()))
        figure.legend(handles=_legend(both), loc="outside lower center", ncols=6, columnspacing=1, handlelength=1.6)
    style.save(figure, rows, png=png, pdf=pdf, table=table)


def _read(full: Path, ablated: Path) -> tuple[dict[str, Scored], str]:
    """Read both stores, cut to the listeners and route that they share."""
    needed = ("ci", "null", "p_listeners")
    both = {"full": listeners.read([full], needed)[0], "ablated": listeners.read([ablated], needed)[0]}
    models = [str(one.found.attrs["model"]) for one in both.values()]
    if models[0] != models[1]:
        raise HeschlError(ablated, f"of model {models[1]}", f"wanted {models[0]}, as {full}")
    for name in ("sub", "route", "genre"):
        sets = [set(one.found[name].values.astype(str).tolist()) for one in both.values()]
        if not sets[0] & sets[1] or (name == "sub" and sets[0] != sets[1]):
            raise HeschlError(
                ablated, f"not the same {name} as {full}", "wanted scores of the same listeners and clips"
            )
    routes = both["ablated"].found["route"].values.astype(str).tolist()
    return both, next(r for r in routes if r in both["full"].found["route"].values)


def _by_genre(axes: Axes, rows: pd.DataFrame, genres: list[str]) -> None:
    for y, genre in enumerate(genres):
        means = []
        for kind, by in (("full", -0.16), ("ablated", 0.16)):
            one = rows[(rows["genre"] == genre) & (rows["training"] == kind) & (rows["sub"] != "mean")]
            noise, values = one["noise"].to_numpy(bool), one["value"].to_numpy(float)
            listeners.dots(axes, y + by, values, noise, ink=INKS[kind], noise_ink=INKS[kind], width=0.1, size=10,
                           across=True)  # fmt: skip
            means.append(listeners.mean(values[~noise]))
            axes.scatter(means[-1], y + by, s=24, marker="D", fc="none", ec=INKS[kind], lw=1.1, zorder=5)
        axes.plot(means, [y - 0.16, y + 0.16], color=style.INK, lw=0.6, zorder=4)
        axes.axhline(y + 0.5, color=style.PALE, lw=0.4, zorder=0)
    axes.axvline(0.5, color=style.INK, lw=0.8, ls="--", zorder=1)
    axes.tick_params(axis="y", length=0)
    axes.set(xlabel="identification accuracy", xlim=(-0.03, 1.03), ylim=(len(genres) - 0.5, -0.5))


def _together(axes: Axes, both: dict[str, Scored], route: str) -> None:
    values = np.stack([listeners.each(b.found["id_acc"].sel({"route": route}).values) for b in both.values()])
    who = both["full"].listeners()
    for pair, hears in zip(values.T, who, strict=True):
        axes.plot([0, 1], pair, color=style.INK if hears else style.GREY, lw=0.6, alpha=0.6, ls="-" if hears else ":")
    for x, (kind, one) in enumerate(both.items()):
        at = one.found.sel({"route": route})
        listeners.dots(axes, x, values[x], ~who, ink=INKS[kind], noise_ink=INKS[kind], width=0, size=14)
        null = np.nanquantile(at["null"].values[who].mean(0), [0.025, 0.975]) if who.any() else [np.nan] * 2
        axes.fill_between([x - 0.4, x + 0.4], *null, color=style.PALE, lw=0, zorder=0)
        mean = listeners.mean(at["id_acc"].values[who])
        listeners.diamond(axes, x - 0.3 if x == 0 else x + 0.2, mean, at["ci"].values, INKS[kind])
        axes.text(x, 1.04, listeners.p_text(float(at["p_listeners"]), "p"), ha="center", fontsize=6)
    axes.axhline(0.5, color=style.INK, lw=0.8, ls="--", zorder=1)
    axes.set_xticks([0, 1], ["all genres", "without\nthe genre"])
    axes.tick_params(axis="x", length=0)
    axes.set(ylabel="identification accuracy", xlim=(-0.6, 1.6), ylim=(min(0.2, np.nanmin(values) - 0.03), 1.03))
    axes.set_title("all clips", pad=15)


def _legend(both: dict[str, Scored]) -> list:
    noise = not both["full"].listeners().all()
    found = listeners.handles([NAMES[k] for k in both], (), False, [INKS[k] for k in both])
    if noise:
        how = {"ls": "", "marker": "o", "ms": 4, "mfc": "white", "mec": style.INK}
        found.append(Line2D([], [], label="noise (canary), same colours", **how))
    found.append(Line2D([], [], marker="D", ls="-", color=style.INK, mfc="white", ms=4, label="mean (B: 95 % CI)"))
    found.append(Line2D([], [], color=style.INK, lw=0.8, ls="--", label="chance"))
    return [*found, Patch(color=style.PALE, label="permuted, mean")]


def _order(rows: pd.DataFrame) -> list[str]:
    """Genres that both have, best first without the genre."""
    means = rows[rows["sub"] == "mean"].pivot(index="genre", columns="training", values="value")
    shared = means.drop(index="all").dropna(how="any")
    shared = shared if len(shared) else means.drop(index="all")
    return [str(g) for g in shared.sort_values(["ablated", "full"], ascending=False, kind="stable").index]


def _table(both: dict[str, Scored], route: str) -> pd.DataFrame:
    """List each listener's mean by training set and genre, and that of all listeners (sub "mean")."""
    rows = []
    for kind, one in both.items():
        at, genre, who = one.found.sel({"route": route}), one.found["genre"].values.astype(str), one.listeners()
        for g in [*sorted(set(genre.tolist())), "all"]:
            clips = at["id_acc"].values[:, (genre == g) | (g == "all")]
            key = {"training": kind, "route": route, "genre": g}
            values = zip(at["sub"].values, ~who, listeners.each(clips), strict=True)
            rows += [key | {"sub": str(s), "noise": bool(n), "value": v} for s, n, v in values]
            mean = key | {"sub": "mean", "noise": False, "value": listeners.mean(clips[who])}
            if g == "all":
                mean |= {"low": at["ci"].values[0], "high": at["ci"].values[1], "p": float(at["p_listeners"])}
            rows.append(mean)
    return pd.DataFrame(rows)
