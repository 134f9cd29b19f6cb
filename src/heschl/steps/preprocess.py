"""Preprocess: from what the scanner measured to clean patterns of grey matter on the group's grid.

`anat` finds the brain, its tissues and its way to the template; `bold` corrects motion and slice timing and resamples
every volume once; `patterns` regresses confounds out, aligns trials in time and averages repeats.
"""

from pathlib import Path

import numpy as np
import xarray as xr
from scipy.ndimage import binary_erosion

from heschl import store
from heschl.errors import HeschlError
from heschl.science import cleaning, motion, trials

MOTION = ["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"]
OPTIONAL = ("cosine_00", "a_comp_cor_00")  # a short run has no slow cosines; a slab may have no white matter
GRID = ("x", "y", "z")


def anat(*, t1w: Path, xfm: Path, anat: Path, normalise: str, voxel_mm: float, registration_mm: float) -> None:
    """Strip, segment and normalise a T1w.

    Parameters
    ----------
    t1w : store with t1w (x, y, z) and affine (row, column)
    xfm : directory written: affine.mat, warp.nii.gz unless `normalise` is "affine" (template -> T1w points),
        brain.nii.gz (bias-corrected, skull-stripped, on the conformed T1w grid)
    anat : store written: t1w and gm, wm, csf probabilities, brain (template mask), all (x, y, z) on the group grid
    normalise : "affine", "syn_quick" or "syn"
    voxel_mm : voxel of the group grid
    registration_mm : voxel that the T1w is conformed to and registered at
    """
    from heschl.engines import anatomy, flow

    _whole(voxel_mm), _whole(registration_mm)
    source = store.read(t1w).load()
    with flow.workspace() as folder:
        _save_image(folder / "t1w.nii.gz", source["t1w"].values, source["affine"].values)
        template = _template(folder / "template.nii.gz", registration_mm)
        made = anatomy.run(folder / "t1w.nii.gz", template, folder, normalise, registration_mm)
        grid = _on_grid(made, _template(folder / "grid.nii.gz", voxel_mm))
        store.write(anat, _anat_arrays(grid, voxel_mm).assign_attrs(normalise=normalise))
        with store.atomic(xfm) as box:
            _keep_transforms(made, box)


def _template(path: Path, voxel_mm: float) -> Path:
    """Write the skull-stripped ICBM 2009 template at a resolution."""
    from nilearn.datasets import load_mni152_template

    load_mni152_template(resolution=_whole(voxel_mm)).to_filename(path)
    return path


def _whole(voxel_mm: float) -> int:
    if voxel_mm != int(voxel_mm) or voxel_mm < 1:
        raise HeschlError("preprocess", f"voxel of {voxel_mm:g} mm", "wanted whole mm: the template comes in these")
    return int(voxel_mm)


def _on_grid(made: dict, grid: Path) -> dict[str, np.ndarray]:
    from heschl.engines.antspy import transform_image

    way = [p for p in (made["warp"], made["affine"]) if p]
    return {name: transform_image(made[name], grid, way) for name in ("brain", "gm", "wm", "csf")}


def _anat_arrays(grid: dict[str, np.ndarray], voxel_mm: float) -> xr.Dataset:
    from nilearn.datasets import load_mni152_brain_mask

    mask = load_mni152_brain_mask(resolution=_whole(voxel_mm))
    arrays = {n: (GRID, np.clip(grid[n], 0, 1).astype(np.float32), {"units": "1"}) for n in ("gm", "wm", "csf")}
    arrays["t1w"] = (GRID, grid["brain"].astype(np.float32), {"units": "1"})
    arrays["brain"] = (GRID, np.asarray(mask.dataobj) > 0, {"units": "1"})
    arrays["affine"] = (("row", "column"), mask.affine, {"units": "mm"})
    return xr.Dataset(arrays, attrs={"space": "MNI152NLin2009a", "voxel_mm": voxel_mm})


def _keep_transforms(made: dict, box: Path) -> None:
    box.mkdir()
    for name, file in (("brain", "brain.nii.gz"), ("affine", "affine.mat"), ("warp", "warp.nii.gz")):
        if made[name]:
            (box / file).write_bytes(made[name].read_bytes())


