"""How the table of published numbers and ours is set on a page."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from heschl.figures import style

HEADS = {  # column -> left edge, of the page's width
    "quantity": 0.0, "published": 0.30, "ours": 0.46, "n": 0.665, "difference": 0.745, "defects": 0.825, "why": 0.93,
}  # fmt: skip
TITLES = {
    "quantity": "", "published": "published [tag]", "ours": "ours [95 % CI]", "n": "n", "difference": "difference",
    "defects": "defects", "why": "why",
}  # fmt: skip


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
    unit = "{:,.0f}" if row["published"] > 1 else "{:.3f}"
    known = np.isfinite(row["ours"])
    interval = f" [{row['ci_low']:.3f}, {row['ci_high']:.3f}]" if np.isfinite(row["ci_low"]) else ""
    said = {
        "quantity": row["quantity"],
        "published": " ".join(filter(None, (_number(row["published"]), row["spread"], f"[{row['tag']}]"))),
        "ours": unit.format(row["ours"]) + interval if known else "-",
        "n": _counts(row) if known else "",
        "difference": ("{:+,.0f}" if row["published"] > 1 else "{:+.3f}").format(row["difference"]) if known else "",
        "defects": row["defects"],
        "why": row["why"],
    }
    pale = "a" in row["why"].split()
    for name, text in said.items():
        _say(axes, HEADS[name], y, text, color=style.GREY if name == "difference" and pale else style.INK)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value > 1 else f"{value:.4f}".rstrip("0") if round(value, 3) != value else f"{value:.3f}"


def _counts(row: dict) -> str:
    """Say how many listeners and clips: 3 x 16."""
    n, clips = row["n_listeners"], row["n_clips"]
    return f"{n} x {clips}" if n and clips else f"{n}" if n else f"{clips} clips"


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
    found.append(f"n: listeners x test clips. Ours: data set {dataset}, embeddings {', '.join(models) or 'none'}.")
    on = ", ".join(map(str, sorted(defects)))
    found.append(f"Defects of the published pipelines turned on in ours: {on or 'none'}.")
    for split in splits or ["official"]:
        found.append(_shared(plan, split))
    return found


def _shared(plan: xr.Dataset, split: str) -> str:
    """Say how many test clips of a split share something with a training clip."""
    overlap = plan["overlap"].sel(split=split)
    counts = [f"{kind} {int(n)}" for kind, n in zip(overlap["kind"].values.astype(str), overlap.values, strict=True)]
    total = int((plan["role"].sel(split=split).values == 2).sum())
    return f"Ours, split {split}: of {total} test clips share with a training clip: {', '.join(counts)}."
