"""How often the clip that was heard, or one of its genre, is among the first guesses."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from heschl import store
from heschl.figures import participants, style
from heschl.science import identification

TITLE = "The clip, or its genre, among the first guesses"
CAPTION = (
    "A: share of test clips that are among the k candidates most similar to their prediction. B: share of which at "
    "least one of the k is of their genre. Bars: mean of the listeners without the noise (canary); dots: single "
    "listeners, the noise (canary) hollow and grey; dashed: chance, exact for the candidates of each clip. Genre is "
    "an easier question than the clip, and with few clips a genre chance is high: read both against their own dashes. "
    "Bars have no intervals; those of identification accuracy are in the table of identification."
)
COLOURS = {"roi": style.SKY, "voxel": style.ORANGE}
SONG_K, GENRE_K = (1, 3, 5, 10), (1, 3)


def draw(*, scores: Path, png: Path, pdf: Path, table: Path) -> None:
    """Draw top_k and top_k_genre (sub, route, k) of a store of scores."""
    found = store.read(scores).load()
    noise, rows = participants.noise_of(found), []
    with style.sheet(style.DOUBLE, 2.6) as figure:
        panels = figure.subplots(1, 2, sharey=True, width_ratios=[1.6, 1])
        for axes, letter, name, wanted, what in (
            (panels[0], "A", "top_k", SONG_K, "the clip itself"),
            (panels[1], "B", "top_k_genre", GENRE_K, "a clip of its genre"),
        ):
            ks = [k for k in wanted if k in found["k"].values.tolist()]
            chance = _chance(found, name, ks)
            rows += _panel(axes, found, name, ks, chance, noise)
            axes.set_title(f"{what} is among the first k", fontsize=7.5)
            style.letter(axes, letter)
        panels[0].set(ylabel="test clips (%)", ylim=(0, 103))
        handles, names = panels[0].get_legend_handles_labels()
        title = f"bars: {participants.who(noise)}; dots: single ones, hollow: {participants.CANARY}"
        figure.legend(handles, names, loc="outside lower center", ncols=3, title=title, title_fontsize=6.5)
    columns = ["quantity", "route", "k", "of", "share", "chance"]
    style.save(figure, pd.DataFrame(rows, columns=columns), png=png, pdf=pdf, table=table)


def _chance(found: xr.Dataset, name: str, ks: list[int]) -> list[float]:
    """Score someone to whom all candidates are alike, against each clip's own candidates: exact chance."""
    stands = np.isfinite(found["similarity"].values).any((0, 1))
    said = np.where(stands, 0.0, np.nan)[stands.any(1)]
    clip, genre = (found[n].values.astype(str)[stands.any(1)] for n in ("clip", "genre"))
    candidate = found["candidate"].values.astype(str).tolist()
    if name == "top_k":
        truth = np.array([candidate.index(c) for c in clip])
        return [float(identification.top_k(said, truth, k).mean()) for k in ks]
    of = found["candidate_genre"].values.astype(str)
    return [float(identification.top_k_genre(said, genre, of, k).mean()) for k in ks]


def _panel(axes: Axes, found: xr.Dataset, name: str, ks: list[int], chance: list[float], noise: np.ndarray) -> list:
    """Draw groups of bars, one a route; return the rows of the table."""
    routes, rows = found["route"].values.astype(str).tolist(), []
    width = 0.76 / len(routes)
    for r, route in enumerate(routes):
        colour = COLOURS.get(route, style.CYCLE[r])
        for x, (k, level) in enumerate(zip(ks, chance, strict=True)):
            values = found[name].isel(route=r).sel(k=k).values.astype(float)
            mean, at = float(np.nanmean(values[participants.averaged(noise)])), x + (r - (len(routes) - 1) / 2) * width
            label = participants.NAMES.get(route, route) if x == 0 else None
            axes.bar(at, 100 * mean, width=0.92 * width, color=colour, alpha=0.55, lw=0, label=label)
            participants.dots(axes, at + participants.spread(len(noise), 0.55 * width), 100 * values, noise, style.INK)
            rows += [(name, route, k, "mean", mean, level)]
            subs = found["sub"].values.astype(str)
            rows += [(name, route, k, s, float(v), level) for s, v in zip(subs, values, strict=True)]
    for x, level in enumerate(chance):
        axes.hlines(100 * level, x - 0.42, x + 0.42, color=style.INK, lw=0.9, ls=(0, (4, 3)), zorder=5,
                    label="chance" if x == 0 else None)  # fmt: skip
    axes.set_xticks(range(len(ks)), [f"top {k}" for k in ks])
    return rows
