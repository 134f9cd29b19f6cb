"""The plan's index of MEG sessions: what it finds, whom it leaves out and why, and what it refuses in one line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from heschl import meg_runs
from heschl.errors import HeschlError

SESSIONS = ["before", "after"]
TASK = "metronome"


def touch(path: Path, text: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.fixture
def make(tmp_path):
    """Factory of empty files under the names that the simulation plans."""

    def make(subjects=("01", "02"), sessions=SESSIONS, n_runs=2) -> Path:
        root = tmp_path / "meg"
        touch(root / "dataset_description.json", json.dumps({"Name": "tiny", "BIDSVersion": "1.10.0"}))
        for session in meg_runs.planned(root, subjects, sessions, TASK, n_runs):
            for path in meg_runs.planned_files(session):
                touch(path, "{}" if path.suffix == ".json" else "")
        return root

    return make


def index(root: Path, **given):
    return meg_runs.index(root, **{"task": TASK, "sessions": SESSIONS} | given)


def start(root: Path, sub: str = "02", ses: str = "after") -> str:
    return f"{root}/sub-{sub}/ses-{ses}/meg/sub-{sub}_ses-{ses}_task-{TASK}"


def test_planned_names_are_those_found_later(make):
    root = make()
    found, left_out = index(root)
    assert found == meg_runs.planned(root, ["sub-02", "01"], SESSIONS, TASK, 2) and left_out == []
    assert [(s.sub, s.ses) for s in found] == [("01", "before"), ("01", "after"), ("02", "before"), ("02", "after")]
    assert all(path.is_file() for s in found for path in meg_runs.planned_files(s))
    assert index(root, sessions=["ses-after", "before"])[0][0].ses == "after"  # as asked, training first


def test_every_file_is_planned_once(make):
    root = make()
    planned = [p for s in meg_runs.planned(root, ["01", "02"], SESSIONS, TASK, 2) for p in meg_runs.planned_files(s)]
    assert len(set(planned)) == len(planned)
    assert set(planned) == {p for p in root.rglob("*") if p.is_file()} - {root / "dataset_description.json"}


def without(ending: str):
    return lambda root: Path(f"{start(root)}_{ending}").unlink()


LEFT_OUT = {
    "session": (lambda r: (r / "sub-02/ses-after").rename(r / "sub-02/ses-later"), "sub-02 has no session after"),
    "recordings": (
        lambda r: [Path(f"{start(r)}_run-{n}_meg.fif").unlink() for n in (1, 2)],
        "sub-02 has no recording of task metronome in session after",
    ),
    "events": (without("run-2_events.tsv"), "sub-02 has no events.tsv for sub-02_ses-after_task-metronome_run-2"),
    "rate": (
        lambda r: [
            touch(Path(f"{start(r, ses=s)}_run-1_meg.json"), json.dumps({"SamplingFrequency": hz}))
            for s, hz in (("before", 2083), ("after", 1200.0))
        ],
        "sub-02 was sampled at 2083 Hz in session before and 1200 Hz in session after",
    ),
    "sidecar": (lambda r: touch(Path(f"{start(r)}_run-1_meg.json"), "{"), "sub-02 has a damaged sidecar"),
    "sidecar is a list": (lambda r: touch(Path(f"{start(r)}_run-1_meg.json"), "[3]"), "sub-02 has a damaged sidecar"),
}


@pytest.mark.parametrize("name", LEFT_OUT)
def test_who_lacks_something_is_left_out_by_name_and_the_others_go_on(make, name):
    spoil, words = LEFT_OUT[name]
    root = make(subjects=("01", "02", "03"))
    spoil(root)
    found, left_out = index(root)
    assert {s.sub for s in found} == {"01", "03"} and len(found) == 4
    assert len(left_out) == 1 and words in left_out[0] and "\n" not in left_out[0]


def test_fewer_than_two_subjects_are_refused_with_the_reasons(make):
    root = make()
    without("run-1_events.tsv")(root)
    with pytest.raises(HeschlError, match="1 of 2 subjects can be used, sub-02 has no events.tsv") as caught:
        index(root)
    assert "\n" not in str(caught.value)


BAD = {
    "nobody has the session": ({"sessions": ["before", "aftr"]}, "Did you mean after?"),
    "no session": ({"sessions": []}, "empty list"),
    "unknown participant": ({"participant_label": ["1", "02"]}, "Did you mean 01?"),
    "unknown task": ({"task": "rest"}, "no recording of task rest"),
    "one participant": ({"participant_label": ["01"]}, "wanted at least 2"),
}


@pytest.mark.parametrize("name", BAD)
def test_refuses_in_one_line(make, name):
    given, words = BAD[name]
    with pytest.raises(HeschlError) as caught:
        index(make(), **given)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_no_dataset_is_refused(tmp_path):
    with pytest.raises(HeschlError, match="dataset_description"):
        index(tmp_path)


def test_takes_ctf_folders_kit_files_and_first_parts_of_split_files(make):
    root = make(n_runs=1)
    for ses, ending in (("before", "ds"), ("after", "con")):
        fif = Path(f"{start(root, '01', ses)}_run-1_meg.fif")
        fif.unlink()
        fif.with_suffix(f".{ending}").mkdir() if ending == "ds" else touch(fif.with_suffix(f".{ending}"))
    whole = Path(f"{start(root)}_run-1_meg.fif")
    for part in ("01", "02"):
        touch(Path(f"{start(root)}_run-1_split-{part}_meg.fif"))
    whole.unlink()
    touch(Path(f"{start(root)}_run-1_proc-sss_meg.fif"))
    found, _ = index(root)
    ends = [[p.name.partition("run-1_")[2] for p in s.runs] for s in found]
    assert ends == [["meg.ds"], ["meg.con"], ["meg.fif"], ["split-01_meg.fif"]]


def test_runs_go_by_number_and_inherit_sidecars_and_events(make):
    root = make(n_runs=11)
    shared = touch(root / f"task-{TASK}_events.tsv")
    general = touch(root / "meg.json", '{"SamplingFrequency": 2083}')
    Path(f"{start(root)}_run-3_events.tsv").unlink()
    last = index(root)[0][-1]
    numbers = [int(p.name.partition("run-")[2].partition("_")[0]) for p in last.runs]
    assert numbers == list(range(1, 12))
    assert last.events[2] == shared and len(last.events) == 11
    assert last.sidecars[0] == general and last.sidecars.count(general) == 1


def test_finds_the_empty_room_as_bids_does(make):
    root = make(sessions=["before", "after", "retest"])
    sessions = ["before", "after", "retest"]
    rooms = [s.empty_room for s in meg_runs.planned(root, ["01"], sessions, TASK, 2)]
    assert [s.empty_room for s in index(root, sessions=sessions)[0][:3]] == rooms
    dated = {}
    for day in ("20200105", "20200301"):
        folder = root / f"sub-emptyroom/ses-{day}/meg"
        dated[day] = touch(folder / f"sub-emptyroom_ses-{day}_task-noise_meg.fif")
    for room in rooms:
        room.unlink()
    named = "bids::sub-emptyroom/ses-20200301/meg/sub-emptyroom_ses-20200301_task-noise_meg.fif"
    touch(Path(f"{start(root, '01', 'before')}_run-2_meg.json"), json.dumps({"AssociatedEmptyRoom": named}))
    rows = f"meg/{Path(start(root, '01', 'after')).name}_run-1_meg.fif\t2020-01-20T10:00:00.000000Z"
    touch(root / "sub-01/ses-after/sub-01_ses-after_scans.tsv", f"filename\tacq_time\n{rows}\n")
    before, after, retest = index(root, sessions=sessions)[0][:3]
    assert before.empty_room == dated["20200301"]  # its sidecar says so
    assert after.empty_room == dated["20200105"]  # 15 days, not 41
    assert retest.empty_room is None  # nobody knows its day
    assert {s.sub for s in index(root, sessions=sessions)[0]} == {"01", "02"}  # the empty room is nobody


def test_a_recording_never_fetched_is_refused(make):
    root = make()
    path = Path(f"{start(root)}_run-1_meg.fif")
    path.unlink()
    path.symlink_to("../.git/annex/xx")
    with pytest.raises(HeschlError, match="datalad get"):
        index(root)


def test_imports_nothing_heavy():
    heavy = "{'numpy', 'mne', 'xarray', 'nibabel', 'torch'}"
    code = f"import sys; from heschl import meg_runs; print(sorted({heavy} & set(sys.modules)))"
    src = str(Path(meg_runs.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | {"PYTHONPATH": src}
    )
    assert done.stdout.strip() == "[]", done.stderr
