"""Respond: the brain's time course to music, cleaned, with every trial's place in it."""

from pathlib import Path

import numpy as np
import xarray as xr

from heschl import store
from heschl.datasets.recordings import name_of
from heschl.errors import HeschlError
from heschl.science import cleaning, drift, trials, windows

OPTIONAL = ("cosine_00", "a_comp_cor_00")  # a short run has no slow cosines; a slab may have no white matter
DETREND = ("median", "cosine", "none")


def series(
    *,
    bold: list[Path],
    raw: list[Path],
    anat: Path,
    series: Path,
    test_task: str,
    confounds: list[str],
    detrend: str,
    median_s: float,
    gm_threshold: float,
    clip_s: float,
    drop_first_event: bool,
    subject: str,
) -> None:
    """Clean every run, z-score it, and string the runs together.

    Parameters
    ----------
    bold, raw : one store per run, in the same order; `raw` holds the events and is named ..._task-T_run-R_bold.zarr
    anat : store with gm on the group grid
    series : store written: bold (time, voxel), z within run; coords run and volume (time); clip, trial_run, first,
        repeat, is_test and is_dummy (trial); ijk, affine; attrs tr_s, clip_s, volumes_per_clip, n_dropped
    test_task : task of the runs whose clips are the official test set
    confounds : names or patterns of the confounds to regress out; cosines are governed by `detrend` alone
    detrend : "median" takes a running median of `median_s` off series and confounds, "cosine" regresses the slow
        cosines out, "none" neither; the linear trend always goes
    gm_threshold : least grey-matter probability
    clip_s : length of a clip
    drop_first_event : the first event of each run is a dummy
    subject : label, kept as an attribute
    """
    if detrend not in DETREND:
        raise HeschlError("respond", f"detrend {detrend!r}", f"wanted one of {', '.join(DETREND)}")
    runs, anatomy = [store.read(path) for path in bold], store.read(anat).load()
    _check_grids(runs, bold, anatomy, anat)
    ijk = _shared_grey(runs, anatomy["gm"].values > gm_threshold)
    events = [_events(store.read(p), p, r, clip_s, drop_first_event) for p, r in zip(raw, runs, strict=True)]
    whole = np.empty((sum(run.sizes["time"] for run in runs), len(ijk)), np.float32)
    starts = np.cumsum([0, *(run.sizes["time"] for run in runs)])
    for start, stop, run, path in zip(starts[:-1], starts[1:], runs, raw, strict=True):
        whole[start:stop] = _clean(run, path, ijk, confounds, detrend, median_s)
    kept = np.isfinite(whole).all(0)
    if not kept.any():
        raise HeschlError(series, "no voxel varies in every run", "wanted grey matter covered by all runs")
    arrays = _arrays(whole if kept.all() else whole[:, kept], ijk[kept], anatomy, _times(runs, raw))
    attrs = _attrs(runs[0], anatomy, clip_s) | {"subject": subject, "n_dropped": int((~kept).sum())}
    made = arrays.assign_coords(_trials(events, starts, raw, test_task, drop_first_event))
    store.write(series, made.assign_attrs(attrs | {"detrend": detrend}))


def _check_grids(runs: list[xr.Dataset], paths: list[Path], anatomy: xr.Dataset, anat: Path) -> None:
    """Refuse runs whose voxel grid, affine or TR isn't the anatomy's or the first run's."""
    shape, affine, tr_s = list(anatomy["gm"].shape), anatomy["affine"].values, float(runs[0].attrs["tr_s"])
    for run, path in zip(runs, paths, strict=True):
        if list(run.attrs["grid_shape"]) != shape or not np.allclose(run["affine"].values, affine, atol=1e-3):
            given = f"grid {list(run.attrs['grid_shape'])} or its affine isn't {shape} of {Path(anat).name}"
            raise HeschlError(path, given, "wanted one voxel grid for all runs", "Preprocess them again, alike")
        if abs(float(run.attrs["tr_s"]) - tr_s) > 1e-3 * tr_s:
            given = f"TR is {run.attrs['tr_s']:g} s, of {Path(paths[0]).name} {tr_s:g} s"
            raise HeschlError(path, given, "wanted one TR for all runs", "Leave one kind out")


def _shared_grey(runs: list[xr.Dataset], grey: np.ndarray) -> np.ndarray:
    """Find the indices (voxel, axis) of grey voxels that every run covers."""
    count = np.zeros(grey.shape, int)
    for run in runs:
        count[tuple(run["ijk"].values.T)] += 1
    return np.argwhere(grey & (count == len(runs)))


