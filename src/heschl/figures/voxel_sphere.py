"""F3 of neuroplasticity: the voxels that all subjects and recordings share."""

from pathlib import Path

import numpy as np
import pandas as pd

from heschl import store
from heschl.figures import head, style

TITLE = "Voxels shared by all subjects and sessions"
CAPTION = (
    "Centres of the voxels of the beamformer's lattice that lie inside the head model of every subject in every "
    "session; only these are used. Head coordinates, mm: X anterior, Y left, Z superior. Left: seen from the front "
    "left and above, dark voxels low, bright ones high. Right: from above and from the right; dots: places of the "
    "lattice that hold a voxel, outlines drawn around them (no anatomy)."
)


def draw(*, samples: Path, png: Path, pdf: Path, table: Path) -> None:
    """Draw position (voxel, axis), mm, of the store of beamform.samples."""
    found = store.read(samples)
    position = found["position"].values.astype(float)
    with style.sheet(style.DOUBLE, 2.9) as figure:
        left, right = figure.subfigures(1, 2, width_ratios=[1, 1.1])
        axes = left.add_subplot(projection="3d")
        head.solid(axes, position, c=position[:, 2], cmap="viridis", s=1.1 * head.spacing_mm(position), alpha=0.9)
        head.room(axes, position)
        left.suptitle(_words(position, found.sizes["subject"]), fontsize=8)
        for glass, view in zip(right.subplots(1, 2), ("axial", "sagittal"), strict=True):
            head.glass(glass, view, position)
            glass.set_title(f"{view} view", loc="center", fontsize=7)
    rows = np.concatenate([head.anterior_left_up(position), position], axis=1)
    names = ["anterior_mm", "left_mm", "superior_mm", "x_right_mm", "y_anterior_mm", "z_superior_mm"]
    style.save(figure, pd.DataFrame(rows, columns=names), png=png, pdf=pdf, table=table)


def _words(position: np.ndarray, n_subjects: int) -> str:
    text = f"{len(position):,} voxels of {head.spacing_mm(position):.3g} mm"
    return text + (f", shared by {n_subjects} subjects" if n_subjects > 1 else "")
