"""F10 of neuroplasticity: where in the head subjects are still told apart in another session."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from heschl import store
from heschl.figures import head, sessions, style

TITLE = "Clusters of the head by accuracy in another session"
CAPTION = (
    "Share of subjects that each cluster's network, trained on one session, identifies in another session (mean over "
    "seeds). A: cluster centres in space among the shared voxels (pale). B: how many clusters have which accuracy; "
    "dashed: chance. C: the same centres seen from above, from the right and from behind, the highest accuracies on "
    "top; rings: significantly above chance (exact permutation of subjects, family-wise over clusters, p < .05). "
    "Outlines are drawn around the voxels and are no anatomy; a centre stands for a ball of neighbouring voxels. Low "
    "accuracy alone doesn't tell change by training from drift."
)
CMAP = "viridis"


def draw(
    *,
    summary: Path,
    samples: Path,
    png: Path,
    pdf: Path,
    table: Path,
    session: str = "",
    split: str = "published",
) -> None:
    """Draw cluster_accuracy (split, evaluation, cluster) and centre (cluster, axis), mm, of a summary of classify.

    Parameters
    ----------
    samples : store with position (voxel, axis), mm, of the shared voxels
    session : which other session; the first, if it is not named

    Raises
    ------
    HeschlError
        If the summary lacks the session or the split.
    """
    found = store.read(summary).load()
    position = store.read(samples)["position"].values.astype(float)
    name = session or sessions.tested(found)[0]
    at = {
        "split": sessions.at(found["split"], split, summary),
        "evaluation": sessions.at(found["evaluation"], name, summary),
    }
    accuracy, p = (found[n].isel(at).values.astype(float) for n in ("cluster_accuracy", "cluster_p_fwer"))
    centre = found["centre"].values.astype(float)
    with style.sheet(style.DOUBLE, 4.6) as figure:
        if not np.isfinite(accuracy).any():
            style.says(figure.add_subplot(), f"no accuracy of clusters in {sessions.words(name)}, split {split}")
        else:
            _panels(figure, position, centre, 100 * accuracy, p, found.sizes["subject"], name)
    numbers = pd.DataFrame(centre, columns=["x_right_mm", "y_anterior_mm", "z_superior_mm"])
    numbers.insert(0, "cluster", np.arange(1, len(centre) + 1))
    style.save(figure, numbers.assign(accuracy=accuracy, p_fwer=p, session=name), png=png, pdf=pdf, table=table)


def _panels(figure, position, centre, accuracy, p, n_subjects: int, name: str) -> None:
    norm = Normalize(min(100 / n_subjects, np.nanmin(accuracy)), max(np.nanmax(accuracy), 200 / n_subjects))
    top, bottom = figure.subfigures(2, 1, height_ratios=[1.25, 1])
    left, right = top.subfigures(1, 2, width_ratios=[1.25, 1])
    space = left.add_subplot(projection="3d")
    head.solid(space, position, color=style.GREY, s=1.2, alpha=0.25, depthshade=False)
    head.solid(space, centre, c=accuracy, cmap=CMAP, norm=norm, s=30, alpha=1, depthshade=False, ec="white", lw=0.3)
    head.room(space, position)
    space.text2D(0.02, 0.97, "A", transform=space.transAxes, fontsize=10, fontweight="bold")
    histogram = right.subplots()
    _histogram(histogram, accuracy, n_subjects, norm)
    histogram.set_xlabel(f"subjects identified, session {sessions.words(name)} (%)")
    style.letter(histogram, "B")
    panels = bottom.subplots(1, 3)
    for axes, view in zip(panels, head.VIEWS, strict=True):
        head.glass(axes, view, position)
        dots = head.glass_dots(axes, view, centre, accuracy, cmap=CMAP, norm=norm)
        passed = p < 0.05
        axes.scatter(*centre[passed][:, head.VIEWS[view]].T, s=38, fc="none", ec=style.INK, lw=0.7, zorder=4)
        axes.set_title(f"{view} view", loc="center", fontsize=7)
    style.letter(panels[0], "C")
    bar = bottom.colorbar(dots, ax=list(panels), shrink=0.8, pad=0.02, aspect=18)
    bar.set_label(f"subjects identified,\nsession {sessions.words(name)} (%)")
    bar.ax.axhline(100 / n_subjects, color="white", lw=1.2, ls=(0, (2, 1)))


def _histogram(axes: Axes, accuracy: np.ndarray, n_subjects: int, norm: Normalize) -> None:
    edges = np.arange(0, 105, 5)
    counts, _ = np.histogram(accuracy[np.isfinite(accuracy)], edges)
    axes.bar(
        edges[:-1], counts, width=5, align="edge", ec="white", lw=0.5, color=colormaps[CMAP](norm(edges[:-1] + 2.5))
    )
    axes.axvline(100 / n_subjects, color=style.INK, lw=0.7, ls=(0, (4, 3)), zorder=3)
    axes.annotate("chance", (100 / n_subjects, 1), (0, 1), xycoords=("data", "axes fraction"),
                  textcoords="offset points", ha="center", va="bottom", fontsize=6.5)  # fmt: skip
    axes.set(ylabel="clusters", xlim=(0, 100))
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.set_title(f"{np.isfinite(accuracy).sum()} clusters, mean {np.nanmean(accuracy):.0f} %", loc="center")
