"""Which genres are taken for which by the first guess."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from heschl import store
from heschl.figures import participants, style

TITLE = "Which genres are taken for which"
CAPTION = (
    "A: genre of the clip that is most similar to a prediction, as a share of the clips of the genre that was heard "
    "(rows add to 100 %), averaged over listeners without the noise (canary). B: how often the first guess is of the "
    "right genre, each listener a dot, the noise (canary) hollow and grey, the bar their mean without it; chance is "
    "the genre's share of the candidates. The right genre includes the right clip, and some genres have a handful of "
    "clips only: one cell may be one clip."
)


def draw(*, scores: Path, route: str, png: Path, pdf: Path, table: Path) -> None:
    """Draw confusion (sub, route, genre, predicted_genre) of a store of scores."""
    found = participants.of_route(store.read(scores).load(), scores, route)
    noise, counts = participants.noise_of(found), found["confusion"].values.astype(float)
    names = found["predicted_genre"].values.astype(str)
    share = _share(counts)
    mean = _mean(share[participants.averaged(noise)])
    right = np.trace(counts, axis1=1, axis2=2) / np.maximum(counts.sum((1, 2)), 1e-12)
    chance = _chance(found)
    with style.sheet(style.DOUBLE * 0.8, 3.6) as figure:
        cells, dots = figure.subplots(1, 2, width_ratios=[4, 1])
        image = _cells(cells, mean, names)
        cells.set_title(f"{participants.NAMES.get(route, route)}: {participants.who(noise)}", fontsize=7)
        figure.colorbar(image, ax=cells, shrink=0.75, pad=0.02, label="first guesses (%)")
        _dots(dots, right, noise, chance)
        style.letter(cells, "A")
        style.letter(dots, "B")
    style.save(figure, _table(found, share, mean, names, right, chance), png=png, pdf=pdf, table=table)


def _share(counts: np.ndarray) -> np.ndarray:
    """Divide rows by their sums; NaN where a genre was not heard."""
    total = counts.sum(-1, keepdims=True)
    return np.where(total > 0, counts / np.maximum(total, 1e-12), np.nan)


def _mean(shares: np.ndarray) -> np.ndarray:
    known = np.isfinite(shares).sum(0)
    return np.where(known, np.nansum(shares, 0) / np.maximum(known, 1), np.nan)


def _chance(found) -> float:
    """Mean share of the candidates that have a clip's genre, from who stood against whom."""
    stands = np.isfinite(found["similarity"].values).any(0)
    same = found["genre"].values.astype(str)[:, None] == found["candidate_genre"].values.astype(str)
    return float(np.mean((stands & same).sum(1) / np.maximum(stands.sum(1), 1)))


def _cells(axes: Axes, mean: np.ndarray, names: np.ndarray):
    image = axes.imshow(np.ma.masked_invalid(100 * mean), cmap="Blues", vmin=0, vmax=100)
    for (i, j), value in np.ndenumerate(mean):
        if np.isfinite(value) and value > 0.005:
            colour = "white" if value > 0.6 else style.INK
            axes.text(j, i, f"{100 * value:.0f}", ha="center", va="center", fontsize=6, color=colour)
    said = [participants.plain(name) for name in names]
    axes.set_xticks(range(len(said)), said, rotation=90)
    axes.set_yticks(range(len(said)), said)
    axes.tick_params(length=0)
    axes.set(xlabel="genre of the first guess", ylabel="genre that was heard")
    return image


def _dots(axes: Axes, right: np.ndarray, noise: np.ndarray, chance: float) -> None:
    participants.chance_line(axes, 100 * chance)
    axes.text(1.04, 100 * chance, "chance", va="center", fontsize=6, transform=axes.get_yaxis_transform())
    shown = participants.averaged(noise)
    axes.hlines(100 * right[shown].mean(), -0.28, 0.28, color=style.BLUE, lw=1.6)
    x = np.zeros(len(noise))
    x[~noise] = participants.spread(int((~noise).sum()), 0.4)
    participants.dots(axes, x, 100 * right, noise, style.BLUE, 14)
    axes.set(xlim=(-0.5, 0.5), ylim=(0, 103), xticks=[], xlabel="listeners")
    axes.set(ylabel="first guess of the right genre (%)")


def _table(found, share, mean, names, right, chance) -> pd.DataFrame:
    """List the mean's and every listener's shares, how often each is right, and chance."""
    of = [("mean", mean), *zip(found["sub"].values.astype(str), share, strict=True)]
    rows = [
        (who, heard, said, values[i, j])
        for who, values in of
        for i, heard in enumerate(names)
        for j, said in enumerate(names)
    ]
    rows += [(sub, "any", "right", value) for sub, value in zip(found["sub"].values.astype(str), right, strict=True)]
    rows += [("chance", "any", "right", chance)]
    return pd.DataFrame(rows, columns=["of", "genre", "predicted_genre", "share"])
