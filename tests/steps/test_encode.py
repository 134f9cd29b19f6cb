"""Encode on a made-up listener: what is planted comes back near its ceiling, and noise stays noise."""

import numpy as np
import pytest
import xarray as xr

from heschl import store
from heschl.errors import HeschlError
from heschl.science import hrf
from heschl.steps import encode

ONE, MM = {"units": "1"}, {"units": "mm"}
GRID, AFFINE, TR_S, N_VOLUMES = (14, 6, 5), np.diag([3.0, 3.0, 3.0, 1.0]), 1.5, 10
TRAIN, TEST = [f"g{i % 4}/t{i:02d}" for i in range(32)], [f"g{i % 4}/u{i:02d}" for i in range(8)]
CLIPS, STEP_S, STARTS = TRAIN + TEST, 0.5, np.arange(9) * 1.5
SETTINGS = {"split": "official", "delays_tr": [1, 2, 3, 4, 5, 6], "alphas": np.logspace(0, 6, 7).tolist()}
SETTINGS |= {"n_folds": 4, "n_components": None, "seed": 3}
VOXELS = SETTINGS | {"null": "permutation", "engine": "fast", "n_permutations": 499, "every_layer": True}
PARTITION = SETTINGS | {"n_permutations": 399, "max_voxels": 0, "n_iter": 20}


def _session():
    """Runs of (recording, clips): dummies first, test clips in the same order four times."""
    runs = [("task-Training_run-1", [TRAIN[-1], *TRAIN[:16]]), ("task-Training_run-2", [TRAIN[15], *TRAIN[16:]])]
    return runs + [(f"task-Test_run-{k + 1}", [t[-1], *t * 4]) for k, t in enumerate((TEST[:4], TEST[4:]))]


def _features(rng, path, model, n=3, n_layers=1, window_s=3.0, starts=STARTS):
    values = [rng.standard_normal((len(CLIPS), 1, n)) + rng.standard_normal((len(CLIPS), len(starts), n))]
    values = [np.float32(v) for v in values + [rng.standard_normal(values[0].shape) for _ in range(n_layers - 1)]]
    arrays = {f"layer-{i:02d}": (("clip", "window", f"feature_{i:02d}"), v, ONE) for i, v in enumerate(values, 1)}
    attrs = {"model": model, "layers": [f"stage {i}" for i in range(n_layers)], "layer": "stage 0"}
    coords = {"clip": CLIPS, "window": ("window", starts, {"units": "s"})}
    store.write(path, xr.Dataset(arrays, coords, attrs | {"window_s": window_s, "step_s": 1.5, "kind": "audio"}))
    return values[0].astype(float)


def _region():
    region = np.zeros(GRID, np.int16)
    region[1:4, 1:5, 1:4], region[4:7, 1:5, 1:4] = 1, 2
    return region


