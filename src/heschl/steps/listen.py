"""Simulate listeners for decoding: training and test runs in the format of ds003720, and the planted truth.

They lie beside the runs of `simulate`, in the same dataset and the same heads (docs/simulated_decoding.md).
"""

import json
from pathlib import Path

import numpy as np
import xarray as xr

from heschl import store
from heschl.datasets import simulated_bids as files
from heschl.datasets import simulated_decoding as decoding
from heschl.datasets import simulated_fmri as fmri
from heschl.datasets.simulated_head import truth_on_grid
from heschl.errors import HeschlError


def subject(
    *,
    audio: Path,
    windows: list[Path],
    bold: list[Path],
    sidecars: list[Path],
    events: list[Path],
    truth: Path,
    sub: str,
    noise_subjects: list[str],
    drivers: list[str],
    training_task: str,
    test_task: str,
    n_training_runs: int,
    n_test_runs: int,
    test_per_style: int,
    n_repeats: int,
    tr_s: float,
    clip_s: float,
    voxel_mm: float,
    effect_percent: float,
    mixing: float,
    n_latents: int,
    motion_mm: float,
    seed: int,
    simulate_seed: int,
    group_voxel_mm: float,
) -> None:
    """Scan one listener: training and test runs in raw BIDS, and the truth.

    Parameters
    ----------
    windows : stores of embedded windows, one per driver and in their order, front to back in the brain
    bold, sidecars, events : files to write, training runs first
    mixing : 0: voxels at one place listen to the same in everyone; 1: to what only they do
    seed, simulate_seed : of the programme, the tuning and the scans; of the heads (`simulate.subject`)

    Raises
    ------
    HeschlError
        If a setting can't be scanned, the numbers of clips don't fit, or an embedding lacks a clip.
    """
    timing = {"tr_s": tr_s, "trial_s": clip_s, "lead_in_s": 0.0, "tail_s": 0.0}
    strength = {"voxel_mm": voxel_mm, "effect_percent": effect_percent, "motion_mm": motion_mm, "seed": seed}
    design, is_noise = fmri.Design(**timing, **strength), sub in noise_subjects
    _check_mixing(mixing)
    clips = _clips(audio, clip_s)
    counts = {"n_training_runs": n_training_runs, "n_test_runs": n_test_runs, "n_repeats": n_repeats}
    plan = decoding.programme(*_labels(clips), **counts, test_per_style=test_per_style, seed=seed)
    names = _run_names(bold, sub, [training_task] * n_training_runs + [test_task] * n_test_runs)
    planted = _planted(windows, drivers, clips, n_latents, clip_s)
    tuned = {"mixing": mixing, "head_seed": simulate_seed, "is_noise": is_noise}
    who, tuning = decoding.listener(sub, design, [courses for courses, _ in planted], plan.runs, **tuned)
    outputs = zip(bold, sidecars, events, strict=True)
    runs = [_run(*paths, who, design, sub, clips, plan, k) for k, paths in enumerate(outputs)]
    grid = truth_on_grid(group_voxel_mm, "monotone", len(drivers))
    arrays = _regions(grid, is_noise) | _voxels(who, tuning) | _drive(planted) | _scans(runs)
    attrs = {"drivers": list(drivers), "effect_percent": effect_percent, "seed": seed, "step_s": decoding.STEP_S}
    store.write(truth, xr.Dataset(arrays, _coords(clips, plan, names), attrs | tuned))


def dataset(*, audio: Path, events_sidecar_training: Path, events_sidecar_test: Path) -> None:
    """Describe the columns of both tasks' events: task-Training_events.json and task-Test_events.json."""
    genres = ", ".join(sorted(set(map(str, store.read(audio)["style"].values))))
    columns = {name: dict(about) for name, about in decoding.EVENT_COLUMNS.items()}
    columns["genre"]["Description"] += f": {genres}"
    for path, order in ((events_sidecar_training, decoding.TRAINING), (events_sidecar_test, decoding.TEST)):
        task = {"StimulusPresentation": {"SoftwareName": "Heschl"}, "onset": {"Description": order, "Units": "s"}}
        _write(path, (json.dumps(task | columns, indent=2) + "\n").encode())


