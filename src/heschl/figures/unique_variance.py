"""F6 of brain2music: what each band of features explains that the others don't."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.legend_handler import HandlerTuple
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from heschl.errors import HeschlError
from heschl.figures import encoded, listeners, maps, style

TITLE = "What text, audio and genre explain each by itself"
CAPTION = (
    "Banded ridge regression of responses to test clips. A: mean explained variance of all bands together, of each "
    "band alone (pale) and its unique part (full): what the joint model gains over one without the band; mean over "
    "all voxels of a partition, which are chosen, if at all, in training clips. Bars: mean over listeners; "
    "dots: listeners; hollow grey: simulated pure noise, never averaged. B: voxels where the unique part is "
    "significant (false discovery rate .05 within a listener and band); in figures the share in pure noise, which "
    "should be near 0. C: the band with the "
    "largest mean unique part among those significant in at least half of the listeners; grey: none. Unique "
    "parts of bands that share much are small by construction, and a few listeners make no population."
)
ALL = "all bands"


def draw(
    *,
    partition: list[Path],
    noise_subjects: list[str],
    png: Path,
    pdf: Path,
    table: Path,
    views: list[str] = ("lateral", "medial"),
    q: float = 0.05,
) -> None:
    """Draw stores of encode.partition, one per subject: r2_joint (voxel), r2_alone, unique, q_unique (band, voxel).

    Raises
    ------
    HeschlError
        If subjects have other bands, or as `encoded.listeners`.
    """
    everyone = encoded.listeners(partition, noise_subjects, "partition")
    bands = [str(b) for b in everyone[0].found["band"].values]
    for one in everyone[1:]:
        if (other := [str(b) for b in one.found["band"].values]) != bands:
            given = f"sub-{one.label} has bands {', '.join(other)}"
            raise HeschlError("partition", given, f"wanted {', '.join(bands)}", "Partition all with the same bands")
    colours, numbers = dict(zip(bands, style.CYCLE, strict=False)), _numbers(everyone, bands, q)
    with style.sheet(style.DOUBLE, 3.9) as figure:
        top, bottom = figure.subfigures(2, 1, height_ratios=[1.25, 1])
        left, right = top.subplots(1, 2, width_ratios=[1.5, 1])
        _explained(left, numbers, everyone, colours)
        _significant(right, numbers, everyone, colours)
        key = _key(everyone, list(colours.values()))
        beside = {tuple: HandlerTuple(ndivide=None, pad=0)}
        top.legend(key.values(), key, loc="outside upper right", ncols=4, handlelength=2.2, handler_map=beside)
        counts = _map(bottom, everyone, colours, list(views), q)
    rows = [("group", b, "n_voxels_largest_unique", float(n)) for b, n in zip(bands, counts, strict=True)]
    more = pd.DataFrame(rows, columns=numbers.columns)
    style.save(figure, pd.concat([numbers, more], ignore_index=True), png=png, pdf=pdf, table=table)


def _numbers(everyone: Sequence[encoded.Listener], bands: list[str], q: float) -> pd.DataFrame:
    """List mean r2 and the share of significant voxels of each subject and band."""
    rows = []
    for one in everyone:
        joint = one.found["r2_joint"].values.astype(float)
        rows.append((one.name, ALL, "r2_joint", float(np.nanmean(joint))))
        for band in bands:
            of = one.found.sel(band=band)
            rows += [(one.name, band, n, float(np.nanmean(of[n].values.astype(float)))) for n in ("r2_alone", "unique")]
            rows.append((one.name, band, "share_significant", float(np.mean(of["q_unique"].values <= q))))
    return pd.DataFrame(rows, columns=["listener", "band", "quantity", "value"])


def _key(everyone: Sequence[encoded.Listener], inks: list[str]) -> dict:
    """Return a legend, handles by name, of what is pale, what is full, and whose the dots are."""
    dot = {"ls": "", "marker": "o", "ms": 3.8, "mew": 0.8}
    key: dict = {
        n: tuple(Patch(fc=i, alpha=a) for i in inks) for n, a in (("band alone", 0.3), ("band's unique part", 1))
    }
    key["a listener"] = Line2D([], [], color=style.INK, **dot)
    if any(s.is_noise for s in everyone):
        key["noise (canary)"] = Line2D([], [], mec=style.GREY, mfc="white", **dot)
    return key


def _values(numbers: pd.DataFrame, everyone: Sequence[encoded.Listener], band: str, quantity: str) -> np.ndarray:
    chosen = numbers[(numbers["band"] == band) & (numbers["quantity"] == quantity)].set_index("listener")["value"]
    return chosen[[s.name for s in everyone]].to_numpy()


def _bar(axes: Axes, x: float, values: np.ndarray, everyone: Sequence[encoded.Listener], **how) -> None:
    """Draw the mean of those who hear as a bar, and everyone as a dot."""
    heard = [not s.is_noise for s in everyone]
    axes.bar(x, values[heard].mean(), **how)
    encoded.dots(axes, x, everyone, values, 0.6 * how["width"], style.INK)


def _explained(axes: Axes, numbers: pd.DataFrame, everyone: Sequence[encoded.Listener], colours: dict) -> None:
    _bar(axes, 0, _values(numbers, everyone, ALL, "r2_joint"), everyone, width=0.5, color=style.PALE)
    for k, (band, colour) in enumerate(colours.items(), 1):
        _bar(axes, k - 0.2, _values(numbers, everyone, band, "r2_alone"), everyone, width=0.36, color=colour, alpha=0.3)
        _bar(axes, k + 0.2, _values(numbers, everyone, band, "unique"), everyone, width=0.36, color=colour)
    axes.axhline(0, color=style.INK, lw=0.6, ls="--")
    axes.set_xticks(range(len(colours) + 1), [listeners.plain(n) for n in (ALL, *colours)])
    axes.set(ylabel="mean R² on test clips", xlim=(-0.6, len(colours) + 0.6))
    style.letter(axes, "A")


def _significant(axes: Axes, numbers: pd.DataFrame, everyone: Sequence[encoded.Listener], colours: dict) -> None:
    for k, (band, colour) in enumerate(colours.items()):
        values = 100 * _values(numbers, everyone, band, "share_significant")
        heard = np.array([not s.is_noise for s in everyone])
        _bar(axes, k - 0.12, values[heard], encoded.who_hear(everyone), width=0.5, color=colour)
        for value in values[~heard]:
            axes.scatter(k + 0.32, value, s=16, fc="white", ec=style.GREY, lw=1, zorder=4)
            axes.annotate(
                f"{value:.1f}", (k + 0.32, value), (0, 4), textcoords="offset points", ha="center", fontsize=6
            )
    axes.set_xticks(range(len(colours)), [listeners.plain(n) for n in colours])
    axes.set(ylabel="voxels with a significant\nunique part (%)", xlim=(-0.6, len(colours) - 0.4))
    top = max(1, axes.get_ylim()[1])
    axes.set_ylim(-0.03 * top, 1.04 * top)
    style.letter(axes, "B")


def _map(
    figure: SubFigure, everyone: Sequence[encoded.Listener], colours: dict, views: list[str], q: float
) -> np.ndarray:
    """Paint the band with the largest mean unique part; return the number of voxels of each band."""
    heard, at = encoded.who_hear(everyone), maps.places(views)
    affine, _ = encoded.common_grid(heard)
    best = _largest(heard, list(colours), q)
    line = figure.subplots(1, len(at), squeeze=False, width_ratios=[maps.WIDTHS[v] for _, v in at])[0]
    maps.surfaces(line, at, best, affine, *maps.categories(list(colours.values())), mode=True)
    maps.heads(line, at)
    counts = np.array([(best == k + 1).sum() for k in range(len(colours))])
    named = zip(colours.items(), counts, strict=True)
    swatches = [Patch(fc=colour, label=f"{listeners.plain(band)} ({n:,} voxels)") for (band, colour), n in named]
    figure.legend(handles=swatches, loc="outside lower center", ncols=len(swatches), handlelength=1.2)
    style.letter(line[0], "C")
    return counts


def _largest(heard: Sequence[encoded.Listener], bands: list[str], q: float) -> np.ndarray:
    """Return the number (x, y, z), from 1, of the band with the largest significant mean unique part, else NaN."""
    parts = []
    for band in bands:
        of = [s.found.sel(band=band) for s in heard]
        mean = encoded.over_listeners(encoded.stacked(heard, [s["unique"].values for s in of]))
        passed = encoded.half_say(encoded.stacked(heard, [s["q_unique"].values <= q for s in of]))
        parts.append(np.where(passed & np.isfinite(mean), mean, -np.inf))
    parts = np.stack(parts)
    return np.where(np.isfinite(parts.max(0)), parts.argmax(0) + 1.0, np.nan)
