"""Reading NIfTI without trusting it: each kind of damage or nonsense is an error of one line."""

import gzip
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from heschl.datasets import nifti
from heschl.errors import HeschlError

AFFINE = np.diag([-3.0, 3.0, 3.5, 1.0])
VOXELS = np.random.default_rng(0).integers(1, 900, (5, 6, 4, 10)).astype(np.int16)


def image(voxels=VOXELS, affine=AFFINE, tr=1.5, unit="sec", kind=nib.Nifti1Image) -> nib.Nifti1Image:
    made = kind(voxels, affine)
    made.header.set_xyzt_units("mm", unit)
    if voxels.ndim > 3:
        made.header["pixdim"][4] = tr
    return made


def write(path: Path, made: nib.Nifti1Image) -> Path:
    """Write an image; the header as it stands, which nibabel would partly repair."""
    path.write_bytes(gzip.compress(made.to_bytes(), mtime=0))
    return path


def rewrite(path: Path, change) -> None:
    """Change the uncompressed bytes of a file and pack it again with a right checksum."""
    raw = bytearray(gzip.decompress(path.read_bytes()))
    path.write_bytes(gzip.compress(bytes(change(raw) or raw)))


def patch(**fields):
    """Return a change of header fields in place; a tuple of index and value sets one entry."""

    def change(raw: bytearray) -> bytearray:
        header = np.frombuffer(raw, nib.nifti1.header_dtype, 1).copy()
        for name, value in fields.items():
            if isinstance(value, tuple):
                header[name][0, value[0]] = value[1]
            else:
                header[name][0] = value
        raw[:348] = header.tobytes()
        return raw

    return change


def affine_rows(affine) -> dict:
    return dict(zip(("srow_x", "srow_y", "srow_z"), np.asarray(affine, np.float32)[:3], strict=True))


@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
@pytest.mark.parametrize("suffix", [".nii.gz", ".nii"])
def test_reads_what_was_written(tmp_path, kind, suffix):
    path = tmp_path / f"a{suffix}"
    image(kind=kind).to_filename(path)
    voxels, affine, tr_s, header = nifti.read(path, 4)
    assert voxels.dtype == np.int16 and np.array_equal(voxels, VOXELS)
    assert np.allclose(affine, AFFINE) and affine.dtype == np.float64
    assert tr_s == 1.5 and header.slice_axis is None and header.time_unit == "sec"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float32, np.float64, ">i2", ">f4"])
def test_other_types_become_float32_or_stay_int16(tmp_path, dtype):
    stored = (VOXELS % 200).astype(dtype)
    header = nib.Nifti1Header(endianness=">" if str(dtype).startswith(">") else "<")
    header.set_data_dtype(dtype)
    made = nib.Nifti1Image(stored, AFFINE, header)
    made.header["pixdim"][4] = 2
    made.header.set_xyzt_units("mm", "sec")
    voxels, *_ = nifti.read(write(tmp_path / "a.nii.gz", made), 4)
    assert voxels.dtype == (np.int16 if dtype == ">i2" else np.float32)
    assert np.array_equal(voxels, VOXELS % 200)


def test_scales_as_the_header_says(tmp_path):
    path = write(tmp_path / "a.nii.gz", image())
    rewrite(path, patch(scl_slope=0.5, scl_inter=-3))
    voxels, *_ = nifti.read(path, 4)
    assert voxels.dtype == np.float32 and np.allclose(voxels, VOXELS * 0.5 - 3)


@pytest.mark.parametrize(("tr", "unit"), [(2000, "msec"), (2e6, "usec"), (2, "unknown")])
def test_converts_the_unit_of_time(tmp_path, tr, unit):
    assert nifti.read(write(tmp_path / "a.nii.gz", image(tr=tr, unit=unit)), 4)[2] == 2.0


@pytest.mark.parametrize(("unit", "scale"), [("meter", 1e-3), ("micron", 1e3)])
def test_converts_the_unit_of_space(tmp_path, unit, scale):
    affine = np.diag([*(np.diag(AFFINE)[:3] * scale), 1])
    made = image(affine=affine)
    made.header.set_xyzt_units(unit, "sec")
    assert np.allclose(nifti.read(write(tmp_path / "a.nii.gz", made), 4)[1], AFFINE)


