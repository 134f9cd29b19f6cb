"""What figures of style classification share: the published numbers, and scores by split, seeds taken together."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import style
from heschl.science.bootstrap import grouped_interval

# Geng, Table 1, and the accuracy in his text (science.md A2).
PUBLISHED_LOSS = (
    0.621, 0.190, 0.101, 0.0638, 0.0487, 0.0415, 0.0325, 0.0256, 0.0246, 0.0192,
    0.0154, 0.0135, 0.0116, 0.00958, 0.00894, 0.00872, 0.00695, 0.00729, 0.00587, 0.00554,
)  # fmt: skip
PUBLISHED_SECONDS = 11.39  # mean of an epoch on a TITAN X
PUBLISHED_RIGHT, PUBLISHED_TESTED = 388, 480
PUBLISHED_ACCURACY = PUBLISHED_RIGHT / PUBLISHED_TESTED
SPLITS = {
    "track_grouped": "whole tracks held out", "contiguous": "a stretch held out (as published)",
    "permuted": "shuffled styles (canary)",
}  # fmt: skip
COLOURS = {"track_grouped": style.BLUE, "contiguous": style.ORANGE, "permuted": style.GREY}
N_BOOTSTRAPS = 10_000


class Pooled(NamedTuple):
    """Scores of one split: right (clip,) is the share of seeds that were right, NaN where a clip was never tested.

    interval : (low, high), 95 %, whole tracks drawn
    leaks : test clips whose track is in training as well
    """

    split: str
    accuracy: float
    interval: tuple[float, float]
    right: np.ndarray
    track: np.ndarray
    style: np.ndarray
    leaks: int
    n_seeds: int
    n_styles: int
    front_end: str


def opened(paths: Sequence[Path]) -> list[xr.Dataset]:
    """Read scores of tell, one store a split and seed, by split (whole tracks first) and seed.

    Raises
    ------
    HeschlError
        If there is none, one lacks its arrays, a split and seed come twice, or front ends differ.
    """
    if not paths:
        raise HeschlError("draw", "no scores given", "wanted one store of tell a split and seed", "Run tell_styles")
    found = {Path(path): store.read(path).load() for path in paths}
    seen: dict[tuple[str, int], Path] = {}
    for path, one in found.items():
        if missing := [n for n in ("right", "loss", "seconds") if n not in one]:
            raise HeschlError(path, f"no {missing[0]}", "wanted scores of tell", "Run the rule tell_styles")
        key = (str(one.attrs["split"]), int(one.attrs["seed"]))
        if key in seen:
            raise HeschlError(path, f"split {key[0]} and seed {key[1]} again", f"it is that of {seen[key]}")
        seen[key] = path
    fronts = {str(one.attrs["front_end"]): path for path, one in found.items()}
    if len(fronts) > 1:
        where, names = list(fronts.values())[-1], " and ".join(sorted(fronts))
        raise HeschlError(where, f"front ends {names} together", "wanted scores of one")
    return ordered(found.values())


def ordered(stores: Iterable[xr.Dataset]) -> list[xr.Dataset]:
    """Sort scores by split, whole tracks first, and seed."""
    rank = {name: k for k, name in enumerate(SPLITS)}
    names = [(str(one.attrs["split"]), int(one.attrs["seed"]), one) for one in stores]
    return [one for *_, one in sorted(names, key=lambda n: (rank.get(n[0], len(rank)), n[0], n[1]))]


def by_split(stores: Sequence[xr.Dataset]) -> dict[str, list[xr.Dataset]]:
    """Group opened scores by split."""
    names = dict.fromkeys(str(one.attrs["split"]) for one in stores)
    return {name: [one for one in stores if one.attrs["split"] == name] for name in names}


def pooled(stores: Sequence[xr.Dataset]) -> list[Pooled]:
    """Take the seeds of each split together."""
    return [_pool(split, members) for split, members in by_split(stores).items()]


def _pool(split: str, stores: list[xr.Dataset]) -> Pooled:
    first = stores[0]
    track, styles = first["track"].values.astype(str), first["style"].values.astype(str)
    for one in stores[1:]:
        if not np.array_equal(one["track"].values.astype(str), track):
            raise HeschlError(f"scores, split {split}", "seeds of other clips", "wanted the same clips in all seeds")
    right = np.mean([one["right"].values.astype(float) for one in stores], 0)
    known = np.isfinite(right)
    low, high = grouped_interval(right[known], track[known], N_BOOTSTRAPS, 0)
    leaks = max(int(one.attrs["leaks"]) for one in stores)
    n_styles, front = len(first.attrs["styles"]), str(first.attrs["front_end"])
    accuracy = float(right[known].mean())
    return Pooled(split, accuracy, (low, high), right, track, styles, leaks, len(stores), n_styles, front)


def words(split: str) -> str:
    """Name a split for readers."""
    return SPLITS.get(split, split.replace("_", " "))


def colour(split: str) -> str:
    """Return the colour of a split."""
    return COLOURS.get(split, style.GREEN)
