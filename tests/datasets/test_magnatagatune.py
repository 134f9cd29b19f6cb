"""MagnaTagATune's table is read as pandas reads it, in the published parts; what is wrong with it is said in a line."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_magnatagatune import mp3, table, tone

from heschl.datasets import magnatagatune
from heschl.embeddings.musicnn import TAGS
from heschl.errors import HeschlError

ROWS = [
    (2, ["classical", "violin"], "f/american_bach_soloists-j_s__bach_solo_cantatas-01-bwv54__i_aria-30-59.mp3"),
    (6, [], "c/some_one-a_record-with-dashes-12-a_song-0-29.mp3"),
    (55753, ["loud"], magnatagatune.CORRUPT[1]),
    (10, ["oboe"], "0/some_one-other_record-02-a_song-117-146.mp3"),
    (12, ["no vocals", "oboe"], "b/some_body-record-02-a_song-88-117.mp3"),
]


def small(folder: Path, rows=ROWS, tags=("oboe", *TAGS), **options) -> Path:
    return table(folder / "annotations_final.csv", tags, rows, **options)


def test_the_table_is_read_as_pandas_reads_it(tmp_path) -> None:
    path = small(tmp_path)
    found, wanted = magnatagatune.read(path), pd.read_csv(path, sep="\t").drop(index=2)
    assert found.clip.tolist() == wanted["clip_id"].tolist() and found.file == wanted["mp3_path"].tolist()
    np.testing.assert_array_equal(found.present, wanted[list(found.tags)].to_numpy() == 1)
    assert found.tags[0] == "oboe" and len(found.tags) == 51 and found.left_out == [magnatagatune.CORRUPT[1]]
    assert found.part.tolist() == ["test", "validation", "train", "train"]
    assert found.start_s.tolist() == [30, 0, 117, 88]
    assert found.song[1] == "c/some_one-a_record-with-dashes-12-a_song" and found.artist[2] == "some_one"


def test_the_parts_are_the_16_folders_each_once() -> None:
    assert sorted("".join(magnatagatune.PARTS.values())) == list("0123456789abcdef")
    assert all(magnatagatune.NAME.fullmatch(name) for name in magnatagatune.CORRUPT)


def test_the_top_tags_are_those_that_musicnn_learnt_in_the_order_asked_for(tmp_path) -> None:
    assert set(magnatagatune.TOP_TAGS) == set(TAGS) and len(magnatagatune.TOP_TAGS) == 50
    present = magnatagatune.top(magnatagatune.read(small(tmp_path)))
    assert present.shape == (4, 50)
    assert np.flatnonzero(present[0]).tolist() == [1, 12] and np.flatnonzero(present[3]).tolist() == [21]


def test_the_variants_take_all_clips_or_the_long_ones_with_a_tag(tmp_path) -> None:
    present = magnatagatune.top(magnatagatune.read(small(tmp_path)))
    seconds = np.array([29.124, 29.124, 29.124, 29.1])
    assert magnatagatune.chosen(present, seconds, "full").tolist() == [True] * 4
    assert magnatagatune.chosen(present, seconds, "clean").tolist() == [True, False, False, False]
    assert magnatagatune.chosen(present, seconds + 1e-3, "clean").tolist() == [True, False, False, True]
    with pytest.raises(HeschlError, match="variant: 'tidy'; wanted one of full, clean"):
        magnatagatune.chosen(present, seconds, "tidy")


def test_no_synonym_is_a_name_that_is_kept() -> None:
    others = [other for group in magnatagatune.SYNONYMS.values() for other in group]
    assert len(others) == len(set(others)) == 188 - 140 and not {*others} & {*magnatagatune.SYNONYMS}


def test_every_clip_needs_an_mp3(tmp_path) -> None:
    clips = magnatagatune.read(small(tmp_path))
    with pytest.raises(HeschlError, match="30-59.mp3: no such mp3, one of 4 missing of 4"):
        magnatagatune.files(tmp_path, clips)
    wanted = [mp3(tmp_path / name, tone(0.5, 440)) for name in clips.file]
    assert magnatagatune.files(tmp_path, clips) == wanted
    wanted[1].write_bytes(b"")
    with pytest.raises(HeschlError, match="a_song-0-29.mp3: empty, one of 1 of 4"):
        magnatagatune.files(tmp_path, clips)


def renamed(name: str) -> list:
    return [(1, [], name)]


HARM = {
    "fields are separated by ','; wanted tabs": {"comma": ","},
    "fields are separated by ';'; wanted tabs": {"comma": ";"},
    "column 'oboe' comes twice": {"tags": ("oboe", "oboe")},
    "no column of a tag": {"tags": ()},
    "lists no clip": {"rows": []},
    "clip_id '2' comes twice": {"rows": [ROWS[0], (2, [], ROWS[1][2])]},
    "mp3_path '0/some_one-other_record-02-a_song-117-146.mp3' comes twice": {"rows": [ROWS[3], (11, [], ROWS[3][2])]},
    "clip_id is 'two'; wanted a number": {"rows": [("two", [], ROWS[0][2])]},
    "is in unknown part 'g'": {"rows": renamed("g/a-b-01-c-0-29.mp3")},
    "is in unknown part 'ab'": {"rows": renamed("ab/a-b-01-c-0-29.mp3")},
    "mp3_path 'a/a-b-01-c.mp3'; wanted": {"rows": renamed("a/a-b-01-c.mp3")},
    "mp3_path '../a-b-01-c-0-29.wav'; wanted": {"rows": renamed("../a-b-01-c-0-29.wav")},
}


@pytest.mark.parametrize(("told", "change"), HARM.items(), ids=list(HARM))
def test_harm_is_told_in_one_line(tmp_path, told, change) -> None:
    path = small(tmp_path, **change)
    with pytest.raises(HeschlError) as error:
        magnatagatune.read(path)
    assert told in str(error.value) and str(path) in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('"clip_id"', '"clip"', "column 'clip_id' is missing"),
        ('"mp3_path"', '"path"', "column 'mp3_path' is missing"),
        ('"10"\t"1"', '"10"\t"2"', "line 5: oboe is '2'; wanted 0 or 1"),
        ('"10"\t"1"', '"10"', "line 5: 52 fields; wanted 53"),
        ('"10"\t"1"', '"10"\t""', "line 5: oboe is ''; wanted 0 or 1"),
    ],
)
def test_a_changed_field_is_named(tmp_path, old, new, told) -> None:
    path = small(tmp_path)
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(HeschlError) as error:
        magnatagatune.read(path)
    assert told in str(error.value)


def test_a_missing_file_or_tag_is_told(tmp_path) -> None:
    with pytest.raises(HeschlError, match="no such file; wanted MagnaTagATune's annotations_final.csv"):
        magnatagatune.read(tmp_path / "annotations_final.csv")
    (tmp_path / "annotations_final.csv").write_text("")
    with pytest.raises(HeschlError, match="column 'clip_id' is missing"):
        magnatagatune.read(tmp_path / "annotations_final.csv")
    clips = magnatagatune.read(small(tmp_path, tags=("guitar", "oboe"), rows=ROWS[3:4]))
    with pytest.raises(HeschlError, match="column 'classical' is missing, one of 49; wanted the 50 tags"):
        magnatagatune.top(clips)


def test_every_top_tag_is_in_one_category() -> None:
    grouped = [tag for group in magnatagatune.CATEGORIES.values() for tag in group]
    assert len(grouped) == 50 and {*grouped} == {*magnatagatune.TOP_TAGS}
    assert magnatagatune.category(["techno", "no voice", "harp", "quiet", "oboe"]) == [
        *("genre", "voice", "instrument", "character", "other")
    ]
