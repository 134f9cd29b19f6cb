"""Beamform: from MEG sensors to the beta power of voxels that everyone has.

`session` filters one session in space and cuts it at the beats; `samples` averages its epochs at the voxels that all
heads share; `components` are the principal components of one subject's voxels.
"""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from heschl import store
from heschl.datasets.beats import read as read_beats
from heschl.errors import HeschlError
from heschl.science import beta_power
from heschl.science.head_lattice import overlap
from heschl.science.whole_subjects import Held, whole

if TYPE_CHECKING:
    from heschl.engines.beamformed import Run

MM, ONE = {"units": "mm"}, {"units": "1"}
BASES = ("own", "training")


def session(
    *,
    runs: list[Path],
    events: list[Path],
    sidecars: list[Path],
    empty_room: list[Path],
    power: Path,
    sub: str,
    ses: str,
    event: str,
    beat_s: float,
    beats_per_epoch: int,
    epoch_s: float,
    min_epochs: int,
    band_hz: list[float],
    rate_hz: float,
    resample: bool,
    sss: bool,
    voxel_mm: float,
    head_model: str,
    subjects_dir: str,
    trans: str,
    regularisation: float,
    measure: str,
) -> None:
    """Beamform all runs of a session, each with a filter of its own, and cut their power at the beats.

    A session that can't be used is no failure: it becomes a store without epochs whose `refused` says why, so that
    the other subjects go on.

    Parameters
    ----------
    runs, events : recordings and their events.tsv, run by run
    sidecars : what else belongs to them; mne-bids reads them beside the runs
    empty_room : one recording without a head, or none: then noise is alike on all channels of a kind
    power : store written: power (epoch, voxel, time), noise (half, voxel, time): mean power of the first and second
        half of the empty room through the first run's filter, index (voxel, axis) and position (voxel, axis) mm;
        coordinates time (s), and run and onset_s of each epoch
    event : trial_type of a beat, one every `beat_s`; an epoch of `epoch_s` starts at every `beats_per_epoch`-th
    head_model : "sphere", or "bem" with subjects_dir (FreeSurfer's) and trans (a name with {sub} and {ses})
    measure : "power" or "envelope"; band_hz, rate_hz, resample, sss : see heschl.engines.meg_sensors
    """
    from heschl.engines import beamformed

    if head_model not in ("sphere", "bem") or measure not in ("power", "envelope"):
        raise HeschlError("beamform", f"{head_model}, {measure}", "wanted sphere or bem, power or envelope")
    attrs = {"sub": sub, "ses": ses, "voxel_mm": voxel_mm, "head_model": head_model, "measure": measure}
    attrs["beat_s"] = beat_s
    try:
        files = beamformed.head_files(sub, ses, subjects_dir, trans) if head_model == "bem" else (None, None)
        band, timing = (band_hz[0], band_hz[1]), (epoch_s, beat_s, beats_per_epoch, min_epochs)
        how = beamformed.How(band, rate_hz, resample, sss, voxel_mm, *files, regularisation, measure, *timing)
        beats = [read_beats(path, event) for path in events]
        found = beamformed.session(runs, beats, empty_room[0] if empty_room else None, how)
        made = _powers(found, [_run_name(path, k) for k, path in enumerate(runs, 1)], voxel_mm)
        attrs |= _about(found)
    except HeschlError as error:
        print(f"sub-{sub}, session {ses}, is left out: {error}", file=sys.stderr)
        made, attrs = _nothing(voxel_mm), attrs | {"refused": str(error)}
    store.write(power, made.assign_attrs(attrs))


