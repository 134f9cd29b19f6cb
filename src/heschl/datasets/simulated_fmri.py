"""Simulated fMRI: listeners with known truth hear real music, to test the pipeline and for power analysis.

Every number a listener is made of derives from (seed, subject label) alone; `simulated_head` has the anatomy.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.ndimage import binary_dilation, spline_filter

from heschl.datasets.simulated_head import GRADIENTS, GREY, epi_contrast, planted
from heschl.errors import HeschlError
from heschl.science import hrf, scanner
from heschl.science.simulation import (
    Anatomy,
    clip_blind_response,
    latin_square,
    random_anatomy,
    random_motion,
    rigid,
    zscore_units,
)

SLAB_CENTRE_MM, SLAB_EXTENT_MM = np.array([0.0, -17.0, 15.0]), (150.0, 186.0, 108.0)
PAD = 3  # voxels around the slab, for motion to bring in
PURPOSES = ("anatomy", "units", "run")


@dataclass(frozen=True)
class Design:
    """What is played when, how it is scanned, and how strong the planted signal is (units in the names)."""

    n_runs: int = 3
    clips_per_style: int = 2
    tr_s: float = 1.5
    trial_s: float = 16.5
    lead_in_s: float = 6.0
    tail_s: float = 6.0
    voxel_mm: float = 3.0
    effect_percent: float = 1.5
    gradient: str = "monotone"
    motion_mm: float = 1.0
    seed: int = 0

    def __post_init__(self):
        """Refuse what can't be scanned."""
        _refuse(self.gradient not in GRADIENTS, "gradient", self.gradient, f"one of {', '.join(GRADIENTS)}")
        _refuse(self.n_runs < 1, "n_runs", self.n_runs, "at least 1")
        _refuse(self.clips_per_style < 1, "clips_per_style", self.clips_per_style, "at least 1")
        for name in ("tr_s", "trial_s"):
            _refuse(not 0 < getattr(self, name) < 60, name, getattr(self, name), "seconds above 0 and below 60")
        for name in ("lead_in_s", "tail_s", "effect_percent", "seed"):
            _refuse(not getattr(self, name) >= 0, name, getattr(self, name), "0 or more")
        _refuse(not 1.5 <= self.voxel_mm <= 12, "voxel_mm", self.voxel_mm, "1.5 to 12 mm")
        _refuse(
            not 0 <= self.motion_mm <= self.voxel_mm,
            "motion_mm",
            self.motion_mm,
            f"0 to {self.voxel_mm} (a voxel)",
        )

    def onsets_s(self, n_clips: int) -> np.ndarray:
        """Return when each trial of a run begins, s after the first volume began; shape (n_clips,)."""
        return self.lead_in_s + self.trial_s * np.arange(n_clips)

    def n_volumes(self, n_clips: int) -> int:
        """Return how many volumes a run has."""
        return int(np.ceil((self.lead_in_s + self.trial_s * n_clips + self.tail_s) / self.tr_s - 1e-6))

    def orders(self, subject: int, n_clips: int) -> np.ndarray:
        """Return the clip orders (n_runs, n_clips) of the subject-th listener: rows of a Latin square.

        Each listener's square is relabelled at random, so that no two clips are neighbours for everybody.
        """
        rows = latin_square(n_clips)[(subject * self.n_runs + np.arange(self.n_runs)) % n_clips]
        return np.random.default_rng([self.seed, subject]).permutation(n_clips)[rows]


@dataclass(frozen=True)
class Listener:
    """One head in the scanner.

    shape, affine : of the BOLD slab, voxel -> native mm
    tissue, csf : signal and CSF fraction on the slab with PAD more voxels on each side
    ijk, mni, layer, unit, effect : of planted voxels: padded index, mm, 1..n, column of its layer, percent; layer 0
        and unit -1 where the response is the same to every clip
    response : (n_planted, n_clips, n_steps) of each planted voxel to each clip, a run of SD 1
    step_s : seconds per step of the response
    """

    anatomy: Anatomy
    shape: tuple
    affine: np.ndarray
    tissue: np.ndarray
    csf: np.ndarray
    ijk: np.ndarray
    mni: np.ndarray
    layer: np.ndarray
    unit: np.ndarray
    effect: np.ndarray
    response: np.ndarray
    step_s: float


