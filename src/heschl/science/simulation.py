"""A listener who never was: where the layers of a network are planted, how heads differ, move and hear music.

Everything here is a pure function of its arguments; randomness comes in as a numpy Generator.
World coordinates are RAS millimetres, arrays of points have shape (..., 3).
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.spatial.transform import Rotation

from heschl.science import hrf

# Planum polare -> Heschl's gyrus -> planum temporale on the right (MNI mm); the left is its mirror image.
STG_MM = np.array([[46.0, 8.0, -12.0], [48.0, -14.0, 4.0], [60.0, -38.0, 16.0]])
RADIUS_MM = 10.5
GRADIENTS = ("monotone", "high_low_high")
# Of ten layers, at the front, middle and back of planum polare, Heschl's gyrus and planum temporale on the left.
STG_LAYERS = np.array([[10.0, 9.0, 8.0], [7.0, 6.0, 7.0], [10.0, 10.0, 10.0]])
LEFT_DEEPER = 1.0  # layers, of ten


def planted_layer(
    xyz_mm: np.ndarray, gradient: str = "monotone", n_layers: int = 10, radius_mm: float = RADIUS_MM
) -> np.ndarray:
    """Return the layer planted at MNI points: 1..n_layers within `radius_mm` of the STG line, 0 elsewhere.

    Parameters
    ----------
    xyz_mm : array of shape (..., 3)
    gradient : "monotone" rises from planum polare (1) to planum temporale (n_layers); "high_low_high" falls
        from n_layers at planum polare to half of that at Heschl's gyrus and rises again (Thielen, MSc thesis)

    Returns
    -------
    array of shape (...), int16

    Raises
    ------
    ValueError
        If the gradient has another name.
    """
    if gradient not in GRADIENTS:
        raise ValueError(f"gradient: {gradient!r} given; wanted one of {', '.join(GRADIENTS)}")
    folded = np.asarray(xyz_mm, float) * np.where(np.asarray(xyz_mm)[..., :1] < 0, [-1, 1, 1], [1, 1, 1])
    distance, position = along_line(folded, STG_MM)
    depth = position if gradient == "monotone" else 0.5 + np.abs(position - 0.5)
    layer = 1 + np.minimum((depth * n_layers).astype(int), n_layers - 1)
    return np.where(distance <= radius_mm, layer, 0).astype(np.int16)


def planted_in_regions(region: np.ndarray, position: np.ndarray, is_left: np.ndarray, n_layers: int = 10) -> np.ndarray:
    """Return the layer planted in regions of the superior temporal gyrus: high, low, high, and deeper on the left.

    As published (Thielen, MSc thesis), of ten layers: planum polare 7 to 10, falling towards the back; Heschl's gyrus
    5 to 7, lowest in its middle; planum temporale 9 and 10; each place one layer less on the right than on the left.

    Parameters
    ----------
    region : integer array of shape (...), 0 none, 1 planum polare, 2 Heschl's gyrus, 3 planum temporale
    position : array of shape (...), from 0 at the front of the region to 1 at its back
    is_left : boolean array of shape (...)
    n_layers : for another number than ten, the share of the network's depth is kept

    Returns
    -------
    array of shape (...), int16, 1..n_layers, 0 where there is no region
    """
    place = 2 * np.clip(position, 0, 1)
    weight = np.stack([np.maximum(1 - place, 0), 1 - np.abs(1 - place), np.maximum(place - 1, 0)], -1)  # (..., knot)
    depth = (weight * STG_LAYERS[np.maximum(region, 1) - 1]).sum(-1) - np.where(is_left, 0, LEFT_DEEPER)
    layer = np.clip(np.floor(depth * n_layers / 10 + 0.5), 1, n_layers)
    return np.where(region > 0, layer, 0).astype(np.int16)


def along_line(points: np.ndarray, line: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the distance of points (..., 3) to a polyline (n, 3), and where on it (0..1) the nearest is."""
    starts, spans = line[:-1], np.diff(line, axis=0)
    lengths = np.linalg.norm(spans, axis=1)
    offset = points[..., None, :] - starts
    fraction = np.clip((offset * spans).sum(-1) / lengths**2, 0, 1)  # (..., segment)
    distance = np.linalg.norm(offset - fraction[..., None] * spans, axis=-1)
    nearest = distance.argmin(-1)[..., None]
    position = (np.r_[0, lengths.cumsum()[:-1]] + fraction * lengths) / lengths.sum()
    return np.take_along_axis(distance, nearest, -1)[..., 0], np.take_along_axis(position, nearest, -1)[..., 0]


