"""Identify: which clip did the listener hear, of all that it could have been? Every score with its chance.

One store holds all listeners and routes of one model and split. Noise listeners are scored like the others but
enter no mean over listeners.
"""

from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from heschl import store
from heschl.errors import HeschlError
from heschl.science import bootstrap, decoded, identification, identified_listeners, trading

ONE = {"units": "1"}
WAYS, KS = (2, 5, 10, 50), (1, 3, 5, 10)
BASELINES = ("mean_vector", "random", "genre_oracle")


class Decoder(NamedTuple):
    """One listener's predictions by one route, rows and candidates sorted by genre and clip."""

    path: Path
    sub: str
    route: str
    clip: np.ndarray  # (clip,) names, "name (2)" if a name comes again
    genre: np.ndarray
    run: np.ndarray
    predicted: np.ndarray  # (clip, window, feature) in fold units
    fold: np.ndarray
    mean: np.ndarray  # (fold, feature)
    scale: np.ndarray
    candidate: np.ndarray  # (candidate,) names
    candidate_genre: np.ndarray
    targets: np.ndarray  # (candidate, window, feature) raw
    stands: np.ndarray  # (clip, candidate)
    truth: np.ndarray  # (clip,)
    previous: np.ndarray  # (clip,) index of a candidate, -1 for none
    block: np.ndarray  # (clip,) truths trade places inside a block
    attrs: dict


def scores(
    *,
    predictions: list[Path],
    scores: Path,
    noise_subjects: list[str],
    n_permutations: int,
    n_bootstraps: int,
    as_published: bool,
    seed: int,
) -> None:
    """Score all listeners and routes of one model and split: see science/identification.py for every number.

    ci (route, bound) and p_listeners (route) are of the mean over listeners; p_pair (pair) compares two routes on
    identical clips. within_* are of the id-acc among clips of one genre; previous_reference is what other clips of the
    block score in place of the previous one. Folds have their own candidates unless predictions say candidates "test".

    Parameters
    ----------
    predictions : stores of decode, one per listener and route
    as_published : count >= and the clip itself in id_acc, and let a clip stand twice (defect 7)

    Raises
    ------
    HeschlError
        If stores are of several models or splits, a listener lacks a route, or a candidate stands twice.
    """
    decoders = [_decoder(path, as_published) for path in predictions]
    subs, routes = _refuse_unlike(decoders)
    table = {}
    for decoder in decoders:
        try:
            table[decoder.sub, decoder.route] = _score(decoder, n_permutations, as_published, seed)
        except ValueError as error:
            raise HeschlError(decoder.path, str(error), "no score", "Check the predictions") from error
    rows = _order(decoders, "clip", "genre")
    columns = _order(decoders, "candidate", "candidate_genre")
    whole = {at: one.reindex(clip=list(rows), candidate=list(columns)) for at, one in table.items()}
    found = xr.concat([xr.concat([whole[s, r] for r in routes], "route") for s in subs], "sub")
    noise = np.array([sub in noise_subjects for sub in subs])
    found = found.assign(_over_listeners(found, noise, routes, n_bootstraps, seed))
    found["baseline"] = ("name", _baselines(decoders[0], seed))
    found = found.assign_coords(
        sub=subs,
        route=routes,
        genre=("clip", list(rows.values())),
        candidate_genre=("candidate", list(columns.values())),
        name=list(BASELINES),
        bound=["low", "high"],
    )
    for values in found.data_vars.values():
        values.attrs = dict(ONE)
    store.write(scores, found.assign_attrs(_attrs(decoders, as_published, seed)))


