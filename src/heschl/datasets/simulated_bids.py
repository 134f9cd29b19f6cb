"""What the files of the simulated BIDS dataset hold, as text and bytes: the step writes them."""

import gzip
import io
import re
import wave
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from heschl.datasets.simulated_fmri import Design
from heschl.errors import HeschlError
from heschl.science import scanner

SCANNER = {"MagneticFieldStrength": 3, "Manufacturer": "Heschl", "ManufacturersModelName": "simulated"}
EVENT_COLUMNS = {
    "trial_type": {"LongName": "Style", "Description": "Musical style of the clip"},
    "stim_file": {"LongName": "Clip", "Description": "The clip that was played, below stimuli/"},
}
PARTICIPANT_COLUMNS = {
    "group": {
        "Description": "What drives the planted voxels",
        "Levels": {"listener": "a layer of the network", "noise": "nothing: a canary"},
    }
}
README = """Simulated listeners hear real music
===================================
Made by Heschl (simulate). The brains, heads, motion and noise are simulated; the clips are real recordings,
each under the licence of its source. Some voxels of the superior temporal gyrus follow single units of the
layers of a network; which ones is known and kept outside this folder. Images are undistorted, heads faceless.
"""
DESCRIPTION = {
    "Name": "Simulated listeners hear real music",
    "BIDSVersion": "1.10.0",
    "DatasetType": "raw",
    "License": "CC0 (images); the clips keep the licences of their sources",
    "Authors": ["Heschl (simulation)"],
    "GeneratedBy": [{"Name": "Heschl", "Description": "simulated brains listening to real music"}],
}


def participants(subjects: Iterable[str], noise_subjects: Iterable[str]) -> str:
    """Return participants.tsv: who listens, and who is noise."""
    rows = [f"sub-{s}\t{'noise' if s in noise_subjects else 'listener'}" for s in sorted(subjects)]
    return "\n".join(["participant_id\tgroup", *rows]) + "\n"


def scan_sidecar(bold: Path, n_slices: int, tr_s: float) -> dict:
    """Return the sidecar of a run; the task is read from the image's name."""
    task = re.search(r"_task-([A-Za-z0-9]+)", bold.name)
    if task is None:
        raise HeschlError(bold, "no task in the name", "wanted sub-<label>_task-<label>_..._bold.nii.gz")
    times = [round(float(t), 6) for t in scanner.slice_times(n_slices, tr_s)]
    timing = {"TaskName": task[1], "RepetitionTime": tr_s, "SliceTiming": times}
    return timing | SCANNER | {"EchoTime": 0.03, "FlipAngle": 75}


def events(design: Design, clips: Iterable[str], styles: Iterable[str], duration_s: float) -> str:
    """Return events.tsv of the clips (n_clips,) in the order played."""
    clips = list(clips)
    rows = zip(design.onsets_s(len(clips)), styles, clips, strict=True)
    lines = [f"{onset:.3f}\t{duration_s:.3f}\t{style}\t{clip}.wav" for onset, style, clip in rows]
    return "\n".join(["onset\tduration\ttrial_type\tstim_file", *lines]) + "\n"


def nifti(image: np.ndarray, affine: np.ndarray, tr_s: float | None = None) -> bytes:
    """Return a gzipped NIfTI image; its header holds no time of day, so the same image is the same bytes."""
    import nibabel

    picture = nibabel.Nifti1Image(image, affine)
    picture.header.set_xyzt_units("mm", "sec")
    picture.set_sform(affine, "scanner")
    picture.set_qform(affine, "scanner")
    if tr_s:
        picture.header["pixdim"][4] = tr_s
    return gzip.compress(picture.to_bytes(), compresslevel=1, mtime=0)


def wav(samples: np.ndarray, rate_hz: int) -> bytes:
    """Return mono sound (n_samples,) in [-1, 1] as a 16-bit wav file."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate_hz)
        sound.writeframes(np.rint(np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return buffer.getvalue()
