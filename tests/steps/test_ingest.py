"""Ingest writes what was read, whole and checked, or nothing."""

import gzip

import numpy as np
import pytest

from heschl import bids, store
from heschl.datasets import mini_styles
from heschl.errors import HeschlError
from heschl.steps import ingest

CORPUS = "data/mini-styles-16k"
OPTIONS = {"stimulus": "stim_file", "drop_first_event": False, "tr_s": 1.5}


def test_anat(tiny_bids, tmp_path):
    run = bids.index(tiny_bids())[0]
    ingest.anat(nifti=run.t1w, t1w=tmp_path / "sub-01_T1w.zarr")
    written = store.read(tmp_path / "sub-01_T1w.zarr")
    assert written.t1w.dims == ("x", "y", "z") and written.t1w.dtype == np.float32
    assert written.affine.shape == (4, 4)


def test_bold(tiny_bids, tmp_path):
    run = bids.index(tiny_bids())[0]
    out = tmp_path / "bold.zarr"
    ingest.bold(nifti=run.bold, sidecars=list(run.sidecars), events=run.events, bold=out, **OPTIONS)
    written = store.read(out)
    assert written.bold.dims == ("time", "x", "y", "z") and written.bold.dtype == np.int16
    assert written.tr_s == 1.5 and written.slice_axis == 2 and written.slice_time.units == "s"
    assert written.event_clip.values.astype(str).tolist() == ["rock/a_0", "jazz/b_1", "rock/c.d"]
    assert written.time.values[-1] == 39 * 1.5


def test_bold_drops_the_first_event_when_asked(tiny_bids, tmp_path):
    run = bids.index(tiny_bids())[0]
    options = OPTIONS | {"drop_first_event": True}
    out = tmp_path / "bold.zarr"
    ingest.bold(nifti=run.bold, sidecars=[], events=run.events, bold=out, **options)
    assert store.read(out).event_onset.values.tolist() == [22.5, 39]


def test_the_same_inputs_give_the_same_bytes(tiny_bids, tmp_path):
    run = bids.index(tiny_bids())[0]
    for name in "ab":
        out = tmp_path / name / "bold.zarr"
        ingest.bold(nifti=run.bold, sidecars=list(run.sidecars), events=run.events, bold=out, **OPTIONS)
    a, b = (
        {p.relative_to(tmp_path / n): p.read_bytes() for p in (tmp_path / n).rglob("*") if p.is_file()} for n in "ab"
    )
    assert a == b and len(a) > 10


def test_nothing_is_written_of_a_damaged_run(tiny_bids, tmp_path):
    run = bids.index(tiny_bids())[0]
    run.bold.write_bytes(gzip.compress(gzip.decompress(run.bold.read_bytes())[:-1000]))
    out = tmp_path / "results"
    with pytest.raises(HeschlError, match="run-1_bold.nii.gz"):
        ingest.bold(nifti=run.bold, sidecars=[], events=run.events, bold=out / "bold.zarr", **OPTIONS)
    assert not out.exists()


def test_audio(pytestconfig, tmp_path):
    manifest = pytestconfig.rootpath / CORPUS / "manifest.csv"
    given = {"plugin": "mini_styles", "folder": str(manifest.parent), "whole_file": False}
    ingest.audio(manifest=manifest, events=[], audio=tmp_path / "audio.zarr", **given)
    written, wanted = store.read(tmp_path / "audio.zarr"), mini_styles.load(manifest.parent)
    assert written.rate_hz == 16_000 and written.audio.shape == (80, 240_000)
    assert np.array_equal(written.audio[7], wanted.audio[7])
    assert written["clip"].values.tolist() == wanted["clip"].values.tolist()


def _corpus(folder, sounds: dict[str, np.ndarray]):
    """Write a folder of clips with its manifest; the same sound may come as wav and as flac."""
    import hashlib

    import soundfile

    lines = [",".join(mini_styles.COLUMNS)]
    for name, sound in sounds.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, (sound * 32767).astype(np.int16), mini_styles.RATE_HZ)
        lines.append(f"{name},{path.parent.name},{path.stem},x,{hashlib.sha256(path.read_bytes()).hexdigest()}")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n")
    return {"manifest": folder / "manifest.csv", "events": [], "folder": str(folder), "whole_file": False}


def test_the_same_sound_under_two_names_is_refused_by_both(tmp_path):
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, (3, 4000))
    names = {"jazz/a.wav": sound[0], "jazz/b.wav": sound[1], "rock/c.flac": sound[0], "rock/d.wav": sound[2]}
    given = _corpus(tmp_path / "music", names) | {"plugin": "mini_styles", "audio": tmp_path / "audio.zarr"}
    with pytest.raises(HeschlError, match=r"manifest\.csv: clips 'jazz/a' and 'rock/c' are the same sound;") as error:
        ingest.audio(**given)
    assert "\n" not in str(error.value) and not (tmp_path / "audio.zarr").exists()


def test_sounds_that_differ_in_one_sample_are_two(tmp_path):
    sound = np.random.default_rng(0).uniform(-0.5, 0.5, 4000)
    other = sound.copy()
    other[17] = -other[17]
    names = {"jazz/a.wav": sound, "jazz/b.wav": other, "jazz/c.wav": sound[:3000]}
    given = _corpus(tmp_path / "music", names) | {"plugin": "mini_styles", "audio": tmp_path / "audio.zarr"}
    ingest.audio(**given)
    assert store.read(tmp_path / "audio.zarr")["clip"].values.tolist() == ["jazz/a", "jazz/b", "jazz/c"]
