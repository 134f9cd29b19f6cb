"""F5a and A.3 of brain2music: where the brain follows a model."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from heschl.errors import HeschlError
from heschl.figures import encoded, listeners, maps, style
from heschl.science.spheres import world_mm

TITLE = "Where the brain follows a model"
CAPTION = (
    "Correlation of predicted and measured responses to test clips, by voxel, of the model's default layer. The "
    "group's map is the mean over listeners (of Fisher's z) in voxels that at least half of them have, coloured where "
    "at least half of the listeners are significant (false discovery rate .05 within a listener); single listeners "
    "are coloured where they are significant. Colours run from 0 to 1 in the figures of all models. Grey: not "
    "significant, or not recorded. A: inflated fsaverage5 surfaces. B: a glass brain, which shows the largest value "
    "along each line of sight through the whole brain. C, of the group: each listener's share of significant voxels. "
    "Simulated pure noise never enters the group. Few listeners: the map describes these, it doesn't generalise to a "
    "population."
)
GLASS = tuple(maps.GLASS)


def draw(
    *,
    encoding: list[Path],
    noise_subjects: list[str],
    png: Path,
    pdf: Path,
    table: Path,
    each: bool = False,
    views: list[str] = ("lateral", "medial"),
    q: float = 0.05,
) -> None:
    """Draw r of the stores of one model (one per subject): their mean, or with `each` one row per subject.

    `views` are of lateral, medial, ventral; q is the false discovery rate. A listener's r is that of the default
    layer on test clips; the noise of the simulation is shown but never averaged.

    Raises
    ------
    HeschlError
        If stores are of several models, or as `encoded.listeners`.
    """
    everyone = encoded.listeners(encoding, noise_subjects)
    if len(models := sorted({str(s.found.attrs["model"]) for s in everyone})) > 1:
        raise HeschlError("encoding", f"models {', '.join(models)}", "wanted one", "Draw a figure for each")
    affine, _ = encoded.common_grid(everyone)
    rows = _each(everyone, q) if each else _group(encoded.who_hear(everyone), q)
    norm = Normalize(0, 1)  # the same for all models
    if each:
        figure = _page(rows, affine, maps.places(views), norm, models[0], q)
    else:
        figure = _poster(rows["group"], everyone, affine, maps.places(views), norm, models[0], q)
    style.save(figure, _table(rows, everyone, affine, q), png=png, pdf=pdf, table=table)


def _passes(one: encoded.Listener, q: float) -> np.ndarray:
    return one.found["q_fdr"].values <= q


def _each(everyone: Sequence[encoded.Listener], q: float) -> dict[str, np.ndarray]:
    """Return each subject's r (x, y, z), NaN where not significant."""
    kept = [np.where(_passes(s, q), encoded.r(s.found), np.nan) for s in everyone]
    return dict(zip([s.name for s in everyone], encoded.stacked(everyone, kept), strict=True))


def _group(heard: Sequence[encoded.Listener], q: float) -> dict[str, np.ndarray]:
    mean = encoded.over_listeners(encoded.stacked(heard, [encoded.r(s.found) for s in heard]), fisher=True)
    passed = encoded.half_say(encoded.stacked(heard, [_passes(s, q) for s in heard]))
    return {"group": np.where(passed, mean, np.nan)}


def _poster(
    grid: np.ndarray,
    everyone: Sequence[encoded.Listener],
    affine: np.ndarray,
    at: list[maps.Place],
    norm: Normalize,
    model: str,
    q: float,
) -> Figure:
    """Draw the group: surfaces above; glass brains and each subject's share of significant voxels below."""
    cmap, n = colormaps[style.ACTIVATION], len(encoded.who_hear(everyone))
    with style.sheet(style.DOUBLE, 3.7) as figure:
        top, bottom = figure.subfigures(2, 1, height_ratios=[1, 1])
        line = top.subplots(1, len(at), squeeze=False, width_ratios=[maps.WIDTHS[v] for _, v in at])[0]
        maps.surfaces(line, at, grid, affine, cmap, norm)
        maps.heads(line, at)
        widths = [maps.GLASS_WIDTHS[v] for v in GLASS]
        below = bottom.subplots(1, 4, width_ratios=[*widths, 1.1])
        for axes, view in zip(below, GLASS, strict=False):
            maps.glass(axes, view, grid, affine, cmap, norm)
        maps.heads(below[:3], [f"from the {v}" if v != "top" else "from above" for v in GLASS])
        _shares(below[3], everyone, q)
        for axes, mark in zip((line[0], below[0], below[3]), "ABC", strict=True):
            style.letter(axes, mark)
        _bar(top, line.tolist(), norm, f"mean r, {n} listener{'s' * (n > 1)}")
        said = _said(grid, "in at least half of the listeners", q)
        top.suptitle(f"Group: {listeners.plain(model)}; {said}", fontsize=7.5, color=style.INK)
    return figure


