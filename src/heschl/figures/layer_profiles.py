"""Panels of layers: their correlation with the brain, what is left given others, and regions with intervals."""

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure

from heschl.figures import participants, style

CURVES = {  # variable -> what it is called, its colour and marker
    "rho_mean": ("correlation", style.BLUE, "o"),
    "semipartial": ("given the other layers", style.ORANGE, "s"),
    "beyond_controls": ("given the controls", style.GREEN, "^"),
}
SIDES = {"L": (style.BLUE, -0.13, "left"), "R": (style.ORANGE, 0.13, "right"), "": (style.INK, 0.0, "")}


def profiles(tested: xr.Dataset, chosen: np.ndarray) -> pd.DataFrame:
    """Average maps (voxel, layer) and controls over chosen voxels (voxel,): what, layer, mean, quartiles.

    A map that is NaN throughout, as without controls, is left out.
    """
    names, rows = tested["layer"].values.astype(str), []
    for what in ("rho_mean", "centre", "semipartial", "partial", "beyond_controls"):
        rows += _averages(what, names, tested[what].values[chosen])
    if "rho_control" in tested:
        rows += _averages("rho_control", tested["control"].values.astype(str), tested["rho_control"].values[chosen])
    return pd.DataFrame(rows, columns=["what", "layer", "mean", "low", "high"])


def _averages(what: str, names: np.ndarray, values: np.ndarray) -> list[tuple]:
    if not np.isfinite(values).any():
        return []
    known = [v[np.isfinite(v)] for v in values.T]
    stats = [(v.mean(), *np.quantile(v, [0.25, 0.75])) if v.size else (np.nan,) * 3 for v in known]
    return [(what, str(name), *map(float, one)) for name, one in zip(names, stats, strict=True)]


def band(tested: xr.Dataset, top: xr.Dataset, chosen: np.ndarray) -> dict[str, float | int]:
    """Average the noise ceilings (centre,) over the centres among chosen voxels; over all, if none is."""
    shape = tuple(int(n) for n in tested.attrs["grid_shape"])
    place, centres = (np.ravel_multi_index(s["ijk"].values.astype(int).T, shape) for s in (tested, top))
    at = np.isin(centres, place[chosen])
    at = at if at.any() else np.ones(len(centres), bool)
    ends = {end: top[end].values[at].astype(float) for end in ("lower", "upper")}
    means = {end: float(np.nanmean(v)) if np.isfinite(v).any() else np.nan for end, v in ends.items()}
    return means | {"n": int(at.sum())}


def curves(axes: Axes, tested: xr.Dataset, found: pd.DataFrame, ends: dict) -> None:
    """Draw profiles over layers, controls beside them, the noise ceiling behind."""
    x = np.arange(1, tested.sizes["layer"] + 1)
    _ceiling(axes, ends)
    axes.axhline(0, color=style.INK, lw=0.5)
    null = found[found["what"] == "centre"]
    if len(null):
        axes.plot(x, null["mean"], color=style.GREY, lw=0.9, ls=":", label="clips trade places")
    for k, (what, (name, colour, marker)) in enumerate(CURVES.items()):
        one = found[found["what"] == what]
        if len(one):
            at = x + 0.14 * (k - 1)
            axes.vlines(at, one["low"], one["high"], color=colour, lw=1.6, alpha=0.35)
            axes.plot(at, one["mean"], marker=marker, ms=3.5, lw=0.9, color=colour, label=name)
    own = found[found["what"] == "rho_control"]
    if len(own):
        beside = len(x) + 1.4 + participants.spread(len(own), 0.5)
        axes.scatter(beside, own["mean"], marker="D", s=14, color=style.INK, lw=0)
    heads = [str(k) for k in x] + (["controls"] if len(own) else [])
    axes.set_xticks([*x, *([len(x) + 1.4] if len(own) else [])], heads)
    axes.set(xlim=(0.4, len(x) + (2.3 if len(own) else 0.6)), xlabel="layer", ylabel="Spearman ρ")
    participants.short_ticks(axes.yaxis)
    axes.figure.legend(loc="outside lower left", ncols=3, handlelength=1.4, columnspacing=1.0)


