"""GTZAN is cut where the events say, faded and levelled: a made-up copy of its layout."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from heschl.datasets import gtzan
from heschl.errors import HeschlError

HEAD = "onset\tduration\tgenre\ttrack\tstart\tend"
SECONDS = 8


@pytest.fixture
def folder(tmp_path) -> Path:
    rng = np.random.default_rng(0)
    for genre, track in (("rock", 29), ("jazz", 3)):
        path = tmp_path / "genres" / genre / f"{genre}.{track:05d}.wav"
        path.parent.mkdir(parents=True)
        soundfile.write(path, 0.3 * rng.uniform(-1, 1, SECONDS * gtzan.RATE_HZ), gtzan.RATE_HZ, subtype="PCM_16")
    return tmp_path / "genres"


def events(folder: Path, *rows: str, name: str = "events.tsv") -> list[Path]:
    path = folder.parent / name
    path.write_text("\r\n".join([HEAD, *rows]))
    return [path]


ROCK, JAZZ = "0\t5\t'rock'\t29\t1.5\t6.5", "5\t5\tjazz'\t3\t0\t5"


def test_exactly_the_excerpt_that_was_heard_is_read(folder):
    found = gtzan.load(folder, events(folder, ROCK, JAZZ))
    assert found["clip"].values.tolist() == ["jazz/3", "rock/29"] and found["style"].values.tolist() == ["jazz", "rock"]
    assert found["audio"].shape == (2, 5 * gtzan.RATE_HZ) and found.attrs["rate_hz"] == gtzan.RATE_HZ
    raw, rate_hz = soundfile.read(folder / "rock/rock.00029.wav", dtype="float32")
    wanted = gtzan.heard(raw[round(1.5 * rate_hz) : round(6.5 * rate_hz)], rate_hz)
    np.testing.assert_array_equal(found["audio"].sel(clip="rock/29"), wanted)


def test_what_lies_outside_the_excerpt_changes_nothing(folder):
    before = gtzan.load(folder, events(folder, ROCK))["audio"].values
    path = folder / "rock/rock.00029.wav"
    raw, rate_hz = soundfile.read(path, dtype="int16")
    raw[:rate_hz], raw[7 * rate_hz :] = 9000, -9000
    soundfile.write(path, raw, rate_hz, subtype="PCM_16")
    np.testing.assert_array_equal(gtzan.load(folder, events(folder, ROCK))["audio"], before)


def test_defect_1_only_under_its_flag(folder):
    whole = gtzan.load(folder, events(folder, ROCK), whole_file=True)
    raw, _ = soundfile.read(folder / "rock/rock.00029.wav", dtype="float32")
    assert whole.attrs["whole_file"] == 1
    np.testing.assert_array_equal(whole["audio"].values[0], raw)


def test_a_stimulus_has_the_authors_fades_and_level(folder):
    sound = gtzan.heard(np.ones(10 * gtzan.RATE_HZ, np.float32), gtzan.RATE_HZ)
    assert np.sqrt(np.mean(sound**2)) == pytest.approx(gtzan.RMS, rel=1e-4)
    n = 2 * gtzan.RATE_HZ
    np.testing.assert_allclose(sound[:n] / sound[n], np.sin(np.linspace(0, np.pi / 2, n)), atol=1e-4)
    np.testing.assert_allclose(sound[::-1], sound, atol=1e-6)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["0\t5\t'rock'\t30\t0\t5"], "no such file"),
        (["0\t5\t'rock'\t29\t6\t11"], "8.00 s long, the events want 6 to 11 s"),
        ([ROCK, "5\t5\t'rock'\t29\t0\t5"], "wanted one excerpt per clip"),
        (["0\t5\t'rock'\t29\tx\t5"], "line 2: start and end"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(folder, rows, message):
    with pytest.raises(HeschlError, match=message) as caught:
        gtzan.load(folder, events(folder, *rows))
    assert "\n" not in str(caught.value)


def test_a_corrupt_file_is_named(folder):
    (folder / "rock/rock.00029.wav").write_bytes(b"RIFF nothing")
    with pytest.raises(HeschlError, match=r"rock\.00029\.wav: can't be decoded"):
        gtzan.load(folder, events(folder, ROCK))


def test_the_real_events_name_540_clips(real_data):
    found = gtzan._cuts(sorted((real_data / "ds003720-meta").glob("sub-*/func/*_events.tsv")))
    assert len(found) == 540 and len({c.split("/")[0] for c in found}) == 10
    lengths = np.array([end - start for start, end in found.values()])
    assert np.isclose(lengths, 15, atol=0.02).all()
