"""What training and test share, by split: the audit that comes before every score."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from matplotlib.axes import Axes

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import listeners, style

TITLE = "What training and test share"
CAPTION = (
    "Test clips that share something with a training clip of the same fold, by split, of those for which it is known: "
    "the track, the artist, the title (as labelled), the recording (an acoustic fingerprint), a similar sound (cosine "
    "of the clips' mean sound), and faulty clips on the test side. Colour: their share. A dash: not known. Splits "
    "and kinds of which nothing is known are named below the table instead. The fingerprint finds copies of one "
    "recording, not other performances; missing labels can hide what is shared."
)
NAMES = {
    "track": "track", "artist": "artist", "title": "title", "fingerprint": "recording\n(fingerprint)",
    "embedding": "sounds alike", "fault": "faulty\ntest clips",
}  # fmt: skip


def draw(*, splits: Path, png: Path, pdf: Path, table: Path) -> None:
    """Draw a table of counts, splits by kinds, from the store of audit.

    Raises
    ------
    HeschlError
        If the store isn't of audit.
    """
    found = store.read(splits).load()
    if missing := [name for name in ("overlap", "role") if name not in found]:
        raise HeschlError(splits, f"no {missing[0]}", "wanted splits of audit", "Run the rule audit_splits")
    rows = _table(found)
    by_split, by_kind = (rows.groupby(by, sort=False)["n_known"].sum() for by in ("split", "kind"))
    shown = {n: of.index[of > 0].tolist() or of.index.tolist() for n, of in (("split", by_split), ("kind", by_kind))}
    with style.sheet(style.DOUBLE, 1.1 + 0.42 * len(shown["split"])) as figure:
        axes = figure.add_subplot()
        kept = rows["split"].isin(shown["split"]) & rows["kind"].isin(shown["kind"])
        image = _cells(axes, rows[kept], found.sel(shown))
        if said := _hidden(by_split, by_kind):
            figure.supxlabel(said, fontsize=6.5, x=0.01, ha="left")
        bar = figure.colorbar(image, ax=axes, shrink=0.9, aspect=14, pad=0.02, ticks=[0, 0.5, 1])
        bar.ax.set_yticklabels(["0 %", "50 %", "100 %"])
        bar.set_label("share of test clips")
    style.save(figure, rows, png=png, pdf=pdf, table=table)


def _hidden(splits: pd.Series, kinds: pd.Series) -> str:
    """Say which rows and columns are left out; both are numbers of clips known, by name."""
    parts = [f"the split {listeners.plain(n)}" for n in splits.index[splits == 0]]
    parts += [NAMES.get(n, n).replace("\n", " ") for n in kinds.index[kinds == 0]]
    reason = " No list of faulty clips is given." if "fault" in kinds.index[kinds == 0] else ""
    return f"Not shown, as nothing is known: {', '.join(parts)}.{reason}" if parts else ""


def _cells(axes: Axes, rows: pd.DataFrame, found: xr.Dataset):
    splits, kinds = (found[name].values.astype(str).tolist() for name in ("split", "kind"))
    share = rows["share"].to_numpy().reshape(len(splits), len(kinds))
    image = axes.imshow(np.ma.masked_invalid(share), cmap="Reds", vmin=0, vmax=1, aspect="auto")
    axes.set_facecolor("#f4f4f4")
    for at, row in enumerate(rows.itertuples()):
        y, x = divmod(at, len(kinds))
        known = np.isfinite(row.share)
        text = f"{row.overlap} of {row.n_known}" if known else "–"
        dark = known and row.share > 0.55
        axes.text(x, y, text, ha="center", va="center", color="white" if dark else style.INK)
    names = [NAMES.get(kind, kind) for kind in kinds]
    if "embedding" in kinds and "similarity" in found.attrs:
        least = f"{float(found.attrs['similarity']):g}".removeprefix("0")
        names[kinds.index("embedding")] += f"\n(cosine ≥ {least})"
    axes.set_xticks(range(len(kinds)), names)
    n = rows.groupby("split", sort=False)[["n_test", "n_train"]].first()
    labels = [_label(s, *n.loc[s], int((found["role"].sel({"split": s}) == 2).any("clip").sum())) for s in splits]
    axes.set_yticks(range(len(splits)), labels)
    axes.tick_params(length=0)
    axes.xaxis.tick_top()
    axes.spines[:].set_visible(False)
    for edge in np.arange(len(splits) - 1) + 0.5:
        axes.axhline(edge, color="white", lw=2)
    for edge in np.arange(len(kinds) - 1) + 0.5:
        axes.axvline(edge, color="white", lw=2)
    return image


def _label(split: str, n_test: int, n_train: int, n_folds: int) -> str:
    name = listeners.plain(split)
    if not n_test:
        return f"{name}\nempty"
    return f"{name}\n{n_test} test clips, " + (f"{n_train} training" if n_folds == 1 else f"{n_folds} folds")


def _table(found: xr.Dataset) -> pd.DataFrame:
    """List overlaps by split and kind, and the clips they could have been found in."""
    role, has_faults = found["role"], True
    tested, trained = ((role == side).any("fold").sum("clip") for side in (2, 1))
    if "fault_filtered" in found["split"].values:
        has_faults = bool(tested.sel({"split": "fault_filtered"}))
    rows = []
    for split in found["split"].values.astype(str):
        for kind in found["kind"].values.astype(str):
            at = {"split": split, "kind": kind}
            n = int(tested.sel({"split": split}))
            known = int(found["n_known"].sel(at)) if "n_known" in found else n
            known = known if kind != "fault" or has_faults else 0
            overlap = int(found["overlap"].sel(at))
            share = overlap / known if known else float("nan")
            counts = {"n_test": n, "n_train": int(trained.sel({"split": split})), "n_known": known}
            rows.append(at | {"overlap": overlap} | counts | {"share": share})
    return pd.DataFrame(rows)
