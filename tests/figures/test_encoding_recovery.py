"""The figures of what was planted, and of what bands of features explain by themselves."""

import numpy as np
import pytest

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import encoding_maps, encoding_recovery, unique_variance

from . import encoding_stores
from .encoding_stores import NOISE, SUBS, VIEWS, files, r_of

world, partition, recovered, draw_once = (
    getattr(encoding_stores, n) for n in ("world", "partition", "recovered", "draw_once")
)


def test_the_same_bytes_twice(draw_twice, world, recovered):
    draw_twice(encoding_maps.draw, encoding=world["text"][:1], noise_subjects=[], each=True, **VIEWS)
    encoding = [*world["musicnn"], *world["text"], *world["genre"]]
    draw_twice(encoding_recovery.draw, recovery=recovered, encoding=encoding, noise_subjects=NOISE)


def test_unique_variance_tells_the_bands_apart(draw_once, partition, stg, xyz):
    found = draw_once(unique_variance.draw, partition=partition, noise_subjects=NOISE)
    keyed = found.set_index(["listener", "band", "quantity"])["value"]
    wanted = store.read(partition[1]).sel(band="audio")
    assert keyed["02", "audio", "unique"] == pytest.approx(float(wanted["unique"].mean()), rel=1e-4)
    assert keyed["02", "audio", "share_significant"] == pytest.approx(
        float((wanted["q_unique"] <= 0.05).mean()), rel=1e-4
    )
    largest = [keyed["group", b, "n_voxels_largest_unique"] for b in ("text", "audio", "genre")]
    assert largest == [(stg & (xyz[:, 1] > -10)).sum(), (stg & (xyz[:, 1] <= -10)).sum(), 0]


def test_unique_variance_of_one_listener_and_other_bands(tmp_path, draw_once, partition):
    assert len(draw_once(unique_variance.draw, partition=partition[:1], noise_subjects=[])) == 13
    other = store.read(partition[1]).load().isel(band=[0, 1])
    store.write(tmp_path / "other.zarr", other)
    with pytest.raises(HeschlError, match="sub-02 has bands text, audio"):
        unique_variance.draw(partition=[partition[0], tmp_path / "other.zarr"], noise_subjects=[], **files(tmp_path))


def test_recovery_tells_what_the_store_says(tmp_path, draw_once, world, recovered, grid, stg):
    encoding = [*world["musicnn"], *world["text"], *world["genre"]]
    region = np.zeros(grid.shape, "i2")
    region[tuple(grid.ijk[stg].T)] = 1
    affine = (("row", "column"), grid.affine)
    truth = [
        encoding_stores.write(tmp_path / f"sub-{s}_truth.zarr", region=(("x", "y", "z"), region), affine=affine)
        for s in SUBS[:3]
    ]
    given = {"recovery": recovered, "encoding": encoding, "noise_subjects": NOISE}
    found = draw_once(encoding_recovery.draw, **given, truth=truth)
    keyed = found.set_index(["listener", "model", "region", "quantity"])["value"].sort_index()
    wanted = store.read(recovered).sel(sub="02", model="text", region="text")
    for name in ("r", "ceiling", "ratio", "ratio_interior"):
        assert keyed["02", "text", "text", name].item() == pytest.approx(float(wanted[name]), rel=1e-4)
    largest = keyed["05", "text", "all", "largest_r"].item()
    assert largest == pytest.approx(np.nanmax(r_of(world["text"][3])), rel=1e-4)
    spread = found[found["quantity"] == "share"].groupby("listener")["value"].sum()
    assert spread.to_dict() == pytest.approx({"listeners": 1, "noise": 1}, rel=1e-4)
    assert not (found["region"].isin(["musicnn"]) & (found["model"] == "text")).any()


def test_recovery_without_canary_or_matching_model(tmp_path, draw_once, world, recovered):
    few = store.read(recovered).load().isel(sub=[0, 1])
    few["matching"][:] = False
    store.write(tmp_path / "few.zarr", few)
    encoding = [*world["musicnn"][:2], *world["text"][:2], *world["genre"][:2]]
    found = draw_once(encoding_recovery.draw, recovery=tmp_path / "few.zarr", encoding=encoding, noise_subjects=[])
    assert set(found["region"]) == {"unplanted"}
    with pytest.raises(HeschlError, match="sub-02 has no store"):
        out = files(tmp_path)
        encoding_recovery.draw(recovery=tmp_path / "few.zarr", encoding=encoding[:1], noise_subjects=[], **out)
