"""Tell: which style is this clip? Networks learn from some clips and are tested on the others (science.md A2)."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from heschl import store
from heschl.errors import HeschlError
from heschl.science import bootstrap, style_splits

if TYPE_CHECKING:
    from heschl.nets.style_learner import Learned

ONE, S = {"units": "1"}, {"units": "s"}
SPLITS = ("track_grouped", "contiguous", "permuted")


def styles(
    *,
    clips: Path,
    features: list[Path],
    scores: Path,
    weights: Path,
    split: str,
    seed: int,
    n_folds: int = 5,
    front_end: str = "raw",
    epochs: int = 20,
    batch: int = 480,
    learning_rate: float = 0.01,
    momentum: float = 0.9,
    glorot: str = "sqrt6",
    bn_axes: list[int] = (0, 2),
    bn_eval: str = "running",
    n_bootstraps: int = 10_000,
) -> None:
    """Train one network for each fold, so that every clip is tested once (Geng, 3.2).

    Writes right, answered and fold (clip), probability (clip, answer), loss and seconds (fold_, epoch), with style,
    track and start_s along clip; attrs accuracy, ci_low, ci_high (95 %, whole tracks drawn), leaks (tested clips whose
    track is in training as well) and settings. The weights are those of the last fold, whose clips they haven't
    heard; that is the published split where `split` is "contiguous".

    Parameters
    ----------
    clips : store of cut.clips
    features : of the front end "embedding", stores with one row for each clip; else none: []
    split : "track_grouped", whole tracks held out; "contiguous", as published; "permuted", whole tracks held out, and
        those in training have other styles than theirs: at chance, or something leaks
    n_folds : lowered to the fewest tracks of a style
    batch : clips of a step; a corpus of a hundred clips wants less than the published 480
    bn_axes, bn_eval, glorot : see nets.style_cnn and nets.style_learner

    Raises
    ------
    HeschlError
        If clips or features don't do, or a setting is unknown.
    """
    from heschl.nets import style_weights
    from heschl.nets.style_learner import learn

    heard, about = store.read(clips).load(), {"split": split, "seed": seed, "front_end": front_end}
    x, styles = _inputs(heard, clips, features, front_end), heard.attrs["styles"]
    options = {"front_end": front_end, "epochs": epochs, "batch": batch, "learning_rate": learning_rate}
    options |= {"momentum": momentum, "glorot": glorot, "bn_axes": list(bn_axes), "bn_eval": bn_eval}
    learned = []
    try:
        fold = _folds(heard, split, n_folds, seed)
        for f in range(fold.max() + 1):
            train, test = np.flatnonzero(fold != f), np.flatnonzero(fold == f)
            taught = np.searchsorted(styles, _taught(heard, train, split, [seed, f]))
            more = {"n_styles": len(styles), "rate_hz": int(heard.attrs["rate_hz"]), "seed": [seed, f]}
            learned.append(learn(x, taught, train, test, **options, **more))
    except ValueError as error:
        raise HeschlError(clips, str(error), "no scores", "Change the settings of style") from error
    found = _scores(heard, fold, learned, n_bootstraps, seed)
    store.write(scores, found.assign_attrs(about | options | found.attrs))
    told = about | {"styles": styles, "rate_hz": int(heard.attrs["rate_hz"]), "fold": int(fold.max())}
    with store.atomic(weights) as temporary:
        style_weights.save(temporary, learned[-1].net, **told)


def _inputs(heard: xr.Dataset, clips: Path, features: list[Path], front_end: str) -> np.ndarray:
    """Return what networks learn from: sound (clip, sample), or features (clip, feature), float32."""
    if (front_end == "embedding") != bool(features):
        given = f"front end {front_end!r} and {len(features)} stores of features"
        raise HeschlError(clips, given, "wanted features for 'embedding', and for nothing else")
    return np.concatenate([_features(heard, path) for path in features], 1) if features else heard["audio"].values


def _features(heard: xr.Dataset, path: Path) -> np.ndarray:
    """Read the layer that a store names, else its last, averaged over what isn't clip or feature (windows, bins)."""
    arrays = store.read(path)
    named = {str(one.attrs.get("long_name", name)): one for name, one in arrays.data_vars.items()}
    layer = named.get(str(arrays.attrs.get("layer")), list(named.values())[-1])
    clips = [str(c) for c in layer["clip"].values] if "clip" in layer.dims else []
    if clips != [str(c) for c in heard["clip"].values]:
        given = f"{len(clips)} clips, not the {heard.sizes['clip']} that were cut"
        raise HeschlError(path, given, "wanted the same in the same order", "Embed the clips of cut_clips")
    values = layer.transpose("clip", ..., layer.dims[-1]).values
    return values.reshape(len(clips), -1, values.shape[-1]).mean(1).astype(np.float32)


def _folds(heard: xr.Dataset, split: str, n_folds: int, seed: int) -> np.ndarray:
    """Return the fold that tests each clip, (clip,)."""
    style, track = heard["style"].values, heard["track"].values
    if split not in SPLITS:
        raise ValueError(f"split {split!r}: wanted one of {', '.join(SPLITS)}")
    if split == "contiguous":
        return style_splits.contiguous(style, track, heard["start_s"].values, n_folds)
    return style_splits.track_grouped(style, track, n_folds, seed)


def _taught(heard: xr.Dataset, train: np.ndarray, split: str, seed: list[int]) -> np.ndarray:
    """Return the style of each clip that training is told, (clip,); those of clips held out aren't used."""
    style, track = heard["style"].values, heard["track"].values
    if split == "permuted":
        style = style.copy()
        style[train] = style_splits.relabelled(style[train], track[train], seed)
    return style


def _scores(heard: xr.Dataset, fold: np.ndarray, learned: list["Learned"], n_bootstraps: int, seed: int) -> xr.Dataset:
    """Put the folds' answers side by side in the order of clips."""
    styles, track = heard.attrs["styles"], heard["track"].values
    probability = np.empty((len(fold), len(styles)), np.float32)
    for f, one in enumerate(learned):
        probability[fold == f] = one.probability
    answered = probability.argmax(1)
    right = (answered == np.searchsorted(styles, heard["style"].values)).astype(float)
    right[~np.isfinite(probability).all(1)] = np.nan  # of a network that didn't learn: its loss grew beyond all numbers
    low, high = bootstrap.grouped_interval(right, track, n_bootstraps, seed)
    arrays = {"right": ("clip", right, ONE), "answered": ("clip", answered.astype(np.int32), ONE)}
    arrays |= {"fold": ("clip", fold.astype(np.int32), ONE), "probability": (("clip", "answer"), probability, ONE)}
    arrays["loss"] = (("fold_", "epoch"), np.stack([one.loss for one in learned]), {"units": "nat"})
    arrays["seconds"] = (("fold_", "epoch"), np.stack([one.seconds for one in learned]), S)
    coords = {name: heard[name] for name in ("clip", "style", "track", "start_s")} | {"answer": styles}
    coords["epoch"] = np.arange(1, len(learned[0].loss) + 1)
    accuracy = float(right[np.isfinite(right)].mean()) if np.isfinite(right).any() else float("nan")
    attrs = {"accuracy": accuracy, "ci_low": low, "ci_high": high, "leaks": style_splits.leaks(fold, track)}
    attrs |= {"styles": styles, "n_folds": len(learned), "n_parameters": learned[0].n_parameters}
    return xr.Dataset(arrays, coords, attrs)
