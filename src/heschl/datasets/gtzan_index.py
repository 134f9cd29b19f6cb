"""Who plays what in GTZAN, and which of its files are sound: two user-supplied lists; neither comes with Heschl.

The index (Sturm 2013, arXiv:1306.1461; GTZANindex.txt) has a line for each file,
`genre.00000.wav ::: artist ::: title`, either of the two empty if unknown; lines that begin with # are comments.
A fault-filtered list names one sound file a line, as `genre/genre.00000.wav`, `genre.00000.au` or `genre.00000`; the
union of the lists (train, validation, test) is what is left of GTZAN once repetitions, distortions and wrong labels
are out, so a clip in none of them is faulty. Our clips are named as in ds003720: genre.00029 is "genre/29".
"""

import re
from pathlib import Path

from heschl.errors import HeschlError

FILE = re.compile(r"(?:.*[/\\])?([A-Za-z]+)\.(\d{5})(?:\.\w+)?")


def read(path: Path) -> dict[str, tuple[str, str]]:
    """Read the index: clip -> (artist, title), "" where unknown.

    Raises
    ------
    HeschlError
        If a line isn't in the format, a file is listed twice, or none is.
    """
    found: dict[str, tuple[str, str]] = {}
    for line, text in _lines(path):
        parts = [part.strip() for part in text.split(":::")]
        clip = clip_name(parts[0])
        if not clip or len(parts) != 3:
            given = f"line {line} is {text[:60]!r}"
            raise HeschlError(path, given, "wanted 'genre.00000.wav ::: artist ::: title'", "Set audit: index:")
        if clip in found:
            raise HeschlError(path, f"line {line}: {parts[0]} is listed twice", "wanted it once", "Remove one")
        found[clip] = (parts[1], parts[2])
    if not found:
        raise HeschlError(path, "lists nothing", "wanted 'genre.00000.wav ::: artist ::: title'", "Set audit: index:")
    return found


def listed(paths: list[Path]) -> set[str]:
    """Read fault-filtered lists: the clips that any of them names.

    Raises
    ------
    HeschlError
        If a line names no file (the oldest lists hold bare numbers, which depend on the order of a folder).
    """
    found = set()
    for path in paths:
        for line, text in _lines(path):
            if not (clip := clip_name(text)):
                given = f"line {line} is {text[:60]!r}"
                raise HeschlError(path, given, "wanted a file such as genre/genre.00000.wav", "Set audit: faults:")
            found.add(clip)
    return found


def clip_name(file: str) -> str:
    """Turn "rock/rock.00029.wav" into "rock/29"; "" if it isn't the name of a GTZAN file."""
    match = FILE.fullmatch(file.strip())
    return f"{match[1]}/{int(match[2])}" if match else ""


def _lines(path: Path) -> list[tuple[int, str]]:
    """Return lines with their numbers, without comments and empty ones; UTF-8 or, as in the older copies, Latin-1."""
    try:
        raw = Path(path).read_bytes()
    except OSError as error:
        raise HeschlError(path, f"can't be read: {error.strerror}", "wanted a text file", "Set audit:") from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    numbered = enumerate(re.split(r"\r\n|\n|\r", text), start=1)
    return [(line, row.strip()) for line, row in numbered if row.strip() and not row.lstrip().startswith("#")]
