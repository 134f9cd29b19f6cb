"""Noise ceilings and intervals over clips on a small made-up world, against scipy and the searchlight."""

import infer_world as w
import numpy as np
import pytest
import xarray as xr
from scipy import stats

from heschl import store
from heschl.datasets import atlas
from heschl.errors import HeschlError
from heschl.steps import compare, infer

STG = ["G_temp_sup-Plan_polar", "G_temp_sup-G_T_transv", "G_temp_sup-Plan_tempo"]
DRAWN = {"n_bootstrap": 40, "seed": 0}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Six listeners and six canaries, compared with three layers."""
    return w.make(tmp_path_factory.mktemp("world"), controls=False)


def test_ceilings_by_scipy(world, tmp_path):
    call = {"n_voxels": w.N, "remove_lag_mean": True, "pairs": "between_clip", "n_centres": 40}
    infer.ceiling(patterns=w.heard(world), ceiling=tmp_path / "ceiling.zarr", **call)
    found = store.read(tmp_path / "ceiling.zarr").load()
    assert 20 < found.sizes["centre"] <= 40 and (np.diff(np.ravel_multi_index(found["ijk"].values.T, w.GRID)) > 0).all()
    for at in (0, 11):
        own = []
        for sub in w.LISTENERS:
            values, ijk = w.treated(world, sub)
            own.append(w.sphere(values, ijk, int(np.flatnonzero((ijk == found["ijk"].values[at]).all(1))[0])))
        own = np.array(own)
        upper = [stats.spearmanr(one, own.mean(0)).statistic for one in own]
        lower = [stats.spearmanr(one, np.delete(own, s, 0).mean(0)).statistic for s, one in enumerate(own)]
        assert found["upper"].values[at] == pytest.approx(np.mean(upper), abs=1e-6)
        assert found["lower"].values[at] == pytest.approx(np.mean(lower), abs=1e-6)
    plain = call | {"remove_lag_mean": False}  # removing the mean at each lag makes all alike a little
    infer.ceiling(patterns=w.heard(world, w.CANARIES), ceiling=tmp_path / "noise.zarr", **plain)
    noise = store.read(tmp_path / "noise.zarr")["lower"].values.mean()
    assert abs(noise) < 0.03 < 0.1 < found["lower"].values.mean()
    infer.ceiling(patterns=w.heard(world)[:1], ceiling=tmp_path / "one.zarr", **call)
    one = store.read(tmp_path / "one.zarr")
    assert np.isnan(one["lower"].values).all() and np.allclose(one["upper"].values, 1)


def test_ceiling_refuses_other_clips(world, tmp_path):
    moved = store.read(world / "sub-02_patterns.zarr").load()
    moved["lag_s"] = moved["lag_s"] + 0.1
    store.write(tmp_path / "sub-02_patterns.zarr", moved)
    paths = [world / "sub-01_patterns.zarr", tmp_path / "sub-02_patterns.zarr"]
    with pytest.raises(HeschlError, match="wanted the same volumes"):
        infer.ceiling(
            patterns=paths, ceiling=tmp_path / "c.zarr", n_voxels=w.N, n_centres=5, remove_lag_mean=True, pairs="all"
        )


def test_intervals_of_regions(world, tmp_path):
    call = {"patterns": w.heard(world), "features": world / "features.zarr", "regions": STG} | w.TREATED | DRAWN
    infer.bootstrap(**call, bootstrap=tmp_path / "bootstrap.zarr")
    found = store.read(tmp_path / "bootstrap.zarr").load()
    assert {"L Heschl's gyrus", "L planum temporale"} <= set(found["region"].values.tolist())
    assert [name for name in found.attrs["left_out"] if name[0] == "R"] == [
        "R planum polare",
        "R Heschl's gyrus",
        "R planum temporale",
    ]
    assert 1 <= found["n_centres"].values.min() and found["n_centres"].values.max() <= 12
    assert (found["rho_low"].values < found["rho"].values).all() and (found["rho"] < found["rho_high"]).all()
    layers = found["best_layer"].values.tolist()
    assert set(layers) <= {1, 2, 3} and layers[found["region"].values.tolist().index("L planum temporale")] == 3
    assert (found["best_layer_low"].values <= found["best_layer_high"].values).all()
    infer.bootstrap(**call, bootstrap=tmp_path / "again.zarr")
    xr.testing.assert_identical(store.read(tmp_path / "again.zarr").load(), found)
    noise = call | {"patterns": w.heard(world, w.CANARIES)}
    infer.bootstrap(**noise, bootstrap=tmp_path / "noise.zarr")
    flat = store.read(tmp_path / "noise.zarr").load()
    inside = (flat["rho_low"] < flat["centre"]) & (flat["centre"] < flat["rho_high"])
    assert inside.values.mean() > 0.7 and (found["rho_low"] > found["centre"]).sel(layer="layer-03").values[-1]


def test_rho_of_a_region_is_that_of_the_searchlight(world, tmp_path):
    """Without resampling: the mean over subjects and centres of what compare wrote there."""
    call = {"patterns": w.heard(world), "features": world / "features.zarr", "regions": STG[2:]} | w.TREATED
    infer.bootstrap(**call, **DRAWN | {"n_bootstrap": 3}, bootstrap=tmp_path / "bootstrap.zarr")
    rsa = [world / f"sub-{s}_rsa.zarr" for s in w.LISTENERS]
    compare.group(rsa=rsa, published=rsa, group=tmp_path / "group.zarr", q=0.005)
    found, group = store.read(tmp_path / "bootstrap.zarr").load(), store.read(tmp_path / "group.zarr").load()
    destrieux = atlas.load("destrieux")
    label = next(n for n, name in destrieux.names.items() if name == "ctx_lh_G_temp_sup-Plan_tempo")
    mm = group["ijk"].values @ w.AFFINE[:3, :3].T + w.AFFINE[:3, 3]
    near = np.rint(np.linalg.solve(destrieux.affine, np.vstack([mm.T, np.ones(len(mm))]))[:3]).astype(int)
    inside = np.flatnonzero(destrieux.volume[tuple(near)] == label)
    chosen = inside[:: -(-len(inside) // 12)]
    assert found["region"].values.tolist() == ["L planum temporale"] and found["n_centres"].values.tolist() == [
        len(chosen)
    ]
    np.testing.assert_allclose(found["rho"].values[0], group["rho_mean"].values[chosen].mean(0), atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"regions": ["G_temp_sup-Plan_tempoo"]}, "Did you mean G_temp_sup-Plan_tempo?"),
        ({"regions": ["G_cuneus"]}, "none holds a voxel"),
        ({"n_voxels": 9999}, "a sphere of 9999 voxels"),
    ],
)
def test_impossible_bootstraps_are_one_line(world, tmp_path, change, message):
    call = {"patterns": w.heard(world)[:1], "features": world / "features.zarr", "regions": STG} | w.TREATED | DRAWN
    with pytest.raises(HeschlError) as caught:
        infer.bootstrap(**call | change, bootstrap=tmp_path / "bootstrap.zarr")
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_two_clips_are_no_bootstrap(world, tmp_path):
    for name in ("sub-01_patterns", "features"):
        whole = store.read(world / f"{name}.zarr").load()
        store.write(
            tmp_path / f"{name}.zarr", whole.isel(volume=np.isin(whole["clip"], ["style/piece_0", "style/piece_1"]))
        )
    call = {"patterns": [tmp_path / "sub-01_patterns.zarr"], "features": tmp_path / "features.zarr", "regions": STG}
    with pytest.raises(HeschlError, match="2 clips; wanted 3 at least"):
        infer.bootstrap(**call, **w.TREATED, **DRAWN, bootstrap=tmp_path / "bootstrap.zarr")
