"""Music in folders, one for each style: any wav, flac, ogg, mp3 or m4a; or clips cut already, listed in manifest.csv.

Without a manifest each file of a style's folder, at any depth, is a track. With one, its rows are clips: file, style
and track, and, where it has them, seconds, source_offset_s (where the clip starts in its track) and sha256.
Listing is light; heschl.datasets.style_audio reads the sound.
"""

import csv
import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from heschl.errors import HeschlError

ENDINGS = (".wav", ".flac", ".ogg", ".mp3", ".m4a")
COLUMNS = ("file", "style", "track")
FIX = "Set style: dir:"


class Track(NamedTuple):
    """One file: its path, style, and the track it is of.

    clip_start_s : where it starts in its track, s; None for a whole track, still to be cut
    seconds, sha256 : as the manifest has them, or None and ""
    """

    file: Path
    style: str
    name: str
    clip_start_s: float | None = None
    seconds: float | None = None
    sha256: str = ""


def find(folder: Path) -> list[Track]:
    """List a folder's music by style, track and start.

    Raises
    ------
    HeschlError
        If there is no such folder, there are fewer than two styles, a style is empty, a row of the manifest names no
        file of the folder, or the same sound or track comes twice.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise HeschlError(folder, "no such folder", "wanted a folder of music for each style", FIX)
    manifest = folder / "manifest.csv"
    tracks = _listed(folder, manifest) if manifest.is_file() else _found(folder)
    styles = sorted({track.style for track in tracks})
    if len(styles) < 2:
        given = f"{len(styles)} styles{': ' if styles else ''}{', '.join(styles)}"
        raise HeschlError(folder, given, "wanted two or more, each in a folder of its own", FIX)
    _refuse_two_styles(folder, tracks)
    _refuse_copies(tracks)
    return sorted(tracks, key=lambda t: (t.style, t.name, t.clip_start_s or 0.0, t.file.as_posix()))


def _found(folder: Path) -> list[Track]:
    """Take each file of each sub-folder for a track; its name tells its style, so that no two are the same."""
    tracks = []
    for style in sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")):
        names = [p.relative_to(folder) for p in style.rglob("*") if p.suffix.lower() in ENDINGS and p.is_file()]
        names = sorted(name for name in names if not name.name.startswith("."))
        if not names:
            wanted = f"wanted {', '.join(ENDINGS)}"
            raise HeschlError(style, "no music of this style in it", wanted, "Add some, or remove the folder")
        stems = Counter(name.with_suffix("") for name in names)
        for name in names:  # two endings of one stem are two tracks
            path = name.with_suffix("") if stems[name.with_suffix("")] == 1 else name
            tracks.append(Track(folder / name, style.name, path.as_posix()))
    return tracks


def _listed(folder: Path, manifest: Path) -> list[Track]:
    """Read a manifest's rows; each is a clip, or a track with nothing in source_offset_s."""
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise HeschlError(manifest, "lists no clip", f"wanted rows of {', '.join(COLUMNS)}", FIX)
    if missing := [c for c in COLUMNS if c not in rows[0]]:
        raise HeschlError(manifest, f"column {missing[0]} is missing", f"wanted {', '.join(COLUMNS)}")
    return [_row(folder, f"{manifest}, line {line}", row) for line, row in enumerate(rows, 2)]


def _row(folder: Path, where: str, row: dict[str, str | None]) -> Track:
    if empty := [c for c in COLUMNS if not (row[c] or "").strip()]:
        raise HeschlError(where, f"no {empty[0]}", "wanted one in each row", "Correct or drop the row")
    name = PurePosixPath((row["file"] or "").strip())
    if name.is_absolute() or ".." in name.parts:
        raise HeschlError(where, f"{name} is outside the folder", "wanted a file of it", "Correct or drop the row")
    if not (folder / name).is_file():
        raise HeschlError(where, f"no such file, {name}", "the manifest lists it", "Restore it or drop the row")
    try:
        seconds, start_s = (float(text) if (text := row.get(c)) else None for c in ("seconds", "source_offset_s"))
    except ValueError:
        raise HeschlError(where, "seconds or source_offset_s is no number", "wanted seconds", "Correct it") from None
    return Track(
        folder / name, row["style"].strip(), row["track"].strip(), start_s or 0.0, seconds, row.get("sha256") or ""
    )


def _refuse_two_styles(folder: Path, tracks: Iterable[Track]) -> None:
    styles = defaultdict(set)
    for track in tracks:
        styles[track.name].add(track.style)
    if both := sorted(name for name, of in styles.items() if len(of) > 1):
        given = f"track {both[0]} is in {' and '.join(sorted(styles[both[0]]))}"
        raise HeschlError(folder, given, "wanted each track in one style", "Rename or remove one")


def _refuse_copies(tracks: Iterable[Track]) -> None:
    """Refuse the same sound under two names: one would be learnt from, the other tested."""
    by_size = defaultdict(list)
    for track in tracks:
        by_size[track.file.stat().st_size].append(track)
    for same in by_size.values():  # files of different size aren't copies: few have to be read
        seen: dict[str, Track] = {}
        for track in same if len(same) > 1 else ():
            first = seen.setdefault(_sha256(track.file), track)
            if first is not track:
                wanted = f"is the same sound as {first.file.name} of {first.style}"
                raise HeschlError(track.file, f"{track.style}/{track.file.name}", wanted, "Remove one of the two")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
