"""F11 of neuroplasticity: the loss of the network that reads principal components."""

from pathlib import Path

import numpy as np
import pandas as pd

from heschl.figures import sessions, style

TITLE = "Loss of the network that reads principal components"
CAPTION = (
    "Cross-entropy by epoch of training in experiment 4.3 (network B on epochs of the first principal components): A, "
    "training samples; B, validation samples. Lines: mean over seeds; bands: least and largest seed. The published "
    "split draws epochs at random; the other keeps whole runs or later epochs apart. Dashed: chance, ln(number of "
    "subjects). A validation loss above that line is worse than no answer: the network is surer than right."
)
COLOURS = {"published": style.BLUE, "epoch_block": style.ORANGE}


def draw(*, components: list[Path], png: Path, pdf: Path, table: Path) -> None:
    """Draw loss (split, phase, epoch) of scores of classify.components, one store a seed.

    Raises
    ------
    HeschlError
        As `sessions.opened`.
    """
    found = sessions.opened(components)
    loss = np.stack([one["loss"].transpose("split", "phase", "epoch").values for one in found]).astype(float)
    splits, phases = (found[0][n].values.astype(str).tolist() for n in ("split", "phase"))
    with style.sheet(style.SINGLE, 2.2) as figure:
        panels = figure.subplots(1, 2, sharey=True)
        for axes, letter, phase in zip(panels, "AB", ("train", "validation"), strict=True):
            _curves(axes, loss[:, :, phases.index(phase)], splits)
            axes.axhline(np.log(found[0].sizes["subject"]), color=style.INK, lw=0.7, ls=(0, (4, 3)), label="chance")
            axes.set_title({"train": "training"}.get(phase, phase), loc="center")
            axes.set_xlabel("epoch")
            style.letter(axes, letter)
        panels[0].set(ylabel="cross-entropy (nats)")
        panels[0].set_ylim(0, None)
        handles, names = panels[0].get_legend_handles_labels()
        figure.legend(handles, names, loc="outside lower center", ncols=2, handlelength=1.6)
    style.save(figure, _table(loss, splits, phases), png=png, pdf=pdf, table=table)


def _curves(axes, loss: np.ndarray, splits: list[str]) -> None:
    """Draw the losses (seed, split, epoch) of one phase."""
    epochs = np.arange(1, loss.shape[-1] + 1)
    low, high = sessions.span(loss)
    for k, split in enumerate(splits):
        ink = COLOURS.get(split, style.CYCLE[(k + 2) % len(style.CYCLE)])
        name = sessions.split_words(split, "components")
        axes.plot(epochs, sessions.mean(loss)[k], color=ink, marker=".", ms=3, label=name)
        axes.fill_between(epochs, low[k], high[k], color=ink, alpha=0.2, lw=0)
    axes.set_xlim(0.5, len(epochs) + 0.5)
    axes.xaxis.get_major_locator().set_params(integer=True)


def _table(loss: np.ndarray, splits: list[str], phases: list[str]) -> pd.DataFrame:
    mean, (low, high) = sessions.mean(loss), sessions.span(loss)
    rows = [
        (split, phase, e + 1, mean[s, p, e], low[s, p, e], high[s, p, e], len(loss))
        for s, split in enumerate(splits)
        for p, phase in enumerate(phases)
        for e in range(loss.shape[-1])
    ]
    return pd.DataFrame(rows, columns=["split", "phase", "epoch", "loss", "seed_min", "seed_max", "n_seeds"])