def test_takes_a_fourth_axis_of_one_for_three(tmp_path):
    voxels, _, tr_s, _ = nifti.read(write(tmp_path / "a.nii.gz", image(VOXELS[..., :1])), 3)
    assert voxels.shape == VOXELS.shape[:3] and tr_s is None


def test_every_flipped_bit_of_the_packed_data_is_seen(tmp_path):
    """The gzip header's time, flags and system bytes mean nothing; all else is under the checksum."""
    path = write(tmp_path / "a.nii.gz", image())
    whole, rng = path.read_bytes(), np.random.default_rng(1)
    wanted = nifti.read(path, 4)[0]
    silent = 0
    for position in rng.integers(10, len(whole), 200):
        raw = bytearray(whole)
        raw[position] ^= 1 << int(rng.integers(8))
        path.write_bytes(raw)
        try:
            silent += not np.array_equal(nifti.read(path, 4)[0], wanted)
        except HeschlError as error:
            assert "\n" not in str(error)
    assert silent == 0


def test_no_nonsense_in_a_header_crashes(tmp_path):
    """Random bytes anywhere in the header are read as some header or refused, never a crash."""
    path, rng = tmp_path / "a.nii", np.random.default_rng(2)
    whole = image().to_bytes()
    refused = 0
    for _ in range(500):
        raw = bytearray(whole)
        for position in rng.integers(0, 348, rng.integers(1, 6)):
            raw[position] = int(rng.integers(256))
        path.write_bytes(raw)
        try:
            voxels, affine, tr_s, _ = nifti.read(path, 4)
            assert np.isfinite(affine).all() and 0.1 <= tr_s <= 20 and voxels.ndim == 4
        except HeschlError as error:
            refused += 1
            assert "\n" not in str(error) and "a.nii" in str(error)
    assert 50 < refused < 500


