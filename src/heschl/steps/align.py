"""Decode each listener with what the others taught, with and without functional alignment, by number of clips."""

from fnmatch import fnmatch
from functools import reduce
from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from heschl import store
from heschl.datasets import atlas as atlases
from heschl.errors import HeschlError
from heschl.science import alignment, cross_subject
from heschl.science.atlas import labels_at, to_mm
from heschl.science.identification import correlate, id_acc
from heschl.science.windows import average_repeats, window_means

ONE = {"units": "1"}


class Stimuli(NamedTuple):
    """Clips, the training ones first: clip and genre (clip,), mean embedding (clip, feature), n_training."""

    clip: np.ndarray
    genre: np.ndarray
    embedding: np.ndarray
    n_training: int


class Grid(NamedTuple):
    """Voxels that all subjects have: ijk (voxel, axis), piece (voxel,), and each subject's rows of them."""

    ijk: np.ndarray
    piece: np.ndarray
    rows: dict[str, np.ndarray]


def subject(
    *,
    series: list[Path],
    windows: Path,
    splits: Path,
    split: str,
    atlas: str,
    aligned: Path,
    subject: str,
    noise_subjects: list[str],
    model: str,
    methods: list[str],
    n_clips: list[int],
    rois: list[str],
    lag_tr: int,
    alphas: list[float],
    n_folds: int,
    mode: str,
    seed: int,
) -> None:
    """Predict what the left-out subject heard with a decoder of the other subjects, on a split's first fold.

    Corrected: k = n_clips training clips align, those beyond the largest k train the decoder, and the left-out
    subject's own of these are never used. As published (science.md A4, defect 5; named in attrs): all training clips
    align, the same train the decoder, the left-out subject's too, and its test set is rescaled by itself; k is then
    their number. Writes predicted (method, k, clip, feature) and target (clip, feature) in SDs from the mean of the
    decoder's clips, strict id_acc (method, k) and id_acc_clip (method, k, clip), and within, id-acc of the subject's
    own decoder of the same clips and voxels.

    Parameters
    ----------
    series : stores of respond.series, all subjects
    windows, splits : stores of embed.windows (its default layer, mean over windows) and audit.splits
    subject, noise_subjects : labels of the left-out one, and of those that are never a source
    methods : of alignment.METHODS; the others are mapped to the first source in the order of labels
    rois : names or patterns of atlas parcels, chosen before seeing data
    lag_tr : hemodynamic lag in TRs

    Raises
    ------
    HeschlError
        If subjects share no voxel in rois, lack a clip or a source, hold NaN, or n_clips leave the decoder too few.
    """
    if unknown := sorted(set(methods) - set(alignment.METHODS)):
        raise HeschlError("align: methods", f"{unknown[0]!r} given", f"wanted some of {alignment.METHODS}")
    stimuli = _stimuli(windows, splits, split)
    training = stimuli.genre[: stimuli.n_training]
    try:
        parts = cross_subject.roles(training, n_clips, n_folds, seed, mode)
    except ValueError as error:
        raise HeschlError("align: n_clips", str(error), f"the clips are those of {splits}", "Give smaller k") from error
    people = _people(series, subject, noise_subjects)
    grid = _grid(people, atlas, rois)
    listeners = [_listener(people[s], s, grid.rows[s], lag_tr, stimuli) for s in people]
    sizes = [len(parts.alignment)] if mode == "as_published" else sorted(n_clips)
    options = {"alphas": alphas, "n_folds": n_folds, "seed": seed}
    try:
        found = _predictions(listeners, grid.piece, stimuli, parts, methods, sizes, mode, options)
    except ValueError as error:
        raise HeschlError(f"align: subject {subject}", str(error), "no alignment", "Check align: settings") from error
    coords = {"method": methods, "k": sizes, "clip": stimuli.clip[stimuli.n_training :]}
    coords["genre"] = ("clip", stimuli.genre[stimuli.n_training :])
    attrs = {"mode": mode, "subject": subject, "model": model, "lag_tr": lag_tr, "seed": seed, "rois": list(rois)}
    attrs |= {"sources": list(people)[:-1], "split": split, "n_decoder_clips": len(parts.decoder)}
    attrs["grid_shape"] = list(people[subject].attrs["grid_shape"])
    found["ijk"] = (("voxel", "axis"), grid.ijk.astype(np.int16), ONE)
    found["parcel"] = ("voxel", grid.piece.astype(np.int16), ONE | {"long_name": "voxels that are aligned together"})
    store.write(aligned, xr.Dataset(found, coords, attrs).assign(affine=people[subject]["affine"].load()))


def _predictions(
    listeners: list[cross_subject.Listener],
    piece: np.ndarray,
    stimuli: Stimuli,
    parts: cross_subject.Roles,
    methods: list[str],
    sizes: list[int],
    mode: str,
    options: dict,
) -> dict[str, tuple]:
    """Predict with every method and k, and score."""
    *sources, left_out = listeners
    standard = cross_subject.standardised(stimuli.embedding, parts.decoder)
    taught, target = standard[: stimuli.n_training], standard[stimuli.n_training :]

    def predict(method: str, k: int) -> np.ndarray:
        clips = parts._replace(alignment=parts.alignment[:k])
        return cross_subject.predict_left_out(
            sources, left_out, piece, taught, clips, method=method, mode=mode, **options
        )

    predicted = np.array([[predict(method, k) for k in sizes] for method in methods], np.float32)
    own = cross_subject.predict_within(left_out, taught, parts.decoder, **options)
    scores = np.array([[_id_acc(p, target) for p in row] for row in predicted])
    return {
        "predicted": (("method", "k", "clip", "feature"), predicted, ONE),
        "target": (("clip", "feature"), target.astype(np.float32), ONE),
        "id_acc_clip": (("method", "k", "clip"), scores, ONE),
        "id_acc": (("method", "k"), scores.mean(2), ONE),
        "within": ((), _id_acc(own, target).mean(), ONE),
    }


