"""Tracks to clips: what the store holds, what is left out, and when nothing is written."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from heschl import store
from heschl.datasets.style_folders import find
from heschl.errors import HeschlError
from heschl.steps import cut

SETTINGS = {"clip_s": 1.0, "trim_s": 0.5}


def music(folder: Path, **lengths_s: list[float]) -> Path:
    """Noise of another level in each track, at 16 kHz."""
    rng = np.random.default_rng(0)
    for style, tracks in lengths_s.items():
        (folder / style).mkdir(parents=True)
        for i, seconds in enumerate(tracks):
            soundfile.write(folder / style / f"{i}.wav", 0.1 * rng.standard_normal(round(16_000 * seconds)), 16_000)
    return folder


def run(folder: Path, out: Path, **changes: object):
    files = [track.file for track in find(folder)]
    cut.clips(**{"files": files, "clips": out, "folder": folder, **SETTINGS, **changes})
    return store.read(out).load()


def test_all_tracks_are_cut_in_order(tmp_path):
    folder = music(tmp_path / "music", pop=[3.2, 2.1], metal=[4.0, 2.5, 2.0])
    found = run(folder, tmp_path / "clips.zarr")
    assert found["audio"].dims == ("clip", "sample") and found["audio"].dtype == np.float32
    assert found.sizes == {"clip": 8, "sample": 8000}
    assert found["style"].values.tolist() == ["metal"] * 5 + ["pop"] * 3
    assert found["track"].values.tolist() == ["metal/0"] * 3 + ["metal/1", "metal/2"] + ["pop/0"] * 2 + ["pop/1"]
    assert found["start_s"].values.tolist() == [0.5, 1.5, 2.5, 0.5, 0.5, 0.5, 1.5, 0.5]
    assert found.attrs["styles"] == ["metal", "pop"] and found.attrs["rate_hz"] == 8000
    assert found.attrs["left_out"] == []
    run(folder, tmp_path / "again.zarr")
    assert (tmp_path / "again.zarr/manifest.json").read_bytes() == (tmp_path / "clips.zarr/manifest.json").read_bytes()


def test_what_cannot_be_used_is_left_out_by_name(tmp_path, capsys):
    folder = music(tmp_path / "music", pop=[3, 3, 3], metal=[3, 3, 1.9])
    soundfile.write(folder / "pop/1.wav", np.zeros(48_000), 16_000)
    (folder / "metal/torn.flac").write_bytes(b"fLaC torn")
    found = run(folder, tmp_path / "clips.zarr")
    left_out = found.attrs["left_out"]
    assert [Path(line.partition(":")[0]).name for line in left_out] == ["2.wav", "torn.flac", "1.wav"]
    assert "1.90 s long" in left_out[0] and "silent" in left_out[2]
    assert all(line in capsys.readouterr().err for line in left_out[:1])
    assert sorted(set(found["track"].values)) == ["metal/0", "metal/1", "pop/0", "pop/2"]


def test_too_little_left_is_refused(tmp_path):
    folder = music(tmp_path / "music", pop=[3, 1.5], metal=[3, 3])
    with pytest.raises(HeschlError, match=r"1 tracks of style pop can be used \(.*1.wav: 1.50 s long"):
        run(folder, tmp_path / "clips.zarr")
    pop = [track.file for track in find(folder) if track.style == "pop"]
    with pytest.raises(HeschlError, match="1 styles"):
        run(folder, tmp_path / "clips.zarr", files=pop)
    assert not (tmp_path / "clips.zarr").exists()


def test_only_the_files_given_are_cut(tmp_path):
    folder = music(tmp_path / "music", pop=[3, 3, 3], metal=[3, 3])
    files = [track.file for track in find(folder) if track.name != "pop/1"]
    assert "pop/1" not in run(folder, tmp_path / "clips.zarr", files=files)["track"].values