SINGULAR = np.array([[3, 3, 0, 0], [3, 3, 0, 0], [0, 0, 3, 0]])
HOLED = np.where(np.arange(10) == 7, np.nan, VOXELS.astype(np.float32))
BAD = {
    "empty": (lambda p: p.write_bytes(b""), "empty"),
    "text": (lambda p: p.write_bytes(b"hello"), "not gzip"),
    "annex pointer": (lambda p: p.write_bytes(b"/annex/objects/MD5E-s1.nii.gz\n"), "datalad get"),
    "uncompressed under .gz": (lambda p: p.write_bytes(gzip.decompress(p.read_bytes())), "not gzip"),
    "gzip cut short": (lambda p: p.write_bytes(p.read_bytes()[:-100]), "damaged"),
    "gzip cut in its tail": (lambda p: p.write_bytes(p.read_bytes()[:-2]), "damaged"),
    "gzip of nothing": (lambda p: p.write_bytes(gzip.compress(b"")), "not NIfTI"),
    "gzip of text": (lambda p: p.write_bytes(gzip.compress(b"hello" * 200)), "not NIfTI"),
    "rubbish after gzip": (lambda p: p.write_bytes(p.read_bytes() + b"rubbish"), "damaged"),
    "header only": (lambda p: rewrite(p, lambda raw: raw[:352]), "fewer"),
    "half a header": (lambda p: rewrite(p, lambda raw: raw[:200]), "not NIfTI"),
    "last volume missing": (lambda p: rewrite(p, lambda raw: raw[:-240]), "fewer"),
    "a volume too many": (lambda p: rewrite(p, lambda raw: raw + bytes(240)), "more than"),
    "wrong magic": (lambda p: rewrite(p, patch(magic=b"abc")), "not NIfTI"),
    "two-file magic": (lambda p: rewrite(p, patch(magic=b"ni1")), "not NIfTI"),
    "unknown data type": (lambda p: rewrite(p, patch(datatype=999)), "header"),
    "complex": (lambda p: rewrite(p, patch(datatype=32, bitpix=64)), "complex"),
    "dims 0": (lambda p: rewrite(p, patch(dim=(0, 0))), ""),
    "dims 3": (lambda p: rewrite(p, patch(dim=(0, 3))), "shape"),
    "negative length": (lambda p: rewrite(p, patch(dim=(2, -6))), ""),
    "zero length": (lambda p: rewrite(p, patch(dim=(2, 0))), ""),
    "data offset past the end": (lambda p: rewrite(p, patch(vox_offset=1e6)), "fewer"),
    "data offset NaN": (lambda p: rewrite(p, patch(vox_offset=np.nan)), ""),
    "TR 0": (lambda p: rewrite(p, patch(pixdim=(4, 0))), "TR 0 s"),
    "TR negative": (lambda p: rewrite(p, patch(pixdim=(4, -2))), "TR -2 s"),
    "TR NaN": (lambda p: rewrite(p, patch(pixdim=(4, np.nan))), "TR nan s"),
    "TR infinite": (lambda p: rewrite(p, patch(pixdim=(4, np.inf))), "TR inf s"),
    "TR in ms called s": (lambda p: rewrite(p, patch(pixdim=(4, 2000))), "ms called s"),
    "TR in s called ms": (lambda p: rewrite(p, patch(xyzt_units=18)), "TR 0.0015 s (msec)"),
    "TR 25 s": (lambda p: rewrite(p, patch(pixdim=(4, 25))), "TR 25 s"),
    "fourth axis in Hz": (lambda p: rewrite(p, patch(xyzt_units=34)), "hz"),
    "unknown unit": (lambda p: rewrite(p, patch(xyzt_units=7)), "xyzt_units"),
    "no orientation": (lambda p: rewrite(p, patch(sform_code=0, qform_code=0)), "neither qform nor sform"),
    "NaN in affine": (lambda p: rewrite(p, patch(srow_x=(3, np.nan))), "NaN"),
    "singular affine": (lambda p: rewrite(p, patch(**affine_rows(SINGULAR))), "singular"),
    "affine of zeros": (lambda p: rewrite(p, patch(**affine_rows(np.zeros((3, 4))))), "voxels are 0 x"),
    "voxels of 3 m": (lambda p: rewrite(p, patch(**affine_rows(AFFINE * 1000))), "voxels are"),
    "bad quaternion": (lambda p: rewrite(p, patch(sform_code=0, qform_code=1, quatern_b=9)), ""),
    "NaN values": (lambda p: write(p, image(HOLED)), "volume 8 of 10 holds NaN"),
    "infinite values": (lambda p: write(p, image(np.where(HOLED > 0, HOLED, np.inf))), "volume 8 of 10"),
    "NaN scaling": (lambda p: rewrite(p, patch(scl_slope=2, scl_inter=np.inf)), ""),
    "all zero": (lambda p: write(p, image(VOXELS * 0)), "all zero"),
    "one volume all zero": (lambda p: write(p, image(VOXELS * np.int16(np.arange(10) != 3))), "volume 4"),
    "three dimensions": (lambda p: write(p, image(VOXELS[..., 0])), "4 dimensions"),
    "one volume": (lambda p: write(p, image(VOXELS[..., :1])), "shape"),
    "five dimensions": (lambda p: write(p, image(VOXELS.reshape(5, 6, 4, 5, 2))), "shape"),
    "not there": (lambda p: p.unlink(), "no such file"),
    "a folder": (lambda p: (p.unlink(), p.mkdir()), "no such file"),
}


@pytest.mark.parametrize("name", BAD)
def test_refuses_in_one_line(tmp_path, name):
    path = write(tmp_path / "sub-01_bold.nii.gz", image())
    spoil, words = BAD[name]
    spoil(path)
    with pytest.raises(HeschlError) as caught:
        nifti.read(path, 4)
    message = str(caught.value)
    assert "sub-01_bold.nii.gz" in message and words in message and "\n" not in message


def test_real_images(real_data):
    bold = real_data / "studyforrest-sub02-bids/sub-02/func/sub-02_task-objectcategories_run-1_bold.nii.gz"
    voxels, affine, tr_s, header = nifti.read(bold, 4)
    assert voxels.shape == (80, 80, 35, 156) and voxels.dtype == np.float32
    assert np.allclose(voxels[..., 77], nib.load(bold).dataobj[..., 77])
    assert tr_s == 2.0 and header.slice_axis == 2 and nib.aff2axcodes(affine) == ("L", "A", "S")
    lying = real_data / "pyhrf-auditory-localizer/real_data_vol_4_regions_BOLD.nii.gz"
    assert nifti.read(lying, 4)[2] == 1.0  # its header lies: the TR is 2.4 s
