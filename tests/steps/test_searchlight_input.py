"""What a searchlight of the workflow refuses: one line that names the stores, and nothing written."""

import numpy as np
import pytest
import xarray as xr

from heschl import store
from heschl.errors import HeschlError
from heschl.steps import compare

CLIPS, LAGS, GRID, ONE, MM = 6, 4, (5, 5, 4), {"units": "1"}, {"units": "mm"}
SETTINGS = {"n_voxels": 20, "n_permutations": 9, "standardize": True, "remove_lag_mean": True}
SETTINGS |= {"pairs": "between_clip", "seed": 0}
CLIP, LAG_S = np.repeat([f"style/piece_{c}" for c in range(CLIPS)], LAGS), np.tile(6.75 + 1.5 * np.arange(LAGS), CLIPS)


def patterns(change=None, volumes=slice(None)) -> xr.Dataset:
    values = np.random.default_rng(0).standard_normal((CLIPS * LAGS, np.prod(GRID))).astype(np.float32)
    if change:
        change(values)
    arrays = {
        "patterns": (("volume", "voxel"), values[volumes], ONE),
        "ijk": (("voxel", "axis"), np.argwhere(np.ones(GRID, bool)).astype(np.int16), ONE),
        "affine": (("row", "column"), np.diag([3.0, 3, 3, 1]), MM),
    }
    coords = {"clip": ("volume", CLIP[volumes]), "lag_s": ("volume", LAG_S[volumes])}
    return xr.Dataset(arrays, coords, {"grid_shape": list(GRID)})


def features(change=None, volumes=slice(None)) -> xr.Dataset:
    rng, arrays = np.random.default_rng(1), {}
    for number, width in ((1, 12), (2, 30)):
        values = rng.standard_normal((CLIPS * LAGS, width)).astype(np.float32)
        if change and number == 2:
            values = change(values)
        arrays[f"layer-{number:02d}"] = (("volume", f"feature_{number:02d}"), values[volumes], ONE)
    return xr.Dataset(arrays, {"clip": ("volume", CLIP[volumes]), "lag_s": ("volume", LAG_S[volumes])})


def refusal(folder, heard: xr.Dataset, seen: xr.Dataset, step=compare.searchlight, **changes) -> str:
    store.write(folder / "sub-01_patterns.zarr", heard)
    store.write(folder / "model-a_features.zarr", seen)
    call = {"patterns": folder / "sub-01_patterns.zarr", "features": folder / "model-a_features.zarr"}
    settings = SETTINGS if step is compare.searchlight else {"n_voxels": 20}
    with pytest.raises(HeschlError, match=r"sub-01_patterns\.zarr and .*model-a_features\.zarr: ") as error:
        step(**call, rsa=folder / "rsa.zarr", **settings | changes)
    assert "\n" not in str(error.value) and not (folder / "rsa.zarr").exists()
    return str(error.value)


def spoilt(value, rows, columns):
    def change(values):
        values[rows, columns] = value
        return values

    return change


@pytest.mark.parametrize("remove_lag_mean", [True, False])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_voxels_that_are_no_number(tmp_path, value, remove_lag_mean):
    given = refusal(tmp_path, patterns(spoilt(value, 7, [40, 77])), features(), remove_lag_mean=remove_lag_mean)
    assert "NaN or infinity in 2 of 100 voxels" in given and "the first is" in given and "40" in given


@pytest.mark.parametrize("step", [compare.searchlight, compare.published])
def test_a_voxel_that_never_varies(tmp_path, step):
    given = refusal(tmp_path, patterns(spoilt(0.25, slice(None), 31)), features(), step)
    assert "voxel 31 has the same value in all volumes" in given


def test_a_mask_smaller_than_a_sphere(tmp_path):
    given = refusal(tmp_path, patterns(), features(), n_voxels=101)
    assert "a sphere of 101 voxels in a mask of 100; wanted 2 to 100" in given and "n_voxels" in given


@pytest.mark.parametrize("remove_lag_mean,message", [(True, "one clip alone at 6.75 s"), (False, "two clips at least")])
def test_one_stimulus(tmp_path, remove_lag_mean, message):
    one = slice(0, LAGS)
    assert message in refusal(tmp_path, patterns(None, one), features(None, one), remove_lag_mean=remove_lag_mean)


@pytest.mark.parametrize("step", [compare.searchlight, compare.published])
@pytest.mark.parametrize("volumes", [slice(LAGS, None), slice(1, None), [0, *range(CLIPS * LAGS)]])
def test_models_of_other_volumes(tmp_path, step, volumes):
    given = refusal(tmp_path, patterns(), features(None, volumes), step)
    assert "clip 'style/piece_0' at 6.75 s isn't once in both" in given and "wanted the same volumes" in given


@pytest.mark.parametrize("step", [compare.searchlight, compare.published])
def test_features_that_never_vary(tmp_path, step):
    given = refusal(tmp_path, patterns(), features(lambda values: values * 0 + 3), step)
    assert "has the same value in all 30 features" in given


def test_features_that_are_no_number(tmp_path):
    given = refusal(tmp_path, patterns(), features(spoilt(np.nan, 3, [5, 6])))
    assert "NaN or infinity in 2 of 30 voxels or features, the first is number 5" in given
    given = refusal(tmp_path, patterns(), features(spoilt(np.nan, 3, [5, 6])), compare.published)
    assert "features hold NaN or infinity" in given


def test_features_that_tell_all_clips_apart_alike(tmp_path):
    def own(values):
        return np.repeat(np.eye(CLIPS, dtype=np.float32), LAGS, 0)

    given = refusal(tmp_path, patterns(), features(own))
    assert "the distances of model 1 (from 0) are constant" in given


def test_some_dead_features_and_two_stimuli_of_the_same_features_are_compared(tmp_path):
    def change(values):
        values[:, :6] = 0
        values[LAGS : 2 * LAGS] = values[:LAGS]
        return values

    store.write(tmp_path / "p.zarr", patterns())
    store.write(tmp_path / "f.zarr", features(change))
    call = {"patterns": tmp_path / "p.zarr", "features": tmp_path / "f.zarr"}
    compare.searchlight(**call, rsa=tmp_path / "rsa.zarr", **SETTINGS)
    compare.published(**call, rsa=tmp_path / "published.zarr", n_voxels=20)
    for name in ("rsa", "published"):
        rho = store.read(tmp_path / f"{name}.zarr")["rho"].values
        assert np.isfinite(rho).all() and np.ptp(rho, axis=0).min() > 0
