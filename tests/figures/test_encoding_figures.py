"""The figures of encoding: their tables say what the stores hold, whoever is there."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import Normalize, to_rgba

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import encoded, encoding_density, encoding_maps, layer_encoding, maps, noise_ceiling, voxel_overlap

from . import encoding_stores
from .encoding_stores import NOISE, encode, files, r_of

world, draw_once = encoding_stores.world, encoding_stores.draw_once


def test_maps_show_the_mean_of_those_who_hear(draw_once, world):
    found = draw_once(encoding_maps.draw, encoding=world["musicnn"][::-1], noise_subjects=NOISE)
    shares = found[found["quantity"] == "share_significant"].set_index("map")["value"]
    q = np.stack([store.read(p)["q_fdr"].values for p in world["musicnn"]])
    np.testing.assert_allclose(shares, (q <= 0.05).mean(1), rtol=1e-5)
    assert shares.index.tolist() == ["01", "02", "03", "05 (noise)"]
    coloured = np.sort(found.loc[found["quantity"] == "r", "value"])
    passed = (q[:3] <= 0.05).sum(0) >= 2
    mean = np.tanh(np.mean([np.arctanh(r_of(p)) for p in world["musicnn"][:3]], axis=0))
    np.testing.assert_allclose(coloured, np.sort(mean[passed]), rtol=1e-5)


def test_maps_of_each_are_in_place(draw_once, world, grid, xyz):
    found = draw_once(encoding_maps.draw, encoding=world["text"][:1], noise_subjects=NOISE, each=True)
    rows = found[found["quantity"] == "r"]
    passed = store.read(world["text"][0])["q_fdr"].values <= 0.05
    assert set(rows["map"]) == {"01"}
    order = np.lexsort(grid.ijk[passed].T[::-1])
    np.testing.assert_allclose(rows[["x_mm", "y_mm", "z_mm"]], xyz[passed][order], rtol=1e-5)
    np.testing.assert_allclose(rows["value"], r_of(world["text"][0])[passed][order], rtol=1e-5)


def test_maps_without_any_significant_voxel(tmp_path, draw_once, world):
    silent = store.read(world["text"][0]).load()
    silent["q_fdr"][:] = 1
    store.write(tmp_path / "silent.zarr", silent)
    found = draw_once(encoding_maps.draw, encoding=[tmp_path / "silent.zarr"], noise_subjects=[])
    assert found["value"].tolist() == [0]


def test_density_counts_every_voxel(draw_once, world):
    found = draw_once(encoding_density.draw, first=world["musicnn"], second=world["text"], noise_subjects=NOISE)
    n = len(r_of(world["text"][0]))
    cells = found[found["quantity"] == "cell"].groupby("listener")["n_voxels"].sum()
    assert cells.to_dict() == {"01": n, "02": n, "03": n, "05 (noise)": n, "all": 3 * n}
    median = found[found["quantity"] == "median_r"].set_index("listener")
    assert median.loc["02", "second"] == pytest.approx(np.median(r_of(world["text"][1])), rel=1e-4)
    above = found[found["quantity"] == "share_above_identity_significant"].set_index("listener")
    a, b = (store.read(world[name][2]) for name in ("musicnn", "text"))
    either = (a["q_fdr"].values <= 0.05) | (b["q_fdr"].values <= 0.05)
    wanted = np.mean(r_of(world["text"][2])[either] > r_of(world["musicnn"][2])[either])
    assert above.loc["03", "second"] == pytest.approx(wanted, rel=1e-4)
    assert above.loc["03", "n_voxels"] == either.sum() and above.loc["all", "n_voxels"] > either.sum()


def test_density_of_one_model_lies_on_the_line(draw_once, world):
    found = draw_once(encoding_density.draw, first=world["text"][:1], second=world["text"][:1], noise_subjects=[])
    cells = found[found["quantity"] == "cell"]
    assert (cells["first"] == cells["second"]).all()


def test_pairs_match_voxels_by_place(tmp_path, world):
    """The second store lacks some voxels and has the others in another order."""
    whole = store.read(world["text"][0]).load()
    kept = np.random.default_rng(0).permutation(whole.sizes["voxel"])[:500]
    store.write(tmp_path / "part.zarr", whole.isel(voxel=kept))
    ((one, r),) = encoded.pairs(world["text"][:1], [tmp_path / "part.zarr"], [])
    np.testing.assert_array_equal(r[0], r[1])
    assert r.shape == (2, 500) and one.found.sizes["voxel"] == 500


def test_overlap_counts_voxels_above_the_threshold(draw_once, world):
    given = {"first": world["musicnn"], "second": world["genre"], "noise_subjects": NOISE}
    found = draw_once(voxel_overlap.draw, **given).set_index(["listener", "above_threshold"])["n_voxels"]
    a, b = r_of(world["musicnn"][0]) > 0.4, r_of(world["genre"][0]) > 0.4
    assert found["01"].tolist() == [(a & ~b).sum(), (a & b).sum(), (b & ~a).sum()]
    assert found["05 (noise)"].tolist() == [0, 0, 0]
    assert found["mean r"].sum() > 0
    none = draw_once(voxel_overlap.draw, **given, threshold=0.98)
    assert (none["n_voxels"] == 0).all()


def test_layers_are_compared_in_voxels_chosen_in_training(draw_once, world):
    given = [*world["musicnn"], *world["text"], *world["genre"]]
    found = draw_once(layer_encoding.draw, encoding=given, noise_subjects=NOISE)
    one = store.read(world["musicnn"][2])
    best = np.argsort(-one["r_cv"].values)[: round(0.01 * one.sizes["voxel"])]
    own = found[(found["model"] == "musicnn") & (found["listener"] == "03")]
    np.testing.assert_allclose(own["mean_r"], one["r"].values[:, best].mean(1), rtol=1e-4)
    assert own.loc[own["is_default"], "layer"].tolist() == [one.attrs["layer"]]
    noise = found[found["listener"] == "05 (noise)"]
    assert len(noise) == 7
    assert len(draw_once(layer_encoding.draw, encoding=world["text"][:1], noise_subjects=[])) == 1


def test_chosen_voxels_never_lack_a_score():
    r_cv = np.array([np.nan, 0.1, 0.5, np.nan, 0.5])
    assert layer_encoding.best(r_cv, 0.4).tolist() == [2, 4]
    assert layer_encoding.best(r_cv).tolist() == [2]


def test_ceiling(draw_once, world):
    found = draw_once(noise_ceiling.draw, encoding=world["musicnn"], noise_subjects=NOISE)
    medians = found[found["quantity"] == "median_ceiling"].set_index("listener")["value"]
    assert medians["01"] == pytest.approx(float(store.read(world["musicnn"][0])["ceiling"].median()), rel=1e-4)
    shares = found[found["quantity"].isin(["share_ceiling", "share_r_normalised"])]
    np.testing.assert_allclose(shares.groupby(["listener", "quantity"])["value"].sum(), 100, rtol=1e-4)


def test_ceiling_that_cannot_be_estimated(tmp_path, draw_once, grid, stg):
    path = encode(tmp_path / "once.zarr", "01", "text", grid, stg, 0.5, repeats=False)
    found = draw_once(noise_ceiling.draw, encoding=[path], noise_subjects=[])
    assert found["n_voxels"].sum() == 0


def test_ceiling_within_noise_is_white(draw_once, world):
    found = draw_once(noise_ceiling.draw, encoding=world["musicnn"], noise_subjects=NOISE)
    limit = found[found["quantity"] == "ceiling_percentile_95"]["value"].item()
    assert limit == pytest.approx(np.quantile(store.read(world["musicnn"][3])["ceiling"], 0.95), rel=1e-4)
    cmap = noise_ceiling._colours(Normalize(0, 1), 0.5)
    assert cmap(0.4) == cmap(0.0) == to_rgba(noise_ceiling.WITHIN) != cmap(0.6)
    assert cmap(1e9) == to_rgba(noise_ceiling.UNKNOWN)
    heard = draw_once(noise_ceiling.draw, encoding=world["musicnn"][:1], noise_subjects=[])
    assert "ceiling_percentile_95" not in set(heard["quantity"])


def test_parallel_layers_are_not_joined():
    rows = pd.DataFrame({"layer": ["timbral", "temporal", "cnn1", "cnn2"], "depth": range(4)})
    assert [part["layer"].tolist() for part in layer_encoding._series(rows)] == [
        ["timbral"],
        ["temporal"],
        ["cnn1", "cnn2"],
    ]


@pytest.mark.parametrize(
    ("paths", "noise", "said"),
    [([], [], "no store"), ([3], NOISE, "only noise"), ([0, 0], [], "two stores of sub-01")],
)
def test_who_is_drawn_must_make_sense(tmp_path, world, paths, noise, said):
    given = [world["text"][k] for k in paths]
    for draw in (encoding_maps.draw, noise_ceiling.draw, layer_encoding.draw):
        with pytest.raises(HeschlError, match=said):
            draw(encoding=given, noise_subjects=noise, **files(tmp_path))
    assert not list(tmp_path.iterdir())


def test_models_and_grids_are_not_mixed(tmp_path, world):
    with pytest.raises(HeschlError, match="models musicnn, text"):
        mixed = [world["text"][0], world["musicnn"][1]]
        encoding_maps.draw(encoding=mixed, noise_subjects=[], **files(tmp_path))
    with pytest.raises(HeschlError, match="sub-02 has only one"):
        encoded.pairs(world["text"][:1], world["musicnn"][:2], [])
    moved = store.read(world["text"][1]).load()
    moved["affine"][0, 3] += 2
    store.write(tmp_path / "moved.zarr", moved)
    with pytest.raises(HeschlError, match="sub-02 lies in another grid"):
        noise_ceiling.draw(encoding=[world["text"][0], tmp_path / "moved.zarr"], noise_subjects=[], **files(tmp_path))


def test_half_of_the_listeners():
    grids = np.array([[1, 1, np.nan, np.nan], [1, 0, 0.5, np.nan], [0, 0, 0.25, 1]], float)[:, :, None, None]
    assert encoded.half_say(grids).ravel().tolist() == [True, False, False, False]
    mean = encoded.over_listeners(grids).ravel()
    np.testing.assert_allclose(mean, [2 / 3, 1 / 3, 0.375, np.nan])
    z = encoded.over_listeners(grids[:, 2:3], fisher=True).item()
    assert z == pytest.approx(np.tanh((np.arctanh(0.5) + np.arctanh(0.25)) / 2))


def test_glass_brain_faces_the_viewer():
    """From the left, the front is left and the largest value on the line of sight shows."""
    from matplotlib.figure import Figure

    affine, grid = np.diag([4.0, 4, 4, 1]), np.full((40, 46, 40), np.nan)
    affine[:3, 3] = [-78, -110, -70]
    grid[5, 40, 20], grid[30, 40, 20] = 0.2, 0.7
    axes = Figure().add_subplot()
    maps.glass(axes, "left", grid, affine, "inferno", Normalize(0, 1))
    assert axes.get_xlim()[0] > axes.get_xlim()[1]
    shown = axes.images[1].get_array()
    assert np.ma.masked_invalid(shown).max() == pytest.approx(0.7)
    assert np.argwhere(np.isfinite(np.ma.filled(shown, np.nan))).tolist() == [[20, 40]]
    assert axes.images[1].get_extent()[:2] == pytest.approx([-112, 72])
