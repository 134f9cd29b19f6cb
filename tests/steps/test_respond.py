"""Respond: what was planted in drifting, moving runs comes out, at the volumes the events say."""

import numpy as np
import pytest
import xarray as xr

from heschl import store
from heschl.errors import HeschlError
from heschl.science import windows
from heschl.steps import respond

TR_S, ONE, SHAPE = 1.5, {"units": "1"}, (3, 3, 2)
RUNS = {"task-Training_run-1": ["c", "a", "b", "c"], "task-Test_run-1": ["e", "d", "e", "d", "e"]}
LOUD = {"a": 1.0, "b": -1.0, "c": 0.5, "d": 2.0, "e": -2.0}
SETTINGS = {"test_task": "Test", "confounds": ["trans_?"], "detrend": "median", "median_s": 60.0, "gm_threshold": 0.5}
SETTINGS |= {"clip_s": 15.0, "drop_first_event": True, "subject": "01"}


@pytest.fixture
def folder(tmp_path):
    """Two runs of 10 volumes a clip: voxel 0 is driven by the clip, voxel 4 constant, voxel 5 has a NaN."""
    rng, ijk = np.random.default_rng(0), np.argwhere(np.ones(SHAPE, bool))
    affine = (("row", "column"), np.eye(4), {"units": "mm"})
    gm = np.ones(SHAPE)
    gm[2, 2, 1] = 0.2
    store.write(tmp_path / "anat.zarr", xr.Dataset({"gm": (("x", "y", "z"), gm, ONE), "affine": affine}))
    for name, clips in RUNS.items():
        n = 10 * len(clips)
        motion = rng.normal(size=(n, 1)).cumsum(0)
        bold = 100 + rng.normal(size=(n, len(ijk))) * 0.1 + motion * 0.5 + np.linspace(0, 1, n)[:, None] ** 2
        bold[:, 0] += np.repeat([LOUD[c] for c in clips], 10)
        bold[:, 4] = 100
        bold[3, 5] = np.nan
        arrays = {"bold": (("time", "voxel"), bold.astype("f4"), ONE), "affine": affine}
        arrays |= {"ijk": (("voxel", "axis"), ijk.astype("i2"), ONE)}
        arrays["confounds"] = (("time", "confound"), np.column_stack([motion, np.ones(n)]), ONE)
        attrs = {"tr_s": TR_S, "grid_shape": list(SHAPE)}
        made = xr.Dataset(arrays, {"confound": ["trans_x", "cosine_00"]}, attrs)
        store.write(tmp_path / f"sub-01_{name}_space-MNI_bold.zarr", made)
        write_events(tmp_path, name, np.arange(len(clips)) * 15.0, clips)
    return tmp_path


def write_events(folder, name, onset_s, clips, duration_s=15.0):
    arrays = {"event_onset": ("event", np.asarray(onset_s, float), {"units": "s"})}
    arrays["event_duration"] = ("event", np.full(len(clips), duration_s), {"units": "s"})
    arrays["event_clip"] = ("event", np.array(clips, dtype=str), ONE)
    store.write(folder / f"sub-01_{name}_bold.zarr", xr.Dataset(arrays, attrs={"tr_s": TR_S}))


def series(folder, **changes) -> xr.Dataset:
    respond.series(
        bold=[folder / f"sub-01_{name}_space-MNI_bold.zarr" for name in RUNS],
        raw=[folder / f"sub-01_{name}_bold.zarr" for name in RUNS],
        anat=folder / "anat.zarr",
        series=folder / "series.zarr",
        **SETTINGS | changes,
    )
    return store.read(folder / "series.zarr").load()


def test_every_trial_has_its_place(folder) -> None:
    found = series(folder)
    assert found["clip"].values.tolist() == [*RUNS["task-Training_run-1"], *RUNS["task-Test_run-1"]]
    assert found["first"].values.tolist() == [0, 10, 20, 30, 40, 50, 60, 70, 80]
    assert found["repeat"].values.tolist() == [-1, 0, 0, 0, -1, 0, 0, 1, 1]
    assert found["is_dummy"].values.tolist() == [True, False, False, False, True, False, False, False, False]
    assert found["is_test"].values.tolist() == [False] * 4 + [True] * 5
    assert found["trial_run"].values.tolist() == ["task-Training_run-1"] * 4 + ["task-Test_run-1"] * 5
    assert found["run"].values[[0, 39, 40]].tolist() == ["task-Training_run-1"] * 2 + ["task-Test_run-1"]
    assert found["volume"].values[[0, 39, 40, 89]].tolist() == [0, 39, 0, 49]
    assert found.attrs["volumes_per_clip"] == 10 and found.attrs["subject"] == "01"


