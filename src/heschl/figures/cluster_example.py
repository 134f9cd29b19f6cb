"""F6 of neuroplasticity: one cluster of neighbouring voxels in the head."""

from pathlib import Path

import numpy as np
import pandas as pd

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import head, style

TITLE = "A cluster of neighbouring voxels in the head"
CAPTION = (
    "One of the clusters of experiment 4.2 (red: its centre voxel and the voxels nearest to it) among all shared "
    "voxels (blue). Left: in space, head coordinates in mm; right: from above and from the right; outlines are drawn "
    "around the voxels (no anatomy). Clusters may share voxels."
)


def draw(*, clusters: Path, samples: Path, png: Path, pdf: Path, table: Path, cluster: int | None = None) -> None:
    """Draw member (cluster, member) of scores of classify.clusters at position (voxel, axis) of the samples.

    Parameters
    ----------
    clusters : scores of any seed; all have the same clusters
    cluster : number of the one to show, from 1; without it, the one farthest to the front left and above

    Raises
    ------
    HeschlError
        If there is no such cluster.
    """
    member = store.read(clusters)["member"].transpose("cluster", "member").values.astype(int)
    position = store.read(samples)["position"].values.astype(float)
    if cluster is not None and not 1 <= cluster <= len(member):
        raise HeschlError(clusters, f"no cluster {cluster}", f"wanted 1 to {len(member)}")
    shown = _foremost(position, member) if cluster is None else cluster - 1
    mm = head.spacing_mm(position)
    inside = np.isin(np.arange(len(position)), member[shown])
    with style.sheet(style.DOUBLE, 2.9) as figure:
        left, right = figure.subfigures(1, 2, width_ratios=[1, 1.1])
        axes = left.add_subplot(projection="3d", computed_zorder=False)  # the cluster on top
        head.solid(axes, position[~inside], color=style.BLUE, s=0.7 * mm, alpha=0.16, depthshade=False)
        head.solid(axes, position[inside], color=style.RED, s=1.8 * mm, alpha=1, depthshade=False, zorder=9)
        head.room(axes, position)
        left.suptitle(f"cluster {shown + 1} of {len(member)}: {inside.sum()} of {len(position):,} voxels", fontsize=8)
        for glass, view in zip(right.subplots(1, 2), ("axial", "sagittal"), strict=True):
            head.glass(glass, view, position)
            flat = np.unique(position[inside][:, head.VIEWS[view]], axis=0)
            glass.scatter(*flat.T, s=1.2 * mm, color=style.RED, lw=0, zorder=3)
            glass.set_title(f"{view} view", loc="center", fontsize=7)
    rows = np.column_stack([np.flatnonzero(inside), position[inside]])
    numbers = pd.DataFrame(rows, columns=["voxel", "x_right_mm", "y_anterior_mm", "z_superior_mm"])
    numbers = numbers.astype({"voxel": int}).assign(cluster=shown + 1)
    style.save(figure, numbers, png=png, pdf=pdf, table=table)


def _foremost(position: np.ndarray, member: np.ndarray) -> int:
    """Return the cluster nearest to who looks on: to the front left and above."""
    toward = head.anterior_left_up(position) @ np.array([0.7, 0.6, 0.4])
    return int(np.argmax(toward[member].mean(1)))