def _series(rng, path, drives, strength=2.5):
    """Voxels of region k follow a mixture of drive k's features (clip, window, feature), through the HRF."""
    region, blocks, first, trials = _region().ravel(), [], [], []
    tuning = [rng.standard_normal((d.shape[2], (region == k).sum())) for k, d in enumerate(drives, 1)]
    for name, clips in _session():
        n = len(clips) * N_VOLUMES
        signal = np.zeros((n, len(region)))
        for k, drive in enumerate(drives, 1):
            fine = np.repeat(drive, 3, 1)[:, np.r_[[0] * 2, 0:27, [-1]]]  # bins of .5 s, centres at 1.5 s and on
            response = hrf.convolve(np.moveaxis(fine, 2, 0), STEP_S).astype(np.float32)
            of = np.array([CLIPS.index(c) for c in clips])
            onset_s = np.arange(len(clips)) * N_VOLUMES * TR_S
            heard = hrf.superpose(response, STEP_S, of, onset_s, (np.arange(n) + 0.5) * TR_S).T
            mixed = heard @ tuning[k - 1]
            signal[:, region == k] = strength * mixed / mixed.std(0)
        noise = rng.standard_normal((n + 1, len(region)))
        bold = signal + noise[1:] + 0.5 * noise[:-1]  # not white: neighbours in time share noise
        first += [sum(map(len, blocks)) + i * N_VOLUMES for i in range(len(clips))]
        trials += [(c, name, "Test" in name, i == 0) for i, c in enumerate(clips)]
        blocks.append((bold - bold.mean(0)) / bold.std(0))
    clip, run, is_test, dummy = map(np.array, zip(*trials, strict=True))
    coords = {"run": ("time", np.repeat([n for n, _ in _session()], [len(b) for b in blocks])), "clip": ("trial", clip)}
    coords |= {"trial_run": ("trial", run), "first": ("trial", first), "is_test": ("trial", is_test)}
    coords["is_dummy"] = ("trial", dummy)
    arrays = {"bold": (("time", "voxel"), np.float32(np.concatenate(blocks)), ONE)}
    arrays["ijk"] = (("voxel", "axis"), np.argwhere(np.ones(GRID, bool)).astype(np.int16), ONE)
    arrays["affine"] = (("row", "column"), AFFINE, MM)
    attrs = {"grid_shape": list(GRID), "tr_s": TR_S, "clip_s": 15.0, "volumes_per_clip": 10}
    store.write(path, xr.Dataset(arrays, coords, attrs | {"subject": path.name[4:6]}))


