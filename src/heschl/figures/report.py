"""The report: one page that holds the numbers, the figures, how they were made and what they can't say."""

import base64
import json
import os
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import xarray as xr

from heschl import store
from heschl.figures import (
    architecture,
    headlines,
    layer_counts,
    layer_rdms,
    methods,
    motion,
    recovery,
    registration,
    rho_histograms,
    style,
    surface_maps,
    tag_auc,
    timeline,
    volume_map,
)

CAPTIONED = (
    architecture,
    layer_counts,
    layer_rdms,
    motion,
    recovery,
    registration,
    rho_histograms,
    surface_maps,
    tag_auc,
    timeline,
    volume_map,
)
TEMPLATE = "report.html.j2"


def draw(
    *,
    figures: list[Path],
    tables: list[Path],
    stores: list[Path],
    html: Path,
    title: str,
    config: dict[str, Any],
    method: dict[str, Any],
) -> None:
    """Write one self-contained page: no script, no network, the same bytes from the same inputs.

    Parameters
    ----------
    figures : PNGs, in the order of the page; each name holds its module's (F8_surface_maps.png)
    tables : TSVs with the figures' numbers, each named as its figure
    stores : results with headlines and provenance; their folders (results/dataset/stage/...) tell which stages ran
    config : the settings given, nested
    method : the settings that the methods text tells, by name without their section
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    results = {Path(path).name: store.read(path) for path in stores}
    ran = methods.stages(stores)
    subjects = next((r.attrs["n_subjects"] for r in results.values() if "n_subjects" in r.attrs), None)
    made_by = [_made_by(name, found) for name, found in results.items()]
    by_name = {Path(t).stem: Path(t) for t in tables}
    room = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined)
    page = room.get_template(TEMPLATE).render(
        title=title,
        headlines=[line for r in results.values() for line in headlines.of(r)],
        figures=[_figure(k, Path(f), by_name, Path(html).parent) for k, f in enumerate(figures, 1)],
        methods=methods.paragraphs(ran, results, method),
        works=methods.works(ran),
        limits=methods.limits(ran, subjects),
        provenance=made_by,
        versions=sorted({row["versions"] for row in made_by} - {""}),
        settings=_flat(config),
    )
    with store.atomic(html) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _figure(number: int, png: Path, tables: dict[str, Path], folder: Path) -> dict[str, Any]:
    module = _module(png.stem)
    published, model = re.match(r"F\d+", png.stem), re.search(r"_model-(\w+)", png.stem)
    table = tables.get(png.stem)
    return {
        "number": number,
        "title": (module.TITLE if module else png.stem.replace("_", " ")) + (f": {model[1]}" if model else ""),
        "caption": module.CAPTION if module else "",
        "published": published[0] if published else "",
        "image": base64.b64encode(png.read_bytes()).decode("ascii"),
        "share": min(100, round(100 * _width_pixels(png) / (style.DOUBLE * style.DPI))),
        "files": [(f.name, Path(os.path.relpath(f, folder)).as_posix()) for f in (png.with_suffix(".pdf"), table) if f],
        "anchor": png.stem,
    }


def _width_pixels(png: Path) -> int:
    """Read a PNG's width from its header."""
    return int.from_bytes(png.read_bytes()[16:20], "big")


def _module(stem: str) -> ModuleType | None:
    """Return the module whose name a figure's file name holds; the longest if several do."""
    named = [m for m in CAPTIONED if m.__name__.rpartition(".")[2] in stem]
    return max(named, key=lambda m: len(m.__name__), default=None)


def _made_by(name: str, found: xr.Dataset) -> dict[str, str]:
    made = found.attrs.get("made_by", {})
    made = json.loads(made) if isinstance(made, str) else made
    versions = ", ".join(f"{k} {v}" for k, v in sorted(made.get("versions", {}).items()))
    return {
        "name": name,
        "rule": str(made.get("rule", "unsigned")),
        "code": str(made.get("code", "")),
        "versions": versions,
    }


def _flat(config: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """List settings as dotted names and JSON values, in the order given."""
    found: list[tuple[str, str]] = []
    for key, value in config.items():
        if isinstance(value, dict):
            found += _flat(value, f"{prefix}{key}.")
        else:
            found.append((f"{prefix}{key}", json.dumps(value, ensure_ascii=False, default=str)))
    return found
