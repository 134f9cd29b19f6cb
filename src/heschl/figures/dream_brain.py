"""Ours: clips changed so that a listener's brain should answer more, as an encoding model predicts."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from heschl.figures import participants, sounds, style

TITLE = "Dreamt for a brain: clips that an encoding model says would be answered more"
CAPTION = (
    "A: what the model, a linear map from a layer of musicnn to the mean response of one listener's best-predicted "
    "voxels, says of test clips it wasn't fitted to, against what was measured; a dot is a window; units: standard "
    "deviations of training windows. B: the predicted response of clips while their samples are changed to raise it; "
    "open dots: of the sound as saved, at a peak of .9; grey band: 95 % of the predictions for training music. What "
    "lies far above it is where the model was never tested: a dream tells what the model listens to, not that the "
    "brain would answer so. C: spectrograms (512 samples, 50 % overlap) of one clip before and after."
)


def draw(*, dreams: Path, png: Path, pdf: Path, table: Path, clip: int = 1) -> None:
    """Draw predicted (clip, iteration), test_predicted, test_actual (test_window,) and wave of imagine.brain.

    Raises
    ------
    HeschlError
        If the store has no such clip.
    """
    found = sounds.opened(dreams, "imagine_brain", "predicted", "wave", "test_predicted")
    one = sounds.of_clip(found, clip, dreams)
    with style.sheet(style.DOUBLE, 4.1) as figure:
        above, below = figure.subfigures(2, 1, height_ratios=[1, 1.05])
        left, right = above.subplots(1, 2, width_ratios=[1, 1.7])
        _skill(left, found)
        _climb(right, found)
        _spectrograms(below, one, clip, float(found.attrs["rate_hz"]))
        style.letter(left, "A")
        style.letter(right, "B")
    style.save(figure, _table(found), png=png, pdf=pdf, table=table)


def _skill(axes: Axes, found: xr.Dataset) -> None:
    """Draw measured responses against predicted ones, of test clips."""
    x, y = (found[name].values.astype(float) for name in ("test_predicted", "test_actual"))
    axes.scatter(x, y, s=6, color=style.BLUE, alpha=0.6, lw=0)
    ends = np.array([min(x.min(), y.min()), max(x.max(), y.max())])
    axes.plot(ends, ends, color=style.PALE, lw=0.8, zorder=0)
    axes.set(xlabel="predicted (z)", ylabel="measured (z)")
    said = f"test r = {participants.number(float(found.attrs['r_test']))}"
    if "r_cv" in found.attrs:
        said += f", cross-validated {participants.number(float(found.attrs['r_cv']))}"
    axes.set_title(said, loc="center")


def _climb(axes: Axes, found: xr.Dataset) -> None:
    predicted = found["predicted"].transpose("clip", "iteration").values.astype(float)
    if "train_predicted" in found:
        low, high = np.quantile(found["train_predicted"].values, [0.025, 0.975])
        axes.axhspan(low, high, color=style.PALE, alpha=0.6, lw=0, zorder=0)
        axes.text(0.99, (low + high) / 2, "95 % of training music", transform=axes.get_yaxis_transform(),
                  ha="right", va="center", fontsize=6, color=style.GREY)  # fmt: skip
    for k, line in enumerate(predicted):
        line = line[np.isfinite(line)]
        ink = style.CYCLE[k % len(style.CYCLE)]
        axes.plot(line, color=ink, lw=1.2)
        if "predicted_heard" in found:
            heard = found["predicted_heard"].values[k].astype(float)
            axes.plot([0, len(line) - 1], heard, "o", ms=4, mfc="white", mec=ink, mew=1, zorder=4)
    axes.set(xlabel="iteration", ylabel="predicted response (z)", xlim=(-0.5, predicted.shape[1] - 0.5))
    axes.xaxis.get_major_locator().set_params(integer=True)
    n, sub = len(predicted), found.attrs.get("subject", "")
    axes.set_title(f"{n} clip{'s' * (n > 1)}" + f", listener {sub}" * bool(sub), loc="center")


def _spectrograms(figure: Figure, one: xr.Dataset, clip: int, rate_hz: float) -> None:
    which = one["which"].values.astype(str).tolist()
    panels = figure.subplots(1, len(which), sharey=True, squeeze=False)[0]
    for k, (axes, name) in enumerate(zip(panels, which, strict=True)):
        image = sounds.spectrogram(axes, one["wave"].sel(which=name).values, rate_hz)
        said = f": predicted {one['predicted_heard'].values[k]:.2f}" if "predicted_heard" in one else ""
        axes.set_title(f"clip {clip}, {sounds.words(name)}{said}".replace("-", "−"), loc="center")
        axes.set_xlabel("time (s)")
    panels[0].set_ylabel("frequency (kHz)")
    sounds.level_bar(figure, image, panels, shrink=0.9, aspect=20, pad=0.01)
    style.letter(panels[0], "C")


def _table(found: xr.Dataset) -> pd.DataFrame:
    """List predictions by iteration, of the sounds as saved, and of test windows beside what was measured."""
    predicted = found["predicted"].transpose("clip", "iteration").values.astype(float)
    rows = [
        {"quantity": "climb", "clip": c + 1, "iteration": i, "predicted": v}
        for c, line in enumerate(predicted)
        for i, v in enumerate(line)
        if np.isfinite(v)
    ]
    if "predicted_heard" in found:
        rows += [
            {"quantity": f"saved {name}", "clip": c + 1, "predicted": float(v)}
            for c, pair in enumerate(found["predicted_heard"].transpose("clip", "which").values)
            for name, v in zip(found["which"].values.astype(str), pair, strict=True)
        ]
    pairs = zip(found["test_predicted"].values, found["test_actual"].values, strict=True)
    rows += [{"quantity": "test window", "predicted": float(p), "measured": float(m)} for p, m in pairs]
    rows.append({"quantity": "test r", "predicted": float(found.attrs["r_test"])})
    return pd.DataFrame(rows)
