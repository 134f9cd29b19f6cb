"""MagnaTagATune as published: 25,863 clips of 29 s cut from 5,405 songs, 188 tags, mp3 of 16 kHz in 16 folders.

Law, West, Mandel, Bay and Downie, "Evaluation of algorithms using games: the case of music annotation", ISMIR 2009;
CC BY-NC-SA 3.0. The folder holds annotations_final.csv (tabs between quoted fields) and the folders 0-9 and a-f of
mp3.zip. A name ends in the seconds of the song that the clip was cut from: f/artist-album-01-title-30-59.mp3.

No song is in two of the folders, but 56 of the 230 artists are in two parts of the usual split or more. Three mp3 of
the distribution are empty or damaged and are left out by name, which leaves 25,860.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from heschl.errors import HeschlError

TABLE = "annotations_final.csv"
PARTS = {"train": "0123456789ab", "validation": "c", "test": "def"}
CORRUPT = (
    "6/norine_braun-now_and_zen-08-gently-117-146.mp3",
    "8/jacob_heringman-josquin_des_prez_lute_settings-19-gintzler__pater_noster-204-233.mp3",
    "9/american_baroque-dances_and_suites_of_rameau_and_couperin-25-le_petit_rien_xiveme_ordre_couperin-88-117.mp3",
)
# the 50 most frequent tags (Dieleman and Schrauwen 2014), the most frequent first
TOP_TAGS = tuple(
    "guitar,classical,slow,techno,strings,drums,electronic,rock,fast,piano,ambient,beat,violin,vocal,synth,female,"
    "indian,opera,male,singing,vocals,no vocals,harpsichord,loud,quiet,flute,woman,male vocal,no vocal,pop,soft,sitar,"
    "solo,man,classic,choir,voice,new age,dance,male voice,female vocal,beats,harp,cello,no voice,weird,country,"
    "female voice,metal,choral".split(",")
)
# our own division of the top 50, for the comparison of kinds of tags
CATEGORIES = {
    "genre": (
        *("classical", "techno", "electronic", "rock", "ambient", "indian", "opera", "pop", "classic", "new age"),
        *("dance", "country", "metal"),
    ),
    "instrument": (
        *("guitar", "strings", "drums", "piano", "violin", "synth", "harpsichord", "flute", "sitar", "harp", "cello"),
    ),
    "voice": (
        *("vocal", "vocals", "singing", "voice", "choir", "choral", "no vocal", "no vocals", "no voice"),
        *("female", "woman", "female vocal", "female voice", "male", "man", "male vocal", "male voice"),
    ),
    "character": ("slow", "fast", "beat", "beats", "loud", "quiet", "soft", "solo", "weird"),
}
# One meaning in several spellings, numbers or words. Not Magtag5k's own list, which left 137 of the 188 tags; this one
# leaves 140.
SYNONYMS = {
    "beat": ("beats",),
    "chant": ("chanting",),
    "choir": ("choral",),
    "classical": ("classic", "clasical"),
    "drums": ("drum",),
    "electronic": ("electro", "electronica"),
    "fast": ("quick",),
    "female vocal": (
        *("female", "female vocals", "female voice", "female singer", "female singing"),
        *("woman", "women", "woman singing"),
    ),
    "flute": ("flutes",),
    "funk": ("funky",),
    "guitar": ("guitars",),
    "harpsichord": ("harpsicord",),
    "horn": ("horns",),
    "indian": ("india",),
    "jazz": ("jazzy",),
    "male vocal": ("male", "male vocals", "male voice", "male singer", "man", "men", "man singing"),
    "no vocal": ("no vocals", "no voice", "no voices", "no singer", "no singing"),
    "opera": ("operatic",),
    "orchestra": ("orchestral",),
    "space": ("spacey",),
    "strings": ("string",),
    "synth": ("synthesizer",),
    "violin": ("violins",),
    "vocal": ("vocals", "voice", "voices", "singing", "singer"),
    "weird": ("strange",),
}
SHORTEST_S = 29.1
VARIANTS = ("full", "clean")
NAME = re.compile(r"(?P<song>[^/]+/(?P<artist>[^/-]+)-[^/]+)-(?P<start>\d+)-(?P<end>\d+)\.mp3")


class Annotations(NamedTuple):
    """The clips of the table in its order, without those known to be damaged.

    clip : numbers, (clip,) int64
    file : paths inside the folder; part : train, validation or test; song and artist : from the file's name
    start_s : seconds into the song, (clip,) int64
    tags : names of the columns; present : (clip, tag) bool
    left_out : files of CORRUPT that the table lists
    """

    clip: np.ndarray
    file: list[str]
    part: np.ndarray
    song: np.ndarray
    artist: np.ndarray
    start_s: np.ndarray
    tags: tuple[str, ...]
    present: np.ndarray
    left_out: list[str]


def read(path: Path) -> Annotations:
    """Read annotations_final.csv.

    Raises
    ------
    HeschlError
        If the file is missing or empty, its fields aren't separated by tabs, a column is missing or comes twice, a
        row is too short, a clip or file comes twice, a value isn't 0 or 1, or a file's name doesn't tell its part and
        seconds.
    """
    path = Path(path)
    if not path.is_file():
        raise HeschlError(path, "no such file", f"wanted MagnaTagATune's {TABLE}", "Set select: dir:")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, delimiter="\t")
        header = next(rows, [])
        _check_header(path, header)
        table = list(_rows(path, header, rows))
    if not table:
        raise HeschlError(path, "lists no clip", "wanted one in each row", "Fetch it again")
    _refuse_twice(path, "clip_id", [str(number) for number, _, _ in table])
    _refuse_twice(path, "mp3_path", [name for _, name, _ in table])
    tags = tuple(name for name in header if name not in ("clip_id", "mp3_path"))
    return _annotations(path, tags, [row for row in table if row[1] not in CORRUPT], table)


def top(annotations: Annotations, tags: Sequence[str] = TOP_TAGS) -> np.ndarray:
    """Return some tags of all clips in the order asked for, (clip, tag) bool."""
    if missing := [tag for tag in tags if tag not in annotations.tags]:
        given = f"column {missing[0]!r} is missing, one of {len(missing)}"
        raise HeschlError(TABLE, given, f"wanted the {len(tags)} tags", "Fetch it again")
    return annotations.present[:, [annotations.tags.index(tag) for tag in tags]]


def category(tags: Sequence[str]) -> list[str]:
    """Return the category of each tag; "other" for those that aren't among the top 50."""
    known = {tag: name for name, group in CATEGORIES.items() for tag in group}
    return [known.get(str(tag), "other") for tag in tags]


