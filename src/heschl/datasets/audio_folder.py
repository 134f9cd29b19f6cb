"""Any folder of audio: wav, flac, ogg, mp3, at any depth; the Free Music Archive's layout gives genres too.

FMA: Defferrard et al. 2017 (doi:10.48550/arXiv.1612.01840), metadata CC BY 4.0, each track under its own licence;
fma_large/000/000002.mp3 with fma_metadata/tracks.csv inside the folder or beside it.
"""

import csv
from collections import Counter
from math import gcd
from pathlib import Path
from typing import NamedTuple

import numpy as np

from heschl.errors import HeschlError

ENDINGS = (".wav", ".flac", ".ogg", ".mp3")


class Item(NamedTuple):
    """One file: its path, its name (path inside the folder without ending), style ("" if unknown), and track."""

    path: Path
    name: str
    style: str
    track: str


def items(folder: Path) -> list[Item]:
    """List the folder's audio by name; a style is FMA's top genre, else the name of the innermost folder.

    Raises
    ------
    HeschlError
        If there is no such folder, no audio in it, or two files share a name.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise HeschlError(folder, "no such folder", "wanted a gallery of audio", "Set retrieve: folder:")
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS and p.is_file())
    if not files:
        raise HeschlError(folder, "no audio in it", f"wanted {', '.join(ENDINGS)}", "Set retrieve: folder:")
    names = [path.relative_to(folder).with_suffix("").as_posix() for path in files]
    if twice := sorted(name for name, times in Counter(names).items() if times > 1):
        raise HeschlError(folder / twice[0], "two files of that name", "wanted one ending each", "Remove one")
    genres = _fma_genres(folder)
    rows = zip(files, names, strict=True)
    return [Item(p, name, _style(folder, p, genres), _track(p, name, genres)) for p, name in rows]


def read(path: Path, rate_hz: float, clip_s: float) -> np.ndarray:
    """Return the first clip_s seconds, mono (sample,) float32 at rate_hz.

    Raises
    ------
    HeschlError
        If the file can't be decoded or is shorter than clip_s.
    """
    import soundfile
    from scipy.signal import resample_poly

    try:
        with soundfile.SoundFile(path) as file:
            native_hz = file.samplerate
            sound = file.read(round(clip_s * native_hz), dtype="float32", always_2d=True).mean(1)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        raise HeschlError(path, f"can't be decoded: {error}", "wanted a sound file") from None
    if len(sound) < round(clip_s * native_hz):
        raise HeschlError(path, f"{len(sound) / native_hz:.2f} s long", f"wanted {clip_s:g} s at least")
    if native_hz != rate_hz:
        common = gcd(round(rate_hz), native_hz)
        sound = resample_poly(sound, round(rate_hz) // common, native_hz // common)
    return sound[: round(clip_s * rate_hz)].astype(np.float32)


def _fma_genres(folder: Path) -> dict[int, str]:
    """Read each track's top genre from FMA's tracks.csv; empty if there is none."""
    places = (folder / "fma_metadata" / "tracks.csv", folder.parent / "fma_metadata" / "tracks.csv")
    path = next((p for p in places if p.is_file()), None)
    if path is None:
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        columns = list(zip(next(rows), next(rows), strict=False))  # two lines of header, then the index's name
        if ("track", "genre_top") not in columns:
            raise HeschlError(path, "column track, genre_top is missing", "wanted FMA's tracks.csv")
        column = columns.index(("track", "genre_top"))
        return {int(row[0]): row[column] for row in rows if row and row[0].isdigit()}


def _style(folder: Path, path: Path, genres: dict[int, str]) -> str:
    if genres:
        return genres.get(int(path.stem), "") if path.stem.isdigit() else ""
    return path.parent.name if path.parent != folder else ""


def _track(path: Path, name: str, genres: dict[int, str]) -> str:
    return path.stem if genres else name
