"""F7b of brain2music: voxels that follow a model, its genre labels, or both."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import FixedLocator, MaxNLocator, StrMethodFormatter

from heschl import store
from heschl.figures import encoded, listeners, maps, style

TITLE = "Voxels that follow a model, another, or both"
CAPTION = (
    "Voxels whose test correlation is above a threshold for the first model only, both, or the second only. Left: "
    "counts by listener; right: the same of the mean r (of Fisher's z) over listeners, where at least half of them "
    "have the voxel, on inflated fsaverage5 surfaces; grey: neither. The threshold is the published one, not a "
    "test, and a voxel just below it for one model counts as the other's alone. Simulated pure noise is in grey "
    "letters and never averaged."
)
COLOURS = (style.BLUE, style.PURPLE, style.ORANGE)


def draw(
    *,
    first: list[Path],
    second: list[Path],
    noise_subjects: list[str],
    png: Path,
    pdf: Path,
    table: Path,
    threshold: float = 0.4,
    views: list[str] = ("lateral", "medial"),
) -> None:
    """Draw numbers and a map of voxels with r > threshold, from stores of two models, one per subject each.

    Raises
    ------
    HeschlError
        As `encoded.pairs`: subjects or grids of the two models differ.
    """
    both = encoded.pairs(first, second, noise_subjects)
    names = [str(store.read(paths[0]).attrs["model"]) for paths in (first, second)]
    kinds = [f"{names[0]} only", "both", f"{names[1]} only"]
    heard = [(one, r) for one, r in both if not one.is_noise]
    subjects = [one for one, _ in heard]
    affine, _ = encoded.common_grid([one for one, _ in both])
    mean = [encoded.over_listeners(encoded.stacked(subjects, [r[k] for _, r in heard]), fisher=True) for k in (0, 1)]
    group = _kind(*mean, threshold)
    counts = {one.name: _counts(_kind(*r, threshold)) for one, r in both} | {"mean r": _counts(group)}
    at = maps.places(views)
    with style.sheet(style.DOUBLE, max(2.8, 0.9 + 0.28 * len(counts))) as figure:
        left, right = figure.subfigures(1, 2, width_ratios=[1, 1.45])
        _bars(left.add_subplot(), counts)
        half = len(at) // 2
        right.suptitle("mean r over listeners", fontsize=7.5)
        panels = right.subplots(2, half, squeeze=False, width_ratios=[maps.WIDTHS[v] for _, v in at[:half]])
        order = [*at[:half], *at[half:][::-1]]
        maps.surfaces(panels.ravel(), order, group, affine, *maps.categories(COLOURS), mode=True)
        maps.heads(panels.ravel(), order)
        swatches = [Patch(fc=colour, label=kind) for kind, colour in zip(kinds, COLOURS, strict=True)]
        figure.legend(handles=swatches, loc="outside upper center", ncols=3, handlelength=1.2,
                      title=f"voxels with r > {listeners.short(threshold, 1)}")  # fmt: skip
    style.save(figure, _table(counts, kinds, threshold), png=png, pdf=pdf, table=table)


def _kind(a: np.ndarray, b: np.ndarray, threshold: float) -> np.ndarray:
    """Return 1 where only a is above the threshold, 2 both, 3 only b, else NaN."""
    above_a, above_b = a > threshold, b > threshold
    return np.select([above_a & ~above_b, above_a & above_b, above_b & ~above_a], [1.0, 2.0, 3.0], np.nan)


def _counts(kind: np.ndarray) -> np.ndarray:
    return np.array([(kind == k).sum() for k in (1, 2, 3)])


def _bars(axes: Axes, counts: dict[str, np.ndarray]) -> None:
    top = max(1, max(c.sum() for c in counts.values()))
    for y, c in enumerate(counts.values()):
        axes.barh(y, c, left=np.concatenate([[0], np.cumsum(c)[:-1]]), color=COLOURS, height=0.7)
        text = " + ".join(f"{n:,}" for n in c) if c.sum() else "none"
        axes.text(c.sum() + 0.02 * top, y, text, va="center", fontsize=6)
    axes.set_yticks(range(len(counts)), list(counts))
    for tick, name in zip(axes.get_yticklabels(), counts, strict=True):
        tick.set_color(style.GREY if name.endswith("(noise)") else style.INK)
    axes.set(xlabel="voxels", ylabel="listener", xlim=(0, 2.05 * top), ylim=(len(counts) - 0.4, -0.6))
    axes.xaxis.set_major_locator(
        FixedLocator([t for t in MaxNLocator(3, integer=True).tick_values(0, top) if t <= top])
    )
    axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    if len(counts) > 1:
        axes.axhline(len(counts) - 1.5, color=style.GREY, lw=0.6, ls=":")


def _table(counts: dict[str, np.ndarray], kinds: Sequence[str], threshold: float) -> pd.DataFrame:
    rows = [(name, kind, threshold, int(n)) for name, c in counts.items() for kind, n in zip(kinds, c, strict=True)]
    return pd.DataFrame(rows, columns=["listener", "above_threshold", "threshold", "n_voxels"])
