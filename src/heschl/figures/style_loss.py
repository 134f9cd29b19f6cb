"""F21 of style_dream: the loss of the network that tells styles while it learns."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from heschl.figures import style, style_scores

TITLE = "Loss of the network that tells styles"
CAPTION = (
    "Cross-entropy on training clips by epoch. Thin: the network of each fold and seed; thick: their mean; colours: "
    "how clips were held out. Black: the published losses (Geng, Table 1), of 4,800 clips in batches of 480, ten steps "
    "an epoch: another corpus and another number of steps, so neither level nor shape can be held against ours. Losses "
    "below 10⁻⁶ are drawn there. Dotted: ln(number of styles), the loss of an answer at chance. A network that learns "
    "shuffled styles (canary) just as well only shows that it has room for them all: a training loss says nothing of "
    "music it hasn't heard."
)

FLOOR = 1e-6  # below it a loss tells of rounding


def draw(*, scores: list[Path], png: Path, pdf: Path, table: Path) -> None:
    """Draw loss (fold, epoch) of scores of tell, one store a split and seed.

    Raises
    ------
    HeschlError
        As `style_scores.opened`.
    """
    found = style_scores.by_split(style_scores.opened(scores))
    losses = {name: np.concatenate([_losses(one) for one in stores]) for name, stores in found.items()}
    n_styles = len(next(iter(found.values()))[0].attrs["styles"])
    with style.sheet(style.SINGLE, 2.7) as figure:
        axes = figure.add_subplot()
        _curves(axes, losses)
        axes.axhline(np.log(n_styles), color=style.INK, lw=0.7, ls=":", zorder=1)
        axes.text(1, np.log(n_styles), f" ln {n_styles}", fontsize=6, va="bottom", ha="left",
                  transform=axes.get_yaxis_transform())  # fmt: skip
        figure.legend(handles=_key(losses), loc="outside lower center", ncols=2, handlelength=1.8)
    rows = [row for name, stores in found.items() for one in stores for row in _rows(name, one)]
    rows += [("published", np.nan, np.nan, k, v) for k, v in enumerate(style_scores.PUBLISHED_LOSS, 1)]
    numbers = pd.DataFrame(rows, columns=["split", "seed", "fold", "epoch", "loss"])
    style.save(figure, numbers, png=png, pdf=pdf, table=table)


def _losses(one) -> np.ndarray:
    return one["loss"].values.astype(float)


def _curves(axes: Axes, losses: dict[str, np.ndarray]) -> None:
    published = style_scores.PUBLISHED_LOSS
    axes.plot(range(1, len(published) + 1), published, color=style.INK, lw=1.6, marker="s", ms=2.6, zorder=5)
    longest = len(published)
    for name, loss in losses.items():
        epochs, ink = np.arange(1, loss.shape[1] + 1), style_scores.colour(name)
        how = {"color": ink, "ls": "--" if name == "permuted" else "-"}
        loss = np.maximum(loss, FLOOR)
        axes.plot(epochs, loss.T, lw=0.4, alpha=0.35, zorder=3, **how)
        axes.plot(epochs, loss.mean(0), lw=1.5, marker="o", ms=2.4, zorder=4, **how)
        longest = max(longest, len(epochs))
    axes.set(xlabel="epoch", ylabel="training loss (nats)", yscale="log", xlim=(0.5, longest + 0.5))
    axes.set_xticks([1, *range(5, longest + 1, 5)])


def _key(losses: dict[str, np.ndarray]) -> list[Line2D]:
    ours = [
        Line2D([], [], color=style_scores.colour(name), lw=1.5, marker="o", ms=2.4, label=style_scores.words(name),
               ls="--" if name == "permuted" else "-")
        for name in losses
    ]  # fmt: skip
    return [*ours, Line2D([], [], color=style.INK, lw=1.6, marker="s", ms=2.6, label="published, other music")]


def _rows(split: str, one) -> list[tuple]:
    loss, seed = _losses(one), int(one.attrs["seed"])
    return [(split, seed, f, e + 1, v) for f, of in enumerate(loss) for e, v in enumerate(of)]
