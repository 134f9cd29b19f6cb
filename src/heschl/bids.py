"""What a raw BIDS dataset holds, as the plan needs it: file names only, no image is opened.

The folders are listed by heschl.folders, which remembers them; the files are read by heschl.datasets.bids.
"""

import difflib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache as remember
from pathlib import Path

from heschl.errors import HeschlError
from heschl.folders import Tree

LABEL = re.compile(r"[a-z]+-[a-zA-Z0-9]+")


@dataclass(frozen=True)
class Recording:
    """One run: `recording` is the entities between subject and suffix, such as "ses-a_task-music_run-1".

    `sidecars` are all that apply by BIDS inheritance, the most general first: a later one overrules.
    """

    sub: str
    recording: str
    bold: Path
    t1w: Path
    events: Path
    sidecars: tuple[Path, ...] = ()

    @property
    def task(self) -> str:
        """The BIDS task."""
        return re.search(r"(?:^|_)task-([a-zA-Z0-9]+)", self.recording)[1]


def index(
    root: Path,
    participant_label: Iterable[str] | None = None,
    session_id: Iterable[str] | None = None,
    task: str | None = None,
    cache: Path | None = None,
) -> list[Recording]:
    """List the runs of a raw BIDS dataset, by subject and name.

    Parameters
    ----------
    root : folder that holds dataset_description.json
    participant_label, session_id : labels with or without "sub-" or "ses-"; None for all
    task : one task, with or without "task-"; None for all
    cache : file in which folder listings are kept between plans; None to keep none

    Raises
    ------
    HeschlError
        If the folder is no raw BIDS dataset, nothing has the names asked for, a file is misnamed or was never
        fetched, or a run lacks its T1w image or its events.
    """
    root = Path(root)
    _check_description(root)
    tree = Tree(root, cache)
    subjects = _choose(root, "participant_label", "sub-", participant_label, _labels(tree, "", "sub-"))
    sessions = sorted({s for sub in subjects for s in _labels(tree, f"sub-{sub}", "ses-")})
    chosen = None if session_id is None else _choose(root, "session_id", "ses-", session_id, sessions)
    runs = {sub: list(_runs(tree, sub, chosen)) for sub in subjects}
    if not any(runs.values()):
        raise HeschlError(root, "no run", "wanted sub-<label>/func/*_bold.nii.gz", "Check bids: dir:")
    runs = _of_task(root, runs, task and task.removeprefix("task-"), participant_label is not None)
    found = [_recording(tree, sub, *file) for sub, files in runs.items() for file in files]
    tree.save()
    return sorted(found, key=lambda r: (r.sub, r.recording))


def planned(root: Path, participant_label: Iterable[str], task: str, n_runs: int) -> list[Recording]:
    """List the runs that a simulation will write: no session, runs from 1, one T1w image a subject."""
    found = []
    for sub in (label.removeprefix("sub-") for label in participant_label):
        folder = Path(root, f"sub-{sub}")
        t1w = folder / "anat" / f"sub-{sub}_T1w.nii.gz"
        for name in (f"task-{task}_run-{run}" for run in range(1, n_runs + 1)):
            ends = ("bold.nii.gz", "events.tsv", "bold.json")
            bold, events, sidecar = (folder / "func" / f"sub-{sub}_{name}_{end}" for end in ends)
            found.append(Recording(sub, name, bold, t1w, events, (sidecar,)))
    return found


def _labels(tree: Tree, folder: str, prefix: str) -> list[str]:
    """List the labels of the folders in a folder that start with "sub-" or "ses-"."""
    return [n[len(prefix) :] for n in tree.names(folder) if n.startswith(prefix) and LABEL.fullmatch(n)]


def _images(tree: Tree, folder: str, kind: str, suffix: str) -> list[str]:
    """List the images of a suffix in a subject's or session's folder `kind`, anat or func."""
    names = tree.names(f"{folder}/{kind}") if kind in tree.names(folder) else []
    return [n for n in names if n.endswith((f"_{suffix}.nii.gz", f"_{suffix}.nii"))]


@remember
def _entities(name: str) -> dict[str, str]:
    """Return the entities of a BIDS file name, such as {"sub": "01", "task": "music"}."""
    return dict(p.split("-", 1) for p in name.partition(".")[0].split("_") if "-" in p)


def _check_description(root: Path) -> None:
    if not root.is_dir():
        raise HeschlError("bids.dir", f"no such folder {root}", "wanted a raw BIDS dataset", "Correct it")
    file = root / "dataset_description.json"
    if not file.is_file():
        raise HeschlError(file, "no such file", "a BIDS dataset has one", "Set bids: dir: to its folder")
    try:
        described = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise HeschlError(file, f"isn't JSON: {error}", "wanted Name and BIDSVersion") from None
    if not isinstance(described, dict) or not described.get("BIDSVersion"):
        raise HeschlError(file, "BIDSVersion is missing", "wanted the version, such as 1.8.0", "Add it")
    if (kind := described.get("DatasetType", "raw")) != "raw":
        raise HeschlError(file, f"DatasetType is {kind!r}", "wanted raw", "Set bids: dir: to the raw dataset")


