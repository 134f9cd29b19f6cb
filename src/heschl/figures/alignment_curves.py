"""How many clips functional alignment needs: decoding a listener with what others taught."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from heschl.figures import participants, style

TITLE = "Alignment of listeners"
CAPTION = (
    "A: identification accuracy of test clips of a left-out listener by a decoder that others taught, against the "
    "number of clips that align the two; none of them trains the decoder, and the left-out listener's own responses "
    "to the decoder's clips are not used. Lines: mean of the left-out listeners without noise; dots in A and B: one "
    "listener each; dashed: chance; dash-dotted: a decoder of the listener's own, from the same clips and voxels. B: "
    "the same minus anatomical alignment (no functional alignment) in the same listener: above 0, aligning helps. C: "
    "noise (canary), hollow, in the colours of the methods: it must lie around chance at any number of clips. A few "
    "listeners say little of a population."
)
COLOURS = {
    "anatomical": style.INK, "ridge": style.BLUE, "procrustes": style.GREEN, "srm": style.ORANGE, "ot": style.PURPLE,
}  # fmt: skip
SHOWN = {"ridge": "ridge", "procrustes": "Procrustes", "srm": "SRM", "ot": "optimal transport"}
OWN = "#7f4f24"
LEAKS = "AS PUBLISHED: LEAKS (aligned on its own test and training clips)"


def draw(*, aligned: list[Path], noise_subjects: list[str], png: Path, pdf: Path, table: Path) -> None:
    """Draw id_acc (method, k) of one store of alignment per left-out listener."""
    found = participants.opened(aligned, "model", "mode")
    noise = np.array([sub in noise_subjects for sub in found], bool)
    with style.sheet(style.DOUBLE, 2.7) as figure:
        if not found:
            style.says(figure.add_subplot(), "no listener was aligned with others")
        else:
            _panels(figure, found, noise)
    style.save(figure, _table(found, noise), png=png, pdf=pdf, table=table)


def scores_of(found: dict[str, xr.Dataset]) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return methods, k (k,) and id-acc (sub, method, k) of everyone; NaN where a listener lacks one."""
    methods = list(dict.fromkeys(str(m) for one in found.values() for m in one["method"].values))
    ks = np.unique(np.concatenate([one["k"].values for one in found.values()]))
    wanted = {"method": methods, "k": ks}
    return methods, ks, np.stack([one["id_acc"].reindex(wanted).values for one in found.values()]).astype(float)


def _panels(figure, found: dict[str, xr.Dataset], noise: np.ndarray) -> None:
    methods, ks, scores = scores_of(found)
    within = np.array([float(one["within"]) for one in found.values()])
    shown = participants.averaged(noise)
    apart = bool(noise.any() and (~noise).any())
    panels = figure.subplots(1, 3 if apart else 2, width_ratios=[1.35, 1, 0.85][: 3 if apart else 2])
    _curves(panels[0], methods, ks, scores[shown], noise[shown])
    _own(panels[0], within[shown])
    panels[0].set(ylabel="identification accuracy")
    panels[0].set_title(f"lines: {participants.who(noise)}; dots: listeners", fontsize=7)
    _gains(panels[1], methods, ks, scores[shown], noise[shown])
    if apart:
        _curves(panels[2], methods, ks, scores[noise], noise[noise])
        subs = ", ".join(s for s, n in zip(found, noise, strict=True) if n)
        panels[2].set_title(f"{subs}: {participants.CANARY}", fontsize=7)
        low, high = (f(panels[0].get_ylim()[k], panels[2].get_ylim()[k]) for k, f in ((0, min), (1, max)))
        for axes in (panels[0], panels[2]):
            axes.set_ylim(low - 0.03 * (high - low), high)
    for axes, letter in zip(panels, "ABC", strict=False):
        style.letter(axes, letter)
        participants.short_ticks(axes.yaxis)
    handles, names = panels[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names), columnspacing=1.2)
    if next(iter(found.values())).attrs["mode"] == "as_published":
        figure.suptitle(LEAKS, color="#c1121f", fontsize=9, fontweight="bold")


