"""Telling styles: scores and weights of each split, on a corpus whose styles are easy to hear."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from heschl import store
from heschl.errors import HeschlError
from heschl.nets import style_weights
from heschl.steps import tell

SETTINGS = {"seed": 0, "n_folds": 4, "epochs": 5, "batch": 12, "bn_eval": "exact_train", "n_bootstraps": 1000}
N = 1600


def corpus(folder: Path) -> Path:
    """Make 60 clips of 5 + 5 tracks: low tones or high ones, in noise."""
    rng, t = np.random.default_rng(0), np.arange(N) / 8000
    style, track = np.repeat(["high", "low"], 30), np.repeat([f"t{i}" for i in range(10)], 6)
    hz = np.where(style == "high", 2500, 200)[:, None] * rng.uniform(0.9, 1.1, (60, 1))
    wave = 0.3 * np.sin(2 * np.pi * hz * t) + 0.1 * rng.standard_normal((60, N))
    coords = {"clip": np.arange(60), "style": ("clip", style), "track": ("clip", track)}
    coords["start_s"] = ("clip", np.tile(np.arange(6) * 0.2, 10), {"units": "s"})
    arrays = {"audio": (("clip", "sample"), wave.astype("f4"), {"units": "1"})}
    store.write(folder / "clips.zarr", xr.Dataset(arrays, coords, {"styles": ["high", "low"], "rate_hz": 8000}))
    return folder / "clips.zarr"


def run(folder: Path, split: str, **changes: object) -> tuple[xr.Dataset, Path]:
    out = {"scores": folder / f"{split}.zarr", "weights": folder / f"{split}.safetensors"}
    given = {"clips": corpus(folder), "features": [], **out, "split": split, **SETTINGS, **changes}
    tell.styles(**given)
    return store.read(out["scores"]).load(), out["weights"]


def test_every_clip_is_tested_on_tracks_held_out(tmp_path):
    found, weights = run(tmp_path, "track_grouped")
    assert found.attrs["accuracy"] == found["right"].values.mean() > 0.9 and found.attrs["leaks"] == 0
    assert 0.5 < found.attrs["ci_low"] <= found.attrs["accuracy"] <= found.attrs["ci_high"] <= 1
    assert found["fold"].values.max() == 3 and found["loss"].shape == found["seconds"].shape == (4, 5)
    assert found["probability"].dims == ("clip", "answer") and found["answer"].values.tolist() == ["high", "low"]
    named = found["answer"].values[found["answered"].values]
    np.testing.assert_array_equal(found["right"].values, named == found["style"].values)
    np.testing.assert_array_equal(found["answered"].values, found["probability"].values.argmax(1))
    assert found.attrs["split"] == "track_grouped" and found.attrs["front_end"] == "raw"
    assert found.attrs.items() >= {"epochs": 5, "batch": 12, "learning_rate": 0.01, "bn_axes": [0, 2]}.items()
    told = style_weights.about(weights)
    assert (told["styles"], told["fold"], told["rate_hz"], told["split"]) == (["high", "low"], 3, 8000, "track_grouped")


def test_the_weights_are_the_last_folds(tmp_path):
    import torch

    found, weights = run(tmp_path, "contiguous")
    last = found["fold"].values == 3
    wave = store.read(tmp_path / "clips.zarr")["audio"].values[last]
    with torch.no_grad():
        answer = torch.softmax(style_weights.load(weights)(torch.from_numpy(wave)), 1).numpy()
    np.testing.assert_allclose(answer, found["probability"].values[last], atol=1e-6)
    assert found.attrs["leaks"] == 36  # 30 clips in four stretches part three of five tracks, of each style


def test_the_same_call_gives_the_same_answers(tmp_path):
    (tmp_path / "again").mkdir()
    first, weights = run(tmp_path, "track_grouped")
    second, again = run(tmp_path / "again", "track_grouped")
    assert weights.read_bytes() == again.read_bytes()
    xr.testing.assert_identical(first.drop_vars("seconds"), second.drop_vars("seconds"))


def test_canaries_learn_what_is_not_so(tmp_path):
    found, _ = run(tmp_path, "permuted")
    assert found.attrs["accuracy"] < 0.8 and found.attrs["ci_low"] < 0.5 < found.attrs["ci_high"] + 0.1
    assert found.attrs["leaks"] == 0


def test_features_of_a_model_take_the_place_of_sound(tmp_path):
    style = store.read(corpus(tmp_path))["style"].values
    rng = np.random.default_rng(1)
    values = rng.standard_normal((60, 3, 8)) + 3.0 * (style == "low")[:, None, None]
    arrays = {f"layer-{i:02d}": (("clip", "window", f"feature_{i:02d}"), v, {"units": "1", "long_name": name})
              for i, name, v in ((1, "deep", values), (2, "last", values * 0))}  # fmt: skip
    path = tmp_path / "features.zarr"
    store.write(path, xr.Dataset(arrays, {"clip": np.arange(60)}, {"layer": "deep"}))
    found, weights = run(tmp_path, "track_grouped", features=[path], front_end="embedding")
    assert found.attrs["accuracy"] == 1 and style_weights.about(weights)["options"]["n_samples"] == 8
    store.write(path, store.read(path).load().isel(clip=slice(50)))
    with pytest.raises(HeschlError, match="50 clips, not the 60"):
        run(tmp_path, "track_grouped", features=[path], front_end="embedding")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"split": "random"}, "split 'random'"),
        ({"front_end": "cepstrum"}, "front end 'cepstrum'"),
        ({"front_end": "embedding"}, "front end 'embedding' and 0 stores"),
        ({"front_end": "mel"}, "too short for the mel network"),
        ({"n_folds": 1}, "1 folds"),
    ],
)
def test_bad_settings_are_refused(tmp_path, changes, told):
    with pytest.raises(HeschlError, match=told):
        run(tmp_path, **{"split": "track_grouped"} | changes)
    assert not (tmp_path / "track_grouped.zarr").exists()


def test_networks_that_fail_are_not_counted_as_wrong(tmp_path):
    found, _ = run(tmp_path, "track_grouped", learning_rate=1e30, epochs=2)
    assert np.isnan(found["right"].values).all() and np.isnan(found.attrs["accuracy"])
