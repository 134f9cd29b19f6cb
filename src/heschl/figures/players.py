"""The sounds of the report: WAVs beside the page, by room and clip, for its players."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from heschl.errors import HeschlError

ROOMS = {
    "dreams": "Dreams of each layer",
    "styled": "A style put on a clip, and the clip rebuilt from a layer",
    "brain": "Dreamt for a region of a brain",
}
NAMES = {"content": "clip", "style": "clip of the other style", "styled": "style put on the clip",
         "inverted": "rebuilt from one layer", "before": "clip", "after": "dream"}  # fmt: skip
ORDER = ("original", "content", "before", "style", "styled", "inverted")  # first in a row; dreams follow, deepest first
CLIP = re.compile(r"^(clip-\w+?)_(.+)$")


def rooms(folders: Sequence[Path], page: Path) -> list[dict[str, Any]]:
    """List the sounds of some folders of WAVs as tables: rows are clips, columns what became of them.

    Parameters
    ----------
    folders : of files named clip-01_layer-3.wav, or without a clip: styled.wav
    page : folder of the page, for links

    Returns
    -------
    for each folder: anchor, title, head (columns in words), and rows of name and cells, {"label", "link"} or None

    Raises
    ------
    HeschlError
        If a folder holds no WAV.
    """
    return [_room(Path(folder), Path(page)) for folder in folders]


def _room(folder: Path, page: Path) -> dict[str, Any]:
    files = sorted(folder.glob("*.wav"))
    if not files:
        raise HeschlError(folder, "no WAV in it", "wanted sounds to listen to", "Run the rule that makes them again")
    by_clip: dict[str, dict[str, Path]] = {}
    for file in files:
        found = CLIP.match(file.stem)
        clip, what = found.groups() if found else ("", file.stem)
        by_clip.setdefault(clip, {})[what] = file
    columns = sorted({what for sounds in by_clip.values() for what in sounds}, key=_place)
    return {
        "anchor": f"sounds-{folder.name}",
        "title": next((title for key, title in ROOMS.items() if key in folder.name), folder.name.replace("_", " ")),
        "head": [_words(what) for what in columns],
        "rows": [
            {"name": _words(clip), "cells": [_cell(clip, w, sounds.get(w), page) for w in columns]}
            for clip, sounds in by_clip.items()
        ],
    }


def _cell(clip: str, what: str, file: Path | None, page: Path) -> dict[str, str] | None:
    if file is None:
        return None
    link = Path(os.path.relpath(file, page)).as_posix()
    return {"label": ", ".join(filter(None, (_words(clip), _words(what)))), "link": link}


def _place(what: str) -> tuple[int, int, str]:
    """Order columns: what a row starts from, then layers from the deepest, then the rest by name."""
    layer = re.fullmatch(r"layer-(\d+)", what)
    first = ORDER.index(what) if what in ORDER else len(ORDER)
    return (first, -int(layer[1]) if layer else 0, what)


def _words(name: str) -> str:
    """Name a clip or a sound for readers: clip-01 -> clip 1, layer-3 -> layer 3."""
    number = re.fullmatch(r"(\w+?)-0*(\d+)", name)
    return f"{number[1]} {number[2]}" if number else NAMES.get(name, re.sub(r"[-_]", " ", name))
