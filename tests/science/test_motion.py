"""Motion: a known movement is recovered, and the conventions are what the module says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from heschl.science import motion

SHAPE, AFFINE = (32, 36, 24), np.array([[-4.0, 0, 0, 62], [0, 3.9, -0.6, -60], [0, 0.6, 3.9, -50], [0, 0, 0, 1]])


def head(points: np.ndarray, seed: int = 0) -> np.ndarray:
    """Brightness at world points of a smooth made-up head: blobs within an ellipsoid."""
    rng = np.random.default_rng(seed)
    value = 600 / (1 + np.exp(6 * (np.sqrt(((points / [48, 56, 40]) ** 2).sum(-1)) - 0.85)))
    for centre in rng.uniform(-38, 38, (60, 3)):
        value += rng.uniform(-250, 250) * np.exp(-((points - centre) ** 2).sum(-1) / 2 / 8**2)
    return value


@pytest.fixture(scope="module")
def scan():
    """Twelve volumes of the head on a walk of up to some mm, with noise; true matrices."""
    rng = np.random.default_rng(1)
    points = np.indices(SHAPE).reshape(3, -1).T @ AFFINE[:3, :3].T + AFFINE[:3, 3]
    steps = rng.normal(size=(12, 6)) * [0.5, 0.5, 0.5, 0.008, 0.008, 0.008]
    steps[0] = 0
    true = motion.matrices(np.cumsum(steps, 0), motion.field_centre(SHAPE, AFFINE))
    volumes = [head(motion.move(np.linalg.inv(m), points)).reshape(SHAPE) for m in true]
    return np.array(volumes) + rng.normal(size=(12, *SHAPE)) * 5, true, points


def error_mm(found: np.ndarray, true: np.ndarray, points: np.ndarray) -> np.ndarray:
    near = points[np.linalg.norm(points / [48, 56, 40], axis=1) < 0.9]
    return np.array(
        [
            np.linalg.norm(motion.move(f - t + np.eye(4), near) - near, axis=1).mean()
            for f, t in zip(found, true, strict=True)
        ]
    )


def test_known_motion_is_recovered_to_a_tenth_of_a_millimetre(scan):
    volumes, true, points = scan
    found = motion.estimate(volumes, AFFINE)
    error = error_mm(found, true, points)
    assert error_mm(np.tile(np.eye(4), (12, 1, 1)), true, points).max() > 1  # there was something to find
    assert error.mean() < 0.1 and error.max() < 0.2


def test_a_sudden_jump_is_recovered(scan):
    volumes, _, points = scan
    jump = motion.matrices(np.array([[0, 0, 0, 0, 0, 0], [3.0, -4, 5, 0.05, -0.04, 0.03]]), np.zeros(3))
    moved = head(motion.move(np.linalg.inv(jump[1]), points)).reshape(SHAPE)
    found = motion.estimate(np.stack([head(points).reshape(SHAPE), moved]), AFFINE)
    assert error_mm(found, jump, points).max() < 0.2


def test_brightness_of_a_volume_does_not_look_like_motion(scan):
    volumes, _, points = scan
    found = motion.estimate(np.stack([volumes[0], volumes[0] * 1.05]), AFFINE)
    assert error_mm(found, np.tile(np.eye(4), (2, 1, 1)), points).max() < 1e-3


def test_realigned_volume_is_the_reference(scan):
    volumes, true, points = scan
    inside = np.linalg.norm(points / [48, 56, 40], axis=1) < 0.7
    back = motion.sample(volumes[-1], AFFINE, motion.move(true[-1], points[inside]))
    before = np.corrcoef(volumes[-1].ravel()[inside], volumes[0].ravel()[inside])[0, 1]
    assert np.corrcoef(back, volumes[0].ravel()[inside])[0, 1] > max(0.995, before)


@given(st.lists(st.floats(-0.5, 0.5), min_size=6, max_size=6))
def test_parameters_and_matrices_are_inverse(values):
    row, centre = np.array([values]) * [20, 20, 20, 1, 1, 1], np.array([3.0, -7, 12])
    assert np.allclose(motion.parameters(motion.matrices(row, centre), centre), row, atol=1e-9)


def test_centre_moves_by_the_translation_alone():
    centre = np.array([3.0, -7, 12])
    matrix = motion.matrices(np.array([[1.0, 2, 3, 0.1, 0.2, 0.3]]), centre)[0]
    assert np.allclose(motion.move(matrix, centre[None])[0], centre + [1, 2, 3])


def test_framewise_displacement_is_that_of_power_2012():
    rows = np.array([[0.0] * 6, [0.1, -0.2, 0.3, 0.01, -0.02, 0], [0.1, -0.2, 0.3, 0.01, -0.02, 0]])
    assert np.allclose(motion.framewise_displacement(rows), [0, 0.6 + 50 * 0.03, 0])


def test_sampling_at_voxels_returns_them():
    volume = gaussian_filter(np.random.default_rng(0).normal(size=SHAPE), 1)
    ijk = np.argwhere(np.ones(SHAPE))[::101]
    assert np.allclose(motion.sample(volume, AFFINE, motion.move(AFFINE, ijk)), volume[tuple(ijk.T)], atol=1e-5)
