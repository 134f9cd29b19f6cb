"""F4b: how like the stimulus the retrieved music is, to another model and to a tagger."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import listeners, style
from heschl.science import bootstrap

TITLE = "Retrieved music against the stimulus"
CAPTION = (
    "The item of the gallery nearest to what was decoded (retrieved), nearest to the true embedding (oracle), and "
    "items drawn at random, held against the clip that was heard. A: identification accuracy of the item's embedding "
    "in another model's space, which the decoder never saw; dashed: chance, .5. The others: share of the top classes "
    "of a tagger (musicnn) that clip and item have in common: the two best genres, the two best instruments, and the "
    "best character; what chance gives is seen in random items. musicnn has no mood tags: slow, fast, loud, quiet, "
    "soft and weird stand in for them (character), and its genres and instruments are fewer than those published, so "
    "these shares are not comparable with published ones. Dot: one listener, mean over test clips; diamond: mean over "
    "listeners with the 95 % interval of a bootstrap that draws listeners and clips (oracle and random items know no "
    "listener: clips alone). Hollow grey: a listener of pure noise, in no mean, with the same interval over clips. The "
    "oracle is what the true embedding retrieves: the best in the decoded model's space, but in other spaces, as in "
    "all panels here, no upper bound."
)
METHODS = {"retrieved": style.BLUE, "oracle": style.GREEN, "random": style.ORANGE}
NAMES = {"retrieved": "retrieved", "oracle": "oracle", "random": "random items"}
GROUPS = {"moods": "character"}
N_BOOTSTRAPS = 2000


def draw(*, retrieved: list[Path], png: Path, pdf: Path, table: Path, noise_subjects: Sequence[str] = ()) -> None:
    """Draw stores of retrieve, one a model and route.

    Raises
    ------
    HeschlError
        If no store is given, one isn't of retrieve, or two are of one model and route.
    """
    stores = _read(retrieved)
    rows = _table(stores, noise_subjects)
    groups = [g for g in dict.fromkeys(rows["group"]) if g != "id_acc"]
    with style.sheet(style.DOUBLE, 3.0) as figure:
        panels = figure.subplots(1, 1 + len(groups))
        for axes, group in zip(panels, ["id_acc", *groups], strict=True):
            _panel(axes, rows[rows["group"] == group], stores)
            axes.set_title(GROUPS.get(group, group))
        other = sorted({listeners.plain(str(s.attrs["other"])) for s in stores})
        panels[0].set_title(f"in {' or '.join(other)} space")
        panels[0].set_ylabel("identification accuracy")
        for axes, mark in zip(panels, "ABCDEFGH", strict=False):
            style.letter(axes, mark)
        panels[1].set_ylabel("share of top classes in common")
        figure.legend(handles=_legend(rows), loc="outside lower center", ncols=4, columnspacing=1.2)
    style.save(figure, rows, png=png, pdf=pdf, table=table)


def _read(paths: Sequence[Path]) -> list[xr.Dataset]:
    listeners.refuse_empty(paths, "stores of retrieve")
    found: dict[tuple[str, str], xr.Dataset] = {}
    for path in paths:
        one = store.read(path).load()
        if missing := [n for n in ("id_acc_clip", "agreement_clip") if n not in one]:
            raise HeschlError(path, f"no {missing[0]}", "wanted what retrieve found", "Run the rule retrieve_clips")
        key = (str(one.attrs["model"]), str(one.attrs["route"]))
        if key in found:
            raise HeschlError(path, "a second store of its model and route", "wanted one of each")
        found[key] = one.sortby("sub")
    return [found[key] for key in sorted(found)]


def _panel(axes: Axes, rows: pd.DataFrame, stores: Sequence[xr.Dataset]) -> None:
    x, ticks = 0.0, []
    for one in stores:
        of_it = rows[(rows["model"] == one.attrs["model"]) & (rows["route"] == one.attrs["route"])]
        for k, method in enumerate(METHODS):
            _column(axes, x + k, of_it[of_it["method"] == method], method)
        if of_it["group"].iloc[0] == "id_acc":
            axes.hlines(0.5, x - 0.7, x + 2.5, color=style.INK, lw=0.8, ls="--", zorder=1)
        ticks.append((x + 1, _label(one, stores)))
        x += 3.8
    axes.set_xticks([place for place, _ in ticks], [name for _, name in ticks])
    axes.tick_params(axis="x", length=0)
    axes.set(xlim=(-0.8, x - 1), ylim=(-0.03, 1.03))


def _column(axes: Axes, x: float, rows: pd.DataFrame, method: str) -> None:
    """Draw one method: dots where listeners differ, left of the mean; oracle and random items know no listener."""
    each, whole, ink = rows[rows["sub"] != "mean"], rows[rows["sub"] == "mean"].iloc[0], METHODS[method]
    if method == "retrieved":
        values, low, high = (each[name].to_numpy(float) for name in ("value", "low", "high"))
        noise, how = each["noise"].to_numpy(bool), {"ink": ink, "size": 10, "width": 0.3}
        listeners.dots(axes, x - 0.3, values, noise, low=low, high=high, **how)
        x += 0.3
    axes.vlines(x, whole["low"], whole["high"], color=ink, lw=1.4, zorder=4)
    axes.scatter(x, whole["value"], s=20, marker="D", fc="white", ec=ink, lw=1.2, zorder=5)


def _label(one: xr.Dataset, stores: Sequence[xr.Dataset]) -> str:
    route = listeners.ROUTES.get(str(one.attrs["route"]), str(one.attrs["route"]))
    several = len({s.attrs["model"] for s in stores}) > 1
    return f"{listeners.plain(str(one.attrs['model']))}\n{route}" if several else route


def _legend(rows: pd.DataFrame) -> list[Line2D]:
    look = {"marker": "D", "mfc": "white", "ms": 4}
    found = [Line2D([], [], color=ink, label=f"{NAMES[m]}: mean, 95 % CI", **look) for m, ink in METHODS.items()]
    found.append(Line2D([], [], marker="o", ls="", ms=3, color=METHODS["retrieved"], label="retrieved: a listener"))
    found += listeners.handles(noise=bool(rows["noise"].any()))
    return [*found, Line2D([], [], color=style.INK, lw=0.8, ls="--", label="chance (A)")]


def _table(stores: Sequence[xr.Dataset], noise_subjects: Sequence[str]) -> pd.DataFrame:
    """List each listener's mean, and that of all listeners (sub "mean"); intervals of the latter and of noise."""
    return pd.DataFrame([row for one in stores for row in _rows(one, noise_subjects)])


