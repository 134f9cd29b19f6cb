"""What figures of single listeners' decoders share: who is who, and how listeners, noise, chance and numbers look."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FuncFormatter

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import style

NAMES = {"roi": "parcels of an atlas", "voxel": "predictable voxels"}
CANARY = "noise (canary)"
NOISE = {"marker": "o", "facecolors": "none", "edgecolors": style.GREY, "linewidths": 0.7}


def opened(paths: Sequence[Path], *alike: str) -> dict[str, xr.Dataset]:
    """Open one store per listener, by attrs["subject"], sorted by label; nothing from no paths.

    Parameters
    ----------
    alike : attributes that all stores must have in common, such as "model"

    Raises
    ------
    HeschlError
        If a listener comes twice, or the stores differ in what must be alike.
    """
    found: dict[str, xr.Dataset] = {}
    for path in paths:
        one = store.read(path).load()
        sub = str(one.attrs["subject"])
        if sub in found:
            raise HeschlError(path, f"a second store of subject {sub}", "wanted one a listener")
        found[sub] = one
        for name in alike:
            first = next(iter(found.values())).attrs[name]
            if one.attrs[name] != first:
                raise HeschlError(path, f"{name} {one.attrs[name]}, others {first}", f"wanted one {name}")
    return dict(sorted(found.items()))


def of_route(found: xr.Dataset, path: Path, route: str) -> xr.Dataset:
    """Take one route of a store of scores; refuse one that it lacks."""
    routes = found["route"].values.astype(str).tolist()
    if route not in routes:
        raise HeschlError(path, f"has no route {route!r}", f"wanted one of {', '.join(routes)}", "Set decode: routes")
    return found.isel(route=routes.index(route))


def noise_of(found: xr.Dataset) -> np.ndarray:
    """Say which listeners (sub,) of a store of scores are pure noise."""
    return found["is_noise"].values.astype(bool)


def averaged(noise: np.ndarray) -> np.ndarray:
    """Say whose mean is shown (sub,): the listeners', or, if all are noise, everyone's."""
    return ~noise if (~noise).any() else np.ones_like(noise)


def who(noise: np.ndarray) -> str:
    """Describe over whom a mean goes: "mean of 3 listeners"."""
    n, what = int(averaged(noise).sum()), "listener" if (~noise).any() else "noise listener"
    return f"mean of {n} {what}s" if n > 1 else f"1 {what}"


def label(sub: str, is_noise: bool) -> str:
    """Name a participant; noise is said to be noise."""
    return f"{sub} {CANARY}" if is_noise else sub


def spread(n: int, width: float) -> np.ndarray:
    """Place n dots side by side around 0."""
    return np.linspace(-width / 2, width / 2, n) if n > 1 else np.zeros(n)


def dots(
    axes: Axes, x: np.ndarray | float, y: np.ndarray | float, noise: np.ndarray, colour: str, size: float = 11
) -> None:
    """Draw one dot a participant, (sub,) each; noise is hollow and grey."""
    x, y = np.broadcast_to(x, noise.shape), np.broadcast_to(y, noise.shape)
    axes.scatter(x[~noise], y[~noise], s=size, color=colour, edgecolors="white", linewidths=0.3, zorder=4)
    axes.scatter(x[noise], y[noise], s=size, zorder=4, **NOISE)


def chance_line(axes: Axes, at: float = 0.5, *, vertical: bool = False, label: str | None = None) -> None:
    """Draw the dashed line of chance."""
    draw = axes.axvline if vertical else axes.axhline
    draw(at, color=style.INK, lw=0.7, ls=(0, (4, 3)), zorder=1, label=label)


def number(value: float, digits: int = 2, *, sign: bool = False) -> str:
    """Write a number that can't exceed 1 as journals do: .05, −.22; 1.0 stays."""
    text = f"{value:{'+' if sign else ''}.{digits}f}"
    text = text.removeprefix("-") if not float(text) else text
    return re.sub(r"^([−+]?)0\.", r"\1.", text.replace("-", "−"))


def p_value(p: float) -> str:
    """Write a p-value: .012, .62, < .001."""
    return "< .001" if p < 0.001 else number(p, 3 if p < 0.1 else 2)


def p_words(p: float) -> str:
    """Write p = .012 or p < .001."""
    said = p_value(p)
    return f"p {said}" if said.startswith("<") else f"p = {said}"


def short_ticks(*of: Axis) -> None:
    """Write the ticks of axes as .5 and −.5; 0 and 1 stay."""
    for axis in of:
        axis.set_major_formatter(FuncFormatter(lambda v, _: re.sub(r"^(−?)0\.", r"\1.", f"{v:.4g}".replace("-", "−"))))


def genre_edges(genres: Sequence[str]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Return where genres begin and end (n + 1,), their middles (n,), and their names, of sorted genres."""
    names, first, counts = np.unique(np.asarray(genres, str), return_index=True, return_counts=True)
    return np.append(first, len(genres)) - 0.5, first + counts / 2 - 0.5, names.tolist()


def plain(name: str) -> str:
    """Make a name fit to read: hip_hop -> hip hop."""
    return str(name).replace("_", " ")
