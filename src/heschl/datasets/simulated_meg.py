"""Simulated MEG recordings: the helmet, the head in it, the field of its dipoles, and files as MNE-BIDS writes them.

The helmet is that of a CTF-151, without its reference coils; the head conducts as a sphere. What the dipoles do is in
heschl.science.meg_simulation.
"""

import math
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np

from heschl.datasets import fif
from heschl.errors import HeschlError
from heschl.meg_runs import WORLDS
from heschl.science import meg_simulation as simulation

SYSTEM = "ctf151"
HEAD_MM = 90.0  # radius of the scalp
SEAT_MM = np.array([0.0, 4.5, 61.0])  # of the helmet's origin, so that coils lie 15 to 40 mm above the scalp
NOISE_T = 5e-15  # of a sensor, per square root of a hertz
NOISE_SPREAD = 0.15  # SD of its log over sensors
MOMENT_AM = 2e-9  # root mean square of a dipole of level 1
OWN_SEAT_MM, OWN_RADIUS_MM = 3.0, 1.5  # how far subjects of signature 1 differ
N_HEAD_POINTS = 120
LEAST_BEATS = 4
MOST_BYTES = 1.9e9  # of a FIF file that isn't split
FIRST_DAY = datetime(2020, 1, 6, 10, tzinfo=UTC)
DAYS_BETWEEN, MINUTES_BETWEEN = 35, 10  # sessions and runs
LIMITS = {
    "run_s": (1, 7200, "s"),
    "sfreq_hz": (100, 10000, "Hz"),
    "beat_s": (0.2, 10, "s"),
    "signature": (0, 5, ""),
    "depth": (0, 0.95, ""),
    "drift_gain": (0, 3, ""),
    "drift_noise": (0, 2, ""),
    "drift_latency_s": (0, 0.5, "s"),
    "drift_head_mm": (0, 6, "mm"),
    "training": (0, 5, ""),
    "region_mm": (8, 40, "mm"),
}


@dataclass(frozen=True)
class Design:
    """What is recorded, and how strong each effect is; at 0 there is none.

    signature : how far subjects differ
    depth : how far power swings over a beat
    drift_gain, drift_noise : SD of log brain power, and of log noise amplitude, over sessions
    drift_head_mm : root mean square length by which the helmet sits otherwise
    drift_latency_s : SD of the delay behind the beat, all over the head
    training : how far level and pattern change inside the regions
    """

    n_runs: int = 2
    run_s: float = 120.0
    sfreq_hz: float = 2083.0
    beat_s: float = 0.8
    signature: float = 1.0
    depth: float = 0.45
    drift_gain: float = 0.5
    drift_noise: float = 0.2
    drift_head_mm: float = 4.0
    drift_latency_s: float = 0.0
    training: float = 1.5
    n_regions: int = 6
    region_mm: float = 25.0
    seed: int = 0

    def __post_init__(self):
        """Refuse what can't be recorded."""
        for name, (least, most, unit) in LIMITS.items():
            value = getattr(self, name)
            _refuse(not least <= value <= most, name, value, f"{least} to {most} {unit}")
        for name, least in (("n_runs", 1), ("n_regions", 0), ("seed", 0)):
            _refuse(getattr(self, name) < least, name, getattr(self, name), f"at least {least}")
        n_beats = len(self.onsets_s())
        _refuse(n_beats < LEAST_BEATS, "run_s", self.run_s, f"at least {LEAST_BEATS} beats of {self.beat_s:g} s")
        longest_s = MOST_BYTES / (4 * 151 * self.sfreq_hz)
        _refuse(self.run_s > longest_s, "run_s", self.run_s, f"at most {longest_s:.0f} s, a file of 2 GB")

    @property
    def n_samples(self) -> int:
        """Samples of a run."""
        return round(self.run_s * self.sfreq_hz)

    def onsets_s(self) -> np.ndarray:
        """Return when the beats begin: from the second on, so that the head is at rest, to the last whole one."""
        return self.beat_s * np.arange(1, math.floor(self.run_s / self.beat_s + 1e-9))


