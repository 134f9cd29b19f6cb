"""Beamform, end to end: a dipole whose power follows the beat comes out, and who can't be used is left out."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from small_meg import RATE_HZ, beats, recording, round_subject, save

from heschl import store
from heschl.errors import HeschlError
from heschl.steps import beamform

PLACE_MM, SECONDS = np.array([-40.0, 0, 80]), 24
SETTINGS = {
    "event": "beat",
    "beat_s": 0.8,
    "beats_per_epoch": 4,
    "epoch_s": 3.0,
    "min_epochs": 8,
    "band_hz": [15.0, 30.0],
    "rate_hz": RATE_HZ,
    "resample": False,
    "sss": False,
    "voxel_mm": 20.0,
    "head_model": "sphere",
    "subjects_dir": "",
    "trans": "",
    "regularisation": 0.05,
    "measure": "power",
}


def beating(seed: int):
    """Return a run with a dipole whose beta power rises and falls with the beats, first at 0.5 s."""
    time = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    course = 4e-8 * np.sqrt(1 + 0.9 * np.cos(2 * np.pi * (time - 0.5) / 0.8)) * np.sin(2 * np.pi * 22 * time)
    return recording(seconds=SECONDS, seed=seed, sources=[(PLACE_MM, [0, 1, 0], course)])


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, list[Path]]:
    folder = tmp_path_factory.mktemp("meg")
    runs = [save(beating(k), folder / f"sub-01_ses-before_task-metronome_run-{k}_meg.fif") for k in (1, 2)]
    events = [beats(folder / f"run-{k}_events.tsv", SECONDS) for k in (1, 2)]
    room = save(recording(seconds=SECONDS, seed=9, head=False), folder / "room_meg.fif")
    return {"runs": runs, "events": events, "empty_room": [room]}


def session(files, power: Path, **changed) -> xr.Dataset:
    beamform.session(**(files | {"sidecars": [], "power": power, "sub": "01", "ses": "before"} | SETTINGS | changed))
    return store.read(power).load()


@pytest.fixture(scope="module")
def made(files, tmp_path_factory) -> tuple[Path, xr.Dataset]:
    path = tmp_path_factory.mktemp("made") / "power.zarr"
    return path, session(files, path)


def test_a_session_holds_epochs_of_782_samples_of_both_runs(made):
    found = made[1]
    assert found.sizes["time"] == 782 and found["power"].dtype == np.float32
    assert found["run"].values.tolist() == ["run-1"] * 7 + ["run-2"] * 7
    assert np.allclose(found["onset_s"][:7], 0.5 + 3.2 * np.arange(7), atol=1 / RATE_HZ)
    assert np.array_equal(found["position"], found["index"] * 20.0) and found["time"][1] == 1 / RATE_HZ
    assert found.attrs["refused"] == "" and found.attrs["rate_hz"] == RATE_HZ and found.attrs["bads"] == []
    assert found["power"].attrs["units"] == "1" and found["position"].attrs["units"] == "mm"


def test_the_power_of_the_dipole_follows_the_beat(made):
    found = made[1]
    mean = found["power"].mean("epoch").values
    best = mean.mean(1).argmax()
    assert np.linalg.norm(found["position"].values[best] - PLACE_MM) <= 20 * 3**0.5
    wanted = 1 + 0.9 * np.cos(2 * np.pi * found["time"].values / 0.8)
    assert np.corrcoef(mean[best], wanted)[0, 1] > 0.95


def test_the_empty_room_has_the_power_of_noise(made):
    noise = made[1]["noise"].values
    assert noise.shape[0] == 2 and noise.shape[2] == 782
    assert np.median(noise) == pytest.approx(2, rel=0.3)  # unit noise gain: variance 1, and |analytic|^2 is twice that


def test_the_same_call_writes_the_same_bytes(files, made, tmp_path):
    session(files, tmp_path / "again.zarr")
    one, two = (
        sorted((p.name, sha(p)) for p in f.rglob("*") if p.is_file()) for f in (made[0], tmp_path / "again.zarr")
    )
    assert one == two


def sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_envelope_is_the_root_of_the_power(files, made, tmp_path):
    found = session(files, tmp_path / "envelope.zarr", measure="envelope")
    assert np.allclose(found["power"], np.sqrt(made[1]["power"]), rtol=1e-5)


def test_without_an_empty_room_the_noise_is_unknown(files, tmp_path):
    found = session(files | {"empty_room": []}, tmp_path / "power.zarr")
    assert np.isnan(found["noise"]).all() and found.sizes["epoch"] == 14


def test_a_subject_s_own_head_serves_and_a_transform_that_does_not_fit_is_refused(files, tmp_path):
    folder = round_subject(tmp_path / "sub-01")
    bem = {"head_model": "bem", "subjects_dir": str(tmp_path)}
    found = session(files, tmp_path / "power.zarr", trans=str(tmp_path / "sub-{sub}/good-trans.fif"), **bem)
    best = found["power"].mean(("epoch", "time")).values.argmax()
    assert np.linalg.norm(found["position"].values[best] - PLACE_MM) <= 20 * 3**0.5
    assert found.attrs["head_model"] == "bem" and found.attrs["refused"] == ""
    found = session(files, tmp_path / "power.zarr", trans=str(tmp_path / "sub-{sub}/wrong-trans.fif"), **bem)
    assert "off the scalp" in found.attrs["refused"] and str(folder) in found.attrs["refused"]


def bad(kind: str, files, folder: Path) -> dict:
    """Return what changes in a session that can't be used."""
    first, second = files["runs"]
    damaged = folder / "damaged_meg.fif"
    if kind == "damaged":
        damaged.write_bytes(second.read_bytes()[:100_000])
    if kind == "rate":
        save(recording(seconds=SECONDS, rate_hz=300), damaged)
    if kind == "nowhere":
        save(recording(seconds=SECONDS, head=False), damaged)
    if kind == "sparse":
        beats(folder / "events.tsv", SECONDS, 1.6)
    if kind == "silent":
        (folder / "events.tsv").write_text("onset\tduration\ttrial_type\n1.0\t0\trest\n")
    return {
        "damaged": {"runs": [first, damaged]},
        "rate": {"runs": [first, damaged]},
        "nowhere": {"runs": [damaged, second]},
        "sparse": {"events": [folder / "events.tsv"] * 2},
        "silent": {"events": [folder / "events.tsv"] * 2},
        "few": {"min_epochs": 15},
        "no trans": {"head_model": "bem", "subjects_dir": str(folder)},
        "odd trans": {"head_model": "bem", "subjects_dir": str(folder), "trans": "{subject}-trans.fif"},
        "no bem": {"head_model": "bem", "subjects_dir": str(folder), "trans": "{sub}_{ses}-trans.fif"},
    }[kind]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("damaged", "damaged_meg.fif"),
        ("rate", "300 Hz"),
        ("nowhere", "dev_head_t"),
        ("sparse", "too few regular beats: 0 + 0"),
        ("silent", "no 'beat' in trial_type, but rest"),
        ("few", "too few regular beats: 7 + 7 epochs; wanted 15"),
        ("no trans", "wanted both"),
        ("odd trans", "{subject}-trans.fif"),
        ("no bem", "bem-sol.fif"),
    ],
)
def test_a_session_that_can_not_be_used_says_why_and_is_no_failure(files, tmp_path, capsys, kind, words):
    found = session(files, tmp_path / "power.zarr", **bad(kind, files, tmp_path))
    assert words in found.attrs["refused"] and found.attrs["sub"] == "01" and found.attrs["ses"] == "before"
    assert found["power"].size == 0 and found.sizes["epoch"] == found.sizes["voxel"] == 0
    said = capsys.readouterr().err.splitlines()
    assert any(line.startswith("sub-01, session before, is left out: ") and words in line for line in said)


def test_a_setting_that_can_not_be_is_a_failure(files, tmp_path):
    with pytest.raises(HeschlError, match="wanted sphere or bem"):
        session(files, tmp_path / "power.zarr", head_model="ball")
