"""Events tables: real layouts with their quirks, and what is refused in one line."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from heschl.datasets import events
from heschl.errors import HeschlError

GTZAN = (
    b"onset\tduration\tgenre\ttrack\tstart\tend\r\n"
    b"0\t15\t'reggae'\t88\t7.42\t22.42\r\n"
    b"15\t14.99\t'disco'\t45\t4.99\t19.98\r\n"
    b"30\t15\tclassical'\t37\t1.96\t16.96\r\n"
    b"45\t15\tmetal'\t97\t9.98\t24.98"
)


def table(path: Path, text: str | bytes) -> Path:
    file = path / "sub-01_task-music_events.tsv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_quirks_of_ds003720(tmp_path):
    """CRLF, no final newline, quoted genres, and three that lost their opening quote."""
    found = events.read(table(tmp_path, GTZAN), "track", 60.0)
    assert [e.clip for e in found] == ["reggae/88", "disco/45", "classical/37", "metal/97"]
    assert [e.onset_s for e in found] == [0, 15, 30, 45]
    assert [e.duration_s for e in found] == [15, 14.99, 15, 15]


def test_drops_the_dummy_when_asked(tmp_path):
    found = events.read(table(tmp_path, GTZAN), "track", drop_first=True)
    assert [e.clip for e in found] == ["disco/45", "classical/37", "metal/97"]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("end", ["", "\n", "\n\n \n"])
def test_line_ends_and_byte_order_mark_mean_nothing(tmp_path, newline, end):
    text = "\ufeffonset\tduration\tstim_file\n1.5\t2\tstimuli/a.wav\n4e0\t.5\tb.wav" + end
    found = events.read(table(tmp_path, text.replace("\n", newline)), "stim_file")
    assert [(e.onset_s, e.duration_s, e.clip) for e in found] == [(1.5, 2, "a"), (4, 0.5, "b")]


@pytest.mark.parametrize(
    ("file", "clip"),
    [
        ("stimuli/metal/muldjord-armygeddon_0.ogg", "metal/muldjord-armygeddon_0"),
        ("metal/a.b.wav", "metal/a.b"),
        ("./stimuli/x.wav", "x"),
        ("stimuli\\rock\\x.wav", "rock/x"),
        ("música/ñ.wav", "música/ñ"),
    ],
)
def test_a_clip_is_its_file_without_folder_and_ending(tmp_path, file, clip):
    text = f"onset\tduration\tstim_file\n0\t1\t{file}\n"
    assert [e.clip for e in events.read(table(tmp_path, text), "stim_file")] == [clip]


def test_rows_without_a_stimulus_are_no_trials_and_time_sorts(tmp_path):
    text = "onset\tduration\tstim_file\n9\t1\tb.wav\n5\t1\tn/a\n2\t1\ta.wav\n"
    found = events.read(table(tmp_path, text), "stim_file")
    assert [(e.onset_s, e.clip, e.line) for e in found] == [(2, "a", 4), (9, "b", 2)]


def test_blocks_join_neighbours_and_are_counted_in_time(tmp_path):
    rows = [(t, 0.9, "face") for t in (0, 1, 2)] + [(t, 0.9, "house") for t in (3, 4)]
    rows += [(t, 0.9, "face") for t in (20, 21)] + [(t, 0.9, "face") for t in (24.5, 26.5)]
    rng = np.random.default_rng(0)
    lines = ["\t".join(map(str, rows[i])) for i in rng.permutation(len(rows))]
    found = events.read(table(tmp_path, "\n".join(["onset\tduration\ttrial_type", *lines])), "blocks")
    assert [e.clip for e in found] == ["face-01", "house-01", "face-02", "face-03"]
    assert [e.onset_s for e in found] == [0, 3, 20, 24.5]
    assert np.allclose([e.duration_s for e in found], [2.9, 1.9, 1.9, 2.9])


HEAD = "onset\tduration\tstim_file\n"
BAD = {
    "empty": ("", "empty table"),
    "head only": (HEAD, "no trial"),
    "blank lines only": ("\n\n", "no column 'onset'"),
    "no onset": ("duration\tstim_file\n1\ta.wav\n", "no column 'onset'"),
    "no duration": ("onset\tstim_file\n1\ta.wav\n", "no column 'duration'"),
    "no stimulus": ("onset\tduration\ttrial_type\n1\t1\ta\n", "no column 'stim_file'"),
    "capitals": ("Onset\tDuration\tstim_file\n1\t1\ta\n", "no column 'onset'"),
    "commas": ("onset,duration,stim_file\n1,1,a.wav\n", "no column 'onset'"),
    "spaces": ("onset duration stim_file\n1 1 a.wav\n", "no column 'onset'"),
    "column twice": ("onset\tonset\tduration\tstim_file\n1\t1\t1\ta\n", "twice"),
    "cell missing": (HEAD + "1\t1\ta.wav\n2\t1\n", "line 3 has 2 columns"),
    "cell too many": (HEAD + "1\t1\ta.wav\t\n", "line 2 has 4 columns"),
    "onset word": (HEAD + "one\t1\ta.wav\n", "line 2: onset is 'one'"),
    "onset empty": (HEAD + "\t1\ta.wav\n", "line 2: onset is ''"),
    "onset n/a": (HEAD + "n/a\t1\ta.wav\n", "line 2: onset is 'n/a'"),
    "onset nan": (HEAD + "nan\t1\ta.wav\n", "line 2: onset is 'nan'"),
    "onset infinite": (HEAD + "1e999\t1\ta.wav\n", "line 2: onset is '1e999'"),
    "onset inf": (HEAD + "inf\t1\ta.wav\n", "line 2: onset is 'inf'"),
    "onset negative": (HEAD + "0\t1\ta.wav\n-1\t1\ta.wav\n", "line 3: onset is '-1'"),
    "decimal comma": (HEAD + "1,5\t1\ta.wav\n", "decimal point"),
    "underscore": (HEAD + "1_0\t1\ta.wav\n", "line 2: onset is '1_0'"),
    "hexadecimal": (HEAD + "0x1p3\t1\ta.wav\n", "line 2: onset"),
    "other digits": (HEAD + "١\t1\ta.wav\n", "line 2: onset"),
    "with unit": (HEAD + "1 s\t1\ta.wav\n", "line 2: onset"),
    "duration negative": (HEAD + "1\t-1\ta.wav\n", "line 2: duration is '-1'"),
    "duration n/a": (HEAD + "1\tn/a\ta.wav\n", "line 2: duration is 'n/a'"),
    "onset past the end": (HEAD + "1\t1\ta.wav\n700\t1\ta.wav\n", "line 3: the event ends at 701 s"),
    "end past the end": (HEAD + "599\t15\ta.wav\n", "the run ends at 600 s"),
    "milliseconds": (HEAD + "15000\t15000\ta.wav\n", "the run ends at 600 s"),
    "all n/a": (HEAD + "1\t1\tn/a\n", "no trial"),
    "two at once": (HEAD + "1\t15\ta.wav\n1\t15\tb.wav\n", "lines 2 and 3: a and b overlap"),
    "overlap": (HEAD + "1\t15\ta.wav\n9\t15\tb.wav\n", "overlap"),
    "not UTF-8": (HEAD.encode() + b"1\t1\t\xe9.wav\n", "UTF-8"),
    "UTF-16": ((HEAD + "1\t1\ta.wav\n").encode("utf-16"), "zero bytes"),
    "zero bytes": (HEAD.encode() + bytes(20), "zero bytes"),
    "an image": (b"\x1f\x8b\x08" + bytes(range(256)), ""),
}


@pytest.mark.parametrize("name", BAD)
def test_refuses_in_one_line(tmp_path, name):
    text, words = BAD[name]
    with pytest.raises(HeschlError) as caught:
        events.read(table(tmp_path, text), "stim_file", 600.0)
    message = str(caught.value)
    assert "sub-01_task-music_events.tsv" in message and words in message and "\n" not in message


def test_refuses_what_is_not_there(tmp_path):
    for path in (tmp_path / "none.tsv", tmp_path):
        with pytest.raises(HeschlError, match="can't be read"):
            events.read(path, "stim_file")


def test_no_nonsense_crashes_or_passes(tmp_path):
    """Bytes changed at random give either sane trials or an error of one line."""
    rng, refused = np.random.default_rng(0), 0
    for _ in range(800):
        raw = bytearray(GTZAN)
        for position in rng.integers(0, len(raw), rng.integers(1, 4)):
            raw[position] = rng.choice([rng.integers(256), *b"\t\n\r-+e.n9 ,'"])
        try:
            found = events.read(table(tmp_path, bytes(raw)), "track", 60.0)
            assert all(0 <= e.onset_s <= e.onset_s + e.duration_s <= 60.2 and e.clip for e in found)
        except HeschlError as error:
            refused += 1
            assert "\n" not in str(error) and "events.tsv" in str(error)
    assert 80 < refused < 800


def test_all_of_ds003720(real_data):
    """90 tables; 10 genres; 60 test and 480 training clips a subject, each test clip played four times."""
    tables = sorted((real_data / "ds003720-meta").glob("sub-*/func/*_events.tsv"))
    assert len(tables) == 90
    clips: dict[tuple[str, str], Counter] = {}
    for path in tables:
        found = events.read(path, "track", 615.0, drop_first=True)
        assert len(found) == 40
        key = (path.name.split("_")[0], "Test" if "task-Test" in path.name else "Training")
        clips.setdefault(key, Counter()).update(e.clip for e in found)
    assert {c.split("/")[0] for counts in clips.values() for c in counts} == {
        *("blues", "classical", "country", "disco", "hiphop"),
        *("jazz", "metal", "pop", "reggae", "rock"),
    }
    for (_, task), counts in clips.items():
        assert len(counts) == (60 if task == "Test" else 480)
        assert set(counts.values()) == ({4} if task == "Test" else {1})


def test_all_of_ds000113(real_data):
    """156 tables of 25 clips in 5 genres."""
    tables = sorted((real_data / "ds000113-musicgenre-meta").rglob("*_events.tsv"))
    assert len(tables) == 156
    for path in tables:
        found = events.read(path, "blocks")
        assert Counter(e.clip.partition("-")[0] for e in found) == dict.fromkeys(
            ("ambient", "country", "metal", "rocknroll", "symphonic"), 5
        )


def test_studyforrest_has_twelve_blocks(real_data):
    (path,) = (real_data / "studyforrest-sub02-bids").rglob("*_events.tsv")
    found = events.read(path, "blocks", 312.0)
    kinds = ("body", "face", "house", "object", "scene", "scramble")
    assert sorted(e.clip for e in found) == [f"{kind}-{n:02d}" for kind in kinds for n in (1, 2)]
    assert all(15 < e.duration_s < 17 for e in found)
