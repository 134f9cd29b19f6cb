"""What any model could explain at most, and how near one comes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Colormap, ListedColormap, Normalize, to_rgba
from matplotlib.patches import Patch

from heschl.figures import brain, encoded, listeners, maps, style

TITLE = "Noise ceiling"
CAPTION = (
    "The largest correlation that a perfect model could reach with the mean of all repeats of the test clips (square "
    "root of its split-half reliability). A: mean over listeners on inflated fsaverage5 surfaces, where at least half "
    "have a value; white, if a listener is simulated pure noise: below the 95th percentile of its voxels, so no more "
    "than noise alone gives (and a mean over listeners exceeds that more rarely than one voxel does). B: its "
    "distribution over voxels in each listener; the first bin holds mostly voxels of ceiling 0, whose repeats don't "
    "correlate or do so negatively. C: median r of the model named on the axis in voxels of a ceiling; dashed: r "
    "equal to the ceiling. D: that r divided by the ceiling, in voxels with a ceiling above .1; values beyond the "
    "axis are in the last bins. Grey, dashed: simulated pure noise. A ceiling from few repeats of few clips is itself "
    "uncertain, and r can exceed it by chance."
)
STEPS = np.linspace(0, 1, 21)
RATIOS = np.linspace(-1, 1.5, 26)
WITHIN, UNKNOWN = "#fbfaf5", "#9ecae1"  # within noise; recorded, not estimable
LEAST = 10  # voxels in a bin of C


def draw(
    *,
    encoding: list[Path],
    noise_subjects: list[str],
    png: Path,
    pdf: Path,
    table: Path,
    views: list[str] = ("lateral", "medial"),
) -> None:
    """Draw ceiling, r and r_normalised (voxel,) of the stores of one model, one per subject."""
    everyone = encoded.listeners(encoding, noise_subjects)
    heard, at = encoded.who_hear(everyone), maps.places(views)
    affine, _ = encoded.common_grid(everyone)
    mean = encoded.over_listeners(encoded.stacked(heard, [s.found["ceiling"].values for s in heard]))
    known = encoded.half_say(encoded.stacked(heard, [np.ones(s.found.sizes["voxel"]) for s in heard]))
    limit, numbers = _limit(everyone), _numbers(everyone)
    with style.sheet(style.DOUBLE, 4.1) as figure:
        top, bottom = figure.subfigures(2, 1, height_ratios=[1.1, 1.25])
        line = top.subplots(1, len(at), squeeze=False, width_ratios=[maps.WIDTHS[v] for _, v in at])[0]
        norm = Normalize(0, max(0.1, float(np.nanmax(mean, initial=0))))
        cmap = _colours(norm, limit)
        maps.surfaces(line, at, mean, affine, cmap, norm, known=np.where(known, 1.0, np.nan))
        maps.heads(line, at)
        bar = top.colorbar(ScalarMappable(norm, cmap), ax=line.tolist(), shrink=0.8, aspect=14, pad=0.01)
        bar.set_label("mean ceiling (r)")
        top.legend(handles=_swatches(limit, bool((known & np.isnan(mean)).any())), loc="outside lower center", ncols=3)
        style.letter(line[0], "A")
        panels = bottom.subplots(1, 3)
        for axes, text in zip(panels, "BCD", strict=True):
            style.letter(axes, text)
        _panels(panels, numbers, everyone)
        bottom.legend(handles=_lines(everyone), loc="outside right upper", title="listener")
    more = [("noise (canary)", "ceiling_percentile_95", np.nan, np.nan, limit, np.nan)] if limit else []
    numbers = pd.concat([numbers, pd.DataFrame(more, columns=numbers.columns)]) if more else numbers
    style.save(figure, numbers, png=png, pdf=pdf, table=table)


def _limit(everyone: Sequence[encoded.Listener]) -> float:
    """Return the ceiling that 5 % of the voxels of pure noise exceed; 0 if nobody is noise or none is known."""
    parts = [s.found["ceiling"].values for s in everyone if s.is_noise]
    known = np.concatenate(parts)[np.isfinite(np.concatenate(parts))] if parts else np.zeros(0)
    return float(np.quantile(known, 0.95)) if known.size else 0.0


def _colours(norm: Normalize, limit: float) -> Colormap:
    """Return colours that are white below the limit, and of their own beyond the norm (not estimable)."""
    colours = colormaps["YlOrRd"](np.linspace(0, 1, 256))
    colours[np.linspace(norm.vmin, norm.vmax, 256) < limit] = to_rgba(WITHIN)
    return ListedColormap(colours).with_extremes(over=UNKNOWN)


def _swatches(limit: float, unknown: bool) -> list[Patch]:
    edge = {"ec": style.GREY, "lw": 0.5}
    text = f"below the 95th percentile of noise (canary), {listeners.short(limit)}"
    found = [Patch(fc=WITHIN, label=text, **edge)] if limit else []
    found += [Patch(fc=UNKNOWN, label="recorded, not estimable", **edge)] if unknown else []
    return [*found, Patch(fc=str(brain.NO_DATA), label="not recorded", **edge)]


def _numbers(everyone: Sequence[encoded.Listener]) -> pd.DataFrame:
    """List, by subject, what each panel shows: bin by bin, and medians."""
    rows = []
    for one in everyone:
        ceiling, r, ratio = one.found["ceiling"].values, encoded.r(one.found), one.found["r_normalised"].values
        rows.append((one.name, "median_ceiling", np.nan, np.nan, *_middle(ceiling)))
        rows.append((one.name, "median_r_normalised", np.nan, np.nan, *_middle(ratio)))
        known = ceiling[np.isfinite(ceiling)]
        rows += _histogram(one.name, "ceiling", known, STEPS)
        rows += _histogram(one.name, "r_normalised", np.clip(ratio[np.isfinite(ratio)], -0.999, 1.499), RATIOS)
        for low, high in zip(STEPS[:-1], STEPS[1:], strict=True):
            inside = (ceiling >= low) & (ceiling < high) & np.isfinite(r)
            if inside.sum() >= LEAST:
                rows.append((one.name, "median_r", low, high, float(np.median(r[inside])), int(inside.sum())))
    return pd.DataFrame(rows, columns=["listener", "quantity", "from", "to", "value", "n_voxels"])


def _middle(values: np.ndarray) -> tuple[float, int]:
    known = values[np.isfinite(values)]
    return (float(np.median(known)) if known.size else np.nan), known.size


def _histogram(name: str, quantity: str, values: np.ndarray, edges: np.ndarray) -> list[tuple]:
    """Count values by bin; value is the share of all in percent."""
    counts = np.histogram(values, edges)[0]
    share = 100 * counts / max(1, values.size)
    return [(name, f"share_{quantity}", *edges[k : k + 2], float(share[k]), int(n)) for k, n in enumerate(counts) if n]


def _panels(panels: Sequence[Axes], numbers: pd.DataFrame, everyone: Sequence[encoded.Listener]) -> None:
    b, c, d = panels
    if not (numbers["quantity"] == "share_ceiling").any():
        for axes in panels:
            style.says(axes, "no ceiling: test clips\nwere heard once")
        return
    for one in everyone:
        own = numbers[numbers["listener"] == one.name]
        how = {"color": one.colour, "ls": "--" if one.is_noise else "-"}
        for axes, quantity, edges in ((b, "share_ceiling", STEPS), (d, "share_r_normalised", RATIOS)):
            part = own[own["quantity"] == quantity]
            heights = np.zeros(len(edges) - 1)
            heights[np.searchsorted(edges, part["from"].to_numpy() + 1e-9) - 1] = part["value"]
            axes.stairs(heights, edges, **how)
        part = own[own["quantity"] == "median_r"]
        face = "white" if one.is_noise else one.colour
        c.plot((part["from"] + part["to"]) / 2, part["value"], marker="o", ms=2.5, mfc=face, mew=0.6, **how)
    c.plot([0, 1], [0, 1], color=style.INK, lw=0.7, ls=(0, (4, 3)), zorder=0)
    c.axhline(0, color=style.GREY, lw=0.6, ls=":", zorder=0)
    d.axvline(1, color=style.INK, lw=0.7, ls=(0, (4, 3)))
    b.set(xlabel="ceiling (r)", ylabel="voxels (%)", xlim=(0, 1), yscale="log", ylim=(0.01, 100))
    model = listeners.plain(str(everyone[0].found.attrs["model"]))
    c.set(xlabel="ceiling (r)", ylabel=f"median test r, {model}", xlim=(0, 1))
    d.set(xlabel=f"r of {model} / ceiling", ylabel="voxels (%)", xlim=(-1, 1.5))


def _lines(everyone: Sequence[encoded.Listener]) -> list:
    from matplotlib.lines import Line2D

    return [Line2D([], [], color=s.colour, ls="--" if s.is_noise else "-", label=s.name) for s in everyone]