def bold(*, raw: Path, xfm: Path, anat: Path, bold: Path, high_pass_hz: float, n_compcor: int) -> None:
    """Correct a run for motion and slice timing and bring it to the group grid in one interpolation.

    Parameters
    ----------
    raw : store with bold (time, x, y, z), affine, attrs tr_s, and slice_time (slice) in s if known
    xfm, anat : what `anat` wrote
    bold : store written: bold (time, voxel) at the group grid's brain voxels that the run covers, ijk (voxel, axis),
        affine, motion (time, parameter), confounds (time, confound), fd_mm, temporal_mean, epi_reference
    high_pass_hz : slower cosines become confounds; 0 for none
    n_compcor : principal components kept of white matter, and as many of CSF
    """
    from heschl.engines import flow, functional

    source, anatomy = store.read(raw).load(), store.read(anat).load()
    ijk = np.argwhere(anatomy["brain"].values)
    with flow.workspace() as folder:
        of = _describe(source, anatomy, xfm.resolve(), folder, ijk, high_pass_hz, n_compcor)
        made = functional.run(of, folder)
    if not made["covered"].any():
        raise HeschlError(raw, "no voxel lies in the brain", "wanted an EPI near its T1w", "Check both affines")
    centre = motion.field_centre(source["bold"].shape[1:], source["affine"].values)
    arrays = _bold_arrays(made, motion.parameters(made["matrices"], centre), of.tr_s, high_pass_hz)
    arrays["ijk"] = (("voxel", "axis"), ijk[made["covered"]].astype(np.int16), {"units": "1"})
    arrays["affine"] = anatomy["affine"]
    store.write(bold, arrays.assign_attrs(_bold_attrs(source, anatomy, made)))


def _describe(source, anatomy, xfm: Path, folder: Path, ijk, high_pass_hz: float, n_compcor: int):
    from heschl.engines.functional import Run

    _save_image(folder / "bold.nii", np.moveaxis(source["bold"].values, 0, -1), source["affine"].values)
    return Run(
        bold=folder / "bold.nii",
        tr_s=float(source.attrs["tr_s"]),
        slice_time=source["slice_time"].values.astype(float).tolist() if "slice_time" in source else [],
        slice_axis=int(source.attrs.get("slice_axis", 2)),
        brain=xfm / "brain.nii.gz",
        normalisation=[p for p in (xfm / "warp.nii.gz", xfm / "affine.mat") if p.exists()],
        points=motion.move(anatomy["affine"].values, ijk),
        noise=np.stack([mask[tuple(ijk.T)] for mask in _noise_masks(anatomy)]),
        high_pass_hz=high_pass_hz,
        n_compcor=n_compcor,
    )


def _noise_masks(anatomy: xr.Dataset) -> list[np.ndarray]:
    """White matter and CSF where no grey matter can leak in: sure voxels, white matter eroded by one."""
    return [binary_erosion(anatomy["wm"].values > 0.95), anatomy["csf"].values > 0.95]


def _bold_arrays(made: dict, parameters: np.ndarray, tr_s: float, high_pass_hz: float) -> xr.Dataset:
    series, n = made["series"], len(made["series"])
    confounds = _confounds(series, parameters, made["compcor"], cleaning.cosine_drifts(n, tr_s, high_pass_hz))
    one = {"units": "1"}
    arrays = {
        "bold": (("time", "voxel"), series, one),
        "motion": (("time", "parameter"), parameters, {"units": "mm, rad"}),
        "confounds": (("time", "confound"), np.stack(list(confounds.values()), 1), one),
        "fd_mm": (("time",), confounds["framewise_displacement"], {"units": "mm"}),
        "temporal_mean": (("voxel",), series.mean(0), one),
        "epi_reference": (("voxel",), made["reference"], one),
    }
    time = xr.Variable("time", (np.arange(n) + 0.5) * tr_s, {"units": "s", "long_name": "middle of the TR"})
    return xr.Dataset(arrays, coords={"time": time, "parameter": MOTION, "confound": list(confounds)})


def _confounds(series, parameters, compcor, drifts) -> dict[str, np.ndarray]:
    """Name every confound as fMRIPrep does: each of shape (time,)."""
    table = dict(zip(MOTION, parameters.T, strict=True))
    table |= {f"{n}_derivative1": d for n, d in zip(MOTION, cleaning.derivatives(parameters).T, strict=True)}
    table["framewise_displacement"] = motion.framewise_displacement(parameters)
    table["dvars"] = cleaning.dvars(series)
    table |= {f"a_comp_cor_{i:02d}": c for i, c in enumerate(compcor.T)}
    return table | {f"cosine_{i:02d}": c for i, c in enumerate(drifts.T)}


def _bold_attrs(source: xr.Dataset, anatomy: xr.Dataset, made: dict) -> dict:
    timed = "cubic spline to mid-TR" if "slice_time" in source else "skipped: no slice times, volumes taken at mid-TR"
    return {
        "tr_s": float(source.attrs["tr_s"]),
        "grid_shape": list(anatomy["brain"].shape),
        "slice_timing": timed,
        "t1w_to_epi": made["coregistration"].round(9).tolist(),
        "covered_share": float(made["covered"].mean()),
    }


def _save_image(path: Path, array: np.ndarray, affine: np.ndarray) -> None:
    import nibabel as nb

    nb.save(nb.Nifti1Image(array.astype(np.float32, copy=False), affine), path)


