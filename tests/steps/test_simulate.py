"""Listeners written as files: the published map, and those whose voxels hear that there is a clip but not which."""

import nibabel
import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import binary_dilation

from heschl import config, store
from heschl.datasets import simulated_fmri as fmri
from heschl.datasets.simulated_head import truth_on_grid
from heschl.errors import HeschlError
from heschl.steps import simulate

SECONDS, RATE, STEP_S = 6, 500, 0.25
TINY = {"n_runs": 1, "clips_per_style": 2, "trial_s": 8.0, "voxel_mm": 8.0, "tr_s": 2.0, "seed": 7}
ATLAS = {"gradient": "stg_atlas", "group_voxel_mm": 4.0}


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Two styles of two tracks, and a network of ten layers that heard them."""
    folder, rng = tmp_path_factory.mktemp("inputs"), np.random.default_rng(0)
    clips = ["folk/a_0", "folk/b_0", "techno/c_0", "techno/d_0"]
    coords = {"clip": clips} | {
        name: ("clip", values)
        for name, values in {"style": [c.split("/")[0] for c in clips], "track": [c[:-2] for c in clips]}.items()
    }
    sound = rng.uniform(-1, 1, (4, SECONDS * RATE)).astype(np.float32)
    audio = xr.Dataset({"audio": (("clip", "sample"), sound, {"units": "1"})}, coords, {"rate_hz": RATE})
    store.write(folder / "audio.zarr", audio)
    names = [f"layer-{k + 1:02d}" for k in range(10)]
    arrays = {
        name: (("clip", "bin", f"feature_{name[-2:]}"), rng.standard_normal((4, 24, 3)).astype(np.float32))
        for name in names
    }
    arrays = {name: (*value, {"units": "1"}) for name, value in arrays.items()}
    store.write(folder / "layers.zarr", xr.Dataset(arrays, {"clip": clips}, {"layers": names, "bin_s": STEP_S}))
    return {"audio": folder / "audio.zarr", "layers": folder / "layers.zarr"}


@pytest.fixture(scope="module")
def made(inputs, tmp_path_factory):
    """A listener, one of pure noise and one who answers every clip alike."""
    folder = tmp_path_factory.mktemp("made")
    people = {"subjects": ["01", "05", "06"], "noise_subjects": ["05", "06"], "hrf_subjects": ["06"]}
    simulate.make_dataset(folder, **inputs, **people, **ATLAS, **TINY)
    return folder


def bold(folder, sub):
    return nibabel.load(folder / f"bids/sub-{sub}/func/sub-{sub}_task-music_run-1_bold.nii.gz").get_fdata()


def test_truth_is_the_published_map_in_those_who_hear(made):
    truth, (layer, affine) = store.read(made / "sub-01_truth.zarr").load(), truth_on_grid(4.0, "stg_atlas", 10)
    assert np.array_equal(truth["layer"].values, layer) and np.allclose(truth["affine"], affine)
    assert truth.attrs["gradient"] == "stg_atlas" and set(np.unique(layer)) == {0, 5, 6, 7, 8, 9, 10}
    assert np.isin(truth["voxel_layer"].values, np.arange(5, 11)).all() and (truth["unit"].values >= 0).all()
    assert "is_hrf_only" not in truth.attrs and not truth.attrs["is_noise"]


def test_truth_of_who_answers_every_clip_alike_has_voxels_and_no_layer(made):
    hrf_only, noise = (store.read(made / f"sub-{sub}_truth.zarr").load() for sub in ("06", "05"))
    assert hrf_only.attrs["is_hrf_only"] and hrf_only.attrs["is_noise"] and noise.attrs["is_noise"]
    assert "is_hrf_only" not in noise.attrs and noise.sizes["voxel"] == 0
    assert not hrf_only["layer"].values.any() and not hrf_only["voxel_layer"].values.any()
    assert hrf_only.sizes["voxel"] > 20 and (hrf_only["unit"].values == -1).all()
    assert (hrf_only["effect"].values > 0).all()
    rows = (made / "bids/participants.tsv").read_text().split()
    assert [rows[rows.index(f"sub-{s}") + 1] for s in ("01", "05", "06")] == ["listener", "noise", "noise"]


def test_only_the_planted_voxels_of_who_answers_every_clip_alike_differ_from_noise(made, inputs, tmp_path):
    people = {"subjects": ["01", "05", "06"], "noise_subjects": ["06"]}
    simulate.make_dataset(tmp_path, **inputs, **people, **ATLAS, **TINY)
    assert np.array_equal(bold(made, "01"), bold(tmp_path, "01"))  # whatever others are
    changed = np.abs(bold(made, "06") - bold(tmp_path, "06")).max(3) > 1
    ijk = store.read(made / "sub-06_truth.zarr")["ijk"].values + fmri.PAD
    planted = np.zeros(np.array(changed.shape) + 2 * fmri.PAD, bool)
    planted[tuple(ijk.T)] = True
    inner = (slice(fmri.PAD, -fmri.PAD),) * 3
    near = binary_dilation(planted, np.ones((7, 7, 7)))[inner]  # two voxels of interpolation, one of motion
    assert changed[planted[inner]].mean() > 0.9 and not changed[~near].any()


def test_who_answers_every_clip_alike_is_named_among_the_noise():
    given = {"participant_label": ["01", "02", "03"], "noise_label": ["02", "03"], "hrf_label": ["03"]}
    assert config.check({"dataset": "x", "simulate": given}).simulate.hrf_label == ["03"]
    with pytest.raises(
        HeschlError, match=r"simulate.hrf_label is \['03'\]; wanted labels that simulate.noise_label names"
    ):
        config.check({"dataset": "x", "simulate": given | {"noise_label": ["02"]}})
