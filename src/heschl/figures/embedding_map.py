"""True and predicted embeddings of the test clips in one plane."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from heschl.errors import HeschlError
from heschl.figures import participants, style

TITLE = "True and predicted embeddings"
CAPTION = (
    "Test clips placed by t-SNE (fixed seed, all listeners' predictions and the true embeddings together, each scaled "
    "to unit length in units of its fold's training mean and SD, so that direction counts, as it does in "
    "identification). Hollow: true embedding; filled: predicted from one listener's responses; a line joins the two "
    "of a clip; colour: genre. t-SNE keeps neighbourhoods, not distances: the plane shows whether genres gather, and "
    "proves nothing; read the scores. A dashed grey frame: noise (canary)."
)
SEED = 0
GENRES = (
    style.BLUE, style.ORANGE, style.GREEN, style.RED, style.PURPLE, style.SKY, "#7f4f24", style.INK,
    "#5b2a86", "#7a7a00",
)  # fmt: skip  # no yellow: it is faint on white; no grey: it is noise


def draw(*, predictions: list[Path], png: Path, pdf: Path, table: Path, noise_subjects: list[str] = ()) -> None:
    """Draw the means over windows of predicted and target (clip, window, feature), one panel a listener."""
    found = participants.opened(predictions, "model", "route", "split")
    points = _points(found)
    n = max(1, len(found))
    columns = min(n, 4 if n % 3 == 1 else 3)
    rows = -(-n // columns)
    width = style.DOUBLE if columns > 1 else style.SINGLE * 1.3
    with style.sheet(width, 0.5 + rows * 2.15) as figure:
        if points is None:
            style.says(figure.add_subplot(), "no listener was decoded, or too few clips for a plane")
        else:
            panels = figure.subplots(rows, columns, squeeze=False).ravel()
            _panels(figure, panels, points, list(found), noise_subjects)
    empty = pd.DataFrame(columns=["of", "kind", "clip", "genre", "x", "y"])
    style.save(figure, empty if points is None else points, png=png, pdf=pdf, table=table)


def _points(found: dict[str, xr.Dataset]) -> pd.DataFrame | None:
    """Place everyone's predictions and the true embeddings in one plane, x and y from -1 to 1."""
    parts, vectors, placed = [], [], set()
    for sub, one in found.items():
        clip, genre = one["clip"].values.astype(str), one["genre"].values.astype(str)
        said, true = _rows(one)
        if said.shape[1] != (vectors[0].shape[1] if vectors else said.shape[1]):
            raise HeschlError(f"predictions of {sub}", f"{said.shape[1]} features", f"others {vectors[0].shape[1]}")
        parts.append(pd.DataFrame({"of": sub, "kind": "predicted", "clip": clip, "genre": genre}))
        new = np.array([c not in placed for c in clip], bool)
        parts.append(pd.DataFrame({"of": "", "kind": "true", "clip": clip[new], "genre": genre[new]}))
        vectors += [said, true[new]]
        placed |= set(clip)
    if not parts or sum(map(len, vectors)) < 5:
        return None
    table = pd.concat(parts, ignore_index=True)
    return table.assign(**dict(zip("xy", _plane(np.concatenate(vectors)).T, strict=True)))


def _rows(one: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Return predicted and true embeddings (clip, feature), in fold units, of unit length."""
    fold = one["clip_fold"].values.astype(int) if "clip_fold" in one.coords else np.zeros(one.sizes["clip"], int)
    scale = one["scale"].values[fold]
    true = (one["target"].values.mean(1) - one["mean"].values[fold]) / np.where(scale > 0, scale, np.inf)
    return tuple(_unit(values) for values in (one["predicted"].values.mean(1).astype(float), true.astype(float)))


def _unit(values: np.ndarray) -> np.ndarray:
    centred = values - values.mean(1, keepdims=True)
    return centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-12)


def _plane(vectors: np.ndarray) -> np.ndarray:
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    perplexity = float(min(30, max(2, (len(vectors) - 1) // 4)))
    with threadpool_limits(1):  # the order of sums decides where points go
        method = "exact" if len(vectors) <= 400 else "barnes_hut"
        made = TSNE(2, perplexity=perplexity, init="pca", random_state=SEED, method=method, n_jobs=1)
        placed = made.fit_transform(vectors)
    placed = placed - placed.mean(0)
    return placed / np.abs(placed).max()


def _panels(figure, panels, points: pd.DataFrame, subs: list[str], noise_subjects: list[str]) -> None:
    genres = sorted(points["genre"].unique())
    colours = dict(zip(genres, (GENRES * (1 + len(genres) // len(GENRES)))[: len(genres)], strict=True))
    true = points[points["kind"] == "true"].set_index("clip")
    for axes, sub in zip(panels, subs, strict=False):
        _panel(axes, points[points["of"] == sub], true, colours, sub in noise_subjects)
        axes.set_title(participants.label(sub, sub in noise_subjects), fontsize=7.5)
    for axes in panels[len(subs) :]:
        axes.set_axis_off()
    for genre in genres:
        panels[0].scatter([], [], s=14, color=colours[genre], label=participants.plain(genre))
    panels[0].scatter([], [], s=16, facecolors="none", edgecolors=style.INK, linewidths=0.8, label="true")
    panels[0].scatter([], [], s=14, color=style.INK, label="predicted")
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=min(6, len(names)), handletextpad=0.2)


def _panel(axes: Axes, said: pd.DataFrame, true: pd.DataFrame, colours: dict[str, str], is_noise: bool) -> None:
    axes.scatter(true["x"], true["y"], s=16, facecolors="none", edgecolors=true["genre"].map(colours), linewidths=0.8)
    known = said[said["clip"].isin(true.index)]
    ends = true.loc[known["clip"]]
    for genre, xs, ys in zip(
        known["genre"], zip(known["x"], ends["x"], strict=True), zip(known["y"], ends["y"], strict=True), strict=True
    ):
        axes.plot(xs, ys, color=colours[genre], lw=0.5, alpha=0.5, zorder=1)
    axes.scatter(said["x"], said["y"], s=14, color=list(said["genre"].map(colours)), lw=0, zorder=3)
    axes.set(xlim=(-1.08, 1.08), ylim=(-1.08, 1.08), xticks=[], yticks=[], aspect="equal")
    for spine in axes.spines.values():
        spine.set(visible=True, color=style.GREY if is_noise else style.INK, linestyle="--" if is_noise else "-")
