"""Decode embeddings of music from responses: two routes, all choices made in training clips; and descriptive sweeps."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from heschl import store
from heschl.datasets import atlas as atlases
from heschl.errors import HeschlError
from heschl.science import atlas as lookup
from heschl.science import decoder_layout, decoding, decoding_folds
from heschl.science.clip_responses import Timing, Trials, first_heard, responses, trials
from heschl.science.decoding_folds import TEST, TRAIN, Fold

ONE = {"units": "1"}


class _World(NamedTuple):
    """What a decoder sees: bold (time, voxel), trials, clips and their genres, y (clip, window, feature), timing."""

    bold: np.ndarray
    heard: Trials
    names: list[str]
    series: xr.Dataset
    table: xr.Dataset
    y: np.ndarray
    source: xr.Dataset
    timing: Timing


def embedding(
    *,
    series: Path,
    windows: Path,
    splits: Path,
    aligner: Path | list,
    predictions: Path,
    atlas: str,
    route: str,
    split: str,
    lags_tr: list[int],
    alphas: list[float],
    n_folds: int,
    n_rois: int,
    n_voxels: list[int],
    thresholds: list[float],
    regress_previous: bool,
    fixed_alpha: float | None,
    mask: str,
    seed: int,
) -> None:
    """Predict every test clip's embedding from a listener's responses.

    Penalties, lag, regions or voxels are chosen within each fold's training clips. Published flags (science.md A4
    defects): mask "in_sample" (4), fixed_alpha 20.0 (6), an aligner (8), regress_previous false (11).

    Parameters
    ----------
    series, windows, splits : stores of the respond, embed and audit verbs
    aligner : windows of another space, into which a linear map fitted on training clips takes the embeddings; [] none
    route : "roi", the n_rois best regions of the atlas, or "voxel", those above one of `thresholds` of predictability
        or among the `n_voxels` best
    lags_tr : hemodynamic lags to choose from

    Raises
    ------
    HeschlError
        If the stores don't fit together, responses aren't finite or vary, or a setting makes no sense.
    """
    _refuse_settings(route, mask, lags_tr, alphas, [*thresholds, *n_voxels], fixed_alpha)
    world = _load(series, windows, splits, whole=route == "voxel")
    folds = _folds(world, splits, split, aligner, n_folds, regress_previous, seed)
    grid = np.array([fixed_alpha] if fixed_alpha is not None else alphas, float)
    regions = _regions(world, atlas, series) if route == "roi" else {}
    cuts = [*map(float, thresholds), *map(float, n_voxels)]
    best: dict[int, tuple[int, decoding.Decoded]] = {}
    for lag in lags_tr:
        x = responses(world.bold, world.heard, world.names, lag, world.timing)
        for fold in folds:
            if route == "roi":
                found = decoding.by_regions(x, fold.y, fold.sample, regions, grid, n_rois)
            else:
                found = decoding.by_voxels(x, fold.y, fold.sample, cuts, grid, seed, mask)
            if fold.number not in best or found.score > best[fold.number][1].score:
                best[fold.number] = (lag, found)
    arrays = _predictions(world, folds, best, grid, split, series)
    attrs = {"route": route, "split": split, "mask": mask, "regress_previous": regress_previous, "seed": seed}
    attrs |= {"aligned_to": store.read(aligner).attrs["model"] if aligner else "", "atlas": atlas}
    store.write(predictions, arrays.assign_attrs(attrs | {"fixed_alpha": -1.0 if fixed_alpha is None else fixed_alpha}))


def sweeps(
    *,
    series: Path,
    windows: Path,
    splits: Path,
    sweeps: Path,
    alphas: list[float],
    n_folds: int,
    thresholds: list[float],
    split: str,
    lag_tr: int,
    n_lags: int,
    regress_previous: bool,
    seed: int,
) -> None:
    """Describe how id-acc on a split's first test fold depends on time and on the threshold; chooses nothing.

    Writes id_acc_time (lag), decoding the single volume that begins lag_s after onset; id_acc_threshold, n_voxels and
    r_threshold_cv (threshold); chosen, the threshold that training clips pick, which id_acc_time uses.
    """
    _refuse_settings("voxel", "nested", [lag_tr], alphas, thresholds, None)
    world, grid = _load(series, windows, splits, whole=True), np.array(alphas, float)
    fold = _folds(world, splits, split, [], n_folds, regress_previous, seed)[0]
    x = responses(world.bold, world.heard, world.names, lag_tr, world.timing)
    found = [decoding.by_voxels(x, fold.y, fold.sample, [cut], grid, seed, "nested") for cut in map(float, thresholds)]
    training = np.array([f.score for f in found])
    best, target = found[int(training.argmax())], fold.y[fold.sample.test, 0]
    time = [_single_volume(world, fold, best.voxels, lag, grid) for lag in range(n_lags)]
    arrays = {
        "id_acc_time": ("lag", time),
        "id_acc_threshold": ("threshold", [decoding.accuracy(f.predicted[:, 0], target) for f in found]),
        "n_voxels": ("threshold", [len(f.voxels) for f in found]),
        "r_threshold_cv": ("threshold", training),
        "chosen": ((), float(thresholds[int(training.argmax())])),
    }
    arrays = {name: (dims, np.asarray(values), ONE) for name, (dims, values) in arrays.items()}
    lag_s = world.timing.tr_s * np.arange(n_lags)
    coords = {"lag_s": ("lag", lag_s, {"units": "s"}), "threshold": ("threshold", np.array(thresholds, float))}
    attrs = {"lag_tr": lag_tr, "split": split, "regress_previous": regress_previous}
    store.write(sweeps, xr.Dataset(arrays, coords, _who(world) | attrs))


def _refuse_settings(route, mask, lags_tr, alphas, cuts, fixed_alpha) -> None:
    for name, given, good, wanted in (
        ("route", route, route in ("roi", "voxel"), "roi or voxel"),
        ("mask", mask, mask in ("nested", "in_sample"), "nested or in_sample"),
        ("mask", f"{mask} with route {route}", mask == "nested" or route == "voxel", "route voxel, which has a mask"),
        ("lags_tr", lags_tr, bool(lags_tr) and min(lags_tr, default=-1) >= 0, "lags of 0 TR or more"),
        ("alphas", alphas, bool(alphas) and min(alphas, default=0) > 0, "penalties above 0"),
        ("fixed_alpha", fixed_alpha, fixed_alpha is None or fixed_alpha > 0, "a penalty above 0, or none"),
        ("thresholds, n_voxels", cuts, route == "roi" or bool(cuts), "one threshold or number of voxels at least"),
    ):
        if not good:
            raise HeschlError(f"decode: {name}", f"{given} given", f"wanted {wanted}")


def _load(series: Path, windows: Path, splits: Path, whole: bool) -> _World:
    """Read and check the three stores; whole: one response a clip, and the mean over windows of its embedding."""
    heard, source, table = store.read(series), store.read(windows), store.read(splits)
    bold, names = heard["bold"].values, table["clip"].values.astype(str).tolist()
    _refuse_bold(bold, series)
    try:
        keys = ("clip", "trial_run", "first", "repeat", "is_dummy")
        clip, run, first, repeat, dummy = (heard[key].values for key in keys)
        events = trials(clip.astype(str), run.astype(str), first, repeat, dummy, heard["run"].values.astype(str))
    except ValueError as error:
        raise HeschlError(series, str(error), "wanted trials within runs", "Run respond again") from error
    if set(names) != (played := set(events.clip[events.counts].tolist())):
        odd = sorted(set(names) ^ played)[0]
        raise HeschlError(splits, f"clip {odd} is in one of it and {series}", "wanted the same clips", "Audit again")
    y, timing = _embeddings(source, windows, names, heard, whole)
    return _World(bold, events, names, heard, table, y, source, timing)


def _refuse_bold(bold: np.ndarray, series: Path) -> None:
    low, high = bold.min(0), bold.max(0)
    for bad, what in ((~np.isfinite(low + high), "NaN or infinite"), (low == high, "constant")):
        if bad.any():
            raise HeschlError(series, f"{bad.sum()} voxels are {what}", "wanted finite, varying voxels", "Run respond")


def _embeddings(source: xr.Dataset, path: Path, names: list[str], heard: xr.Dataset, whole: bool):
    """Return the default layer (clip, window, feature) of the clips named, and the windows' timing."""
    layers, layer = list(source.attrs["layers"]), source.attrs["layer"]
    row = {name: i for i, name in enumerate(source["clip"].values.astype(str).tolist())}
    if missing := [name for name in names if name not in row]:
        raise HeschlError(path, f"no clip {missing[0]}", "it was heard", "Embed the audio that was heard")
    y = source[f"layer-{layers.index(layer) + 1:02d}"].values[[row[name] for name in names]]
    if not np.isfinite(y).all():
        raise HeschlError(path, f"layer {layer} holds NaN", "wanted finite features", "Embed again")
    window_s, clip_s = float(source.attrs["window_s"]), float(heard.attrs["clip_s"])
    starts = source["window"].values.astype(float)
    if starts.max() + window_s > clip_s + 1e-6:
        given = f"windows to {starts.max() + window_s:g} s"
        raise HeschlError(path, given, f"clips of {clip_s:g} s were heard", "Embed what was heard alone")
    tr_s, n = float(heard.attrs["tr_s"]), int(heard.attrs["volumes_per_clip"])
    if whole:
        return y.mean(1, keepdims=True), Timing(np.zeros(1), clip_s, tr_s, n)
    return y, Timing(starts, window_s, tr_s, n)


