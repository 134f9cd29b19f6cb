"""Beats of a run are read by their type, and a table without them is refused by name."""

import pytest

from heschl.datasets import beats
from heschl.errors import HeschlError

HEAD = "onset\tduration\ttrial_type\n"


def table(tmp_path, rows: str):
    path = tmp_path / "a_events.tsv"
    path.write_text(HEAD + rows)
    return path


def test_beats_come_in_order_and_other_rows_are_left_out(tmp_path):
    path = table(tmp_path, "1.6\t0\tbeat\n0.8\tn/a\tbeat\n0.0\t0\tstart\n")
    assert beats.read(path, "beat").tolist() == [0.8, 1.6]


@pytest.mark.parametrize(
    ("rows", "words"),
    [("1.0\t0\trest\n", "no 'beat' in trial_type, but rest"), ("", "no row"), ("n/a\t0\tbeat\n", "line 2: onset")],
)
def test_a_table_without_beats_is_refused(tmp_path, rows, words):
    path = table(tmp_path, rows)
    with pytest.raises(HeschlError) as error:
        beats.read(path, "beat")
    assert words in str(error.value) and str(path) in str(error.value)


def test_a_table_without_the_column_is_refused(tmp_path):
    path = tmp_path / "a_events.tsv"
    path.write_text("onset\tduration\n1.0\t0\n")
    with pytest.raises(HeschlError, match="trial_type"):
        beats.read(path, "beat")