def samples(*, power: list[Path], samples: Path, sessions: list[str]) -> None:
    """Average the epochs of every session at the voxels that all heads share.

    Parameters
    ----------
    power : stores of `session`, all subjects and sessions
    samples : store written: power (session, subject, part, voxel, time), NaN for a part without epochs; noise
        (session, subject, half, voxel, time); n_epochs (session, subject, part); position and index (voxel, axis)
    sessions : training first; a subject without each of them is left out, by name

    Raises
    ------
    HeschlError
        If fewer than 2 subjects are left, or their heads share no voxel.
    """
    stores = {(s.attrs["sub"], s.attrs["ses"]): s for s in map(store.read, power)}
    kept, left_out = whole(_held(stores), sessions)
    for line in left_out:
        print(line, file=sys.stderr)
    if len(kept) < 2:
        given = f"{len(kept)} of {len(kept) + len(left_out)} subjects are left: {'; '.join(left_out)[:400]}"
        raise HeschlError("beamform, samples", given, "wanted at least 2", "Repair their sessions")
    heads = [stores[sub, ses] for ses in sessions for sub in kept]
    index, where = overlap([head["index"].values for head in heads])
    if not len(index):
        raise HeschlError("beamform, samples", "the heads share no voxel", "wanted one lattice", "Check coordinates")
    store.write(samples, _sampled(heads, where, index, kept, sessions).assign_attrs(left_out=left_out))


def components(*, power: list[Path], samples: Path, components: Path, n_components: int) -> None:
    """Principal components of one subject's voxels, and their series in epochs (Roman, 4.3).

    `own` components are those of all epochs of the session itself, as published. `training` components come from
    the training session without its last run (its last third if there is one run), on which networks are tested.

    Parameters
    ----------
    power : stores of `session`, one subject's, training first
    samples : names the shared voxels
    components : store written: series (session, basis, epoch, component, time), as many epochs of each run as every
        session has; weights (session, component, voxel) and explained (session, component) of the own components;
        training_weights (component, voxel), training_explained (component)

    Raises
    ------
    HeschlError
        If there are more components than voxels.
    """
    shared, parts = store.read(samples), [store.read(path) for path in power]
    sub = str(parts[0].attrs["sub"])
    if sub not in shared["subject"].values:
        why = [line for line in shared.attrs["left_out"] if line.startswith(f"sub-{sub} ")]
        store.write(components, _no_components(parts, n_components, why[0] if why else "left out"))
        return
    if n_components > shared.sizes["voxel"]:
        given = f"{n_components} components of {shared.sizes['voxel']} voxels"
        raise HeschlError("beamform, n_components", given, "wanted no more than voxels", "Lower it")
    index = shared["index"].values
    where = [overlap([index, part["index"].values])[1][1] for part in parts]
    store.write(components, _components(parts, where, n_components).assign_attrs(sub=sub, refused=""))


def _run_name(path: Path, number: int) -> str:
    """Return run-<label> of a BIDS name; without one its place in the session."""
    named = re.search(r"_(run-[a-zA-Z0-9]+)", Path(path).name)
    return named[1] if named else f"run-{number}"


def _powers(found: "list[Run]", names: list[str], voxel_mm: float) -> xr.Dataset:
    epochs = [run.power for run in found]
    noise = np.full((2, *epochs[0].shape[1:]), np.nan, np.float32) if found[0].noise is None else found[0].noise
    coords = (np.repeat(names, [len(e) for e in epochs]), np.concatenate([run.onset_s for run in found]))
    time = np.arange(epochs[0].shape[2]) / found[0].rate_hz
    return _dataset(np.concatenate(epochs), noise, found[0].index, voxel_mm, time, *coords)


def _nothing(voxel_mm: float) -> xr.Dataset:
    """Return what a session that can't be used leaves: no epoch, no voxel."""
    empty, none = np.zeros((2, 0, 0), np.float32), np.zeros(0)
    return _dataset(empty[:0], empty, np.zeros((0, 3), int), voxel_mm, none, none.astype("U1"), none)


def _dataset(power, noise, index, voxel_mm: float, time, run, onset_s) -> xr.Dataset:
    arrays = {
        "power": (("epoch", "voxel", "time"), power, ONE | {"long_name": "of sources over noise"}),
        "noise": (("half", "voxel", "time"), noise, ONE | {"long_name": "empty room through the same filter"}),
        "index": (("voxel", "axis"), index, ONE),
        "position": (("voxel", "axis"), index * voxel_mm, MM),
    }
    return xr.Dataset(arrays, {"time": time, "run": ("epoch", run), "onset_s": ("epoch", onset_s)})


