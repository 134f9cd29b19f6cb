"""The tagger from stores to weights and scores, on a corpus whose styles are easy to hear."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from heschl import sections, sharded, store, training_sets
from heschl.errors import HeschlError
from heschl.nets import tagger as nets
from heschl.nets.excerpts import Recipe, Rows
from heschl.nets.resnet18_1d import load
from heschl.steps import train

SETTINGS = {
    "windows": [],
    "corpus": "styles",
    "variant": "full",
    "epochs": 2,
    "steps_per_epoch": 8,
    "batch": 8,
    "excerpt_samples": 4096,
    "seed": 0,
    "validation_fraction": 0.5,
    "present_above": 0.3,
    "style_weight": 1.0,
    "patience": 10,
    "cover_all": False,
    "width": 8,
    "learning_rate": 2e-4,
    "schedule": "constant",
    "gain_db": 0.0,
    "speed_percent": 0.0,
    "devices": 1,
    "workers": 0,
    "compile": False,
}
PER_TAG = ("roc_auc", "roc_auc_low", "roc_auc_high", "error", "pr_auc", "z", "n_present", "baseline_auc")
ALONE = (
    *("macro_roc_auc", "macro_roc_auc_low", "macro_roc_auc_high", "macro_pr_auc", "baseline_macro_roc_auc"),
    *("difference", "difference_low", "difference_high", "difference_p", "chance_z", "chance_p"),
    *("negative_z", "negative_p", "frequency_r", "frequency_t", "frequency_p", "style_accuracy"),
)


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
    train.tagger(audio=audio, tags=tags, **out, **(SETTINGS | changes))
    return out


def test_the_tagger_learns_and_is_scored_on_tracks_held_out(tmp_path) -> None:
    out = run(tmp_path, epochs=5, steps_per_epoch=12)
    scores, history = store.read(out["scores"]), store.read(out["history"])
    assert float(scores["style_accuracy"]) > 0.6 and float(scores["macro_roc_auc"]) > 0.7
    assert scores["tag"].values.tolist() == ["low", "high"]
    assert scores.attrs["n_clips"] == 12 and "not MagnaTagATune" in scores.attrs["reference"]
    assert np.all(scores["roc_auc_low"] <= scores["roc_auc"]) and np.all(scores["roc_auc"] <= scores["roc_auc_high"])
    assert all(scores[name].dims == ("tag",) for name in PER_TAG) and all(scores[name].ndim == 0 for name in ALONE)
    assert scores["category_t"].dims == ("category",) and 0 <= float(scores["baseline_macro_roc_auc"]) <= 1
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
    tags = {"tags": (("clip", "tag"), np.tile(np.eye(2), (18, 25)).astype("f4"), {"units": "1"})}
    coords = {"clip": store.read(audio)["clip"].values, "tag": [f"tag{i}" for i in range(50)]}
    store.write(tmp_path / "tags.zarr", xr.Dataset(tags, coords))
    found = training_sets.styles(audio, tmp_path / "tags.zarr", [], 0.3, 0.5, 0)
    defaults = sections.Train()
    recipe = Recipe(**{name: getattr(defaults, name) for name in Recipe.__dataclass_fields__})
    assert (recipe.learning_rate, recipe.schedule, recipe.excerpt_samples) == (2e-4, "constant", 50_176)
    assert (recipe.gain_db, recipe.speed_percent, recipe.devices, recipe.workers, recipe.compile) == (0, 0, 1, 0, False)
    learner = train._learner(found, recipe, defaults.cover_all, defaults.width)
    assert sum(p.numel() for p in learner.net.parameters()) == train.N_PARAMETERS and len(found.tags) == 50


def test_excerpts_learn_the_tags_of_their_own_time(tmp_path) -> None:
    audio, tags = corpus(tmp_path)
    clips, starts_s = store.read(audio)["clip"].values, np.array([0.0, 0.1, 0.2])
    values = np.random.default_rng(0).random((36, 3, 2)).astype("f4")
    windows = {"layer-01": (("clip", "window", "feature_01"), np.zeros((36, 3, 1), "f4"), {"units": "1"})}
    windows["layer-02"] = (("clip", "window", "feature_02"), values, {"units": "1"})
    coords = {"clip": clips, "window": ("window", starts_s, {"units": "s"})}
    attrs = {"layers": ["penultimate", "tags"], "window_s": 0.3}
    store.write(tmp_path / "windows.zarr", xr.Dataset(windows, coords, attrs))
    found = training_sets.styles(audio, tags, tmp_path / "windows.zarr", 0.3, 0.5, 0)
    np.testing.assert_allclose(found.heard.centre, [2400, 4000, 5600])
    np.testing.assert_array_equal(found.heard.tags.numpy(), values)
    np.testing.assert_array_equal(found.heard.present, store.read(tags)["tags"].values >= 0.3)  # scored on whole clips
    run(tmp_path, windows=tmp_path / "windows.zarr", epochs=1, gain_db=3.0, speed_percent=5.0, schedule="one_cycle")
    store.write(tmp_path / "windows.zarr", xr.Dataset(windows, coords | {"clip": clips[::-1]}, attrs))
    with pytest.raises(HeschlError, match="windows.zarr: its clips aren't those of the audio"):
        run(tmp_path, windows=tmp_path / "windows.zarr")


def magnatagatune(folder: Path) -> Path:
    """Make 48 clips of 24 songs on disk, as `gather` does: low tones and high tones, parts by song."""
    rng, time_s = np.random.default_rng(0), np.arange(8000) / 16_000
    low = np.repeat(rng.permutation(np.arange(24) % 2 == 0), 2)
    hz = np.where(low, 150, 3000)[:, None] * rng.uniform(0.9, 1.1, (48, 1))
    rows = (10_000 * np.sin(time_s * hz * 6.28)).astype(np.int16)
    part = np.repeat(["train"] * 12 + ["validation"] * 6 + ["test"] * 6, 2)
    coords = {"clip": [str(i) for i in range(48)], "tag": ["slow", "fast"], "part": ("clip", part)}
    coords["song"] = ("clip", [f"s{i // 2}" for i in range(48)])
    arrays = {"present": (("clip", "tag"), np.stack([low, ~low], 1), {"units": "1"})}
    arrays["seconds"] = ("clip", np.where(np.arange(48) == 3, 29.0, 29.12), {"units": "s"})
    small = xr.Dataset(arrays, coords, {"rate_hz": 16_000})
    blocks = (rows[i : i + 16] for i in range(0, 48, 16))
    about = {"name": "audio", "dims": ("clip", "sample"), "shape": rows.shape, "rows": 16}
    sharded.write(folder / "magnatagatune.zarr", blocks, lambda: small, **about)
    return folder / "magnatagatune.zarr"


def test_magnatagatune_is_learnt_from_disk_in_its_own_parts(tmp_path) -> None:
    path = magnatagatune(tmp_path)
    full, clean = (training_sets.published(path, variant) for variant in ("full", "clean"))
    assert [len(full.split[part]) for part in ("train", "validation", "test")] == [24, 12, 12]
    assert len(clean.split["train"]) == 23 and isinstance(full.heard.audio, Rows)
    out = {"weights": tmp_path / "w.safetensors", "history": tmp_path / "h.zarr", "scores": tmp_path / "s.zarr"}
    settings = SETTINGS | {"corpus": "magnatagatune", "epochs": 4, "steps_per_epoch": 12, "workers": 2}
    train.tagger(audio=path, tags=[], **out, **settings)
    scores = store.read(out["scores"])
    assert scores.attrs["reference"] == "MagnaTagATune, full" and scores.attrs["n_tracks"] == 6
    assert float(scores["macro_roc_auc"]) > 0.8 and np.isnan(scores["style_accuracy"])
    assert load(out["weights"])[1] == ["slow", "fast"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"excerpt_samples": 9000}, "train: excerpt_samples: 9000; wanted at most a clip's 8000"),
        ({"validation_fraction": 1.0}, "style high: 6 tracks"),
        ({"present_above": 0.99}, "no tag is in some of the"),
        ({"devices": 3}, "train: batch: 8 clips on 3 devices; wanted as many on each"),
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