def _decoder(path: Path, as_published: bool) -> Decoder:
    """Read one store of predictions; sort it, and say who stands against whom."""
    found = store.read(path).load()
    sub, route, among = (str(found.attrs[name]) for name in ("subject", "route", "candidates"))
    fold, candidate_fold = _fold(found, "clip"), _fold(found, "candidate", len(found["candidate"]))
    _refuse_twice(path, found["candidate"].values, candidate_fold, as_published)
    clip, candidate = _keys(found["clip"].values), _keys(found["candidate"].values)
    genre, candidate_genre = (found[name].values.astype(str) for name in ("genre", "candidate_genre"))
    rows, columns = np.lexsort((clip, genre)), np.lexsort((candidate, candidate_genre))
    place = {name: i for i, name in enumerate(candidate[columns])}
    if lost := [name for name in clip if name not in place]:
        raise HeschlError(path, f"clip {lost[0]} is no candidate", "wanted every test clip among the candidates")
    of_fold = fold[rows][:, None] == candidate_fold[columns]
    return Decoder(
        path, sub, route, clip[rows], genre[rows], found["test_run"].values.astype(str)[rows],
        found["predicted"].values[rows].astype(float), fold[rows], found["mean"].values, found["scale"].values,
        candidate[columns], candidate_genre[columns], found["candidate_target"].values[columns].astype(float),
        np.ones_like(of_fold) if among == "test" else of_fold, np.array([place[name] for name in clip[rows]]),
        np.array([place.get(str(name), -1) for name in found["previous"].values[rows]]),
        np.zeros(len(rows), int) if among == "test" else fold[rows], found.attrs | {"ceiling": found["ceiling"].item()},
    )  # fmt: skip


def _fold(found: xr.Dataset, dim: str, n: int = 0) -> np.ndarray:
    """Return the fold of each clip or candidate; 0 if the store knows of none."""
    names = ("clip_fold", "fold") if dim == "clip" else ("candidate_fold",)
    known = [found[name].values for name in names if name in found.coords and found[name].dims == (dim,)]
    return known[0].astype(int) if known else np.zeros(n or found.sizes[dim], int)


def _refuse_twice(path: Path, names: np.ndarray, fold: np.ndarray, as_published: bool) -> None:
    times = Counter(zip(names.tolist(), fold.tolist(), strict=True))
    twice = [name for (name, _), count in times.items() if count > 1]
    if twice and not as_published:
        given = f"{len(twice)} candidates stand more than once, {twice[0]} first"
        raise HeschlError(path, given, "wanted each clip once: a copy of the truth is no distractor", "Average repeats")


def _keys(names: np.ndarray) -> np.ndarray:
    """Tell copies of a name apart."""
    seen, keys = Counter(), []
    for name in map(str, names):
        seen[name] += 1
        keys.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return np.array(keys)


def _refuse_unlike(decoders: list[Decoder]) -> tuple[list[str], list[str]]:
    """Return the listeners and the routes, each in order; refuse stores that can't stand in one table."""
    for name in ("model", "split", "candidates"):
        if len(values := sorted({str(d.attrs[name]) for d in decoders})) > 1:
            where = ", ".join(str(d.path) for d in decoders)
            raise HeschlError(where, f"{name} {' and '.join(values)}", f"wanted one {name}", "Score them apart")
    subs, routes = sorted({d.sub for d in decoders}), sorted({d.route for d in decoders})
    times = Counter((d.sub, d.route) for d in decoders)
    if wrong := [(s, r) for s in subs for r in routes if times[s, r] != 1]:
        given = f"sub-{wrong[0][0]} has {times[wrong[0]]} stores of route {wrong[0][1]}"
        raise HeschlError("identify: predictions", given, "wanted one for each listener and route")
    return subs, routes


def _order(decoders: list[Decoder], names: str, genres: str) -> dict[str, str]:
    """Return all names of all stores and their genres, sorted by genre, then name."""
    pairs = {p for d in decoders for p in zip(getattr(d, names).tolist(), getattr(d, genres).tolist(), strict=True)}
    return {name: genre for name, genre in sorted(pairs, key=lambda pair: pair[::-1])}


def _score(d: Decoder, n_permutations: int, as_published: bool, seed: int) -> xr.Dataset:
    """Return every score of one listener and route."""
    mean_prediction, where = d.predicted.mean(1), (d.fold, d.mean, d.scale, d.stands)
    seen = decoded.similarity(mean_prediction, d.targets.mean(1), *where)
    exact, peers = identification.id_acc(seen, d.truth, as_published), (d.genre, d.candidate_genre)
    permuted = identification.permute_truth(d.truth, d.block, n_permutations, seed)
    null = identification.null(identification.id_acc_matrix(seen, as_published), permuted)
    names = sorted(set(d.candidate_genre.tolist()))
    arrays = {
        "id_acc": ("clip", exact),
        "id_acc_windows": _windows(d),
        "n_way": ("way", [_mean(identification.n_way(seen, d.truth, way)) for way in WAYS]),
        "top_k": ("k", [_mean(identification.top_k(seen, d.truth, k)) for k in KS]),
        "top_k_genre": ("k", [_mean(identification.top_k_genre(seen, *peers, k)) for k in KS]),
        "mrr": _mean(identification.reciprocal_rank(seen, d.truth)),
        "null": ("permutation", null),
        "p": bootstrap.permutation_p(_mean(exact), null),
        "ceiling": float(d.attrs["ceiling"]),
        "similarity": (("clip", "candidate"), seen.astype(np.float32)),
        "confusion": (("genre", "predicted_genre"), identification.confusion(seen, *peers, names)),
    }
    coords = {"clip": d.clip, "candidate": d.candidate, "way": list(WAYS), "k": list(KS), "predicted_genre": names}
    return xr.Dataset(arrays | _confounds(d, seen, mean_prediction, n_permutations, seed), coords)


