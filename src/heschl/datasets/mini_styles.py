"""The embedded corpus: 80 clips of 15 s in 8 styles of libre music, 16 kHz mono, 72 tracks.

Any folder with the same manifest.csv (columns file, style, track, artist, sha256) can take its place.
Licences and credits: LICENSE.md and manifest.csv of the folder.
"""

import csv
import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
import xarray as xr

from heschl.errors import HeschlError

RATE_HZ = 16_000
COLUMNS = ("file", "style", "track", "artist", "sha256")


def load(folder: Path, events: Sequence[Path] = (), whole_file: bool = False) -> xr.Dataset:
    """Read every clip of a folder's manifest, checked against its sha256; events don't matter, clips are whole files.

    Returns
    -------
    dataset with audio (clip, sample) float32 in [-1, 1], attrs rate_hz, and the coordinates clip (file
    name without its ending), style, track, artist and, where the manifest tells it, title (clip); shorter clips
    end in zeros

    Raises
    ------
    HeschlError
        If the folder or its manifest is missing, or a clip is missing, changed, undecodable or not 16 kHz
        mono.
    """
    folder = Path(folder)
    rows = _manifest(folder)
    clips = [_decode(folder / row["file"], row["sha256"]) for row in rows]
    audio = np.zeros((len(clips), max(map(len, clips))), np.float32)
    for row, clip in zip(audio, clips, strict=True):
        row[: len(clip)] = clip
    coords = {name: ("clip", [row[name] for row in rows]) for name in ("style", "track", "artist")}
    coords["title"] = ("clip", [row.get("title") or "" for row in rows])
    coords["clip"] = ("clip", [row["file"].rpartition(".")[0] for row in rows])
    attrs = {"units": "1", "long_name": "sound pressure, full scale 1"}
    return xr.Dataset({"audio": (("clip", "sample"), audio, attrs)}, coords, {"rate_hz": RATE_HZ})


def _manifest(folder: Path) -> list[dict[str, str]]:
    """Read manifest.csv, sorted by file."""
    path = folder / "manifest.csv"
    if not path.is_file():
        raise HeschlError(path, "no such file", "wanted a corpus: clips and manifest.csv", "Set corpus: dir:")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise HeschlError(path, "lists no clip", f"wanted rows of {', '.join(COLUMNS)}")
    if missing := [c for c in COLUMNS if rows[0].get(c) is None]:
        raise HeschlError(path, f"column {missing[0]} is missing", f"wanted {', '.join(COLUMNS)}")
    return sorted(rows, key=lambda row: row["file"])


def _decode(path: Path, sha256: str) -> np.ndarray:
    """Decode one clip to float32, refusing any file that isn't the manifest's."""
    if not path.is_file():
        raise HeschlError(path, "no such clip", "manifest.csv lists it", "Restore the file or drop its row")
    if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
        raise HeschlError(path, "its sha256 isn't the manifest's", "wanted the clip unchanged", "Restore the file")
    try:
        clip, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise HeschlError(path, f"can't be decoded: {error}", "wanted a sound file") from None
    if rate_hz != RATE_HZ or clip.shape[1] != 1:
        given = f"{rate_hz} Hz, {clip.shape[1]} channels"
        raise HeschlError(path, given, f"wanted {RATE_HZ} Hz mono", "Convert the corpus")
    return clip[:, 0]