def _id_acc(predicted: np.ndarray, target: np.ndarray) -> np.ndarray:
    return id_acc(correlate(predicted, target), np.arange(len(target)))


def _stimuli(windows: Path, splits: Path, split: str) -> Stimuli:
    plan, embedded = store.read(splits), store.read(windows)
    role = plan["role"].sel(split=split).isel(fold=0).values
    order = np.concatenate([np.flatnonzero(role == 1), np.flatnonzero(role == 2)])
    clips, names = plan["clip"].values.astype(str)[order], embedded["clip"].values.astype(str).tolist()
    if missing := sorted(set(clips) - set(names)):
        raise HeschlError(windows, f"no clip {missing[0]}", f"{splits} names it", "Embed the same corpus")
    default = list(embedded.attrs["layers"]).index(embedded.attrs["layer"]) + 1
    values = embedded[f"layer-{default:02d}"].values[[names.index(clip) for clip in clips]]
    if not np.isfinite(values).all():
        raise HeschlError(windows, "holds NaN", "wanted finite embeddings", "Remake it")
    return Stimuli(clips, plan["genre"].values.astype(str)[order], values.mean(1, dtype=float), int((role == 1).sum()))


def _people(series: list[Path], subject: str, noise_subjects: list[str]) -> dict[str, xr.Dataset]:
    """Open the sources in the order of labels, then the left-out subject; all on one grid."""
    opened = {one.attrs["subject"]: one for one in map(store.read, series)}
    sources = sorted(s for s in opened if s != subject and s not in noise_subjects)
    if subject not in opened or not sources:
        given = f"subjects {sorted(opened)}, of them noise {sorted(noise_subjects)}"
        raise HeschlError("align: series", given, f"wanted {subject} and at least one other", "Check subjects")
    people = {s: opened[s] for s in [*sources, subject]}
    for name, one in people.items():
        alike = list(one.attrs["grid_shape"]) == list(people[subject].attrs["grid_shape"])
        if not alike or not np.allclose(one["affine"].values, people[subject]["affine"].values):
            given = f"its grid differs from subject {subject}'s"
            raise HeschlError(f"series of subject {name}", given, "wanted one space", "Remake both")
    return people


def _grid(people: dict[str, xr.Dataset], atlas: str, rois: list[str]) -> Grid:
    one = next(iter(people.values()))
    shape, affine = tuple(one.attrs["grid_shape"]), one["affine"].values
    keys = {name: np.ravel_multi_index(p["ijk"].values.astype(int).T, shape) for name, p in people.items()}
    shared = reduce(np.intersect1d, keys.values())
    ijk, book = np.stack(np.unravel_index(shared, shape), 1), atlases.load(atlas)
    labels = labels_at(book.volume, book.affine, to_mm(ijk, affine))
    wanted = [label for label, name in book.names.items() if any(fnmatch(name, roi) for roi in rois)]
    inside = np.flatnonzero(np.isin(labels, wanted))
    piece = alignment.parcel_numbers(labels[inside], ijk[inside])
    kept = inside[piece >= 0]
    if not len(kept):
        given = f"subjects {', '.join(people)} share {len(inside)} voxels of {len(wanted)} parcels"
        raise HeschlError("align: rois", given, "wanted parcels of 10 voxels and more", f"Name parcels of {atlas}")
    orders = {name: np.argsort(key) for name, key in keys.items()}
    rows = {name: o[np.searchsorted(keys[name], shared[kept], sorter=o)] for name, o in orders.items()}
    return Grid(ijk[kept], piece[piece >= 0], rows)


def _listener(one: xr.Dataset, name: str, rows: np.ndarray, lag_tr: int, stimuli: Stimuli) -> cross_subject.Listener:
    """Cut a subject's series into lagged volumes of each clip, repeats averaged."""
    bold, tr_s, n_volumes = one["bold"].isel(voxel=rows).values, one.attrs["tr_s"], int(one.attrs["volumes_per_clip"])
    if not np.isfinite(bold).all():
        raise HeschlError(f"series of subject {name}", "holds NaN", "wanted finite responses", "Remake it")
    run, heard = one["run"].values.astype(str), one["clip"].values.astype(str)
    trials = ~one["is_dummy"].values.astype(bool) & np.isin(heard, stimuli.clip)
    ends = {r: int(np.flatnonzero(run == r)[-1]) + 1 for r in np.unique(run)}
    stop = np.array([ends[r] for r in one["trial_run"].values.astype(str)[trials]], int)
    starts_s, first = np.arange(n_volumes) * tr_s, one["first"].values[trials]
    volumes = window_means(bold, first, stop, lag_tr, starts_s, tr_s, tr_s, n_volumes)
    means, clips = average_repeats(volumes, heard[trials].tolist())
    if missing := sorted(set(stimuli.clip) - set(clips)):
        given = f"did not hear {missing[0]}"
        raise HeschlError(f"series of subject {name}", given, "wanted all clips of the splits", "Remake the splits")
    ordered = means[[clips.index(clip) for clip in stimuli.clip]]
    return cross_subject.Listener(ordered[: stimuli.n_training], ordered[stimuli.n_training :])
