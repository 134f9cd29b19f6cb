"""Read a NIfTI image without trusting it.

nibabel lets pass what a gzip checksum would show, a repetition time of 0 or NaN, and affines that can't be
inverted; it invents an orientation where none is given. Here each of these is an error of one line.
"""

import gzip
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import nibabel as nib
import numpy as np

from heschl.errors import HeschlError

GZIP = b"\x1f\x8b"
TR_S = (0.1, 20.0)
LEAST_MM, MOST_MM = 0.1, 20.0
MM = {"mm": 1.0, "unknown": 1.0, "meter": 1e3, "micron": 1e-3}
SECONDS = {"sec": 1.0, "unknown": 1.0, "msec": 1e-3, "usec": 1e-6}
REPAIR = "Repair the header or convert it again"


@dataclass(frozen=True)
class Header:
    """What else the header says: the slices' voxel axis (None if unsaid) and the units as words."""

    slice_axis: int | None
    space_unit: str
    time_unit: str


def read(path: Path, n_dimensions: int) -> tuple[np.ndarray, np.ndarray, float | None, Header]:
    """Read and check an image of 3 dimensions (x, y, z) or 4 (x, y, z, time).

    Parameters
    ----------
    path : .nii or .nii.gz, NIfTI-1 or NIfTI-2
    n_dimensions : 3 or 4

    Returns
    -------
    voxels (x, y, z[, time]) : int16 as stored, or float32 after the header's scaling; as oriented in the file
    affine (4, 4) : float64, voxel index to mm in RAS+
    tr_s : repetition time in s; None for 3 dimensions
    header : the rest

    Raises
    ------
    HeschlError
        If the file is missing, damaged, truncated or no NIfTI; if dimensions, orientation, voxel size or
        repetition time are absent or absurd; if a value is NaN or infinite, or a volume is all zero.
    """
    path = Path(path)
    raw = _bytes(path)
    image = _parse(path, raw)
    space_unit, time_unit = _units(path, image.header)
    stored = _voxels(path, raw, image)
    tr_s = _tr_s(path, image.header, time_unit) if n_dimensions == 4 else None
    voxels = _shaped(path, stored, n_dimensions)
    affine = _affine(path, image, MM[space_unit])
    _check_values(path, voxels)
    axis = image.header.get_dim_info()[2]
    return voxels, affine, tr_s, Header(axis, space_unit, time_unit)


def _bytes(path: Path) -> bytes:
    """Return the whole file uncompressed; reading to its end is what checks the gzip checksum."""
    if not path.is_file():
        raise HeschlError(path, "no such file", "wanted a NIfTI image")
    try:
        packed = path.read_bytes()
        raw = gzip.decompress(packed) if packed[:2] == GZIP else packed
    except PermissionError:
        raise HeschlError(path, "may not be read", "wanted read permission", "Ask its owner, or chmod") from None
    except (OSError, EOFError, zlib.error) as error:
        raise HeschlError(path, f"is damaged: {error}", "wanted whole gzip data", "Fetch it again") from None
    if b"/annex/objects/" in packed[:512]:
        raise HeschlError(path, "is a git-annex pointer", "wanted the image itself", "Fetch it: datalad get")
    if packed[:2] != GZIP and path.suffix == ".gz":
        given = "is not gzip" if packed else "is empty"
        raise HeschlError(path, given, "its name ends in .gz", "Fetch it again, or rename it")
    return raw


def _parse(path: Path, raw: bytes) -> nib.Nifti1Image:
    """Parse the header as NIfTI-1 or NIfTI-2, whichever it says it is."""
    kind = nib.Nifti2Image if raw[4:8] in (b"n+2\0", b"ni2\0") else nib.Nifti1Image
    magic = raw[4:8] if kind is nib.Nifti2Image else raw[344:348]
    if magic not in (b"n+1\0", b"n+2\0"):
        raise HeschlError(path, "is not NIfTI", "wanted a single-file NIfTI image (magic n+1 or n+2)")
    try:
        return kind.from_file_map(kind.make_file_map({"image": BytesIO(raw)}))
    except Exception as error:  # nibabel lets whatever a header's nonsense raises through
        raise HeschlError(path, f"its header can't be read: {error}", "wanted NIfTI", REPAIR) from None


def _units(path: Path, header: nib.Nifti1Header) -> tuple[str, str]:
    try:
        space, time = header.get_xyzt_units()
    except KeyError as error:
        raise HeschlError(path, f"xyzt_units code {error} is unknown", "wanted mm and s", REPAIR) from None
    if time not in SECONDS:
        raise HeschlError(path, f"its fourth axis is in {time}", "wanted time, in s", REPAIR)
    return space, time