def _regions(world: _World, name: str, series: Path) -> dict[str, np.ndarray]:
    """Return the rows of the voxels of every region with enough of them."""
    loaded, ijk = atlases.load(name), world.series["ijk"].values.astype(int)
    shape = tuple(world.series.attrs["grid_shape"])
    if (ijk < 0).any() or (ijk >= shape).any() or len(ijk) != world.bold.shape[1]:
        raise HeschlError(series, "ijk lies outside of its grid", f"wanted voxels of grid {shape}", "Run respond again")
    points_mm = lookup.to_mm(ijk, world.series["affine"].values)
    labels = lookup.labels_at(loaded.volume, loaded.affine, points_mm)
    found = lookup.regions(labels, loaded.names, decoding.FEWEST)
    if not found:
        given = f"no region of {name} has {decoding.FEWEST} voxels"
        raise HeschlError(series, given, "wanted responses in its space, MNI", "Normalize, or set decode: atlas")
    return found


def _folds(world: _World, path: Path, split: str, aligner, n_folds: int, regress: bool, seed: int) -> list[Fold]:
    """Prepare every outer fold of a split."""
    if split not in (known := world.table["split"].values.astype(str).tolist()):
        raise HeschlError(path, f"no split {split!r}", f"wanted one of {', '.join(known)}", "Set decode: split")
    roles = world.table["role"].values[known.index(split)]
    used = [number for number, role in enumerate(roles) if (role == TRAIN).any() and (role == TEST).any()]
    if not used:
        raise HeschlError(path, f"split {split!r} has no fold", "wanted training and test clips", "Audit again")
    if aligner and split == "leave_genre_out":
        raise HeschlError("decode: aligner", "given with leave_genre_out", "folds share candidates, not aligners")
    other = _embeddings(store.read(aligner), aligner, world.names, world.series, True)[0][:, 0] if aligner else None
    try:
        options = (n_folds, world.heard if regress else None, other, seed)
        return [decoding_folds.prepare(number, roles[number], world.names, world.y, *options) for number in used]
    except ValueError as error:
        raise HeschlError("decode: n_folds", str(error), "wanted fewer folds than training clips") from error


