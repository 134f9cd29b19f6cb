"""Folders of styles: found with and without a manifest, and refused by name."""

import csv
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from heschl.datasets import style_folders
from heschl.datasets.style_folders import Track, find
from heschl.errors import HeschlError

COLUMNS = ("file", "style", "track", "seconds", "source_offset_s", "sha256")


def put(folder: Path, *names: str) -> Path:
    """Files that differ, of no sound: finding doesn't listen."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())
    return folder


def listed(folder: Path, *rows: dict) -> Path:
    with (folder / "manifest.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return folder


def test_files_are_tracks_and_folders_are_styles(tmp_path):
    put(tmp_path, "pop/b.MP3", "pop/deep/a.flac", "metal/x.wav", "metal/x.ogg", "metal/notes.txt", "metal/.hidden.wav")
    put(tmp_path, "readme.wav", ".cache/z.wav")
    found = [(t.file.relative_to(tmp_path).as_posix(), t.style, t.name) for t in find(tmp_path)]
    assert found == [
        ("metal/x.ogg", "metal", "metal/x.ogg"),
        ("metal/x.wav", "metal", "metal/x.wav"),
        ("pop/b.MP3", "pop", "pop/b"),
        ("pop/deep/a.flac", "pop", "pop/deep/a"),
    ]
    assert all(t.clip_start_s is None for t in find(tmp_path))


def test_a_manifest_groups_and_orders_clips(tmp_path):
    put(tmp_path, "a/1.flac", "a/2.flac", "b/3.flac", "b/unlisted.flac")
    rows = [("a/2.flac", "a", "t", 5.0, 30.5), ("a/1.flac", "a", "t", 5.0, 120.0), ("b/3.flac", "b", "u", "", "")]
    sha = hashlib.sha256(b"a/2.flac").hexdigest()
    rows = [dict(zip(COLUMNS, (*row, sha if row[0] == "a/2.flac" else ""), strict=True)) for row in rows]
    listed(tmp_path, *rows)
    assert find(tmp_path) == [
        Track(tmp_path / "a/2.flac", "a", "t", 30.5, 5.0, sha),
        Track(tmp_path / "a/1.flac", "a", "t", 120.0, 5.0, ""),
        Track(tmp_path / "b/3.flac", "b", "u", 0.0, None, ""),
    ]


def test_missing_folders_and_styles_are_refused(tmp_path):
    with pytest.raises(HeschlError, match="no such folder"):
        find(tmp_path / "none")
    put(tmp_path, "pop/a.wav")
    with pytest.raises(HeschlError, match="1 styles: pop"):
        find(tmp_path)
    put(tmp_path, "metal/cover.jpg")
    with pytest.raises(HeschlError, match="metal: no music of this style"):
        find(tmp_path)


@pytest.mark.parametrize("second", ["metal/a.wav", "pop/copy.wav"])
def test_the_same_sound_twice_is_refused(tmp_path, second):
    put(tmp_path, "pop/a.wav", "metal/b.wav", second)
    (tmp_path / second).write_bytes((tmp_path / "pop/a.wav").read_bytes())
    with pytest.raises(HeschlError, match="is the same sound as"):
        find(tmp_path)


GOOD = {"file": "a/1.flac", "style": "a", "track": "t"}


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"file": "../1.flac"}, r"line 3: \.\./1.flac is outside the folder"),
        ({"file": "/etc/passwd"}, "line 3: /etc/passwd is outside the folder"),
        ({"file": "b/none.flac"}, "line 3: no such file, b/none.flac"),
        ({"file": "b"}, "line 3: no such file, b"),
        ({"style": " "}, "line 3: no style"),
        ({"track": "t"}, "track t is in a and b"),
        ({"seconds": "five"}, "line 3: seconds or source_offset_s is no number"),
    ],
)
def test_bad_rows_are_refused_by_their_line(tmp_path, row, told):
    listed(put(tmp_path, "a/1.flac", "b/2.flac"), GOOD, {"file": "b/2.flac", "style": "b", "track": "u"} | row)
    with pytest.raises(HeschlError, match=told):
        find(tmp_path)


TEXTS = {"file,style,track\n": "lists no clip", "file,track\nx,y\n": "column style", "": "lists no clip"}


@pytest.mark.parametrize(("text", "told"), TEXTS.items())
def test_bad_manifests_are_refused(tmp_path, text, told):
    (tmp_path / "manifest.csv").write_text(text)
    with pytest.raises(HeschlError, match=told):
        find(tmp_path)


def test_finding_is_light():
    code = "import heschl.datasets.style_folders, sys; print(sorted({m.split('.')[0] for m in sys.modules}))"
    environment = {"PYTHONPATH": str(Path(style_folders.__file__).parents[2])}
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert "heschl" in told.stdout and not {"numpy", "soundfile", "librosa", "torch"} & set(eval(told.stdout))
