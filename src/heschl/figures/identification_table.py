"""Table 1 of music_reconstruction: own decoders, decoders of others, and baselines, with intervals."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import alignment_curves, participants, style
from heschl.science import bootstrap

TITLE = "Identification by own decoders, decoders of others, and baselines"
CAPTION = (
    "Identification accuracy of test clips: the share of the other clips that are less similar to the prediction than "
    "the one that was heard (ties one half). Bars: mean over listeners without the noise one, and its 95 % interval, "
    "a bootstrap of listeners crossed with clips; dots: single listeners; hollow grey: noise (canary). p: two-sided "
    "sign-flip test over the clips against anatomical alignment, for the same listeners and clips. Others: a listener "
    "left out, decoded by what others taught, at the largest number of alignment clips. Own decoders have other "
    "voxels and more training clips than aligned ones, but for the row of the same clips and voxels: of that only "
    "each listener's score is kept, not one a clip, so it has no interval and no p. With this few listeners the "
    "intervals are of these listeners, not of a population."
)
COLUMNS = [
    "row", "group", "mean", "ci_low", "ci_high", "p_against_anatomical", "n_listeners", "n_clips", "k", "mode",
]  # fmt: skip
BASELINES = {"genre_oracle": "knows the genre only", "mean_vector": "mean embedding", "random": "random embedding"}
COLOURS = {"own": style.BLUE, "aligned": style.ORANGE, "baseline": style.INK}


def draw(
    *,
    scores: Path,
    aligned: list[Path],
    noise_subjects: list[str],
    n_bootstraps: int,
    seed: int,
    png: Path,
    pdf: Path,
    table: Path,
) -> None:
    """Draw Table 1 from scores and, unless [], stores of alignment of one model, one per left-out listener.

    Raises
    ------
    HeschlError
        If the stores are of several models, or n_bootstraps is below 1000.
    """
    if n_bootstraps < 1000:
        raise HeschlError("identify: n_bootstraps", str(n_bootstraps), "wanted 1000 at least")
    found, others = store.read(scores).load(), participants.opened(aligned, "model", "mode")
    if other := {one.attrs["model"] for one in others.values()} - {found.attrs["model"]}:
        raise HeschlError(scores, f"model {found.attrs['model']}, aligned {other.pop()}", "wanted one model")
    rows = _own(found, noise_subjects)
    rows += _aligned(others, noise_subjects, n_bootstraps, seed) if others else []
    _test(rows, n_bootstraps, seed)
    rows += _baselines(found)
    with style.sheet(style.DOUBLE, 1.1 + 0.23 * len(rows)) as figure:
        chart, words = figure.subplots(1, 2, sharey=True, width_ratios=[3, 1.5])
        _chart(chart, rows, found.attrs)
        _words(words, rows)
    style.save(figure, _table(rows), png=png, pdf=pdf, table=table)


def _own(found: xr.Dataset, noise_subjects: list[str]) -> list[dict]:
    """Rows of the listeners' own decoders: the intervals are those of the store."""
    subs, rows = found["sub"].values.astype(str).tolist(), []
    noise = np.array([s in noise_subjects for s in subs]) | participants.noise_of(found)
    for r, route in enumerate(found["route"].values.astype(str)):
        values = found["id_acc"].isel(route=r).values.astype(float)
        name = f"own: {participants.NAMES.get(route, route)}"
        low, high = found["ci"].isel(route=r).values
        rows.append(_row(name, "own", found["clip"].values.astype(str), subs, noise, values, (low, high)))
    return rows


def _aligned(others: dict[str, xr.Dataset], noise_subjects: list[str], n: int, seed: int) -> list[dict]:
    """Rows of left-out listeners at the largest k, and of their own decoders from the same clips and voxels."""
    noise = np.array([sub in noise_subjects for sub in others])
    first, rows = next(iter(others.values())), []
    clips, mode = first["clip"].values.astype(str), str(first.attrs["mode"])
    within = np.array([[float(one["within"])] for one in others.values()])
    rows.append(
        _row("own: same clips and voxels as others", "own", clips, list(others), noise, within, (np.nan, np.nan))
    )
    rows[0] |= {"n_clips": len(clips), "mode": mode}
    k = max(int(one["k"].max()) for one in others.values())
    for method in first["method"].values.astype(str):
        wanted = {"method": [method], "k": [k], "clip": first["clip"].values}
        values = np.stack([one["id_acc_clip"].reindex(wanted).values[0, 0] for one in others.values()]).astype(float)
        kept = values[~noise]
        low, high = bootstrap.interval(kept, n, seed) if len(kept) else (np.nan, np.nan)
        name = f"others: {alignment_curves.SHOWN.get(method, method)}"
        rows.append(_row(name, "aligned", clips, list(others), noise, values, (low, high)) | {"k": k, "mode": mode})
    return rows


def _row(name, group, clips, subs, noise, values, interval) -> dict:
    """One row of the table; values (sub, clip)."""
    known = np.isfinite(values)
    of_sub = np.where(known.any(1), np.nansum(values, 1) / np.maximum(known.sum(1), 1), np.nan)
    mean = float(np.nanmean(values[~noise])) if known[~noise].any() else np.nan
    return {
        "row": name, "group": group, "mean": mean, "ci_low": interval[0], "ci_high": interval[1],
        "p_against_anatomical": np.nan, "n_listeners": int((~noise).sum()), "n_clips": int(known.any(0).sum()),
        "k": pd.NA, "mode": "", "clips": clips, "subs": list(subs), "noise": noise, "of_sub": of_sub, "values": values,
    }  # fmt: skip


