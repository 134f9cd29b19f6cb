"""Simulate listeners: write a raw BIDS dataset of people hearing real clips, and beside it the planted truth.

`subject` and `dataset` are the rules' functions; `make_dataset` does all of it from Python (power analysis).
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import xarray as xr

from heschl import store
from heschl.datasets import simulated_bids as files
from heschl.datasets import simulated_fmri as fmri
from heschl.datasets.simulated_head import t1_image, truth_on_grid
from heschl.errors import HeschlError


def subject(
    *,
    layers: Path,
    audio: Path,
    t1w: Path,
    t1w_sidecar: Path,
    bold: list[Path],
    sidecars: list[Path],
    events: list[Path],
    truth: Path,
    sub: str,
    subjects: list[str],
    noise_subjects: list[str],
    n_runs: int,
    clips_per_style: int,
    tr_s: float,
    trial_s: float,
    lead_in_s: float,
    tail_s: float,
    voxel_mm: float,
    effect_percent: float,
    gradient: str,
    motion_mm: float,
    seed: int,
    group_voxel_mm: float,
    hrf_subjects: list[str] = (),
) -> None:
    """Scan one listener: a T1w image and `n_runs` runs in raw BIDS, and the truth (docs/simulated_fmri.md).

    Parameters
    ----------
    noise_subjects, hrf_subjects : labels of those in whom no layer is planted: nothing at all, and voxels that
        respond to every clip alike (one in both lists is the latter)

    Raises
    ------
    HeschlError
        If a setting can't be scanned, the clips don't fit their trials, or the layers lack a clip.
    """
    timing = (n_runs, clips_per_style, tr_s, trial_s, lead_in_s, tail_s)
    design = fmri.Design(*timing, voxel_mm, effect_percent, gradient, motion_mm, seed)
    played, activity, step_s = _stimuli(audio, layers, design)
    is_noise, is_hrf_only = sub in {*noise_subjects, *hrf_subjects}, sub in hrf_subjects
    who = fmri.listener(sub, design, activity, step_s, is_noise, is_hrf_only)
    _anatomy(t1w, t1w_sidecar, who, design, sub)
    orders = design.orders(sorted(subjects).index(sub), played.sizes["clip"])
    outputs = zip(bold, sidecars, events, strict=True)
    runs = [_run(*paths, who, design, sub, played, k, orders[k]) for k, paths in enumerate(outputs)]
    grid = truth_on_grid(group_voxel_mm, gradient, len(activity))
    extra = {"is_hrf_only": True} if is_hrf_only else {}
    store.write(truth, _truth(who, runs, design, played, grid, is_noise).assign_attrs(extra))


def dataset(
    *,
    audio: Path,
    description: Path,
    readme: Path,
    participants: Path,
    participants_sidecar: Path,
    events_sidecar: Path,
    stimuli: Path,
    subjects: list[str],
    noise_subjects: list[str],
    clips_per_style: int,
) -> None:
    """Write what belongs to the dataset as a whole: description, participants, columns, the clips as wav."""
    _json(description, files.DESCRIPTION)
    _write(readme, files.README.encode())
    _write(participants, files.participants(subjects, noise_subjects).encode())
    _json(participants_sidecar, files.PARTICIPANT_COLUMNS)
    _json(events_sidecar, files.EVENT_COLUMNS)
    clips = _played(store.read(audio), clips_per_style)
    with store.atomic(stimuli) as folder:
        for clip, samples in zip(clips["clip"].values, clips["audio"].values, strict=True):
            path = folder / f"{clip}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files.wav(samples, int(clips.attrs["rate_hz"])))


def make_dataset(
    folder: Path,
    *,
    audio: Path,
    layers: Path,
    subjects: list[str],
    noise_subjects: list[str] = (),
    hrf_subjects: list[str] = (),
    group_voxel_mm: float = 3.0,
    **design: float | str,
) -> None:
    """Make a whole dataset without Snakemake: `folder`/bids, valid raw BIDS, and `folder`/sub-*_truth.zarr.

    Parameters
    ----------
    audio, layers : stores as the rules ingest_audio and embed_layers write them
    noise_subjects, hrf_subjects : as in `subject`
    design : any field of `heschl.datasets.simulated_fmri.Design`, such as effect_percent, n_runs, motion_mm
    """
    settings = vars(fmri.Design(**design))
    root, everyone = (
        Path(folder) / "bids",
        {"subjects": list(subjects), "noise_subjects": sorted({*noise_subjects, *hrf_subjects})},
    )
    dataset(audio=audio, clips_per_style=settings["clips_per_style"], **everyone, **_dataset_files(root))
    for sub in subjects:
        paths = _subject_files(root / f"sub-{sub}", sub, settings["n_runs"])
        truth = Path(folder) / f"sub-{sub}_truth.zarr"
        inputs = {"layers": layers, "audio": audio, "group_voxel_mm": group_voxel_mm, "hrf_subjects": hrf_subjects}
        subject(sub=sub, truth=truth, **inputs, **paths, **everyone, **settings)


def _dataset_files(root: Path) -> dict[str, Path]:
    return {
        "description": root / "dataset_description.json",
        "readme": root / "README",
        "participants": root / "participants.tsv",
        "participants_sidecar": root / "participants.json",
        "events_sidecar": root / "task-music_events.json",
        "stimuli": root / "stimuli",
    }


def _subject_files(folder: Path, sub: str, n_runs: int) -> dict[str, Path | list[Path]]:
    anat = folder / "anat" / f"sub-{sub}_T1w"
    runs = [folder / "func" / f"sub-{sub}_task-music_run-{k + 1}" for k in range(n_runs)]
    images = {"t1w": Path(f"{anat}.nii.gz"), "t1w_sidecar": Path(f"{anat}.json")}
    names = {"bold": "bold.nii.gz", "sidecars": "bold.json", "events": "events.tsv"}
    return images | {name: [Path(f"{run}_{end}") for run in runs] for name, end in names.items()}


def _anatomy(t1w: Path, sidecar: Path, who: fmri.Listener, design: fmri.Design, sub: str) -> None:
    image, affine = t1_image(who.anatomy, design.voxel_mm * 2 / 3, fmri.stream(design.seed, sub, "anatomy", 2))
    _write(t1w, files.nifti(image, affine))
    _json(sidecar, files.SCANNER | {"EchoTime": 0.003, "FlipAngle": 8})


def _run(bold: Path, sidecar: Path, events: Path, who, design, sub, played, number, order) -> fmri.Run:
    """Scan and write one run; return it without its images."""
    run = fmri.scan(who, design, sub, number, order)
    heard = played.isel(clip=order)
    duration_s = played.sizes["sample"] / played.attrs["rate_hz"]
    _write(bold, files.nifti(np.moveaxis(run.bold, 0, -1), who.affine, design.tr_s))
    _json(sidecar, files.scan_sidecar(bold, who.shape[2], design.tr_s))
    table = files.events(design, heard["clip"].values, heard["style"].values, duration_s)
    _write(events, table.encode())
    return replace(run, bold=None)


def _played(audio: xr.Dataset, clips_per_style: int) -> xr.Dataset:
    columns = ([str(v) for v in audio[name].values] for name in ("clip", "style", "track"))
    return audio.sel(clip=fmri.choose_clips(*columns, clips_per_style))


def _stimuli(audio: Path, layers: Path, design: fmri.Design) -> tuple[xr.Dataset, list[np.ndarray], float]:
    """Return the played clips, the activations of every layer to them, and the seconds per bin."""
    played, network = _played(store.read(audio), design.clips_per_style), store.read(layers)
    if missing := sorted(set(played["clip"].values) - set(network["clip"].values)):
        raise HeschlError(layers, f"no clip {missing[0]}", "wanted every played clip", "Embed the whole corpus")
    length = played.sizes["sample"] / played.attrs["rate_hz"]
    if length > design.trial_s:
        raise HeschlError(
            "simulated fMRI, trial_s", f"{design.trial_s} given", f"clips last {length:g} s", "Lengthen it"
        )
    network = network.sel(clip=played["clip"].values)
    names = sorted(str(n) for n in network.data_vars if str(n).startswith("layer-"))
    activity = [network[name].transpose("clip", "bin", ...).values for name in names]
    return played, activity, float(network.attrs["bin_s"])


def _truth(who, runs, design, played, grid, is_noise) -> xr.Dataset:
    layer, affine = grid
    one, mm, mixed = {"units": "1"}, {"units": "mm"}, {"units": "mm, mm, mm, rad, rad, rad"}
    arrays = {
        "layer": (
            ("x", "y", "z"),
            layer * (not is_noise),
            one | {"long_name": "planted layer, 0 = none, MNI"},
        ),
        "affine": (("row", "column"), affine, mm),
        "motion": (("run", "time", "parameter"), np.stack([r.motion for r in runs]), mixed),
        "matrix": (("run", "time", "row", "column"), np.stack([r.matrices for r in runs]), mm),
        "start": (("run", "row", "column"), np.stack([r.start for r in runs]), mm),
        "order": (("run", "trial"), np.stack([r.clips for r in runs]), one),
        "ijk": (("voxel", "axis"), (who.ijk - fmri.PAD).astype(np.int16), one),
        "mni": (("voxel", "axis"), who.mni, mm),
        "voxel_layer": ("voxel", who.layer.astype(np.int16), one),
        "unit": ("voxel", who.unit.astype(np.int32), one),
        "effect": ("voxel", who.effect, {"units": "percent"}),
        "bold_affine": (("row", "column"), who.affine, mm),
        "centre": ("axis", who.affine[:3, :3] @ ((np.array(who.shape) - 1) / 2) + who.affine[:3, 3], mm),
        "to_mni": (("row", "column"), who.anatomy.affine, mm),
        "warp_frequency": (("wave", "axis"), who.anatomy.frequency, {"units": "rad/mm"}),
        "warp_phase": ("wave", who.anatomy.phase, {"units": "rad"}),
        "warp_amplitude": (("wave", "axis"), who.anatomy.amplitude, mm),
    }
    coords = {"clip": [str(c) for c in played["clip"].values]}
    return xr.Dataset(arrays, coords, {"is_noise": bool(is_noise)} | vars(design))


def _json(path: Path, content: dict) -> None:
    _write(path, (json.dumps(content, indent=2) + "\n").encode())


def _write(path: Path, content: bytes) -> None:
    with store.atomic(path) as temporary:
        temporary.write_bytes(content)