def _events(events: xr.Dataset, path: Path, run: xr.Dataset, clip_s: float, drop_first: bool):
    """Clips (trial,) of a run and the volume (trial,) at which each begins, checked against the run."""
    onset_s, tr_s = events["event_onset"].values, float(run.attrs["tr_s"])
    if len(onset_s) < 1 + drop_first:
        given = "holds no event" + (" but the dummy" if drop_first else "")
        raise HeschlError(path, given, "wanted at least one that counts", "Leave the run out, or keep the first event")
    try:
        trials.check_apart(onset_s, clip_s)
        first = windows.first_volumes(onset_s, tr_s)
    except ValueError as error:
        raise HeschlError(path, str(error), "wanted clips on the volumes", "Correct events or bids.clip_s") from None
    end = first + trials.volumes_per_clip(clip_s, tr_s)
    if end.max() > run.sizes["time"]:
        given = f"the clip at {onset_s[end.argmax()]:g} s ends after the run of {run.sizes['time'] * tr_s:g} s"
        raise HeschlError(path, given, "wanted whole clips", "Correct the events or bids.clip_s")
    if (short := events["event_duration"].values < clip_s - trials.EARLY_S).any():
        given = f"the event at {onset_s[short][0]:g} s lasts {events['event_duration'].values[short][0]:g} s"
        raise HeschlError(path, given, f"bids.clip_s is {clip_s:g} s", "Correct the events or bids.clip_s")
    order = np.argsort(onset_s, kind="stable")
    return [str(events["event_clip"].values[i]) for i in order], first[order]


def _clean(run: xr.Dataset, raw: Path, ijk: np.ndarray, confounds: list[str], detrend: str, median_s: float):
    """One run (time, voxel): drift and confounds out, z-scored; NaN where a voxel is damaged or constant."""
    place = np.full(run.attrs["grid_shape"], -1)
    place[tuple(run["ijk"].values.T)] = np.arange(run.sizes["voxel"])
    series = run["bold"].values[:, place[tuple(ijk.T)]]
    names = [str(name) for name in run["confound"].values]
    wanted = [name for name in confounds if not name.startswith("cosine")] + ["cosine_*"] * (detrend == "cosine")
    try:
        chosen = [
            i for i in cleaning.choose(names, wanted, OPTIONAL) if detrend == "cosine" or "cosine" not in names[i]
        ]
        regressors = np.nan_to_num(run["confounds"].values[:, chosen])
        scale = np.abs(series).max(0)
        if detrend == "median":
            half = drift.half_window(median_s, float(run.attrs["tr_s"]))
            series = series - drift.running_median(series, half)
            regressors = regressors - drift.running_median(regressors, half)  # else they bring their own drift back
        clean = cleaning.clean(series, regressors)
    except ValueError as error:
        raise HeschlError(raw, str(error), "wanted known confounds", "Correct respond.confounds") from None
    clean[:, ~(series.std(0) > 1e-6 * scale)] = np.nan
    return clean


def _times(runs: list[xr.Dataset], raw: list[Path]) -> dict:
    sizes = [run.sizes["time"] for run in runs]
    names = np.repeat([name_of(path)[0] for path in raw], sizes)
    return {"run": ("time", names), "volume": ("time", np.concatenate([np.arange(n) for n in sizes]))}


def _trials(events: list, starts: np.ndarray, raw: list[Path], test_task: str, drop_first: bool) -> dict:
    """Coordinates on trial; a repeat counts the earlier trials of its clip that aren't dummies, over all runs."""
    rows, heard = [], {}
    for (clips, first), start, path in zip(events, starts[:-1], raw, strict=True):
        run, task = name_of(path)
        for i, (clip, volume) in enumerate(zip(clips, first, strict=True)):
            dummy = drop_first and i == 0
            rows.append((clip, run, int(start + volume), -1 if dummy else heard.get(clip, 0), task == test_task, dummy))
            heard[clip] = heard.get(clip, 0) + (not dummy)
    names = ("clip", "trial_run", "first", "repeat", "is_test", "is_dummy")
    return {name: ("trial", np.array(column)) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def _arrays(series: np.ndarray, ijk: np.ndarray, anatomy: xr.Dataset, times: dict) -> xr.Dataset:
    arrays = {
        "bold": (("time", "voxel"), series, {"units": "1", "long_name": "BOLD, z within run"}),
        "ijk": (("voxel", "axis"), ijk.astype(np.int16), {"units": "1"}),
        "affine": (("row", "column"), anatomy["affine"].values, {"units": "mm"}),
    }
    return xr.Dataset(arrays, coords=times)


def _attrs(run: xr.Dataset, anatomy: xr.Dataset, clip_s: float) -> dict:
    tr_s = float(run.attrs["tr_s"])
    volumes = trials.volumes_per_clip(clip_s, tr_s)
    shape = list(anatomy["gm"].shape)
    return {"grid_shape": shape, "tr_s": tr_s, "clip_s": float(clip_s), "volumes_per_clip": volumes}
