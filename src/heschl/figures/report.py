"""The report: one page that holds the numbers, the figures, how they were made and what they can't say."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import xarray as xr

from heschl import store
from heschl.figures import (
    headlines,
    headlines_decoding,
    headlines_style,
    methods,
    methods_decoding,
    page_figures,
    players,
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
    sounds: Sequence[Path] = (),
) -> None:
    """Write one page: no script, no network, the same bytes from the same inputs; all but sounds is inside it.

    Parameters
    ----------
    figures : PNGs, in the order of the page, each in a folder named for its study; its name holds its module's
        (neural_correlates/F8_surface_maps.png)
    tables : TSVs with the figures' numbers, each beside its figure and named as it is
    stores : results with headlines and provenance; their folders (results/dataset/stage/...) tell which stages ran
    config : the settings given, nested
    method : the settings that the methods text tells: those of neural_correlates by name without their section, those
        of the other studies by section; `defects`, the known defects that are turned on, are told above all else
    sounds : folders of WAVs that the page plays from where they lie, see `players.rooms`
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    results = {Path(path).name: store.read(path) for path in stores}
    ran = methods.stages(stores)
    split = method.get("audit", {}).get("split", "official")
    made_by = [_made_by(name, found) for name, found in results.items()]
    room = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined)
    page = room.get_template(TEMPLATE).render(
        title=title,
        banner=methods_decoding.banner(method),
        headlines=_headlines(results, split),
        defects=methods_decoding.all_defects(ran),
        studies=page_figures.studies(figures, tables, Path(html).parent),
        rooms=players.rooms(sounds, Path(html).parent),
        methods=methods.paragraphs(ran, results, method),
        works=methods.works(ran, results, method),
        limits=methods.limits(ran, methods.people(results), results, method),
        provenance=made_by,
        versions=sorted({row["versions"] for row in made_by} - {""}),
        settings=_flat(config),
    )
    with store.atomic(html) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _headlines(results: dict[str, xr.Dataset], split: str) -> list[dict[str, str]]:
    """Identification first, what listeners' stores say together beside it, then everything else, styles told last."""
    first = [line for r in results.values() if "id_acc" in r for line in headlines.of(r, split)]
    others = [line for r in results.values() if "id_acc" not in r for line in headlines.of(r, split)]
    return first + headlines_decoding.across(results) + others + headlines_style.across(results)


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
