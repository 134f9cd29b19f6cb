"""Splits that keep a group (all clips of a track, of an artist) on one side.

A role is an array (fold, clip) of int8: 0 unused, 1 train, 2 test.
"""

import numpy as np

from heschl.errors import HeschlError

UNUSED, TRAIN, TEST = 0, 1, 2


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


def official(is_test: np.ndarray) -> np.ndarray:
    """Train on the training runs' clips, test on the test runs': role (1, clip); `is_test` is (clip,) bool."""
    return np.where(np.asarray(is_test, bool), TEST, TRAIN).astype(np.int8)[None]


def without(role: np.ndarray, left_out: np.ndarray) -> np.ndarray:
    """Leave clips (clip,) bool out of both sides of a role (fold, clip)."""
    return np.where(np.asarray(left_out, bool), UNUSED, role).astype(np.int8)


def leave_one_out(labels: np.ndarray, is_test: np.ndarray) -> np.ndarray:
    """One fold for each label (genre), by name: train on the others' training clips, test on its test clips.

    `labels` and `is_test` have shape (clip,); role (fold, clip). The label's training clips and the other labels'
    test clips are unused.
    """
    labels, is_test = np.asarray(labels), np.asarray(is_test, bool)
    own = labels == np.unique(labels)[:, None]
    return (TEST * (own & is_test) + TRAIN * (~own & ~is_test)).astype(np.int8)


def grouped_folds(groups: np.ndarray, strata: np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    """Test every clip once, its group never in training, strata (genres) spread as evenly as groups allow.

    Parameters
    ----------
    groups, strata : label of each clip, shape (clip,)
    n_folds : 2 or more
    seed : of the shuffle that breaks ties

    Returns
    -------
    role (fold, clip)

    Raises
    ------
    ValueError
        If there are fewer groups than folds, or a fold would test nothing.
    """
    count, largest = len(np.unique(groups)), np.bincount(np.unique(groups, return_inverse=True)[1]).max()
    if not 2 <= n_folds <= count:
        raise ValueError(
            f"{n_folds} folds of {count} groups, the largest of {largest} clips: wanted 2 to {count} folds"
        )
    test = _fold_of(groups, strata, n_folds, seed) == np.arange(n_folds)[:, None]
    return np.where(test, TEST, TRAIN).astype(np.int8)


def _fold_of(groups: np.ndarray, strata: np.ndarray, n_folds: int, seed: int) -> np.ndarray:
    """Deal groups out, the largest first, each to the fold that then departs least from its share of strata."""
    names, member = np.unique(groups, return_inverse=True)
    table = np.zeros((len(names), len(np.unique(strata))))
    np.add.at(table, (member, np.unique(strata, return_inverse=True)[1]), 1)
    shuffled = np.random.default_rng([seed, 0]).permutation(len(names))
    order = shuffled[np.argsort(-table[shuffled].sum(1), kind="stable")]
    held, fold = np.zeros((n_folds, table.shape[1])), np.empty(len(names), int)
    share = table.sum(0) / n_folds
    for left, group in zip(range(len(order), 0, -1), order, strict=True):
        empty = np.flatnonzero(held.sum(1) == 0)
        open_to = empty if len(empty) >= left else np.arange(n_folds)  # the last groups go where nothing is tested yet
        more = np.square(held[open_to] + table[group] - share).sum(1) - np.square(held[open_to] - share).sum(1)
        least = open_to[np.flatnonzero(np.isclose(more, more.min()))]
        fold[group] = least[held[least].sum(1).argmin()]
        held[fold[group]] += table[group]
    return fold[member]