def _choose(root: Path, field: str, prefix: str, asked: Iterable[str] | None, there: list[str]) -> list[str]:
    """Return the labels asked for, or all; raise with the nearest one if a label isn't there."""
    if not there:
        raise HeschlError(root, f"no folder {prefix}<label>", f"bids.{field} needs one", "Check bids: dir:")
    wanted = there if asked is None else sorted({str(label).removeprefix(prefix) for label in asked})
    if not wanted:
        raise HeschlError(f"bids.{field}", "is an empty list", f"wanted labels of {root}, or no list")
    for label in wanted:
        if label not in there:
            raise HeschlError(f"bids.{field}", f"no {prefix}{label} in {root}", *_near(label, there))
    return wanted


def _near(label: str, there: Iterable[str]) -> tuple[str, str]:
    """Say what is there, and which of it was probably meant."""
    there = sorted(there)
    shown = ", ".join(there[:8]) + (", ..." if len(there) > 8 else "")
    same = [name for name in there if name.lower().lstrip("0") == label.lower().lstrip("0")]
    close = same or difflib.get_close_matches(label, there, n=1, cutoff=0.5)
    return f"wanted one of {shown}", f"Did you mean {close[0]}?" if close else "Check the label"


def _runs(tree: Tree, sub: str, sessions: list[str] | None) -> Iterator[tuple[str, str]]:
    """Yield folder and name of every BOLD run of a subject; phase images of a run are no run."""
    for folder in _folders(tree, sub, sessions):
        for name in _images(tree, folder, "func", "bold"):
            if _entities(name).get("part", "mag") == "mag":
                yield folder, name


def _folders(tree: Tree, sub: str, sessions: list[str] | None = None) -> list[str]:
    """List a subject's folder and those of its sessions, or of the chosen sessions alone."""
    found = [f"sub-{sub}/ses-{s}" for s in _labels(tree, f"sub-{sub}", "ses-") if s in (sessions or [s])]
    return found if sessions else [f"sub-{sub}", *found]


def _check_name(tree: Tree, folder: str, name: str) -> None:
    """Refuse a run whose name can't be trusted to say what it is."""
    parts = name.partition(".")[0].split("_")[:-1]
    keys = [part.partition("-")[0] for part in parts]
    home = folder.split("/")
    wrong = {
        "its name isn't key-label pairs of letters and digits": not all(map(LABEL.fullmatch, parts)),
        "its name isn't that of its folder": parts[: len(home)] != home,
        "has no task after subject and session": keys[len(home) : len(home) + 1] != ["task"],
        "its name repeats a key": len(set(keys)) < len(keys),
        "is one echo of several, to be combined first": "echo" in keys,
        "is there twice, .nii and .nii.gz": f"{name}.gz" in tree.names(f"{folder}/func"),
    }
    if given := next((words for words, is_so in wrong.items() if is_so), None):
        wanted = f"wanted {'_'.join(home)}_task-<label>[_run-<n>]_bold.nii.gz"
        raise HeschlError(Path(tree.root, folder, "func", name), given, wanted, "Rename or remove it")


def _of_task(root: Path, runs: dict[str, list], task: str | None, named: bool) -> dict[str, list]:
    """Keep the runs of one task; every subject asked for by name must have some."""
    kept = runs
    if task is not None:
        kept = {s: [f for f in fs if _entities(f[1]).get("task", task) == task] for s, fs in runs.items()}
    tasks = {_entities(name).get("task", task) for files in runs.values() for _, name in files}
    if not any(kept.values()):
        raise HeschlError("bids.task", f"no run of task {task!r} in {root}", *_near(task, tasks))
    if named and (bare := [sub for sub, files in kept.items() if not files]):
        given = f"sub-{bare[0]} has no run" + (f" of task {task!r}" if task else "")
        raise HeschlError("bids.participant_label", given, f"wanted one in {root}", "Leave it out")
    return kept


def _recording(tree: Tree, sub: str, folder: str, name: str) -> Recording:
    """Gather what belongs to one run."""
    _check_name(tree, folder, name)
    bold, stem = tree.path(f"{folder}/func", name), name.rpartition("_")[0]
    events = _inherited(tree, folder, name, "_events.tsv")
    if not events:
        raise HeschlError(bold, f"no {stem}_events.tsv beside it", "wanted its events", "Add them")
    sidecars = tuple(_inherited(tree, folder, name, "_bold.json"))
    return Recording(sub, stem.removeprefix(f"sub-{sub}_"), bold, _t1w(tree, sub), events[-1], sidecars)


def _inherited(tree: Tree, folder: str, run: str, ending: str) -> list[Path]:
    """List the files that apply to a run, from the dataset's folder down to the run's, general ones first."""
    home, found = folder.split("/"), []
    for level in ("", *("/".join(home[: n + 1]) for n in range(len(home))), f"{folder}/func"):
        names = [n for n in tree.ending(level, ending) if _entities(n).items() <= _entities(run).items()]
        found += [tree.path(level, n) for n in sorted(names, key=lambda n: len(_entities(n)))]
    return found


def _t1w(tree: Tree, sub: str) -> Path:
    """Return a subject's first T1w image, over all its sessions: one anatomy serves all its runs."""
    for folder in _folders(tree, sub):
        for name in _images(tree, folder, "anat", "T1w"):
            return tree.path(f"{folder}/anat", name)
    raise HeschlError(Path(tree.root, f"sub-{sub}"), "no T1w image", "wanted anat/*_T1w.nii.gz", "Add it")
