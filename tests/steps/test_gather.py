"""MagnaTagATune to one store: every clip beside its tags, part and song; what can't be read is told in one line."""

from pathlib import Path

import numpy as np
import pytest
from small_magnatagatune import mp3, table, tone

from heschl import sharded, store
from heschl.datasets import audio_stream, magnatagatune
from heschl.errors import HeschlError
from heschl.steps import gather

ROWS = [
    (2, ["classical", "violin"], "f/some_one-a_record-01-a_song-0-29.mp3"),
    (6, [], "c/some_one-a_record-12-other-30-59.mp3"),
    (10, ["rock", "oboe"], "0/some_body-other_record-02-a_song-117-146.mp3"),
    (11, ["rock"], "0/some_body-other_record-02-a_song-146-175.mp3"),
    (12, ["no vocals"], "b/no_body-record-02-a_song-88-117.mp3"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Make a corpus of five clips of a second, one of them short."""
    found = tmp_path_factory.mktemp("magnatagatune")
    table(found / magnatagatune.TABLE, ("oboe", *magnatagatune.TOP_TAGS), ROWS)
    for i, (_, _, name) in enumerate(ROWS):
        mp3(found / name, tone(0.5 if i == 3 else 1.2, 200 * (i + 1)))
    return found


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(gather, "CLIP_S", 1.0)
    monkeypatch.setattr(gather, "SHARD_CLIPS", 2)


def test_every_clip_is_there_with_its_tags_and_part(folder, tmp_path, short, capsys) -> None:
    gather.magnatagatune(annotations=folder / magnatagatune.TABLE, corpus=tmp_path / "corpus.zarr")
    found = store.read(tmp_path / "corpus.zarr")
    assert found["audio"].shape == (5, 16_000) and found["audio"].dtype == np.int16 and found.attrs["rate_hz"] == 16_000
    assert found["clip"].values.tolist() == ["2", "6", "10", "11", "12"]
    assert found["part"].values.tolist() == ["test", "validation", "train", "train", "train"]
    assert found["song"].values[2] == found["song"].values[3] != found["song"].values[4]
    assert found["tag"].values.tolist() == list(magnatagatune.TOP_TAGS)
    tags = [[t for t, has in zip(magnatagatune.TOP_TAGS, row, strict=True) if has] for row in found["present"].values]
    assert tags == [["classical", "violin"], [], ["rock"], ["rock"], ["no vocals"]]
    large = sharded.read(tmp_path / "corpus.zarr", "audio")
    for row, (_, _, name) in enumerate(ROWS):
        sound = audio_stream.decode(folder / name)
        assert found["seconds"].values[row] == len(sound) / 16_000
        heard = np.clip(np.rint(sound[:16_000] * 32_768), -32_768, 32_767)
        np.testing.assert_array_equal(large[row, : len(heard)], heard)
        assert not large[row, len(heard) :].any()
    assert "5 of 5 clips" in capsys.readouterr().err


def test_no_folder_or_no_file_is_told(folder, tmp_path, short) -> None:
    with pytest.raises(HeschlError, match="select.dir: no folder is set"):
        gather.magnatagatune(annotations=[], corpus=tmp_path / "corpus.zarr")
    alone = table(tmp_path / magnatagatune.TABLE, magnatagatune.TOP_TAGS, [])
    alone.write_bytes((folder / magnatagatune.TABLE).read_bytes())
    with pytest.raises(HeschlError, match="no such mp3, one of 5 missing of 5"):
        gather.magnatagatune(annotations=alone, corpus=tmp_path / "corpus.zarr")


def test_a_damaged_clip_leaves_nothing(folder, tmp_path, short) -> None:
    for _, _, name in ROWS:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / ROWS[4][2]).write_bytes(b"no music" * 100)
    (tmp_path / magnatagatune.TABLE).write_bytes((folder / magnatagatune.TABLE).read_bytes())
    with pytest.raises(HeschlError, match="a_song-88-117.mp3: can't be decoded"):
        gather.magnatagatune(annotations=tmp_path / magnatagatune.TABLE, corpus=tmp_path / "out/corpus.zarr")
    assert not list((tmp_path / "out").iterdir())
