"""S2 of neuroplasticity, ours: whether the clusters that training changed are found again."""

from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import CenteredNorm
from matplotlib.figure import SubFigure
from matplotlib.lines import Line2D
from sklearn.metrics import roc_curve

from heschl import store
from heschl.figures import head, sessions, style
from heschl.figures.plasticity_drift import local_rest
from heschl.science.head_clusters import CHANGED, UNTOUCHED

TITLE = "Changed clusters, planted and found"
CAPTION = (
    "Drawn only for simulated recordings, where it is known which places training changed. A: how well each measure "
    "of a cluster tells planted clusters (at least half of their voxels in a planted region) from untouched ones "
    "(less than 10 %; those between are left out), as receiver operating characteristic with its area (AUC); "
    "diagonal: chance. Measures: low accuracy in the session; local rest (loss of the true subject's probability with "
    "the measured drift undone, minus the median over clusters); change of the pattern over time. A session without "
    "training has nothing to find: there, curves should lie near the diagonal. B: local rest of each cluster (mean "
    "over subjects) at its centre, from above and from the right; black rings: planted clusters; black dots: clusters "
    "found changed. Outlines are drawn around the clusters and are no anatomy."
)
NAMES = {"accuracy": "low accuracy", "rest": "local rest", "pattern": "pattern change"}
LINES = {
    "accuracy": {"color": style.BLUE, "lw": 1.1},
    "rest": {"color": style.RED, "lw": 2.4, "alpha": 0.8, "zorder": 1.8},
    "pattern": {"color": style.GREEN, "lw": 1.2, "ls": (0, (3, 1.2))},
}


def draw(*, summary: Path, png: Path, pdf: Path, table: Path, split: str = "published") -> None:
    """Draw planted (cluster), auc (session, statistic) and what they are of, of a summary of classify.

    Raises
    ------
    HeschlError
        If the summary lacks the split.
    """
    found = store.read(summary).load()
    at = sessions.at(found["split"], split, summary)
    names, planted = found["session"].values.astype(str).tolist(), found["planted"].values.astype(float)
    measures = {name: measured(found, name, at) for name in names}
    rows: list[dict] = []
    with style.sheet(style.DOUBLE, 4.9 if np.isfinite(planted).any() else 1.5) as figure:
        if not np.isfinite(planted).any():
            style.says(figure.add_subplot(), "not known which clusters a training changed: no truth was given")
        else:
            top, bottom = figure.subfigures(2, 1, height_ratios=[1.75, 1])
            panels, keys = top.subplots(2, len(names), height_ratios=[5, 1], squeeze=False)
            for axes, key, name in zip(panels, keys, names, strict=True):
                rows += _curves(axes, key, measures[name], planted, found, name)
            panels[0].set_ylabel("planted found (%)")
            style.letter(panels[0], "A")
            _maps(bottom, found, names, planted)
    rows += _cluster_rows(measures, planted, found["centre"].values)
    style.save(figure, rows, png=png, pdf=pdf, table=table)


def measured(found: xr.Dataset, session: str, split: int) -> dict[str, np.ndarray]:
    """Return each measure (cluster,) of a session, larger where a cluster seems to have changed more."""
    s = found["session"].values.astype(str).tolist().index(session)
    evaluation = sessions.at(found["evaluation"], session, "summary")
    accuracy = found["cluster_accuracy"].transpose("split", "evaluation", "cluster").values[split, evaluation]
    pattern = found["pattern_change"].transpose("session", "cluster").values[s]
    return {"accuracy": -accuracy, "rest": sessions.mean(local_rest(found)[s], axis=1), "pattern": pattern}


def _curves(axes: Axes, key: Axes, measures: dict, planted: np.ndarray, found: xr.Dataset, session: str) -> list[dict]:
    """Draw one session's curves, and what they are in the axes below; return their points and areas."""
    rows: list[dict] = []
    key.set_axis_off()
    axes.plot([0, 100], [0, 100], color=style.INK, lw=0.7, ls=(0, (4, 3)))
    axes.set(xlim=(-2, 102), ylim=(-2, 102), aspect="equal", xlabel="untouched taken for changed (%)")
    axes.set_title(sessions.words(session), loc="center")
    changed = planted >= CHANGED
    for name, values in measures.items():
        use = np.isfinite(values) & (changed | (planted < UNTOUCHED))
        if not (changed[use].any() and (~changed[use]).any()):
            continue
        auc = float(found["auc"].sel(session=session, statistic=name))
        false, true, _ = roc_curve(changed[use], values[use], drop_intermediate=False)
        label = f"{NAMES[name]}, AUC {auc:.2f}" if np.isfinite(auc) else NAMES[name]
        axes.plot(100 * false, 100 * true, label=label, **LINES[name])
        rows.append({"session": session, "statistic": name, "quantity": "auc", "value": auc})
        points = {"session": session, "statistic": name, "quantity": "roc"}
        rows += [points | {"false": f, "value": t} for f, t in zip(false, true, strict=True)]
    if rows:
        key.legend(*axes.get_legend_handles_labels(), loc="center", handlelength=1.8, borderaxespad=0)
    else:
        text = "planted and untouched\nclusters are not both there"
        axes.text(50, 50, text, ha="center", va="center", color=style.GREY)
    return rows


def _maps(figure: SubFigure, found: xr.Dataset, names: list[str], planted: np.ndarray) -> None:
    """Draw the local rest of all clusters, planted ones ringed, two views a session."""
    views, centre = ("axial", "sagittal"), found["centre"].values.astype(float)
    values = 100 * sessions.mean(local_rest(found), axis=2)
    panels = np.ravel(figure.subplots(1, 2 * len(names)))
    norm = CenteredNorm(0, halfrange=max(1e-9, float(np.nanmax(np.abs(values), initial=0))))
    dots = None
    for k, axes in enumerate(panels):
        session, view = divmod(k, 2)
        head.glass(axes, views[view], centre, room_mm=16, smooth=20)
        look = {"cmap": "RdBu_r", "norm": norm, "s": 20, "ec": style.GREY, "lw": 0.2}
        dots = head.glass_dots(axes, views[view], centre, values[session], **look)
        rings = centre[planted >= CHANGED][:, head.VIEWS[views[view]]]
        axes.scatter(*rings.T, s=34, fc="none", ec=style.INK, lw=0.8, zorder=4)
        marked = centre[found["changed"].values[session].astype(bool)][:, head.VIEWS[views[view]]]
        axes.scatter(*marked.T, s=3, fc=style.INK, lw=0, zorder=5)
        axes.set_title(f"{sessions.words(names[session])}, {views[view]}", loc="center", fontsize=7)
    style.letter(panels[0], "B")
    figure.colorbar(dots, ax=list(panels), shrink=0.75, pad=0.01, aspect=16, label="local rest (% points)")
    ring = Line2D([], [], ls="", marker="o", ms=5.5, mfc="none", mec=style.INK, mew=0.8, label="planted")
    dot = Line2D([], [], ls="", marker="o", ms=2, color=style.INK, label="found changed")
    figure.legend(handles=[ring, dot], loc="outside lower center", ncols=2)


def _cluster_rows(measures: dict[str, dict], planted: np.ndarray, centre: np.ndarray) -> list[dict]:
    places = [dict(zip(("x_mm", "y_mm", "z_mm"), map(float, c), strict=True)) for c in centre]
    return [
        {"session": session, "statistic": name, "quantity": "cluster", "cluster": c + 1, "value": float(v),
         "planted_share": planted[c], **places[c]}
        for session, of in measures.items()
        for name, values in of.items()
        for c, v in enumerate(values)
    ]  # fmt: skip