def test_the_dummy_joins_only_if_kept(folder) -> None:
    """Defect 3 of A4: with the first event kept, its clip is heard once more."""
    found = series(folder, drop_first_event=False)
    assert not found["is_dummy"].any() and found["repeat"].values.tolist() == [0, 0, 0, 1, 0, 0, 1, 1, 2]


def test_the_planted_response_is_at_its_volumes(folder) -> None:
    found = series(folder, detrend="none")
    stop = np.where(found["is_test"], 90, 40)
    bold, first = found["bold"].values, found["first"].values
    means = windows.window_means(bold, first, stop, 0, np.array([0.0]), 15.0, TR_S, 10)[:, 0, 0]
    for run in (slice(0, 4), slice(4, 9)):
        wanted = [LOUD[c] for c in found["clip"].values[run]]
        assert np.corrcoef(means[run], wanted)[0, 1] > 0.9


def test_runs_are_z_scored_and_bad_voxels_counted(folder) -> None:
    found = series(folder)
    assert found.attrs["n_dropped"] == 2 and found.sizes["voxel"] == np.prod(SHAPE) - 3
    for run in (slice(0, 40), slice(40, 90)):
        assert np.allclose(found["bold"].values[run].mean(0), 0, atol=1e-5)
        assert np.allclose(found["bold"].values[run].std(0, ddof=1), 1, atol=1e-4)
    assert [1, 1, 0] not in found["ijk"].values.tolist() or np.isfinite(found["bold"].values).all()


def test_confounds_and_drifts_leave(folder) -> None:
    motion = store.read(folder / "sub-01_task-Test_run-1_space-MNI_bold.zarr")["confounds"].values[:, 0]
    jump = np.diff(motion)  # jumps are no drift

    def share(**changes) -> float:
        course = series(folder, **changes)["bold"].values[40:, 1:]
        return float(np.mean([np.corrcoef(np.diff(voxel), jump)[0, 1] for voxel in course.T]))

    # Drift that isn't taken out yet tilts the fit of a short run a little, so not quite nothing is left.
    for detrend in ("median", "cosine", "none"):
        assert abs(share(detrend=detrend)) < 0.35 < 0.8 < share(detrend=detrend, confounds=[])


def test_the_same_bytes_again(folder) -> None:
    series(folder)
    first = (folder / "series.zarr/manifest.json").read_text()
    series(folder)
    assert (folder / "series.zarr/manifest.json").read_text() == first


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ((np.arange(4) * 15 + 6.0, "abcd"), "clip at 51 s ends after the run of 60 s"),
        (([0, 15, 30.6], "abc"), r"onset at 30\.6 s is 0\.40 TR off"),
        (([0], "a"), "no event but the dummy"),
        (([0, 15, 27], "abc"), "15 s is 12 s before the next"),
        (([0, 15, 30], "abc", 9.0), r"event at 0 s lasts 9 s; bids\.clip_s is 15 s"),
    ],
)
def test_events_that_do_not_fit_are_refused_in_one_line(folder, events, message) -> None:
    onset_s, clips, *duration_s = events
    write_events(folder, "task-Training_run-1", onset_s, list(clips), *duration_s)
    with pytest.raises(HeschlError, match=message) as error:
        series(folder)
    assert "\n" not in str(error.value) and "task-Training_run-1" in str(error.value)


def test_settings_and_grids_that_disagree_are_refused(folder) -> None:
    with pytest.raises(HeschlError, match="'motion' matches none"):
        series(folder, confounds=["motion"])
    with pytest.raises(HeschlError, match="detrend 'spline'"):
        series(folder, detrend="spline")
    path = folder / "sub-01_task-Test_run-1_space-MNI_bold.zarr"
    other = store.read(path).load()
    store.write(path, other.assign_attrs(grid_shape=[4, 3, 2]))
    with pytest.raises(HeschlError, match="one voxel grid"):
        series(folder)
    store.write(path, other.assign_attrs(tr_s=2.0))
    with pytest.raises(HeschlError, match="one TR"):
        series(folder)


def test_no_voxel_left_is_refused(folder) -> None:
    with pytest.raises(HeschlError, match="no voxel varies"):
        series(folder, gm_threshold=1.5)