def _single_volume(world: _World, fold: Fold, rows: np.ndarray, lag: int, grid: np.ndarray) -> float:
    """id-acc of decoding one volume, `lag` TRs after onset, from some voxels."""
    timing = world.timing._replace(window_s=world.timing.tr_s)
    x = responses(world.bold[:, rows], world.heard, world.names, lag, timing)
    found = decoding.by_regions(x, fold.y, fold.sample, {"chosen": np.arange(len(rows))}, grid, 1)
    return decoding.accuracy(found.predicted[:, 0], fold.y[fold.sample.test, 0])


def _predictions(world: _World, folds: list[Fold], best: dict, grid: np.ndarray, split: str, path: Path) -> xr.Dataset:
    """Lay the folds' predictions one after another, with everyone who may stand as a distractor."""
    found, lags = [best[fold.number][1] for fold in folds], [best[fold.number][0] for fold in folds]
    try:
        laid = decoder_layout.lay_out(folds, found, world.bold.shape[1])
    except ValueError as error:
        raise HeschlError(path, str(error), "wanted one test clip at least", "Run respond again") from error
    parts = (world.bold, world.heard, world.names, folds, laid.arrays["chosen"][1], lags, world.timing)
    arrays = laid.arrays | {"lag_tr": ("fold", np.array(lags)), "ceiling": ((), decoding_folds.mean_ceiling(*parts))}
    arrays |= {"ijk": (("voxel", "axis"), world.series["ijk"].values)}
    arrays = {name: (*entry, ONE) for name, entry in arrays.items()}
    arrays["lag_tr"] = (*arrays["lag_tr"][:2], {"units": "TR"})
    arrays["affine"] = (("row", "column"), world.series["affine"].values, {"units": "mm"})
    genre, is_test = world.table["genre"].values.astype(str), world.table["is_test"].values.astype(bool)
    everyone, of, target = laid.candidates
    if among_test := split == "leave_genre_out":
        everyone = np.flatnonzero(is_test)
        of, target = np.full(len(everyone), -1), world.y[everyone][..., laid.feature].astype(np.float32)
    arrays["candidate_target"] = (("candidate", "window", "feature"), target, ONE)
    names = [world.names[i] for i in laid.rows]
    run, previous = first_heard(world.heard, names)
    coords = {"clip": names, "genre": ("clip", genre[laid.rows]), "clip_fold": ("clip", laid.fold)}
    coords |= {"test_run": ("clip", run), "previous": ("clip", previous), "alpha": grid, "feature": laid.feature}
    coords |= {"fold": [f.number for f in folds], "window": ("window", world.timing.starts_s, {"units": "s"})}
    coords |= {"candidate": [world.names[i] for i in everyone], "candidate_fold": ("candidate", of)}
    dataset = xr.Dataset(arrays, coords | {"candidate_genre": ("candidate", genre[everyone])}, laid.attrs)
    attrs = _who(world) | {"rois": [f.names for f in found], "candidates": "test" if among_test else "fold"}
    return dataset.assign_attrs(attrs | {"grid_shape": list(map(int, world.series.attrs["grid_shape"]))})


def _who(world: _World) -> dict[str, str]:
    names = {name: str(world.source.attrs[name]) for name in ("model", "layer")}
    return names | {"subject": str(world.series.attrs["subject"])}
