"""From a table of tags to a list of stimuli, cleaned and balanced, the same each time."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_magnatagatune import table

from heschl import store
from heschl.datasets import magnatagatune
from heschl.errors import HeschlError
from heschl.steps import select

KINDS = {
    "quiet": ["classical", "violin", "soft", "slow"],
    "loud": ["techno", "beats", "fast", "synth"],
    "sung": ["vocals", "male voice", "pop", "guitar"],
}
TAGS = [tag for tags in KINDS.values() for tag in tags] + ["no vocals", "beat", "female", "piano", "harp", "weird"]
OPTIONS = {"n_clusters": 3, "n_passes": 3, "medoids": "first", "merge_synonyms": True, "skip_song_start": True}


def rows() -> list[tuple[int, list[str], str]]:
    """Make 60 songs of three kinds, three clips of each; the first of each song is its start."""
    rng, found = np.random.default_rng(0), []
    for song in range(60):
        kind = list(KINDS.values())[song % 3]
        for start_s in (0, 30, 59):
            has = [*rng.choice(kind, 3, replace=False), *rng.choice(["piano", "harp", "weird"], 1)]
            name = f"{song % 16:x}/artist_{song % 7}-record-{song:02d}-song-{start_s}-{start_s + 29}.mp3"
            found.append((len(found), has, name))
    return found


def run(folder: Path, listed=None, **changes) -> tuple[pd.DataFrame, object]:
    path = table(folder / "annotations_final.csv", TAGS, listed or rows())
    out = {"table": folder / "stimuli.tsv", "stimuli": folder / "stimuli.zarr"}
    select.stimuli(annotations=path, **out, **OPTIONS | changes)
    return pd.read_csv(out["table"], sep="\t"), store.read(out["stimuli"])


def test_each_pass_has_a_clip_of_every_kind_and_no_song_comes_twice(tmp_path) -> None:
    found, arrays = run(tmp_path)
    assert found.columns.tolist() == list(select.COLUMNS)
    assert found["role"].tolist() == ["test"] * 3 + ["training"] * 6
    assert found["pass"].tolist() == [1, 1, 1, 2, 2, 2, 3, 3, 3] and found["cluster"].tolist() == [0, 1, 2] * 3
    assert found["song"].is_unique and (found["start_s"] > 0).all()
    tags = {row[0]: row for row in rows()}
    for _, three in found.groupby("pass"):
        kinds = {k for number in three["clip_id"] for k, names in KINDS.items() if {*names} & {*tags[number][1]}}
        assert kinds == {*KINDS}
    assert arrays.attrs["n_candidates"] == 60 and arrays.attrs["n_at_song_start"] == 60
    assert arrays.attrs["n_of_songs_taken"] == 60 and arrays.attrs["n_damaged"] == 0
    assert int(arrays["cluster_size"].sum()) == 60 and arrays["is_test"].values.tolist() == [True] * 3 + [False] * 6
    assert arrays["file"].values.tolist() == found["file"].tolist()


def test_tags_are_cleaned_before_clips_are_compared(tmp_path) -> None:
    listed = rows()
    listed[1] = (1, ["no vocals", "vocals"], listed[1][2])
    listed[4] = (4, [], listed[4][2])
    _, arrays = run(tmp_path, listed)
    assert arrays.attrs["n_contradictory"] == 1 and arrays.attrs["n_without_tags"] == 1
    assert "male vocal" in arrays["tag"] and "male voice" not in arrays["tag"] and "beats" not in arrays["tag"]
    assert "no vocal" in arrays["tag"] and arrays["tags"].dtype == bool and arrays["tags"].values.any(1).all()
    _, plain = run(tmp_path, listed, merge_synonyms=False)
    assert plain["tag"].values.tolist() == TAGS and plain.attrs["n_contradictory"] == 1


def test_songs_may_start_a_clip_if_asked(tmp_path) -> None:
    listed = [row for row in rows() if "-0-29" in row[2]]
    found, arrays = run(tmp_path, listed, skip_song_start=False)
    assert (found["start_s"] == 0).all() and arrays.attrs["n_at_song_start"] == 0
    with pytest.raises(HeschlError, match="0 clips are left to choose from"):
        run(tmp_path, listed)


def test_damaged_clips_are_never_chosen(tmp_path) -> None:
    listed = [*rows(), (999, ["weird"], magnatagatune.CORRUPT[0])]
    found, arrays = run(tmp_path, listed)
    assert arrays.attrs["n_damaged"] == 1 and 999 not in found["clip_id"].values


def test_the_same_table_gives_the_same_bytes(tmp_path) -> None:
    for name in "ab":
        run(tmp_path / name)
    files = [p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file()]
    assert len(files) > 5
    assert all((tmp_path / "a" / p).read_bytes() == (tmp_path / "b" / p).read_bytes() for p in files)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"n_passes": 50}, "the smallest of 3 clusters has"),
        ({"n_clusters": 61}, "61 clusters of 60 clips; wanted 1 to 60"),
    ],
)
def test_too_few_clips_are_told_in_one_line_and_nothing_is_written(tmp_path, changes, told) -> None:
    with pytest.raises(HeschlError, match="60 clips are left to choose from") as error:
        run(tmp_path, **changes)
    assert told in str(error.value) and "\n" not in str(error.value)
    assert [p.name for p in tmp_path.iterdir()] == ["annotations_final.csv"]


def test_no_folder_is_told(tmp_path) -> None:
    out = {"table": tmp_path / "a.tsv", "stimuli": tmp_path / "a.zarr"}
    with pytest.raises(HeschlError, match="select.dir: no folder is set"):
        select.stimuli(annotations=[], **out, **OPTIONS)