def _about(found: "list[Run]") -> dict[str, object]:
    lists = {name: [getattr(run, name) for run in found] for name in ("sfreq_hz", "n_channels", "rank")}
    bads = sorted({name for run in found for name in run.bads})
    return lists | {"rate_hz": found[0].rate_hz, "bads": bads, "refused": ""}


def _held(stores: dict[tuple[str, str], xr.Dataset]) -> dict[str, dict[str, Held]]:
    found: dict[str, dict[str, Held]] = {}
    for (sub, ses), part in stores.items():
        refused = str(part.attrs["refused"])
        found.setdefault(sub, {})[ses] = Held(part.attrs.get("rate_hz", 0.0), part.sizes["time"], refused)
    return found


def _sampled(heads: list[xr.Dataset], where: list[np.ndarray], index, subs, sessions) -> xr.Dataset:
    lead, n_time = (len(sessions), len(subs)), heads[0].sizes["time"]
    power = np.empty((*lead, len(beta_power.PARTS), len(index), n_time), np.float32)
    noise = np.empty((*lead, 2, len(index), n_time), np.float32)
    count = np.empty((*lead, len(beta_power.PARTS)), int)
    for k, (head, voxels) in enumerate(zip(heads, where, strict=True)):
        at = np.unravel_index(k, lead)
        power[at], count[at] = beta_power.part_means(head["power"].values[:, voxels], head["run"].values.tolist())
        noise[at] = head["noise"].values[:, voxels]
    who = ("session", "subject")
    arrays = {
        "power": ((*who, "part", "voxel", "time"), power, ONE),
        "noise": ((*who, "half", "voxel", "time"), noise, ONE),
        "n_epochs": ((*who, "part"), count, ONE),
        "index": (("voxel", "axis"), index, ONE),
        "position": (("voxel", "axis"), index * heads[0].attrs["voxel_mm"], MM),
    }
    coords = {"session": sessions, "subject": subs, "part": list(beta_power.PARTS), "time": heads[0]["time"].values}
    same = ("rate_hz", "beat_s", "voxel_mm", "measure", "head_model")
    return xr.Dataset(arrays, coords, {name: heads[0].attrs[name] for name in same})


def _components(parts: list[xr.Dataset], where: list[np.ndarray], n: int) -> xr.Dataset:
    runs = [part["run"].values for part in parts]
    rows, names = beta_power.shared_epochs(runs)
    first = parts[0]["power"].values[:, where[0]]
    training = beta_power.principal_components(first[beta_power.training_epochs(runs[0])], n)
    series, bases = [], []
    for k, (part, voxels) in enumerate(zip(parts, where, strict=True)):
        epochs = first if k == 0 else part["power"].values[:, voxels]
        bases.append(beta_power.principal_components(epochs, n))
        series.append([beta_power.project(epochs[rows[k]], basis) for basis in (bases[-1], training)])
    axes = ("session", "component", "voxel")
    arrays = {
        "series": (("session", "basis", "epoch", "component", "time"), np.array(series), ONE),
        "weights": (axes, np.stack([b.weight for b in bases]), ONE),
        "explained": (axes[:2], np.stack([b.explained for b in bases]), ONE),
        "training_weights": (axes[1:], training.weight, ONE),
        "training_explained": (axes[1], training.explained, ONE),
    }
    about = {name: parts[0].attrs[name] for name in ("rate_hz", "measure")}
    return xr.Dataset(arrays, _component_coords(parts, n) | {"run": ("epoch", names)}, about)


def _component_coords(parts: list[xr.Dataset], n: int) -> dict[str, object]:
    names = {"session": [str(part.attrs["ses"]) for part in parts], "basis": list(BASES)}
    return names | {"component": np.arange(1, n + 1), "time": parts[0]["time"].values}


def _no_components(parts: list[xr.Dataset], n: int, why: str) -> xr.Dataset:
    coords = _component_coords(parts, n) | {"time": np.zeros(0), "run": ("epoch", np.zeros(0, "U1"))}
    series = np.zeros((len(parts), len(BASES), 0, n, 0), np.float32)
    arrays = {"series": (("session", "basis", "epoch", "component", "time"), series, ONE)}
    return xr.Dataset(arrays, coords, {"sub": str(parts[0].attrs["sub"]), "refused": why})
