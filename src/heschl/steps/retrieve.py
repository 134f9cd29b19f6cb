"""Retrieve: the music of a gallery that lies nearest to what was decoded, and how like the stimulus it is.

The search runs in the decoded space, in units of the fold's training mean and SD; what it finds is judged in
another model's space and by a tagger, next to an oracle (the true embedding searches) and to items at random.
"""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import xarray as xr

from heschl import store
from heschl.datasets import audio_folder
from heschl.errors import HeschlError
from heschl.science import bootstrap, classes
from heschl.science.retrieved import METHODS, Found, Query, retrieve
from heschl.science.windows import starts_s

ONE = {"units": "1"}
N_BOOTSTRAPS = 2000


def clips(
    *,
    predictions: list[Path],
    gallery: Path,
    other_gallery: Path,
    other_windows: Path,
    tags: Path,
    gallery_tags: Path | list[Path],
    splits: Path,
    retrieved: Path,
    n_best: int,
    similarity: float,
    seed: int,
) -> None:
    """Find the n_best items nearest to each prediction; judge the first (random: the mean of n_best draws).

    An item that is a test clip of the fold, shares a track with one, or comes as near as `similarity` (cosine in
    fold units) to one, stands in no list; `excluded` counts them. Writes index, cosine (sub, clip, rank),
    oracle_index, random_index (clip, rank), and by method and listener id_acc with ci (bound), and agreement
    (group); index -1 and NaN where a listener's clip is missing.

    Parameters
    ----------
    predictions : stores of decode, one per listener, of one model, route and split
    gallery, other_gallery : the same items in the decoded and in another model's space
    other_windows : the stimuli in the other space
    tags, gallery_tags : the tagger's probabilities of stimuli and items; [] if the items are in `tags`

    Raises
    ------
    HeschlError
        If stores don't belong together, or too few items are left beside the stimuli.
    """
    items, other = store.read(gallery).load(), store.read(other_gallery).load()
    if items["item"].values.tolist() != other["item"].values.tolist():
        raise HeschlError(f"{gallery} and {other_gallery}", "not the same items", "wanted one gallery in two spaces")
    roles, judges = store.read(splits).load(), _judges(other, other_windows, tags, gallery_tags, items, gallery)
    queries = [_query(path) for path in predictions]
    attrs = _common(predictions)
    found = []
    for query in queries:
        try:
            found.append(retrieve(query, items, roles.sel(split=attrs["split"]), judges, n_best, similarity, seed))
        except ValueError as error:
            where = f"{query.path} in {gallery}"
            raise HeschlError(where, str(error), "no retrieval", "Give another gallery or n_best") from error
    attrs |= {"n_items": items.sizes["item"], "similarity": similarity, "other": other.attrs["model"], "seed": seed}
    store.write(retrieved, _dataset(queries, found, items, n_best, seed).assign_attrs(attrs))


def gallery(
    *,
    audio: Path | list[Path],
    windows: Path | list[Path],
    weights: Path | list[Path],
    gallery: Path,
    folder: str,
    model: str,
    source: str,
    step_s: float,
    clip_s: float,
) -> None:
    """Embed a gallery, embedding (item, feature): the corpus itself (folder ""), or any folder of audio.

    Means over windows of the model's default layer. The corpus needs audio (its store, for styles and tracks)
    and windows; a folder needs weights or source, whichever the model loads, and each file's first clip_s
    seconds. Files that are shorter or can't be decoded are left out, and named in attrs skipped.

    Raises
    ------
    HeschlError
        If the corpus' stores differ in clips, or the folder, its audio or the model isn't there.
    """
    if folder:
        dataset = _embed_folder(Path(folder), model, weights or source, step_s, clip_s)
    else:
        sound, seen = store.read(audio), store.read(windows)
        if sound["clip"].values.tolist() != seen["clip"].values.tolist():
            raise HeschlError(f"{audio} and {windows}", "not the same clips", "wanted one corpus", "Run embed again")
        arrays = {"embedding": (("item", "feature"), _clip_means(seen), ONE)}
        coords = {name: ("item", sound[name].values.astype(str)) for name in ("style", "track")}
        dataset = xr.Dataset(arrays, coords | {"item": sound["clip"].values.astype(str)}, {"skipped": []})
    store.write(gallery, dataset.assign_attrs(model=model, folder=Path(folder).name if folder else ""))