@dataclass(frozen=True)
class Run:
    """One run.

    bold : (time, x, y, z) int16
    motion, matrices : (time, 6) mm and rad, and (time, 4, 4), relative to the first volume
    start : (4, 4), where the head lay at the first volume, relative to the anatomical image
    clips : (n_clips,), the order played
    """

    bold: np.ndarray
    motion: np.ndarray
    matrices: np.ndarray
    start: np.ndarray
    clips: np.ndarray


def choose_clips(clip: list[str], style: list[str], track: list[str], per_style: int) -> list[str]:
    """Choose the same clips for everyone: per style, the first clip of its first `per_style` tracks."""
    chosen = []
    for name in sorted(set(style)):
        first = {}
        for c, t in sorted((c, t) for c, s, t in zip(clip, style, track, strict=True) if s == name):
            first.setdefault(t, c)
        _refuse(
            len(first) < per_style,
            f"style {name!r}",
            f"{len(first)} tracks",
            f"{per_style} (clips_per_style)",
        )
        chosen += [first[t] for t in sorted(first)[:per_style]]
    return chosen


def stream(seed: int, sub: str, purpose: str, index: int = 0) -> np.random.Generator:
    """Return the random numbers of one purpose, the same whatever else is drawn and in whatever order."""
    return np.random.default_rng(np.random.SeedSequence([seed, PURPOSES.index(purpose), index, *sub.encode()]))


def head(sub: str, seed: int, voxel_mm: float) -> tuple:
    """Make a head and put a BOLD slab around it.

    Returns
    -------
    anatomy, shape and affine of the slab, then with PAD more voxels on each side: MNI mm (..., 3), tissue,
    CSF and grey-matter fractions
    """
    anatomy = random_anatomy(stream(seed, sub, "anatomy"))
    tilt = 4 + stream(seed, sub, "anatomy", 1).uniform(-1.5, 1.5)
    shape, affine = scanner.slab(anatomy.from_mni(SLAB_CENTRE_MM), SLAB_EXTENT_MM, voxel_mm, tilt)
    mni = anatomy.to_mni(scanner.grid_mm(shape, affine, PAD))
    return anatomy, shape, affine, mni, *epi_contrast(mni, voxel_mm)


def listener(
    sub: str, design: Design, layers: list[np.ndarray], step_s: float, is_noise: bool, is_hrf_only: bool = False
) -> Listener:
    """Make a head and plant the layers in it.

    Parameters
    ----------
    layers : per layer, activations to the played clips (n_clips, n_bins, n_units) in bins of `step_s`
    is_noise : plant nothing: the canary
    is_hrf_only : in the voxels that would follow a layer, plant the same response to every clip
    """
    anatomy, shape, affine, mni, tissue, csf, grey = head(sub, design.seed, design.voxel_mm)
    layer = np.where(grey >= GREY, planted(mni, design.gradient, len(layers)), 0)
    ijk = np.argwhere((layer > 0) & (is_hrf_only or not is_noise))
    layer, mni = layer[tuple(ijk.T)], mni[tuple(ijk.T)]
    rng = stream(design.seed, sub, "units")
    if is_hrf_only:
        response = clip_blind_response(len(ijk), *layers[0].shape[:2], step_s, design.trial_s, rng)
        layer, unit = np.zeros_like(layer), np.full(len(ijk), -1)
    else:
        unit, response = plant(layer, layers, step_s, design.trial_s, rng)
    effect = design.effect_percent * rng.uniform(0.8, 1.2, len(ijk))
    return Listener(anatomy, shape, affine, tissue, csf, ijk, mni, layer, unit, effect, response, step_s)


