"""F4a: how often the clip that was heard is told from the others."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from heschl.figures import listeners, style
from heschl.figures.listeners import Scored

TITLE = "Identification of the music that was heard"
CAPTION = (
    "A: share of the other test clips whose embedding correlates less with the decoded one than that of the clip "
    "heard (ties count one half). Dot: one listener, mean over test clips; diamond: mean over listeners, with the 95 "
    "% interval of a bootstrap that draws listeners and clips. Bands: the middle 95 % of scores when clip labels are "
    "permuted, of one listener (dashed outline) and of the mean over listeners (grey); p is of the latter, one-sided. "
    "Hollow grey: a listener of pure noise, in no mean, with its own 95 % interval. Dashed: chance; dotted: an oracle "
    "that knows the genre and nothing else; bar: ceiling, odd repeats of the responses identified from even ones "
    "(mean over listeners; the decoder averages all repeats, so it isn't a strict bound). B: the same among clips of "
    "one genre alone; whiskers: 95 % over clips; diamond and bar as in A; p of the mean, one-sided, when clip labels "
    "are permuted inside each genre; chance .5. C: the clip heard wins against n - 1 random others; dashed: 1 / n; "
    "numbers above that of candidates are left out. D: the same score of the clip heard before in the run, beside its "
    "reference (grey tick: mean when the clips that were heard before trade places; a dot above its tick: responses "
    "carry over; p in the table), and of the clip heard after the mean prediction of its fold and run is taken away. "
    "With so few listeners the intervals speak for these listeners and clips, not for a population."
)
NEEDED = ("ci", "null", "p_listeners", "ceiling", "baseline", "within_genre", "within_ci_sub", "n_way", "previous",
          "run_removed", "ci_sub", "within_ci", "within_p_listeners", "previous_reference")  # fmt: skip
SINGLE = ("ceiling", "previous", "previous_reference", "previous_p", "run_removed", "run_removed_within", "p",
          "within_p", "id_acc_windows", "mrr")  # fmt: skip
BAND = "#d0d0d0"  # null of the mean over listeners
LEFT, RIGHT = -0.1, 0.3  # listeners' dots and their mean, from the middle of a column


def draw(*, scores: list[Path], png: Path, pdf: Path, table: Path) -> None:
    """Draw the scores of one or several stores of identify, by model, split and route.

    Raises
    ------
    HeschlError
        If no store is given, one isn't of identify, or two are of one model and split.
    """
    scored = listeners.read(scores, NEEDED)
    with style.sheet(style.DOUBLE, 5.4) as figure:
        grid = figure.add_gridspec(2, 5, height_ratios=[1.15, 1])
        places = (grid[0, :3], grid[0, 3:], grid[1, :2], grid[1, 2:])
        panels = [figure.add_subplot(place) for place in places]
        for panel, paint, mark in zip(panels, (_told, _within, _ways, _carried), "ABCD", strict=True):
            paint(panel, scored)
            style.letter(panel, mark)
        figure.legend(handles=_legend(scored), loc="outside lower center", ncols=6, columnspacing=1.2, handlelength=1.4)
    style.save(figure, _table(scored), png=png, pdf=pdf, table=table)


def _told(axes: Axes, scored: Sequence[Scored]) -> None:
    columns = list(listeners.columns(scored))
    for x, k, route, one in columns:
        at, who = one.found.sel({"route": route}), one.listeners()
        single, whole = _bands(at["null"].values, who)
        axes.fill_between([x - 0.4, x + 0.4], *whole, color=BAND, lw=0, zorder=0)
        axes.fill_between([x - 0.46, x + 0.46], *single, fc="none", ec=style.GREY, lw=0.7, ls="--", zorder=0.5)
        low, high = (np.where(who, np.nan, bound) for bound in at["ci_sub"].values.T)  # noise alone, to stay readable
        ink, shape = listeners.colour(k), listeners.marker(route)
        values = listeners.each(at["id_acc"].values)
        listeners.dots(axes, x + LEFT, values, ~who, ink=ink, shape=shape, low=low, high=high)
        listeners.diamond(axes, x + RIGHT, listeners.mean(at["id_acc"].values[who]), at["ci"].values)
        axes.hlines(listeners.mean(at["ceiling"].values[who]), x - 0.4, x + 0.4, color=style.INK, lw=1.6)
        oracle = float(at["baseline"].sel({"name": "genre_oracle"}))
        axes.hlines(oracle, x - 0.5, x + 0.5, color=style.INK, lw=1, ls=":")
        _p(axes, x, float(at["p_listeners"]), len(columns) < 6)
    _finish(axes, scored, "identification accuracy")
    named = f"{scored[0].label}, " if len(scored) == 1 else ""
    n = sorted({int(one.found.attrs["n_candidates"]) for one in scored})
    axes.set_title(
        named + f"among {' or '.join(map(str, n))} clips" + (", p above" if len(columns) > 5 else ""), pad=12
    )
    listeners.warn_if_published(axes, scored)


def _within(axes: Axes, scored: Sequence[Scored]) -> None:
    if not any(np.isfinite(one.found["within_genre"].values).any() for one in scored):
        return style.says(axes, "no genre has two candidates")
    columns = list(listeners.columns(scored))
    for x, k, route, one in columns:
        at, who = one.found.sel({"route": route}), one.listeners()
        (low, high), ink = at["within_ci_sub"].values.T, listeners.colour(k)
        values = listeners.each(at["within_genre"].values)
        listeners.dots(axes, x + LEFT, values, ~who, ink=ink, shape=listeners.marker(route), low=low, high=high)
        listeners.diamond(axes, x + RIGHT, listeners.mean(at["within_genre"].values[who]), at["within_ci"].values)
        _p(axes, x, float(at["within_p_listeners"]), len(columns) < 4)
    axes.set_title("among clips of one genre" + (", p above" if len(columns) > 3 else ""), pad=12)
    _finish(axes, scored, "identification accuracy")


def _ways(axes: Axes, scored: Sequence[Scored]) -> None:
    known = [np.isfinite(one.found["n_way"].values).any((0, 1)) for one in scored]
    shown, columns = np.flatnonzero(np.any(known, axis=0)), list(listeners.columns(scored))
    ways = scored[0].found["way"].values[shown]
    shift = np.linspace(-0.3, 0.3, len(columns)) if len(columns) > 1 else np.zeros(1)
    for (_, k, route, one), by in zip(columns, shift, strict=True):
        values, who = one.found["n_way"].sel({"route": route}).values[:, shown], one.listeners()
        ink, shape = listeners.colour(k), listeners.marker(route)
        for i in range(len(ways)):
            listeners.dots(axes, i + by, values[:, i], ~who, ink=ink, shape=shape, width=0.04, size=5)
        means = [listeners.mean(values[who, i]) for i in range(len(ways))]
        axes.plot(np.arange(len(ways)) + by, means, color=ink, lw=0.8, ls="-" if shape == "o" else (0, (3, 1)))
    for i, way in enumerate(ways):
        axes.hlines(1 / way, i - 0.45, i + 0.45, color=style.INK, lw=0.8, ls="--")
    axes.set(xticks=range(len(ways)), xticklabels=ways, xlim=(-0.55, len(ways) - 0.45), ylim=(0, 1.03))
    axes.set(xlabel="clips to choose from (n)", ylabel="accuracy", title="one of n")


def _carried(axes: Axes, scored: Sequence[Scored]) -> None:
    columns = list(listeners.columns(scored))
    width = columns[-1][0] + 1.8
    for group, name in enumerate(("previous", "run_removed")):
        for x, k, route, one in columns:
            values, who = one.found[name].sel({"route": route}).values, one.listeners()
            place = group * width + x
            if name == "previous":
                _reference(axes, place, one.found["previous_reference"].sel({"route": route}).values)
            listeners.dots(axes, place, values, ~who, ink=listeners.colour(k), shape=listeners.marker(route), size=9)
            listeners.diamond(axes, place, listeners.mean(values[who]))
    middle = columns[-1][0] / 2
    axes.set_xticks([middle, middle + width], ["clip heard before", "clip heard,\nrun mean removed"])
    axes.axhline(0.5, color=style.INK, lw=0.8, ls="--", zorder=1)
    axes.tick_params(axis="x", length=0)
    axes.set(ylabel="identification accuracy", title="carry-over", xlim=(-0.8, 2 * width - 1))
    axes.set_ylim(min(0.2, axes.get_ylim()[0]), 1.03)


def _p(axes: Axes, x: float, value: float, named: bool) -> None:
    axes.text(x, 1.04, listeners.p_text(value, "p" if named else ""), ha="center", fontsize=5.5, color=style.INK)


def _reference(axes: Axes, x: float, values: np.ndarray) -> None:
    """Draw a short tick behind each listener's dot, (sub,)."""
    places, half = x + np.linspace(-listeners.WIDTH, listeners.WIDTH, len(values)), listeners.WIDTH / len(values)
    axes.hlines(values, places - half, places + half, color=style.GREY, lw=1, zorder=2)


