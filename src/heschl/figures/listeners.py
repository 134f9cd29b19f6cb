"""What figures of decoding share: scores by model and route, and listeners as dots, noise apart from the others."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import style

MARKERS = {"roi": "o", "voxel": "s"}
ROUTES = {"roi": "regions", "voxel": "voxels"}
WIDTH = 0.26  # listeners' dots stand this far to the left and right at most


class Scored(NamedTuple):
    """One store of identify: label (its model, and its split if that is not the same in all), and its arrays."""

    label: str
    found: xr.Dataset

    def listeners(self) -> np.ndarray:
        """Say which are no noise, (sub,)."""
        return ~self.found["is_noise"].values.astype(bool)


def read(paths: Sequence[Path], needed: Sequence[str] = ()) -> list[Scored]:
    """Read stores of identify, listeners and routes in order, one a model and split.

    Raises
    ------
    HeschlError
        If there is none, one lacks an array, or two are of the same model and split.
    """
    refuse_empty(paths, "scores of identify")
    if len(set(paths)) < len(paths):
        raise HeschlError(paths[0], "a store is given twice", "wanted one of each")
    loaded = {Path(path): store.read(path).load() for path in paths}
    for path, found in loaded.items():
        if missing := [n for n in ("id_acc", "is_noise", *needed) if n not in found]:
            raise HeschlError(path, f"no {missing[0]}", "wanted scores of identify", "Run the rule identify_scores")
    loaded = {path: found.sortby(["sub", "route"]) for path, found in loaded.items()}
    keys = [(str(f.attrs["model"]), str(f.attrs["split"])) for f in loaded.values()]
    if twice := [p for i, p in enumerate(loaded) if keys[i] in keys[:i]]:
        raise HeschlError(twice[0], "a second store of its model and split", "wanted one of each")
    several = len({split for _, split in keys}) > 1
    labels = [f"{plain(m)}\n{plain(s)}" if several else plain(m) for m, s in keys]
    return [Scored(*pair) for pair in zip(labels, loaded.values(), strict=True)]


def refuse_empty(paths: Sequence[Path], what: str) -> None:
    """Raise HeschlError if there is nothing to draw."""
    if not paths:
        raise HeschlError("draw", f"no {what} given", "wanted one store at least", "Name models in decode: models:")


def plain(name: str) -> str:
    """Write a name of the workflow as words."""
    return name.replace("_", " ")


def each(values: np.ndarray) -> np.ndarray:
    """Mean over the last dimension without NaN; NaN if nothing is left."""
    known = np.isfinite(values)
    return np.where(known, values, 0).sum(-1) / np.where(known.any(-1), known.sum(-1), np.nan)


def mean(values: np.ndarray) -> float:
    """Mean without NaN; NaN if nothing is left."""
    return float(each(np.ravel(values)))


def colour(k: int) -> str:
    """Return the colour of the k-th model or method."""
    return style.CYCLE[k % len(style.CYCLE)]


def marker(route: str) -> str:
    """Return the marker of a decoding route."""
    return MARKERS.get(route, "^")


def columns(scored: Sequence[Scored]) -> Iterator[tuple[float, int, str, Scored]]:
    """Give the place of each route on an axis, with room between models: x, number of the model, route, scores."""
    x = 0.0
    for k, one in enumerate(scored):
        for route in one.found["route"].values.astype(str):
            yield x, k, route, one
            x += 1
        x += 0.7


def dots(axes: Axes, x: float, y: np.ndarray, noise: np.ndarray, *, ink: str, shape: str = "o", **options) -> None:
    """Draw one dot a listener (sub,) around x, hollow and grey where it is noise.

    Options: width (of the spread), size, low and high (sub,) of whiskers, across (draw along the other axis),
    noise_ink (of the noise's edge, instead of grey).
    """
    width, size = options.get("width", WIDTH), options.get("size", 12.0)
    places = x + np.linspace(-width, width, len(y))  # a single one beside its mean
    looks = ((~noise, ink, ink, 0.75), (noise, "white", options.get("noise_ink", style.GREY), 1.0))
    for who, face, edge, alpha in looks:
        pair = (y[who], places[who]) if options.get("across") else (places[who], y[who])
        axes.scatter(*pair, s=size, marker=shape, fc=face, ec=edge, alpha=alpha, lw=0.7, zorder=3)
        if "low" in options:
            axes.vlines(places[who], options["low"][who], options["high"][who], color=edge, lw=0.5, alpha=0.7)


def diamond(axes: Axes, x: float, value: float, ci: Sequence[float] | None = None, ink: str = style.INK) -> None:
    """Draw a mean, and to the right of it, where the marker can't hide it, its interval."""
    axes.scatter(x, value, s=16, marker="D", fc="white", ec=ink, lw=0.9, zorder=5)
    if ci is not None:
        axes.vlines(x + 0.1, *ci, color=style.INK, lw=1.2, zorder=4)
        axes.hlines(list(ci), x + 0.07, x + 0.13, color=style.INK, lw=0.8, zorder=4)


def handles(
    models: Sequence[str] = (), routes: Sequence[str] = (), noise: bool = False, inks: Sequence[str] = ()
) -> list[Line2D]:
    """Return entries of a legend: a colour for each of several models, a marker for each route, the noise.

    With one model and its routes, the routes' markers are in its colour.
    """
    empty = {"ls": "", "ms": 4}
    inks = inks or [colour(k) for k in range(len(models))]
    alone = len(models) == 1 and bool(routes)
    look = {"color": inks[0]} if alone else {"color": style.INK, "mfc": "none"}
    named = [] if alone else zip(inks, models)  # noqa: B905
    found = [Line2D([], [], marker="o", color=c, label=m.replace("\n", ", "), **empty) for c, m in named]
    found += [Line2D([], [], marker=marker(r), label=f"listener, {ROUTES.get(r, r)}", **look, **empty) for r in routes]
    if noise:
        found.append(Line2D([], [], marker="o", mfc="white", mec=style.GREY, label="noise (canary)", **empty))
    return found


def warn_if_published(axes: Axes, scored: Sequence[Scored]) -> None:
    """Say on the figure itself that scores follow the published rule, which counts too much."""
    if any(str(one.found.attrs.get("rule", "")).startswith("as published") for one in scored):
        axes.set_title("AS PUBLISHED: ties and the clip itself count", color=style.RED, fontsize=7)


def short(value: float, digits: int = 2) -> str:
    """Write a number between -1 and 1 without the zero before its point, with a true minus."""
    text = f"{value:.{digits}f}"
    text = text if float(text) else text.removeprefix("-")  # no minus before a zero
    return text.replace("-0.", "-.").removeprefix("0" if text.startswith("0.") else "").replace("-", "−")


def p_text(value: float, name: str) -> str:
    """Write a p-value in short, after its name if that isn't ""; nothing if it is NaN."""
    if not np.isfinite(value):
        return ""
    text = (" = " if name else "") + f"{value:.3f}".removeprefix("0") if value >= 0.001 else " < .001"
    return (name + text).strip()
