"""Exact cosine search: the items of a gallery that lie nearest to what was decoded (science.md A3 Retrieval)."""

import numpy as np

BLOCK = 16_384  # items a block: 60 queries x 16,384 similarities are 4 MB


def nearest(
    query: np.ndarray, gallery: np.ndarray, n_best: int, allowed: np.ndarray | None = None, block: int = BLOCK
) -> tuple[np.ndarray, np.ndarray]:
    """Return the n_best nearest items of each query, best first: index (query, rank) and cosine (query, rank).

    Exact: every cosine is computed, in blocks of items, in float32, by torch if it is there, else numpy. A zero
    vector has cosine 0 with all. Ties: in the order of items, but which of those tied at the last rank stay
    is left to the search.

    Parameters
    ----------
    query : (query, feature)
    gallery : (item, feature)
    allowed : bool (query, item), or None for all

    Raises
    ------
    ValueError
        If the features differ, anything isn't finite, or a query has fewer than n_best items to choose from.
    """
    _check(query, gallery, n_best, allowed)
    unit, best = unit_rows(query), _best()
    indices, cosines = [], []
    for start in range(0, len(gallery), block):
        cosine = unit @ unit_rows(gallery[start : start + block]).T
        if allowed is not None:
            cosine = np.where(allowed[:, start : start + block], cosine, -np.inf)
        index = best(cosine, min(n_best, cosine.shape[1]))
        indices.append(index + start)
        cosines.append(np.take_along_axis(cosine, index, 1))
    index, cosine = np.concatenate(indices, 1), np.concatenate(cosines, 1)
    order = np.lexsort((index, -cosine), axis=1)[:, :n_best]
    return np.take_along_axis(index, order, 1), np.take_along_axis(cosine, order, 1)


def unit_rows(rows: np.ndarray) -> np.ndarray:
    """Scale rows (row, feature) to length 1, float32; zero rows stay zero."""
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(length > 0, length, 1)).astype(np.float32)


def cosine(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Cosine of each pair of rows, (row, other)."""
    return unit_rows(first) @ unit_rows(second).T


def draw(allowed: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Draw n allowed items at random for each query, (query, n), without repeats."""
    keys = np.random.default_rng([seed, 0]).random(allowed.shape)
    return np.argsort(np.where(allowed, keys, 2.0), axis=1)[:, :n]


def _check(query: np.ndarray, gallery: np.ndarray, n_best: int, allowed: np.ndarray | None) -> None:
    if query.shape[1] != gallery.shape[1]:
        raise ValueError(f"queries of {query.shape[1]} features, items of {gallery.shape[1]}; wanted one space")
    if not (np.isfinite(query).all() and np.isfinite(gallery).all()):
        raise ValueError("a query or an item holds NaN or infinity; wanted finite embeddings")
    fewest = len(gallery) if allowed is None or not len(query) else int(allowed.sum(1).min())
    if fewest < n_best:
        raise ValueError(f"{fewest} items to choose from; wanted {n_best} at least")


def _best():
    """Return the function (similarity, k) -> index of the k largest of each row, in any order."""
    try:
        import torch
    except ImportError:
        return lambda values, k: np.argpartition(-values, k - 1, axis=1)[:, :k]
    return lambda values, k: torch.from_numpy(values).topk(k, dim=1, sorted=False).indices.numpy()


def outside(
    items: tuple[np.ndarray, np.ndarray, np.ndarray],
    tested: tuple[np.ndarray, np.ndarray, np.ndarray],
    similarity: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Tell which items of a gallery stand outside the tested stimuli.

    Parameters
    ----------
    items, tested : names (row,), tracks (row,), "" if unknown, and embeddings (row, feature) of the same space
    similarity : items whose cosine with a tested stimulus is this or more are taken for copies of it

    Returns
    -------
    outside (item,) bool, and counts (kind,) of items left out: tested themselves, of a tested track, too near
    """
    same = np.isin(items[0], tested[0])
    track = np.isin(items[1], tested[1][tested[1] != ""]) & ~same
    near = (cosine(items[2], tested[2]) >= similarity).any(1) & ~same & ~track
    return ~(same | track | near), np.array([same.sum(), track.sum(), near.sum()])
