"""The embedded corpus is whole, and what isn't is refused in one line."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import soundfile

from heschl.datasets.mini_styles import load
from heschl.errors import HeschlError

CORPUS = Path(__file__).parents[2] / "data" / "mini-styles-16k"


def corpus(folder: Path, rate_hz: int = 16_000, channels: int = 1) -> Path:
    rows = ["file,style,track,artist,sha256"]
    for name, seconds in (("jazz/b_0", 0.5), ("jazz/a.x_1", 0.25)):
        path = folder / f"{name}.wav"
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.full((int(seconds * rate_hz), channels), 0.25), rate_hz)
        rows.append(f"{name}.wav,jazz,{name[:-2]},Nobody,{hashlib.sha256(path.read_bytes()).hexdigest()}")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")
    return folder


def test_embedded_corpus_is_whole() -> None:
    sound = load(CORPUS)
    assert sound["audio"].shape == (80, 240_000) and sound["audio"].dtype == np.float32
    assert sound.attrs["rate_hz"] == 16_000 and sound["audio"].attrs["units"] == "1"
    styles, counts = np.unique(sound["style"].values, return_counts=True)
    assert len(styles) == 8 and set(counts) == {10}
    assert len(set(sound["track"].values)) == 72
    assert "metal/muldjord-armygeddon_0" in sound["clip"].values
    level = np.sqrt(np.mean(sound["audio"].values ** 2, 1, dtype=np.float64))
    assert np.all((level > 0.05) & (level < 0.11))


def test_embedded_corpus_names_every_licence() -> None:
    text = (CORPUS / "LICENSE.md").read_text()
    for word in (
        "CC-BY-SA-3.0",
        "BSD-2-Clause",
        "MIT",
        "Max McCracken",
        "Shawn Parrotte",
        "Kenta Cho",
        "Muldjord",
    ):
        assert word in text


def test_clips_are_sorted_and_padded_with_zeros(tmp_path) -> None:
    sound = load(corpus(tmp_path))
    assert sound["clip"].values.tolist() == ["jazz/a.x_1", "jazz/b_0"]
    assert sound["track"].values.tolist() == ["jazz/a.x", "jazz/b"]
    np.testing.assert_allclose(
        sound["audio"].values[:, [0, 3999, 4000, 7999]], [[0.25, 0.25, 0, 0], [0.25] * 4], atol=1e-4
    )


def lose_the_folder(folder: Path) -> None:
    (folder / "manifest.csv").unlink()


def lose_a_clip(folder: Path) -> None:
    (folder / "jazz" / "b_0.wav").unlink()


def corrupt_a_clip(folder: Path) -> None:
    path = folder / "jazz" / "b_0.wav"
    data = bytearray(path.read_bytes())
    data[3000] ^= 1
    path.write_bytes(data)


def list_nothing(folder: Path) -> None:
    (folder / "manifest.csv").write_text("file,style,track,artist,sha256\n")


def drop_a_column(folder: Path) -> None:
    text = (folder / "manifest.csv").read_text()
    (folder / "manifest.csv").write_text(text.replace("artist", "singer"))


def list_a_text(folder: Path) -> None:
    (folder / "note.wav").write_text("not a sound")
    digest = hashlib.sha256(b"not a sound").hexdigest()
    (folder / "manifest.csv").write_text(f"file,style,track,artist,sha256\nnote.wav,a,b,c,{digest}\n")


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (lose_the_folder, "manifest.csv: no such file; wanted a corpus"),
        (lose_a_clip, "b_0.wav: no such clip"),
        (corrupt_a_clip, "b_0.wav: its sha256"),
        (list_nothing, "lists no clip"),
        (drop_a_column, "column artist is missing"),
        (list_a_text, "note.wav: can't be decoded"),
    ],
)
def test_harm_is_told_in_one_line(tmp_path, harm, told) -> None:
    harm(corpus(tmp_path))
    with pytest.raises(HeschlError, match=told) as error:
        load(tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("rate_hz", "channels", "told"), [(8000, 1, "8000 Hz, 1 channels"), (16_000, 2, "2 channels")])
def test_other_formats_are_refused(tmp_path, rate_hz, channels, told) -> None:
    with pytest.raises(HeschlError, match=told):
        load(corpus(tmp_path, rate_hz, channels))
