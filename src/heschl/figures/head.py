"""Views of the head that figures of MEG share: voxels in 3-D, and projections like those of a glass brain.

Positions are in MNE's head coordinates: x right, y anterior, z superior, in mm. Outlines are drawn around the voxels
themselves, with a nose and ears to tell the sides; they are no anatomy.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse, Polygon
from matplotlib.ticker import MaxNLocator
from mpl_toolkits.mplot3d import Axes3D
from scipy.ndimage import gaussian_filter1d

from heschl.figures import style

VIEWS = {"axial": (0, 1), "sagittal": (1, 2), "coronal": (0, 2)}  # the axes that go to the right and up
ENDS = (("L", "R"), ("P", "A"), ("I", "S"))
ROOM_MM = 9.0  # between the outermost voxels and the outline
SKIN = "#f3f3f3"


def spacing_mm(position: np.ndarray) -> float:
    """Return the side of the voxels of a lattice (voxel, axis), mm: the least step along any axis."""
    steps = np.concatenate([np.diff(np.unique(np.round(p, 3))) for p in position.T])
    return float(steps.min()) if steps.size else np.nan


def anterior_left_up(position: np.ndarray) -> np.ndarray:
    """Turn positions (voxel, axis) to the published axes: X anterior, Y left, Z superior."""
    return np.stack([position[:, 1], -position[:, 0], position[:, 2]], 1)


def outline(flat: np.ndarray, room_mm: float = ROOM_MM, smooth: float = 8) -> np.ndarray:
    """Return a smooth closed curve (point, 2) around the convex hull of points (n, 2), some mm away from it.

    smooth : in degrees; more for fewer points
    """
    angle = np.linspace(0, 2 * np.pi, 361)[:-1]
    out, along = np.stack([np.cos(angle), np.sin(angle)], 1), np.stack([-np.sin(angle), np.cos(angle)], 1)
    far = gaussian_filter1d((flat @ out.T).max(0) + room_mm, smooth, mode="wrap")  # the hull's support function
    slope = (np.roll(far, -1) - np.roll(far, 1)) / (2 * angle[1])
    return far[:, None] * out + slope[:, None] * along


def glass(axes: Axes, view: str, position: np.ndarray, *, room_mm: float = ROOM_MM, smooth: float = 0) -> None:
    """Draw an empty head around voxels (voxel, axis) as seen in a view of VIEWS, with its voxels and its sides."""
    flat = position[:, VIEWS[view]]
    edge = outline(flat, room_mm, smooth or max(8, spacing_mm(position)))
    for part in _nose_and_ears(view, edge):
        axes.add_patch(part)
    axes.add_patch(Polygon(edge, fc=SKIN, ec=style.GREY, lw=0.8, zorder=0.5))
    voxels = np.unique(np.round(flat, 1), axis=0)
    axes.scatter(*voxels.T, s=1.0, color="#c4c4c4", lw=0, zorder=0.6)
    low, high = edge.min(0), edge.max(0)
    half = np.ptp(position, axis=0).max() / 2 + room_mm + 17  # the same in all views
    x, y = (low + high) / 2
    axes.set(xlim=(x - half, x + half), ylim=(y - half, y + half))
    style.bare(axes)
    for at, (x, y) in zip(VIEWS[view], ((0, None), (None, 1)), strict=True):
        _ends(axes, ENDS[at], low, high, horizontal=y is None and x == 0)


def _ends(axes: Axes, names: tuple[str, str], low: np.ndarray, high: np.ndarray, *, horizontal: bool) -> None:
    """Write which side is which at both ends of an axis of a view."""
    middle = (low + high) / 2
    for name, at in zip(names, (low - 13, high + 13), strict=True):
        x, y = (at[0], middle[1]) if horizontal else (middle[0], at[1])
        axes.text(x, y, name, ha="center", va="center", fontsize=6, color=style.GREY)


def _nose_and_ears(view: str, edge: np.ndarray) -> list:
    """Return the patches of a nose where the front shows, and of ears where the sides do."""
    low, high = edge.min(0), edge.max(0)
    middle, how = (low + high) / 2, {"fc": SKIN, "ec": style.GREY, "lw": 0.8, "zorder": 0.4}
    if view == "axial":
        nose = [(middle[0] - 9, high[1] - 3), (middle[0], high[1] + 8), (middle[0] + 9, high[1] - 3)]
        return [Polygon(nose, **how), *_ears(low, high, middle[1], how)]
    level = low[1] + 0.35 * (high - low)[1]
    if view == "coronal":
        return _ears(low, high, level, how)
    front = edge[np.abs(edge[:, 1] - level) < 6, 0].max()
    return [Polygon([(front - 5, level + 10), (front + 9, level - 5), (front - 6, level - 9)], **how)]


def _ears(low: np.ndarray, high: np.ndarray, level: float, how: dict) -> list:
    return [Ellipse((x, level), 12, 26, **how) for x in (low[0], high[0])]


def glass_dots(axes: Axes, view: str, at: np.ndarray, values: np.ndarray, **how):
    """Draw coloured dots at places (n, axis); the largest values lie on top. Return them, for a colour bar."""
    order = np.argsort(np.nan_to_num(values, nan=-np.inf))
    x, y = at[order][:, VIEWS[view]].T
    return axes.scatter(x, y, c=values[order], **({"s": 26, "ec": "white", "lw": 0.3, "zorder": 3} | how))


def solid(axes: Axes3D, position: np.ndarray, **how):
    """Draw voxels (voxel, axis) as dots in space, X anterior, Y left, Z superior; return them."""
    return axes.scatter(*anterior_left_up(position).T, **({"lw": 0} | how))


def room(axes: Axes3D, position: np.ndarray, *, zoom: float = 1.0, elevation: float = 22, azimuth: float = 40) -> None:
    """Set up the axes around voxels (voxel, axis): mm to scale, named, seen from the front left and above."""
    points = anterior_left_up(position)
    low, high = points.min(0) - ROOM_MM, points.max(0) + ROOM_MM
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), zlim=(low[2], high[2]))
    axes.set_box_aspect(high - low, zoom=zoom)
    axes.view_init(elev=elevation, azim=azimuth)
    axes.set_xlabel("X anterior (mm)", labelpad=-6)
    axes.set_ylabel("Y left (mm)", labelpad=-6)
    axes.set_zlabel("Z superior (mm)", labelpad=-6)
    for axis in (axes.xaxis, axes.yaxis, axes.zaxis):
        axis.set_pane_color((1, 1, 1, 0))
        axis._axinfo["grid"].update(color="#e3e3e3", linewidth=0.4)
        axis.set_major_locator(MaxNLocator(3, steps=[1, 2, 5, 10]))
    axes.tick_params(pad=-3, labelsize=6)
