"""Patterns of recordings with dead voxels or on another grid."""

import numpy as np
import pytest
import xarray as xr

from heschl import store
from heschl.errors import HeschlError
from heschl.steps import preprocess

GRID, TR_S, N, ONE, MM = (4, 4, 3), 1.5, 40, {"units": "1"}, {"units": "mm"}
AFFINE = np.array([[3.0, 0, 0, -5], [0, 3, 0, -4], [0, 0, 3, -3], [0, 0, 0, 1]])
SETTINGS = {"confounds": ["trans_x"], "drop_s": 6.0, "gm_threshold": 0.5, "clip_s": 15.0}


@pytest.fixture
def folder(tmp_path):
    grid = ("x", "y", "z")
    gm = np.ones(GRID, np.float32)
    gm[0, 0, 0] = 0
    store.write(tmp_path / "anat.zarr", xr.Dataset({"gm": (grid, gm, ONE), "affine": (("row", "column"), AFFINE, MM)}))
    for run in (1, 2):
        store.write(tmp_path / f"run-{run}_bold.zarr", recording(run))
        events = {"event_onset": ("event", np.array([6.0, 22.5, 39.0]), {"units": "s"})}
        events["event_clip"] = ("event", np.array(["b", "a", "b"]), ONE)
        store.write(tmp_path / f"run-{run}_raw.zarr", xr.Dataset(events))
    return tmp_path


def recording(seed: int, shape=GRID, affine=AFFINE) -> xr.Dataset:
    rng, ijk = np.random.default_rng(seed), np.argwhere(np.ones(shape, bool))
    arrays = {
        "bold": (("time", "voxel"), 500 + rng.standard_normal((N, len(ijk))).astype(np.float32), ONE),
        "ijk": (("voxel", "axis"), ijk.astype(np.int16), ONE),
        "affine": (("row", "column"), affine, MM),
        "confounds": (("time", "confound"), rng.standard_normal((N, 1)), ONE),
    }
    return xr.Dataset(arrays, {"confound": ["trans_x"]}, {"tr_s": TR_S, "grid_shape": list(shape)})


def patterns(folder) -> xr.Dataset:
    stores = {name: [folder / f"run-{run}_{name}.zarr" for run in (1, 2)] for name in ("bold", "raw")}
    preprocess.patterns(**stores, anat=folder / "anat.zarr", patterns=folder / "patterns.zarr", **SETTINGS)
    return store.read(folder / "patterns.zarr").load()


@pytest.mark.parametrize("value", [500.0, 0.0, np.nan, np.inf])
def test_a_voxel_that_is_dead_in_one_run_is_left_out_and_changes_no_other(folder, value):
    whole = patterns(folder)
    assert whole.sizes["voxel"] == np.prod(GRID) - 1
    spoilt = recording(2)
    spoilt["bold"][:, 20] = value
    store.write(folder / "run-2_bold.zarr", spoilt)
    found = patterns(folder)
    left = (whole["ijk"].values != recording(2)["ijk"].values[20]).any(1)
    np.testing.assert_array_equal(found["ijk"].values, whole["ijk"].values[left])
    np.testing.assert_allclose(found["patterns"].values, whole["patterns"].values[:, left], rtol=1e-5, atol=1e-6)


def test_a_recording_without_a_living_voxel_is_refused(folder):
    spoilt = recording(2)
    spoilt["bold"][:] = 7
    store.write(folder / "run-2_bold.zarr", spoilt)
    with pytest.raises(HeschlError, match=r"patterns\.zarr: no voxel varies in every run"):
        patterns(folder)


@pytest.mark.parametrize("shape,shift", [((5, 4, 3), 0), ((3, 4, 3), 0), (GRID, 3.0), (GRID, 0.01)])
def test_a_run_on_another_grid_than_the_mask_is_refused_by_name(folder, shape, shift):
    affine = AFFINE.copy()
    affine[0, 3] += shift
    store.write(folder / "run-2_bold.zarr", recording(2, shape, affine))
    with pytest.raises(HeschlError, match=r"run-2_bold\.zarr: its grid .* or affine isn't that of the grey") as error:
        patterns(folder)
    assert "\n" not in str(error.value) and not (folder / "patterns.zarr").exists()
