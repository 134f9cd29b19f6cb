"""The plan's index of a BIDS dataset: what it finds, what it remembers, and what it refuses in one line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from heschl import bids, folders
from heschl.errors import HeschlError

FUNC = "sub-01/func/sub-01_task-music_run-1"


def names(root: Path, **choice) -> list[tuple[str, str]]:
    return [(r.sub, r.recording) for r in bids.index(root, **choice)]


def test_finds_runs_with_all_that_belongs_to_them(tiny_bids):
    root = tiny_bids(subjects=("01", "02"))
    found = bids.index(root, task="music")
    assert [(r.sub, r.recording) for r in found] == [(s, f"task-music_run-{n}") for s in ("01", "02") for n in (1, 2)]
    first = found[0]
    assert first.bold == root / f"{FUNC}_bold.nii.gz"
    assert first.events == root / f"{FUNC}_events.tsv"
    assert first.t1w == root / "sub-01/anat/sub-01_T1w.nii.gz"
    assert first.sidecars == (root / f"{FUNC}_bold.json",)
    assert all(p.is_file() for r in found for p in (r.bold, r.events, r.t1w, *r.sidecars))


@pytest.mark.parametrize("label", ["02", "sub-02"])
def test_takes_labels_with_and_without_prefix(tiny_bids, label):
    root = tiny_bids(subjects=("01", "02"), n_runs=1)
    assert names(root, participant_label=[label], task="task-music") == [("02", "task-music_run-1")]


def test_sessions_are_part_of_the_name(tiny_bids):
    root = tiny_bids(n_runs=1)
    for ses in ("a", "b"):
        for kind in ("func", "anat"):
            (root / f"sub-01/ses-{ses}/{kind}").mkdir(parents=True)
        for end in ("bold.nii.gz", "events.tsv"):
            (root / f"sub-01/ses-{ses}/func/sub-01_ses-{ses}_task-music_{end}").touch()
    assert names(root, session_id=["ses-b"]) == [("01", "ses-b_task-music")]
    assert len(names(root)) == 3
    with pytest.raises(HeschlError, match="session_id: no ses-c"):
        bids.index(root, session_id=["c"])


def test_inherits_sidecars_and_events_general_ones_first(tiny_bids):
    root = tiny_bids(n_runs=1)
    for name in ("task-music_bold.json", "bold.json", "task-rest_bold.json", "sub-01/sub-01_bold.json"):
        (root / name).write_text("{}")
    (root / f"{FUNC}_events.tsv").rename(root / "task-music_events.tsv")
    (run,) = bids.index(root)
    relative = [p.relative_to(root).as_posix() for p in run.sidecars]
    assert relative == ["bold.json", "task-music_bold.json", "sub-01/sub-01_bold.json", f"{FUNC}_bold.json"]
    assert run.events == root / "task-music_events.tsv"


def test_leaves_out_what_is_no_run(tiny_bids):
    root = tiny_bids(n_runs=1)
    for end in ("run-1_sbref.nii.gz", "run-1_part-phase_bold.nii.gz"):
        (root / f"sub-01/func/sub-01_task-music_{end}").touch()
    (root / "sub-02").mkdir()
    assert names(root) == [("01", "task-music_run-1")]


def test_planned_names_are_those_found_later(tiny_bids):
    root = tiny_bids(subjects=("01", "02"))
    assert bids.planned(root, ["01", "sub-02"], "music", 2) == bids.index(root, task="music")


def age(root: Path) -> None:
    """Make every folder look as if it had been changed long ago."""
    for folder, _, _ in os.walk(root):
        os.utime(folder, (1e9, 1e9))


def test_remembers_listings_while_folders_stand(tiny_bids, tmp_path, monkeypatch):
    root, cache = tiny_bids(), tmp_path / "cache" / "bids.json"
    age(root)
    first = bids.index(root, cache=cache)
    with monkeypatch.context() as patch:
        patch.setattr(folders.os, "scandir", lambda path: pytest.fail(f"listed {path} again"))
        assert bids.index(root, cache=cache) == first
    (root / f"{FUNC}_bold.nii.gz").unlink()
    assert [r.recording for r in bids.index(root, cache=cache)] == ["task-music_run-2"]


def test_does_not_trust_a_folder_just_changed(tiny_bids, tmp_path):
    root, cache = tiny_bids(), tmp_path / "bids.json"
    bids.index(root, cache=cache)
    func = root / "sub-01/func"
    before = func.stat()
    (root / f"{FUNC}_bold.nii.gz").unlink()
    os.utime(func, ns=(before.st_atime_ns, before.st_mtime_ns))  # the clock didn't tick in between
    assert [r.recording for r in bids.index(root, cache=cache)] == ["task-music_run-2"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"root": 1}', '{"folders": {}}'])
def test_a_damaged_cache_is_no_cache(tiny_bids, tmp_path, content):
    root, cache = tiny_bids(), tmp_path / "bids.json"
    cache.write_text(content)
    assert len(bids.index(root, cache=cache)) == 2


def test_a_cache_that_cannot_be_written_is_no_reason_to_stop(tiny_bids, tmp_path):
    root = tiny_bids()
    age(root)
    (tmp_path / "file").touch()
    assert len(bids.index(root, cache=tmp_path / "file" / "bids.json")) == 2


def rename(old: str, new: str):
    return lambda root: (root / old).rename(root / new)


def describe(text: str):
    return lambda root: (root / "dataset_description.json").write_text(text)


def link_to_nothing(root: Path) -> None:
    (root / f"{FUNC}_bold.nii.gz").unlink()
    (root / f"{FUNC}_bold.nii.gz").symlink_to("../../.git/annex/objects/xx")


BAD = {
    "no description": (lambda r: (r / "dataset_description.json").unlink(), {}, "dataset_description.json"),
    "description isn't JSON": (describe("{"), {}, "isn't JSON"),
    "description isn't text": (
        lambda r: (r / "dataset_description.json").write_bytes(b"\xff\xfe\x00"),
        {},
        "dataset_description.json",
    ),
    "description is a list": (describe("[]"), {}, "BIDSVersion"),
    "no version": (describe('{"Name": "x"}'), {}, "BIDSVersion"),
    "derivative": (describe('{"BIDSVersion": "1.8.0", "DatasetType": "derivative"}'), {}, "derivative"),
    "unknown participant": (None, {"participant_label": ["7"]}, "no sub-7"),
    "unpadded participant": (None, {"participant_label": ["1"]}, "Did you mean 01?"),
    "no participant": (None, {"participant_label": []}, "empty list"),
    "unknown session": (None, {"session_id": ["a"]}, "ses-"),
    "unknown task": (None, {"task": "rest"}, "wanted one of music"),
    "task misspelt": (None, {"task": "musik"}, "Did you mean music?"),
    "no subject": (rename("sub-01", "subject1"), {}, "sub-<label>"),
    "subject label not alphanumeric": (rename("sub-01", "sub-0_1"), {}, "sub-<label>"),
    "no func": (rename("sub-01/func", "sub-01/fmri"), {}, "no run"),
    "func is a file": (
        lambda r: ((r / "sub-01/func").rename(r / "x"), (r / "sub-01/func").touch()),
        {},
        "no run",
    ),
    "no anat": (rename("sub-01/anat", "sub-01/mri"), {}, "no T1w"),
    "no T1w": (rename("sub-01/anat/sub-01_T1w.nii.gz", "sub-01/anat/sub-01_T2w.nii.gz"), {}, "no T1w"),
    "no events": (lambda r: (r / f"{FUNC}_events.tsv").unlink(), {}, "run-1_events.tsv"),
    "events of another run": (rename(f"{FUNC}_events.tsv", f"{FUNC}1_events.tsv"), {}, "run-1_events.tsv"),
    "other subject's name": (
        rename(f"{FUNC}_bold.nii.gz", "sub-01/func/sub-02_task-music_run-1_bold.nii.gz"),
        {},
        "of its folder",
    ),
    "no task": (rename(f"{FUNC}_bold.nii.gz", "sub-01/func/sub-01_run-1_bold.nii.gz"), {}, "no task"),
    "task after run": (
        rename(f"{FUNC}_bold.nii.gz", "sub-01/func/sub-01_run-1_task-music_bold.nii.gz"),
        {},
        "no task",
    ),
    "label with hyphen": (rename(f"{FUNC}_bold.nii.gz", f"{FUNC}-2_bold.nii.gz"), {}, "key-label"),
    "key without label": (rename(f"{FUNC}_bold.nii.gz", f"{FUNC}_acq_bold.nii.gz"), {}, "key-label"),
    "key twice": (rename(f"{FUNC}_bold.nii.gz", f"{FUNC}_run-2_bold.nii.gz"), {}, "repeats a key"),
    "one echo": (rename(f"{FUNC}_bold.nii.gz", f"{FUNC}_echo-1_bold.nii.gz"), {}, "echo"),
    "twice": (lambda r: (r / f"{FUNC}_bold.nii").touch(), {}, ".nii and .nii.gz"),
    "never fetched": (link_to_nothing, {}, "datalad get"),
    "session in name only": (
        rename(f"{FUNC}_bold.nii.gz", "sub-01/func/sub-01_ses-a_task-music_bold.nii.gz"),
        {},
        "no task",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_refuses_in_one_line(tiny_bids, name):
    spoil, choice, words = BAD[name]
    root = tiny_bids(folder="recordings")
    if spoil:
        spoil(root)
    with pytest.raises(HeschlError) as caught:
        bids.index(root, **choice)
    message = str(caught.value)
    assert words in message and "\n" not in message
    assert "recordings" in message or "bids." in message


@pytest.mark.parametrize("folder", ["nowhere", "recordings/dataset_description.json"])
def test_names_the_setting_when_the_folder_is_missing(tiny_bids, folder):
    root = tiny_bids(folder="recordings").parent / folder
    with pytest.raises(HeschlError, match=r"bids\.dir: no such folder"):
        bids.index(root)


def test_a_named_participant_must_have_the_task(tiny_bids):
    root = tiny_bids(subjects=("01", "02"), n_runs=1)
    (root / "sub-02/func").rename(root / "sub-02/beh")
    assert len(bids.index(root, task="music")) == 1
    with pytest.raises(HeschlError, match="sub-02 has no run of task 'music'"):
        bids.index(root, participant_label=["01", "02"], task="music")


def test_imports_nothing_heavy():
    code = "import sys; from heschl import bids; print(sorted({'numpy', 'nibabel', 'torch'} & set(sys.modules)))"
    src = str(Path(bids.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": src}
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_real_dataset(real_data):
    root = real_data / "studyforrest-sub02-bids"
    (run,) = bids.index(root, participant_label=["02"], task="objectcategories")
    assert run.recording == "task-objectcategories_run-1"
    assert json.loads(run.sidecars[0].read_text())["RepetitionTime"] == 2.0
    with pytest.raises(HeschlError, match="no run"):
        bids.index(real_data / "ds003720-meta", task="Training")