def _ceiling(axes: Axes, ends: dict) -> None:
    """Draw the band between both noise ceilings; a line where there is but the upper one."""
    low, high = ends["lower"], ends["upper"]
    if np.isfinite(low):
        axes.axhspan(low, high, color=style.PALE, lw=0, label="noise ceiling", zorder=0)
    elif np.isfinite(high):
        axes.axhline(high, color=style.PALE, lw=2, label="upper noise ceiling", zorder=0)


def regions(figure: SubFigure, found: xr.Dataset) -> None:
    """Draw rho (region, layer) of regions named by side, "L planum polare", a panel for each region."""
    names = found["region"].values.astype(str)
    places = list(dict.fromkeys(_side(name)[1] for name in names))
    if not places:
        return style.says(figure.subplots(), "no voxel of the regions was recorded")
    panels = figure.subplots(1, len(places), sharey=True, squeeze=False)[0]
    span = _span(found)
    for axes, place in zip(panels, places, strict=True):
        rows = [k for k, name in enumerate(names) if _side(name)[1] == place]
        _region(axes, place, found.isel(region=rows), span)
    panels[0].set_ylabel("Spearman ρ")
    participants.short_ticks(panels[0].yaxis)
    style.letter(panels[0], "B")
    handles = {
        label: handle for axes in panels for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles, loc="outside lower center", ncols=len(handles))


def _side(name: str) -> tuple[str, str]:
    """Split "L planum polare" into side and place; a name without a side has none."""
    side, _, place = name.partition(" ")
    return (side, place) if side in ("L", "R") and place else ("", name)


def _span(found: xr.Dataset) -> tuple[float, float]:
    """Return the lowest and highest end of all intervals, 0 among them."""
    values = np.concatenate([found[v].values.ravel() for v in ("rho", "rho_low", "rho_high")])
    values = values[np.isfinite(values)]
    return min(0.0, values.min(initial=0.0)), max(1e-3, values.max(initial=0.0))


def _region(axes: Axes, place: str, found: xr.Dataset, span: tuple[float, float]) -> None:
    low, high = span
    step, x, counts = 0.09 * (high - low), np.arange(1, found.sizes["layer"] + 1), []
    axes.axhline(0, color=style.INK, lw=0.5)
    for k, name in enumerate(found["region"].values.astype(str)):
        side, one = _side(name)[0], found.isel(region=k)
        colour, shift, word = SIDES[side]
        rho, ends = one["rho"].values.astype(float), [one[v].values.astype(float) for v in ("rho_low", "rho_high")]
        axes.vlines(x + shift, *ends, color=colour, lw=1.6, alpha=0.4)
        axes.plot(x + shift, rho, "o-", ms=2.8, lw=0.9, color=colour, label=word or None)
        best = float(one["best_layer"])
        bar = low - (0.8 + k) * step
        axes.hlines(bar, float(one["best_layer_low"]) - 0.2, float(one["best_layer_high"]) + 0.2, color=colour, lw=2.4)
        if np.isfinite(best):
            axes.plot(best, bar, "o", ms=4, color=colour, mec="white", mew=0.6)
            axes.plot(best + shift, rho[round(best) - 1], "o", ms=6.5, mfc="none", mec=style.INK, mew=0.8)
        counts.append(" ".join(filter(None, (side, f"{int(one['n_centres'])}"))))
    axes.set(xlim=(0.4, len(x) + 0.6), ylim=(low - 3 * step, high + step), xlabel="layer")
    axes.set_xticks(x)
    axes.set_title(f"{place[:1].upper()}{place[1:]} ({', '.join(counts)} spheres)", fontsize=7)
