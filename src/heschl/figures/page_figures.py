"""The figures of the report: by study, each with its caption, its files, and its table where it is one."""

import base64
import csv
import os
import re
from itertools import count, groupby
from pathlib import Path
from types import ModuleType
from typing import Any

from heschl.figures import identification_table, layers, participants, published, style, style_epochs
from heschl.figures.captioned import BY_NAME

WRITTEN = (identification_table, layers, published, style_epochs)  # those that are tables
MOST_ROWS = 60
STUDIES = {
    "neural_correlates": "Neural correlates of music",
    "brain2music": "Brain2Music",
    "music_reconstruction": "Music reconstruction",
    "neuroplasticity": "Neuroplasticity",
    "style_dream": "Style and dream",
    "story": "A story",
}


def studies(figures: list[Path], tables: list[Path], folder: Path) -> list[dict[str, Any]]:
    """Group figures by study, the folder that holds them, in the order given; figures and tables numbered throughout.

    Parameters
    ----------
    figures : PNGs; each name holds its module's (F8_surface_maps_model-resnet18.png)
    tables : TSVs, each beside its figure and named as it is
    folder : where the page will lie, for links
    """
    beside = {Path(table).with_suffix("") for table in tables}
    pngs = [Path(figure) for figure in figures]
    order = list(dict.fromkeys(png.parent.name for png in pngs))
    pngs.sort(key=lambda png: order.index(png.parent.name))  # stable: a study's figures keep their order
    numbers, seen = _numbers(pngs), {}
    by_study = groupby(zip(numbers, pngs, strict=True), lambda one: one[1].parent.name)
    return [
        {
            "anchor": f"study-{name}",
            "title": STUDIES.get(name, name.replace("_", " ")),
            "figures": [_figure(k, png, png.with_suffix("") in beside, folder, seen) for k, png in members],
        }
        for name, members in by_study
    ]


def _numbers(pngs: list[Path]) -> list[int]:
    """Count figures, and tables apart."""
    counts = {True: count(1), False: count(1)}
    return [next(counts[module_of(png.stem) in WRITTEN]) for png in pngs]


def _figure(number: int, png: Path, has_table: bool, folder: Path, seen: dict[tuple, int]) -> dict[str, Any]:
    """Describe one figure; seen: the first of each study and name, to whose caption those of other models refer."""
    module, model, table = module_of(png.stem), re.search(r"_model-(\w+)", png.stem), png.with_suffix(".tsv")
    first = seen.setdefault((png.parent.name, png.stem.partition("_model-")[0]), number)
    files = [png.with_suffix(".pdf"), *([table] if has_table else [])]
    return {
        "number": number,
        "kind": "Table" if module in WRITTEN else "Figure",
        "title": (module.TITLE if module else png.stem.replace("_", " ")) + (f": {model[1]}" if model else ""),
        "caption": f"As Figure {first}, for {model[1]}."
        if model and first != number
        else module.CAPTION
        if module
        else "",
        "published": _published(png.stem),
        "image": base64.b64encode(png.read_bytes()).decode("ascii"),
        "share": min(100, round(100 * _width_pixels(png) / (style.DOUBLE * style.DPI))),
        "files": [(f.name, Path(os.path.relpath(f, folder)).as_posix()) for f in files],
        "anchor": f"{png.parent.name}-{png.stem}",
        "table": read_table(table) if has_table and module in WRITTEN else None,
    }


def _width_pixels(png: Path) -> int:
    """Read a PNG's width from its header."""
    return int.from_bytes(png.read_bytes()[16:20], "big")


def module_of(stem: str) -> ModuleType | None:
    """Return the module that a figure's file name holds between its number and its model, None if there is none."""
    return BY_NAME.get(re.sub(r"^[A-Z]\d+[a-z]?_|_model-\w+$", "", stem))


def _published(stem: str) -> str:
    """Name the figure or table of the study that this one is of: F4a, A.1, Table 1; "" for one of our own."""
    if stem.startswith("T1_"):
        return "Table 1"
    found = re.match(r"(F|A)(\d+[a-z]?)_", stem)
    return f"{found[1]}{'.' if found[1] == 'A' else ''}{found[2]}" if found else ""


def read_table(path: Path) -> dict[str, Any]:
    """Read a TSV for the page: head, rows (60 at most) and how many are left out; columns without a value are dropped.

    Numbers are given to four digits, thousands whole; the file has them all.
    """
    with path.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file, delimiter="\t")
    kept = [k for k in range(len(head)) if any(row[k] not in ("", "n/a") for row in rows)]
    shown = [[_short(row[k], head[k]) for k in kept] for row in rows[:MOST_ROWS]]
    return {"head": [head[k].replace("_", " ") for k in kept], "rows": shown, "more": max(0, len(rows) - MOST_ROWS)}


def _short(cell: str, name: str) -> str:
    """Round a number, as a p-value where its column holds them; leave words alone."""
    if cell == "n/a":
        return ""
    if not re.fullmatch(r"-?\d+(\.\d+)?(e[-+]?\d+)?", cell) or re.fullmatch(r"0\d+", cell):
        return cell
    value = float(cell)
    if name == "p" or name.startswith("p_"):
        return participants.p_value(value)
    said = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return said.replace("-", "−")
