"""Search a gallery with what was decoded, and judge what is found beside an oracle and chance, fold by fold."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from heschl.science import classes, retrieval
from heschl.science.decoded import folds, standardise
from heschl.science.identification import correlate, id_acc

METHODS = ("retrieved", "oracle", "random")


class Query(NamedTuple):
    """What one listener's decoder says, clips sorted by genre and name; embeddings are means over windows."""

    path: Path
    sub: str
    clip: np.ndarray  # (clip,) names
    fold: np.ndarray  # (clip,) row of mean and scale
    number: np.ndarray  # (fold,) number in the splits
    feature: np.ndarray  # which features of the embedding are kept
    predicted: np.ndarray  # (clip, feature) in fold units
    mean: np.ndarray  # (fold, feature)
    scale: np.ndarray
    candidate: np.ndarray  # (candidate,) names
    candidate_fold: np.ndarray  # -1: of all folds
    targets: np.ndarray  # (candidate, feature) raw


class Found(NamedTuple):
    """Items found for each clip, by method (clip, rank), and judged; all rows as in the query."""

    index: dict[str, np.ndarray]
    cosine: np.ndarray
    id_acc: dict[str, np.ndarray]  # (clip,)
    agreement: dict[str, np.ndarray]  # (clip, group)
    excluded: np.ndarray  # (fold, kind) items: stimulus, track, near-duplicate


def retrieve(
    query: Query, items: xr.Dataset, roles: xr.Dataset, judges: dict, n_best: int, similarity: float, seed: int
) -> Found:
    """Search with every prediction and judge the first item of each list (at random the mean of all draws).

    Parameters
    ----------
    items : embedding (item, feature) raw in the decoded space, item, style, track
    roles : role (fold, clip) of one split, clip, track
    judges : place and tagged (name -> row), clips (row, feature) and items (item, feature) of the other space,
        classes (of clips, of items), each by group
    similarity : cosine in fold units from which an item is a copy of a tested clip

    Raises
    ------
    ValueError
        If a clip is unknown to a judge, spaces differ, or fewer than n_best items are left.
    """
    if items.sizes["feature"] <= query.feature.max():
        given = f"items of {items.sizes['feature']} features, predictions of feature {query.feature.max()}"
        raise ValueError(f"{given}; wanted one space")
    names = roles["clip"].values.astype(str)
    track = dict(zip(names.tolist(), roles["track"].values.astype(str).tolist(), strict=True))
    place = {name: i for i, name in enumerate(query.candidate.tolist())}
    if missing := sorted(set(query.candidate) - set(judges["place"]) | set(query.candidate) - set(judges["tagged"])):
        raise ValueError(f"the other model or the tagger never heard {missing[0]}")
    found = Found({m: np.zeros((len(query.clip), n_best), int) for m in METHODS}, np.zeros((len(query.clip), n_best)),
                  {m: np.zeros(len(query.clip)) for m in METHODS},
                  {m: np.zeros((len(query.clip), len(classes.GROUPS))) for m in METHODS},
                  np.zeros((len(query.mean), 3), int))  # fmt: skip
    for fold, rows in folds(query.fold):
        role = roles["role"].values[query.number[fold]]
        stands = np.flatnonzero((query.candidate_fold == fold) | (query.candidate_fold < 0))
        tested = np.union1d(names[role == 2], query.candidate[stands])
        mean, scale = query.mean[fold], query.scale[fold]
        space = standardise(items["embedding"].values[:, query.feature].astype(float), mean, scale)
        targets = standardise(query.targets, mean, scale)
        kind = (tested, np.array([track.get(name, "") for name in tested.tolist()]), targets[stands])
        item_names = (items["item"].values.astype(str), items["track"].values.astype(str), space)
        free, found.excluded[fold] = retrieval.outside(item_names, kind, similarity)
        kept = np.flatnonzero(free)
        nearest = {
            "retrieved": retrieval.nearest(query.predicted[rows], space[kept], n_best),
            "oracle": retrieval.nearest(targets[[place[c] for c in query.clip[rows]]], space[kept], n_best),
        }
        found.cosine[rows] = nearest["retrieved"][1]
        drawn = retrieval.draw(np.ones((len(rows), len(kept)), bool), n_best, seed + fold)
        for method in METHODS:
            found.index[method][rows] = kept[drawn if method == "random" else nearest[method][0]]
        _judge(found, query, rows, query.candidate[stands], names[role == 1], judges)
    return found


def _judge(found: Found, query: Query, rows: np.ndarray, stands: np.ndarray, trained: np.ndarray, judges: dict) -> None:
    """Fill in what one fold's items score: the first of each list, at random the mean of all."""
    training = judges["clips"][[judges["place"][name] for name in trained.tolist()]]
    mean, scale = training.mean(0), training.std(0)
    candidates = standardise(judges["clips"][[judges["place"][name] for name in stands.tolist()]], mean, scale)
    truth = np.array([stands.tolist().index(name) for name in query.clip[rows].tolist()])
    heard = [judges["tagged"][name] for name in query.clip[rows].tolist()]
    clip_classes, item_classes = judges["classes"]
    for method, index in found.index.items():
        ranks = index[rows].T if method == "random" else index[rows, :1].T
        values = [standardise(judges["items"][items], mean, scale) for items in ranks]
        found.id_acc[method][rows] = np.mean([id_acc(correlate(v, candidates), truth) for v in values], 0)
        for column, (group, n) in enumerate(classes.TOP_N.items()):
            alike = [classes.agreement(clip_classes[group][heard], item_classes[group][i], n) for i in ranks]
            found.agreement[method][rows, column] = np.mean(alike, 0)
