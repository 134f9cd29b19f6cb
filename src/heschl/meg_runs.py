"""MEG recordings of several sessions in a raw BIDS dataset, as the plan needs them: names and sidecars, no recording.

A subject counts only with every session: who lacks one is left out by name, and the others go on.
"""

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from heschl import bids
from heschl.errors import HeschlError
from heschl.folders import Tree

# What the simulation may put into each session; `before` is the training session.
WORLDS = {"before": (), "after": ("drift", "training"), "retest": ("drift",), "trained": ("training",)}
ENDINGS = ("_meg.fif", "_meg.ds", "_meg.con", "_meg.sqd")  # Neuromag, CTF, KIT
LEAST_SUBJECTS = 2
RATE_TOLERANCE = 1e-4


@dataclass(frozen=True)
class MegSession:
    """One session of one subject.

    runs : recordings by run number, files or CTF's .ds folders; of a split file the first part
    events : events.tsv of each run
    sidecars : meg.json and channels.tsv of every run, coordsystem.json, scans.tsv, those of the empty room
    empty_room : recording without anybody in the helmet, None if there is none
    """

    sub: str
    ses: str
    runs: tuple[Path, ...]
    events: tuple[Path, ...]
    sidecars: tuple[Path, ...]
    empty_room: Path | None


def index(
    root: Path,
    task: str,
    sessions: Iterable[str],
    participant_label: Iterable[str] | None = None,
    cache: Path | None = None,
) -> tuple[list[MegSession], list[str]]:
    """List the sessions of every subject who has all of them, by subject, then as in `sessions`.

    Parameters
    ----------
    root : folder that holds dataset_description.json
    task, sessions, participant_label : labels with or without their "task-", "ses-", "sub-"; None for all subjects
    cache : file in which folder listings are kept between plans; None to keep none

    Returns
    -------
    sessions, and one line for each subject left out, such as "sub-05 has no session after"

    Raises
    ------
    HeschlError
        If the folder is no raw BIDS dataset, nobody has a label asked for, fewer than 2 subjects are left, or a file
        was never fetched.
    """
    root, task = Path(root), task.removeprefix("task-")
    bids._check_description(root)
    tree = Tree(root, cache)
    there = [label for label in bids._labels(tree, "", "sub-") if label != "emptyroom"]
    subjects = bids._choose(root, "participant_label", "sub-", participant_label, there)
    sessions = _sessions(tree, subjects, sessions)
    found, left_out = [], []
    for sub in subjects:
        try:
            found += _subject(tree, sub, sessions, task)
        except _LeftOut as reason:
            left_out.append(str(reason))
    tree.save()
    if (n := len(subjects) - len(left_out)) < LEAST_SUBJECTS:
        given = f"{n} of {len(subjects)} subjects can be used" + "".join(f", {line}" for line in left_out)
        wanted = f"wanted at least {LEAST_SUBJECTS} with task {task} in every session"
        raise HeschlError(root, given, wanted, "Correct the task, the sessions or the folder")
    return found, left_out


def planned(
    root: Path, participant_label: Iterable[str], sessions: Iterable[str], task: str, n_runs: int
) -> list[MegSession]:
    """List the sessions that a simulation will write, in the order of `index`."""
    labels = sorted(label.removeprefix("sub-") for label in participant_label)
    return [_planned(Path(root), sub, ses, task, n_runs) for sub in labels for ses in sessions]


def planned_files(session: MegSession) -> list[Path]:
    """List every file that the simulation writes for a session."""
    columns = [path.with_suffix(".json") for path in session.events]
    return [*session.runs, *session.events, *columns, *session.sidecars, session.empty_room]


def _planned(root: Path, sub: str, ses: str, task: str, n_runs: int) -> MegSession:
    home = root / f"sub-{sub}" / f"ses-{ses}"
    start = f"{home}/meg/sub-{sub}_ses-{ses}"
    names = [f"{start}_task-{task}_run-{run}" for run in range(1, n_runs + 1)]
    ends = ("meg.json", "channels.tsv")
    sidecars = [f"{name}_{end}" for name in names for end in ends]
    sidecars += [f"{start}_coordsystem.json", f"{home}/sub-{sub}_ses-{ses}_scans.tsv"]
    sidecars += [f"{start}_task-noise_{end}" for end in ends]
    runs, events = ([f"{name}_{end}" for name in names] for end in ("meg.fif", "events.tsv"))
    made = (tuple(map(Path, paths)) for paths in (runs, events, sidecars))
    return MegSession(sub, ses, *made, Path(f"{start}_task-noise_meg.fif"))


class _LeftOut(Exception):
    """Why a subject can't be used, in one line."""


def _sessions(tree: Tree, subjects: list[str], sessions: Iterable[str]) -> list[str]:
    """Return the labels asked for, in that order; somebody must have each."""
    asked = list(dict.fromkeys(str(s).removeprefix("ses-") for s in sessions))
    there = sorted({s for sub in subjects for s in bids._labels(tree, f"sub-{sub}", "ses-")})
    bids._choose(Path(tree.root), "session_id", "ses-", asked, there)
    return asked


def _subject(tree: Tree, sub: str, sessions: list[str], task: str) -> list[MegSession]:
    there = bids._labels(tree, f"sub-{sub}", "ses-")
    if missing := [ses for ses in sessions if ses not in there]:
        raise _LeftOut(f"sub-{sub} has no session {' or '.join(missing)}")
    found, rates = zip(*(_session(tree, sub, ses, task) for ses in sessions), strict=True)
    known = [(hz, ses) for ses, all_hz in zip(sessions, rates, strict=True) for hz in all_hz]
    for hz, ses in known:
        if not math.isclose(hz, known[0][0], rel_tol=RATE_TOLERANCE):
            first = f"{known[0][0]:g} Hz in session {known[0][1]}"
            raise _LeftOut(f"sub-{sub} was sampled at {first} and {hz:g} Hz in session {ses}")
    return list(found)