def tags(*, folder: str, weights: Path, tags: Path, clip_s: float) -> None:
    """Tag the first clip_s seconds of every file of a folder with musicnn: writes tags (clip, tag).

    Raises the errors of `gallery`.
    """
    from heschl.embeddings import musicnn

    files, values = [], []
    for item, sound in _sounds(Path(folder), musicnn.RATE_HZ, clip_s, []):
        files.append(item.name)
        values.append(musicnn.tags(sound[None], musicnn.RATE_HZ, weights)[0])
    arrays = {"tags": (("clip", "tag"), np.stack(values), ONE | {"long_name": "tag probability"})}
    store.write(tags, xr.Dataset(arrays, {"clip": files, "tag": musicnn.TAGS}))


def _query(path: Path) -> Query:
    found = store.read(path).load()
    order = np.lexsort((found["clip"].values, found["genre"].values))
    fold_name = "clip_fold" if "clip_fold" in found.coords else "fold"
    number = found["fold"].values if found["fold"].dims == ("fold",) else np.arange(found.sizes["fold"])
    n, n_features = found.sizes["candidate"], found.sizes["feature"]
    among = found["candidate_fold"].values if found.attrs["candidates"] == "fold" else np.full(n, -1)
    return Query(
        path,
        str(found.attrs["subject"]),
        found["clip"].values.astype(str)[order],
        found[fold_name].values.astype(int)[order],
        number.astype(int),
        found["feature"].values.astype(int) if "feature" in found.coords else np.arange(n_features),
        found["predicted"].values[order].mean(1).astype(float),
        found["mean"].values,
        found["scale"].values,
        found["candidate"].values.astype(str),
        among.astype(int),
        found["candidate_target"].values.mean(1).astype(float),
    )


def _common(paths: list[Path]) -> dict[str, str]:
    """Return the model, route and split that all predictions share."""
    attrs = [{name: str(store.read(p).attrs[name]) for name in ("model", "route", "split")} for p in paths]
    if different := [path for path, a in zip(paths, attrs, strict=True) if a != attrs[0]]:
        raise HeschlError(different[0], "another model, route or split", f"wanted those of {paths[0]}")
    return attrs[0]


def _judges(
    other: xr.Dataset, windows: Path, tags: Path, gallery_tags: Path | list, items: xr.Dataset, gallery: Path
) -> dict:
    """Return the other space's clips (name -> row, values) and items, and the classes of both."""
    seen, stimuli = store.read(windows), store.read(tags).load()
    judged = store.read(gallery_tags).load() if gallery_tags else stimuli
    if missing := sorted(set(items["item"].values.tolist()) - set(judged["clip"].values.tolist())):
        raise HeschlError(gallery, f"no tags of item {missing[0]}", "wanted all tagged", "Give gallery_tags")
    if seen.attrs["model"] != other.attrs["model"]:
        given = f"{seen.attrs['model']}, the other gallery is of {other.attrs['model']}"
        raise HeschlError(windows, given, "wanted one model")
    judged, names = judged.sel(clip=items["item"].values), stimuli["tag"].values.astype(str).tolist()
    clip_classes = {g: classes.class_scores(stimuli["tags"].values, names, g) for g in classes.GROUPS}
    item_classes = {g: classes.class_scores(judged["tags"].values, names, g) for g in classes.GROUPS}
    return {
        "place": {str(clip): i for i, clip in enumerate(seen["clip"].values)},
        "clips": _clip_means(seen).astype(float),
        "items": other["embedding"].values.astype(float),
        "tagged": {str(clip): i for i, clip in enumerate(stimuli["clip"].values)},
        "classes": (clip_classes, item_classes),
    }


