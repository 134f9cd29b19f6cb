"""S3 of neuroplasticity: splits that don't leak, controls that must be at chance, and simpler classifiers."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from heschl import store
from heschl.figures import sessions, style

TITLE = "Controls of subject identification"
CAPTION = (
    "A: accuracy in the test of the training session (blue) and in the first other session (orange), by experiment "
    "and by how training and test samples were split; mean over seeds, 95 % interval (bootstrap); 4.2: mean over "
    "clusters. With random voxels, tests hold near copies of training voxels of the same recording; other splits keep "
    "places, runs, epochs or halves apart. Canaries (grey) must lie at chance: there, samples are empty-room noise "
    "seen through the same weights, or subjects were shuffled within each training voxel. B: the full-head network "
    "and simpler classifiers, trained on one run and tested on another (split: other run); bars: mean over seeds; "
    "dots: seeds; hyperparameters were chosen on validation samples. Dashed: chance."
)
BASELINES = {"knn": "nearest\nneighbours", "svm": "support\nvectors", "softmax": "softmax\nregression",
             "clockwork": "clockwork\nnetwork"}  # fmt: skip


def draw(*, summary: Path, png: Path, pdf: Path, table: Path, full: list[Path] = ()) -> None:
    """Draw accuracy and accuracy_ci (experiment, split, evaluation) of a summary of classify.

    full : scores of classify.full, one store a seed, with baseline_accuracy (classifier, evaluation) where baselines
        were trained; without, panel B says so
    """
    found = store.read(summary).load()
    shown = _shown(found)
    stores = sessions.opened(full) if full else []
    with style.sheet(style.DOUBLE, max(2.6, 0.9 + 0.19 * len(shown))) as figure:
        left, right = figure.subplots(1, 2, width_ratios=[1, 1.05])
        _splits(left, found, shown)
        baselines = _baselines(right, found, stores)
        style.letter(left, "A")
        style.letter(right, "B")
    rows = [*_rows(found, shown), *baselines]
    style.save(figure, pd.DataFrame(rows, columns=COLUMNS), png=png, pdf=pdf, table=table)


COLUMNS = ["experiment", "split", "classifier", "evaluation", "seed", "accuracy", "ci_low", "ci_high"]


def _shown(found: xr.Dataset) -> list[tuple[int, int]]:
    """List the experiments and splits, as places, that have any accuracy."""
    known = np.isfinite(found["accuracy"].transpose("experiment", "split", "evaluation").values).any(2)
    return [(int(e), int(s)) for e, s in np.argwhere(known)]


def _splits(axes: Axes, found: xr.Dataset, shown: list[tuple[int, int]]) -> None:
    after = sessions.tested(found)
    scores = [("test", style.BLUE, -0.14), *([(after[0], style.ORANGE, 0.14)] if after else [])]
    experiments, splits = (found[n].values.astype(str) for n in ("experiment", "split"))
    places, last, y = [], None, 0.0
    for e, s in shown:
        if experiments[e] != last:
            y += 0.9
            axes.text(0, y, sessions.EXPERIMENTS.get(experiments[e], experiments[e]), fontsize=6.8, va="center",
                      transform=axes.get_yaxis_transform(), bbox={"fc": "white", "ec": "none", "pad": 0.5})  # fmt: skip
            y, last = y + 0.9, experiments[e]
        places.append(y)
        for name, ink, shift in scores:
            value, ci = _of(found, e, s, name)
            colour = style.GREY if splits[s] in sessions.CANARIES else ink
            face = "white" if splits[s] in sessions.CANARIES and name != "test" else colour
            axes.scatter(100 * value, y + shift, s=15, fc=face, ec=colour, lw=0.8, zorder=5)
            sessions.interval(axes, y + shift, 100 * ci, colour, across=True)
        y += 1
    sessions.chance_line(axes, found.sizes["subject"], vertical=True)
    axes.set_yticks(places, [sessions.split_words(str(splits[s]), str(experiments[e])) for e, s in shown])
    axes.set(xlim=(0, 102), ylim=(y - 0.3, 0.3), xlabel="subjects identified (%)")
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    dots = [Line2D([], [], ls="", marker="o", ms=4, color=ink, label=sessions.words(n)) for n, ink, _ in scores]
    axes.legend(handles=dots, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, handletextpad=0.2)


def _of(found: xr.Dataset, experiment: int, split: int, evaluation: str) -> tuple[float, np.ndarray]:
    dims = ("experiment", "split", "evaluation")
    at = (experiment, split, sessions.evaluations(found).index(evaluation))
    return float(found["accuracy"].transpose(*dims).values[at]), found["accuracy_ci"].transpose(*dims, "bound").values[
        at
    ]


def _baselines(axes: Axes, found: xr.Dataset, stores: list[xr.Dataset]) -> list[tuple]:
    """Draw the network on the split of runs and the baselines; return the baselines' numbers."""
    known = [one for one in stores if "baseline_accuracy" in one and np.isfinite(one["baseline_accuracy"]).any()]
    if not known:
        style.says(axes, "no baselines were trained")
        return []
    splits = known[0]["split"].values.astype(str).tolist()
    after, classifiers = sessions.tested(known[0]), known[0]["classifier"].values.astype(str).tolist()
    values = np.stack([one["baseline_accuracy"].transpose("classifier", "evaluation").values for one in known])
    split = str(known[0].attrs.get("baseline_split", "run"))
    if split in splits:
        own = np.stack([one["accuracy"].transpose("split", "evaluation").values[splits.index(split)] for one in known])
        values, classifiers = np.concatenate([own[:, None], values], 1), ["network A", *classifiers]
    names, shown = sessions.evaluations(known[0]), ["test", *after]
    _grouped(axes, 100 * values, classifiers, names, shown)
    sessions.chance_line(axes, found.sizes["subject"])
    axes.set(ylabel="subjects identified (%)", ylim=(0, 104), xlabel=f"full head, split: {sessions.split_words(split)}")
    handles = [h for h in zip(*axes.get_legend_handles_labels(), strict=True) if h[1] != "chance"]
    axes.legend(*zip(*handles, strict=True), loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, handlelength=1.2)
    return [
        ("full", split, c, name, s, values[s, k, names.index(name)], np.nan, np.nan)
        for k, c in enumerate(classifiers)
        for name in shown
        for s in range(len(values))
    ]


