"""One session from recordings to epochs of voxel power: sensors, head, a spatial filter for every run, epochs."""

from dataclasses import dataclass
from pathlib import Path

import mne
import numpy as np

from heschl.engines import lcmv, meg_sensors
from heschl.errors import HeschlError
from heschl.science import beta_power


@dataclass(frozen=True)
class How:
    """How a session is beamformed; units in the names.

    folder, trans : FreeSurfer's folder of the subject and its transform; None for a sphere
    measure : "power" or "envelope"
    min_epochs : of a session; each run must have one
    """

    band_hz: tuple[float, float]
    rate_hz: float
    resample: bool
    sss: bool
    voxel_mm: float
    folder: Path | None
    trans: Path | None
    regularisation: float
    measure: str
    epoch_s: float
    beat_s: float
    beats_per_epoch: int
    min_epochs: int


@dataclass(frozen=True)
class Run:
    """Epochs of one run.

    power : (epoch, voxel, time); onset_s : (epoch,); index : (voxel, 3)
    noise : (2, voxel, time), power of the empty room's halves through this run's filter; NaN without one
    rate_hz, sfreq_hz : of the power, of the recording
    """

    power: np.ndarray
    onset_s: np.ndarray
    index: np.ndarray
    noise: np.ndarray | None
    rate_hz: float
    sfreq_hz: float
    n_channels: int
    rank: int
    bads: list[str]


def session(recordings: list[Path], beats_s: list[np.ndarray], empty_room: Path | None, how: How) -> list[Run]:
    """Beamform the runs of a session, each with a filter of its own: the head moves between runs.

    Parameters
    ----------
    beats_s : of each run, when the beats were (beat,)
    empty_room : recording without a head, or None

    Raises
    ------
    HeschlError
        If a recording can't be used, the runs don't have one rate, or there are too few epochs.
    """
    runs, room, head = [], None, None
    for recording, onset_s in zip(recordings, beats_s, strict=True):
        raw = meg_sensors.read(recording)
        if head is None:  # the first run lends the empty room its head, and the others its head points
            head = _head(raw.info, how)
            room = None if empty_room is None else _room(empty_room, raw, how)
        runs.append(_run(raw, onset_s, room, head, how, with_noise=not runs))
        if abs(runs[-1].rate_hz / runs[0].rate_hz - 1) > 1e-6:
            given = f"gives {runs[-1].rate_hz:g} Hz, the first run {runs[0].rate_hz:g} Hz"
            raise HeschlError(recording, given, "wanted one rate in a session", "Set resample: true")
    _check_epochs(runs, how.min_epochs)
    return runs


def head_files(sub: str, ses: str, subjects_dir: str, trans: str) -> tuple[Path, Path]:
    """Return FreeSurfer's folder of a subject, sub-<label> or <label>, and the file of the transform."""
    if not (subjects_dir and trans):
        given = f"subjects_dir {subjects_dir!r}, trans {trans!r}"
        raise HeschlError("beamform, head_model", given, "wanted both for a bem", "Set them, or take sphere")
    try:
        file = Path(trans.format(sub=sub, ses=ses))
    except (KeyError, IndexError, ValueError):
        raise HeschlError("beamform, trans", trans, "wanted only {sub} and {ses} in braces", "Correct it") from None
    named = Path(subjects_dir, f"sub-{sub}")
    return named if named.is_dir() else Path(subjects_dir, sub), file


def _check_epochs(found: list[Run], min_epochs: int) -> None:
    n = [len(run.power) for run in found]
    if sum(n) < min_epochs or not all(n):
        given = f"too few regular beats: {' + '.join(map(str, n))} epochs"
        raise HeschlError(
            "beamform, min_epochs", given, f"wanted {min_epochs}, some in each run", "Check events.tsv and beat_s"
        )


def _head(info: mne.Info, how: How) -> lcmv.Head:
    if how.folder is None:
        return lcmv.sphere(info, how.voxel_mm)
    return lcmv.bem(info, how.voxel_mm, how.folder, how.trans)


def _room(path: Path, run: mne.io.BaseRaw, how: How) -> mne.io.RawArray:
    room = meg_sensors.read(path, in_helmet=False)
    room = meg_sensors.separate(room, like=run) if how.sss else room
    return meg_sensors.band(room, how.band_hz, how.rate_hz, how.resample, project=False)


def _run(raw: mne.io.BaseRaw, beat_s: np.ndarray, room, head: lcmv.Head, how: How, with_noise: bool) -> Run:
    bads, sfreq_hz = list(raw.info["bads"]), raw.info["sfreq"]
    raw = meg_sensors.separate(raw) if how.sss else raw
    if room is not None:
        meg_sensors.drop_absent(raw, room.ch_names)
    raw = meg_sensors.band(raw, how.band_hz, how.rate_hz, how.resample)
    solution, index = lcmv.forward(raw.info, head)
    noise = lcmv.noise_covariance(room, raw.info)
    made = lcmv.beamformer(raw, solution, noise, how.regularisation, head.trans is None)
    weight, names, rate_hz = lcmv.weights(made), made["ch_names"], raw.info["sfreq"]
    n = beta_power.n_samples(how.epoch_s, rate_hz)
    end_s = (raw.n_times - 1) / rate_hz
    onset_s = beta_power.epoch_onsets(beat_s, how.epoch_s, how.beat_s, how.beats_per_epoch, end_s)
    start = np.minimum(np.round(onset_s * rate_hz).astype(int), raw.n_times - n)
    power = beta_power.power(weight, meg_sensors.analytic(raw, names), start, n, how.measure)
    quiet = None
    if with_noise and room is not None:
        hop = round(how.beats_per_epoch * how.beat_s * rate_hz)
        quiet = beta_power.noise_means(weight, meg_sensors.analytic(room, names), n, hop, how.measure)
    return Run(power, onset_s, index, quiet, rate_hz, sfreq_hz, len(names), int(made["rank"]), bads)
