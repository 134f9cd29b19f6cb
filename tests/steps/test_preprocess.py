"""Preprocess, end to end on a tiny head: what was planted in a moving, slice-timed scan comes out on the group grid."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from heschl import store
from heschl.errors import HeschlError
from heschl.science import motion
from heschl.steps import preprocess

TR_S, N, SHAPE = 1.5, 40, (36, 44, 26)
SLICE_TIME = np.tile([0.0, 0.5, 1.0], 9)[:26]
AFFINE = np.array([[4.0, 0, 0, -70], [0, 4, 0, -104], [0, 0, 4, -42], [0, 0, 0, 1]])
ONE, MM = {"units": "1"}, {"units": "mm"}
PERIOD_S = 24.0


def template():
    from nilearn.datasets import load_mni152_template

    image = load_mni152_template(resolution=3)
    return image.get_fdata().astype("f4") * 1000, image.affine


def pulse(time_s: np.ndarray) -> np.ndarray:
    return 0.05 * np.sin(2 * np.pi * time_s / PERIOD_S)


@pytest.fixture(scope="module")
def planted():
    """Return the T1w-to-EPI matrix and the motion (time, 6) of the scan."""
    rng, centre = np.random.default_rng(0), motion.field_centre(SHAPE, AFFINE)
    walk = np.cumsum(rng.normal(size=(N, 6)) * [0.1, 0.1, 0.1, 0.002, 0.002, 0.002], 0)
    walk -= walk[0]
    return motion.matrices(np.array([[2, -3, 1.5, 0.02, -0.03, 0.025]]), centre)[0], walk


@pytest.fixture(scope="module")
def folder(tmp_path_factory, planted) -> Path:
    """A subject whose T1w is the template itself, and one run; preprocessed by `bold`."""
    import nibabel as nb

    folder = tmp_path_factory.mktemp("preprocess")
    head, affine = template()
    (folder / "xfm").mkdir()
    nb.save(nb.Nifti1Image(head, affine), folder / "xfm/brain.nii.gz")
    identity_transform(folder / "xfm/affine.mat")
    store.write(folder / "anat.zarr", anatomy(head, affine))
    store.write(folder / "raw.zarr", scan(head, affine, *planted))
    bold(folder, "bold.zarr")
    return folder


def identity_transform(path: Path) -> None:
    import ants

    ants.write_transform(ants.create_ants_transform(transform_type="AffineTransform", dimension=3), str(path))


def anatomy(head, affine) -> xr.Dataset:
    grid = ("x", "y", "z")
    brain = head > 200
    tissue = {"gm": (head > 600) & (head < 800), "wm": head >= 800, "csf": brain & (head < 600)}
    arrays = {n: (grid, t.astype("f4"), ONE) for n, t in tissue.items()}
    arrays |= {"brain": (grid, brain, ONE), "affine": (("row", "column"), affine, MM)}
    return xr.Dataset(arrays)


def scan(head, affine, to_epi, walk) -> xr.Dataset:
    """EPI of inverted contrast; all tissue pulses together, measured slice by slice."""
    contrast = np.where(head > 200, 1800 - head, 0).astype("f4")
    points = np.indices(SHAPE).reshape(3, -1).T @ AFFINE[:3, :3].T + AFFINE[:3, 3]
    matrices = motion.matrices(walk, motion.field_centre(SHAPE, AFFINE))
    still = [motion.sample(contrast, affine, motion.move(np.linalg.inv(m @ to_epi), points)) for m in matrices]
    gain = 1 + pulse(np.arange(N)[:, None] * TR_S + SLICE_TIME)
    volumes = np.array(still).reshape(N, *SHAPE) * gain[:, None, None, :]
    volumes += np.random.default_rng(1).normal(size=volumes.shape) * 4
    arrays = {
        "bold": (("time", "x", "y", "z"), volumes.round().astype("i2"), ONE),
        "affine": (("row", "column"), AFFINE, MM),
        "slice_time": (("slice",), SLICE_TIME, {"units": "s"}),
        "event_onset": (("event",), np.array([6.0, 22.5, 39.0]), {"units": "s"}),
        "event_clip": (("event",), np.array(["b", "a", "b"]), ONE),
    }
    return xr.Dataset(arrays, attrs={"tr_s": TR_S, "slice_axis": 2})


def bold(folder: Path, name: str, raw: str = "raw.zarr") -> None:
    preprocess.bold(
        raw=folder / raw,
        xfm=folder / "xfm",
        anat=folder / "anat.zarr",
        bold=folder / name,
        high_pass_hz=0.008,
        n_compcor=2,
    )


def patterns(folder: Path, **changes) -> xr.Dataset:
    settings = {"confounds": ["trans_?", "rot_?", "cosine_*"], "drop_s": 6.0, "gm_threshold": 0.5, "clip_s": 15.0}
    preprocess.patterns(
        bold=[folder / "bold.zarr"],
        raw=[folder / changes.pop("raw", "raw.zarr")],
        anat=folder / "anat.zarr",
        patterns=folder / "patterns.zarr",
        **settings | changes,
    )
    return store.read(folder / "patterns.zarr").load()


def test_motion_and_coregistration_are_recovered(folder, planted):
    found, (to_epi, walk) = store.read(folder / "bold.zarr").load(), planted
    centre = motion.field_centre(SHAPE, AFFINE)
    corners = centre + np.array([[40, 0, 0], [0, 50, 0], [0, 0, 40], [-40, -50, 0]])
    gap = motion.matrices(found["motion"].values, centre) - motion.matrices(walk, centre) + np.eye(4)
    assert max(np.linalg.norm(motion.move(m, corners) - corners, axis=1).mean() for m in gap) < 0.3
    there = np.array(found.attrs["t1w_to_epi"])
    assert np.linalg.norm(motion.move(there, corners) - motion.move(to_epi, corners), axis=1).max() < 1


def test_bold_lands_on_the_right_voxels(folder, planted):
    found, (_, affine), raw = store.read(folder / "bold.zarr").load(), template(), store.read(folder / "raw.zarr")
    points, first = motion.move(affine, found["ijk"].values), raw["bold"].values[0].astype("f4")

    def likeness(points):
        return np.corrcoef(found["temporal_mean"], motion.sample(first, AFFINE, motion.move(planted[0], points)))[0, 1]

    assert likeness(points) > 0.9
    assert likeness(points * [-1, 1, 1]) < 0.8  # left is not right
    assert max(likeness(points + 3 * shift) for shift in np.vstack([np.eye(3), -np.eye(3)])) < likeness(points) - 0.05


def test_slices_are_brought_to_mid_tr(folder):
    found = store.read(folder / "bold.zarr").load()
    course = (found["bold"].values / found["temporal_mean"].values - 1).mean(1)
    at_mid, at_start = pulse(found["time"].values), pulse(found["time"].values - TR_S / 2)
    assert np.abs(course - at_mid)[2:-2].max() < 0.01 < np.abs(course - at_start)[2:-2].max()
    assert np.allclose(found["time"], (np.arange(N) + 0.5) * TR_S)


def test_confounds_are_named_and_finite(folder):
    found = store.read(folder / "bold.zarr").load()
    names = found["confound"].values.tolist()
    assert {"trans_x", "rot_z_derivative1", "framewise_displacement", "dvars", "a_comp_cor_03"} <= set(names)
    assert np.isfinite(found["confounds"].values).all()


def test_a_second_run_gives_the_same_bytes(folder):
    bold(folder, "again.zarr")
    assert (folder / "again.zarr/manifest.json").read_text() == (folder / "bold.zarr/manifest.json").read_text()


def test_patterns_average_repeats_in_clip_order(folder):
    found = patterns(folder)
    assert found["clip"].values.tolist() == ["a"] * 6 + ["b"] * 6
    assert np.allclose(found["lag_s"], np.tile([6.75, 8.25, 9.75, 11.25, 12.75, 14.25], 2))
    grey = store.read(folder / "anat.zarr")["gm"].values
    assert grey[tuple(found["ijk"].values.T)].all() and np.isfinite(found["patterns"].values).all()
    wanted = np.concatenate(
        [pulse(22.5 + found["lag_s"][:6]), (pulse(6 + found["lag_s"][:6]) + pulse(39 + found["lag_s"][:6])) / 2]
    )
    assert np.corrcoef(found["patterns"].mean("voxel"), wanted)[0, 1] > 0.9


def test_a_trial_past_the_end_is_refused_in_one_line(folder):
    late = store.read(folder / "raw.zarr").load()
    late["event_onset"] = late["event_onset"] + 8
    store.write(folder / "late.zarr", late)
    with pytest.raises(HeschlError, match=r"late\.zarr.*trial at 47 s leaves the run of 60 s") as error:
        patterns(folder, raw="late.zarr")
    assert "\n" not in str(error.value)


def test_clips_that_reach_into_the_next_trial_are_refused(folder):
    with pytest.raises(HeschlError, match="before the next, clip_s is 17.5 s"):
        patterns(folder, clip_s=17.5)


def test_an_unknown_confound_is_named(folder):
    with pytest.raises(HeschlError, match="'motion' matches none of trans_x"):
        patterns(folder, confounds=["motion"])


def test_a_grid_the_template_lacks_is_refused(folder):
    with pytest.raises(HeschlError, match="template comes in"):
        preprocess.anat(
            t1w=folder / "t1w.zarr",
            xfm=folder / "x",
            anat=folder / "a",
            normalise="affine",
            voxel_mm=2.5,
            registration_mm=2.0,
        )
