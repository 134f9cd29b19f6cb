"""Mean power of made-up subjects at the level of arrays: signatures, drift and training without any sensors."""

from pathlib import Path

import numpy as np
import xarray as xr

from heschl import store
from heschl.science.subject_samples import Recording

SESSIONS = {"before": (), "after": ("drift", "training"), "retest": ("drift",), "trained": ("training",)}
PARTS = ["all", "run_1", "run_2", "half_1", "half_2"]
CELLS = {"all": (0, 1, 2, 3), "run_1": (0, 1), "run_2": (2, 3), "half_1": (0, 2), "half_2": (1, 3)}
N_TIMES, RATE_HZ, BEAT_S, MM, RADIUS_MM = 321, 320 / 3, 0.8, 13, 23.0
REGIONS = np.array([[-39.0, 0.0, -13.0], [0.0, 39.0, -26.0]])


def lattice(radius: float = 3.7) -> np.ndarray:
    """Return voxel numbers (voxel, 3) of a ball."""
    axis = np.arange(-4, 5)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
    return grid[np.linalg.norm(grid, axis=1) <= radius]


def make(seed: int = 0, n: int = 7, signature: float = 1.0, gain: float = 1.0, noise: float = 0.5, tilt: float = 0.4,
         training: float = 1.5, n_epochs: int = 120, sessions: dict = SESSIONS, late_s: float = 0.0
         ) -> Recording:  # fmt: skip
    """Draw everybody's mean power in every session.

    Parameters
    ----------
    signature : how far subjects differ in level and pattern
    gain, noise, tilt : of drift: spread of log gain, of log noise, and of a gradient of log gain over the head
    training : spread of log level in the changed regions, where patterns are drawn anew
    late_s : of drift: spread of the delay behind the beat
    """
    position = lattice() * float(MM)
    shape = (len(sessions), n, len(PARTS), len(position), N_TIMES)
    power, empty = np.empty(shape, np.float32), np.empty((*shape[:2], 2, *shape[3:]), np.float32)
    inside = (np.linalg.norm(position[:, None] - REGIONS, axis=2) <= RADIUS_MM).any(1)
    for s in range(n):
        rng = np.random.default_rng([seed, s])
        (own, wave), (new, other) = (_brain(rng, position, signature) for _ in range(2))
        new = new * np.exp(training * rng.choice([-1, 1]))
        for k, effects in enumerate(sessions.values()):
            drift = rng.standard_normal(5) * ("drift" in effects)
            late = late_s * np.random.default_rng([seed, s, k]).standard_normal() * ("drift" in effects)
            brain = own * _course(wave, late)
            if "training" in effects:
                brain[inside] = (new * _course(other, late))[inside]
            log_gain = gain * drift[0] + tilt * position @ drift[2:] / 50
            level = 0.1 * np.exp(noise * drift[1])
            mean = np.exp(log_gain)[:, None] * brain + level
            cells = [mean * _scatter(rng, position, n_epochs // 4) for _ in range(4)]
            power[k, s] = [np.mean([cells[c] for c in CELLS[part]], 0) for part in PARTS]
            empty[k, s] = [level * _scatter(rng, position, n_epochs // 2) for _ in range(2)]
    counts = np.array([n_epochs * len(CELLS[part]) // 4 for part in PARTS])
    return Recording(power, empty, np.tile(counts, (*shape[:2], 1)), position, list(sessions), PARTS, BEAT_S * RATE_HZ)


def write(folder: Path, made: Recording) -> Path:
    """Write the store of beamform.samples."""
    subjects = [f"{s + 1:02d}" for s in range(made.power.shape[1])]
    power = {"units": "1"}
    arrays = {
        "power": (("session", "subject", "part", "voxel", "time"), made.power, power),
        "noise": (("session", "subject", "half", "voxel", "time"), made.noise, power),
        "n_epochs": (("session", "subject", "part"), made.n_epochs, {"units": "1"}),
        "position": (("voxel", "axis"), made.position, {"units": "mm"}),
        "index": (("voxel", "axis"), (made.position // MM).astype(int), {"units": "1"}),
    }
    coords = {"session": made.sessions, "subject": subjects, "part": made.parts, "time": np.arange(N_TIMES) / RATE_HZ}
    attrs = {"left_out": ["sub-09 has no session after"], "beat_s": BEAT_S, "rate_hz": RATE_HZ}
    store.write(folder / "samples.zarr", xr.Dataset(arrays, coords, attrs))
    return folder / "samples.zarr"


def truth(folder: Path) -> Path:
    """Write what a summary reads of a truth store."""
    arrays = {"region": (("region", "axis"), REGIONS, {"units": "mm"})}
    store.write(folder / "sub-01_truth.zarr", xr.Dataset(arrays, attrs={"region_mm": RADIUS_MM}))
    return folder / "sub-01_truth.zarr"


def _brain(rng: np.random.Generator, position: np.ndarray, signature: float) -> tuple[np.ndarray, np.ndarray]:
    """Level (voxel, 1) and amplitudes of the beat's harmonics (voxel, 6), which vary smoothly over the head."""
    basis = np.column_stack([np.ones(len(position)), position / 60])
    amplitude = basis @ rng.standard_normal((4, 6)) * signature / 3
    return np.exp(signature * basis @ rng.standard_normal(4) * 0.3)[:, None], amplitude


def _course(amplitude: np.ndarray, late_s: float) -> np.ndarray:
    """Beat-locked course (voxel, time) around 1."""
    phase = 2 * np.pi * (np.arange(N_TIMES) / RATE_HZ - late_s) / BEAT_S
    waves = np.stack([f(h * phase) for h in (1, 2, 3) for f in (np.cos, np.sin)])
    return np.maximum(0.1, 1 + 0.5 * np.tanh(amplitude @ waves))


def _scatter(rng: np.random.Generator, position: np.ndarray, n_epochs: int, n_sources: int = 20) -> np.ndarray:
    """Mean of chi-squares around 1, smooth in time and space, (voxel, time)."""
    source = rng.uniform(-50, 50, (n_sources, 3))
    mix = np.exp(-np.square(np.linalg.norm(position[:, None] - source, axis=2) / 30) / 2)
    mix /= np.sqrt(np.square(mix).sum(1, keepdims=True))
    coarse = N_TIMES // 8 + 2
    z = mix @ rng.standard_normal((2 * n_epochs, n_sources, coarse))
    power = np.square(z).mean(0)
    at = np.arange(N_TIMES) / 8
    low = at.astype(int)
    return power[:, low] + (power[:, low + 1] - power[:, low]) * (at - low)