def _finish(axes: Axes, scored: Sequence[Scored], name: str) -> None:
    """Write models below, each under the middle of its routes, or of one model the routes; and the line of chance."""
    columns = list(listeners.columns(scored))
    if len(scored) == 1:
        places, names = [x for x, *_ in columns], [listeners.ROUTES.get(route, route) for _, _, route, _ in columns]
    else:
        places = [np.mean([x for x, k, _, _ in columns if k == i]) for i in range(len(scored))]
        names = [one.label for one in scored]
    crowded = len(scored) > 4
    axes.set_xticks(places, names, rotation=30 if crowded else 0, ha="right" if crowded else "center")
    axes.tick_params(axis="x", length=0)
    axes.axhline(0.5, color=style.INK, lw=0.8, ls="--", zorder=1)
    axes.set(ylabel=name, xlim=(-0.8, columns[-1][0] + 0.8))
    axes.set_ylim(min(0.2, axes.get_ylim()[0]), 1.03)


def _bands(null: np.ndarray, who: np.ndarray) -> list[np.ndarray]:
    """Middle 95 % of the nulls (sub, permutation) of single listeners, and of their mean."""
    if not null.size:
        return [np.full(2, np.nan)] * 2
    kept = null[who] if who.any() else null
    return [np.nanquantile(kept, [0.025, 0.975]), np.nanquantile(kept.mean(0), [0.025, 0.975])]