@dataclass(frozen=True)
class Visit:
    """One session of one subject: what the dipoles do, what drifted, and the helmet with the head in it."""

    doing: simulation.Activity
    drift: simulation.Drift
    info: object  # mne.Info
    when: datetime


def brain(design: Design) -> simulation.Brain:
    """Return the brain that everybody has; raise HeschlError if the regions don't fit into it."""
    try:
        return simulation.brain(design.n_regions, design.region_mm, design.seed)
    except ValueError as error:
        where = "simulated MEG, n_regions"
        raise HeschlError(where, str(error), "wanted regions apart", "Lower n_regions or region_mm") from None


def visit(design: Design, who: simulation.Brain, sub: str, ses: str) -> Visit:
    """Prepare a session: its world says what happened since the first (heschl.meg_runs.WORLDS)."""
    _refuse(ses not in WORLDS, "sessions", ses, f"some of {', '.join(WORLDS)}")
    happened = WORLDS[ses]
    doing = simulation.activity(who, sub, design.signature, design.seed)
    if "training" in happened:
        doing = simulation.trained(doing, who, sub, design.training, design.seed)
    sizes = np.array([design.drift_gain, design.drift_noise, design.drift_head_mm, design.drift_latency_s])
    *sizes, latency_s = (sizes * ("drift" in happened)).tolist()
    moved = simulation.drift(sub, ses, *sizes, design.seed, latency_s)
    when = FIRST_DAY + timedelta(days=DAYS_BETWEEN * list(WORLDS).index(ses))
    return Visit(doing, moved, helmet(design, sub, moved), when)


def helmet(design: Design, sub: str, moved: simulation.Drift):
    """Return mne.Info of the coils, where they sit, and the digitised head."""
    import mne
    from mne.channels.montage import read_meg_canonical_info
    from mne.transforms import Transform

    info = read_meg_canonical_info(SYSTEM, verbose="error")
    rng = simulation.stream(design.seed, "seat", sub)
    own = design.signature * OWN_SEAT_MM / np.sqrt(3) * rng.standard_normal(3)
    seated = simulation.seat(moved.shift_mm + own, moved.turn_rad)
    placed = np.eye(4)
    placed[:3, 3] = SEAT_MM
    matrix = seated @ placed
    matrix[:3, 3] /= 1000
    names = {name: name.partition("-")[0] for name in info["ch_names"]}
    mne.rename_channels(info, names, verbose="error")
    with info._unlock():
        info["sfreq"], info["lowpass"], info["highpass"] = design.sfreq_hz, design.sfreq_hz / 2, 0.0
        info["line_freq"] = 50.0
        info["dev_head_t"] = Transform("meg", "head", matrix)
        info["dig"] = head_points(design, sub).dig
    return info


def head_points(design: Design, sub: str):
    """Digitise a head (mne.channels.DigMontage): ears, nose and points of the scalp, a sphere with dents."""
    import mne

    k = np.arange(N_HEAD_POINTS) + 0.5
    up, around = 1 - 1.2 * k / N_HEAD_POINTS, np.pi * (1 + 5**0.5) * k  # a spiral over the upper head
    ring = np.sqrt(1 - up**2)
    out = np.stack([ring * np.cos(around), ring * np.sin(around), up], 1)
    rng = simulation.stream(design.seed, "head", sub)
    radius = HEAD_MM + design.signature * OWN_RADIUS_MM * rng.standard_normal()
    dents = simulation.stream(design.seed, "dents").standard_normal(N_HEAD_POINTS)
    scalp = simulation.CENTRE_MM + (radius + dents)[:, None] * out
    scalp = scalp[(scalp[:, 2] > 0) | (scalp[:, 1] < 0)]  # the nose is no sphere
    ear = np.sqrt(radius**2 - simulation.CENTRE_MM[2] ** 2) / 1000
    marks = {"nasion": [0, ear, 0], "lpa": [-ear, 0, 0], "rpa": [ear, 0, 0]}
    return mne.channels.make_dig_montage(**marks, hsp=scalp / 1000, coord_frame="head")


