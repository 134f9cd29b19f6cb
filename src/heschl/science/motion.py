"""Head motion: a rigid Gauss-Newton estimate of every volume's position, and how far the head moved.

Convention. World coordinates are RAS mm of the image header. Volume k has a 4x4 matrix M_k that maps a point of the
reference volume (the run's first) to where that tissue lies in volume k, so the realigned volume is

    realigned_k(x) = volume_k(M_k x),    M_k x = R (x - c) + c + t,    R = Rz Ry Rx

with c the centre of the field of view. The six parameters are t (mm) and the angles of Rx, Ry, Rz (rad).

Method: inverse-compositional alignment (Baker & Matthews 2004). The reference is linearised once at a few thousand
points of high gradient; each iteration samples the moving volume there and solves one small linear system.
"""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.spatial.transform import Rotation

from heschl.science import splines

FWHM_PER_SIGMA = 2.3548
POWER_RADIUS_MM = 50.0
LEVELS = ((8.0, 1500), (4.0, 6000))  # (smoothing fwhm in mm, points): coarse for reach, fine for accuracy


@dataclass(frozen=True)
class Level:
    """The reference at one smoothness: `solve` (6, point) turns residuals into a rigid step (t, w)."""

    sigma: np.ndarray  # (3,) voxels
    points: np.ndarray  # (point, 3) mm
    values: np.ndarray  # (point,)
    solve: np.ndarray  # (6, point)


def estimate(volumes: np.ndarray, affine: np.ndarray, iterations: int = 12) -> np.ndarray:
    """Position of the head in every volume relative to the first.

    Parameters
    ----------
    volumes : array of shape (time, x, y, z), any real type
    affine : array of shape (4, 4), voxel to world (mm, RAS)
    iterations : most Gauss-Newton steps per level

    Returns
    -------
    array of shape (time, 4, 4): M_k, reference world point -> world point in volume k
    """
    centre = field_centre(volumes.shape[1:], affine)
    levels = [_level(volumes[0], affine, centre, *level) for level in LEVELS]
    matrices = np.tile(np.eye(4), (len(volumes), 1, 1))
    for k in range(1, len(volumes)):
        matrix = matrices[k - 1]
        for level in levels:
            matrix = _align(volumes[k], affine, centre, level, matrix, iterations)
        matrices[k] = matrix
    return matrices


def field_centre(shape: tuple[int, ...], affine: np.ndarray) -> np.ndarray:
    """World coordinates (mm) of the middle of a grid of shape (x, y, z): the point rotations turn about."""
    return affine[:3, :3] @ ((np.array(shape) - 1) / 2) + affine[:3, 3]


def parameters(matrices: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Matrices (time, 4, 4) -> (time, 6): translation x y z of `centre` in mm, rotation about x y z in rad."""
    shift = np.einsum("tij,j->ti", matrices[:, :3, :3], centre) + matrices[:, :3, 3] - centre
    angles = Rotation.from_matrix(matrices[:, :3, :3]).as_euler("xyz")
    return np.concatenate([shift, angles], axis=1)


def matrices(parameters: np.ndarray, centre: np.ndarray) -> np.ndarray:
    """Inverse of `parameters`: (time, 6) mm and rad -> (time, 4, 4)."""
    out = np.tile(np.eye(4), (len(parameters), 1, 1))
    out[:, :3, :3] = Rotation.from_euler("xyz", parameters[:, 3:]).as_matrix()
    out[:, :3, 3] = parameters[:, :3] + centre - np.einsum("tij,j->ti", out[:, :3, :3], centre)
    return out


def framewise_displacement(parameters: np.ndarray, radius_mm: float = POWER_RADIUS_MM) -> np.ndarray:
    """Framewise displacement of Power et al. 2012: sum |d t| + radius * sum |d angle|, in mm, 0 at the first volume.

    `parameters` has shape (time, 6), mm and rad; the result has shape (time,).
    """
    step = np.abs(np.diff(parameters, axis=0, prepend=parameters[:1]))
    return step[:, :3].sum(1) + radius_mm * step[:, 3:].sum(1)


def sample(volume: np.ndarray, affine: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Cubic-spline values (point,) of `volume` (x, y, z) at world `points` (point, 3) in mm; edges are held."""
    where = np.clip(to_voxel(affine, points), 0, np.array(volume.shape) - 1)
    return splines.values(splines.coefficients(volume), where).astype(np.float32)


def to_voxel(affine: np.ndarray, points: np.ndarray) -> np.ndarray:
    """World points (point, 3) in mm -> fractional voxel indices (point, 3)."""
    inverse = np.linalg.inv(affine)
    return points @ inverse[:3, :3].T + inverse[:3, 3]


def move(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Apply a 4x4 matrix to world points (point, 3)."""
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def _level(reference: np.ndarray, affine: np.ndarray, centre: np.ndarray, fwhm_mm: float, count: int) -> Level:
    """Linearise I(x + t + w x (x - c)) in (t, w) at the `count` points where the smooth image changes most."""
    sigma = fwhm_mm / FWHM_PER_SIGMA / np.sqrt((affine[:3, :3] ** 2).sum(0))
    smooth = gaussian_filter(reference.astype(np.float32), sigma, mode="nearest")
    slope = np.stack(np.gradient(smooth), -1) @ np.linalg.inv(affine[:3, :3])  # per voxel -> per mm
    chosen = _steepest(np.linalg.norm(slope, axis=-1), count)
    points = chosen @ affine[:3, :3].T + affine[:3, 3]
    at = slope[tuple(chosen.T)].astype(np.float64)
    jacobian = np.concatenate([at, np.cross(points - centre, at)], axis=1)
    return Level(sigma, points, smooth[tuple(chosen.T)].astype(np.float64), np.linalg.pinv(jacobian))


def _steepest(steepness: np.ndarray, count: int) -> np.ndarray:
    """Pick indices (point, 3), spread evenly over the steepest quarter of the volume away from its faces."""
    inner = np.zeros(steepness.shape, bool)
    inner[tuple(slice(min(2, n // 4), n - min(2, n // 4)) for n in steepness.shape)] = True
    candidates = np.argwhere(inner & (steepness >= np.quantile(steepness[inner], 0.75)))
    return candidates[np.unique(np.linspace(0, len(candidates) - 1, count).astype(int))]


def _align(
    volume: np.ndarray, affine: np.ndarray, centre: np.ndarray, level: Level, start: np.ndarray, iterations: int
) -> np.ndarray:
    """Gauss-Newton from `start`; a gain per volume absorbs slow changes of brightness."""
    smooth = gaussian_filter(volume.astype(np.float32), level.sigma, mode="nearest", truncate=3.0)
    smooth = splines.coefficients(smooth)
    matrix, energy = start, level.values @ level.values
    for _ in range(iterations):
        seen = splines.values(smooth, to_voxel(affine, move(matrix, level.points)))
        gain = (seen @ level.values) / energy
        step = level.solve @ (seen / gain - level.values)
        matrix = matrix @ np.linalg.inv(_rigid(step, centre))  # inverse composition
        if np.abs(step[:3]).max() < 2e-3 and np.abs(step[3:]).max() < 2e-5:
            break
    return matrix


def _rigid(step: np.ndarray, centre: np.ndarray) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(step[3:]).as_matrix()
    matrix[:3, 3] = centre + step[:3] - matrix[:3, :3] @ centre
    return matrix
