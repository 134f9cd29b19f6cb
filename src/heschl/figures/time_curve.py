"""Identification from single volumes, by the time after a clip's onset."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from heschl.figures import participants, style

TITLE = "Identification volume by volume"
CAPTION = (
    "Identification accuracy of test clips decoded from the single volume that begins at a time after clip onset; one "
    "decoder per time, of the voxels that training clips choose. Thin: listeners (grey, dashed: noise (canary)); "
    "thick: mean without it; dashed line: chance; pale: while the clip plays. Clips follow each other without a gap, "
    "so volumes near the ends tell of the neighbours too; what the previous clip left is taken off (linearly), not "
    "all of it. The test order is fixed and the same for all: whatever a neighbour adds or takes away, it does so in "
    "every listener, who are not independent witnesses of a rise. Small squares, for orientation only and counted "
    "otherwise: values printed in the public code of Ciferri et al., of 60 clips of ds003720, in an aligned space and "
    "counting the clip itself (defects 7 and 8), from 4.5 s on."
)
PUBLISHED = (0.726, 0.757, 0.779, 0.781, 0.767, 0.775, 0.760, 0.732, 0.723, 0.640)  # science.md A4 [C]
PUBLISHED_S = 4.5 + 1.5 * np.arange(len(PUBLISHED))
CLIP_S = 15.0


def draw(*, sweeps: list[Path], png: Path, pdf: Path, table: Path, noise_subjects: list[str] = ()) -> None:
    """Draw id_acc_time (lag,) against lag_s of one store of sweeps per listener."""
    found = participants.opened(sweeps, "model")
    noise = np.array([sub in noise_subjects for sub in found], bool)
    with style.sheet(style.DOUBLE * 0.7, 2.8) as figure:
        axes = figure.add_subplot()
        if not found:
            style.says(axes, "no listener was swept")
        else:
            _curves(axes, found, noise)
    style.save(figure, _table(found, noise), png=png, pdf=pdf, table=table)


def _curves(axes: Axes, found: dict[str, xr.Dataset], noise: np.ndarray) -> None:
    axes.axvspan(0, CLIP_S, color=style.PALE, alpha=0.35, lw=0, zorder=0)
    participants.chance_line(axes, label="chance")
    for k, ((sub, one), is_noise) in enumerate(zip(found.items(), noise, strict=True)):
        how = {"color": style.GREY, "ls": "--"} if is_noise else {"color": style.CYCLE[k % 7]}
        face = "white" if is_noise else how["color"]
        label = participants.label(sub, is_noise)
        axes.plot(one["lag_s"], one["id_acc_time"], lw=0.8, marker="o", ms=2.5, mfc=face, label=label, **how)
    if (~noise).sum() > 1:
        axes.plot(*_mean(found, noise), color=style.INK, lw=1.9, label="mean", zorder=4)
    square = {"marker": "s", "ls": "none", "ms": 2.2, "mfc": "none", "mec": style.GREY, "mew": 0.5, "alpha": 0.7}
    axes.plot(PUBLISHED_S, PUBLISHED, zorder=1, label="published,\ncounted otherwise", **square)
    latest = max(float(one["lag_s"].max()) for one in found.values())
    axes.set_xticks(np.arange(0, max(latest, PUBLISHED_S[-1]) + 0.1, 3))
    participants.short_ticks(axes.yaxis)
    axes.set(xlabel="time after clip onset (s)", ylabel="identification accuracy (single volume)")
    axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))


def _mean(found: dict[str, xr.Dataset], noise: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Average over listeners at the times that all have."""
    kept = [one for one, is_noise in zip(found.values(), noise, strict=True) if not is_noise]
    n = min(one.sizes["lag"] for one in kept)
    return kept[0]["lag_s"].values[:n], np.mean([one["id_acc_time"].values[:n] for one in kept], 0)


def _table(found: dict[str, xr.Dataset], noise: np.ndarray) -> pd.DataFrame:
    rows = [
        (sub, bool(is_noise), float(t), float(v))
        for (sub, one), is_noise in zip(found.items(), noise, strict=True)
        for t, v in zip(one["lag_s"].values, one["id_acc_time"].values, strict=True)
    ]
    if (~noise).sum() > 1:
        rows += [("mean", False, float(t), float(v)) for t, v in zip(*_mean(found, noise), strict=True)]
    rows += [("published", False, float(t), v) for t, v in zip(PUBLISHED_S, PUBLISHED, strict=True)]
    return pd.DataFrame(rows, columns=["of", "is_noise", "time_s", "id_acc"])
