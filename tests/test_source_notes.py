"""Notes of source files: kept between plans, never stale, and done without where they can't be kept."""

import pytest

from heschl import source_notes
from heschl.source_notes import Notebook, take

SOURCE = '"""Doc."""\nimport os\nfrom a.b import c, d\n\ndef f(*, x, y=1):\n    from e import g\n    return g\n'


def test_notes_name_imports_and_keywords():
    notes = take(SOURCE)
    assert notes.imports == ["a.b", "a.b.c", "a.b.d", "e", "e.g", "os"]
    assert notes.functions == {"f": [["x"], ["x", "y"]]}
    assert notes.meaning == take(SOURCE.replace('"""Doc."""', "# other")).meaning != take(SOURCE + "z = 1\n").meaning


def test_notes_are_kept_and_not_taken_again(tmp_path, monkeypatch):
    file, kept = tmp_path / "a.py", tmp_path / "state/notes.json"
    file.write_text(SOURCE)
    first = Notebook()
    notes = first.of(file)
    first.keep(kept)
    monkeypatch.setattr(source_notes, "take", lambda source: pytest.fail("parsed again"))
    second = Notebook()
    second.load(kept)
    assert second.of(file) == notes and not second.is_new
    file.write_text(SOURCE + "z = 1\n")
    with pytest.raises(pytest.fail.Exception, match="parsed again"):
        second.of(file)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 3}', '{"version": "%s", "notes": {"a": 3}}'])
def test_what_was_kept_and_is_damaged_is_done_without(tmp_path, text):
    file, kept = tmp_path / "a.py", tmp_path / "notes.json"
    file.write_text(SOURCE)
    kept.write_text(text.replace("%s", source_notes.VERSION))
    book = Notebook()
    book.load(kept)
    assert book.of(file) == take(SOURCE)
    book.keep(kept)
    again = Notebook()
    again.load(kept)
    assert list(again.known.values()) == [take(SOURCE)]


def test_notes_of_files_that_are_gone_are_dropped(tmp_path):
    file, kept = tmp_path / "a.py", tmp_path / "notes.json"
    for text in (SOURCE, SOURCE + "z = 1\n"):
        file.write_text(text)
        book = Notebook()
        book.load(kept)
        book.of(file)
        book.keep(kept)
    assert len(book.used) == 1 and kept.read_text().count('"f"') == 1