def move(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Move points of shape (..., 3) by a 4 x 4 matrix."""
    return points @ matrix[:3, :3].T + matrix[:3, 3]


@dataclass(frozen=True)
class Anatomy:
    """One listener's head: native world mm -> MNI mm is y = A x, then y + u(y), in closed form.

    affine : (4, 4); frequency : (n_waves, 3) rad/mm; phase : (n_waves,) rad; amplitude : (n_waves, 3) mm
    """

    affine: np.ndarray
    frequency: np.ndarray
    phase: np.ndarray
    amplitude: np.ndarray

    def to_mni(self, native_mm: np.ndarray) -> np.ndarray:
        """Return the MNI coordinates of native points of shape (..., 3)."""
        linear = move(self.affine, native_mm)
        waves = np.cos(linear @ self.frequency.T + self.phase)
        return linear + waves @ self.amplitude

    def from_mni(self, mni_mm: np.ndarray) -> np.ndarray:
        """Return native points of MNI points (..., 3), to within the warp (a few mm)."""
        return (mni_mm - self.affine[:3, 3]) @ np.linalg.inv(self.affine[:3, :3]).T


def random_anatomy(rng: np.random.Generator, warp_rms_mm: float = 2.5, smooth_mm: float = 40.0) -> Anatomy:
    """Draw a head: rotation up to 5 degrees, scale 4 %, shift 8 mm, and a warp of random smooth waves.

    The warp u is a Gaussian process with a squared-exponential covariance of length `smooth_mm` (random
    Fourier features, Rahimi and Recht 2007) and a root mean square displacement of about `warp_rms_mm`.
    """
    n_waves = 24
    affine = np.eye(4)
    axis = rng.standard_normal(3)
    turn = Rotation.from_rotvec(axis / np.linalg.norm(axis) * np.deg2rad(rng.uniform(-5, 5)))
    affine[:3, :3] = turn.as_matrix() * rng.uniform(0.96, 1.04, 3)
    affine[:3, 3] = rng.uniform(-8, 8, 3) / np.sqrt(3)
    frequency = rng.standard_normal((n_waves, 3)) / smooth_mm
    amplitude = rng.standard_normal((n_waves, 3))
    amplitude *= warp_rms_mm * np.sqrt(2) / np.linalg.norm(amplitude)
    return Anatomy(affine, frequency, rng.uniform(0, 2 * np.pi, n_waves), amplitude)


def rigid(parameters: np.ndarray, centre_mm: np.ndarray) -> np.ndarray:
    """Return matrices p -> R (p - c) + c + t of parameters (..., 6): t in mm, angles of R = Rz Ry Rx in rad.

    The convention is that of `heschl.science.motion`, restated here so that what estimates motion and what
    makes it stay independent (a test compares them).
    """
    parameters = np.asarray(parameters, float)
    matrices = np.tile(np.eye(4), (*parameters.shape[:-1], 1, 1))
    angles = parameters[..., 3:].reshape(-1, 3)
    turn = Rotation.from_euler("xyz", angles).as_matrix().reshape(*parameters.shape[:-1], 3, 3)
    matrices[..., :3, :3] = turn
    matrices[..., :3, 3] = parameters[..., :3] + centre_mm - turn @ centre_mm
    return matrices


def random_motion(rng: np.random.Generator, n_volumes: int, motion_mm: float) -> np.ndarray:
    """Draw a run of head motion: a smooth random walk and one or two jerks that half come back.

    Parameters
    ----------
    motion_mm : the largest displacement a run may reach; rotations reach as many times 0.8 degrees

    Returns
    -------
    array of shape (n_volumes, 6): mm and rad relative to the first volume, which is all zeros
    """
    walk = gaussian_filter1d(rng.standard_normal((n_volumes, 6)), 4, axis=0).cumsum(0)
    walk /= np.abs(walk - walk[0]).max() + 1e-12
    for _ in range(rng.integers(1, 3)):
        after = np.arange(n_volumes) - rng.integers(1, max(2, n_volumes))
        walk += np.where(after >= 0, 0.5 + 0.5 * np.exp(-np.maximum(after, 0) / 2), 0)[:, None] * rng.normal(0, 0.2, 6)
    walk -= walk[0]
    reach = rng.uniform(0.6, 1) * motion_mm
    for part, limit in ((slice(0, 3), reach), (slice(3, 6), np.deg2rad(0.8 * reach))):
        walk[:, part] *= limit / (np.linalg.norm(walk[:, part], axis=1).max() + 1e-12)
    return walk


def latin_square(n: int) -> np.ndarray:
    """Return Williams' square (n, n) of clip orders: each clip is once in each place.

    For even n each clip also follows each other clip once: Williams (1949), Experimental designs balanced for
    the estimation of residual effects of treatments.
    """
    zigzag = [(k + 1) // 2 if k % 2 else (n - k // 2) % n for k in range(n)]
    return (np.array(zigzag) + np.arange(n)[:, None]) % n


def zscore_units(activity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standardise units (n_clips, n_bins, n_units) over the stimulus set; also return which vary at all."""
    activity = activity.astype(float)
    spread = activity.std((0, 1))
    alive = spread > 1e-6 * (np.abs(activity).max() + 1e-12)
    return (activity - activity.mean((0, 1))) / np.where(alive, spread, 1), alive


def clip_blind_response(
    n_voxels: int, n_clips: int, n_bins: int, step_s: float, trial_s: float, rng: np.random.Generator
) -> np.ndarray:
    """Draw voxels that hear that there is a clip but not which: each responds to every clip with the same course.

    The drive, white over the bins of a clip with a mean of 0, is each voxel's own, as voxels differ in latency and
    shape; convolved with the haemodynamic response it has the lags and the autocorrelation of BOLD. Trials `trial_s`
    apart have a standard deviation of 1, tails included, once the first tails are complete.

    Returns
    -------
    array of shape (n_voxels, n_clips, n_bins + 32 s / step), float32, as `heschl.science.hrf.convolve` gives it;
    read-only, a view of one clip
    """
    drive = rng.standard_normal((n_voxels, n_bins))
    course = hrf.convolve(drive - drive.mean(1, keepdims=True), step_s)
    n_trials = int(np.ceil(course.shape[1] * step_s / trial_s)) + 1
    onset_s = trial_s * np.arange(n_trials)
    time_s = onset_s[-1] + np.arange(0, trial_s, step_s)
    trial = hrf.superpose(course[:, None], step_s, np.zeros(n_trials, int), onset_s, time_s)
    course /= trial.std(1, keepdims=True)
    return np.broadcast_to(course[:, None].astype(np.float32), (n_voxels, n_clips, course.shape[1]))
