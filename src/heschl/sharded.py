"""A store with one array too large for memory, written block by block.

Clips are chunks of their own, many to a file (a shard): a random excerpt reads one chunk, and 26,000 clips make a few
hundred files. The store is like any other to heschl.store: checksummed, signed, whole or not there.
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import xarray as xr
import zarr
from zarr.codecs import ZstdCodec

from heschl import store


def write(
    path: Path,
    blocks: Iterable[np.ndarray],
    arrays: Callable[[], xr.Dataset],
    *,
    name: str,
    dims: tuple[str, str],
    shape: tuple[int, int],
    rows: int,
    units: str = "1",
) -> None:
    """Write blocks of rows as one array, then the small arrays beside it.

    Parameters
    ----------
    path : directory to write, named *.zarr
    blocks : the rows in their order, each block (rows, column) but the last, of one type of number
    arrays : called once all blocks are written; returns the dataset of the small arrays
    name, dims, shape, units : of the large array
    rows : rows of a block and of a shard

    Raises
    ------
    ValueError
        If the blocks don't fill the array.
    """
    with store.atomic(path) as temporary:
        large = temporary.parent / name
        _fill(large, iter(blocks), dims, shape, rows, {"units": units})
        store.write(temporary, arrays())
        large.rename(temporary / name)
        manifest = json.loads((temporary / store.MANIFEST).read_text()) | _hashes(temporary / name)
        (temporary / store.MANIFEST).write_text(json.dumps(manifest, indent=0, sort_keys=True))


def read(path: Path, name: str) -> zarr.Array:
    """Open the large array of a store that heschl.store.read has checked, to be read a piece at a time."""
    return zarr.open_array(Path(path) / name, mode="r")


def _fill(path: Path, blocks: Iterable[np.ndarray], dims: tuple, shape: tuple, rows: int, attrs: dict) -> None:
    """Write the array by itself; one block is one shard."""
    block = next(blocks)
    array = zarr.create_array(
        path,
        shape=shape,
        dtype=block.dtype,
        chunks=(1, shape[1]),
        shards=(rows, shape[1]),
        compressors=[ZstdCodec(level=1, checksum=True)],
        dimension_names=dims,
        attributes=attrs,
    )
    first = 0
    while block is not None:
        if first % rows or first + len(block) > shape[0]:
            raise ValueError(f"a block of {len(block)} rows at row {first} of {shape[0]}; wanted {rows} in each")
        array[first : first + len(block)] = block
        first, block = first + len(block), next(blocks, None)
    if first != shape[0]:
        raise ValueError(f"{first} rows; wanted {shape[0]}")


def _hashes(folder: Path) -> dict[str, str]:
    """Sha256 of every file of an array, by its path in the store."""
    found = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        with path.open("rb") as file:
            found[path.relative_to(folder.parent).as_posix()] = hashlib.file_digest(file, "sha256").hexdigest()
    return found
