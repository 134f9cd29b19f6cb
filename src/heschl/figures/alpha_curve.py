"""A.1: the decoder's score in training against the ridge penalty."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import listeners, style

TITLE = "The penalty of the decoder"
CAPTION = (
    "Cross-validated correlation of decoded and true embeddings within training clips against the ridge penalty, at "
    "the lag and in the regions or voxels that the decoder chose; mean over embedding dimensions, windows, regions "
    "and outer folds. One line a listener. Circle: the best penalty of this mean curve; the decoder itself gives each "
    "dimension (and region) its own best. Grey, hollow: a listener of pure noise, whose r is above 0 because lag and "
    "regions or voxels are chosen in the same training clips: only the test scores are unbiased. A circle at either "
    "end would mean that the grid of penalties is too narrow. Test clips play no part in this figure."
)


def draw(*, predictions: list[Path], png: Path, pdf: Path, table: Path, noise_subjects: Sequence[str] = ()) -> None:
    """Draw one panel a model (column) and route (row) from stores of decode.

    Raises
    ------
    HeschlError
        If no store is given, one isn't of decode, splits differ, or a listener comes twice.
    """
    rows = _table(predictions, noise_subjects)
    models, routes = (sorted(rows[name].unique()) for name in ("model", "route"))
    subs = sorted(rows["sub"].unique())
    width = min(style.DOUBLE, 1.2 + 2.1 * len(models))
    with style.sheet(max(style.SINGLE, width), 1.05 + 1.55 * len(routes)) as figure:
        panels = figure.subplots(len(routes), len(models), sharex=True, sharey="row", squeeze=False)
        for line, route in zip(panels, routes, strict=True):
            for axes, model in zip(line, models, strict=True):
                _curves(axes, rows[(rows["model"] == model) & (rows["route"] == route)], subs)
                axes.set_title(f"{listeners.plain(model)}, {listeners.ROUTES.get(route, route)}")
            line[0].set_ylabel("r in training")
        for axes in panels[-1]:
            axes.set_xlabel("ridge penalty α")
        figure.legend(handles=_legend(rows, subs), loc="outside lower center", ncols=3 if len(models) == 1 else 6)
    style.save(figure, rows, png=png, pdf=pdf, table=table)


def _curves(axes: Axes, rows: pd.DataFrame, subs: list[str]) -> None:
    if rows.empty:
        return style.says(axes, "not decoded")
    for sub, one in rows.groupby("sub", sort=True):
        ink, noise = _look(one, subs.index(str(sub)))
        axes.plot(one["alpha"], one["r"], color=ink, ls="--" if noise else "-", lw=0.9, zorder=2)
        best = one[one["best"]]
        axes.scatter(best["alpha"], best["r"], s=18, ec=ink, fc="white" if noise else ink, lw=0.9, zorder=3)
    axes.set_xscale("log")
    axes.xaxis.set_minor_locator(NullLocator())
    axes.axhline(0, color=style.INK, lw=0.6, ls="--", zorder=1)


def _look(one: pd.DataFrame, k: int) -> tuple[str, bool]:
    noise = bool(one["noise"].iloc[0])
    return (style.GREY if noise else listeners.colour(k)), noise


def _legend(rows: pd.DataFrame, subs: list[str]) -> list[Line2D]:
    found = []
    for k, sub in enumerate(subs):
        ink, noise = _look(rows[rows["sub"] == sub], k)
        name = f"sub-{sub}" + (" (noise)" if noise else "")
        found.append(Line2D([], [], color=ink, ls="--" if noise else "-", label=name))
    found.append(Line2D([], [], color=style.INK, ls="", marker="o", mfc="none", ms=4, label="best of the curve"))
    return [*found, Line2D([], [], color=style.INK, lw=0.6, ls="--", label="no correlation")]


def _table(predictions: Sequence[Path], noise_subjects: Sequence[str]) -> pd.DataFrame:
    """List r by model, route, listener and penalty, and which penalty is the best of each curve."""
    listeners.refuse_empty(predictions, "predictions of decode")
    parts, seen = [], {}
    for path in predictions:
        found = store.read(path)
        if missing := [n for n in ("alpha_curve", "alpha") if n not in found.variables]:
            raise HeschlError(path, f"no {missing[0]}", "wanted predictions of decode", "Run the rule decode_embedding")
        key = tuple(str(found.attrs[name]) for name in ("model", "route", "subject"))
        if key in seen:
            raise HeschlError(path, f"sub-{key[2]} again, as {seen[key]}", "wanted one split and each listener once")
        seen[key] = path
        parts.append(_curve(found, key, key[2] in noise_subjects))
    return pd.concat(parts, ignore_index=True).sort_values(["model", "route", "sub", "alpha"], ignore_index=True)


def _curve(found: xr.Dataset, key: tuple[str, ...], noise: bool) -> pd.DataFrame:
    r = listeners.each(found["alpha_curve"].transpose("alpha", "fold").values)
    best = np.zeros(len(r), bool)
    best[np.argmax(np.nan_to_num(r, nan=-np.inf))] = np.isfinite(r).any()
    names = dict(zip(("model", "route", "sub"), key, strict=True))
    return pd.DataFrame(names | {"noise": noise, "alpha": found["alpha"].values, "r": r, "best": best})
