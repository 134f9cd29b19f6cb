"""The tagger from stores to weights and scores, on a corpus whose styles are easy to hear."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from heschl import store
from heschl.errors import HeschlError
from heschl.nets import tagger as nets
from heschl.nets.resnet18_1d import load
from heschl.steps import train

SETTINGS = {
    "epochs": 2,
    "steps_per_epoch": 8,
    "batch": 8,
    "excerpt_samples": 4096,
    "seed": 0,
    "validation_fraction": 0.5,
    "width": 8,
}


def corpus(folder: Path) -> tuple[Path, Path]:
    """Make 36 clips of 18 tracks: low tones, high tones, noise; tags "low" and "high"."""
    rng, time_s = np.random.default_rng(0), np.arange(8000) / 16_000
    style = np.repeat(["high", "low", "noise"], 12)
    hz = {"high": 3000, "low": 150}
    rows = [rng.standard_normal(8000) * 0.3 if s == "noise" else np.sin(time_s * hz[s] * 6.28) for s in style]
    coords = {"clip": [f"{i:02d}" for i in range(36)], "style": ("clip", style)}
    coords["track"] = ("clip", [f"t{i // 2}" for i in range(36)])
    audio = {"audio": (("clip", "sample"), np.array(rows, "f4"), {"units": "1"})}
    store.write(folder / "audio.zarr", xr.Dataset(audio, coords, {"rate_hz": 16_000}))
    tags = np.stack([style == "low", style == "high"], 1) * 0.9 + 0.05
    arrays = {"tags": (("clip", "tag"), tags.astype("f4"), {"units": "1"})}
    store.write(folder / "tags.zarr", xr.Dataset(arrays, {"clip": coords["clip"], "tag": ["low", "high"]}))
    return folder / "audio.zarr", folder / "tags.zarr"


def run(folder: Path, **changes: object) -> dict[str, Path]:
    audio, tags = corpus(folder)
    out = {"weights": folder / "w.safetensors", "history": folder / "h.zarr", "scores": folder / "s.zarr"}
    train.tagger(audio=audio, tags=tags, **out, **SETTINGS | changes)
    return out


def test_the_tagger_learns_and_is_scored_on_tracks_held_out(tmp_path) -> None:
    out = run(tmp_path, epochs=5, steps_per_epoch=12)
    scores, history = store.read(out["scores"]), store.read(out["history"])
    assert float(scores["style_accuracy"]) > 0.6 and float(scores["macro_roc_auc"]) > 0.7
    assert scores["tag"].values.tolist() == ["low", "high"]
    assert scores.attrs["n_clips"] == 12 and "not MagnaTagATune" in scores.attrs["reference"]
    assert np.all(scores["roc_auc_low"] <= scores["roc_auc"]) and np.all(scores["roc_auc"] <= scores["roc_auc_high"])
    assert history["loss"].sizes["step"] == 60 and history["validation_auc"].sizes["epoch"] == 5
    net, names = load(out["weights"])
    assert names == ["low", "high"] and not any("styles" in name for name in net.state_dict())
    assert not list((tmp_path / "checkpoints").iterdir())


def test_a_killed_training_ends_with_the_same_bytes(tmp_path, monkeypatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    whole = run(tmp_path / "a")
    monkeypatch.setattr(nets, "CHECKPOINT_STEPS", 2)
    step = nets.Tagger.training_step

    def die(self, batch, index):
        if self.global_step == 5:
            raise KeyboardInterrupt
        return step(self, batch, index)

    with monkeypatch.context() as patch, pytest.raises((KeyboardInterrupt, SystemExit)):
        patch.setattr(nets.Tagger, "training_step", die)
        run(tmp_path / "b")
    assert len(list((tmp_path / "b" / "checkpoints").glob("*/last.ckpt"))) == 1
    again = run(tmp_path / "b")
    assert again["weights"].read_bytes() == whole["weights"].read_bytes()
    for name in ("history", "scores"):
        xr.testing.assert_identical(store.read(again[name]).load(), store.read(whole[name]).load())


def test_other_settings_never_take_up_a_checkpoint(tmp_path) -> None:
    audio, tags = corpus(tmp_path)
    folders = [train._checkpoints(tmp_path / "w", {"seed": seed}, [audio, tags]) for seed in (0, 1, 0)]
    assert folders[0] == folders[2] != folders[1] and folders[0].parent == tmp_path / "checkpoints"


def test_the_published_network_is_the_default(tmp_path) -> None:
    audio, _ = corpus(tmp_path)
    n_clips = 36
    tags = {"tags": (("clip", "tag"), np.tile(np.eye(2), (18, 25)).astype("f4"), {"units": "1"})}
    coords = {"clip": store.read(audio)["clip"].values, "tag": [f"tag{i}" for i in range(50)]}
    store.write(tmp_path / "tags.zarr", xr.Dataset(tags, coords))
    heard, names, _ = train._examples(audio, tmp_path / "tags.zarr", 0.3)
    split = {"train": np.arange(n_clips), "validation": np.arange(4)}
    recipe = nets.Recipe(1, 1, 2, 2048, 1.0, 1, 0)
    learner = train._learner(heard, split, recipe, cover_all=False, width=64)
    assert sum(p.numel() for p in learner.net.parameters()) == train.N_PARAMETERS and len(names) == 50


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"excerpt_samples": 9000}, "train: excerpt_samples: 9000; wanted at most a clip's 8000"),
        ({"validation_fraction": 1.0}, "style high: 6 tracks"),
        ({"present_above": 0.99}, "no tag is in some of the"),
    ],
)
def test_what_cannot_be_trained_is_refused_at_once(tmp_path, changes, told) -> None:
    with pytest.raises(HeschlError, match=told):
        run(tmp_path, **changes)


def test_tags_of_other_clips_are_refused(tmp_path) -> None:
    audio, tags = corpus(tmp_path)
    store.write(tags, store.read(tags).load().isel(clip=slice(None, None, -1)))
    paths = {"weights": tmp_path / "w", "history": tmp_path / "h.zarr", "scores": tmp_path / "s.zarr"}
    with pytest.raises(HeschlError, match="its clips aren't those of the audio"):
        train.tagger(audio=audio, tags=tags, **paths, **SETTINGS)
