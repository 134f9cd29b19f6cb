"""Stores of encoding as figures need them: listeners in order, noise apart, values of all in one grid."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import brain, style


class Listener(NamedTuple):
    """One subject's store; name says whether it is pure noise; colour is the subject's own."""

    label: str
    is_noise: bool
    found: xr.Dataset
    name: str
    colour: str


def listeners(paths: list[Path], noise_subjects: list[str], what: str = "encoding") -> list[Listener]:
    """Read one store per subject, sorted by label.

    Raises
    ------
    HeschlError
        If there is none, a subject comes twice, or all are noise.
    """
    stores = sorted(((str(s.attrs["subject"]), s) for s in (store.read(p).load() for p in paths)), key=lambda x: x[0])
    labels = [label for label, _ in stores]
    if repeated := sorted({s for s in labels if labels.count(s) > 1}):
        raise HeschlError(what, f"two stores of sub-{repeated[0]}", "wanted one per subject", "Give one model's stores")
    heard = [s for s in labels if s not in noise_subjects]
    if not heard:
        given = f"only noise (sub-{', sub-'.join(labels)})" if labels else "no store"
        raise HeschlError(what, given, "wanted one of each subject, and one who hears", "Name participants")
    return [_listener(label, found, label in noise_subjects, heard) for label, found in stores]


def _listener(label: str, found: xr.Dataset, is_noise: bool, heard: list[str]) -> Listener:
    colour = style.GREY if is_noise else style.CYCLE[heard.index(label) % len(style.CYCLE)]
    return Listener(label, is_noise, found, f"{label} (noise)" if is_noise else label, colour)


def who_hear(everyone: Sequence[Listener]) -> list[Listener]:
    """Return those who aren't noise: the group."""
    return [one for one in everyone if not one.is_noise]


def pairs(first: list[Path], second: list[Path], noise_subjects: list[str]) -> list[tuple[Listener, np.ndarray]]:
    """Return each subject, with r (2, voxel) of the default layers of two models in voxels that both have.

    The subject's store is cut to those voxels, in the order of the first; its q_fdr is the smaller of the two models'.

    Raises
    ------
    HeschlError
        As `listeners`, or if subjects or grids differ.
    """
    a, b = listeners(first, noise_subjects, "first"), listeners(second, noise_subjects, "second")
    if missing := sorted({one.label for one in a} ^ {one.label for one in b}):
        given = f"sub-{missing[0]} has only one of the two models"
        raise HeschlError("encoding", given, "wanted both of everyone", "Encode it with both")
    out = []
    for x, y in zip(a, b, strict=True):
        common_grid([x, y])
        flat = [_flat(one.found) for one in (x, y)]
        _, at, other = np.intersect1d(*flat, assume_unique=True, return_indices=True)
        q = np.fmin(x.found["q_fdr"].values[at], y.found["q_fdr"].values[other])
        cut = x.found.isel(voxel=at).assign(q_fdr=("voxel", q))
        out.append((x._replace(found=cut), np.stack([r(x.found)[at], r(y.found)[other]])))
    return out


def _flat(found: xr.Dataset) -> np.ndarray:
    ijk, _, shape = brain.grid_of(found)
    return np.ravel_multi_index(tuple(ijk.T), shape)


def r(found: xr.Dataset) -> np.ndarray:
    """Return the test r (voxel,) of a store's default layer."""
    return found["r"].sel(layer=found.attrs["layer"]).values.astype(float)


def common_grid(everyone: Sequence[Listener]) -> tuple[np.ndarray, tuple[int, int, int]]:
    """Return the affine and shape that all subjects share; HeschlError names the first who differs."""
    _, affine, shape = brain.grid_of(everyone[0].found)
    for one in everyone[1:]:
        _, other, size = brain.grid_of(one.found)
        if tuple(size) != tuple(shape) or not np.allclose(other, affine, atol=1e-3):
            given = f"sub-{one.label} lies in another grid than sub-{everyone[0].label}"
            raise HeschlError("encoding", given, "wanted one space for all", "Give all the same template and voxel_mm")
    return affine, tuple(int(n) for n in shape)


def stacked(everyone: Sequence[Listener], values: Sequence[np.ndarray]) -> np.ndarray:
    """Put values (voxel,) of each subject in the shared grid: (subject, x, y, z), NaN where a subject has none."""
    _, shape = common_grid(everyone)
    grids = [
        brain.volume(np.asarray(v, float), brain.grid_of(s.found)[0], shape)
        for s, v in zip(everyone, values, strict=True)
    ]
    return np.stack(grids)


def over_listeners(grids: np.ndarray, *, fisher: bool = False) -> np.ndarray:
    """Average (subject, x, y, z) where at least half of the subjects have a value, NaN elsewhere.

    With fisher, values are correlations: the mean is of Fisher's z.
    """
    z = np.arctanh(np.clip(grids, -0.999999, 0.999999)) if fisher else grids
    n = np.isfinite(z).sum(0)
    mean = np.nansum(z, axis=0) / np.maximum(n, 1)
    return np.where(2 * n >= len(grids), np.tanh(mean) if fisher else mean, np.nan)


def half_say(grids: np.ndarray) -> np.ndarray:
    """Say where (x, y, z) at least half of the subjects' grids (subject, x, y, z) are 1; never where none is."""
    n = (grids == 1).sum(0)
    return (2 * n >= len(grids)) & (n > 0)


def dots(
    axes, x: float, everyone: Sequence[Listener], values: Sequence[float], width: float = 0.3, ink: str = ""
) -> None:
    """Draw one dot per subject beside x, in the subject's colour or in ink; hollow and grey for noise."""
    places = x + (np.linspace(-width / 2, width / 2, len(everyone)) if len(everyone) > 1 else np.zeros(1))
    for at, one, value in zip(places, everyone, values, strict=True):
        colour = one.colour if one.is_noise or not ink else ink
        face = "white" if one.is_noise else colour
        axes.scatter(at, value, s=14, facecolors=face, edgecolors=colour, linewidths=0.8, zorder=4)


def legend_dots(everyone: Sequence[Listener]) -> list:
    """Return a legend entry per subject, as `dots` draws them."""
    from matplotlib.lines import Line2D

    how = {"ls": "", "marker": "o", "ms": 3.8, "mew": 0.8}
    faces = ["white" if s.is_noise else s.colour for s in everyone]
    return [Line2D([], [], mec=s.colour, mfc=f, label=s.name, **how) for s, f in zip(everyone, faces, strict=True)]