def _clips(audio: Path, clip_s: float) -> xr.Dataset:
    """Return the corpus without its sound, with an artist and a style for every clip."""
    sound = store.read(audio)
    length_s = sound.sizes["sample"] / sound.attrs["rate_hz"]
    if length_s < clip_s - 0.05:
        raise HeschlError(audio, f"clips of {length_s:g} s", f"wanted {clip_s:g} s (clip_s)", "Shorten clip_s")
    return sound.drop_vars("audio").load()


def _labels(clips: xr.Dataset) -> tuple[list[str], list[str], list[str]]:
    """Return style, track and artist of each clip; a track without a known artist has one of its own."""
    style, track = ([str(v) for v in clips[name].values] for name in ("style", "track"))
    artist = clips["artist"].values if "artist" in clips.coords else [""] * len(track)
    return style, track, [str(a) or t for a, t in zip(artist, track, strict=True)]


def _run_names(bold: list[Path], sub: str, tasks: list[str]) -> list[str]:
    """Return task-<task>_run-<number> of every image, checked: training runs come first."""
    names = [path.name.removeprefix(f"sub-{sub}_").removesuffix("_bold.nii.gz") for path in map(Path, bold)]
    if len(names) != len(tasks) or any(not n.startswith(f"task-{t}_") for n, t in zip(names, tasks, strict=True)):
        given = f"runs {', '.join(names) or 'none'} to write"
        raise HeschlError("listen, bold", given, f"wanted tasks {', '.join(tasks)}", "Correct the rule")
    return names


def _check_mixing(mixing: float) -> None:
    if not 0 <= mixing <= 1:
        raise HeschlError("listen, mixing", f"{mixing} given", "wanted 0 (shared tuning) to 1 (each voxel its own)")


def _planted(windows: list[Path], drivers: list[str], clips: xr.Dataset, *size: float) -> list[tuple]:
    """Return the latents of every driver, front to back."""
    if size[0] < 1:
        raise HeschlError("listen, n_latents", f"{size[0]} given", "wanted at least 1", "Change the setting")
    if len(windows) != len(drivers) or not drivers:
        given = f"{len(windows)} stores of windows for drivers {', '.join(drivers) or 'none'}"
        raise HeschlError("listen, windows", given, "wanted one for each driver", "Correct the rule")
    return [_latents(Path(path), driver, clips, *size) for path, driver in zip(windows, drivers, strict=True)]


