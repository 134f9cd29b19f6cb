"""Read one run or one anatomy of a raw BIDS dataset: image, sidecars and events, checked against each other.

Images are turned to the nearest RAS+ orientation by swapping and flipping axes, never by resampling; the
slice axis and the slice times turn with them.
"""

import json
import math
from pathlib import Path

import nibabel as nib
import numpy as np
import xarray as xr

from heschl.datasets import events as events_tsv
from heschl.datasets import nifti
from heschl.errors import HeschlError

TR_TOLERANCE = 0.001  # of the TR: within a run of 500 volumes, half a volume
SPACE = ("x", "y", "z")


def t1w(path: Path) -> xr.Dataset:
    """Read a T1-weighted image.

    Returns
    -------
    dataset with t1w (x, y, z) float32 in scanner units, and affine (row, column), voxel index to mm in RAS+

    Raises
    ------
    HeschlError
        If the image is damaged or its header can't be trusted (heschl.datasets.nifti).
    """
    voxels, affine, _, _ = nifti.read(path, 3)
    voxels, affine, _ = to_ras(voxels, affine)
    attrs = {"units": "1", "long_name": "T1-weighted signal, scanner units"}
    return xr.Dataset({"t1w": (SPACE, voxels.astype(np.float32), attrs), "affine": _affine(affine)})


def bold(
    path: Path, sidecars: list[Path], events: Path, *, stimulus: str, drop_first_event: bool, tr_s: float
) -> xr.Dataset:
    """Read one run.

    Parameters
    ----------
    path : the image
    sidecars : JSON files that apply, the most general first
    events : events.tsv
    stimulus, drop_first_event : as in heschl.datasets.events.read
    tr_s : repetition time that the configuration expects, s

    Returns
    -------
    dataset with bold (time, x, y, z) int16 or float32 in scanner units; time, the start of each volume in s;
    affine (row, column) in mm; event_onset and event_duration (event) in s, event_clip (event); slice_time
    (slice) in s after the volume's start, if the sidecars say it; attrs tr_s and slice_axis (0 to 2)

    Raises
    ------
    HeschlError
        If a file is damaged, or header, sidecars, events and configuration contradict each other.
    """
    voxels, affine, header_tr_s, header = nifti.read(path, 4)
    meta = sidecar(sidecars)
    source = sidecars[-1] if sidecars else path
    tr_s = agreed_tr_s(path, header_tr_s, source, meta.get("RepetitionTime"), tr_s)
    slices, axis = slice_times(source, meta, voxels.shape, tr_s, header.slice_axis)
    trials = events_tsv.read(events, stimulus, voxels.shape[3] * tr_s, drop_first_event)
    voxels, affine, turned = to_ras(voxels, affine)
    attrs = {"units": "1", "long_name": "raw BOLD, scanner units"}
    arrays = {
        "bold": (("time", *SPACE), np.moveaxis(voxels, 3, 0), attrs),
        "affine": _affine(affine),
        "event_onset": ("event", np.array([t.onset_s for t in trials]), {"units": "s"}),
        "event_duration": ("event", np.array([t.duration_s for t in trials]), {"units": "s"}),
        "event_clip": ("event", np.array([t.clip for t in trials], dtype=str), {"units": "1"}),
    }
    if slices is not None:
        arrays["slice_time"] = ("slice", slices[:: turned[axis, 1]], {"units": "s"})
    time = ("time", np.arange(voxels.shape[3]) * tr_s, {"units": "s", "long_name": "start of the volume"})
    return xr.Dataset(arrays, {"time": time}, {"tr_s": tr_s, "slice_axis": int(turned[axis, 0])})


