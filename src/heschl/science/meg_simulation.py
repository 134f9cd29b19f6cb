"""Simulated MEG: a head of dipoles whose beta rhythm follows a beat, subjects who differ, drift, and training.

Positions are in head coordinates, x right, y anterior, z superior, in mm. Every number derives from the seed and the
names of subject, session and run, so that one recording is the same whatever else is made.
"""

from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
from scipy import fft
from scipy.spatial.transform import Rotation
from scipy.special import ndtri

CENTRE_MM = np.array([0.0, 0.0, 40.0])  # of the head, a sphere
BRAIN_MM, SPACING_MM = 75.0, 16.0
SHALLOWEST_MM = 24.0  # from the centre, where a dipole is silent
FLOOR_MM = 0.0  # the plane through ears and nose
REGION_RING_MM = (48.0, 68.0)  # from the centre: near the sensors, but whole balls
REGION_FLOOR_MM = 32.0  # lower down the helmet ends
BAND_HZ = (15.0, 30.0)
N_HARMONICS = 3
LENGTH_MM = 35.0  # over which level and pattern change
SHARED_SD, OWN_SD, GLOBAL_SD = 0.2, 0.2, 1.2  # of log power: everybody's map, a subject's own, a subject as a whole
SHARED_WAVE, OWN_WAVE, GLOBAL_WAVE = 0.7, 0.3, 0.45  # the same of the course of power over a beat
LEVEL_CHANGE = 0.9  # of log power, that training of strength 1 makes
TURN_DEG_PER_MM = 0.5  # a helmet that sits otherwise is also turned
BLOCK = 64  # dipoles at a time: 125,000 samples of them are 32 MB


@dataclass(frozen=True)
class Brain:
    """What everybody shares.

    position, orientation : (source, axis), mm and unit vectors, at right angles to the radius
    region : (region, axis), mm, middles of the regions that training changes
    inside : (source,) which region a source lies in, -1 for none
    """

    position: np.ndarray
    orientation: np.ndarray
    region: np.ndarray
    inside: np.ndarray


@dataclass(frozen=True)
class Activity:
    """What the dipoles of one subject do in one session.

    log_level : (source,) log of mean power, relative
    harmonics : (source, 2 * N_HARMONICS) cosines, then sines, of the power's course over a beat
    """

    log_level: np.ndarray
    harmonics: np.ndarray

    def pattern(self, phase: np.ndarray) -> np.ndarray:
        """Return the course of power (source, phase), from -1 to 1, at phases of the beat from 0 to 1."""
        peak = np.abs(self.harmonics @ _waves(np.arange(64) / 64)).max(1, keepdims=True)
        return (self.harmonics / peak) @ _waves(phase)


@dataclass(frozen=True)
class Drift:
    """How a session differs without any change of the brain; at no drift 1, 1, zeros, zeros and 0.

    gain, noise : factors of brain power and of the sensors' noise amplitude
    shift_mm, turn_rad : (axis,) how the helmet sits otherwise, in head coordinates, about the head's centre
    latency_s : by how much later power follows the beat, all over the head
    """

    gain: float
    noise: float
    shift_mm: np.ndarray
    turn_rad: np.ndarray
    latency_s: float = 0.0


def stream(seed: int, *names: object) -> np.random.Generator:
    """Return the random numbers of one purpose."""
    return np.random.default_rng([seed, *(crc32(str(name).encode()) for name in names)])


def brain(n_regions: int, region_mm: float, seed: int) -> Brain:
    """Put dipoles on a lattice in the upper head, and choose regions that lie apart and near the sensors.

    Raises
    ------
    ValueError
        If so many regions of that radius don't fit without touching.
    """
    axis = SPACING_MM * np.arange(-10, 11)
    lattice = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
    radius = np.linalg.norm(lattice - CENTRE_MM, axis=1)
    position = lattice[(radius <= BRAIN_MM) & (radius >= SHALLOWEST_MM) & (lattice[:, 2] >= FLOOR_MM)]
    out = (position - CENTRE_MM) / np.linalg.norm(position - CENTRE_MM, axis=1, keepdims=True)
    across = np.cross(out, stream(seed, "orientation").standard_normal(position.shape))
    region = _regions(position, n_regions, region_mm, stream(seed, "region"))
    distance = np.linalg.norm(position[:, None] - region, axis=-1)
    inside = np.where(distance <= region_mm, np.arange(n_regions), -1).max(1, initial=-1)
    return Brain(position, across / np.linalg.norm(across, axis=1, keepdims=True), region, inside)


