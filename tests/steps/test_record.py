"""Recording simulated MEG: valid BIDS, the same bytes again, the truth beside it, and our own index finds it all."""

import json
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import mne_bids
import numpy as np
import pytest

from heschl import meg_runs, store
from heschl.datasets import simulated_meg as meg
from heschl.errors import HeschlError
from heschl.steps import record

RATE_HZ = 2083 / 8
SESSIONS = ["before", "after"]
SETTINGS = {
    "task": "metronome",
    "n_runs": 2,
    "run_s": 13.0,
    "sfreq_hz": RATE_HZ,
    "beat_s": 0.8,
    "signature": 1.0,
    "depth": 0.6,
    "drift_gain": 0.5,
    "drift_noise": 0.2,
    "drift_latency_s": 0.05,
    "drift_head_mm": 4.0,
    "training": 1.0,
    "n_regions": 6,
    "region_mm": 25.0,
    "seed": 0,
}


def subject(root: Path, sub: str, **changed) -> None:
    given = SETTINGS | {"sessions": SESSIONS} | changed
    plan = meg_runs.planned(root / "bids", [sub], given["sessions"], given["task"], given["n_runs"])
    files = [path for session in plan for path in meg_runs.planned_files(session)]
    record.subject(**{"files": files, "truth": root / f"sub-{sub}_truth.zarr", "sub": sub} | given)


def contents(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("record")
    for sub in ("01", "02"):
        subject(root, sub)
    names = ("dataset_description.json", "README", "participants.tsv", "participants.json")
    keys = ("description", "readme", "participants", "participants_sidecar")
    paths = {key: root / "bids" / name for key, name in zip(keys, names, strict=True)}
    record.dataset(**paths, participant_label=["sub-02", "01"])
    return root


def validate(root: Path) -> dict:
    validator = shutil.which("bids-validator-deno", path=Path(sys.executable).parent)
    if validator is None:
        pytest.skip("bids-validator-deno is not installed")
    run = subprocess.run([validator, root, "--format", "json"], capture_output=True, text=True, timeout=60)
    return json.loads(run.stdout)


def test_it_is_valid_bids(made):
    report = validate(made / "bids")
    assert [i for i in report["issues"]["issues"] if i["severity"] == "error"] == []
    assert set(report["summary"]["tasks"]) == {"metronome", "noise"} and len(report["summary"]["subjects"]) == 2
    assert sorted(report["summary"]["sessions"]) == ["after", "before"]


def test_a_broken_copy_is_not_valid_bids(made, tmp_path):
    shutil.copytree(made / "bids", tmp_path / "bids")
    next(tmp_path.rglob("*run-1_meg.json")).write_text("{}")
    assert any(i["severity"] == "error" for i in validate(tmp_path / "bids")["issues"]["issues"])


def test_the_index_finds_what_was_planned_and_nothing_else_is_there(made):
    root = made / "bids"
    found, left_out = meg_runs.index(root, "metronome", SESSIONS)
    assert found == meg_runs.planned(root, ["01", "02"], SESSIONS, "metronome", 2) and not left_out
    planned = {path for session in found for path in meg_runs.planned_files(session)}
    assert {p for p in root.rglob("*") if p.is_file()} - planned == {p for p in root.iterdir() if p.is_file()}
    assert all(path.is_file() for path in planned)
    assert not list(made.glob(".*"))  # nothing is left behind


def test_the_same_settings_make_the_same_bytes(made, tmp_path):
    subject(tmp_path, "02")
    assert contents(tmp_path / "bids/sub-02") == contents(made / "bids/sub-02")
    assert contents(tmp_path / "sub-02_truth.zarr") == contents(made / "sub-02_truth.zarr")


def test_the_first_session_is_the_same_whatever_happens_later(made, tmp_path):
    later = {
        "sessions": ["before"],
        "training": 0.3,
        "drift_gain": 0.1,
        "drift_noise": 0.0,
        "drift_head_mm": 1.0,
        "drift_latency_s": 0.0,
    }
    subject(tmp_path, "01", **later)
    assert contents(tmp_path / "bids/sub-01/ses-before") == contents(made / "bids/sub-01/ses-before")


def test_another_seed_or_subject_makes_other_bytes(made):
    name = "ses-before/meg/sub-{}_ses-before_task-metronome_run-1_meg.fif"
    one, two = ((made / f"bids/sub-{sub}" / name.format(sub)).read_bytes() for sub in ("01", "02"))
    assert one != two


def test_mne_bids_reads_it(made):
    names = {"subject": "01", "task": "metronome", "run": "2", "root": made / "bids", "datatype": "meg"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = mne_bids.BIDSPath(**names, session="after")
        raw = mne_bids.read_raw_bids(path, verbose="error")
        room = path.find_empty_room(use_sidecar_only=True, verbose="error")
    assert raw.info["sfreq"] == RATE_HZ and len(raw.ch_names) == 151 and raw.n_times == round(13 * RATE_HZ)
    assert room.fpath == made / "bids/sub-01/ses-after/meg/sub-01_ses-after_task-noise_meg.fif"
    beats = raw.annotations.onset[raw.annotations.description == "beat"]
    assert np.allclose(beats, meg.Design(run_s=13.0).onsets_s(), atol=0.5 / RATE_HZ + 1e-9)
    shift = raw.info["dev_head_t"]["trans"][:3, 3] * 1000
    truth = store.read(made / "sub-01_truth.zarr").load()
    before = mne_bids.read_raw_bids(mne_bids.BIDSPath(**names, session="before"), verbose="error")
    moved = np.linalg.norm(shift - before.info["dev_head_t"]["trans"][:3, 3] * 1000)
    told = np.linalg.norm(truth["head_shift"].sel(session="after"))
    assert abs(moved - told) < 4 and told > 0.1  # a turn about the head's centre moves the helmet's origin too


def test_the_truth_tells_what_was_planted(made):
    truth = store.read(made / "sub-01_truth.zarr").load()
    assert dict(truth.sizes) | {"source": 0} == {
        "source": 0, "axis": 3, "region": 6, "session": 2, "phase": 32,
    }  # fmt: skip
    changed = truth["changed"].values
    near = np.linalg.norm(truth["position"].values[:, None] - truth["region"].values, axis=-1).min(1) <= 25
    assert np.array_equal(changed, near) and truth.attrs["region_mm"] == 25
    before, after = truth["level"].values
    assert np.array_equal(before != after, changed)
    assert truth["gain"].sel(session="before") == 1 and truth["gain"].sel(session="after") != 1
    assert truth["position"].attrs["units"] == truth["head_shift"].attrs["units"] == "mm"


def test_files_that_were_not_planned_are_refused_before_anything_is_recorded(tmp_path):
    for files, words in (([tmp_path / "a.fif"], "wanted sub-01/ses-before/meg/"), ([], "0 files given")):
        with pytest.raises(HeschlError, match=words) as caught:
            subject(tmp_path, "01", files=files)
        assert "\n" not in str(caught.value)
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"depth": 2.0}, "depth: 2.0 given"),
        ({"sessions": ["before", "later"]}, "later given; wanted some of before, after"),
        ({"n_regions": 30}, "would touch"),
    ],
)
def test_settings_that_cannot_be_recorded_are_refused(tmp_path, changed, words):
    with pytest.raises(HeschlError, match=words):
        subject(tmp_path, "01", **changed)
    assert not any(tmp_path.iterdir())
