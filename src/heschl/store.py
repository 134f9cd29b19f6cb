"""Arrays on disk: Zarr v3 with named dimensions and units, checksummed, written whole or not at all, and signed.

A store is one directory: one Zarr group written through xarray, and `manifest.json`, the sha256 of every file in it.
Zarr itself reads a missing chunk as fill values and a shard's flipped bit may pass; the manifest lets neither.
"""

import errno
import hashlib
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import numpy as np
import xarray as xr
from zarr.codecs import ZstdCodec
from zarr.errors import ZarrUserWarning

from heschl.errors import HeschlError

MANIFEST = "manifest.json"
SHARD_BYTES = 1 << 28
_made_by: ContextVar[dict | None] = ContextVar("made_by", default=None)


def write(path: Path, arrays: xr.Dataset) -> None:
    """Write a dataset as a store, replacing what was there only once the new one is whole.

    Parameters
    ----------
    path : directory to write, named *.zarr
    arrays : dataset whose variables each have attrs["units"] ("1" if none) and named dimensions

    Raises
    ------
    HeschlError
        If a variable lacks a unit or a dimension name, or the disk refuses.
    """
    path = Path(path)
    _check(path, arrays)
    with atomic(path) as temporary:
        _write_group(temporary, arrays)
        (temporary / MANIFEST).write_text(json.dumps(_hashes(temporary), indent=0, sort_keys=True))


def read(path: Path) -> xr.Dataset:
    """Open a store lazily, after checking every file of it against its manifest.

    Raises
    ------
    HeschlError
        If the store is missing, unfinished, truncated or changed since it was written.
    """
    path = Path(path)
    verify(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        arrays = xr.open_zarr(path, consolidated=False)
    inorder = {name: arrays[name] for name in sorted(map(str, arrays.data_vars))}  # Zarr lists them in any order
    return xr.Dataset(inorder, coords=arrays.coords, attrs=arrays.attrs)


def verify(path: Path) -> None:
    """Compare every file of a store with its manifest; raise HeschlError at the first difference."""
    again = f"Remove it and run the same command again: rm -r {path}"
    if not path.is_dir():
        raise HeschlError(path, "no such store", "wanted a Zarr directory", "Run the rule that makes it")
    try:
        wanted = json.loads((path / MANIFEST).read_text())
    except (OSError, ValueError):
        raise HeschlError(path, f"{MANIFEST} is missing or damaged", "wanted a whole store", again) from None
    found = _hashes(path)
    if found != wanted:
        differing = sorted(n for n in wanted.keys() | found.keys() if wanted.get(n) != found.get(n))
        raise HeschlError(path, f"{differing[0]} is damaged, missing or extra", "the manifest disagrees", again)


@contextmanager
def signature(**made: object) -> Iterator[None]:
    """Sign every store written inside with `made_by`: rule, code, params, wildcards, versions."""
    token = _made_by.set(made)
    try:
        yield
    finally:
        _made_by.reset(token)


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary sibling to write a file or directory to; move it to `path` only if all went well."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    box = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
    try:
        yield box / path.name
        _sync(box)
        _replace(box / path.name, path)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.EACCES, errno.EPERM):
            raise
        raise HeschlError(
            path, f"not written: {error.strerror}", "nothing was left behind", "Fix the disk, rerun"
        ) from error
    finally:
        shutil.rmtree(box, ignore_errors=True)


def _check(path: Path, arrays: xr.Dataset) -> None:
    for name, array in arrays.data_vars.items():
        if "units" not in array.attrs:
            raise HeschlError(path.name, f"array {name!r} has no units", "give attrs['units'], '1' if it has none")
        if bad := [d for d in array.dims if str(d).startswith("dim_")]:
            raise HeschlError(path.name, f"array {name!r} has unnamed dimensions {bad}", "name every dimension")


def _write_group(path: Path, arrays: xr.Dataset) -> None:
    arrays = arrays.drop_encoding()
    if made := _made_by.get():
        arrays = arrays.assign_attrs(made_by=json.loads(json.dumps(made, sort_keys=True, default=str)))
    encoding = {name: _encoding(array) for name, array in arrays.variables.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZarrUserWarning)
        warnings.simplefilter("ignore", FutureWarning)
        warnings.filterwarnings("ignore", message=".*Zarr (format|V) ?3 specification.*")
        arrays.to_zarr(path, mode="w", consolidated=False, zarr_format=3, encoding=encoding)


def _encoding(array: xr.Variable) -> dict:
    """Few, large chunks with a checksum; floats fill with NaN so that nothing missing reads as zero."""
    if array.ndim == 0 or array.size == 0 or array.dtype.kind not in "fiub":
        return {}
    rows = max(1, min(array.shape[0], SHARD_BYTES // max(1, array.nbytes // array.shape[0])))
    encoding = {"chunks": (rows, *array.shape[1:]), "compressors": [ZstdCodec(level=1, checksum=True)]}
    return encoding | ({"_FillValue": np.nan} if array.dtype.kind == "f" else {})


def _hashes(path: Path) -> dict[str, str]:
    files = (p for p in path.rglob("*") if p.is_file() and p.name not in (MANIFEST, ".snakemake_timestamp"))
    return {p.relative_to(path).as_posix(): _sha256(p) for p in files}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(box: Path) -> None:
    for path in (p for p in box.rglob("*") if p.is_file()):
        with path.open("rb") as file:
            os.fsync(file.fileno())


def _replace(new: Path, path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        path.rename(new.with_name("old"))
    os.replace(new, path)


def _sweep(path: Path) -> None:
    """Remove what a killed writer of the same path left."""
    for left in path.parent.glob(f".{path.name}.*.tmp"):
        shutil.rmtree(left, ignore_errors=True)
