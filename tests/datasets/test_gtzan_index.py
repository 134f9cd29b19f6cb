"""Both lists are read in the formats they are passed around in; the lists here are made by hand."""

import pytest

from heschl.datasets import gtzan_index
from heschl.datasets.recordings import name_of
from heschl.errors import HeschlError

INDEX = """# made up
blues.00000.wav ::: Somebody ::: A Song (live)

rock.00029.wav ::: ::: Only A Title
jazz.00007.wav :::Jos\u00e9 :::
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_index_names_artist_and_title(tmp_path, encoding, end) -> None:
    (tmp_path / "index.txt").write_bytes(INDEX.replace("\n", end).encode(encoding))
    wanted = {"blues/0": ("Somebody", "A Song (live)"), "rock/29": ("", "Only A Title"), "jazz/7": ("Jos\u00e9", "")}
    assert gtzan_index.read(tmp_path / "index.txt") == wanted


def test_lists_are_united_whatever_the_spelling(tmp_path) -> None:
    (tmp_path / "train.txt").write_text("blues/blues.00029.wav\nrock.00100.au\n")
    (tmp_path / "test.txt").write_text("pop.00001\n\nblues\\blues.00029.wav\n")
    assert gtzan_index.listed([tmp_path / "train.txt", tmp_path / "test.txt"]) == {"blues/29", "rock/100", "pop/1"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("blues.00000.wav, Somebody, A Song\n", "line 1 is 'blues.00000.wav, Somebody"),
        ("# nothing\n", "lists nothing"),
        ("pop.00001.wav ::: a ::: b\n" * 2, "line 2: pop.00001.wav is listed twice"),
    ],
)
def test_a_damaged_index_is_refused_in_one_line(tmp_path, text, message) -> None:
    (tmp_path / "index.txt").write_text(text)
    with pytest.raises(HeschlError, match=message):
        gtzan_index.read(tmp_path / "index.txt")


def test_bare_numbers_and_missing_lists_are_refused(tmp_path) -> None:
    (tmp_path / "old.txt").write_text("    13\n    14\n")
    with pytest.raises(HeschlError, match="line 1 is '13'"):
        gtzan_index.listed([tmp_path / "old.txt"])
    with pytest.raises(HeschlError, match="can't be read"):
        gtzan_index.listed([tmp_path / "none.txt"])


def test_recordings_are_named_by_their_store() -> None:
    assert name_of("x/sub-01_task-Test_run-1_bold.zarr") == ("task-Test_run-1", "Test")
    assert name_of("sub-01_ses-2_task-Training_run-01_bold.zarr") == ("ses-2_task-Training_run-01", "Training")
    assert name_of("sub-01_task-music_bold.zarr") == ("task-music", "music")
    with pytest.raises(HeschlError, match="holds no task"):
        name_of("sub-01_run-1_bold.zarr")