def chosen(present: np.ndarray, seconds: np.ndarray, variant: str) -> np.ndarray:
    """Tell which clips a variant of the task takes, (clip,) bool.

    full : every clip, also without any of the tags (Dieleman and Schrauwen: 18,706 train, 1,825 validation, 5,329
    test); clean : one of the tags at least, and longer than 29.1 s (15,244, 1,529 and 4,332)

    Parameters
    ----------
    present : (clip, tag) bool of the top 50 tags
    seconds : length of each clip's file, (clip,)
    """
    if variant not in VARIANTS:
        raise HeschlError("variant", repr(variant), f"wanted one of {', '.join(VARIANTS)}")
    if variant == "full":
        return np.ones(len(present), bool)
    return present.any(1) & (np.asarray(seconds) > SHORTEST_S)


def files(folder: Path, annotations: Annotations) -> list[Path]:
    """Return the path of each clip's mp3; raise HeschlError if one is missing or empty."""
    found = [Path(folder) / name for name in annotations.file]
    if missing := [path for path in found if not path.is_file()]:
        given = f"no such mp3, one of {len(missing)} missing of {len(found)}"
        raise HeschlError(missing[0], given, f"{TABLE} lists it", "Unpack mp3.zip beside it")
    if empty := [path for path in found if not path.stat().st_size]:
        given = f"empty, one of {len(empty)} of {len(found)}"
        raise HeschlError(empty[0], given, "wanted an mp3", "Unpack mp3.zip again")
    return found


def _check_header(path: Path, header: list[str]) -> None:
    """Refuse a table that isn't separated by tabs, or lacks a column."""
    if len(header) == 1 and (other := next((c for c in ",;" if c in header[0]), "")):
        raise HeschlError(path, f"fields are separated by {other!r}", "wanted tabs", "Fetch it again")
    if missing := [name for name in ("clip_id", "mp3_path") if name not in header]:
        raise HeschlError(path, f"column {missing[0]!r} is missing", "wanted clip_id, tags, mp3_path", "Fetch it again")
    if len(header) < 3:
        raise HeschlError(path, "no column of a tag", "wanted clip_id, tags, mp3_path", "Fetch it again")
    _refuse_twice(path, "column", header)


def _rows(path: Path, header: list[str], rows) -> Iterator[tuple[int, str, np.ndarray]]:
    """Yield each clip's number, file and tags (tag,) bool."""
    number, name = header.index("clip_id"), header.index("mp3_path")
    columns = [i for i in range(len(header)) if i not in (number, name)]
    for row in rows:
        where = f"{path}, line {rows.line_num}"
        if len(row) != len(header):
            raise HeschlError(where, f"{len(row)} fields", f"wanted {len(header)}", "Fetch it again")
        if bad := [i for i in columns if row[i] not in ("0", "1")]:
            raise HeschlError(where, f"{header[bad[0]]} is {row[bad[0]]!r}", "wanted 0 or 1", "Correct it")
        if not row[number].isdecimal():
            raise HeschlError(where, f"clip_id is {row[number]!r}", "wanted a number", "Correct it")
        yield int(row[number]), row[name], np.array([row[i] == "1" for i in columns])


def _refuse_twice(path: Path, what: str, values: list[str]) -> None:
    if twice := [value for value, times in Counter(values).items() if times > 1]:
        raise HeschlError(path, f"{what} {twice[0]!r} comes twice", "wanted it once", "Correct or drop one")


def _annotations(path: Path, tags: tuple[str, ...], kept: list[tuple], table: list[tuple]) -> Annotations:
    names = [name for _, name, _ in kept]
    told = [_told(path, name) for name in names]
    song, artist, start_s = (np.array([one[key] for one in told]) for key in ("song", "artist", "start"))
    part = np.array([_part(path, name) for name in names])
    present = np.array([row[2] for row in kept]).reshape(len(kept), len(tags))
    clip = np.array([row[0] for row in kept], np.int64)
    left_out = [name for _, name, _ in table if name in CORRUPT]
    return Annotations(clip, names, part, song, artist, start_s.astype(np.int64), tags, present, left_out)


def _told(path: Path, name: str) -> re.Match:
    """Match a file's name."""
    if found := NAME.fullmatch(name):
        return found
    raise HeschlError(path, f"mp3_path {name!r}", "wanted <part>/<artist>-...-<start>-<end>.mp3", "Correct it")


def _part(path: Path, name: str) -> str:
    """Return the part that a file's folder is in."""
    folder = name.partition("/")[0]
    part = next((p for p, folders in PARTS.items() if len(folder) == 1 and folder in folders), None)
    if part is None:
        raise HeschlError(path, f"mp3_path {name!r} is in unknown part {folder!r}", "wanted 0-9 or a-f", "Correct it")
    return part
