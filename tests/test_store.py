"""Stores: what goes in comes out, and nothing damaged is read in silence."""

import errno
import shutil

import numpy as np
import pytest
import xarray as xr

from heschl import store
from heschl.errors import HeschlError


def dataset() -> xr.Dataset:
    """Make a small dataset with every kind of variable that the project stores."""
    rng = np.random.default_rng(0)
    return xr.Dataset(
        {
            "bold": (("time", "voxel"), rng.standard_normal((40, 300)).astype("f4"), {"units": "1"}),
            "ijk": (("voxel", "axis"), rng.integers(0, 60, (300, 3)).astype("i2"), {"units": "1"}),
            "significant": ("voxel", rng.random(300) < 0.5, {"units": "1"}),
        },
        coords={
            "time": ("time", np.arange(40) * 1.5, {"units": "s"}),
            "lone": ["a", "b"],
            "clip": ("time", [f"a/ü{i}" for i in range(40)]),
        },
        attrs={"tr_s": 1.5, "grid_shape": [60, 60, 60]},
    )


@pytest.fixture
def path(tmp_path):
    """Write the small dataset."""
    store.write(tmp_path / "x.zarr", dataset())
    return tmp_path / "x.zarr"


def test_what_goes_in_comes_out(path):
    back, given = store.read(path).load(), dataset()
    xr.testing.assert_identical(back, given)
    assert list(back.data_vars) == sorted(back.data_vars)
    assert back.bold.dtype == np.float32 and back.significant.dtype == bool


def test_same_inputs_same_bytes(path, tmp_path):
    store.write(tmp_path / "y.zarr", dataset())
    a, b = (
        {p.relative_to(r): p.read_bytes() for p in r.rglob("*") if p.is_file()} for r in (path, tmp_path / "y.zarr")
    )
    assert a == b


def test_a_store_says_how_it_was_made(tmp_path):
    with store.signature(rule="encode_voxels", params={"alphas": [1.0]}):
        store.write(tmp_path / "x.zarr", dataset())
    assert store.read(tmp_path / "x.zarr").attrs["made_by"]["params"] == {"alphas": [1.0]}


def test_300_flipped_bits_are_all_noticed(path):
    rng = np.random.default_rng(1)
    files = [p for p in sorted(path.rglob("*")) if p.is_file() and p.stat().st_size]
    for _ in range(300):
        file = files[rng.integers(len(files))]
        good = file.read_bytes()
        bad = bytearray(good)
        bad[rng.integers(len(bad))] ^= 1 << rng.integers(8)
        file.write_bytes(bad)
        with pytest.raises(HeschlError, match="x.zarr"):
            store.read(path).load()
        file.write_bytes(good)
    store.read(path).load()


def test_truncated_and_missing_files_are_noticed(path):
    for file in [p for p in sorted(path.rglob("*")) if p.is_file() and p.stat().st_size]:
        good = file.read_bytes()
        file.write_bytes(good[: len(good) // 2])
        with pytest.raises(HeschlError):
            store.read(path)
        file.unlink()
        with pytest.raises(HeschlError):
            store.read(path)
        file.write_bytes(good)


def test_snakemake_may_leave_its_timestamp_inside(path):
    (path / ".snakemake_timestamp").touch()
    store.read(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.bold.attrs.clear(), "'bold' has no units"),
        (lambda d: d.update({"x": xr.Variable("dim_0", [1.0], {"units": "1"})}), "unnamed dimensions"),
    ],
)
def test_arrays_without_units_or_names_are_refused(tmp_path, change, message):
    bad = dataset()
    change(bad)
    with pytest.raises(HeschlError, match=message):
        store.write(tmp_path / "x.zarr", bad)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_a_failing_disk_leaves_the_old_store(path, monkeypatch, code):
    def full(*_, **__):
        raise OSError(code, "the disk says no")

    monkeypatch.setattr(xr.Dataset, "to_zarr", full)
    with pytest.raises(HeschlError, match="the disk says no") as caught:
        store.write(path, dataset())
    assert "\n" not in str(caught.value)
    assert [p.name for p in path.parent.iterdir()] == ["x.zarr"]
    store.read(path).load()


def test_a_killed_writers_leavings_are_swept(path):
    (path.parent / ".x.zarr.abc.tmp").mkdir()
    store.write(path, dataset())
    assert [p.name for p in path.parent.iterdir()] == ["x.zarr"]


def test_missing_and_foreign_folders_are_refused(tmp_path, path):
    with pytest.raises(HeschlError, match="no such store"):
        store.read(tmp_path / "nowhere.zarr")
    shutil.copytree(path, tmp_path / "y.zarr")
    (tmp_path / "y.zarr" / store.MANIFEST).unlink()
    with pytest.raises(HeschlError, match="manifest"):
        store.read(tmp_path / "y.zarr")