def _session(tree: Tree, sub: str, ses: str, task: str) -> tuple[MegSession, list[float]]:
    """Gather one session, and the sampling rates (Hz) that its sidecars give."""
    home = f"sub-{sub}/ses-{ses}"
    runs = _recordings(tree, f"{home}/meg", task)
    if not runs:
        raise _LeftOut(f"sub-{sub} has no recording of task {task} in session {ses}")
    events = [_inherited(tree, home, name, "_events.tsv")[-1:] for name in runs]
    if bare := [name for name, found in zip(runs, events, strict=True) if not found]:
        raise _LeftOut(f"sub-{sub} has no events.tsv for {bare[0]}")
    meta = [_merged(sub, _inherited(tree, home, name, "_meg.json")) for name in runs]
    room = _empty_room(tree, home, runs[0], meta)
    sidecars = _sidecars(tree, home, runs)
    if room:
        folder, _, name = room.rpartition("/")
        sidecars += _described(tree, folder.removesuffix("/meg"), name)
        room = tree.path(folder, name)
    paths = tuple(tree.path(f"{home}/meg", name) for name in runs)
    made = MegSession(sub, ses, paths, tuple(e[0] for e in events), tuple(dict.fromkeys(sidecars)), room)
    return made, [float(m["SamplingFrequency"]) for m in meta if isinstance(m.get("SamplingFrequency"), int | float)]


def _recordings(tree: Tree, folder: str, task: str) -> list[str]:
    """List the recordings of a task by run number; of a split file the first part, and no processed copy."""
    names = [n for n in tree.names(folder) if n.endswith(ENDINGS) and bids._entities(n).get("task") == task]
    names = [n for n in names if bids._entities(n).get("split", "1").lstrip("0") == "1"]
    raw = [n for n in names if "proc" not in bids._entities(n)]
    return sorted(raw or names, key=lambda n: (int(re.sub(r"\D", "", bids._entities(n).get("run", "")) or 0), n))


def _inherited(tree: Tree, home: str, name: str, ending: str) -> list[Path]:
    """List the files that apply to a recording, from the dataset's folder down to its own, general ones first."""
    wanted, found = bids._entities(name), []
    for level in dict.fromkeys(("", home.partition("/")[0], home, f"{home}/meg")):
        fitting = [n for n in tree.ending(level, ending) if bids._entities(n).items() <= wanted.items()]
        found += [tree.path(level, n) for n in sorted(fitting, key=lambda n: len(bids._entities(n)))]
    return found


def _described(tree: Tree, home: str, name: str) -> list[Path]:
    return [path for ending in ("_meg.json", "_channels.tsv") for path in _inherited(tree, home, name, ending)]


def _sidecars(tree: Tree, home: str, runs: list[str]) -> list[Path]:
    found = [path for name in runs for path in _described(tree, home, name)]
    found += _inherited(tree, home, runs[0], "_coordsystem.json")
    return found + [tree.path(home, n) for n in tree.ending(home, "_scans.tsv")]


def _merged(sub: str, paths: list[Path]) -> dict:
    """Merge sidecars, the general ones first; a damaged one costs its subject only."""
    merged: dict = {}
    for path in paths:
        try:
            merged |= json.loads(path.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, TypeError):
            raise _LeftOut(f"sub-{sub} has a damaged sidecar, {path.name}") from None
    return merged


def _empty_room(tree: Tree, home: str, run: str, meta: list[dict]) -> str | None:
    """Find the empty-room recording as BIDS does: named in a sidecar, in the same session, of the nearest date.

    Returned relative to the dataset's folder.
    """
    named = [m.get("AssociatedEmptyRoom") for m in meta]
    for value in (v for entry in named for v in (entry if isinstance(entry, list) else [entry])):
        path = str(value or "").removeprefix("bids::").lstrip("/")
        folder, _, name = path.rpartition("/")
        for start in ("", f"{home.partition('/')[0]}/"):  # BIDS before 1.8 counted from the subject's folder
            if name and name in tree.names(start + folder):
                return start + path
    if names := _recordings(tree, f"{home}/meg", "noise"):
        return f"{home}/meg/{names[0]}"
    return _nearest(tree, _date(tree, home, run))


def _nearest(tree: Tree, when: date | None) -> str | None:
    """Return the recording of sub-emptyroom, whose sessions are dates, nearest to a day."""
    rooms = {}
    for ses in bids._labels(tree, "sub-emptyroom", "ses-"):
        folder = f"sub-emptyroom/ses-{ses}/meg"
        names = _recordings(tree, folder, "noise")
        if names and (day := _day(ses)):
            rooms[day] = f"{folder}/{names[0]}"
    if not rooms or when is None:
        return None
    return rooms[min(rooms, key=lambda day: (abs((day - when).days), day))]


def _date(tree: Tree, home: str, run: str) -> date | None:
    """Read the day of a recording from its session's scans.tsv; None if it isn't told."""
    for name in tree.ending(home, "_scans.tsv"):
        lines = tree.path(home, name).read_text(encoding="utf-8-sig").splitlines()
        header, *rows = [line.split("\t") for line in lines] or [[]]
        if {"filename", "acq_time"} <= set(header):
            for row in rows:
                told = dict(zip(header, row, strict=False))
                if told["filename"].rpartition("/")[2] == run:
                    return _day(told.get("acq_time", "")[:10])
    return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
