"""An array too large for memory makes a store like any other: whole, checked, signed, the same bytes again."""

import json

import numpy as np
import pytest
import xarray as xr

from heschl import sharded, store
from heschl.errors import HeschlError

ROWS = np.random.default_rng(0).integers(-1000, 1000, (10, 300)).astype(np.int16)
ABOUT = {"name": "audio", "dims": ("clip", "sample"), "shape": (10, 300), "rows": 4}


def small() -> xr.Dataset:
    return xr.Dataset({"seconds": ("clip", np.arange(10.0), {"units": "s"})}, {"clip": [f"c{i}" for i in range(10)]})


def write(path, rows=ROWS, **changes):
    sharded.write(path, (rows[i : i + 4] for i in range(0, len(rows), 4)), small, **ABOUT | changes)
    return path


def test_it_is_a_store_with_the_large_array_in_it(tmp_path) -> None:
    with store.signature(rule="gather_test"):
        path = write(tmp_path / "a.zarr")
    found = store.read(path)
    np.testing.assert_array_equal(found["audio"].values, ROWS)
    assert found["audio"].dims == ("clip", "sample") and found["audio"].attrs["units"] == "1"
    np.testing.assert_array_equal(found["seconds"].values, np.arange(10.0))
    assert found.attrs["made_by"]["rule"] == "gather_test"
    shards = [p for p in (path / "audio").rglob("*") if p.is_file() and p.name != "zarr.json"]
    assert len(shards) == 3  # 4 clips each


def test_an_excerpt_reads_one_clip(tmp_path) -> None:
    large = sharded.read(write(tmp_path / "a.zarr"), "audio")
    assert large.chunks == (1, 300) and large.shards == (4, 300)
    np.testing.assert_array_equal(large[7, 20:90], ROWS[7, 20:90])


def test_the_same_blocks_give_the_same_bytes(tmp_path) -> None:
    manifests = [json.loads((write(tmp_path / name) / store.MANIFEST).read_text()) for name in ("a.zarr", "b.zarr")]
    assert manifests[0] == manifests[1] and any(name.startswith("audio/") for name in manifests[0])


def test_a_flipped_bit_and_a_lost_shard_are_found(tmp_path) -> None:
    path = write(tmp_path / "a.zarr")
    shard = next(p for p in (path / "audio/c").rglob("*") if p.is_file())
    whole = bytearray(shard.read_bytes())
    whole[len(whole) // 2] ^= 1
    shard.write_bytes(whole)
    with pytest.raises(HeschlError, match="damaged, missing or extra"):
        store.read(path)
    shard.unlink()
    with pytest.raises(HeschlError, match="damaged, missing or extra"):
        store.read(path)


@pytest.mark.parametrize(("rows", "told"), [(ROWS[:8], "8 rows; wanted 10"), (np.vstack([ROWS, ROWS]), "wanted 4")])
def test_blocks_that_do_not_fill_it_leave_nothing(tmp_path, rows, told) -> None:
    with pytest.raises(ValueError, match=told):
        write(tmp_path / "a.zarr", rows)
    assert not list(tmp_path.iterdir())


def test_blocks_of_other_sizes_are_refused(tmp_path) -> None:
    with pytest.raises(ValueError, match="a block of 3 rows at row 3"):
        sharded.write(tmp_path / "a.zarr", (ROWS[i : i + 3] for i in range(0, 10, 3)), small, **ABOUT)
