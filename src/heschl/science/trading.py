"""What chance gives when clips trade places: truths inside their genre, or which clip was heard before.

Only items of one group trade, so a group's items must stand against the same candidates. Nulls (permutation,) are
means over items, for bootstrap.permutation_p. identification.permute_truth trades truths of whole blocks.
"""

import numpy as np

from heschl.science.identification import id_acc_matrix, same_genre_only

TRIES = 200  # draws of an order of previous clips before the one heard is kept: about 1 in 3 is allowed


def groups(*labels: np.ndarray) -> np.ndarray:
    """Return the number (item,) of each combination of labels, (item,) each: 0, 1 ... in sorted order."""
    numbers = np.stack([np.unique(label, return_inverse=True)[1] for label in labels], 1)
    return np.unique(numbers, axis=0, return_inverse=True)[1].reshape(-1)


def shuffled(group: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return (n, item): the item whose place each item takes, at random inside its group (item,) of groups()."""
    order = np.empty((n, len(group)), int)
    order[:, np.argsort(group, kind="stable")] = np.argsort(group + rng.random((n, len(group))), 1)
    return order


def within_genre_null(
    similarity: np.ndarray,
    truth: np.ndarray,
    genre: np.ndarray,
    candidate_genre: np.ndarray,
    block: np.ndarray,
    n: int,
    seed: int,
) -> np.ndarray:
    """Mean within-genre id-acc (permutation,) when truths trade among clips of one genre and block.

    It keeps the genre, so a decoder of nothing but the genre scores the same in every permutation. Clips without
    another candidate of their genre are left out; one that has candidates but nobody to trade with keeps its score.
    NaN if no two clips trade.
    """
    matrix, rows = id_acc_matrix(same_genre_only(similarity, genre, candidate_genre)), np.arange(len(truth))
    rows = rows[np.isfinite(matrix[rows, truth])]
    group = groups(genre[rows], block[rows]) if len(rows) else rows
    if not _trades(group):
        return np.full(n, np.nan)
    return matrix[rows, truth[rows][shuffled(group, n, np.random.default_rng([seed, 0, 1]))]].mean(1)


def previous_null(matrix: np.ndarray, previous: np.ndarray, block: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Mean previous-clip score (permutation,) when items of a block trade the clips that were heard before them.

    Every clip stays the previous one of as many items as it was, so that one which all predictions resemble raises
    the score and its chance alike. Orders that make a clip its own previous one, or have no score, are drawn anew,
    block by block; after TRIES draws a block keeps the order heard, which can only raise p. Items without a score
    are left out. NaN if no two items trade.

    Parameters
    ----------
    matrix : (item, candidate) of identification.previous_matrix
    previous : (item,) index of the candidate heard before, -1 for none
    block : (item,)
    """
    rows = np.flatnonzero((previous >= 0) & np.isfinite(matrix[np.arange(len(previous)), previous]))
    before, group = previous[rows], groups(block[rows]) if len(rows) else rows
    if not _trades(group):
        return np.full(n, np.nan)
    member = (group[:, None] == np.arange(group.max() + 1)).astype(float)
    drawn, waits = np.tile(before, (n, 1)), np.ones((n, member.shape[1]), bool)
    rng = np.random.default_rng([seed, 0, 2])
    for _ in range(TRIES):
        left = np.flatnonzero(waits.any(1))
        tried = before[shuffled(group, len(left), rng)]
        good = waits[left] & (~np.isfinite(matrix[rows, tried]) @ member == 0)
        drawn[left] = np.where(good[:, group], tried, drawn[left])
        waits[left] &= ~good
    return matrix[rows, drawn].mean(1)


def _trades(group: np.ndarray) -> bool:
    return len(group) > 0 and bool(np.bincount(group).max() > 1)