def _curves(axes: Axes, methods: Sequence[str], ks: np.ndarray, scores: np.ndarray, noise: np.ndarray) -> None:
    """Draw id-acc (sub, method, k) against k: lines of the mean and dots of participants."""
    participants.chance_line(axes, label="chance")
    for m, method in enumerate(methods):
        colour, x = COLOURS.get(method, style.GREY), _beside(ks, m, len(methods))
        line = {"color": colour, "label": SHOWN.get(method, method)} | ({"lw": 0.7} if noise.all() else {})
        axes.plot(x, np.nanmean(scores[:, m], 0), zorder=3, marker="_" if len(ks) == 1 else None, ms=9, **line)
        for i in range(len(ks)):
            _dots(axes, x[i], scores[:, m, i], noise, colour)
    axes.margins(y=0.06)
    _ticks(axes, ks)


def _dots(axes: Axes, x: float, y: np.ndarray, noise: np.ndarray, colour: str) -> None:
    """Draw a dot a listener (sub,), hollow if all are noise."""
    if not noise.all():
        participants.dots(axes, x, y, noise, colour, 9)
        return
    axes.scatter(np.full(len(y), x), y, s=9, facecolors="white", edgecolors=colour, linewidths=0.7, zorder=4)


def _own(axes: Axes, within: np.ndarray) -> None:
    axes.axhline(np.nanmean(within), color=OWN, lw=0.9, ls="-.", zorder=2, label="own decoder, same clips")


def _gains(axes: Axes, methods: Sequence[str], ks: np.ndarray, scores: np.ndarray, noise: np.ndarray) -> None:
    """Draw each method's id-acc minus the anatomical one of the same listener."""
    if "anatomical" not in methods or len(methods) < 2:
        style.says(axes, "nothing to compare with\nanatomical alignment")
        return
    axes.axhline(0, color=style.INK, lw=0.9)
    base = scores[:, list(methods).index("anatomical")]
    for m, method in enumerate(methods):
        if method != "anatomical":
            gain, x, colour = scores[:, m] - base, _beside(ks, m, len(methods)), COLOURS.get(method, style.GREY)
            axes.plot(x, np.nanmean(gain, 0), color=colour, marker="_" if len(ks) == 1 else None, ms=9)
            for i in range(len(ks)):
                _dots(axes, x[i], gain[:, i], noise, colour)
    axes.set(ylabel="gain over anatomical")
    axes.set_title("dots: same listener", fontsize=7)
    _ticks(axes, ks)


def _beside(ks: np.ndarray, m: int, n: int) -> np.ndarray:
    """Shift a method's points a little, on the logarithmic axis, so that methods don't hide each other."""
    return ks * 1.035 ** (m - (n - 1) / 2)


def _ticks(axes: Axes, ks: np.ndarray) -> None:
    axes.set_xscale("log")
    axes.set_xticks(ks, [str(k) for k in ks])
    axes.minorticks_off()
    axes.set(xlabel="clips that align", xlim=(ks.min() / 1.25, ks.max() * 1.25))


def _table(found: dict[str, xr.Dataset], noise: np.ndarray) -> pd.DataFrame:
    """List every listener's and the mean's id-acc by method and k, and of their own decoders."""
    columns = ["of", "is_noise", "method", "k", "id_acc", "gain_over_anatomical", "mode"]
    if not found:
        return pd.DataFrame(columns=columns)
    methods, ks, scores = scores_of(found)
    base = scores[:, methods.index("anatomical")] if "anatomical" in methods else np.full_like(scores[:, 0], np.nan)
    shown, mode = participants.averaged(noise), next(iter(found.values())).attrs["mode"]
    people = [*zip(found, noise, scores, base, strict=True)]
    people.append(("mean", False, np.nanmean(scores[shown], 0), np.nanmean(base[shown], 0)))
    rows = [
        (sub, bool(is_noise), method, int(k), values[m, i], values[m, i] - reference[i], mode)
        for sub, is_noise, values, reference in people
        for m, method in enumerate(methods)
        for i, k in enumerate(ks)
    ]
    rows += [
        (s, bool(n), "within", pd.NA, float(one["within"]), pd.NA, mode)
        for (s, one), n in zip(found.items(), noise, strict=True)
    ]
    return pd.DataFrame(rows, columns=columns)