def leadfield(info, who: simulation.Brain) -> np.ndarray:
    """Return the field (channel, source) in T of every dipole with a level of 1, in a conducting sphere."""
    import mne

    source = {"rr": who.position / 1000, "nn": who.orientation}
    sphere = mne.make_sphere_model(simulation.CENTRE_MM / 1000, HEAD_MM / 1000, verbose="error")
    space = mne.setup_volume_source_space(pos=source, verbose="error")
    forward = mne.make_forward_solution(info, None, space, sphere, eeg=False, verbose="error")
    gain = forward["sol"]["data"].reshape(len(info["ch_names"]), len(who.position), 3)
    return MOMENT_AM * np.einsum("csa,sa->cs", gain, who.orientation)


def record(design: Design, there: Visit, fields: np.ndarray, sub: str, ses: str, run: int):
    """Record a run (mne.io.RawArray): dipoles by their `fields` (channel, source), and sensor noise."""
    rng = simulation.stream(design.seed, "run", sub, ses, run)
    timing = {"n_samples": design.n_samples, "sfreq_hz": design.sfreq_hz, "beat_s": design.beat_s}
    timing |= {"latency_s": there.drift.latency_s}
    data = _noise(design, there, rng)
    data += simulation.field(np.sqrt(there.drift.gain) * fields, there.doing, depth=design.depth, rng=rng, **timing)
    return _raw(data, there.info, there.when + timedelta(minutes=MINUTES_BETWEEN * run))


def record_nobody(design: Design, there: Visit, sub: str, ses: str):
    """Record the empty helmet (mne.io.RawArray), as long as a run."""
    info = there.info.copy()
    with info._unlock():
        info["dev_head_t"], info["dig"] = None, None
    return _raw(_noise(design, there, simulation.stream(design.seed, "room", sub, ses)), info, there.when)


def write(raw, root: Path, sub: str, ses: str, task: str, run: int | None, design: Design) -> None:
    """Write one recording with its sidecars into a BIDS folder by mne-bids; `run` None: the empty room, first."""
    import mne_bids

    names = {"subject": sub, "session": ses, "root": root, "datatype": "meg"}
    room = mne_bids.BIDSPath(**names, task="noise", suffix="meg", extension=".fif")
    here, extra = room, {}
    if run is not None:
        here = mne_bids.BIDSPath(**names, task=task, run=str(run), suffix="meg")
        beats = np.rint(design.onsets_s() * design.sfreq_hz).astype(int)
        extra = {"events": np.stack([beats, 0 * beats, 0 * beats + 1], 1), "event_id": {"beat": 1}, "empty_room": room}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mne_bids.write_raw_bids(
            raw, here, format="FIF", allow_preload=True, overwrite=True, verbose="error", readme=False, **extra
        )
    fif.settle(here.copy().update(extension=".fif").fpath)


@cache
def _sensor_noise(n_channels: int, seed: int) -> np.ndarray:
    return NOISE_T * np.exp(NOISE_SPREAD * simulation.stream(seed, "sensors").standard_normal(n_channels))


def _noise(design: Design, there: Visit, rng: np.random.Generator) -> np.ndarray:
    """White noise of the sensors (channel, time) in T, float32."""
    n = len(there.info["ch_names"])
    scale = there.drift.noise * _sensor_noise(n, design.seed) * np.sqrt(design.sfreq_hz / 2)
    return rng.standard_normal((n, design.n_samples), np.float32) * scale[:, None].astype(np.float32)


def _raw(data: np.ndarray, info, when: datetime):
    import mne

    raw = mne.io.RawArray(data, info.copy(), verbose="error")
    raw.orig_format = "single"
    raw.set_meas_date(when)
    return raw


def _refuse(wrong: bool, where: str, given: object, wanted: str) -> None:
    if wrong:
        raise HeschlError(f"simulated MEG, {where}", f"{given} given", f"wanted {wanted.strip()}", "Change the setting")
