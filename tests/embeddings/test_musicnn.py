"""The port gives the probabilities that another port of the same weights gave, and its layers keep time."""

from pathlib import Path

import numpy as np
import pytest

from heschl.datasets import mini_styles
from heschl.embeddings import musicnn
from heschl.errors import HeschlError

DATA = Path(__file__).parents[2] / "data"
WEIGHTS = DATA / "musicnn" / "MTT_musicnn.safetensors"
# computed by another implementation (plain functions on the TensorFlow variables)
KNOWN = {
    "metal/muldjord-armygeddon_0": {"rock": 0.5453, "fast": 0.3633, "metal": 0.3113, "drums": 0.2712},
    "techno/noiz2sa-stg0_0": {"techno": 0.8641, "fast": 0.5709, "electronic": 0.5333, "beat": 0.2554},
    "chorale/bwv108-6_0": {"choir": 0.8023, "choral": 0.6529, "opera": 0.3161, "male": 0.2562},
    "fiddle_reel/charteroakreel_0": {"violin": 0.8504, "strings": 0.61, "classical": 0.6068, "fast": 0.0959},
}


@pytest.fixture(scope="module")
def sound():
    return mini_styles.load(DATA / "mini-styles-16k")["audio"]


def test_best_tags_and_their_probabilities_are_known(sound) -> None:
    values = musicnn.tags(sound.sel(clip=list(KNOWN)).values, 16_000, WEIGHTS)
    assert values.shape == (4, 50)
    for row, known in zip(values, KNOWN.values(), strict=True):
        best = {musicnn.TAGS[i]: float(row[i]) for i in row.argsort()[::-1][:4]}
        assert list(best) == list(known)
        assert best == pytest.approx(known, abs=2e-4)


def test_layers_equal_an_independent_computation(sound, real_data) -> None:
    reference = np.load(real_data / "music" / "mini-styles-16k" / "musicnn_features.npz")
    chosen = [0, 12, 35, 75]
    clips = [str(f).rpartition(".")[0] for f in reference["files"][chosen]]
    audio = sound.sel(clip=clips).values
    np.testing.assert_allclose(musicnn.tags(audio, 16_000, WEIGHTS), reference["mtt_tags"][chosen], atol=1e-4)
    # the reference is the mean over five whole patches, 935 frames: cut the clip's last frames off
    whole = audio[:, : 934 * 256]
    layers, _ = musicnn.layers(whole, 16_000, WEIGHTS, bin_s=100.0)
    for name in ("timbral", "temporal", "cnn1", "cnn2", "cnn3"):
        got, wanted = layers[name][:, 0], reference[name][chosen]
        assert np.corrcoef(got.ravel(), wanted.ravel())[0, 1] > 0.9999
    np.testing.assert_allclose(layers["penultimate"][:, 0], reference["mtt_penultimate"][chosen], atol=0.1)


def test_layers_have_their_sizes_and_the_tags_their_mean(sound) -> None:
    audio = sound.values[:1]
    layers, centres_s = musicnn.layers(audio, 16_000, WEIGHTS, bin_s=0.5)
    sizes = {name: values.shape for name, values in layers.items()}
    features = dict(zip(musicnn.LAYERS, (408, 153, 64, 64, 64, 200, 50), strict=True))
    assert sizes == {name: (1, 30, n) for name, n in features.items()}
    np.testing.assert_allclose(centres_s, 0.25 + 0.5 * np.arange(30))
    first_patch = musicnn.tags(audio[:, : 187 * 256], 16_000, WEIGHTS)
    np.testing.assert_allclose(layers["tags"][0, 0], first_patch[0], atol=0.02)


def test_joined_patches_take_only_new_frames_of_the_last() -> None:
    patches = np.arange(3 * 187.0).reshape(3, 1, 187)
    joined = musicnn._join(patches, new=2)
    assert joined.shape == (1, 2 * 187 + 2)
    assert joined[0, -3:].tolist() == [373.0, 559.0, 560.0]
    assert musicnn._join(patches, new=0).shape == (1, 3 * 187)
    assert musicnn._join(patches[:, :, 0], new=2)[0, -3:].tolist() == [187.0, 374.0, 374.0]


def test_wrong_input_is_refused_in_one_line(tmp_path) -> None:
    clip = np.zeros((1, 48_000), np.float32)
    with pytest.raises(HeschlError, match="44100 Hz; musicnn hears 16000 Hz"):
        musicnn.tags(clip, 44_100, WEIGHTS)
    with pytest.raises(HeschlError, match="patches of 3 s"):
        musicnn.layers(clip[:, :40_000], 16_000, WEIGHTS, 0.5)
    (tmp_path / "torn").write_bytes(WEIGHTS.read_bytes()[:1000])
    with pytest.raises(HeschlError, match="torn: can't be read") as error:
        musicnn.tags(clip, 16_000, tmp_path / "torn")
    assert "\n" not in str(error.value)


def test_windows_are_patches_of_their_own(sound) -> None:
    """Each row is the network's answer to the patch of exactly these 3 s; other samples never matter."""
    import torch

    from heschl.nets.musicnn import load
    from heschl.science.mel import mel_power

    audio, windows_s = sound.values[0], np.array([[1.5, 4.5], [12.0, 15.0]])
    values, times_s = musicnn.load(WEIGHTS).embed(audio, 16_000, windows_s)
    assert times_s.tolist() == [1.5, 12.0]
    with torch.inference_mode():
        for row, (start, end) in enumerate((windows_s * 16_000).astype(int)):
            mel = mel_power(audio[start:end], 16_000, 512, 256, 96)[:187].astype(np.float16).astype("f4")
            net = load(WEIGHTS)(torch.from_numpy(np.log10(10_000 * mel + 1))[None])
            np.testing.assert_allclose(values["penultimate"][row], net["penultimate"][0], atol=1e-4)
            np.testing.assert_allclose(values["tags"][row], net["tags"][0], atol=1e-5)
            np.testing.assert_allclose(values["cnn1"][row], net["cnn1"][0].mean(1), atol=1e-4)
    outside = np.zeros_like(audio)
    outside[24_000:72_000] = audio[24_000:72_000]
    again, _ = musicnn.load(WEIGHTS).embed(outside, 16_000, windows_s[:1])
    np.testing.assert_allclose(again["penultimate"][0], values["penultimate"][0], atol=1e-5)
    with pytest.raises(ValueError, match="patches of 3 s"):
        musicnn.load(WEIGHTS).embed(audio, 16_000, np.array([[0.0, 2.0]]))
