"""Which region of an atlas does each voxel lie in? Nearest-neighbour lookup through the affines."""

import numpy as np


def labels_at(volume: np.ndarray, affine: np.ndarray, points_mm: np.ndarray) -> np.ndarray:
    """Label of the atlas voxel nearest to each point.

    Parameters
    ----------
    volume : integer array of shape (x, y, z)
    affine : array of shape (4, 4), atlas voxel to mm
    points_mm : array of shape (voxel, 3), in the atlas's own space

    Returns
    -------
    Array of shape (voxel,); 0 outside of the atlas
    """
    ijk = np.rint((points_mm - affine[:3, 3]) @ np.linalg.inv(affine[:3, :3]).T).astype(int)
    inside = ((ijk >= 0) & (ijk < volume.shape)).all(1)
    found = np.zeros(len(ijk), volume.dtype)
    found[inside] = volume[tuple(ijk[inside].T)]
    return found


def to_mm(ijk: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Centre in mm, (voxel, 3), of voxels ijk (voxel, 3)."""
    return ijk @ affine[:3, :3].T + affine[:3, 3]


def regions(labels: np.ndarray, names: dict[int, str], minimum: int) -> dict[str, np.ndarray]:
    """Rows of the voxels of every named region, by name; regions of fewer than `minimum` voxels are left out.

    A decoder of a handful of voxels is mostly chance, and the best of many such would be picked (science.md A3).

    Parameters
    ----------
    labels : integer array of shape (voxel,)
    names : the regions that count, by label
    """
    found = {name: np.flatnonzero(labels == label) for label, name in sorted(names.items())}
    return {name: rows for name, rows in found.items() if len(rows) >= minimum}
