"""Listeners for decoding, written as BIDS: valid, readable by our own ingest, with the truth beside them."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest
import xarray as xr

from heschl import store
from heschl.datasets import bids
from heschl.errors import HeschlError
from heschl.steps import listen, simulate

STYLES = ("folk", "metal", "techno")
SECONDS, RATE = 6, 500
SETTINGS = {
    "noise_subjects": ["05"],
    "drivers": ["low", "high"],
    "training_task": "Training",
    "test_task": "Test",
    "n_training_runs": 2,
    "n_test_runs": 1,
    "test_per_style": 1,
    "n_repeats": 2,
    "tr_s": 2.0,
    "clip_s": 6.0,
    "voxel_mm": 8.0,
    "effect_percent": 2.0,
    "mixing": 0.5,
    "n_latents": 3,
    "motion_mm": 0.5,
    "seed": 3,
    "simulate_seed": 7,
    "group_voxel_mm": 4.0,
}


def windows(folder, model, clips, **change):
    """Write a store of windows with two layers, the second one the default."""
    rng = np.random.default_rng(len(model))
    arrays = {
        f"layer-{k:02d}": (
            ("clip", "window", f"feature_{k:02d}"),
            rng.standard_normal((len(clips), 3, 5)),
            {"units": "1"},
        )
        for k in (1, 2)
    }
    coords = {"clip": clips, "window": ("window", [0.0, 2.0, 4.0], {"units": "s"})}
    attrs = {"model": model, "layers": ["first", "second"], "layer": "second", "window_s": 2.0, "step_s": 2.0}
    path = folder / f"model-{model}_windows.zarr"
    store.write(path, xr.Dataset(arrays, coords, attrs | change))
    return path


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Three styles of four clips, each its own track, and two models that heard them in another order."""
    folder = tmp_path_factory.mktemp("inputs")
    clips = [f"{style}/{name}_0" for style in STYLES for name in "abcd"]
    sound = np.zeros((12, SECONDS * RATE), np.float32)
    coords = {"clip": clips} | {
        name: ("clip", values)
        for name, values in {
            "style": [c.split("/")[0] for c in clips],
            "track": [c[:-2] for c in clips],
            "artist": ["", *clips[1:]],
        }.items()
    }
    audio = folder / "audio.zarr"
    store.write(audio, xr.Dataset({"audio": (("clip", "sample"), sound, {"units": "1"})}, coords, {"rate_hz": RATE}))
    return {"audio": audio, "windows": [windows(folder, name, clips[::-1]) for name in ("low", "high")]}


def outputs(root, sub):
    names = ["task-Training_run-1", "task-Training_run-2", "task-Test_run-1"]
    ends = {"bold": "bold.nii.gz", "sidecars": "bold.json", "events": "events.tsv"}
    func = root / "bids" / f"sub-{sub}" / "func"
    files = {key: [func / f"sub-{sub}_{name}_{end}" for name in names] for key, end in ends.items()}
    return files | {"truth": root / f"sub-{sub}_truth.zarr"}


def hear(root, sub, inputs, **change):
    listen.subject(sub=sub, **inputs, **outputs(root, sub), **SETTINGS | change)


@pytest.fixture(scope="module")
def made(inputs, tmp_path_factory):
    root = tmp_path_factory.mktemp("made")
    for sub in ("01", "05"):
        hear(root, sub, inputs)
    sidecars = [root / "bids" / f"task-{task}_events.json" for task in ("Training", "Test")]
    listen.dataset(audio=inputs["audio"], events_sidecar_training=sidecars[0], events_sidecar_test=sidecars[1])
    return root


