"""Splits that keep a group (all clips of a track) on one side."""

import numpy as np

from heschl.errors import HeschlError


def grouped_split(groups: np.ndarray, strata: np.ndarray, shares: dict[str, float], seed: int) -> dict[str, np.ndarray]:
    """Split samples into named parts and the rest, "train", so that no group is in two parts.

    Within each stratum (a style) the groups are shuffled and dealt out; every part gets at least one.

    Parameters
    ----------
    groups, strata : label of each sample, shape (sample,); a group belongs to the stratum of its first sample
    shares : share of each stratum's groups that goes to each part
    seed : of the shuffle

    Returns
    -------
    part name -> ascending indices of its samples

    Raises
    ------
    HeschlError
        If a stratum has too few groups for all parts.
    """
    groups, strata = np.asarray(groups), np.asarray(strata)
    names, first, member = np.unique(groups, return_index=True, return_inverse=True)
    part = np.full(len(names), "train", dtype=object)
    rng = np.random.default_rng(seed)
    for stratum in np.unique(strata[first]):
        order = rng.permutation(np.flatnonzero(strata[first] == stratum))
        _deal(part, order, shares, stratum)
    return {name: np.flatnonzero(part[member] == name) for name in ["train", *shares]}


def _deal(part: np.ndarray, order: np.ndarray, shares: dict[str, float], stratum: object) -> None:
    """Give the first groups of a shuffled stratum to the parts; the rest stay "train"."""
    counts = {name: max(1, round(share * len(order))) for name, share in shares.items()}
    if sum(counts.values()) >= len(order):
        given = f"{len(order)} tracks"
        wanted = f"wanted over {sum(counts.values())} to hold out {', '.join(shares)}"
        raise HeschlError(f"style {stratum}", given, wanted, "Add tracks or lower train: validation_fraction")
    start = 0
    for name, count in counts.items():
        part[order[start : start + count]] = name
        start += count