def _dataset(queries: list[Query], found: list[Found], items: xr.Dataset, n_best: int, seed: int) -> xr.Dataset:
    """Lay the listeners side by side, clips by name."""
    tables = []
    for query, one in zip(queries, found, strict=True):
        arrays = {"index": (("clip", "rank"), one.index["retrieved"]), "cosine": (("clip", "rank"), one.cosine)}
        arrays |= {f"{m}_index": (("clip", "rank"), one.index[m]) for m in METHODS[1:]}
        arrays["id_acc_clip"] = (("method", "clip"), np.stack(list(one.id_acc.values())))
        arrays["agreement_clip"] = (("method", "clip", "group"), np.stack(list(one.agreement.values())))
        arrays["excluded"] = (("fold", "kind"), one.excluded)
        tables.append(xr.Dataset(arrays, {"clip": query.clip, "fold": query.number}))
    wide = xr.concat(tables, "sub", join="outer")
    whole = {f"{m}_index": wide[f"{m}_index"].max("sub") for m in METHODS[1:]}  # the same in all who have the clip
    ci = [
        [bootstrap.interval(v[None], N_BOOTSTRAPS, seed) for v in m] for m in wide["id_acc_clip"].values.swapaxes(0, 1)
    ]
    whole |= {"id_acc": wide["id_acc_clip"].mean("clip").T, "ci": (("method", "sub", "bound"), np.array(ci))}
    whole["agreement"] = wide["agreement_clip"].mean("clip").transpose("method", "sub", "group")
    wide = wide.assign(whole | {"excluded": wide["excluded"].max("sub")})
    for name in ("index", "oracle_index", "random_index", "excluded"):
        wide[name] = wide[name].fillna(-1).astype(np.int32)
    coords = {"sub": [query.sub for query in queries], "method": list(METHODS), "group": list(classes.TOP_N)}
    coords |= {"rank": np.arange(1, n_best + 1), "kind": ["stimulus", "track", "near"], "bound": ["low", "high"]}
    coords |= {name: ("item", items[name].values.astype(str)) for name in ("style", "track")}
    wide = wide.assign_coords(coords | {"item": items["item"].values.astype(str)})
    for values in wide.data_vars.values():
        values.attrs = dict(ONE)
    return wide


def _clip_means(seen: xr.Dataset) -> np.ndarray:
    """Return the default layer of a store of windows, averaged over them, (clip, feature)."""
    layer = list(seen.attrs["layers"]).index(seen.attrs["layer"]) + 1
    return seen[f"layer-{layer:02d}"].values.mean(1, dtype=float).astype(np.float32)


def _embed_folder(folder: Path, model: str, source: Path | str, step_s: float, clip_s: float) -> xr.Dataset:
    try:
        room = import_module(f"heschl.embeddings.{model}")
    except ModuleNotFoundError as error:
        if error.name != f"heschl.embeddings.{model}":
            raise
        raise HeschlError("retrieve: model", f"{model!r} given", "wanted a module of heschl.embeddings") from None
    if getattr(room, "KIND", "") != "audio":
        raise HeschlError(
            "retrieve: model", f"{model} doesn't hear", "a folder wants a model of audio", "Choose another"
        )
    embedder, starts = room.load(source or ""), starts_s(clip_s, room.WINDOW_S, step_s)
    cuts, found, values, skipped = np.stack([starts, starts + room.WINDOW_S], 1), [], [], []
    for item, sound in _sounds(folder, room.RATE_HZ, clip_s, skipped):
        layers = embedder.embed(sound, room.RATE_HZ, cuts)[0]
        values.append(layers[room.LAYER if room.LAYER in layers else list(layers)[-1]].mean(0))
        found.append(item)
    coords = {name: ("item", [getattr(item, name) for item in found]) for name in ("style", "track")}
    arrays = {"embedding": (("item", "feature"), np.stack(values).astype(np.float32), ONE)}
    return xr.Dataset(arrays, coords | {"item": [item.name for item in found]}, {"skipped": skipped})


def _sounds(folder: Path, rate_hz: float, clip_s: float, skipped: list[str]) -> Iterator[tuple]:
    """Give each item and its sound; name in `skipped` what can't be read; refuse a folder where nothing can."""
    files, reason = audio_folder.items(folder), None
    for item in files:
        try:
            sound = audio_folder.read(item.path, rate_hz, clip_s)
        except HeschlError as error:
            skipped.append(item.name)
            reason = reason or error
            continue
        yield item, sound
    if len(skipped) == len(files):
        raise HeschlError(folder, f"none of {len(files)} files can be used: {reason}", "wanted one at least")