def files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_it_is_valid_bids(made, inputs, tmp_path):
    validator = shutil.which("bids-validator-deno", path=Path(sys.executable).parent)
    if validator is None:
        pytest.skip("bids-validator-deno is not installed")
    root = tmp_path / "bids"
    people = {"subjects": ["01", "05"], "noise_subjects": ["05"], "clips_per_style": 1}
    simulate.dataset(audio=inputs["audio"], **people, **simulate._dataset_files(root))
    (root / "task-music_events.json").unlink()  # of runs that aren't made here
    shutil.copytree(made / "bids", root, dirs_exist_ok=True)
    run = subprocess.run([validator, root, "--format", "json"], capture_output=True, text=True, timeout=60)
    report = json.loads(run.stdout)
    assert [i for i in report["issues"]["issues"] if i["severity"] == "error"] == []
    assert set(report["summary"]["tasks"]) == {"Training", "Test"}
    codes = {i["code"] for i in report["issues"]["issues"]}
    assert "TSV_ADDITIONAL_COLUMNS_UNDEFINED" not in codes  # the sidecars describe genre, track, start, end


def test_our_own_reader_takes_every_run(made):
    out = outputs(made, "01")
    truth = store.read(out["truth"]).load()
    for k, (bold, sidecar, table) in enumerate(zip(out["bold"], out["sidecars"], out["events"], strict=True)):
        kept = {"stimulus": "track", "tr_s": 2.0}
        run = bids.bold(bold, [sidecar], table, drop_first_event=False, **kept)
        order = truth["order"].values[k]
        assert run["event_clip"].values.tolist() == truth["clip"].values[order[order >= 0]].tolist()
        assert run["event_onset"].values.tolist() == [6.0 * t for t in range(run.sizes["event"])]
        assert run.sizes["time"] * 2 == run.sizes["event"] * 6
        rest = bids.bold(bold, [sidecar], table, drop_first_event=True, **kept)["event_clip"].values
        assert rest.tolist() == run["event_clip"].values[1:].tolist()


def test_everyone_hears_the_same_and_nobody_else_matters(made, inputs, tmp_path):
    assert [p.read_bytes() for p in outputs(made, "01")["events"]] == [
        p.read_bytes() for p in outputs(made, "05")["events"]
    ]
    hear(tmp_path, "01", inputs, noise_subjects=[])
    assert files(tmp_path / "bids/sub-01") == files(made / "bids/sub-01")
    assert files(tmp_path / "sub-01_truth.zarr") == files(made / "sub-01_truth.zarr")


def test_quirks_are_in_the_first_training_run_only(made):
    texts = [p.read_bytes().decode() for p in outputs(made, "01")["events"]]
    rows = [[line.split("\t") for line in text.split("\r\n")[1:]] for text in texts]
    assert [[r[2].startswith("'") for r in run].count(False) for run in rows] == [3, 0, 0]
    assert [[r[5] for r in run].count("5.99") for run in rows] == [1, 0, 0] and rows[0][1][5] == "5.99"
    assert {r[1] for run in rows for r in run} == {"6"} and not any(t.endswith("\n") for t in texts)


def test_truth_names_regions_latents_and_clips(made, inputs):
    truth = store.read(made / "sub-01_truth.zarr").load()
    assert truth["region"].dtype == np.int16 and set(np.unique(truth["region"])) == {0, 1, 2}
    assert set(np.unique(truth["region_voxel"])) == {1, 2} and truth.attrs["drivers"] == ["low", "high"]
    assert np.allclose(np.linalg.norm(truth["weight"], axis=1), 1) and truth["weight"].dims == ("voxel", "latent")
    assert truth["run"].values.tolist() == ["task-Training_run-1", "task-Training_run-2", "task-Test_run-1"]
    assert len(truth["test_clip"]) == 3 and len(truth["training_clip"]) == 9
    assert sorted([*truth["test_clip"].values, *truth["training_clip"].values]) == sorted(truth["clip"].values)
    assert np.allclose((truth["sd"] ** 2).mean("run") ** 0.5, 2.0, rtol=1e-4)
    front, back = (truth["mni"].values[truth["region_voxel"] == k, 1].mean() for k in (1, 2))
    assert front > back + 15  # the first driver lies in front
    assert {name: truth.attrs[name] for name in ("mixing", "seed", "effect_percent", "is_noise")} == {
        "mixing": 0.5,
        "seed": 3,
        "effect_percent": 2.0,
        "is_noise": False,
    }