def _voxels(path: Path, raw: bytes, image: nib.Nifti1Image) -> np.ndarray:
    """Return the values: int16 as they are if the header doesn't scale them, else float32."""
    stored_as, dtype = image.dataobj, image.get_data_dtype()  # the header's own offset and scaling are reset
    if dtype.kind not in "iuf":
        raise HeschlError(path, f"its values are {dtype}", "wanted plain numbers", "Convert it")
    count, start = int(np.prod(image.shape, dtype=object)), int(stored_as.offset)
    excess = len(raw) - start - count * dtype.itemsize
    if min(image.shape, default=0) < 1 or not 0 <= start <= len(raw) or excess < 0:
        given = f"holds {len(raw)} bytes, fewer than its shape {image.shape} of {dtype} needs"
        raise HeschlError(path, given, "wanted the whole image", "Fetch it again")
    if len(image.shape) > 3 and excess >= count // image.shape[-1] * dtype.itemsize:
        raise HeschlError(path, f"holds more than its shape {image.shape}", "wanted equal sizes", REPAIR)
    stored = np.frombuffer(raw, dtype, count, start).reshape(image.shape, order="F")
    slope, shift = float(stored_as.slope), float(stored_as.inter)
    if (slope, shift) == (1, 0):
        keep = dtype == np.int16 or dtype == np.dtype(">i2")
        return stored.astype(np.int16 if keep else np.float32, copy=False)
    with np.errstate(over="ignore", invalid="ignore"):
        return (stored * slope + shift).astype(np.float32)


def _tr_s(path: Path, header: nib.Nifti1Header, unit: str) -> float:
    tr_s = float(header["pixdim"][4]) * SECONDS[unit]
    if not TR_S[0] <= tr_s <= TR_S[1]:
        hint = "The unit may be wrong: ms called s" if 100 <= tr_s <= 20_000 else "Set pixdim[4] and its unit"
        wanted = f"wanted a TR of {TR_S[0]:g} to {TR_S[1]:g} s"
        raise HeschlError(path, f"its header says TR {tr_s:g} s ({unit})", wanted, hint)
    return round(tr_s, 6)


def _shaped(path: Path, voxels: np.ndarray, n_dimensions: int) -> np.ndarray:
    """Drop trailing axes of length 1 and check the number of dimensions."""
    shape = voxels.shape
    while len(shape) > n_dimensions and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) != n_dimensions:
        wanted = "x, y, z, time" if n_dimensions == 4 else "x, y, z"
        raise HeschlError(path, f"has shape {voxels.shape}", f"wanted {n_dimensions} dimensions: {wanted}")
    if min(shape) < 2:
        raise HeschlError(path, f"has shape {voxels.shape}", "wanted at least 2 along each dimension")
    return voxels.reshape(shape, order="F")


def _affine(path: Path, image: nib.Nifti1Image, mm: float) -> np.ndarray:
    """Return the voxel-to-mm affine: the sform where there is one, else the qform."""
    header = image.header
    if header["sform_code"] <= 0 and header["qform_code"] <= 0:
        raise HeschlError(path, "has neither qform nor sform", "left and right would be a guess", REPAIR)
    affine = np.asarray(header.get_best_affine(), float).copy()
    affine[:3] *= mm
    if not np.isfinite(affine).all():
        raise HeschlError(path, "its affine holds NaN or infinity", "wanted numbers", REPAIR)
    sizes = np.linalg.norm(affine[:3, :3], axis=0)
    if not (LEAST_MM <= sizes.min() and sizes.max() <= MOST_MM):
        shown = " x ".join(f"{s:.3g}" for s in sizes)
        raise HeschlError(path, f"its voxels are {shown} mm", f"wanted {LEAST_MM:g} to {MOST_MM:g} mm", REPAIR)
    if abs(np.linalg.det(affine[:3, :3] / sizes)) < 0.1:
        raise HeschlError(path, "its affine is singular or nearly so", "wanted three axes", REPAIR)
    return affine


def _check_values(path: Path, voxels: np.ndarray) -> None:
    """Refuse values that are not numbers, and volumes of nothing."""
    volumes = np.moveaxis(voxels, -1, 0) if voxels.ndim == 4 else voxels[None]
    for number, volume in enumerate(volumes):
        where = f"volume {number + 1} of {len(volumes)}" if voxels.ndim == 4 else "the image"
        if volume.dtype.kind == "f" and not np.isfinite(volume).all():
            raise HeschlError(path, f"{where} holds NaN or infinity", "wanted numbers", "Convert it again")
        if not volume.any():
            raise HeschlError(path, f"{where} is all zero", "wanted a measured image", "Convert it again")