def _latents(
    path: Path, driver: str, clips: xr.Dataset, n_latents: int, clip_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the latents of a model's default layer: courses (k, clip, bin) and loadings (feature, k)."""
    source = store.read(path)
    if source.attrs.get("model", driver) != driver:
        raise HeschlError(path, f"is model {source.attrs['model']!r}", f"wanted {driver!r}", "Order as in drivers")
    if missing := sorted(set(clips["clip"].values) - set(source["clip"].values)):
        raise HeschlError(path, f"no clip {missing[0]}", "wanted every clip of the corpus", "Embed it again")
    layer = source[f"layer-{source.attrs['layers'].index(source.attrs['layer']) + 1:02d}"]
    embedding = layer.sel(clip=clips["clip"].values).transpose("clip", "window", ...).values
    centre_s = source["window"].values + source.attrs["window_s"] / 2
    try:
        return decoding.latents(embedding, centre_s, n_latents, clip_s)
    except ValueError as error:
        raise HeschlError(path, str(error), "wanted an embedding that can drive voxels", "Take another") from None


def _run(bold: Path, sidecar: Path, events: Path, who, design, sub, clips, plan, number) -> fmri.Run:
    """Scan and write one run; return it without its images."""
    order = plan.runs[number]
    run = fmri.scan(who, design, sub, decoding.FIRST_RUN + number, order)
    _write(bold, files.nifti(np.moveaxis(run.bold, 0, -1), who.affine, design.tr_s))
    about = files.scan_sidecar(Path(bold), who.shape[2], design.tr_s)
    _write(sidecar, (json.dumps(about, indent=2) + "\n").encode())
    names, styles = ([str(v) for v in clips[key].values[order]] for key in ("clip", "style"))
    unquoted = decoding.UNQUOTED_ROWS * (number == 0)
    short = str(clips["clip"].values[plan.training[0]])
    _write(events, decoding.events(names, styles, design.trial_s, unquoted, short))
    return fmri.Run(None, run.motion, run.matrices, run.start, order)


def _regions(grid: tuple[np.ndarray, np.ndarray], is_noise: bool) -> dict[str, tuple]:
    about = {"units": "1", "long_name": "planted driver, 1 = the first, 0 = none, MNI"}
    region = (("x", "y", "z"), grid[0] * (not is_noise), about)
    return {"region": region, "affine": (("row", "column"), grid[1], {"units": "mm"})}


def _voxels(who: fmri.Listener, tuning: decoding.Tuning) -> dict[str, tuple]:
    one, mm = {"units": "1"}, {"units": "mm"}
    return {
        "region_voxel": ("voxel", who.layer.astype(np.int16), one),
        "ijk": (("voxel", "axis"), (who.ijk - fmri.PAD).astype(np.int16), one),
        "mni": (("voxel", "axis"), who.mni, mm),
        "weight": (("voxel", "latent"), tuning.weight, one),
        "sd": (("voxel", "run"), tuning.sd, {"units": "percent", "long_name": "SD of the noise-free response"}),
        "bold_affine": (("row", "column"), who.affine, mm),
    }


def _drive(planted: list[tuple[np.ndarray, np.ndarray]]) -> dict[str, tuple]:
    """Stack the latents of all drivers, NaN where a driver has fewer, and the loadings that made each."""
    n = max(len(course) for course, _ in planted)
    one = {"units": "1"}
    padded = [np.pad(c, [(0, n - len(c)), (0, 0), (0, 0)], constant_values=np.nan) for c, _ in planted]
    arrays = {"latent_course": (("driver", "latent", "clip", "bin"), np.stack(padded).astype(np.float32), one)}
    for k, (_, loading) in enumerate(planted, 1):
        arrays[f"loading-{k:02d}"] = ((f"feature_{k:02d}", f"latent_{k:02d}"), loading, one)
    return arrays


def _scans(runs: list[fmri.Run]) -> dict[str, tuple]:
    """Gather what happened in each run: the clips, -1 after the last, and motion, NaN after the end."""
    n_trials, n_volumes = (max(len(getattr(r, name)) for r in runs) for name in ("clips", "motion"))
    order = [np.pad(r.clips, (0, n_trials - len(r.clips)), constant_values=-1) for r in runs]
    motion = [np.pad(r.motion, [(0, n_volumes - len(r.motion)), (0, 0)], constant_values=np.nan) for r in runs]
    mixed = {"units": "mm, mm, mm, rad, rad, rad"}
    return {
        "order": (("run", "trial"), np.stack(order).astype(np.int16), {"units": "1"}),
        "motion": (("run", "time", "parameter"), np.stack(motion), mixed),
        "start": (("run", "row", "column"), np.stack([r.start for r in runs]), {"units": "mm"}),
    }


def _coords(clips: xr.Dataset, plan: decoding.Programme, runs: list[str]) -> dict[str, object]:
    names = np.array([str(c) for c in clips["clip"].values])
    coords = {"clip": names, "run": runs, "test_clip": np.sort(names[plan.test])}
    return coords | {"training_clip": np.sort(names[plan.training])}


def _write(path: Path, content: bytes) -> None:
    with store.atomic(path) as temporary:
        temporary.write_bytes(content)