def patterns(
    *,
    bold: list[Path],
    raw: list[Path],
    anat: Path,
    patterns: Path,
    confounds: list[str],
    drop_s: float,
    gm_threshold: float,
    clip_s: float,
) -> None:
    """Clean every run, cut it into trials, average the repeats of each clip and stack the clips.

    Parameters
    ----------
    bold, raw : one store per run, in the same order; `raw` holds the events
    anat : store with gm on the group grid
    patterns : store written: patterns (volume, voxel), z-scored per run before averaging; coords clip and lag_s
        (mid-TR, s after onset) of each volume, clips in sorted order; ijk, affine
    confounds : names or patterns ("trans_*") of the confounds to regress out
    drop_s : volumes that start earlier than this after the onset are left out
    gm_threshold : least grey-matter probability
    clip_s : length of a clip
    """
    runs, anatomy = [store.read(path) for path in bold], store.read(anat).load()
    ijk = _shared_grey(runs, bold, anatomy, gm_threshold)
    lag_s = trials.lags_s(clip_s, float(runs[0].attrs["tr_s"]), drop_s)
    cuts = [_cut(run, path, ijk, confounds, lag_s, clip_s) for run, path in zip(runs, raw, strict=True)]
    trial = np.concatenate([t for t, _ in cuts])
    whole = np.isfinite(trial).all((0, 1))
    if not whole.any():
        raise HeschlError(patterns, "no voxel varies in every run", "wanted grey matter covered by all runs")
    mean, clips = trials.average(trial[..., whole], [clip for _, names in cuts for clip in names])
    arrays = _pattern_arrays(mean, clips, lag_s, ijk[whole]).assign(affine=anatomy["affine"])
    attrs = {"grid_shape": list(anatomy["gm"].shape), "tr_s": float(runs[0].attrs["tr_s"]), "runs": len(runs)}
    store.write(patterns, arrays.assign_attrs(attrs))


def _shared_grey(runs: list[xr.Dataset], paths: list[Path], anatomy: xr.Dataset, gm_threshold: float) -> np.ndarray:
    """Find the indices (voxel, axis) of grey voxels that every run covers; refuse a run on another grid."""
    grey, affine = anatomy["gm"].values > gm_threshold, anatomy["affine"].values
    count = np.zeros(grey.shape, int)
    for run, path in zip(runs, paths, strict=True):
        shape = tuple(map(int, run.attrs["grid_shape"]))
        if shape != grey.shape or not np.allclose(run["affine"].values, affine, atol=1e-3):
            given = f"its grid {shape} or affine isn't that of the grey matter, {grey.shape}"
            raise HeschlError(path, given, "wanted one voxel grid", "Preprocess the T1w and all runs again, alike")
        count[tuple(run["ijk"].values.T)] += 1
    return np.argwhere(grey & (count == len(runs)))


def _cut(run: xr.Dataset, raw: Path, ijk: np.ndarray, confounds: list[str], lag_s: np.ndarray, clip_s: float):
    """Trials (event, lag, voxel) of one run, cleaned, and each event's clip."""
    events, tr_s = store.read(raw), float(run.attrs["tr_s"])
    place = np.full(run.attrs["grid_shape"], -1)
    place[tuple(run["ijk"].values.T)] = np.arange(run.sizes["voxel"])
    series = run["bold"].values[:, place[tuple(ijk.T)]]
    try:
        trials.check_apart(events["event_onset"].values, clip_s)
        chosen = cleaning.choose([str(n) for n in run["confound"].values], confounds, OPTIONAL)
        clean = cleaning.clean(series, run["confounds"].values[:, chosen])
        cut = trials.cut(clean, events["event_onset"].values, lag_s, tr_s)
    except ValueError as error:
        fix = "Correct the events, bids.clip_s or preprocess.confounds"
        raise HeschlError(raw, str(error), "wanted whole trials, known confounds", fix) from None
    return cut, [str(clip) for clip in events["event_clip"].values]


def _pattern_arrays(mean: np.ndarray, clips: list[str], lag_s: np.ndarray, ijk: np.ndarray) -> xr.Dataset:
    stacked = mean.reshape(-1, mean.shape[-1]).astype(np.float32)  # (clip, lag, voxel) -> (clip lag, voxel)
    lag = xr.Variable("volume", np.tile(lag_s, len(clips)), {"units": "s", "long_name": "mid-TR lag after onset"})
    arrays = {
        "patterns": (("volume", "voxel"), stacked, {"units": "1"}),
        "ijk": (("voxel", "axis"), ijk.astype(np.int16), {"units": "1"}),
    }
    return xr.Dataset(arrays, coords={"clip": ("volume", np.repeat(clips, len(lag_s))), "lag_s": lag})
