"""The three steps of compare on a small made-up world, read back from disk."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from heschl import store
from heschl.errors import HeschlError
from heschl.science import motion
from heschl.steps import compare

CLIPS, LAGS, GRID, AFFINE = (
    10,
    4,
    (9, 8, 7),
    np.array([[3.0, 0, 0, -12], [0, 3, 0, -10], [0, 0, 3, -9], [0, 0, 0, 1]]),
)
ONE, MM = {"units": "1"}, {"units": "mm"}
SETTINGS = {"n_voxels": 30, "n_permutations": 49, "standardize": True, "remove_lag_mean": True}
SETTINGS |= {"pairs": "between_clip", "seed": 3}
COORDS = {
    "clip": ("volume", np.repeat([f"style/piece_{c}" for c in range(CLIPS)], LAGS)),
    "lag_s": ("volume", np.tile(6.0 + 1.5 * np.arange(LAGS), CLIPS)),
}


def _features(rng, path, order=slice(None)):
    """Three layers; each volume's ramp over lags is common to all clips."""
    layers = [rng.standard_normal((CLIPS * LAGS, f)) + np.tile(np.arange(LAGS), CLIPS)[:, None] for f in (20, 30, 40)]
    arrays = {f"layer-{i:02d}": (("volume", f"feature_{i:02d}"), f[order], ONE) for i, f in enumerate(layers, 1)}
    store.write(path, xr.Dataset(arrays, {n: ("volume", v[order]) for n, (_, v) in COORDS.items()}))
    return layers


