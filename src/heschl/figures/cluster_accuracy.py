"""F9 of neuroplasticity: accuracy in clusters of voxels, and how their networks learned."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from heschl import store
from heschl.figures import sessions, style

TITLE = "Accuracy and loss in clusters of the head"
CAPTION = (
    "One network per cluster of neighbouring voxels. A: share of subjects identified in each cluster, in samples of "
    "training, of the test and of each other session (mean over seeds; pale bands: least and largest seed), clusters "
    "sorted by the first of the other sessions; dashed: chance; the legend counts clusters above chance (exact "
    "permutation of subjects, family-wise over clusters, p < .05). Few samples are tested in a cluster, so accuracies "
    "come in steps, and the lowest of many clusters is low by chance too. Published (Roman): every cluster's test at "
    "85 % or more, 90 % on average; after lessons diverse, one cluster above 40 %. B, C: cross-entropy of training "
    "and validation samples by epoch, in clusters drawn at random (the same colour in both), of the first seed; "
    "dashed: chance, ln(number of subjects)."
)


def draw(
    *,
    summary: Path,
    clusters: list[Path],
    png: Path,
    pdf: Path,
    table: Path,
    split: str = "published",
    n_shown: int = 10,
    seed: int = 0,
) -> None:
    """Draw accuracy (split, cluster, evaluation) and loss (split, cluster, phase, epoch), one store a seed.

    From the summary comes which clusters are above chance: cluster_p_fwer (split, evaluation, cluster).

    Raises
    ------
    HeschlError
        As `sessions.opened`, or if the stores lack the split.
    """
    found = sessions.opened(clusters)
    at = sessions.at(found[0]["split"], split, clusters[0])
    accuracy = np.stack([one["accuracy"].isel(split=at).transpose("cluster", "evaluation").values for one in found])
    loss = found[0]["loss"].isel(split=at).transpose("phase", "cluster", "epoch")
    chosen = np.random.default_rng([seed, 9]).permutation(loss.sizes["cluster"])[:n_shown]
    with style.sheet(style.DOUBLE, 2.7) as figure:
        left, middle, right = figure.subplots(1, 3, width_ratios=[1.9, 1, 1])
        _sorted(left, accuracy, found[0], _above(store.read(summary), split, summary))
        _losses((middle, right), loss, np.sort(chosen), found[0].sizes["subject"])
        for axes, text in zip((left, middle, right), "ABC", strict=True):
            style.letter(axes, text)
        handles, names = left.get_legend_handles_labels()
        figure.legend(
            handles, names, loc="outside lower center", ncols=7, markerscale=1.6, title=KEY, title_fontsize=6.5
        )
    rows = [*_rows(accuracy, found[0]), *_loss_rows(loss, np.sort(chosen))]
    style.save(figure, pd.DataFrame(rows, columns=COLUMNS), png=png, pdf=pdf, table=table)


KEY = "mean over clusters, and number of them significantly above chance"
COLUMNS = ["cluster", "quantity", "epoch", "value", "seed_min", "seed_max"]


def _above(found: xr.Dataset, split: str, where: Path) -> dict[str, int]:
    """Count the clusters that are above chance in each score."""
    p = found["cluster_p_fwer"].isel(split=sessions.at(found["split"], split, where)).transpose("evaluation", "cluster")
    return dict(zip(sessions.evaluations(found), (p.values < 0.05).sum(1).tolist(), strict=True))


def _sorted(axes: Axes, accuracy: np.ndarray, one: xr.Dataset, above: dict[str, int]) -> None:
    """Draw accuracies (seed, cluster, evaluation) of the clusters in the order of the first other session."""
    names, after = sessions.evaluations(one), sessions.tested(one)
    shown = [n for n in ("train", "test") if n in names] + after
    values, (low, high) = 100 * sessions.mean(accuracy), sessions.span(100 * accuracy)
    order = np.argsort(values[:, names.index(after[0] if after else shown[-1])], kind="stable")
    x = np.arange(1, len(order) + 1)
    for name in shown:
        k, ink = names.index(name), style.GREY if name == "train" else sessions.colour(name, after)
        if len(accuracy) > 1:
            axes.fill_between(x, low[order, k], high[order, k], color=ink, alpha=0.13, lw=0)
        mean = sessions.mean(values[:, k])
        axes.plot(
            x,
            values[order, k],
            ".",
            ms=3.2,
            color=ink,
            label=f"{sessions.words(name)}: {mean:.0f} %, {above.get(name, 0)}",
        )
    sessions.chance_line(axes, one.sizes["subject"])
    axes.set(xlabel=f"cluster, sorted by {sessions.words(after[0] if after else shown[-1])}",
             ylabel="subjects identified (%)", ylim=(-3, 105), xlim=(0, len(order) + 1))  # fmt: skip
    axes.set_title(f"{len(order)} clusters, {sessions.seeds_words(len(accuracy))}", loc="center")


def _losses(panels: tuple[Axes, Axes], loss, chosen: np.ndarray, n_subjects: int) -> None:
    phases = loss["phase"].values.astype(str).tolist()
    epochs = np.arange(1, loss.sizes["epoch"] + 1)
    top = 1.05 * max(np.log(n_subjects), float(np.nanmax(loss.values[:, chosen], initial=0)))
    for axes, phase, title in zip(panels, ("train", "validation"), ("training", "validation"), strict=True):
        if phase not in phases or not np.isfinite(loss.values[phases.index(phase), chosen]).any():
            style.says(axes, f"no loss of\n{title}")
            continue
        for k, cluster in enumerate(chosen):
            ink = style.CYCLE[k % len(style.CYCLE)]
            axes.plot(epochs, loss.values[phases.index(phase), cluster], color=ink, marker=".", ms=2.5, lw=0.8)
        axes.axhline(np.log(n_subjects), color=style.INK, lw=0.7, ls=(0, (4, 3)))
        axes.set(xlabel="epoch", ylabel="cross-entropy (nats)", ylim=(0, top), xlim=(0.5, len(epochs) + 0.5))
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_title(f"{title}, {len(chosen)} clusters", loc="center")


def _rows(accuracy: np.ndarray, one) -> list[tuple]:
    values, (low, high) = sessions.mean(accuracy), sessions.span(accuracy)
    return [
        (c + 1, f"accuracy_{name}", np.nan, values[c, e], low[c, e], high[c, e])
        for c in range(values.shape[0])
        for e, name in enumerate(sessions.evaluations(one))
    ]


def _loss_rows(loss, chosen: np.ndarray) -> list[tuple]:
    return [
        (c + 1, f"loss_{phase}", k + 1, value, np.nan, np.nan)
        for p, phase in enumerate(loss["phase"].values.astype(str))
        for c in chosen
        for k, value in enumerate(loss.values[p, c])
    ]
