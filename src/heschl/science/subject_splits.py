"""Which samples teach, choose and test when subjects are told apart: as published, and splits that don't leak.

A sample is one subject's series at one place (a voxel, or a component in an epoch). Neighbouring voxels are near
copies in a beamformer's image, so voxels drawn at random leak from training to test (science.md A0, trap i).
"""

from typing import NamedTuple

import numpy as np

from heschl.science import head_clusters

UNUSED, TRAIN, VALIDATION, TEST = 0, 1, 2, 3
FULL = ("published", "spatial_block", "run", "half", "noise", "permuted")
CLUSTERS = ("published", "run")
COMPONENTS = ("published", "epoch_block")
PARTS = {
    "published": ("all", "all", "all"),
    "spatial_block": ("all", "all", "all"),
    "run": ("run_1", "run_2", "run_1"),
    "half": ("half_1", "half_2", "half_1"),
    "noise": ("half_1", "half_2", "half_1"),
    "permuted": ("all", "all", "all"),
}
UNITS = ("location", "sample")
SHARES = (0.6, 0.2)  # of a cluster's voxels to training and validation: 15 and 5 of 25
BLOCK_SHARE = 8  # a held-out block is at most one of so many parts of the head: its guard takes as much again
SCORED_SHARE = 0.48  # of a cluster's voxels in the other sessions: 12 of 25


class Split(NamedTuple):
    """Roles of samples.

    role : (subject, place), UNUSED, TRAIN, VALIDATION or TEST, in the training session
    scored : bool (subject, place), in the other sessions
    parts : part of the recording that teaches and chooses, that tests, and that is scored in other sessions
    """

    name: str
    role: np.ndarray
    scored: np.ndarray
    parts: tuple[str, str, str]


def full(
    name: str,
    position_mm: np.ndarray,
    n_subjects: int,
    *,
    n_validation: int,
    n_test: int,
    unit: str = "location",
    guard_mm: float = 0.0,
    seed: int = 0,
) -> Split:
    """Split the voxels of a head (Roman, 4.1).

    "spatial_block" holds out two contiguous blocks, each of an eighth of the head at most. The others draw the same
    voxels; "published" and "permuted" score other sessions at n_test voxels drawn from all, the others at the test
    voxels only. "run" and "half" test another part of the recording than they learn from.

    Parameters
    ----------
    position_mm : array of shape (voxel, 3)
    n_validation, n_test : places, each with a sample of every subject (or that many samples per subject on average)
    unit : "location": a place has one role in all subjects; "sample": each subject's has its own
    guard_mm : of "spatial_block": places this near to a held-out block are left out of training

    Raises
    ------
    ValueError
        If the split or unit is unknown, or no place is left to learn from.
    """
    if name not in FULL or unit not in UNITS:
        raise ValueError(f"split {name!r} by {unit!r}; wanted one of {', '.join(FULL)} by {' or '.join(UNITS)}")
    n = len(position_mm)
    if min(n_validation, n_test) < 1 or n_validation + n_test >= n:
        raise ValueError(f"{n} voxels, {n_validation} to choose and {n_test} to test; wanted some left to learn from")
    if name == "spatial_block":
        role = _blocks(position_mm, n_validation, n_test, guard_mm, seed)
    else:
        role = _random((n_subjects, n) if unit == "sample" else (1, n), n_validation, n_test, seed)
    role = np.broadcast_to(role, (n_subjects, n))
    scored = role == TEST
    if name in ("published", "permuted"):
        drawn = np.random.default_rng([seed, 1]).permutation(n)[:n_test]
        scored = np.broadcast_to(np.isin(np.arange(n), drawn), role.shape)
    return Split(name, role, scored, PARTS[name])


