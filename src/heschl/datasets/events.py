"""Read events.tsv: what was heard or seen, when, and which clip it was.

Quirks of ds003720 that are handled here: lines end in CRLF and the last in nothing, genres stand in single
quotes, and three of them lack the opening one.
"""

import math
import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from heschl.errors import HeschlError

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
COLUMNS = {"stim_file": ["stim_file"], "blocks": ["trial_type"], "track": ["genre", "track"]}
NOTHING = ("", "n/a")
SLACK_S = 0.1  # onsets and run lengths are rounded
OVERLAP_S = 0.5  # players start a clip a little before the last one's nominal end


@dataclass(frozen=True)
class Event:
    """One trial: onset and duration in s from the start of the run's first volume, and the clip's name."""

    onset_s: float
    duration_s: float
    clip: str
    line: int


def read(path: Path, stimulus: str, run_s: float = math.inf, drop_first: bool = False) -> list[Event]:
    """Read the trials of a run in order of time.

    Parameters
    ----------
    path : events.tsv
    stimulus : what names a clip. "stim_file": that column without its folder stimuli/ and its ending.
        "track": genre and track, as "rock/29". "blocks": trial_type; neighbours of one type at most 2 s apart
        become one trial, named by its type and its number in the run, as "face-02"
    run_s : length of the run in s
    drop_first : drop the first trial (ds003720: it repeats another clip)

    Raises
    ------
    HeschlError
        If the table is damaged, lacks a column, holds an onset or duration that is no number, negative or
        past the end of the run, if trials overlap or none is left.
    """
    path = Path(path)
    events = [_event(path, line, row, stimulus) for line, row in rows(path, COLUMNS[stimulus])]
    for event in events:
        _check_end(path, event, run_s)
    events = sorted((e for e in events if e.clip), key=lambda e: (e.onset_s, e.line))
    events = blocks(events) if stimulus == "blocks" else events
    if not (events := events[1:] if drop_first else events):
        raise HeschlError(path, "holds no trial", f"wanted rows with {' and '.join(COLUMNS[stimulus])}")
    _check_overlap(path, events)
    return events


def blocks(events: list[Event], gap_s: float = 2.0) -> list[Event]:
    """Join neighbours of one type at most `gap_s` apart; number each type's blocks by time, from 01."""
    joined, named = [], []
    for event in events:
        last = joined[-1] if joined else None
        if last and last.clip == event.clip and event.onset_s - (last.onset_s + last.duration_s) <= gap_s:
            end_s = max(last.onset_s + last.duration_s, event.onset_s + event.duration_s)
            joined[-1] = replace(last, duration_s=end_s - last.onset_s)
        else:
            joined.append(event)
    counts = Counter()
    for event in joined:
        counts[event.clip] += 1
        named.append(replace(event, clip=f"{event.clip}-{counts[event.clip]:02d}"))
    return named


def rows(path: Path, columns: list[str]) -> list[tuple[int, dict[str, str]]]:
    """Return each row as a mapping from column to text, with its line in the file (the head is line 1).

    `columns` must be there besides onset and duration; raises HeschlError if the table is damaged or lacks one.
    """
    lines = _text(path).splitlines()
    head = [name.strip() for name in lines[0].split("\t")] if lines else []
    wanted = ["onset", "duration", *columns]
    if missing := [name for name in wanted if name not in head]:
        given = f"no column {missing[0]!r}, only {', '.join(head[:12]) or 'an empty table'}"
        raise HeschlError(path, given, f"wanted {', '.join(wanted)}", "Check bids: stimulus: and the tabs")
    if twice := {name for name in wanted if head.count(name) > 1}:
        raise HeschlError(path, f"column {min(twice)!r} is there twice", "wanted it once", "Remove one")
    found = []
    for line, text in enumerate(lines[1:], start=2):
        cells = text.split("\t")
        if text.strip() and len(cells) != len(head):
            raise HeschlError(path, f"line {line} has {len(cells)} columns", f"wanted {len(head)}", "Repair it")
        if text.strip():
            found.append((line, dict(zip(head, cells, strict=True))))
    return found


def _text(path: Path) -> str:
    """Return the file's text, its lines ended by LF, CRLF or CR."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise HeschlError(path, f"can't be read: {error.strerror}", "wanted a table of events") from None
    if b"\0" in raw:
        raise HeschlError(path, "holds zero bytes", "wanted text separated by tabs", "Fetch it again")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise HeschlError(path, "isn't UTF-8", "wanted text separated by tabs", "Save it as UTF-8") from None
    return re.sub("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]", " ", text)  # splitlines would break a line at these


def _event(path: Path, line: int, row: dict[str, str], stimulus: str) -> Event:
    onset_s, duration_s = (_seconds(path, line, name, row[name]) for name in ("onset", "duration"))
    parts = [row[name].strip(" '\"") for name in COLUMNS[stimulus]]
    if stimulus == "stim_file" and parts[0] not in NOTHING:
        file = PurePosixPath(parts[0].replace("\\", "/").removeprefix("./").removeprefix("stimuli/"))
        parts = [str(file.with_suffix(""))] if file.name else [""]
    return Event(onset_s, duration_s, "" if set(parts) & set(NOTHING) else "/".join(parts), line)


def _seconds(path: Path, line: int, name: str, text: str) -> float:
    """Return a number of seconds that is finite and not negative."""
    text = text.strip()
    value = float(text) if NUMBER.fullmatch(text) else math.nan
    if not 0 <= value < math.inf:
        fix = "Write a decimal point" if "," in text else "Correct or remove the line"
        raise HeschlError(path, f"line {line}: {name} is {text[:40]!r}", "wanted seconds, 0 or more", fix)
    return value


def _check_end(path: Path, event: Event, run_s: float) -> None:
    end_s = event.onset_s + event.duration_s
    if end_s > run_s + SLACK_S:
        given = f"line {event.line}: the event ends at {end_s:g} s"
        raise HeschlError(path, given, f"the run ends at {run_s:g} s", "Check events, TR and volumes")


def _check_overlap(path: Path, events: list[Event]) -> None:
    for first, second in zip(events, events[1:], strict=False):
        if second.onset_s < first.onset_s + first.duration_s - OVERLAP_S or second.onset_s == first.onset_s:
            given = f"lines {first.line} and {second.line}: {first.clip} and {second.clip} overlap"
            raise HeschlError(path, given, "wanted one trial at a time", "Correct the onsets")
