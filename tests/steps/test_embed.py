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
