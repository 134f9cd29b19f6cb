"""How the table of published numbers and ours is set on a page."""

import textwrap

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from heschl.figures import participants, style
from heschl.figures.methods_decoding import DEFECTS

HEADS = {  # column -> left edge, of the page's width
    "quantity": 0.0, "published": 0.30, "ours": 0.48, "n": 0.665, "difference": 0.745, "defects": 0.825, "why": 0.93,
}  # fmt: skip
TITLES = {
    "quantity": "", "published": "published [tag]", "ours": "ours [95 % CI]", "n": "n", "difference": "difference",
    "defects": "defects", "why": "why",
}  # fmt: skip


WIDTH = 155  # letters in a line of notes


def page(axes: Axes, rows: list[dict], notes: list[str]) -> None:
    """Set rows under the heads of their sections, and notes below."""
    axes.set_axis_off()
    lines = 1 + len(rows) + len({row["section"] for row in rows}) + len(notes) + 1
    axes.set(xlim=(0, 1), ylim=(lines, -0.2))
    for name, x in HEADS.items():
        _say(axes, x, 0, TITLES[name], fontweight="bold")
    y, section = 1, None
    for row in rows:
        if row["section"] != section:
            section = row["section"]
            axes.axhline(y - 0.5, color=style.INK, lw=0.5)
            _say(axes, 0, y, section, fontweight="bold")
            y += 1
        _row(axes, y, row)
        y += 1
    axes.axhline(y - 0.5, color=style.INK, lw=0.5)
    for k, note in enumerate(notes):
        _say(axes, 0, y + 0.4 + k, note, color="#555555")


def _row(axes: Axes, y: int, row: dict) -> None:
    whole, known = row["published"] > 1, np.isfinite(row["ours"])
    low, high, ours, more = (_number(row[n], whole) for n in ("ci_low", "ci_high", "ours", "difference"))
    interval = f" [{low}, {high}]" if np.isfinite(row["ci_low"]) else ""
    sign = "+" if row["difference"] >= 0 else ""
    said = {
        "quantity": row["quantity"],
        "published": " ".join(filter(None, (_printed(row["published"]), row["spread"], f"[{row['tag']}]"))),
        "ours": ours + interval if known else "",
        "n": _counts(row) if known else "",
        "difference": sign + more if np.isfinite(row["difference"]) else "",
        "defects": row["defects"],
        "why": row["why"],
    }
    for name, text in said.items():
        _say(axes, HEADS[name], y, text)


def _number(value: float, whole: bool) -> str:
    return f"{value:,.0f}".replace("-", "−") if whole else participants.number(value, 3)


def _printed(value: float) -> str:
    """Give a published number the digits that were printed: three, or four."""
    return _number(value, True) if value > 1 else participants.number(value, 3 if round(value, 3) == value else 4)


def _counts(row: dict) -> str:
    """Say how many listeners and clips: 3 × 16."""
    n, clips = row["n_listeners"], row["n_clips"]
    return f"{n} × {clips}" if n and clips else f"{n}" if n else f"{clips} clips"


def _say(axes: Axes, x: float, y: float, text: str, **how) -> None:
    axes.text(x, y, text, va="center", fontsize=5.8, **how).set_in_layout(False)  # the layout would weigh each


def notes(
    rows: list[dict], why: dict[str, str], plan: xr.Dataset, splits: list[str], dataset: str, defects: list[int]
) -> list[str]:
    """Explain the letters that occur, name our models, and say what the split shares."""
    used = sorted({letter for row in rows for letter in row["why"].split()})
    lines = [f"{letter}: {why[letter]}" for letter in used]
    half = (len(lines) + 1) // 2
    found = [";  ".join(lines[k : k + 2]) + "." for k in range(0, 2 * half, 2)]
    models = sorted({row["model"] for row in rows} - {""})
    found.append(f"n: listeners × test clips. Ours: data set {dataset}, embeddings {', '.join(models) or 'none'}.")
    numbers = sorted({int(number) for row in rows for number in row["defects"].split()})
    found += textwrap.wrap("Defects: " + "; ".join(f"{number}: {DEFECTS[number]}" for number in numbers) + ".", WIDTH)
    on = ", ".join(map(str, sorted(defects)))
    found.append(f"Defects of the published pipelines turned on in ours: {on or 'none'}.")
    for split in splits or ["official"]:
        found.append(_shared(plan, split))
    return found


def _shared(plan: xr.Dataset, split: str) -> str:
    """Say how many test clips of a split share something with a training clip, or that none is known of."""
    of = plan[["overlap", "n_known"]].sel(split=split)
    tested = (plan["role"] == 2).any(("fold", "clip"))
    faults = "fault_filtered" not in plan["split"].values or bool(tested.sel(split="fault_filtered"))
    counts = [
        f"{kind} {int(n) if known and (kind != 'fault' or faults) else 'unknown'}"
        for kind, n, known in zip(*(of[name].values for name in ("kind", "overlap", "n_known")), strict=True)
    ]
    total = int((plan["role"].sel(split=split).values == 2).sum())
    return f"Ours, split {split}: of {total} test clips share with a training clip: {', '.join(counts)}."