def _rows(one: xr.Dataset, noise_subjects: Sequence[str]) -> Iterator[dict]:
    subs = one["sub"].values.astype(str)
    noise = np.isin(subs, list(noise_subjects))
    arrays = {"id_acc": one["id_acc_clip"]}
    arrays |= {str(g): one["agreement_clip"].sel({"group": g}) for g in one["group"].values}
    for group, array in arrays.items():
        for method in METHODS:
            values = array.sel({"method": method}).transpose("sub", "clip").values
            key = {"model": str(one.attrs["model"]), "route": str(one.attrs["route"]), "group": group, "method": method}
            for sub, is_noise, own in zip(subs, noise, values, strict=True):
                row = key | {"sub": str(sub), "noise": bool(is_noise), "value": listeners.mean(own)}
                yield row | (_interval(own[None], one) if is_noise and method == "retrieved" else {})
            kept = values[~noise | (method != "retrieved")]
            yield key | {"sub": "mean", "noise": False, "value": listeners.mean(kept)} | _interval(kept, one)


def _interval(values: np.ndarray, one: xr.Dataset) -> dict[str, float]:
    """Return the interval of the mean of values (sub, clip)."""
    low, high = bootstrap.interval(values, N_BOOTSTRAPS, int(one.attrs["seed"]))
    return {"low": float(low), "high": float(high)}
