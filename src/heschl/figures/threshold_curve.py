"""Identification and number of voxels against the threshold of predictability, at one lag."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from heschl.figures import participants, style

TITLE = "Thresholds of the voxels that decode, at one lag"
CAPTION = (
    "The decoder reads the voxels that an encoding model predicts above a threshold (r in cross-validation of the "
    "training clips). A: identification accuracy of the test clips, to look at only: nothing was chosen by it. B: "
    "score of the decoder in cross-validation of the training clips. C: number of voxels. Rings: the best of these "
    "thresholds in training, at the one lag shown; the decoder used elsewhere also tries numbers of voxels and other "
    "lags, so its choice may be another. A ring at the edge of the grid says that a wider grid might do better. What "
    "the previous clip left in the response is taken off first, unless the figure says otherwise. Thin: listeners; "
    "grey, dashed: noise (canary); thick: mean without it. Dashed line: chance."
)


def draw(*, sweeps: list[Path], png: Path, pdf: Path, table: Path, noise_subjects: list[str] = ()) -> None:
    """Draw id_acc_threshold, r_threshold_cv and n_voxels (threshold,) of one store of sweeps per listener."""
    found = participants.opened(sweeps, "model")
    noise = np.array([sub in noise_subjects for sub in found], bool)
    with style.sheet(style.DOUBLE, 2.5) as figure:
        if not found:
            style.says(figure.add_subplot(), "no listener was swept")
        else:
            _panels(figure, found, noise)
    style.save(figure, _table(found, noise), png=png, pdf=pdf, table=table)


def _panels(figure, found: dict[str, xr.Dataset], noise: np.ndarray) -> None:
    panels = figure.subplots(1, 3)
    for axes, letter, name, label in (
        (panels[0], "A", "id_acc_threshold", "identification accuracy (test)"),
        (panels[1], "B", "r_threshold_cv", "decoder's r (training)"),
        (panels[2], "C", "n_voxels", "voxels"),
    ):
        _curves(axes, found, name, noise)
        axes.set(xlabel="threshold of predictability (r)", ylabel=label)
        participants.short_ticks(axes.xaxis)
        style.letter(axes, letter)
    participants.chance_line(panels[0], label="chance")
    participants.short_ticks(panels[0].yaxis, panels[1].yaxis)
    panels[0].set_title("test clips: nothing chosen here", fontsize=7, color="#c1121f")
    panels[1].set_title("training clips; ring: best of these", fontsize=7)
    counts = np.concatenate([one["n_voxels"].values for one in found.values()])
    if (counts > 0).all() and counts.max() > 20 * counts.min():
        panels[2].set_yscale("log")
    handles, names = panels[0].get_legend_handles_labels()
    how = {"loc": "outside lower center", "ncols": min(8, len(names)), "title_fontsize": 6.5}
    figure.legend(handles, names, title=_note(found), **how)


def _note(found: dict[str, xr.Dataset]) -> str:
    """Tell the lag, whether the previous clip was taken off, and who is best at the edge of the grid."""
    attrs = next(iter(found.values())).attrs
    parts = [f"lag: {attrs['lag_tr']} volumes"] if "lag_tr" in attrs else []
    if not attrs.get("regress_previous", True):
        parts.append("what the previous clip left is kept")
    edge = [sub for sub, one in found.items() if int(np.argmin(_away(one))) in (0, one.sizes["threshold"] - 1)]
    return "; ".join(parts + ([f"best at the edge of the grid: {', '.join(edge)}"] if edge else []))


def _curves(axes: Axes, found: dict[str, xr.Dataset], name: str, noise: np.ndarray) -> None:
    for k, ((sub, one), is_noise) in enumerate(zip(found.items(), noise, strict=True)):
        x, y, at = one["threshold"].values, one[name].values.astype(float), int(np.argmin(_away(one)))
        colour = style.GREY if is_noise else style.CYCLE[k % 7]
        dashed = {"ls": "--"} if is_noise else {}
        axes.plot(x, y, color=colour, lw=0.8, label=participants.label(sub, is_noise), **dashed)
        axes.plot(x[at], y[at], "o", ms=5, mfc="none", mec=colour, mew=1.1, zorder=4)
    if (~noise).sum() > 1:
        axes.plot(*_mean(found, name, noise), color=style.INK, lw=1.9, label="mean", zorder=3)


def _away(one: xr.Dataset) -> np.ndarray:
    return np.abs(one["threshold"].values - float(one["chosen"]))


def _mean(found: dict[str, xr.Dataset], name: str, noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average over listeners at the thresholds that all have."""
    kept = [one for one, is_noise in zip(found.values(), noise, strict=True) if not is_noise]
    shared = sorted(set.intersection(*(set(one["threshold"].values.tolist()) for one in kept)))
    rows = [one[name].values[[one["threshold"].values.tolist().index(t) for t in shared]] for one in kept]
    return np.array(shared), np.mean(np.array(rows, float), 0)


def _table(found: dict[str, xr.Dataset], noise: np.ndarray) -> pd.DataFrame:
    columns = ["of", "is_noise", "threshold", "id_acc", "r_cv", "n_voxels", "chosen"]
    names = ("id_acc_threshold", "r_threshold_cv", "n_voxels")
    rows = [
        (sub, bool(is_noise), float(t), *(float(one[n].values[i]) for n in names), i == int(np.argmin(_away(one))))
        for (sub, one), is_noise in zip(found.items(), noise, strict=True)
        for i, t in enumerate(one["threshold"].values)
    ]
    if (~noise).sum() > 1:
        shared = _mean(found, names[0], noise)[0]
        means = [_mean(found, name, noise)[1] for name in names]
        rows += [("mean", False, t, *(m[i] for m in means), pd.NA) for i, t in enumerate(shared)]
    return pd.DataFrame(rows, columns=columns)
