"""Words, labels and low-level features: what they tell apart, and what they must not see."""

import numpy as np
import pytest
import xarray as xr

from heschl.embeddings import genre, spectral, text
from heschl.errors import HeschlError


def corpus(**arrays) -> xr.Dataset:
    coords = {"clip": ["rock/1", "rock/2", "jazz/1"], "style": ("clip", ["rock", "rock", "jazz"])}
    return xr.Dataset(arrays, coords)


def test_sentences_are_as_similar_as_their_authors_say() -> None:
    """The example of the Sentence Transformers documentation, computed there with their own library."""
    texts = ["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]
    vectors = text.embed_text([*texts, texts[0]])
    assert vectors.shape == (4, 384) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    wanted = [[1, 0.6660, 0.1046], [0.6660, 1, 0.1411], [0.1046, 0.1411, 1]]
    np.testing.assert_allclose(vectors[:3] @ vectors[:3].T, wanted, atol=1e-4)
    np.testing.assert_array_equal(vectors[0], vectors[3])
    np.testing.assert_array_equal(vectors[:1], text.embed_text(texts[:1]))


@pytest.mark.parametrize("columns", ["clip", "genre,track"])
def test_captions_are_found_by_clip_and_averaged(tmp_path, columns) -> None:
    rows = {"rock/1": ["loud guitars"], "rock/2": ["loud guitars"], "jazz/1": ["a slow saxophone", "a late bar"]}
    lines = [f'{clip if columns == "clip" else clip.replace("/", ",")},"{c}"' for clip in rows for c in rows[clip]]
    (tmp_path / "c.csv").write_text(f"{columns},caption\n" + "\n".join(lines))
    found = text.load(str(tmp_path / "c.csv")).describe(corpus())["minilm"]
    assert found.shape == (3, 1, 384)
    np.testing.assert_array_equal(found[0], found[1])
    mean = text.embed_text(rows["jazz/1"]).mean(0)
    np.testing.assert_allclose(found[2, 0], mean / np.linalg.norm(mean), atol=1e-6)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("clip,caption\nrock/1,loud\n", "no caption of rock/2 \\(2 of 3 clips\\)"),
        ("clip,words\nrock/1,loud\n", "columns clip, words; wanted clip"),
        ("clip,caption\nrock/1,\n", "line 2 has no caption"),
        ("", "columns none"),
    ],
)
def test_bad_captions_are_refused(tmp_path, content, message) -> None:
    (tmp_path / "c.csv").write_text(content)
    with pytest.raises(HeschlError, match=message):
        text.load(str(tmp_path / "c.csv")).describe(corpus())


def test_tags_mix_their_words_by_probability() -> None:
    share = np.array([[1, 0], [0, 1], [0.5, 0.5]], np.float32)
    sound = corpus(tags=(("clip", "tag"), share)).assign_coords(tag=["guitar", "choir"])
    found = text.load().describe(sound)["minilm"][:, 0]
    words = text.embed_text(["guitar", "choir"])
    np.testing.assert_allclose(found[:2], words, atol=1e-6)
    np.testing.assert_allclose(found[2], words.sum(0) / np.linalg.norm(words.sum(0)), atol=1e-6)
    with pytest.raises(HeschlError, match="neither captions nor tags"):
        text.load().describe(corpus())
    with pytest.raises(HeschlError, match="no such file"):
        text.load("nowhere.csv")


def test_genre_is_one_hot() -> None:
    found = genre.load().describe(corpus())["genre"]
    assert found[:, 0].tolist() == [[0, 1], [0, 1], [1, 0]] and found.dtype == np.float32
    with pytest.raises(HeschlError, match="no styles"):
        genre.load().describe(corpus().drop_vars("style"))


def test_low_level_features_of_a_window_are_its_own_but_for_tempo_and_modulation() -> None:
    rng = np.random.default_rng(0)
    audio, other = (rng.standard_normal(15 * 16_000).astype("f4") * 0.1 for _ in range(2))
    windows_s = np.stack([np.arange(10) * 1.5, np.arange(1, 11) * 1.5], 1)
    values, times_s = spectral.load().embed(audio, 16_000, windows_s)
    sizes = {"mel": 40, "mfcc": 13, "chroma": 12, "rhythm": 6, "modulation": 25, "all": 96}
    assert {name: group.shape for name, group in values.items()} == {k: (10, n) for k, n in sizes.items()}
    np.testing.assert_allclose(times_s, windows_s[:, 0])
    other[4 * 24_000 : 5 * 24_000] = audio[4 * 24_000 : 5 * 24_000]
    changed, _ = spectral.load().embed(other, 16_000, windows_s)
    for name in ("mel", "mfcc", "chroma"):
        np.testing.assert_array_equal(values[name][4], changed[name][4])
        assert (values[name][5] != changed[name][5]).any()
    np.testing.assert_array_equal(values["rhythm"][4, :4], changed["rhythm"][4, :4])
    assert (values["modulation"][4] != changed["modulation"][4]).any()
    again, _ = spectral.load().embed(audio, 16_000, windows_s)
    np.testing.assert_array_equal(values["all"], again["all"])


def test_mel_in_bins_is_librosas() -> None:
    """Bins of 40 frames: the mean over each bin's time, where the frames at its edges count by half."""
    librosa = pytest.importorskip("librosa")
    audio = np.random.default_rng(1).standard_normal((2, 32_000)).astype("f4") * np.linspace(
        0.01, 0.2, 32_000, dtype="f4"
    )
    found, times_s = spectral.layers(audio, 16_000, [], bin_s=0.4)
    assert list(found) == ["mel"] and found["mel"].shape == (2, 5, 40) and found["mel"].dtype == np.float32
    np.testing.assert_allclose(times_s, 0.2 + 0.4 * np.arange(5))
    options = {"sr": 16_000, "n_fft": 1024, "hop_length": 160, "n_mels": 40, "pad_mode": "constant"}
    for clip, values in zip(audio, found["mel"], strict=True):
        power = librosa.feature.melspectrogram(y=clip, **options)
        wanted = librosa.power_to_db(power, amin=1e-10, top_db=None).T
        for k, row in enumerate(values):
            weights = np.r_[0.5, np.ones(39), 0.5]
            np.testing.assert_allclose(
                row, np.average(wanted[40 * k : 40 * k + 41], axis=0, weights=weights), atol=0.02
            )


def test_mel_in_bins_of_another_rate_is_of_the_same_sound() -> None:
    time_s = np.arange(48_000) / 24_000
    slow = np.sin(2 * np.pi * 440 * time_s[None]).astype("f4")
    found, _ = spectral.layers(slow, 24_000, "", bin_s=0.5)
    wanted, _ = spectral.layers(
        np.sin(2 * np.pi * 440 * np.arange(32_000)[None] / 16_000).astype("f4"), 16_000, "", 0.5
    )
    assert found["mel"].shape == wanted["mel"].shape == (1, 4, 40)
    np.testing.assert_array_equal(found["mel"][0, 1:3].argmax(1), wanted["mel"][0, 1:3].argmax(1))
    np.testing.assert_allclose(found["mel"][0, 1:3].max(1), wanted["mel"][0, 1:3].max(1), atol=0.1)