def plant(
    layer: np.ndarray, layers: list[np.ndarray], step_s: float, trial_s: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Give each voxel a unit of its layer: units (n,) and responses to the clips (n, n_clips, n_steps).

    Responses are scaled so that a run, their sum at a distance of `trial_s`, has a standard deviation of 1:
    the variance for independent clips is the mean energy of a response over the length of a trial.
    """
    n_clips, n_bins = layers[0].shape[:2]
    response = np.zeros((len(layer), n_clips, n_bins + len(hrf.kernel(step_s))), np.float32)
    unit = np.zeros(len(layer), int)
    for number in np.unique(layer):
        drive, alive = zscore_units(layers[number - 1])
        _refuse(not alive.any(), f"layer {number}", "no unit varies", "a network that hears")
        here = np.flatnonzero(layer == number)
        unit[here] = rng.choice(np.flatnonzero(alive), len(here))
        curve = hrf.convolve(np.moveaxis(drive[:, :, unit[here]], -1, 0), step_s)
        energy = (curve**2).sum(-1, keepdims=True).mean(1, keepdims=True) * step_s
        response[here] = curve / np.sqrt(energy / trial_s)
    return unit, response


def scan(who: Listener, design: Design, sub: str, run: int, clips: np.ndarray) -> Run:
    """Scan one run: the clips (n_clips,) are rows of the responses in the order played."""
    rng = stream(design.seed, sub, "run", run)
    n_volumes = design.n_volumes(len(clips))
    motion = random_motion(rng, n_volumes, design.motion_mm)
    centre = who.affine[:3, :3] @ ((np.array(who.shape) - 1) / 2) + who.affine[:3, 3]
    start = rigid(rng.uniform(-0.5, 0.5, 6) * design.motion_mm * np.r_[1, 1, 1, np.deg2rad([1, 1, 1])], centre)
    matrices = rigid(motion, centre)
    volumes = _volumes(who, design, rng, matrices @ start, clips)
    bold = np.stack([np.rint(np.clip(v, 0, 32767)).astype(np.int16) for v in volumes])
    return Run(bold, motion, matrices, start, clips)


def _volumes(who: Listener, design: Design, rng, matrices: np.ndarray, clips: np.ndarray) -> Iterator[np.ndarray]:
    times = scanner.slice_times(who.shape[2], design.tr_s)
    inner = (slice(PAD, -PAD),) * 3
    noise = scanner.Noise(rng, who.tissue[inner], who.csf[inner], len(matrices), design.tr_s, times)
    clock = design.tr_s * np.arange(len(matrices))[:, None] + times
    signal = hrf.superpose(who.response, who.step_s, clips, design.onsets_s(len(clips)), clock)
    signal *= (who.effect / 100 * who.tissue[tuple(who.ijk.T)]).astype(np.float32)[:, None, None]
    source = np.full(who.tissue.shape, -1, np.int32)
    source[tuple(who.ijk.T)] = np.arange(len(who.ijk))
    near = binary_dilation(source >= 0, iterations=3 + int(design.motion_mm * 3 / design.voxel_mm))[inner]
    coefficients = spline_filter(who.tissue, order=3, output=np.float32)
    out = np.empty(who.shape, np.float32)
    for t, matrix in enumerate(matrices):
        pull = (np.linalg.inv(who.affine) @ np.linalg.inv(matrix) @ who.affine)[:3]
        pull[:, 3] += PAD
        scanner.acquire(coefficients, source, np.ascontiguousarray(signal[:, t]), np.ascontiguousarray(near), pull, out)
        yield out + noise.volume(t)


def _refuse(wrong: bool, where: str, given: object, wanted: str) -> None:
    if wrong:
        raise HeschlError(f"simulated fMRI, {where}", f"{given} given", f"wanted {wanted}", "Change the setting")
