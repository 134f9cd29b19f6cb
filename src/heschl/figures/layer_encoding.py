"""How well each layer of a network predicts the brain, by depth."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from heschl import store
from heschl.figures import encoded, style

TITLE = "Encoding by depth"
CAPTION = (
    "Mean test correlation of each layer, in the 1 % of voxels with the best cross-validated score in training clips. "
    "That score is the default layer's (red triangle), which favours voxels that this layer predicts; test clips "
    "choose nothing. Thin lines and dots: listeners; black: their mean; hollow grey: simulated pure noise, with "
    "its own best 1 %, never averaged. Lines join layers in series; musicnn's timbral and temporal layers are parallel "
    "branches and stand alone. Models of one layer stand apart. Layers differ in number of features, so "
    "a difference of layers isn't one of what they represent alone."
)
SHARE = 0.01
PARALLEL = ("timbral", "temporal")  # layers side by side, joined by no line


def draw(*, encoding: list[Path], noise_subjects: list[str], png: Path, pdf: Path, table: Path) -> None:
    """Draw r (layer, voxel) of stores of encoding: any number of models, one store per subject and model."""
    models = _models(encoding, noise_subjects)
    numbers = _numbers(models)
    deep = [m for m in sorted(models) if models[m][0].found.sizes["layer"] > 1]
    flat = [m for m in sorted(models) if m not in deep]
    widths = [2.0 + 0.35 * models[m][0].found.sizes["layer"] for m in deep] + [1.2 + 0.8 * len(flat)] * bool(flat)
    everyone = max(models.values(), key=len)
    with style.sheet(min(style.DOUBLE, max(style.SINGLE, 0.9 * sum(widths))), 2.7) as figure:
        panels = figure.subplots(1, len(widths), squeeze=False, sharey=True, width_ratios=widths)[0]
        for axes, model in zip(panels, deep, strict=False):
            _curve(axes, numbers[numbers["model"] == model], models[model], model)
        if flat:
            _single(panels[-1], numbers, models, flat)
        for axes in panels:
            axes.axhline(0, color=style.GREY, lw=0.6, ls="--", zorder=0)
        panels[0].set_ylabel("mean r, best 1 % of voxels\n(chosen in training clips)")
        handles = [*encoded.legend_dots(everyone), Line2D([], [], color=style.INK, lw=1.6, label="mean of listeners")]
        if deep:
            handles.append(Line2D([], [], ls="", marker="^", ms=4, color=style.RED, label="default layer"))
        figure.legend(handles=handles, loc="outside right upper", title="listener")
    style.save(figure, numbers, png=png, pdf=pdf, table=table)


def _models(paths: list[Path], noise_subjects: list[str]) -> dict[str, list[encoded.Listener]]:
    """Return the listeners of each model."""
    by: dict[str, list[Path]] = {}
    for path in paths:
        by.setdefault(str(store.read(path).attrs["model"]), []).append(path)
    return {m: encoded.listeners(p, noise_subjects) for m, p in by.items()} or {
        "": encoded.listeners([], noise_subjects)
    }


def best(r_cv: np.ndarray, share: float = SHARE) -> np.ndarray:
    """Return the voxels (at least one) with the best training scores r_cv (voxel,), NaN last; equals in order."""
    n = max(1, round(share * len(r_cv)))
    return np.argsort(-np.nan_to_num(r_cv.astype(float), nan=-np.inf), kind="stable")[:n]


def _numbers(models: dict[str, list[encoded.Listener]]) -> pd.DataFrame:
    rows = []
    for model, everyone in sorted(models.items()):
        for one in everyone:
            chosen = best(one.found["r_cv"].values)
            r = np.nanmean(one.found["r"].values[:, chosen].astype(float), axis=1)
            layers = [str(n) for n in one.found["layer"].values]
            rows += [
                (model, one.name, k, layer, layer == one.found.attrs["layer"], len(chosen), value)
                for k, (layer, value) in enumerate(zip(layers, r, strict=True), 1)
            ]
    columns = ["model", "listener", "depth", "layer", "is_default", "n_voxels", "mean_r"]
    return pd.DataFrame(rows, columns=columns)


def _curve(axes: Axes, numbers: pd.DataFrame, everyone: Sequence[encoded.Listener], model: str) -> None:
    for one in everyone:
        own = numbers[numbers["listener"] == one.name]
        face = "white" if one.is_noise else one.colour
        for part in _series(own):
            axes.plot(part["depth"], part["mean_r"], color=one.colour, lw=0.6, marker="o", ms=2.8, mfc=face, mew=0.6)
    heard = [s.name for s in everyone if not s.is_noise]
    own = numbers[numbers["listener"].isin(heard)]
    for part in _series(own.groupby(["depth", "layer"], as_index=False)["mean_r"].mean()):
        axes.plot(part["depth"], part["mean_r"], color=style.INK, lw=1.4, marker="_", ms=8, mew=1.4, zorder=3)
    default = int(numbers.loc[numbers["is_default"], "depth"].iloc[0])
    axes.annotate("", (default, 0), (default, -0.07), xycoords=("data", "axes fraction"),
                  arrowprops={"arrowstyle": "-|>", "color": style.RED, "lw": 0})  # fmt: skip
    names = numbers.drop_duplicates("depth").sort_values("depth")["layer"].tolist()
    axes.set_title(f"{model}, {len(names)} layers")
    if len(names) <= 8:
        axes.set_xticks(range(1, len(names) + 1), names, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_xlabel("layer" if len(names) <= 8 else f"layer (1: {names[0]}, {len(names)}: {names[-1]})")
    axes.set_xlim(0.5, len(names) + 0.5)


def _series(numbers: pd.DataFrame) -> list[pd.DataFrame]:
    """Cut one curve's rows to those that a line may join: each parallel branch by itself, then the others."""
    alone = numbers["layer"].isin(PARALLEL)
    return [*(numbers[numbers["layer"] == n] for n in numbers.loc[alone, "layer"]), numbers[~alone]]


def _single(axes: Axes, numbers: pd.DataFrame, models: dict, flat: list[str]) -> None:
    for k, model in enumerate(flat):
        own = numbers[numbers["model"] == model].set_index("listener")["mean_r"]
        everyone = models[model]
        encoded.dots(axes, k, everyone, [own[s.name] for s in everyone], 0.5)
        mean = np.mean([own[s.name] for s in everyone if not s.is_noise])
        axes.plot([k - 0.35, k + 0.35], [mean, mean], color=style.INK, lw=1.6, zorder=3)
    axes.set_xticks(range(len(flat)), flat, rotation=45, ha="right", rotation_mode="anchor")
    axes.set(xlim=(-0.6, len(flat) - 0.4), title="one layer")
