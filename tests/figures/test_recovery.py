"""The figure of planted and recovered layers."""

import numpy as np
import pytest

from heschl import store
from heschl.datasets import atlas
from heschl.datasets.simulated_head import planted
from heschl.figures import recovery as figure
from heschl.figures import recovery_along
from heschl.science.atlas import labels_at
from heschl.science.simulation import STG_MM

from .infer_stores import table_of


def test_recovery_tells_what_the_store_says(draw_twice, recovery, rsa):
    found = draw_twice(figure.draw, recovery=recovery, rsa=rsa).set_index(["quantity", "of"])["value"]
    wanted = store.read(recovery)
    assert found["agreement", "layer_mode all"] == pytest.approx(0.91)
    assert found["min_p_fwe", "03"] == pytest.approx(0.6)
    assert found["motion_error_mm", "r4"] == pytest.approx(float(wanted["motion_error_mm"][4]), rel=1e-4)
    both = (wanted["planted"].values > 0) & wanted["significant"].values
    assert found["voxels"].sum() == both.sum()
    assert found["largest_rho", "03"] < found["largest_rho", "01"]


def test_recovery_of_nothing(tmp_path, draw_twice, recovery, rsa):
    """No voxel is significant, nobody is noise: the figure says so and doesn't fail."""
    empty = store.read(recovery).load()
    empty["significant"][:] = False
    empty["agreement"][:] = float("nan")
    empty["is_noise"][:] = False
    store.write(tmp_path / "empty.zarr", empty)
    found = draw_twice(figure.draw, recovery=tmp_path / "empty.zarr", rsa=rsa)
    assert not (found["quantity"] == "voxels").any()


def test_layers_along_the_gyrus_are_means_of_its_voxels(tmp_path, recovery, rsa, xyz):
    """Independent of the bins' code: sort voxels into twelfths of the planted line by hand."""
    found = table_of(figure.draw, tmp_path, recovery=recovery, rsa=rsa).set_index(["quantity", "of"])["value"]
    one = store.read(recovery).load()
    planted, significant = one["planted"].values, one["significant"].values
    mirrored = np.column_stack([np.abs(xyz[:, 0]), xyz[:, 1:]])
    line = np.concatenate([np.linspace(a, b, 4000) for a, b in zip(STG_MM[:-1], STG_MM[1:], strict=True)])
    steps = np.r_[0, np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))]
    share = steps[[((line - p) ** 2).sum(1).argmin() for p in mirrored[planted > 0]]] / steps[-1]
    twelfth = np.full(len(planted), -1)
    twelfth[planted > 0] = np.minimum((12 * share).astype(int), 11)
    for k in (3, 6):
        here = (twelfth == k) & (xyz[:, 0] < 0)
        of = f"left {(k + 0.5) / 4:.3f}"
        assert here.sum() > 3 and abs(found["n_along", of] - here.sum()) <= 1  # one may lie on an edge
        assert found["planted_along", of] == pytest.approx(planted[here].mean(), abs=0.15)
        told = one["recovered"].values[here & significant]
        assert found["recovered_along", of] == pytest.approx(told.mean(), abs=0.3)
    assert found["n_along"].sum() == (planted > 0).sum()


def test_the_published_map_is_shown_by_region(tmp_path, recovery, rsa, xyz):
    """High in planum polare, low in Heschl's gyrus, high in planum temporale, and deeper on the left."""
    one = store.read(recovery).load()
    one["planted"][:] = planted(xyz, "stg_atlas", 10)
    one["recovered"][:] = one["planted"].values
    one["significant"][:] = one["planted"].values > 0
    store.write(tmp_path / "atlas.zarr", one)
    found = table_of(figure.draw, tmp_path, recovery=tmp_path / "atlas.zarr", rsa=rsa, gradient="stg_atlas")
    along = found[found["quantity"].str.endswith("_along")].copy()
    along[["side", "place"]] = along["of"].str.split(" ", expand=True)
    along["region"] = along["place"].astype(float).astype(int)
    wide = along.pivot(index=["side", "region", "place"], columns="quantity", values="value").reset_index()
    np.testing.assert_allclose(wide["planted_along"], wide["recovered_along"])
    mean = wide.groupby(["side", "region"])["planted_along"].mean()
    for side in ("left", "right"):
        assert mean[side, 1] < mean[side, 0] - 1 and mean[side, 1] < mean[side, 2] - 1
    assert (mean["left"] > mean["right"]).all()
    assert wide["n_along"].sum() == (one["planted"].values > 0).sum()


def test_regions_are_those_of_the_atlas(recovery, xyz):
    """A voxel within a region of the atlas, looked up directly, is placed in that region."""
    there = atlas.load("destrieux")
    names = {name: label for label, name in there.names.items()}
    where = recovery_along.course(store.read(recovery), "stg_atlas")
    label = labels_at(there.volume, there.affine, xyz)
    for k, name in enumerate(("Plan_polar", "G_T_transv", "Plan_tempo")):
        for side, left in (("lh", True), ("rh", False)):
            here = label == names[f"ctx_{side}_G_temp_sup-{name}"]
            assert here.any()
            assert (np.floor(where.place[here]) == k).all() and (where.is_left[here] == left).all()
    assert np.isnan(where.place[np.abs(xyz[:, 1]) > 60]).all()
