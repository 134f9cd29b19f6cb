"""The figure of what each layer adds and of what each test finds: its table holds the numbers of the stores."""

import numpy as np
import pytest

from heschl import store
from heschl.figures import layer_profiles, layer_tests

from . import infer_stores as made


@pytest.fixture(scope="module")
def inferred(tmp_path_factory, grid, planted, group):
    folder = tmp_path_factory.mktemp("infer")
    return {
        "layers": made.layers(folder / "layers.zarr", grid, planted),
        "ceiling": made.ceiling(folder / "ceiling.zarr", grid, planted),
        "bootstrap": made.bootstrap(folder / "bootstrap.zarr"),
        "group": group,
    }


@pytest.fixture(scope="module")
def drawn(tmp_path_factory, inferred):
    return of(made.table_of(layer_tests.draw, tmp_path_factory.mktemp("drawn"), **inferred))


def of(table):
    return table.set_index(["panel", "what", "layer"])


def test_curves_are_means_over_significant_voxels(drawn, inferred):
    found = drawn
    one = store.read(inferred["layers"]).load()
    passed = [v for v in range(one.sizes["voxel"]) if min(one["p_fwe"].values[v]) <= 0.05]
    assert 50 < len(passed) < one.sizes["voxel"] / 2
    for what in ("rho_mean", "semipartial", "beyond_controls"):
        values = np.array([one[what].values[v] for v in passed])
        for k, name in enumerate(made.LAYERS):
            wanted = [values[:, k].mean(), np.percentile(values[:, k], 25), np.percentile(values[:, k], 75)]
            np.testing.assert_allclose(found.loc["A", what, name].to_numpy(float), wanted, rtol=1e-4, atol=1e-8)
    assert found.loc[("A", "rho_control", "spectral"), "value"] > 0


def test_the_ceiling_is_that_of_the_same_voxels(inferred):
    tested, top = store.read(inferred["layers"]).load(), store.read(inferred["ceiling"]).load()
    chosen = (tested["p_fwe"].values <= 0.05).any(1)
    places = {tuple(ijk) for ijk in tested["ijk"].values[chosen]}
    at = [k for k, ijk in enumerate(top["ijk"].values) if tuple(ijk) in places]
    found = layer_profiles.band(tested, top, chosen)
    assert found["n"] == len(at) > 5
    assert found["lower"] == pytest.approx(np.mean([top["lower"].values[k] for k in at]))
    assert found["upper"] == pytest.approx(np.mean([top["upper"].values[k] for k in at]))


def test_a_ceiling_without_a_common_voxel_is_that_of_all_centres(inferred):
    tested, top = store.read(inferred["layers"]).load(), store.read(inferred["ceiling"]).load()
    found = layer_profiles.band(tested, top, np.arange(tested.sizes["voxel"]) == 1)  # no seventh voxel
    assert found["n"] == top.sizes["centre"] and found["upper"] == pytest.approx(float(top["upper"].mean()))


def test_regions_and_counts_are_those_of_the_stores(draw_twice, inferred):
    found = of(draw_twice(layer_tests.draw, **inferred))
    regions, one = store.read(inferred["bootstrap"]).load(), store.read(inferred["layers"]).load()
    row = found.loc["B", "R Heschl's gyrus", "layer-05"]
    wanted = [regions[name].values[3, 4] for name in ("rho", "rho_low", "rho_high")]
    np.testing.assert_allclose(row.to_numpy(float), wanted, rtol=1e-5)
    best = found.loc["B"].reset_index().set_index("what").loc["L planum temporale, best layer"]
    assert best[["value", "low", "high"]].tolist() == [10, 9, 10]
    counts = found.loc["C"].reset_index().set_index("what")["value"]
    passed = one["p_fwe"].values <= 0.05
    assert counts["family-wise, clips, voxels"] == passed.any(1).sum()
    assert counts["family-wise, clips, voxels x layers"] == passed.sum()
    assert counts["family-wise, sign flips, voxels x layers"] == (one["p_flip"].values <= 0.05).sum()
    assert counts["false discovery rate, voxels x layers"] == one["discovered"].values.sum()
    assert counts["clusters (TFCE), clips, voxels"] == (one["p_fwe_enhanced"].values <= 0.05).sum()
    assert np.isnan(counts["clusters (TFCE), clips, voxels x layers"])
    assert counts["published test, voxels"] == store.read(inferred["group"])["published"].values.sum()


def test_what_was_not_run_has_no_count(tmp_path, grid, planted, inferred):
    """Three listeners flip no sign, without controls there is no curve, and clusters weren't enhanced."""
    few = made.layers(tmp_path / "few.zarr", grid, planted, n_subjects=3, controls=(), enhanced=False)
    found = of(made.table_of(layer_tests.draw, tmp_path, **inferred | {"layers": few}))
    counts = found.loc["C"].reset_index().set_index("what")["value"]
    for name in ("family-wise, sign flips", "sign flips, best layer", "clusters (TFCE), clips"):
        assert np.isnan(counts[f"{name}, voxels"])
    assert not {"beyond_controls", "rho_control"} & set(found.loc["A"].index.get_level_values("what"))


def test_nothing_significant_one_listener_and_two_regions(tmp_path, grid, planted, inferred):
    given = {
        "layers": made.layers(tmp_path / "one.zarr", grid, 0 * planted, n_subjects=1),
        "ceiling": made.ceiling(tmp_path / "top.zarr", grid, planted, n_subjects=1),
        "bootstrap": made.bootstrap(tmp_path / "two.zarr", ["L planum polare", "R planum temporale"]),
    }
    found = of(made.table_of(layer_tests.draw, tmp_path, **inferred | given))
    values = store.read(given["layers"])["rho_mean"].values[:, 3]
    assert found.loc[("A", "rho_mean", "layer-04"), "value"] == pytest.approx(values.mean(), rel=1e-4)
    ends = found.loc["A"].reset_index().set_index("what")["value"]
    assert np.isnan(ends["noise ceiling, lower"]) and np.isfinite(ends["noise ceiling, upper"])
    counts = found.loc["C"].reset_index().set_index("what")["value"]
    assert counts["family-wise, clips, voxels"] == 0 and np.isnan(counts["false discovery rate, voxels"])
