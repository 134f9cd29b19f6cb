"""Control models and tests of layers on a small made-up world, read back from disk, against scipy."""

import infer_world as w
import numpy as np
import pytest
from scipy import stats

from heschl import store
from heschl.errors import HeschlError
from heschl.science.tfce import adjacency
from heschl.steps import infer

TESTS = {"q": 0.05, "cluster_enhanced": True, "connectivity": 6, "shrink": 1.0, "seed": 0}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Six listeners and six canaries, tested."""
    folder = w.make(tmp_path_factory.mktemp("world"))
    for who, subjects in (("group", w.LISTENERS), ("noise", w.CANARIES)):
        infer.layers(**w.of(folder, subjects), layers=folder / f"{who}_layers.zarr", **TESTS)
    return folder


def test_controls_by_scipy(world):
    found = store.read(world / "sub-02_controls.zarr").load()
    assert found["control"].values.tolist() == ["spectral", "untrained stage1", "untrained stage2"]
    assert found["model_row"].values.tolist()[:4] == ["layer-01", "layer-02", "layer-03", "spectral"]
    models = [w.model(world / "features.zarr", f"layer-{k:02d}") for k in (1, 2, 3)]
    models += [w.model(world / "spectral.zarr", "layer-01")]
    models += [w.model(world / "untrained.zarr", f"layer-{k:02d}") for k in (1, 2)]
    np.testing.assert_allclose(found["between"].values, np.corrcoef(models), atol=1e-6)
    values, ijk = w.treated(world, "02")
    for at in (0, 100, 300):
        expected = [np.corrcoef(w.sphere(values, ijk, at), m)[0, 1] for m in models[3:]]
        np.testing.assert_allclose(found["rho_control"].values[at], expected, atol=1e-4)


def test_tests_of_layers_by_scipy(world):
    found = store.read(world / "group_layers.zarr").load()
    stores = [store.read(world / f"sub-{s}_rsa.zarr").load() for s in w.LISTENERS]
    assert found.sizes["voxel"] == np.prod(w.GRID) - 6 and found.attrs["n_subjects"] == 6 and "note" not in found.attrs
    for at in (0, 57, 200):
        rows = [int(np.flatnonzero((s["ijk"].values == found["ijk"].values[at]).all(1))[0]) for s in stores]
        rho, centre = (
            np.array([s[n].values[r] for s, r in zip(stores, rows, strict=True)]) for n in ("rho", "null_mean")
        )
        expected = stats.ttest_1samp(rho.astype(float) - centre.astype(float), 0, alternative="greater")
        np.testing.assert_allclose(found["t"].values[at], expected.statistic, rtol=1e-5)
        np.testing.assert_allclose(found["p"].values[at], expected.pvalue, rtol=1e-5)
        np.testing.assert_allclose(found["rho_mean"].values[at], rho.mean(0), rtol=1e-5)
        np.testing.assert_allclose(found["centre"].values[at], centre.mean(0), atol=1e-6)
    for name in ("p_flip", "discovered", "p_fwe", "partial"):
        assert found[name].dims == ("voxel", "layer")
    assert found["p_flip_max"].dims == found["enhanced"].dims == ("voxel",)


def test_planted_layers_are_found_each_in_its_half(world):
    found = store.read(world / "group_layers.zarr").load()
    front, back = (found["ijk"].values[:, 1] >= 8), (found["ijk"].values[:, 1] < 4)
    for name in ("p_fwe", "p_flip"):
        hit = found[name].values <= 0.05
        assert hit[front, 0].mean() > 0.8 and hit[back, 2].mean() > 0.8, name
        assert hit[front, 2].mean() < 0.2 and hit[back, 0].mean() < 0.2, name
    assert (found["p_flip_max"].values <= 0.05).mean() > 0.5 and (found["p_fwe_enhanced"].values <= 0.05).mean() > 0.8
    assert found["semipartial"].values[front].mean(0).argmax() == 0
    assert found["beyond_controls"].values[back].mean(0).argmax() == 2
    spectral = found["rho_control"].values[front, 0].mean()
    assert spectral > 0.1 > abs(found["rho_control"].values[:, 1:].mean())
    left, all_of_it = (found[n].values[front, 0].mean() for n in ("beyond_controls", "rho_mean"))
    assert 0 < left < all_of_it  # the spectrogram-like control took its share


def test_partial_correlation_by_regression(world):
    found = store.read(world / "group_layers.zarr").load()
    models = np.array([w.model(world / "features.zarr", f"layer-{k:02d}") for k in (1, 2, 3)])
    at, semi, both = 57, [], []
    design = np.vstack([models[1:], np.ones(models.shape[1])]).T
    alone = models[0] - design @ np.linalg.lstsq(design, models[0], rcond=None)[0]
    for sub in w.LISTENERS:
        values, ijk = w.treated(world, sub)
        own = w.sphere(values, ijk, int(np.flatnonzero((ijk == found["ijk"].values[at]).all(1))[0]))
        left = own - design @ np.linalg.lstsq(design, own, rcond=None)[0]
        semi.append(np.corrcoef(alone, own)[0, 1])
        both.append(np.corrcoef(alone, left)[0, 1])
    assert found["semipartial"].values[at, 0] == pytest.approx(np.mean(semi), abs=1e-4)
    assert found["partial"].values[at, 0] == pytest.approx(np.mean(both), abs=1e-4)


def test_the_canaries_show_nothing(world):
    found = store.read(world / "noise_layers.zarr").load()
    for name in ("p_fwe", "p_flip", "p_flip_max", "p_fwe_enhanced"):
        assert found[name].values.min() > 0.05, name
    assert found["discovered"].values.mean() < 0.01
    assert 0.005 < (found["p"].values < 0.05).mean() < 0.15  # neighbours share data
    for name, centre in (("rho_mean", "centre"), ("semipartial", "semipartial_centre")):
        assert abs((found[name] - found[centre]).values.mean()) < 0.01 < found[centre].values.mean()
    assert abs((found["beyond_controls"] - found["beyond_centre"]).values.mean()) < 0.01
    assert abs((found["rho_control"] - found["control_centre"]).values.mean()) < 0.01


def test_what_cannot_be_told_is_missing_not_wrong(world, tmp_path):
    few = {"layers": tmp_path / "layers.zarr"} | TESTS | {"cluster_enhanced": False}
    infer.layers(**w.of(world, w.LISTENERS[:3]), **few)
    found = store.read(tmp_path / "layers.zarr").load()
    for name in ("p_flip", "p_flip_max", "enhanced", "p_fwe_enhanced"):
        assert np.isnan(found[name].values).all(), name
    assert np.isfinite(found["t"].values).all() and found.attrs["note"].endswith("need 5 subjects, there are 3")
    infer.layers(**w.of(world, w.LISTENERS[:1]), **few)
    one = store.read(tmp_path / "layers.zarr").load()
    assert np.isnan(one["p"].values).all() and not one["discovered"].values.any() and one["p_fwe"].values.min() == 0.01


def test_without_controls_there_is_nothing_beyond_them(world, tmp_path):
    call = {"patterns": world / "sub-01_patterns.zarr", "features": world / "features.zarr"} | w.TREATED
    infer.controls(**call, others=[], controls=tmp_path / "controls.zarr")
    own = store.read(tmp_path / "controls.zarr").load()
    assert own["rho_control"].shape == (np.prod(w.GRID) - 1, 0) and own["between"].shape == (3, 3)
    rsa = {"rsa": [world / "sub-01_rsa.zarr"], "controls": [tmp_path / "controls.zarr"]}
    infer.layers(**rsa, layers=tmp_path / "layers.zarr", **TESTS)
    found = store.read(tmp_path / "layers.zarr").load()
    assert np.isnan(found["beyond_controls"].values).all() and np.isfinite(found["partial"].values).all()
    assert found.sizes["control"] == 0


def test_unlike_stores_are_refused(world, tmp_path):
    call = {"layers": tmp_path / "layers.zarr"} | TESTS
    other = w.of(world, w.LISTENERS) | {"controls": [world / f"sub-{s}_controls.zarr" for s in reversed(w.LISTENERS)]}
    with pytest.raises(HeschlError, match=r"sub-06_controls.zarr: its voxels differ"):
        infer.layers(**other, **call)
    spoilt = store.read(world / "sub-02_controls.zarr").load()
    for message, changed in {
        "controls differs": spoilt.assign_attrs(controls=["a", "b", "c"]),
        "layers differs": spoilt.assign_attrs(layers=["layer-01"]),
        "its grid differs": spoilt.assign(affine=spoilt["affine"] + 1),
    }.items():
        store.write(tmp_path / "sub-02_controls.zarr", changed)
        two = w.of(world, w.LISTENERS[:2]) | {
            "controls": [world / "sub-01_controls.zarr", tmp_path / "sub-02_controls.zarr"]
        }
        with pytest.raises(HeschlError, match=message) as caught:
            infer.layers(**two, **call)
        assert "\n" not in str(caught.value)
    assert not (tmp_path / "layers.zarr").exists()


def test_connectivity_joins_more(world, tmp_path):
    infer.layers(**w.of(world, w.LISTENERS), layers=tmp_path / "layers.zarr", **TESTS | {"connectivity": 26})
    wide, narrow = (store.read(f).load() for f in (tmp_path / "layers.zarr", world / "group_layers.zarr"))
    assert (adjacency(wide["ijk"].values, 26) >= 0).sum() > (adjacency(wide["ijk"].values, 6) >= 0).sum()
    assert (wide["enhanced"].values >= narrow["enhanced"].values * (1 - 1e-6)).all()
    assert (wide["enhanced"].values > narrow["enhanced"].values).any()
