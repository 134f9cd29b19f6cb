"""S1 of neuroplasticity, ours: what of the drop in accuracy is drift, and where something else is left."""

import textwrap
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from heschl import store
from heschl.figures import sessions, style
from heschl.science import plasticity

TITLE = "Plasticity or drift"
CAPTION = (
    "A: drop of accuracy (full head) from the test of the training session to each other session, in percentage "
    "points, in the split named below (clusters: the same where they have it). Drift: drop when the other session's "
    "measured gain, noise, scatter and delay are put on the training session's own test samples; rest: total less "
    "drift; drift undone: what is lost, against equally scattered test samples, once the measured drift is taken off "
    "the other session. Whiskers: 95 % interval (bootstrap of blocks of voxels and of seeds). Below each session: "
    "verdict of the tests. B: local rest of each cluster: loss of the probability given to the true subject with the "
    "drift undone, minus each subject's median over clusters, mean over subjects; bars: standard error over subjects. "
    "Drift reaches the whole head and training some places, so a session without training should show nothing here. "
    "Full dots: changed, that is in this local rest or in the local change of pattern (S2), above 0 in an exact "
    "sign-flip test over subjects, family-wise over clusters, p ≤ .025 each, by 15 % or more of what could be lost, "
    "and more than in the control session if one is named. With few subjects the least possible p is 1 / 2 to the "
    "power of their number (.008 for 7). Without a control session, a change of the whole head counts as drift."
)
PARTS = {
    "total": ("total", style.INK),
    "drift": ("drift", style.SKY),
    "rest": ("rest", "#f0b890"),
    "left": ("drift undone", style.RED),
}


def draw(*, summary: Path, png: Path, pdf: Path, table: Path) -> None:
    """Draw drop and drop_ci (session, part), verdict (session) and rest (session, cluster, subject) of a summary.

    A cluster is full where changed (session, cluster) says so.
    """
    found = store.read(summary).load()
    names = found["session"].values.astype(str).tolist()
    with style.sheet(style.DOUBLE, 2.9) as figure:
        panels = figure.subplots(1, len(names) + 1, width_ratios=[1.1 + 0.5 * len(names)] + [1.0] * len(names))
        _parts(panels[0], found, names)
        style.letter(panels[0], "A")
        style.letter(panels[1], "B")
        _clusters(figure, panels[1:], found, names)
    style.save(figure, [*_drop_rows(found, names), *_cluster_rows(found, names)], png=png, pdf=pdf, table=table)


def local_rest(found: xr.Dataset) -> np.ndarray:
    """Return rest (session, cluster, subject) of a summary minus each subject's median over clusters."""
    rest = found["rest"].transpose("session", "cluster", "subject").values.astype(float)
    return np.stack([plasticity.local(one) for one in rest])


def _parts(axes: Axes, found: xr.Dataset, names: list[str]) -> None:
    """Draw the drop of each session and its parts, with the verdict in words."""
    parts = found["part"].values.astype(str).tolist()
    drop = 100 * found["drop"].transpose("session", "part").values.astype(float)
    ci = 100 * found["drop_ci"].transpose("session", "part", "bound").values.astype(float)
    shown = [name for name in PARTS if name in parts]
    for k, part in enumerate(shown):
        (label, ink), p = PARTS[part], parts.index(part)
        x = np.arange(len(names)) + (k - (len(shown) - 1) / 2) * 0.2
        axes.bar(x, drop[:, p], width=0.19, color=ink, label=label)
        for place, pair in zip(x, ci[:, p], strict=True):
            sessions.interval(axes, place, pair, style.GREY if part == "total" else style.INK)
    axes.axhline(0, color=style.INK, lw=0.7)
    verdicts = [textwrap.fill(str(v), 13) for v in found["verdict"].values]
    ticks = [f"{sessions.words(n)}\n\n{v}" for n, v in zip(names, verdicts, strict=True)]
    axes.set_xticks(range(len(names)), ticks, linespacing=1.1)
    axes.tick_params(axis="x", length=0)
    room = 0.55 if len(names) > 1 else 1.0
    axes.set(ylabel="drop of accuracy (% points)", xlim=(-room, len(names) - 1 + room))
    axes.margins(y=0.08)
    axes.set_xlabel(f"split: {sessions.split_words(str(found.attrs.get('judged_full', 'run')))}")
    axes.legend(
        loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, handlelength=1.2, columnspacing=1, handletextpad=0.5
    )


def _clusters(figure: Figure, panels: np.ndarray, found: xr.Dataset, names: list[str]) -> None:
    """Draw the local rest of the clusters of each session, sorted."""
    local = 100 * local_rest(found)
    changed = found["changed"].transpose("session", "cluster").values.astype(bool)
    mean, n = sessions.mean(local, axis=2), max(1, local.shape[2])
    error = local.std(axis=2, ddof=min(1, n - 1)) / np.sqrt(n)
    low, high = np.nanmin(mean - error, initial=0), np.nanmax(mean + error, initial=1)
    for k, (axes, name) in enumerate(zip(panels, names, strict=True)):
        if not np.isfinite(mean[k]).any():
            style.says(axes, f"{sessions.words(name)}:\nno clusters")
            continue
        order, passed = np.argsort(mean[k], kind="stable"), changed[k]
        x = np.arange(1, len(order) + 1)
        axes.vlines(x, (mean - error)[k, order], (mean + error)[k, order], color=style.PALE, lw=0.8, zorder=1)
        for of, face, ink in ((~passed, "white", style.GREY), (passed, style.RED, style.RED)):
            axes.scatter(x[of[order]], mean[k, order][of[order]], s=8, fc=face, ec=ink, lw=0.6, zorder=3)
        axes.axhline(0, color=style.INK, lw=0.7, ls="--")
        axes.set(xlabel="clusters, sorted", xlim=(0, len(order) + 1))
        axes.set_title(f"{sessions.words(name)}\n{passed.sum()} of {len(order)} changed", loc="center", fontsize=7.5)
        axes.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))
        axes.tick_params(labelleft=k == 0)
    panels[0].set_ylabel("local rest (% points of probability)")


def _drop_rows(found: xr.Dataset, names: list[str]) -> list[dict]:
    rows = []
    for s, name in enumerate(names):
        for p, part in enumerate(found["part"].values.astype(str)):
            low, high = found["drop_ci"].transpose("session", "part", "bound").values[s, p]
            value = float(found["drop"].transpose("session", "part").values[s, p])
            more = {"ci_low": low, "ci_high": high, "verdict": str(found["verdict"].values[s])}
            rows.append({"session": name, "quantity": f"drop_{part}", "cluster": np.nan, "value": value, **more})
    return rows


def _cluster_rows(found: xr.Dataset, names: list[str]) -> list[dict]:
    mean = sessions.mean(local_rest(found), axis=2)
    p, changed = (found[n].transpose("session", "cluster").values for n in ("rest_p_fwer", "changed"))
    return [
        {
            "session": name,
            "quantity": "local_rest",
            "cluster": c + 1,
            "value": mean[s, c],
            "p_fwer": p[s, c],
            "changed": bool(changed[s, c]),
        }
        for s, name in enumerate(names)
        for c in range(mean.shape[1])
    ]
