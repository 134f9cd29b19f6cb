"""Folders of audio: names, styles, FMA's genres, rates and lengths."""

import numpy as np
import pytest
import soundfile

from heschl.datasets import audio_folder
from heschl.errors import HeschlError


def tone(path, seconds=2.0, rate_hz=22_050, channels=1):
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = 0.5 * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate_hz)) / rate_hz)
    soundfile.write(path, np.repeat(wave[:, None], channels, 1), rate_hz)
    return path


def test_items_by_folder(tmp_path):
    for name in ("rock/b.wav", "jazz/deep/a.flac", "c.ogg"):
        tone(tmp_path / name)
    (tmp_path / "notes.txt").write_text("")
    items = audio_folder.items(tmp_path)
    found = [(i.name, i.style) for i in items]
    assert found == [("c", ""), ("jazz/deep/a", "deep"), ("rock/b", "rock")]


def test_fma_genres(tmp_path):
    for name in ("000/000002.mp3", "000/000005.mp3"):
        tone(tmp_path / "fma_large" / name)
    table = ",album,track,track\n,title,genre_top,title\ntrack_id,,,\n2,x,Hip-Hop,y\n5,x,,z\n"
    (tmp_path / "fma_metadata").mkdir()
    (tmp_path / "fma_metadata" / "tracks.csv").write_text(table)
    items = audio_folder.items(tmp_path / "fma_large")
    assert [(i.style, i.track) for i in items] == [("Hip-Hop", "000002"), ("", "000005")]


def test_first_seconds_at_the_wanted_rate(tmp_path):
    sound = audio_folder.read(tone(tmp_path / "a.wav", channels=2), 16_000, 1.5)
    assert sound.shape == (24_000,) and sound.dtype == np.float32
    expected = 0.5 * np.sin(2 * np.pi * 440 * np.arange(24_000) / 16_000)
    np.testing.assert_allclose(sound[500:-500], expected[500:-500], atol=0.01)


def test_bad_folders_are_refused(tmp_path):
    for message, path in (("no such folder", tmp_path / "no"), ("no audio", tmp_path)):
        with pytest.raises(HeschlError, match=message):
            audio_folder.items(path)
    with pytest.raises(HeschlError, match="2.00 s long"):
        audio_folder.read(tone(tmp_path / "a.wav"), 16_000, 3.0)
    tone(tmp_path / "a.flac")
    with pytest.raises(HeschlError, match="two files of that name"):
        audio_folder.items(tmp_path)