def _said(grid: np.ndarray, where: str, q: float) -> str:
    n = int(np.isfinite(grid).sum())
    limit = listeners.short(q)
    return f"coloured: q ≤ {limit} {where} ({n:,} voxels)" if n else f"no voxel with q ≤ {limit} {where}"


def _shares(axes: Axes, everyone: Sequence[encoded.Listener], q: float) -> None:
    for k, one in enumerate(everyone):
        encoded.dots(axes, k, [one], [100 * float(np.mean(_passes(one, q)))])
    axes.set_xticks(range(len(everyone)), [s.name.replace(" ", "\n") for s in everyone])
    axes.set(ylabel="significant voxels (%)", xlim=(-0.6, len(everyone) - 0.4), xlabel="listener")
    top = max(1, axes.get_ylim()[1])
    axes.set_ylim(-0.05 * top, 1.1 * top)


def _page(
    rows: dict[str, np.ndarray], affine: np.ndarray, at: list[maps.Place], norm: Normalize, model: str, q: float
) -> Figure:
    """Draw one row of surfaces and glass brains per subject."""
    cmap = colormaps[style.ACTIVATION]
    widths = [maps.WIDTHS[v] for _, v in at] + [0.85 * maps.GLASS_WIDTHS[v] for v in GLASS]
    with style.sheet(style.DOUBLE, 0.8 + 0.75 * len(rows)) as figure:
        title = f"Single listeners: {listeners.plain(model)}; coloured: q ≤ {listeners.short(q)} in each"
        figure.suptitle(title, fontsize=7.5, color=style.INK)
        grid = figure.subplots(len(rows), len(at) + 3, squeeze=False, width_ratios=widths)
        for line, (name, values) in zip(grid, rows.items(), strict=True):
            maps.surfaces(line[: len(at)], at, values, affine, cmap, norm)
            for axes, view in zip(line[len(at) :], GLASS, strict=True):
                maps.glass(axes, view, values, affine, cmap, norm)
            _name(line[0], name, int(np.isfinite(values).sum()))
        for axes in grid.ravel():
            axes.set_anchor("N")  # rows as the first, below its heads
        maps.heads(grid[0], [*(f"{h}\n{v}" for h, v in at), *(f"glass,\n{v}" for v in GLASS)])
        for place, mark in ((0, "A"), (len(at), "B")):
            style.letter(grid[0, place], mark)
        _bar(figure, grid.ravel().tolist(), norm, "test r")
    return figure


def _name(axes: Axes, name: str, n: int) -> None:
    colour = style.GREY if name.endswith("(noise)") else style.INK
    text = f"{name.replace(' ', chr(10))}\n{n:,} vox."
    axes.text(-0.06, 0.5, text, transform=axes.transAxes, ha="right", va="center", fontsize=6.5, color=colour)


def _bar(figure, axes: list[Axes], norm: Normalize, text: str) -> None:
    cmap = colormaps[style.ACTIVATION]
    bar = figure.colorbar(ScalarMappable(norm, cmap), ax=axes, shrink=0.75, aspect=14, pad=0.01, fraction=0.03,
                          panchor=False)  # fmt: skip
    bar.set_label(text)


def _table(
    rows: dict[str, np.ndarray], everyone: Sequence[encoded.Listener], affine: np.ndarray, q: float
) -> pd.DataFrame:
    """List each subject's share of significant voxels, then every coloured voxel's r, by position in mm."""
    shares = {s.name: float(np.mean(_passes(s, q))) for s in everyone}
    columns = ("x_mm", "y_mm", "z_mm")
    frames = [pd.DataFrame({"map": shares.keys(), "quantity": "share_significant", "value": shares.values()})]
    for name, grid in rows.items():
        ijk = np.argwhere(np.isfinite(grid))
        where = dict(zip(columns, world_mm(ijk, affine).T, strict=True))
        frames.append(pd.DataFrame({"map": name, "quantity": "r", **where, "value": grid[tuple(ijk.T)]}))
    whole = pd.concat([f for f in frames if len(f)], ignore_index=True)
    return whole.reindex(columns=["map", "quantity", *columns, "value"])