def test_latents_are_those_of_the_default_layer(made, inputs):
    truth = store.read(made / "sub-01_truth.zarr").load()
    for k, path in enumerate(inputs["windows"]):
        layer = store.read(path)["layer-02"].sel(clip=truth["clip"].values).values.reshape(36, 5)
        scores = (layer - layer.mean(0)) / layer.std(0) @ truth[f"loading-{k + 1:02d}"].values
        course = truth["latent_course"].values[k][:, :, [4, 11, 12, 19]]  # next to the windows' centres, 1, 3 and 5 s
        near = np.stack([course[..., 0], course[..., 1:3].mean(-1), course[..., 3]], -1)  # (latent, clip, window)
        design = np.c_[scores.reshape(12, 3, 3).transpose(0, 1, 2).reshape(36, 3), np.kron(np.ones((12, 1)), np.eye(3))]
        target = near.transpose(1, 2, 0).reshape(36, 3)
        residual = target - design @ np.linalg.lstsq(design, target, rcond=None)[0]
        assert np.linalg.norm(residual) < 0.1 * np.linalg.norm(target)


def test_the_canarys_truth_is_empty(made):
    canary = store.read(made / "sub-05_truth.zarr").load()
    assert canary.attrs["is_noise"] and canary.sizes["voxel"] == 0 and not canary["region"].any()
    assert canary["latent_course"].shape == store.read(made / "sub-01_truth.zarr")["latent_course"].shape


def test_the_heads_are_those_of_simulate(made, tmp_path):
    """Same label and seed: the T1w that simulate wrote is this listener's."""
    from heschl.datasets import simulated_fmri as fmri

    anatomy, _, affine, *_ = fmri.head("01", 7, 8.0)
    image = nibabel.load(outputs(made, "01")["bold"][0])
    assert np.allclose(image.affine, affine, atol=1e-4)
    assert np.array_equal(anatomy.affine, fmri.random_anatomy(fmri.stream(7, "01", "anatomy")).affine)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mixing": 1.5}, "mixing: 1.5 given; wanted 0"),
        ({"clip_s": 7.0}, "audio.zarr: clips of 6 s; wanted 7 s"),
        ({"test_per_style": 2}, "test_per_style: 2 given; wanted 1"),
        ({"drivers": ["high", "low"]}, "is model 'low'; wanted 'high'"),
        ({"drivers": ["low"]}, "2 stores of windows for drivers low; wanted one for each"),
        ({"test_task": "Probe"}, "wanted tasks Training, Training, Probe"),
        ({"n_latents": 0}, "n_latents: 0 given"),
        ({"voxel_mm": 0.5}, "voxel_mm: 0.5 given"),
    ],
)
def test_bad_settings_are_refused_in_one_line(inputs, tmp_path, change, message):
    with pytest.raises(HeschlError, match=message) as caught:
        hear(tmp_path, "01", inputs, **change)
    assert "\n" not in str(caught.value) and not list(tmp_path.rglob("*.nii.gz"))


def test_embeddings_that_lack_a_clip_or_a_number_are_refused(inputs, tmp_path):
    clips = [str(c) for c in store.read(inputs["audio"])["clip"].values]
    short = windows(tmp_path, "low", clips[1:])
    with pytest.raises(HeschlError, match="low_windows.zarr: no clip folk/a_0"):
        hear(tmp_path, "01", inputs | {"windows": [short, inputs["windows"][1]]})
    holed = store.read(inputs["windows"][0]).load()
    holed["layer-02"][0, 0, 0] = np.nan
    store.write(short, holed)
    with pytest.raises(HeschlError, match="low_windows.zarr: the embedding holds values that aren't finite"):
        hear(tmp_path, "01", inputs | {"windows": [short, inputs["windows"][1]]})