def sidecar(paths: list[Path]) -> dict:
    """Merge JSON sidecars by BIDS inheritance: a later, more special one overrules."""
    merged: dict = {}
    for path in map(Path, paths):
        try:
            values = json.loads(path.read_text(encoding="utf-8-sig"))
        except OSError as error:
            raise HeschlError(path, f"can't be read: {error.strerror}", "wanted a JSON sidecar") from None
        except (ValueError, RecursionError) as error:
            raise HeschlError(path, f"isn't JSON: {error}", "wanted keys and values", "Repair it") from None
        if not isinstance(values, dict):
            raise HeschlError(path, "holds no keys", "wanted a JSON object", "Repair it")
        merged |= values
    return merged


def agreed_tr_s(image: Path, header_s: float, source: Path, sidecar_s: object, config_s: float) -> float:
    """Return the TR in s that header, sidecar and configuration agree on to 0.1 %; refuse to guess otherwise.

    The sidecar's value is returned where there is one (None where not): it has more digits.
    """
    if sidecar_s is not None and not _is_seconds(sidecar_s, *nifti.TR_S):
        wanted = f"wanted {nifti.TR_S[0]:g} to {nifti.TR_S[1]:g} s"
        raise HeschlError(source, f"RepetitionTime is {sidecar_s!r}", wanted, "Correct the sidecar")
    if sidecar_s is not None and not _close(header_s, sidecar_s):
        given = f"TR is {header_s:g} s in its header and {sidecar_s:g} s in {Path(source).name}"
        raise HeschlError(image, given, "wanted one TR", "Correct the wrong one: pixdim[4] or RepetitionTime")
    found_s = float(header_s if sidecar_s is None else sidecar_s)
    if not _close(found_s, config_s):
        given = f"TR is {found_s:g} s, but bids.tr_s is {config_s:g} s"
        raise HeschlError(image, given, "wanted one TR", "Correct bids: tr_s:, or else header and sidecar")
    return found_s


def slice_times(
    source: Path, meta: dict, shape: tuple[int, ...], tr_s: float, header_axis: int | None
) -> tuple[np.ndarray | None, int]:
    """Return SliceTiming (slice,) in s, by rising voxel index, and the voxel axis of the slices.

    Times are None if no sidecar gives them. The axis is SliceEncodingDirection's (a minus sign turns the
    times round), else the header's, else the third.
    """
    direction = meta.get("SliceEncodingDirection", "ijk"[2 if header_axis is None else header_axis])
    if direction not in ("i", "j", "k", "i-", "j-", "k-"):
        given = f"SliceEncodingDirection is {direction!r}"
        raise HeschlError(source, given, "wanted i, j, k, i-, j- or k-", "Correct the sidecar")
    axis, times = "ijk".index(direction[0]), meta.get("SliceTiming")
    if times is None:
        return None, axis
    if not isinstance(times, list) or len(times) != shape[axis]:
        given = f"SliceTiming has {len(times) if isinstance(times, list) else 'no'} values"
        wanted = f"the image has {shape[axis]} slices along {direction[0]}"
        raise HeschlError(source, given, wanted, "Correct or remove SliceTiming")
    if bad := [t for t in times if not _is_seconds(t, 0, math.nextafter(tr_s, 0))]:
        wanted = f"wanted 0 to less than the TR, {tr_s:g} s"
        raise HeschlError(source, f"SliceTiming holds {bad[0]!r}", wanted, "The unit is seconds, not ms")
    return np.array(times[::-1] if direction.endswith("-") else times, float), axis


def to_ras(voxels: np.ndarray, affine: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Swap and flip axes so that x, y, z run nearest to right, anterior, superior.

    Returns the voxels, their affine, and an array (old axis, (new axis, +1 or -1 if flipped)).
    """
    turned = nib.io_orientation(affine)
    inverse = nib.orientations.inv_ornt_aff(turned, voxels.shape[:3])
    return nib.apply_orientation(voxels, turned), affine @ inverse, turned.astype(int)


def _affine(affine: np.ndarray) -> tuple:
    return (("row", "column"), affine, {"units": "mm", "long_name": "voxel index to mm, RAS+"})


def _is_seconds(value: object, least: float, most: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=TR_TOLERANCE)
