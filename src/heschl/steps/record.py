"""Record: simulated MEG of subjects who hear a beat, in four sessions of raw BIDS, and beside it the planted truth."""

import json
import tempfile
from pathlib import Path

import numpy as np
import xarray as xr

from heschl import meg_runs, store
from heschl.datasets import simulated_meg as meg
from heschl.errors import HeschlError
from heschl.science import meg_simulation as simulation

N_PHASES = 32
DESCRIPTION = {
    "Name": "Simulated brains follow a beat, before and after training",
    "BIDSVersion": "1.10.0",
    "DatasetType": "raw",
    "License": "CC0",
    "Authors": ["Heschl (simulation)"],
    "GeneratedBy": [{"Name": "Heschl", "Description": "simulated MEG: signature, drift and training"}],
}
README = """Simulated brains follow a beat, before and after training
==========================================================
Made by Heschl (record). Every brain, head and sensor is simulated; nobody was measured. The power of the beta
rhythm follows a beat in a way of each subject's own. Sessions differ in what happened since the first, `before`:
after: drift of the measurement, and training; retest: drift alone; trained: training alone.
Which regions training changed, and how far each session drifted, is known and kept outside this folder.
"""
COLUMNS = {"group": {"Description": "Who was measured", "Levels": {"simulated": "nobody: a simulated brain"}}}


def subject(
    *,
    files: list[Path],
    truth: Path,
    sub: str,
    sessions: list[str],
    task: str,
    n_runs: int,
    run_s: float,
    sfreq_hz: float,
    beat_s: float,
    signature: float,
    depth: float,
    drift_gain: float,
    drift_noise: float,
    drift_head_mm: float,
    drift_latency_s: float,
    training: float,
    n_regions: int,
    region_mm: float,
    seed: int,
) -> None:
    """Record all sessions of one subject in raw BIDS, and the truth.

    Parameters
    ----------
    files : every file that heschl.meg_runs plans for this subject, session by session, in its order
    truth : store written: position, orientation (source, axis); inside (source), the region from 0, -1 for none;
        changed (source); region (region, axis) mm; level (session, source), pattern (session, source, phase);
        gain, noise, latency (session); head_shift, head_turn (session, axis)
    sessions : names of heschl.meg_runs.WORLDS, which say what happened since `before`
    signature, depth, drift_*, training, n_regions, region_mm, seed : as in
        heschl.datasets.simulated_meg.Design; 0 is no effect

    Raises
    ------
    HeschlError
        If a setting can't be recorded, a session has no world, or the files aren't those planned.
    """
    timing = {"n_runs": n_runs, "run_s": run_s, "sfreq_hz": sfreq_hz, "beat_s": beat_s}
    drift = {"drift_gain": drift_gain, "drift_noise": drift_noise, "drift_head_mm": drift_head_mm}
    drift |= {"drift_latency_s": drift_latency_s}
    planted = {"training": training, "n_regions": n_regions, "region_mm": region_mm}
    design = meg.Design(**timing, signature=signature, depth=depth, **drift, **planted, seed=seed)
    who = meg.brain(design)
    visits = [meg.visit(design, who, sub, ses) for ses in sessions]
    Path(truth).parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{Path(truth).name}.", suffix=".tmp", dir=Path(truth).parent) as box:
        plan = meg_runs.planned(Path(box), [sub], sessions, task, n_runs)
        made = [path for session in plan for path in meg_runs.planned_files(session)]
        _check_files(files, made, box)
        for ses, there in zip(sessions, visits, strict=True):
            _session(Path(box), design, who, there, sub, ses, task)
        for path, written in zip(files, made, strict=True):
            with store.atomic(path) as temporary:
                written.rename(temporary)
    store.write(truth, _truth(design, who, visits, sessions))


def dataset(
    *, description: Path, readme: Path, participants: Path, participants_sidecar: Path, participant_label: list[str]
) -> None:
    """Write what belongs to the dataset as a whole: its description, README and participants."""
    people = sorted(label.removeprefix("sub-") for label in participant_label)
    table = "\n".join(["participant_id\tgroup", *(f"sub-{sub}\tsimulated" for sub in people)]) + "\n"
    texts = {readme: README, participants: table}
    texts |= {
        path: json.dumps(v, indent=2) + "\n"
        for path, v in ((description, DESCRIPTION), (participants_sidecar, COLUMNS))
    }
    for path, text in texts.items():
        with store.atomic(path) as temporary:
            temporary.write_bytes(text.encode())


def _check_files(files: list[Path], made: list[Path], box: str) -> None:
    """Refuse a rule whose files aren't those that will be written."""
    wanted = [path.relative_to(box) for path in made]
    for given, name in zip(files, wanted, strict=False):
        if Path(given).parts[-len(name.parts) :] != name.parts:
            raise HeschlError("record, files", f"{given} given", f"wanted {name}", "Take them from meg_runs.planned")
    if len(files) != len(wanted):
        given = f"{len(files)} files given"
        raise HeschlError("record, files", given, f"wanted {len(wanted)}", "Take them from meg_runs.planned")


def _session(root: Path, design: meg.Design, who, there: meg.Visit, sub: str, ses: str, task: str) -> None:
    fields = meg.leadfield(there.info, who)
    meg.write(meg.record_nobody(design, there, sub, ses), root, sub, ses, task, None, design)
    for run in range(1, design.n_runs + 1):
        meg.write(meg.record(design, there, fields, sub, ses, run), root, sub, ses, task, run, design)


def _truth(design: meg.Design, who: simulation.Brain, visits: list[meg.Visit], sessions: list[str]) -> xr.Dataset:
    one, mm, phase = {"units": "1"}, {"units": "mm"}, np.arange(N_PHASES) / N_PHASES
    place, each = ("source", "axis"), ("session", "axis")
    drifts = [v.drift for v in visits]
    power = {"units": "1", "long_name": "mean power, relative"}
    course = {"units": "1", "long_name": "course of power over a beat, times depth is its share of the mean"}
    pattern = np.stack([v.doing.pattern(phase) for v in visits]).astype(np.float32)
    factor = {name: ("session", np.array([getattr(d, name) for d in drifts]), one) for name in ("gain", "noise")}
    factor["latency"] = ("session", np.array([d.latency_s for d in drifts]), {"units": "s"})
    arrays = {
        "position": (place, who.position, mm),
        "orientation": (place, who.orientation, one),
        "inside": ("source", who.inside.astype(np.int16), one | {"long_name": "region from 0, -1 for none"}),
        "changed": ("source", (who.inside >= 0) & (design.training > 0), one),
        "region": (("region", "axis"), who.region, mm),
        "level": (("session", "source"), np.exp([v.doing.log_level for v in visits]), power),
        "pattern": (("session", "source", "phase"), pattern, course),
        "head_shift": (each, np.stack([d.shift_mm for d in drifts]), mm),
        "head_turn": (each, np.stack([d.turn_rad for d in drifts]), {"units": "rad"}),
    }
    coords = {"session": list(sessions), "axis": ["x", "y", "z"], "phase": phase}
    return xr.Dataset(arrays | factor, coords, vars(design))