def _grouped(axes: Axes, values: np.ndarray, classifiers: list[str], names: list[str], shown: list[str]) -> None:
    """Draw values (seed, classifier, evaluation) in per cent as bars, one group a classifier."""
    width = 0.8 / len(shown)
    for k, name in enumerate(shown):
        of = values[:, :, names.index(name)]
        x, ink = np.arange(len(classifiers)) + (k - (len(shown) - 1) / 2) * width, sessions.colour(name, shown[1:])
        axes.bar(x, sessions.mean(of), width=0.92 * width, color=ink, label=sessions.words(name), alpha=0.9)
        if len(of) > 1:
            axes.scatter(np.tile(x, len(of)), of.ravel(), s=3, color=style.INK, lw=0, alpha=0.6, zorder=3)
    labels = [BASELINES.get(c, c.replace(" ", "\n")) for c in classifiers]
    axes.set_xticks(range(len(classifiers)), labels)
    axes.set_xlim(-0.55, len(classifiers) - 0.45)
    for x in np.flatnonzero(~np.isfinite(values).any((0, 2))):
        axes.text(x, 2, "n/a", ha="center", va="bottom", color=style.GREY)


def _rows(found: xr.Dataset, shown: list[tuple[int, int]]) -> list[tuple]:
    experiments, splits = (found[n].values.astype(str) for n in ("experiment", "split"))
    return [
        (experiments[e], splits[s], "network", name, "mean", *_flat(_of(found, e, s, name)))
        for e, s in shown
        for name in sessions.evaluations(found)
    ]


def _flat(pair: tuple[float, np.ndarray]) -> tuple[float, float, float]:
    return pair[0], float(pair[1][0]), float(pair[1][1])