def _confounds(d: Decoder, seen: np.ndarray, predicted: np.ndarray, n: int, seed: int) -> dict:
    """Return what is left within a genre, of the clip heard before, and without the mean of each fold's run."""
    peers, where = (d.genre, d.candidate_genre), (d.fold, d.mean, d.scale, d.stands)
    within = identification.id_acc(identification.same_genre_only(seen, *peers), d.truth)
    null = trading.within_genre_null(seen, d.truth, *peers, d.block, n, seed)
    before = _mean(identification.previous_clip(seen, d.truth, d.previous, *peers))
    carried = identification.previous_matrix(seen, d.truth, *peers)
    reference = trading.previous_null(carried, d.previous, d.block, n, seed)
    whole, of_genre = decoded.run_removed(predicted, d.targets.mean(1), *where, d.truth, d.run, *peers)
    return {
        "within_genre": ("clip", within),
        "within_null": ("permutation", null),
        "within_p": bootstrap.permutation_p(_mean(within), null),
        "previous": before,
        "previous_reference": _mean(reference),
        "previous_p": bootstrap.permutation_p(before, reference),
        "run_removed": _mean(whole),
        "run_removed_within": _mean(of_genre),
    }


def _mean(values: np.ndarray) -> float:
    """Mean over the clips that have a value; NaN if none has."""
    return float(np.nanmean(values)) if np.isfinite(values).any() else float("nan")


def _windows(d: Decoder) -> float:
    targets = d.targets if d.predicted.shape[1] > 1 else d.targets.mean(1, keepdims=True)
    return decoded.id_acc_windows(d.predicted, targets, d.fold, d.mean, d.scale, d.stands, d.truth)


def _over_listeners(found: xr.Dataset, noise: np.ndarray, routes: list[str], n: int, seed: int) -> dict:
    """Return intervals, tests between routes, and tests of the mean over listeners."""
    listeners, pairs = found["id_acc"].values[~noise], list(combinations(range(len(routes)), 2))
    arrays: dict = {"is_noise": ("sub", noise)}
    for name, short in (("id_acc", ""), ("within_genre", "within_")):
        values, null = found[name].values, found[f"{short}null"].values
        group, each = identified_listeners.intervals(values, noise, n, seed)
        arrays |= {f"{short}ci": (("route", "bound"), group), f"{short}ci_sub": (("sub", "route", "bound"), each)}
        arrays[f"{short}p_listeners"] = ("route", identified_listeners.p_listeners(values, null, noise))
    tests = [bootstrap.paired_p(listeners[:, a], listeners[:, b], n, seed) for a, b in pairs]
    arrays["p_pair"] = ("pair", np.array(tests))
    if pairs:
        arrays["pair"] = ("pair", [f"{routes[a]} - {routes[b]}" for a, b in pairs])
    return arrays


def _baselines(d: Decoder, seed: int) -> list[float]:
    where = (d.fold, d.mean, d.scale, d.stands)
    found = decoded.baselines(d.targets.mean(1), *where, d.truth, d.genre, d.candidate_genre, seed)
    return [found[name] for name in BASELINES]


def _attrs(decoders: list[Decoder], as_published: bool, seed: int) -> dict:
    attrs = {name: str(decoders[0].attrs[name]) for name in ("model", "split", "candidates")}
    attrs |= {"rule": "as published: >= and itself" if as_published else "strict, ties one half"}
    most = max(int(d.stands.sum(1).max()) for d in decoders)
    return attrs | {"chance": 0.5, "n_candidates": most, "seed": seed, "ci": "percentile, crossed, 95 %"}