def cluster(name: str, member: np.ndarray, n_voxels: int, n_subjects: int, seed: int = 0) -> Split:
    """Split the voxels `member` (size,) of one cluster: 15/5/5 of 25, other sessions at 12 of 25 (Roman, 4.2).

    "run" scores other sessions at the test voxels, in another run than the training session's test.

    Raises
    ------
    ValueError
        If the split is unknown or the cluster has fewer than 3 voxels.
    """
    if name not in CLUSTERS or len(member) < 3:
        raise ValueError(f"split {name!r} of {len(member)} voxels; wanted one of {', '.join(CLUSTERS)} of 3 or more")
    size, shuffled = len(member), np.random.default_rng([seed, 0, *member[:1]]).permutation(member)
    n_validation = n_test = max(1, round(SHARES[1] * size))
    role = np.zeros(n_voxels, np.int8)
    role[shuffled[:n_validation]], role[shuffled[n_validation : n_validation + n_test]] = VALIDATION, TEST
    role[shuffled[n_validation + n_test :]] = TRAIN
    scored = role == TEST
    if name == "published":
        drawn = np.random.default_rng([seed, 1, *member[:1]]).permutation(member)[: max(1, round(SCORED_SHARE * size))]
        scored = np.isin(np.arange(n_voxels), drawn)
    shape = (n_subjects, n_voxels)
    return Split(name, np.broadcast_to(role, shape), np.broadcast_to(scored, shape), PARTS[name])


def components(name: str, runs: list[np.ndarray], n_components: int, seed: int = 0) -> Split:
    """Split samples of (epoch, component), flattened in this order: 2/3, 1/6, 1/6 (Roman, 4.3).

    "published" draws them at random, the same of all subjects. "epoch_block" keeps epochs together: the last run is the
    test, the last fifth of the others chooses; a single run is cut at 2/3 and 5/6.

    Parameters
    ----------
    runs : run of each epoch, (epoch,), one array per subject, all of the same length

    Raises
    ------
    ValueError
        If the split is unknown or there are fewer than 3 epochs.
    """
    n_epochs = min(map(len, runs))
    if name not in COMPONENTS or n_epochs < 3:
        raise ValueError(f"split {name!r} of {n_epochs} epochs; wanted one of {', '.join(COMPONENTS)} of 3 or more")
    n = n_epochs * n_components
    if name == "published":
        held_out = max(1, round(n / 6))
        role = np.repeat(_random((1, n), held_out, held_out, seed), len(runs), 0)
    else:
        role = np.repeat(np.stack([_epoch_roles(run[:n_epochs]) for run in runs]), n_components, 1)
    return Split(name, role, np.ones(role.shape, bool), PARTS["published"])


def _random(shape: tuple[int, int], n_validation: int, n_test: int, seed: int) -> np.ndarray:
    """Deal places out at random; in more than one row, over all rows at once."""
    order = np.random.default_rng([seed, 0]).permutation(np.prod(shape))
    role = np.full(len(order), TRAIN, np.int8)
    ends = np.cumsum([n_validation * shape[0], n_test * shape[0]])
    role[order[: ends[0]]], role[order[ends[0] : ends[1]]] = VALIDATION, TEST
    return role.reshape(shape)


def _blocks(position_mm: np.ndarray, n_validation: int, n_test: int, guard_mm: float, seed: int) -> np.ndarray:
    """Hold out two balls of voxels that share none, the first around a random centre; guard both."""
    n_validation, n_test = (min(n, max(1, len(position_mm) // BLOCK_SHARE)) for n in (n_validation, n_test))
    rng, free = np.random.default_rng([seed, 3]), np.ones(len(position_mm), bool)
    role = np.full(len(position_mm), TRAIN, np.int8)
    for part, n in ((TEST, n_test), (VALIDATION, n_validation)):
        gap = np.linalg.norm(position_mm - position_mm[rng.choice(np.flatnonzero(free))], axis=1).round(6)
        role[np.argsort(np.where(free, gap, np.inf), kind="stable")[:n]] = part
        role[head_clusters.near(position_mm, role == part, guard_mm) & (role == TRAIN)] = UNUSED
        free = role == TRAIN
        if free.sum() < (n_validation if part == TEST else 1):
            raise ValueError(
                f"blocks of {n_test} and {n_validation} of {len(free)} voxels, guarded by {guard_mm:g} mm, leave "
                "nothing to learn from; wanted fewer held out, or a narrower guard"
            )
    return role[None]


def _epoch_roles(run: np.ndarray) -> np.ndarray:
    """Whole runs where there are two; else contiguous parts."""
    role, epoch = np.full(len(run), TRAIN, np.int8), np.arange(len(run))
    last = run == run[-1]
    if last.all():
        role[epoch >= len(run) * 2 // 3], role[epoch >= len(run) * 5 // 6] = VALIDATION, TEST
        return role
    taught = np.flatnonzero(~last)
    role[last], role[taught[max(1, len(taught) * 4 // 5) :]] = TEST, VALIDATION
    return role