def _test(rows: list[dict], n: int, seed: int) -> None:
    """Test each row against anatomical alignment, where the same listeners were asked about the same clips."""
    base = next((row for row in rows if row["row"] == "others: anatomical"), None)
    for row in rows if base else []:
        people = [s for s, is_noise in zip(base["subs"], base["noise"], strict=True) if not is_noise]
        fits = row is not base and row["values"].shape[1] == len(base["clips"])
        if fits and set(row["clips"]) == set(base["clips"]) and set(people) <= set(row["subs"]):
            at = [row["subs"].index(s) for s in people]
            columns = [row["clips"].tolist().index(c) for c in base["clips"]]
            ours, theirs = row["values"][np.ix_(at, columns)], base["values"][~base["noise"]]
            row["p_against_anatomical"] = bootstrap.paired_p(ours, theirs, n, seed)


def _baselines(found: xr.Dataset) -> list[dict]:
    known = dict(zip(found["name"].values.astype(str), found["baseline"].values.astype(float), strict=True))
    nobody = (np.array([]), [], np.zeros(0, bool), np.zeros((0, 0)), (np.nan, np.nan))
    return [
        _row(title, "baseline", *nobody) | {"mean": known[name], "n_clips": found.sizes["clip"]}
        for name, title in BASELINES.items()
        if name in known
    ]


def _chart(axes: Axes, rows: list[dict], attrs: dict) -> None:
    participants.chance_line(axes, float(attrs["chance"]), vertical=True, label="chance")
    for y, row in enumerate(rows):
        colour = COLOURS[row["group"]]
        if np.isfinite(row["ci_low"]):
            axes.hlines(y, row["ci_low"], row["ci_high"], color=colour, lw=3.2, alpha=0.35)
        participants.dots(axes, row["of_sub"], y + participants.spread(len(row["subs"]), 0.3), row["noise"], colour, 10)
        axes.vlines(row["mean"], y - 0.32, y + 0.32, color=colour, lw=1.7, zorder=3)
        if row["row"] == BASELINES["genre_oracle"]:
            axes.axvline(row["mean"], color=style.INK, lw=0.8, ls=":", zorder=1, label="knows the genre only")
    if any(row["noise"].any() for row in rows):
        axes.scatter([], [], s=10, label=participants.CANARY, **participants.NOISE)
    axes.figure.legend(loc="outside lower center", ncols=3)
    axes.set_yticks(range(len(rows)), [row["row"] for row in rows])
    shown = np.concatenate([[0.42, 1.0], *(row["of_sub"][np.isfinite(row["of_sub"])] for row in rows)])
    axes.set(
        ylim=(len(rows) - 0.4, -0.6),
        xlim=(max(0, shown.min() - 0.03), 1.01),
        xlabel="identification accuracy",
    )
    participants.short_ticks(axes.xaxis)
    n = max((row["n_listeners"] for row in rows), default=0)
    k = next((row["k"] for row in rows if row["group"] == "aligned"), None)
    note = f"{n} listener{'s' if n != 1 else ''}, {rows[0]['n_clips']} test clips, split {attrs['split']}"
    axes.set_title(note + (f"; others: k = {k} alignment clips" if k else ""), fontsize=7)
    if any(row["mode"] == "as_published" for row in rows):
        axes.figure.suptitle(alignment_curves.LEAKS, color="#c1121f", fontsize=8, fontweight="bold")


def _words(axes: Axes, rows: list[dict]) -> None:
    """Write each row's numbers beside it."""
    axes.set_axis_off()
    for x, head, said in ((0.0, "mean [95 % CI]", _said), (0.6, "p vs anatomical", _p)):
        axes.text(x, 1.0, head, fontsize=6.5, va="bottom", fontweight="bold", transform=axes.transAxes)
        for y, row in enumerate(rows):
            axes.text(x, y, said(row), va="center", fontsize=6.5, transform=axes.get_yaxis_transform())


def _said(row: dict) -> str:
    mean, low, high = (participants.number(row[n], 3) for n in ("mean", "ci_low", "ci_high"))
    return f"{mean} [{low}, {high}]" if np.isfinite(row["ci_low"]) else mean


def _p(row: dict) -> str:
    p = row["p_against_anatomical"]
    return "" if not np.isfinite(p) else participants.p_value(p)


def _table(rows: list[dict]) -> pd.DataFrame:
    """List the rows as Table 1, with a column per participant."""
    noise = {s: bool(n) for row in rows for s, n in zip(row["subs"], row["noise"], strict=True)}
    names = {s: f"sub-{s}{'_noise' if noise[s] else ''}" for s in sorted(noise)}
    lines = []
    for row in rows:
        of = dict(zip(row["subs"], row["of_sub"], strict=True))
        lines.append({n: row[n] for n in COLUMNS} | {name: of.get(s, np.nan) for s, name in names.items()})
    found = pd.DataFrame(lines)
    return found.assign(n_listeners=found["n_listeners"].where(found["n_listeners"] > 0).astype("Int64"))
