"""Choose clips for the scanner by their tags: cleaned, clustered, and picked to differ (science.md A1, fMRI stimuli).

Thielen took 144 clips of Magtag5k: 16 clusters by complete linkage, then nine passes, each taking from every cluster
the clip that correlates least with those taken already. The first pass is the test set, the others are training.
Distances are 1 - Pearson's r between two clips' tags.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.cluster.hierarchy import linkage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial.distance import squareform

NEGATIONS = ("no ", "not ")
DECIMALS, MEAN_DECIMALS = 12, 9  # what is equal but for rounding is a tie on any machine, and goes to the earlier clip
MEDOIDS = ("first", "every")


class Selection(NamedTuple):
    """Clips chosen.

    cluster : (clip,) int64, the cluster of every candidate; 0 is the largest
    pick : (pass, cluster) int64, rows of the candidates
    correlation : (pass, cluster), mean r of a pick with those taken before it; NaN for the very first
    """

    cluster: np.ndarray
    pick: np.ndarray
    correlation: np.ndarray


def merge_synonyms(
    present: np.ndarray, tags: Sequence[str], synonyms: Mapping[str, Sequence[str]]
) -> tuple[np.ndarray, list[str]]:
    """Join tags that mean the same: a clip has the joint tag if it has any of them.

    Parameters
    ----------
    present : (clip, tag) bool
    tags : their names
    synonyms : name kept -> names that go; those that aren't among the tags don't matter

    Returns
    -------
    present (clip, fewer tags), names in the order of `tags`

    Raises
    ------
    ValueError
        If a name is in two groups.
    """
    kept = {}
    for name, others in synonyms.items():
        for other in (name, *others):
            if kept.setdefault(other, name) != name:
                raise ValueError(f"tag {other!r} is a synonym of {kept[other]!r} and of {name!r}")
    joint = [kept.get(tag, tag) for tag in tags]
    names = list(dict.fromkeys(joint))
    member = np.array(joint)[:, None] == np.array(names)
    return (np.asarray(present, int) @ member) > 0, names


def contradictory(present: np.ndarray, tags: Sequence[str]) -> np.ndarray:
    """Tell which clips have both a tag and its negation, "no X" or "not X": (clip,) bool."""
    place = {tag: i for i, tag in enumerate(tags)}
    found = np.zeros(len(present), bool)
    for tag, i in place.items():
        for word in NEGATIONS:
            other = place.get(tag.removeprefix(word)) if tag.startswith(word) else None
            if other is not None:
                found |= present[:, i] & present[:, other]
    return found


def one_per_song(song: np.ndarray, start_s: np.ndarray, n_tags: np.ndarray) -> np.ndarray:
    """Return the row of one clip of each song, ascending: the one with most tags, and of these the earliest.

    All are (clip,); tags are what clips are compared by, so the best described one stands for its song.
    """
    order = np.lexsort((start_s, -np.asarray(n_tags)))
    _, first = np.unique(np.asarray(song)[order], return_index=True)
    return np.sort(order[first])


def correlations(present: np.ndarray) -> np.ndarray:
    """Pearson's r between the tags of every two clips: (clip, clip), rounded to 12 decimals.

    Raises
    ------
    ValueError
        If a clip has no tag, or all: it has no correlation.
    """
    deviation = np.asarray(present, float)
    deviation = deviation - deviation.mean(1, keepdims=True)
    length = np.sqrt(np.square(deviation).sum(1, keepdims=True))
    if not length.all():
        raise ValueError(f"clip {int(np.argmin(length))} has no tag or all tags; wanted some, to compare it by")
    r = np.round((deviation / length) @ (deviation / length).T, DECIMALS)
    return np.clip(np.maximum(r, r.T), -1, 1)


def clusters(r: np.ndarray, n_clusters: int) -> np.ndarray:
    """Cut the tree of complete linkage on 1 - r where it has n_clusters: labels (clip,), the largest cluster is 0.

    Equally large ones are in the order of their first clip. Ties of distance are no obstacle, as they would be to a
    cut at a height: the last n_clusters - 1 joins are undone, however high they are.

    Raises
    ------
    ValueError
        If there are fewer clips than clusters.
    """
    n = len(r)
    if not 1 <= n_clusters <= n:
        raise ValueError(f"{n_clusters} clusters of {n} clips; wanted 1 to {n}")
    label = np.zeros(n, np.int64)
    if n > 1:
        distance = np.round(1 - r, DECIMALS)
        np.fill_diagonal(distance, 0)
        joins = linkage(squareform(distance, checks=False), "complete")[: n - n_clusters, :2].astype(int)
        node = np.repeat(n + np.arange(len(joins)), 2)
        links = coo_array((np.ones(2 * len(joins)), (node, joins.ravel())), (2 * n, 2 * n))
        label = connected_components(links, directed=False)[1][:n]
    _, first, member, size = np.unique(label, return_index=True, return_inverse=True, return_counts=True)
    rank = np.empty(len(size), np.int64)
    rank[np.lexsort((first, -size))] = np.arange(len(size))
    return rank[member]


def medoid(r: np.ndarray, members: np.ndarray) -> int:
    """Return the member (row) with the highest mean correlation to its cluster; of equals the earliest."""
    return int(members[np.round(r[np.ix_(members, members)].mean(1), MEAN_DECIMALS).argmax()])


def select(present: np.ndarray, n_clusters: int = 16, n_passes: int = 9, medoids: str = "first") -> Selection:
    """Choose n_passes clips of every cluster.

    Each pass visits the clusters from the largest to the smallest, and takes from each the clip with the smallest mean
    correlation to all those taken already; of equals the earliest.

    Parameters
    ----------
    present : (clip, tag) bool, cleaned
    medoids : first: only the very first pick, before which nothing is taken, is the medoid of its cluster;
        every: the whole first pass is

    Raises
    ------
    ValueError
        If a cluster is smaller than n_passes, or a clip has no tag.
    """
    if medoids not in MEDOIDS:
        raise ValueError(f"medoids {medoids!r}; wanted one of {', '.join(MEDOIDS)}")
    r = correlations(present)
    cluster = clusters(r, n_clusters)
    smallest = np.bincount(cluster).min()
    if smallest < n_passes:
        raise ValueError(f"the smallest of {n_clusters} clusters has {smallest} clips; wanted {n_passes}, one a pass")
    pick, mean = (np.full((n_passes, n_clusters), fill) for fill in (-1, np.nan))
    total, free = np.zeros(len(r)), np.ones(len(r), bool)
    for taken, (one, k) in enumerate(np.ndindex(pick.shape)):
        members = np.flatnonzero((cluster == k) & free)
        central = one == 0 and (medoids == "every" or taken == 0)
        to_taken = np.round(total[members] / max(taken, 1), MEAN_DECIMALS)
        pick[one, k] = best = medoid(r, members) if central else members[to_taken.argmin()]
        mean[one, k] = total[best] / taken if taken else np.nan
        total, free[best] = total + r[best], False
    return Selection(cluster, pick, mean)