def activity(who: Brain, sub: str, signature: float, seed: int) -> Activity:
    """Draw what a subject's dipoles do: everybody's smooth maps, and `signature` times the subject's own.

    Of its own are maps, and a level and a pattern all over the head.
    """
    shared, own = _maps(who, stream(seed, "shared")), _maps(who, stream(seed, "subject", sub))
    overall = stream(seed, "level", sub).standard_normal(own.shape[1] - 1)
    level = SHARED_SD * shared[:, 0] + signature * (
        OWN_SD * own[:, 0] + GLOBAL_SD * _spread(sub, stream(seed, "level"))
    )
    wave = SHARED_WAVE * shared[:, 1:] + signature * (OWN_WAVE * own[:, 1:] + GLOBAL_WAVE * overall)
    return Activity(level, wave)


def trained(before: Activity, who: Brain, sub: str, training: float, seed: int) -> Activity:
    """Change level and pattern inside the regions, each subject in an own way; 0 changes nothing.

    Power rises or falls by a factor of about e^(0.9 training); the pattern turns to another one, wholly at 1.
    """
    rng = stream(seed, "training", sub)
    change = rng.choice([-1, 1], len(who.region)) * rng.uniform(0.75, 1.25, len(who.region))
    other = _maps(who, rng)[:, 1:] * np.linalg.norm(before.harmonics) / np.sqrt(before.harmonics.size)
    angle = min(training, 1.0) * np.pi / 2
    here = who.inside >= 0
    level, harmonics = before.log_level.copy(), before.harmonics.copy()
    level[here] += training * LEVEL_CHANGE * change[who.inside[here]]
    harmonics[here] = np.cos(angle) * harmonics[here] + np.sin(angle) * other[here]
    return replace(before, log_level=level, harmonics=harmonics) if training else before


def drift(sub: str, ses: str, gain: float, noise: float, head_mm: float, seed: int, latency_s: float = 0.0) -> Drift:
    """Draw how a session differs.

    Parameters
    ----------
    gain, noise : SD of log brain power and of log noise amplitude
    head_mm : root mean square length of the shift; a turn of as many half degrees goes with it
    latency_s : SD of the delay behind the beat: people are more or less awake
    """
    rng = stream(seed, "drift", sub, ses)
    log_gain = _spread(sub, stream(seed, "gain", ses), 2**0.5 - 1)
    log_noise = rng.standard_normal()
    shift, turn = rng.standard_normal((2, 3)) * head_mm / np.sqrt(3)
    shift *= min(1.0, 2 * head_mm / max(np.linalg.norm(shift), 1e-9))  # nobody's head touches the helmet
    late_s = latency_s * _spread(sub, stream(seed, "latency", ses), 3**0.5 - 1)
    turn_rad = np.deg2rad(TURN_DEG_PER_MM * turn)
    return Drift(np.exp(gain * log_gain), np.exp(noise * log_noise), shift, turn_rad, late_s)


