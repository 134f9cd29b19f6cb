"""One run or anatomy of a BIDS dataset: header, sidecars and events agree; axes and slices turn together."""

import json
from itertools import permutations, product

import nibabel as nib
import numpy as np
import pytest

from heschl import bids as index
from heschl.datasets import bids
from heschl.errors import HeschlError

OPTIONS = {"stimulus": "stim_file", "drop_first_event": False, "tr_s": 1.5}
TIMES = [0.0, 0.8, 0.2, 1.0, 0.4, 1.2, 0.6]


def first(root):
    return index.index(root, task="music")[0]


def read(root, **options):
    run = first(root)
    return bids.bold(run.bold, list(run.sidecars), run.events, **(OPTIONS | options))


def test_reads_a_run(tiny_bids):
    root = tiny_bids()
    run = read(root)
    assert run.bold.dims == ("time", "x", "y", "z") and run.bold.shape == (40, 8, 9, 7)
    assert run.bold.dtype == np.int16 and run.attrs == {"tr_s": 1.5, "slice_axis": 2}
    assert run.event_clip.values.tolist() == ["rock/a_0", "jazz/b_1", "rock/c.d"]
    assert run.event_onset.values.tolist() == [6, 22.5, 39] and run.event_duration.values.tolist() == [15] * 3
    assert np.allclose(run.time, np.arange(40) * 1.5) and np.allclose(run.slice_time, 0.2 * np.arange(7))
    assert all(run[name].attrs["units"] for name in [*run.data_vars, "time"])


def test_agrees_with_nibabel_on_where_values_are(tiny_bids):
    root = tiny_bids()
    run, file = read(root), nib.as_closest_canonical(nib.load(first(root).bold))
    assert nib.aff2axcodes(run.affine.values) == ("R", "A", "S")
    assert np.allclose(run.affine, file.affine)
    assert np.array_equal(run.bold.transpose("x", "y", "z", "time"), np.asarray(file.dataobj))


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_slice_times_stay_with_their_slices(tiny_bids, order):
    """Whatever the axes' order and signs and the sidecar's direction, a voxel keeps time and place."""
    for number, (signs, minus) in enumerate(product(product((-1, 1), repeat=3), (False, True))):
        affine = np.eye(4)
        affine[:3, :3] = np.diag([3.0, 3.1, 3.2])[:, order] * signs
        encoding = {"SliceTiming": TIMES, "SliceEncodingDirection": "k-" if minus else "k"}
        root = tiny_bids(affine=affine, sidecar=encoding, n_runs=1, folder=f"bids{number}")
        run, raw = read(root), np.asarray(nib.load(first(root).bold).dataobj)
        assert run.slice_axis == order[2]
        time_of_voxel = np.broadcast_to(np.array(TIMES[::-1] if minus else TIMES), raw.shape[:3])
        moved = np.moveaxis(np.zeros(run.bold.shape[1:]) + 9, run.slice_axis, -1)
        moved[:] = run.slice_time.values
        turned = np.moveaxis(moved, -1, run.slice_axis)
        for voxel in ((0, 0, 0), (7, 8, 6), (3, 1, 2)):
            place = affine @ [*voxel, 1]
            x, y, z, _ = np.rint(np.linalg.solve(run.affine.values, place)).astype(int)
            assert np.array_equal(run.bold.values[:, x, y, z], raw[voxel])
            assert turned[x, y, z] == time_of_voxel[voxel]


def test_without_slice_timing_there_is_none(tiny_bids):
    root = tiny_bids()
    path = first(root).sidecars[0]
    path.write_text(json.dumps({"RepetitionTime": 1.5}))
    assert "slice_time" not in read(root)


def test_a_special_sidecar_overrules_a_general_one(tiny_bids):
    root = tiny_bids()
    (root / "task-music_bold.json").write_text(json.dumps({"RepetitionTime": 9.0, "EchoTime": 0.03}))
    assert read(root).tr_s == 1.5
    assert bids.sidecar(list(first(root).sidecars))["EchoTime"] == 0.03


def test_without_sidecars_header_and_configuration_must_agree(tiny_bids):
    run = first(tiny_bids())
    assert bids.bold(run.bold, [], run.events, **OPTIONS).tr_s == 1.5
    with pytest.raises(HeschlError, match=r"TR is 1.5 s, but bids.tr_s is 2 s"):
        bids.bold(run.bold, [], run.events, **(OPTIONS | {"tr_s": 2.0}))


def test_prefers_the_sidecar_where_all_agree(tiny_bids):
    assert read(tiny_bids(sidecar={"RepetitionTime": 1.5003})).tr_s == 1.5003