def _splits(path):
    names = sorted(CLIPS)
    role = np.zeros((4, 4, len(names)), np.int8)
    genre = np.array([n[:2] for n in names])
    test = np.isin(names, TEST)
    role[0, 0] = 1 + test
    for g in range(4):
        role[1, g] = np.where(genre == f"g{g}", 2 * test, 1 - test)
        role[2, g] = 1 + (np.arange(len(names)) % 4 == g)
    coords = {"clip": names, "split": ["official", "leave_genre_out", "artist_grouped_kfold", "fault_filtered"]}
    store.write(path, xr.Dataset({"role": (("split", "fold", "clip"), role, ONE)}, coords))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Listener 01 has model a in region 1 and b in region 2; 05 is noise."""
    folder, rng = tmp_path_factory.mktemp("encode"), np.random.default_rng(0)
    drives = [_features(rng, folder / f"model-{m}_windows.zarr", m, n_layers=2 if m == "a" else 1) for m in "ab"]
    _splits(folder / "splits.zarr")
    for sub, of in (("01", drives), ("05", [])):
        _series(rng, folder / f"sub-{sub}_series.zarr", of)
        arrays = {"region": (("x", "y", "z"), _region() * bool(of), ONE), "affine": (("row", "column"), AFFINE, MM)}
        store.write(folder / f"sub-{sub}_truth.zarr", xr.Dataset(arrays, attrs={"drivers": ["a", "b"]}))
        for model in "ab":
            encode.voxels(**_inputs(folder, sub, model), encoding=_result(folder, sub, model), **VOXELS)
    return folder


def _inputs(folder, sub, model):
    call = {"series": folder / f"sub-{sub}_series.zarr", "windows": folder / f"model-{model}_windows.zarr"}
    return call | {"splits": folder / "splits.zarr"}


def _result(folder, sub, model):
    return folder / f"sub-{sub}_model-{model}_encoding.zarr"


def _recovered(world, folder):
    results = [_result(world, s, m) for s in ("01", "05") for m in "ab"]
    truth = [world / f"sub-{s}_truth.zarr" for s in ("01", "05")]
    encode.recovery(encoding=results, truth=truth, recovery=folder / "recovery.zarr", noise_subjects=["05"])
    return store.read(folder / "recovery.zarr").load()


def test_planted_voxels_reach_their_ceiling(world, tmp_path):
    found = _recovered(world, tmp_path)
    for k, model in enumerate("ab"):
        assert found["matching"].sel(model=model).values.tolist() == [k == 0, k == 1]
        ratio = found["ratio"].sel(sub="01", model=model).values
        assert 0.9 < ratio[k] < 1.05
        assert abs(ratio[1 - k]) < 0.3
    assert found["n_voxels"].sel(sub="01", model="a").values.tolist() == [36, 36]
    assert found["n_voxels_interior"].sel(sub="01", model="a").values.tolist() == [2, 2]
    assert found["ceiling"].sel(sub="01").min() > 0.8


def test_voxels_of_noise_score_chance(world, tmp_path):
    found = _recovered(world, tmp_path)
    np.testing.assert_array_less(np.abs(found["r_unplanted"]), 0.05)
    np.testing.assert_array_less(found["share_uncorrected"], 0.15)
    assert (found["min_p_fwe"] > 0.02).all()
    assert (found["min_p_fwe_all"].sel(sub="05") > 0.02).all()
    assert (found["min_p_fwe_all"].sel(sub="01") < 0.02).all()
    assert np.abs(found["r"].sel(sub="05")).max() < 0.1


def test_what_the_store_holds(world):
    found = store.read(_result(world, "01", "a")).load()
    assert found["r"].sizes == {"layer": 2, "voxel": 420}
    assert found["null_max"].sizes == {"permutation": 499}
    assert found["layer"].values.tolist() == ["stage 0", "stage 1"]
    assert {k: found.attrs[k] for k in ("model", "layer", "subject", "null")} == {
        "model": "a", "layer": "stage 0", "subject": "01", "null": "permutation"
    }  # fmt: skip
    planted = _region().ravel() == 1
    assert found["r"].values[0, planted].mean() > 3 * np.abs(found["r"].values[1, planted]).mean()
    assert found["r_cv"].values[planted].min() > 0.3
    assert (found["p_fwe"].values >= found["p_uncorrected"].values - 1e-6).all()
    assert (found["q_fdr"].values[planted] < 0.05).mean() > 0.9
    assert np.isnan(found["r_normalised"].values[found["ceiling"].values <= 0.1]).all()


def test_the_test_clips_choose_nothing(world, tmp_path):
    """Noise in place of the test runs changes neither the penalties nor the training scores."""
    series = store.read(world / "sub-01_series.zarr").load()
    test = np.char.startswith(series["run"].values.astype(str), "task-Test")
    series["bold"].values[test] = np.random.default_rng(1).standard_normal((test.sum(), 420))
    store.write(tmp_path / "sub-01_series.zarr", series)
    call = _inputs(world, "01", "a") | {"series": tmp_path / "sub-01_series.zarr"}
    encode.voxels(**call, encoding=tmp_path / "changed.zarr", **VOXELS)
    found, before = store.read(tmp_path / "changed.zarr"), store.read(_result(world, "01", "a"))
    for name in ("alpha", "r_cv"):
        np.testing.assert_array_equal(found[name].values, before[name].values)
    assert abs(found["r"].values.mean()) < 0.03
    leak = found["r"].values.max(0)[_region().ravel() == 0].mean()  # the better of two layers, chosen by test
    assert leak > 0.03


@pytest.mark.parametrize("split", ["leave_genre_out", "artist_grouped_kfold"])
def test_splits_of_several_folds(world, tmp_path, split):
    call = VOXELS | {"split": split, "n_permutations": 29}
    for sub in ("01", "05"):
        encode.voxels(**_inputs(world, sub, "a"), encoding=tmp_path / f"{sub}.zarr", **call)
    found, canary = (store.read(tmp_path / f"{sub}.zarr").load() for sub in ("01", "05"))
    planted = _region().ravel() == 1
    assert found["r"].values[0, planted].mean() > 0.5
    assert abs(canary["r"].values[0].mean()) < 0.03
    assert np.isnan(found["ceiling"].values).all()
    assert found.sizes["permutation"] == 29 - 14 * (split == "leave_genre_out")  # 2 clips each: 2^4 - 1 orders


def test_published_null_and_components(world, tmp_path):
    call = VOXELS | {"null": "gaussian", "n_components": 3, "engine": "himalaya"}
    encode.voxels(**_inputs(world, "01", "a"), encoding=tmp_path / "a.zarr", **call)
    found = store.read(tmp_path / "a.zarr")
    assert found.sizes["permutation"] == 499
    assert (found["q_fdr"].values[_region().ravel() == 1] < 0.01).mean() > 0.9


def test_same_inputs_same_result(world, tmp_path):
    encode.voxels(**_inputs(world, "01", "b"), encoding=tmp_path / "b.zarr", **VOXELS)
    one, two = ((p / "manifest.json").read_bytes() for p in (tmp_path / "b.zarr", _result(world, "01", "b")))
    assert one == two


def _partition(world, folder, sub, **changed):
    call = _inputs(world, sub, "a") | {"windows": [world / f"model-{m}_windows.zarr" for m in "ab"]}
    call |= PARTITION | {"bands": {"first": ["a"], "second": ["b"]}} | changed
    encode.partition(**call, partition=folder / f"{sub}.zarr")
    return store.read(folder / f"{sub}.zarr").load()


def test_each_band_explains_its_region_alone(world, tmp_path):
    found, region = _partition(world, tmp_path, "01"), _region().ravel()
    for k, band in enumerate(("first", "second"), 1):
        of = found.sel(band=band)
        assert of["unique"].values[region == k].mean() > 0.5
        assert abs(of["unique"].values[region == 3 - k].mean()) < 0.03
        assert (of["q_unique"].values[region == k] < 0.05).mean() > 0.95
        assert (of["p_unique"].values[region == 0] < 0.05).mean() < 0.08
    assert (found["r2_joint"].values[region > 0] > 0.5).all()
    canary = _partition(world, tmp_path, "05")
    assert (canary["p_unique"].values < 0.05).mean() < 0.08
    assert canary["unique"].values.mean() < 0.01


def test_partition_keeps_the_voxels_that_training_predicts(world, tmp_path):
    found = _partition(world, tmp_path, "01", max_voxels=60)
    assert found.sizes["voxel"] == 60
    assert (_region()[tuple(found["ijk"].values.astype(int).T)] > 0).mean() > 0.95


def test_refusals(world, tmp_path):
    out, call = {"encoding": tmp_path / "x.zarr"}, _inputs(world, "01", "a")
    with pytest.raises(HeschlError, match="fault_filtered is empty"):
        encode.voxels(**call, **out, **VOXELS | {"split": "fault_filtered"})
    with pytest.raises(HeschlError, match="wanted one of permutation, gaussian"):
        encode.voxels(**call, **out, **VOXELS | {"null": "none"})
    with pytest.raises(HeschlError, match="delays of 0 volumes or more"):
        encode.voxels(**call, **out, **VOXELS | {"delays_tr": [-1, 2]})
    windows = store.read(call["windows"]).load()
    store.write(tmp_path / "few.zarr", windows.isel(clip=slice(1, None)))
    with pytest.raises(HeschlError, match=r"few.zarr: no clip g0/t00"):
        encode.voxels(**call | {"windows": tmp_path / "few.zarr"}, **out, **VOXELS)
    series = store.read(call["series"]).load()
    series["bold"].values[5, 7] = np.nan
    store.write(tmp_path / "nan.zarr", series)
    with pytest.raises(HeschlError, match=r"nan.zarr: 1 voxels"):
        encode.voxels(**call | {"series": tmp_path / "nan.zarr"}, **out, **VOXELS)
    with pytest.raises(HeschlError, match="no windows of c"):
        _partition(world, tmp_path, "01", bands={"one": ["a"], "two": ["c"]})
    with pytest.raises(HeschlError, match="leave_genre_out has 4 folds"):
        _partition(world, tmp_path, "01", split="leave_genre_out")
    paths = {"encoding": [_result(world, "01", "a")], "truth": [world / "sub-05_truth.zarr"]}
    with pytest.raises(HeschlError, match="not all of noise"):
        encode.recovery(**paths, recovery=tmp_path / "r.zarr", noise_subjects=["05"])