def seat(shift_mm: np.ndarray, turn_rad: np.ndarray) -> np.ndarray:
    """Return the matrix (4, 4) in mm that turns a well-placed helmet about the head's centre, then shifts it."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("xyz", turn_rad).as_matrix()
    matrix[:3, 3] = shift_mm + CENTRE_MM - matrix[:3, :3] @ CENTRE_MM
    return matrix


def field(
    leadfield: np.ndarray,
    doing: Activity,
    *,
    depth: float,
    n_samples: int,
    sfreq_hz: float,
    beat_s: float,
    latency_s: float = 0.0,
    rng: np.random.Generator,
) -> np.ndarray:
    """Record the dipoles: sum over sources of leadfield * noise(t) * sqrt(level * (1 + depth * pattern(t))).

    Parameters
    ----------
    leadfield : (channel, source), the field of a source whose level is 1
    depth : how far power swings over a beat, 0 to below 1
    latency_s : by how much later than the beat the pattern starts

    Returns
    -------
    array of shape (channel, time), float32, in the leadfield's unit
    """
    total = np.zeros((len(leadfield), n_samples), np.float32)
    phase = (np.arange(n_samples) / sfreq_hz - latency_s) / beat_s % 1
    waves = _waves(phase).astype(np.float32)
    peak = np.abs(doing.harmonics @ _waves(np.arange(64) / 64)).max(1, keepdims=True)
    weights, level = depth * doing.harmonics / peak, np.exp(doing.log_level)
    for start in range(0, leadfield.shape[1], BLOCK):
        here = slice(start, start + BLOCK)
        course = weights[here].astype(np.float32) @ waves
        course = np.sqrt(np.maximum(1 + course, 0))
        course *= band_noise(len(course), n_samples, sfreq_hz, rng)
        total += (leadfield[:, here] * np.sqrt(level[here])).astype(np.float32) @ course
    return total


def band_noise(n: int, n_samples: int, sfreq_hz: float, rng: np.random.Generator) -> np.ndarray:
    """Draw noise of 15 to 30 Hz and variance 1, an array of shape (n, n_samples), float32."""
    length = fft.next_fast_len(n_samples, real=True)
    first, last = (int(np.ceil(edge * length / sfreq_hz)) for edge in BAND_HZ)
    spectrum = np.zeros((n, length // 2 + 1), np.complex64)
    values = rng.standard_normal((n, last - first, 2), np.float32)
    spectrum[:, first:last] = values.view(np.complex64)[..., 0] * np.float32(length / 2 / np.sqrt(last - first))
    return fft.irfft(spectrum, length)[:, :n_samples]


def _spread(sub: str, rng: np.random.Generator, step: float = (5**0.5 - 1) / 2) -> float:
    """Return a subject's normal deviate; those of numbered subjects are spread evenly, by steps of an irrational.

    Seven independent draws may all lie close together: nobody could be told apart by level, or nothing would drift.
    """
    number = int(sub) if sub.isdigit() else crc32(sub.encode())
    return float(ndtri(np.clip((rng.random() + number * step) % 1, 0.02, 0.98)))


def _waves(phase: np.ndarray) -> np.ndarray:
    """Cosines and sines (2 * N_HARMONICS, phase)."""
    angle = 2 * np.pi * np.arange(1, N_HARMONICS + 1)[:, None] * phase
    return np.concatenate([np.cos(angle), np.sin(angle)])


def _maps(who: Brain, rng: np.random.Generator, n_waves: int = 256) -> np.ndarray:
    """Draw Gaussian maps (source, 1 + 2 * N_HARMONICS) of variance 1, smooth over LENGTH_MM: level, then harmonics.

    By random Fourier features (Rahimi and Recht 2007): sums of cos(w . x + phase), w ~ N(0, 1 / length^2).
    """
    frequency = rng.standard_normal((n_waves, 3)) / LENGTH_MM
    wave = np.cos(who.position @ frequency.T + rng.uniform(0, 2 * np.pi, n_waves))
    return np.sqrt(2 / n_waves) * wave @ rng.standard_normal((n_waves, 1 + 2 * N_HARMONICS))


def _regions(position: np.ndarray, n: int, region_mm: float, rng: np.random.Generator) -> np.ndarray:
    """Choose n middles, the first at random, each further one farthest from those before."""
    radius = np.linalg.norm(position - CENTRE_MM, axis=1)
    ring = (radius >= REGION_RING_MM[0]) & (radius <= REGION_RING_MM[1]) & (position[:, 2] >= REGION_FLOOR_MM)
    free, chosen = position[ring], []
    nearest = rng.uniform(1e4, 2e4, len(free))
    for _ in range(n):
        if nearest.max() < 2 * region_mm:
            raise ValueError(f"{n} regions of {region_mm:g} mm would touch: {len(chosen)} fit")
        chosen.append(free[nearest.argmax()])
        nearest = np.minimum(nearest, np.linalg.norm(free - chosen[-1], axis=1))
    return np.array(chosen).reshape(-1, 3)