def _legend(scored: Sequence[Scored]) -> list:
    routes = sorted({r for _, _, r, _ in listeners.columns(scored)})
    noise = not all(one.listeners().all() for one in scored)
    found = listeners.handles([one.label for one in scored], routes, noise)
    found.append(Line2D([], [], marker="D", ls="-", color=style.INK, mfc="white", ms=4, label="mean, 95 % CI"))
    found.append(Line2D([], [], color=style.INK, lw=1.6, label="ceiling"))
    found.append(Line2D([], [], color=style.INK, lw=0.8, ls="--", label="chance"))
    found.append(Line2D([], [], color=style.INK, lw=1, ls=":", label="genre oracle"))
    found.append(Line2D([], [], color=style.GREY, lw=1, marker="", label="reference (D)"))
    found.append(Patch(fc="none", ec=style.GREY, ls="--", label="permuted, one listener"))
    return [*found, Patch(color=BAND, label="permuted, mean")]


def _table(scored: Sequence[Scored]) -> pd.DataFrame:
    """List every number as model, split, route, quantity, of whom or what, value."""
    rows: list[tuple] = []
    for _, _, route, one in listeners.columns(scored):
        key = (one.found.attrs["model"], one.found.attrs["split"], route)
        rows += [(*key, *row) for row in _numbers(one.found.sel({"route": route}), one.listeners())]
    for one in scored:
        key = (one.found.attrs["model"], one.found.attrs["split"], "")
        pairs = zip(one.found["pair"].values, one.found["p_pair"].values, strict=True) if "pair" in one.found else ()
        rows += [(*key, "p_pair", str(pair), float(p)) for pair, p in pairs]
    return pd.DataFrame(rows, columns=["model", "split", "route", "quantity", "of", "value"])


def _numbers(at, who: np.ndarray) -> list[tuple[str, str, float]]:
    subs = [f"sub-{s}" + ("" if w else " (noise)") for s, w in zip(at["sub"].values, who, strict=True)]
    rows: list[tuple[str, str, float]] = []
    for name in ("id_acc", "within_genre"):
        rows += [(name, *pair) for pair in zip(subs, listeners.each(at[name].values), strict=True)]
        rows.append((name, "mean of listeners", listeners.mean(at[name].values[who])))
    for name in SINGLE:
        rows += [(name, *pair) for pair in zip(subs, at[name].values, strict=True)] if name in at else []
    for name, of in (("n_way", "way"), ("top_k", "k")):
        if name in at:
            rows += [(f"{name} {n}", s, v) for n, column in zip(at[of].values, at[name].values.T, strict=True)
                     for s, v in zip(subs, column, strict=True)]  # fmt: skip
    for name, values in (("ci", at["ci_sub"].values), ("within_ci", at["within_ci_sub"].values)):
        rows += [(f"{name}_{b}", s, v) for b, column in zip(("low", "high"), values.T, strict=True)
                 for s, v in zip(subs, column, strict=True)]  # fmt: skip
    single, whole = _bands(at["null"].values, who)
    both = {"ci": at["ci"].values, "within_ci": at["within_ci"].values, "null": whole, "null_single": single}
    rows += [(f"{n}_{b}", "mean of listeners" if n != "null_single" else "one listener", v)
             for n, pair in both.items() for b, v in zip(("low", "high"), pair, strict=True)]  # fmt: skip
    rows += [(name, "mean of listeners", float(at[f"{name}_listeners"])) for name in ("p", "within_p")]
    return rows + [
        ("baseline", str(n), float(v)) for n, v in zip(at["name"].values, at["baseline"].values, strict=True)
    ]
