"""F3 of music_reconstruction: the parcels and the voxels that were decoded."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import SubFigure

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import brain, participants, style

TITLE = "Regions that were decoded"
CAPTION = (
    "A: the parcels that the parcel route decodes, by the share of decoders that chose them (one decoder per listener "
    "and fold; hollow: those of the noise (canary)). Names are those of Destrieux's atlas, the default (L, R: side; "
    "G: gyrus; S: sulcus). B: the voxels that the voxel route decodes, on the inflated fsaverage5 surface; colour: "
    "how well an encoding model predicts them in cross-validation of the training clips, averaged over the listeners "
    "in whom they were chosen, or, without encoding, the share of listeners. C: number of voxels decoded by each "
    "listener. All choices were made in training clips. A chosen region is one that helps to decode here; those left "
    "out may hold the same information."
)
PLACES = (("left", "lateral"), ("right", "lateral"), ("left", "medial"), ("right", "medial"))
MOST = 14  # parcels named


def draw(
    *,
    predictions: list[Path],
    encoding: list[Path],
    noise_subjects: list[str],
    png: Path,
    pdf: Path,
    table: Path,
) -> None:
    """Draw rois (attribute) of predictions by parcels and chosen (fold, voxel) of those by voxels.

    Parameters
    ----------
    predictions : stores of decode, of both routes, one or none
    encoding : stores of encode with r_cv (voxel,), one per listener; [] to colour by share of listeners

    Raises
    ------
    HeschlError
        If a listener's encoding has other voxels than what was decoded.
    """
    routes = _by_route(predictions)
    parcels = _parcels(routes["roi"], noise_subjects)
    chosen, colour = _voxels(routes["voxel"], participants.opened(encoding, "model"), noise_subjects)
    with style.sheet(style.DOUBLE, 3.6) as figure:
        figure.get_layout_engine().set(w_pad=0.1)  # long names reach the page's edge otherwise
        left, right = figure.subfigures(1, 2, width_ratios=[1, 1.25])
        _bars(left.subplots(), parcels)
        _maps(right, routes["voxel"], chosen, colour, noise_subjects)
    style.save(figure, _table(parcels, routes["voxel"], chosen, colour), png=png, pdf=pdf, table=table)


def _by_route(paths: list[Path]) -> dict[str, dict[str, xr.Dataset]]:
    of = {"roi": [], "voxel": []}
    for path in paths:
        route = str(store.read(path).attrs["route"])
        if route not in of:
            raise HeschlError(path, f"route {route!r}", "wanted roi or voxel")
        of[route].append(path)
    return {route: participants.opened(some, "model", "split") for route, some in of.items()}


def _parcels(found: dict[str, xr.Dataset], noise_subjects: list[str]) -> pd.DataFrame:
    """Count how often parcels are chosen, of all listeners' folds and of the noise's."""
    counts, total = {True: Counter(), False: Counter()}, {True: 0, False: 0}
    for sub, one in found.items():
        is_noise = sub in noise_subjects
        for fold in one.attrs["rois"]:
            total[is_noise] += 1
            counts[is_noise].update(map(str, fold))
    names = sorted({*counts[True], *counts[False]})
    shares = {key: [counts[key][n] / total[key] if total[key] else np.nan for n in names] for key in (False, True)}
    found = pd.DataFrame({"parcel": names, "share": shares[False], "share_noise": shares[True]})
    larger = found[["share", "share_noise"]].max(axis=1)
    order = found.assign(larger=larger).sort_values(["larger", "share", "parcel"], ascending=[False, False, True]).index
    return found.loc[order].reset_index(drop=True)


def _voxels(found: dict, encoding: dict, noise_subjects: list[str]) -> tuple[xr.Dataset | None, str]:
    """Average over listeners, per voxel of the grid: the map to draw (or None), and what its colour says."""
    people = [sub for sub in found if sub not in noise_subjects] or list(found)
    if not people:
        return None, ""
    known = [sub for sub in people if sub in encoding]
    shape = tuple(int(n) for n in found[people[0]].attrs["grid_shape"])
    times, total = np.zeros(shape), np.zeros(shape)
    for sub in known or people:
        at = found[sub]["chosen"].values.any(0)
        ijk = found[sub]["ijk"].values.astype(int)[at]
        r_cv = _training_r(sub, found[sub], encoding[sub])[at] if known else np.ones(len(ijk))
        good = np.isfinite(r_cv)
        np.add.at(times, tuple(ijk[good].T), 1)
        np.add.at(total, tuple(ijk[good].T), r_cv[good])
    mean = total / np.maximum(times, 1) if known else times / len(people)
    arrays = {"value": (("x", "y", "z"), np.where(times > 0, mean, np.nan)), "times": (("x", "y", "z"), times)}
    arrays["affine"] = (("row", "column"), found[people[0]]["affine"].values)
    colour = "r in training, cross-validated" if known else "share of listeners"
    return xr.Dataset(arrays), colour


def _training_r(sub: str, decoded: xr.Dataset, encoded: xr.Dataset) -> np.ndarray:
    if not np.array_equal(decoded["ijk"].values, encoded["ijk"].values):
        given = f"{encoded.sizes['voxel']} voxels, {decoded['ijk'].shape[0]} were decoded, or other ones"
        raise HeschlError(f"encoding of subject {sub}", given, "wanted the same voxels", "Remake both")
    return encoded["r_cv"].values.astype(float)


def _bars(axes: Axes, parcels: pd.DataFrame) -> None:
    style.letter(axes, "A")
    if parcels.empty:
        style.says(axes, "no decoding by parcels")
        return
    shown = parcels.head(MOST)
    y = np.arange(len(shown))
    axes.barh(y, 100 * shown["share"], color=style.SKY, height=0.72)
    has = shown["share_noise"] > 0
    noise = {"s": 14, "zorder": 4, "clip_on": False, "label": participants.CANARY}
    axes.scatter(100 * shown["share_noise"][has], y[has], **noise, **participants.NOISE)
    axes.set_yticks(y, [_named(name) for name in shown["parcel"]], fontsize=6)
    axes.set(ylim=(len(shown) - 0.4, -0.6), xlim=(0, 102), xlabel="decoders that chose it (%)")
    rest = len(parcels) - len(shown)
    axes.set_title("parcels chosen" + (f" ({rest} more not shown)" if rest else ""), fontsize=7)
    if has.any():
        axes.figure.legend(loc="outside lower right", handletextpad=0.1)


def _named(parcel: str) -> str:
    """Shorten ctx_lh_G_temp_sup-Lateral to L G temp sup-Lateral."""
    name = parcel.removeprefix("ctx_")
    for side, letter in (("lh_", "L "), ("rh_", "R "), ("lh-", "L "), ("rh-", "R ")):
        name = letter + name.removeprefix(side) if name.startswith(side) else name
    return name.replace("_", " ")


def _maps(figure: SubFigure, found: dict, chosen: xr.Dataset | None, colour: str, noise_subjects: list[str]) -> None:
    if chosen is None:
        style.says(figure.subplots(), "no decoding by voxels")
        return
    places = figure.add_gridspec(3, 2, height_ratios=[1.35, 1.35, 1])
    panels = [figure.add_subplot(places[k // 2, k % 2]) for k in range(4)]
    values = chosen["value"].values[np.isfinite(chosen["value"].values)]
    norm = Normalize(min(0.0, float(values.min())) if values.size else 0, float(values.max()) if values.size else 1)
    grid, affine = chosen["value"].values, chosen["affine"].values
    surfaces = {side: brain.to_surface(grid, affine, side) for side in ("left", "right")}
    for axes, (side, view) in zip(panels, PLACES, strict=True):
        brain.paint(axes, surfaces[side], side, view, colormaps[style.ACTIVATION], norm)
        axes.set_title(f"{side} {view}", fontsize=6.5, loc="center", pad=1)
    style.letter(panels[0], "B")
    bar = figure.colorbar(ScalarMappable(norm, style.ACTIVATION), ax=panels, shrink=0.75, aspect=18, pad=0.01)
    bar.set_label(colour)
    participants.short_ticks(bar.ax.yaxis)
    _counts(figure.add_subplot(places[2, :]), found, noise_subjects)


def _counts(axes: Axes, found: dict[str, xr.Dataset], noise_subjects: list[str]) -> None:
    style.letter(axes, "C")
    noise = np.array([sub in noise_subjects for sub in found])
    n = np.array([one["n_voxels"].values.mean() for one in found.values()])
    for x, (count, is_noise) in enumerate(zip(n, noise, strict=True)):
        how = {"facecolor": "none", "edgecolor": style.GREY} if is_noise else {"facecolor": style.ORANGE}
        axes.bar(x, count, width=0.6, **how)
    axes.set_xticks(range(len(found)), [participants.label(s, k) for s, k in zip(found, noise, strict=True)])
    axes.set(xlabel="listener", ylabel="voxels decoded", xlim=(-0.6, len(found) - 0.4))


def _table(parcels: pd.DataFrame, found: dict, chosen: xr.Dataset | None, colour: str) -> pd.DataFrame:
    """List parcels, the voxels drawn (MNI mm), and how many were decoded in each listener."""
    columns = ["quantity", "of", "value", "value_noise", "x_mm", "y_mm", "z_mm", "n_listeners"]
    rows = [("share_of_decoders", p, s, n) for p, s, n in parcels.itertuples(index=False)]
    rows += [("n_voxels", sub, float(one["n_voxels"].values.mean())) for sub, one in found.items()]
    if chosen is not None:
        ijk = np.argwhere(np.isfinite(chosen["value"].values))
        affine = chosen["affine"].values
        xyz = ijk @ affine[:3, :3].T + affine[:3, 3]
        at = tuple(ijk.T)
        values, times = chosen["value"].values[at], chosen["times"].values[at]
        rows += [
            (colour, "voxel", v, np.nan, *point, n) for v, point, n in zip(values, xyz.tolist(), times, strict=True)
        ]
    return pd.DataFrame([dict(zip(columns, row, strict=False)) for row in rows], columns=columns)