BAD = {
    "TR lies": ({"RepetitionTime": 1.0}, "1.5 s in its header and 1 s in"),
    "TR rounded": ({"RepetitionTime": 1.52}, "1.5 s in its header and 1.52 s in"),
    "TR in ms": ({"RepetitionTime": 1500}, "RepetitionTime is 1500"),
    "TR text": ({"RepetitionTime": "1.5"}, "RepetitionTime is '1.5'"),
    "TR true": ({"RepetitionTime": True}, "RepetitionTime is True"),
    "TR NaN": ({"RepetitionTime": float("nan")}, "RepetitionTime is nan"),
    "TR a list": ({"RepetitionTime": [1.5]}, "RepetitionTime is [1.5]"),
    "TR zero": ({"RepetitionTime": 0}, "RepetitionTime is 0"),
    "too few slices": ({"SliceTiming": [0.0, 0.5]}, "2 values; the image has 7 slices"),
    "too many slices": ({"SliceTiming": [0.1] * 8}, "8 values; the image has 7 slices"),
    "slices in ms": ({"SliceTiming": [200 * z for z in range(7)]}, "not ms"),
    "slice at TR": ({"SliceTiming": [0.2] * 6 + [1.5]}, "holds 1.5"),
    "slice negative": ({"SliceTiming": [0.2] * 6 + [-0.1]}, "holds -0.1"),
    "slice NaN": ({"SliceTiming": [0.2] * 6 + [float("nan")]}, "holds nan"),
    "slice text": ({"SliceTiming": [0.2] * 6 + ["a"]}, "holds 'a'"),
    "slices no list": ({"SliceTiming": 0.2}, "has no values"),
    "slice axis": ({"SliceEncodingDirection": "z"}, "SliceEncodingDirection is 'z'"),
    "slice axis type": ({"SliceEncodingDirection": ["k"]}, "SliceEncodingDirection is ['k']"),
    "other axis": ({"SliceEncodingDirection": "j"}, "7 values; the image has 9 slices along j"),
}


@pytest.mark.parametrize("name", BAD)
def test_refuses_a_sidecar_in_one_line(tiny_bids, name):
    sidecar, words = BAD[name]
    with pytest.raises(HeschlError) as caught:
        read(tiny_bids(sidecar=sidecar))
    message = str(caught.value)
    assert "sub-01_task-music_run-1_bold" in message and words in message and "\n" not in message


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", "{'a': 1}", "[" * 100_000, '{"a": "\ud800"}'])
def test_refuses_what_is_no_sidecar(tiny_bids, text):
    root = tiny_bids()
    first(root).sidecars[0].write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(HeschlError, match=r"_bold\.json: .*JSON|_bold\.json: holds no keys"):
        read(root)


def test_refuses_events_that_outlast_the_run(tiny_bids):
    """Forty volumes of 1.5 s end at 60 s."""
    root = tiny_bids()
    path = first(root).events
    path.write_text(path.read_text() + "46\t15\tstimuli/x.wav\n")
    with pytest.raises(HeschlError, match=r"line 5: the event ends at 61 s; the run ends at 60 s"):
        read(root)


def test_reads_an_anatomy(tiny_bids):
    root = tiny_bids()
    anatomy, file = bids.t1w(first(root).t1w), nib.as_closest_canonical(nib.load(first(root).t1w))
    assert anatomy.t1w.dtype == np.float32 and np.array_equal(anatomy.t1w, file.get_fdata())
    assert np.allclose(anatomy.affine, file.affine) and anatomy.affine.units == "mm"


def test_refuses_a_run_as_an_anatomy(tiny_bids):
    with pytest.raises(HeschlError, match="wanted 3 dimensions"):
        bids.t1w(first(tiny_bids()).bold)


def test_studyforrest(real_data):
    """No SliceTiming, and a true TR."""
    (run,) = index.index(real_data / "studyforrest-sub02-bids", task="objectcategories")
    options = {"stimulus": "blocks", "drop_first_event": False, "tr_s": 2.0}
    found = bids.bold(run.bold, list(run.sidecars), run.events, **options)
    assert found.bold.shape == (156, 80, 80, 35) and found.tr_s == 2.0 and "slice_time" not in found
    assert found.sizes["event"] == 12 and nib.aff2axcodes(found.affine.values) == ("R", "A", "S")


def test_a_header_that_lies_about_its_tr(real_data, tiny_bids):
    """The localizer's header says 1 s; it was 2.4 s."""
    path = real_data / "pyhrf-auditory-localizer/real_data_vol_4_regions_BOLD.nii.gz"
    sidecar = tiny_bids() / "task-music_bold.json"
    sidecar.write_text(json.dumps({"RepetitionTime": 2.4}))
    events = first(sidecar.parent).events
    with pytest.raises(HeschlError, match=r"TR is 1 s in its header and 2.4 s in task-music_bold.json"):
        bids.bold(path, [sidecar], events, **(OPTIONS | {"tr_s": 2.4}))
    with pytest.raises(HeschlError, match=r"TR is 1 s, but bids.tr_s is 2.4 s"):
        bids.bold(path, [], events, **(OPTIONS | {"tr_s": 2.4}))