def _patterns(rng, path, layers=None, drop=()):
    """Left half of the grid: layer 1's features, right half: layer 3's; without layers, noise."""
    ijk = np.delete(np.argwhere(np.ones(GRID, bool)), drop, axis=0)
    signal = rng.standard_normal((CLIPS * LAGS, len(ijk)))
    if layers:
        for layer, half in ((layers[0], ijk[:, 0] < 4), (layers[2], ijk[:, 0] >= 4)):
            signal[:, half] += 2 * layer[:, rng.integers(layer.shape[1], size=half.sum())]
    arrays = {
        "patterns": (("volume", "voxel"), signal.astype(np.float32), ONE),
        "ijk": (("voxel", "axis"), ijk.astype(np.int16), ONE),
        "affine": (("row", "column"), AFFINE, MM),
    }
    store.write(path, xr.Dataset(arrays, COORDS, {"grid_shape": list(GRID)}))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Two listeners and a canary (03), compared."""
    folder, rng = tmp_path_factory.mktemp("world"), np.random.default_rng(0)
    layers = _features(rng, folder / "features.zarr")
    for sub, drop in (("01", [5]), ("02", [7, 100]), ("03", [])):
        _patterns(rng, folder / f"sub-{sub}_patterns.zarr", layers if sub != "03" else None, drop)
        call = {"patterns": folder / f"sub-{sub}_patterns.zarr", "features": folder / "features.zarr"}
        compare.searchlight(**call, rsa=folder / f"sub-{sub}_model-a_rsa.zarr", **SETTINGS)
        compare.published(**call, rsa=folder / f"sub-{sub}_model-a_published.zarr", n_voxels=30)
    listeners, theirs = ([folder / f"sub-{s}_model-a_{n}.zarr" for s in ("01", "02")] for n in ("rsa", "published"))
    compare.group(rsa=listeners, published=theirs, group=folder / "group.zarr", q=0.005)
    return folder


def test_searchlight_finds_the_layers(world):
    found = store.read(world / "sub-01_model-a_rsa.zarr")
    assert found["rho"].sizes == {"voxel": 503, "layer": 3}
    assert found["null_max"].sizes == {"permutation": 49, "voxel": 503}
    assert found["layer"].values.tolist() == ["layer-01", "layer-02", "layer-03"]
    x, best = found["ijk"].values[:, 0], found["rho"].values.argmax(1)
    assert (best[x < 2] == 0).all()
    assert (best[x > 6] == 2).all()
    assert found["radius_mm"].values.min() > 5


def test_order_of_the_features_does_not_matter(world, tmp_path):
    order = np.random.default_rng(1).permutation(CLIPS * LAGS)
    layers = store.read(world / "features.zarr").load()
    store.write(tmp_path / "moved.zarr", layers.isel(volume=order))
    patterns = world / "sub-01_patterns.zarr"
    compare.searchlight(patterns=patterns, features=tmp_path / "moved.zarr", rsa=tmp_path / "rsa.zarr", **SETTINGS)
    expected, found = store.read(world / "sub-01_model-a_rsa.zarr"), store.read(tmp_path / "rsa.zarr")
    np.testing.assert_allclose(found["rho"].values, expected["rho"].values, atol=1e-6)
    np.testing.assert_allclose(found["null_max"].values, expected["null_max"].values, atol=1e-6)


def test_options_change_the_result(world, tmp_path):
    call = {
        "patterns": world / "sub-03_patterns.zarr",
        "features": world / "features.zarr",
        "rsa": tmp_path / "rsa.zarr",
    }
    standard = store.read(world / "sub-03_model-a_rsa.zarr")["rho"].values
    for change in ({"standardize": False}, {"remove_lag_mean": False}, {"pairs": "all"}, {"n_voxels": 12}):
        compare.searchlight(**call, **SETTINGS | {"n_permutations": 0} | change)
        found = store.read(tmp_path / "rsa.zarr")
        assert found.sizes["permutation"] == 0
        assert np.abs(found["rho"].values - standard).max() > 0.01


def test_as_published_is_all_pairs_and_nothing_removed(world, tmp_path):
    call = {"patterns": world / "sub-01_patterns.zarr", "features": world / "features.zarr"}
    plain = {"standardize": False, "remove_lag_mean": False, "pairs": "all", "n_permutations": 1}
    compare.searchlight(**call, rsa=tmp_path / "rsa.zarr", **SETTINGS | plain)
    wanted, found = store.read(tmp_path / "rsa.zarr"), store.read(world / "sub-01_model-a_published.zarr")
    np.testing.assert_array_equal(found["rho"].values, wanted["rho"].values)
    assert "null_max" not in found and found.attrs["pairs"] == "all"


def test_the_published_test_is_of_the_published_comparison(world):
    theirs = [store.read(world / f"sub-{s}_model-a_published.zarr") for s in ("01", "02")]
    keys = [np.ravel_multi_index(s["ijk"].values.T, GRID) for s in theirs]
    group = store.read(world / "group.zarr")
    at = np.ravel_multi_index(group["ijk"].values[:300:50].T, GRID)
    best = np.stack(
        [s["rho"].values.max(1)[[k.tolist().index(a) for a in at]] for s, k in zip(theirs, keys, strict=True)]
    )
    expected = stats.ttest_1samp(best, 0, alternative="greater")
    np.testing.assert_allclose(group["t"].values[:300:50], expected.statistic, rtol=1e-4)
    np.testing.assert_allclose(group["p"].values[:300:50], expected.pvalue, rtol=1e-4)


def test_the_mean_of_the_null_is_near_nothing_where_nothing_was_heard(world):
    found = store.read(world / "sub-03_model-a_rsa.zarr")
    assert found["null_mean"].dims == ("voxel", "layer")
    assert np.abs(found["null_mean"].values).max() < 0.1 < np.abs(found["rho"].values).max()


@pytest.mark.parametrize("spoil", ["other clip", "other lag", "missing", "twice"])
def test_unlike_volumes_are_refused_by_name(world, tmp_path, spoil):
    features = store.read(world / "features.zarr").load()
    if spoil == "other clip":
        features["clip"] = (
            "volume",
            np.where(features["clip"] == "style/piece_3", "style/other", features["clip"]),
        )
    elif spoil == "other lag":
        features["lag_s"] = features["lag_s"] + 0.1
    else:
        features = features.isel(volume=slice(1, None) if spoil == "missing" else [0, *range(CLIPS * LAGS)])
    store.write(tmp_path / "odd.zarr", features)
    call = {
        "patterns": world / "sub-01_patterns.zarr",
        "features": tmp_path / "odd.zarr",
        "rsa": tmp_path / "rsa.zarr",
    }
    with pytest.raises(HeschlError, match=r"sub-01_patterns.zarr and .*odd.zarr: .* clip 'style/"):
        compare.searchlight(**call, **SETTINGS)
    assert not (tmp_path / "rsa.zarr").exists()


def test_impossible_comparisons_are_one_line(world, tmp_path):
    call = {
        "patterns": world / "sub-01_patterns.zarr",
        "features": world / "features.zarr",
        "rsa": tmp_path / "rsa.zarr",
    }
    with pytest.raises(HeschlError, match="a sphere of 9999 voxels in a mask of 503"):
        compare.searchlight(**call, **SETTINGS | {"n_voxels": 9999})


def test_group_at_common_voxels(world):
    found = store.read(world / "group.zarr")
    one = [store.read(world / f"sub-{s}_model-a_rsa.zarr") for s in ("01", "02")]
    assert found.sizes["voxel"] == 9 * 8 * 7 - 3
    keys = [np.ravel_multi_index(s["ijk"].values.T, GRID) for s in one]
    at = np.ravel_multi_index(found["ijk"].values[200], GRID)
    rows = [int(np.flatnonzero(key == at)[0]) for key in keys]
    best = [s["rho"].values[r].max() for s, r in zip(one, rows, strict=True)]
    assert found["mean_max"].values[200] == pytest.approx(np.mean(best), abs=1e-6)
    null = np.mean([s["null_max"].values[:, r] for s, r in zip(one, rows, strict=True)], 0)
    assert found["p_uncorrected"].values[200] == pytest.approx((1 + (null >= np.mean(best)).sum()) / 50)
    assert (found["p_fwe"].values <= 0.05).mean() > 0.5
    assert set(np.unique(found["layer_argmax_of_mean"].values)) <= {1, 2, 3}


def test_group_of_one_has_the_permutation_test_only(world, tmp_path):
    one = {"rsa": [world / "sub-01_model-a_rsa.zarr"], "published": [world / "sub-01_model-a_published.zarr"]}
    compare.group(**one, group=tmp_path / "group.zarr", q=0.005)
    found = store.read(tmp_path / "group.zarr")
    assert np.isnan(found["t"].values).all()
    assert not found["published"].values.any()
    assert found["p_fwe"].values.min() == pytest.approx(0.02)


def test_a_group_of_nobody_is_one_line(tmp_path):
    with pytest.raises(HeschlError, match="nobody is in this group; wanted one participant") as caught:
        compare.group(rsa=[], published=[], group=tmp_path / "model-a_hrf.zarr", q=0.005)
    assert "model-a_hrf.zarr" in str(caught.value) and "\n" not in str(caught.value)


def test_a_group_of_canaries_is_silent_to_the_permutation_test(world, tmp_path):
    one = {"rsa": [world / "sub-03_model-a_rsa.zarr"], "published": [world / "sub-03_model-a_published.zarr"]}
    compare.group(**one, group=tmp_path / "model-a_noise.zarr", q=0.005)
    found = store.read(tmp_path / "model-a_noise.zarr")
    assert np.isnan(found["p"].values).all() and found["p_fwe"].values.min() > 0.02


def test_group_without_permutations_has_no_p(world, tmp_path):
    rsa = store.read(world / "sub-01_model-a_rsa.zarr").load().isel(permutation=slice(0, 0))
    store.write(tmp_path / "sub-01_rsa.zarr", rsa.assign_attrs(n_permutations=0))
    one = {"rsa": [tmp_path / "sub-01_rsa.zarr"], "published": [world / "sub-01_model-a_published.zarr"]}
    compare.group(**one, group=tmp_path / "group.zarr", q=0.005)
    assert np.isnan(store.read(tmp_path / "group.zarr")["p_fwe"].values).all()


def test_group_refuses_other_permutations_grids_and_masks(world, tmp_path):
    rsa = store.read(world / "sub-01_model-a_rsa.zarr").load()
    spoilt = {
        "seed differs": rsa.assign_attrs(seed=4),
        "clips differs": rsa.assign_attrs(clips=["x"]),
        "its grid differs": rsa.assign(affine=rsa["affine"] + 1),
        "subjects share no voxel": rsa.isel(voxel=[0]),
    }
    first = rsa.isel(voxel=slice(1, None))
    store.write(tmp_path / "sub-01_rsa.zarr", first)
    for message, other in spoilt.items():
        store.write(tmp_path / "sub-02_rsa.zarr", other)
        paths = [tmp_path / "sub-01_rsa.zarr", tmp_path / "sub-02_rsa.zarr"]
        with pytest.raises(HeschlError, match=message):
            compare.group(rsa=paths, published=paths, group=tmp_path / "group.zarr", q=0.005)


def _truth(path, noise, rng):
    """Planted as _patterns does; two runs of slow motion."""
    layer = np.full(GRID, 0 if noise else 3, np.int16)
    layer[:4] = 0 if noise else 1
    centre, shift = np.array([1.0, 2, 3]), rng.standard_normal((2, 5, 6)) * [1, 1, 1, 0.01, 0.01, 0.01]
    shift[:, 0] = 0
    arrays = {
        "layer": (("x", "y", "z"), layer, ONE),
        "matrix": (
            ("run", "time", "row", "column"),
            np.stack([motion.matrices(s, centre) for s in shift]),
            MM,
        ),
        "centre": ("axis", centre, MM),
    }
    store.write(path, xr.Dataset(arrays))
    return shift


def test_tenth_run_follows_the_ninth():
    runs = [Path(f"sub-{s}_task-music_run-{k}_space-MNI_bold.zarr") for k in (10, 2, 1, 9) for s in ("02", "a1")]
    found = compare._by_subject(runs)
    assert list(found) == ["02", "a1"]
    assert [int(p.name.split("run-")[1].split("_")[0]) for p in found["02"]] == [1, 2, 9, 10]


def test_recovery_of_what_was_planted(world, tmp_path):
    rng, truth, bold, subjects = np.random.default_rng(5), [], [], ["01", "02", "03"]
    for sub in subjects:
        truth.append(tmp_path / f"sub-{sub}_truth.zarr")
        for run, shift in enumerate(_truth(truth[-1], sub == "03", rng), 1):
            bold.append(tmp_path / f"sub-{sub}_task-music_run-{run}_space-MNI_bold.zarr")
            wrong = shift + [0.5, 0, 0, 0, 0, 0] * (np.arange(5) > 0)[:, None] * (run == 2)
            store.write(bold[-1], xr.Dataset({"motion": (("time", "parameter"), wrong, MM)}))
    rsa = [world / f"sub-{s}_model-a_rsa.zarr" for s in subjects]
    call = {"rsa": rsa, "group": world / "group.zarr", "truth": truth[::-1], "bold": bold[::-1]}
    compare.recovery(**call, recovery=tmp_path / "recovery.zarr", subjects=subjects, noise_subjects=["03"])
    found = store.read(tmp_path / "recovery.zarr")
    assert (found["agreement"].sel(map="layer_argmax_of_mean").values > 0.8).all()
    assert (found["agreement_sub"].values[:2] > 0.7).all()
    assert np.isnan(found["agreement_sub"].values[2])
    assert (found["min_p_fwe"].values[:2] == pytest.approx(0.02)) and found["min_p_fwe"].values[2] > 0.02
    assert found["share_uncorrected"].values[2] < 0.25 < found["share_uncorrected"].values[0]
    np.testing.assert_allclose(found["motion_error_mm"].values, [0, 0.4] * 3, atol=1e-9)
    assert found["recording"].values[1] == "sub-01_task-music_run-2"
    assert (found["motion_mm"].values > 0.5).all()
