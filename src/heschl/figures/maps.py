"""Rows of brain maps: inflated surfaces, and maximum projections through a glass brain."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize

from heschl.figures import brain, style

WIDTHS = {"lateral": 1.0, "medial": 1.0, "ventral": 0.42}
# What a viewer sees: the axis looked along, and the axes to the right and upwards with their signs.
GLASS = {"left": (0, (1, -1), (2, 1)), "top": (2, (0, 1), (1, 1)), "back": (1, (0, 1), (2, 1))}
GLASS_WIDTHS = {"left": 1.2, "top": 0.85, "back": 1.0}
Place = tuple[str, str]


def places(views: Sequence[str]) -> list[Place]:
    """Return (hemisphere, view) from left to right; views are of lateral, medial, ventral."""
    return [("left", v) for v in views] + [("right", v) for v in reversed(views)]


def surfaces(
    line: Sequence[Axes],
    at: list[Place],
    grid: np.ndarray,
    affine: np.ndarray,
    cmap: Colormap,
    norm: Normalize,
    mode: bool = False,
    known: np.ndarray | None = None,
) -> None:
    """Paint a grid (x, y, z), NaN where there is nothing, on fsaverage5; mode for labels.

    With known (x, y, z; NaN elsewhere), vertices that have it but no value get the map's colour for "over".
    """
    sampled = {h: brain.to_surface(grid, affine, h, mode=mode) for h in {h for h, _ in at}}
    if known is not None:
        for h, values in sampled.items():
            beyond = np.isnan(values) & np.isfinite(brain.to_surface(known, affine, h))
            sampled[h] = np.where(beyond, 1e9, values)
    for axes, (hemisphere, view) in zip(line, at, strict=True):
        brain.paint(axes, sampled[hemisphere], hemisphere, view, cmap, norm)


def heads(line: Sequence[Axes], at: Sequence[Place | str]) -> None:
    """Write above each panel what it shows, at one height in panels side by side."""
    for axes, place in zip(line, at, strict=True):
        axes.set_anchor("N")
        axes.set_title(place if isinstance(place, str) else " ".join(place), fontsize=7, loc="center", pad=2)


def glass(axes: Axes, view: str, grid: np.ndarray, affine: np.ndarray, cmap: Colormap, norm: Normalize) -> None:
    """Draw the largest value of a grid (x, y, z) along each line of sight, within the template's outline.

    The grid's axes must run along those of the template (as resampled recordings' do).
    """
    along, (right, mirrored), (up, _) = GLASS[view]
    silhouette, extent = _silhouette(along)
    axes.imshow(np.where(silhouette, 0.92, np.nan), origin="lower", extent=extent, cmap="gray", vmin=0, vmax=1)
    top = np.fmax.reduce(grid, axis=along).T
    span = [e for k in (right, up) for e in _ends(affine, k, grid.shape[k])]
    axes.imshow(top, origin="lower", extent=span, cmap=cmap, norm=norm, interpolation="nearest")
    axes.contour(silhouette.astype(float), [0.5], origin="lower", extent=extent, colors=style.GREY, linewidths=0.7)
    axes.set(xlim=extent[:2][::mirrored], ylim=extent[2:], aspect="equal")
    axes.set_axis_off()
    if right == 0:
        for x, text in ((0.02, "L"), (0.98, "R")):
            axes.text(x, 0.02, text, transform=axes.transAxes, ha="center", va="bottom", fontsize=6, color=style.GREY)


@cache
def _silhouette(along: int) -> tuple[np.ndarray, list[float]]:
    """Return the template's shadow along an axis, (vertical, horizontal), and its extent in mm."""
    image, affine = brain.template()
    shadow = (image > 0.02 * image.max()).any(axis=along).T
    return shadow, [e for k in range(3) if k != along for e in _ends(affine, k, image.shape[k])]


def _ends(affine: np.ndarray, k: int, n: int) -> list[float]:
    return (affine[k, 3] + affine[k, k] * np.array([-0.5, n - 0.5])).tolist()


def categories(colours: Sequence[str]) -> tuple[Colormap, Normalize]:
    """Return a colour map and a norm for labels 1, 2, ..."""
    from matplotlib.colors import BoundaryNorm, ListedColormap

    return ListedColormap(list(colours)), BoundaryNorm(np.arange(0.5, len(colours) + 1), len(colours))
