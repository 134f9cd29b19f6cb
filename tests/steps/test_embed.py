"""Layers become volumes: the HRF, the lags and the order, through the stores."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from heschl import store
from heschl.errors import HeschlError
from heschl.nets.resnet18_1d import ResNet18, save
from heschl.science.hrf import double_gamma
from heschl.steps import embed

WEIGHTS = Path(__file__).parents[2] / "data" / "musicnn" / "MTT_musicnn.safetensors"
TRIALS = {"tr_s": 1.5, "clip_s": 15.0, "drop_s": 6.0}


def sound(folder: Path, n_samples: int = 48_000) -> Path:
    values = np.random.default_rng(0).standard_normal((3, n_samples)).astype("f4") * 0.1
    arrays = {"audio": (("clip", "sample"), values, {"units": "1"})}
    store.write(folder / "audio.zarr", xr.Dataset(arrays, {"clip": ["c", "a", "b"]}, {"rate_hz": 16_000}))
    return folder / "audio.zarr"


def events(folder: Path, name: str, clips: list[str]) -> Path:
    arrays = {"event_clip": ("event", np.array(clips), {"units": "1"})}
    store.write(folder / f"{name}.zarr", xr.Dataset(arrays))
    return folder / f"{name}.zarr"


def step_layers(folder: Path, n_bins: int = 100) -> Path:
    """Make two layers of clips c, a, b: on all through the clip, clip k at k + 1 (and twice that)."""
    on = np.ones((3, n_bins, 1), np.float32) * np.arange(1, 4)[:, None, None]
    arrays = {"layer-01": (("clip", "bin", "feature_01"), on, {"units": "1"})}
    arrays["layer-02"] = (("clip", "bin", "feature_02"), np.concatenate([on, 2 * on], 2), {"units": "1"})
    attrs = {"layers": ["low", "high"], "bin_s": 0.15, "model": "steps"}
    store.write(folder / "layers.zarr", xr.Dataset(arrays, {"clip": ["c", "a", "b"]}, attrs))
    return folder / "layers.zarr"


def test_tags_are_probabilities_by_name(tmp_path) -> None:
    embed.tags(audio=sound(tmp_path), weights=WEIGHTS, tags=tmp_path / "tags.zarr")
    tags = store.read(tmp_path / "tags.zarr")
    assert tags["tags"].shape == (3, 50) and tags["clip"].values.tolist() == ["c", "a", "b"]
    assert {"guitar", "choral"} <= set(tags["tag"].values)
    assert 0 <= float(tags["tags"].min()) and float(tags["tags"].max()) <= 1


def test_layers_of_a_model_are_stored_by_number_and_name(tmp_path) -> None:
    save(tmp_path / "w", ResNet18(n_tags=5, width=2), list("abcde"))
    out = tmp_path / "layers.zarr"
    embed.layers(audio=sound(tmp_path), weights=tmp_path / "w", layers=out, model="resnet18", bin_s=0.5)
    layers = store.read(out)
    assert layers["layer-01"].dims == ("clip", "bin", "feature_01") and layers["layer-01"].shape == (3, 6, 2)
    assert layers["layer-10"].shape == (3, 6, 5) and layers["layer-10"].dtype == np.float32
    assert layers.attrs["layers"][0] == "conv1" and layers.attrs["bin_s"] == 0.5
    np.testing.assert_allclose(layers["bin"], 0.25 + 0.5 * np.arange(6))


def test_an_unknown_model_is_refused_in_one_line(tmp_path) -> None:
    with pytest.raises(HeschlError, match="embed: models: 'wavenet' given"):
        embed.layers(audio=sound(tmp_path), weights=WEIGHTS, layers=tmp_path / "x.zarr", model="wavenet", bin_s=0.1)


def embedded(folder: Path, model: str, **changes) -> xr.Dataset:
    options = {"weights": [], "source": "", "step_s": 1.5, "clip_s": 15.0} | changes
    audio = options.pop("audio", None) or sound(folder, 15 * 16_000)
    embed.windows(audio=audio, windows=folder / f"{model}.zarr", model=model, **options)
    return store.read(folder / f"{model}.zarr")


def test_windows_are_stored_with_their_starts_and_default_layer(tmp_path) -> None:
    save(tmp_path / "w", ResNet18(n_tags=5, width=2), list("abcde"))
    found = embedded(tmp_path, "resnet18", weights=tmp_path / "w")
    assert found["layer-09"].dims == ("clip", "window", "feature_09") and found["layer-09"].shape == (3, 8, 16)
    assert found["clip"].values.tolist() == ["c", "a", "b"]
    np.testing.assert_allclose(found["window"], 1.5 * np.arange(8))
    assert found["layer-09"].dtype == np.float32 and found["layer-09"].attrs["long_name"] == "conv5_2"
    wanted = {"model": "resnet18", "layer": "conv5_2", "window_s": 3.136, "step_s": 1.5, "kind": "audio"}
    assert {name: found.attrs[name] for name in wanted} == wanted and len(found.attrs["layers"]) == 10


def test_windows_see_the_first_seconds_only(tmp_path) -> None:
    """Defect 1 of science.md A4: what lies behind the 15 s that were heard must not matter."""
    found = embedded(tmp_path, "spectral", audio=sound(tmp_path, 20 * 16_000))
    longer = store.read(tmp_path / "audio.zarr").load()
    longer["audio"][:, 15 * 16_000 :] = 0
    store.write(tmp_path / "cut.zarr", longer)
    again = embedded(tmp_path / "cut", "spectral", audio=tmp_path / "cut.zarr")
    assert found.sizes["window"] == 10
    np.testing.assert_array_equal(found["layer-06"], again["layer-06"])


def test_a_random_crop_is_one_window_and_says_so(tmp_path) -> None:
    """Defect 2 of science.md A4, only under its flag; without it, windows are the same under every seed."""
    fixed = [embedded(tmp_path, "spectral", seed=seed)["layer-06"].values for seed in (0, 1)]
    np.testing.assert_array_equal(*fixed)
    crops = [embedded(tmp_path, "spectral", seed=seed, random_crop=True).load() for seed in (0, 0, 1)]
    assert crops[0].sizes["window"] == 1 and crops[0].attrs["random_crop"] == 1
    assert crops[0]["window"].values.tolist() == [6.75]
    assert len(set(crops[0]["crop_start_s"].values)) == 3
    assert 0 <= crops[0]["crop_start_s"].min() and crops[0]["crop_start_s"].max() <= 13.5
    np.testing.assert_array_equal(crops[0]["layer-06"], crops[1]["layer-06"])
    assert (crops[0]["layer-06"].values != crops[2]["layer-06"].values).any()


def test_words_and_labels_are_of_the_whole_clip(tmp_path) -> None:
    arrays = {"tags": (("clip", "tag"), np.eye(3, dtype="f4"), {"units": "1"})}
    store.write(tmp_path / "tags.zarr", xr.Dataset(arrays, {"clip": ["a", "b", "c"], "tag": ["x", "y", "z"]}))
    found = embedded(tmp_path, "text", weights=tmp_path / "tags.zarr")
    assert found["layer-01"].shape == (3, 1, 384) and found.attrs["kind"] == "text"
    assert found.attrs["window_s"] == 15 and found["window"].values.tolist() == [0]
    from heschl.embeddings.text import embed_text

    np.testing.assert_allclose(found["layer-01"][:, 0], embed_text(["z", "x", "y"]), atol=1e-6)


def cut_clips(folder: Path, clip_s: float) -> Path:
    values = np.random.default_rng(1).standard_normal((4, round(8000 * clip_s))).astype("f4") * 0.1
    arrays = {"audio": (("clip", "sample"), values, {"units": "1"})}
    attrs = {"rate_hz": 8000, "clip_s": clip_s}
    store.write(folder / "clips.zarr", xr.Dataset(arrays, {"clip": np.arange(4)}, attrs))
    return folder / "clips.zarr"


def test_clips_of_styles_are_embedded_like_clips_that_were_heard(tmp_path) -> None:
    options = {"model": "musicnn", "weights": WEIGHTS, "source": "", "step_s": 2.0}
    clips = cut_clips(tmp_path, 5.0)
    embed.clips(clips=clips, features=tmp_path / "f.zarr", **options)
    embed.windows(audio=clips, windows=tmp_path / "w.zarr", clip_s=5.0, **options)
    found, wanted = store.read(tmp_path / "f.zarr").load(), store.read(tmp_path / "w.zarr").load()
    xr.testing.assert_identical(found, wanted)
    assert found["clip"].values.tolist() == [0, 1, 2, 3] and found["window"].values.tolist() == [0, 2]
    assert found.attrs["layer"] == "penultimate" and found["layer-06"].shape == (4, 2, 200)


@pytest.mark.parametrize("model", ["clap", "genre", "text"])  # too long a window; no sound
def test_models_that_cannot_hear_the_clips_are_refused(tmp_path, model) -> None:
    options = {"clips": cut_clips(tmp_path, 5.0), "weights": [], "source": "x", "step_s": 1.5}
    with pytest.raises(HeschlError, match=f"tell: model: '{model}' given; wanted one that hears 5 s of sound or less"):
        embed.clips(features=tmp_path / "f.zarr", model=model, **options)


def test_windows_that_cannot_be_are_refused_in_one_line(tmp_path) -> None:
    refused = [
        ({"model": "wavenet"}, "embed: models: 'wavenet' given"),
        ({"model": "clap"}, "embed: clap: no source and no weights given"),
        ({"model": "clap", "source": "laion/larger_clap_music"}, "no such folder and no revision"),
        ({"model": "text"}, "neither captions nor tags"),
        ({"model": "genre"}, "no styles"),
        ({"model": "spectral", "clip_s": 16.0}, "clips of 15 s; wanted 16 s"),
        ({"model": "clap", "source": "x", "clip_s": 9.0}, "a clip of 9 s is shorter than the window of 10 s"),
    ]
    for options, message in refused:
        with pytest.raises(HeschlError, match=message) as error:
            embedded(tmp_path, **options)
        assert "\n" not in str(error.value)


def test_volumes_follow_the_integral_of_the_response(tmp_path) -> None:
    heard = [events(tmp_path, "run-1", ["b", "a", "b"]), events(tmp_path, "run-2", ["a"])]
    embed.volumes(layers=step_layers(tmp_path), features=tmp_path / "f.zarr", events=heard, **TRIALS)
    features = store.read(tmp_path / "f.zarr")
    lag_s = 6.75 + 1.5 * np.arange(6)  # volumes 4 to 9 of 10, at their middles
    assert features["clip"].values.tolist() == ["a"] * 6 + ["b"] * 6
    np.testing.assert_allclose(features["lag_s"], np.tile(lag_s, 2))
    time_s = np.arange(0, 32, 0.001) + 0.0005
    response = double_gamma(time_s) / double_gamma(time_s).sum()
    wanted = np.array([response[time_s < lag].sum() for lag in lag_s])
    np.testing.assert_allclose(features["layer-01"][:, 0], np.concatenate([2 * wanted, 3 * wanted]), rtol=0.01)
    np.testing.assert_allclose(features["layer-02"][:, 1], 2 * features["layer-01"][:, 0], rtol=1e-5)
    assert features.attrs["layers"] == ["low", "high"] and features["layer-01"].dtype == np.float32


def test_clips_that_the_layers_lack_are_refused(tmp_path) -> None:
    layers = step_layers(tmp_path)
    out = {"layers": layers, "features": tmp_path / "f.zarr"}
    with pytest.raises(HeschlError, match="no clip z"):
        embed.volumes(**out, events=[events(tmp_path, "run-1", ["a", "z"])], **TRIALS)
    with pytest.raises(HeschlError, match="no clip was played"):
        embed.volumes(**out, events=[events(tmp_path, "run-2", [])], **TRIALS)
    with pytest.raises(HeschlError, match="clips of 15 s; wanted 29 s"):
        embed.volumes(**out, events=[events(tmp_path, "run-3", ["a"])], **TRIALS | {"clip_s": 29.0})


def test_categories_are_one_hot_in_the_same_order(tmp_path) -> None:
    heard = [events(tmp_path, "run-1", ["house-02", "face-01"]), events(tmp_path, "run-2", ["face-10"])]
    embed.categories(events=heard, features=tmp_path / "f.zarr", **TRIALS)
    features = store.read(tmp_path / "f.zarr")
    assert features["clip"].values[::6].tolist() == ["face-01", "face-10", "house-02"]
    assert features["layer-01"].values[::6].tolist() == [[1, 0], [1, 0], [0, 1]]
    assert features["layer-01"].shape == (18, 2)
    assert features.attrs["layers"] == ["category"] and features.attrs["categories"] == ["face", "house"]
