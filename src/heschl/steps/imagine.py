"""Imagine: sounds that a listener's brain should answer to more, as an encoding model of its responses predicts."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from heschl import store
from heschl.datasets import wav
from heschl.errors import HeschlError
from heschl.science import region_encoding
from heschl.science.clip_responses import Timing, responses, trials
from heschl.science.cutting import cut_at

ONE = {"units": "1"}
TRAIN, TEST = 1, 2
MODEL = "musicnn"


class _World(NamedTuple):
    """names and role (clip,), features (clip, window, feature) and responses (clip, window, voxel); a fold's number."""

    names: list[str]
    role: np.ndarray
    features: np.ndarray
    response: np.ndarray
    series: xr.Dataset
    fold: int


def brain(
    *,
    series: Path,
    windows: Path,
    splits: Path,
    audio: Path,
    weights: Path,
    dreams: Path,
    sounds: Path,
    split: str,
    layer: str,
    lag_tr: int,
    alphas: list[float],
    n_folds: int,
    n_voxels: int,
    n_clips: int,
    clip_s: float,
    optimiser: str,
    bounded: bool,
    max_iterations: int,
    priors: dict[str, float],
    seed: int,
    rate: float = 0.01,
    exponent: float = 1.0,
) -> None:
    """Change clips so that the predicted mean response of a listener's best-predicted voxels rises.

    Voxels, penalty and weights come from training clips; the clips changed are test clips. Responses are z over
    training windows. Writes wave (clip, which, sample), which = original, dream, at a peak of .9; predicted (clip,
    iteration) from the start on, NaN once a climb has ended; predicted_heard (clip, which), of the waves written;
    train_predicted (train_window,), test_predicted and test_actual (test_window,); r_voxel (voxel,) cross-validated,
    ijk, affine; seconds (clip,); attrs r_test, r_cv, alpha; WAVs clip-01_original.wav, clip-01_dream.wav, ...

    Parameters
    ----------
    series, windows, splits, audio : stores of respond, embed (of musicnn), audit and ingest
    weights : of musicnn
    sounds : directory of the WAVs
    split : of whose folds the first with training and test clips counts
    layer : of musicnn, "" for the one that its windows name
    n_voxels : how many are the region; 1 for the best voxel
    clip_s : length of the sounds
    optimiser, bounded, max_iterations, priors, rate, exponent : see nets.dreaming.Recipe

    Raises
    ------
    HeschlError
        If stores don't belong together, or a setting makes no sense.
    """
    from heschl.nets import dream_objectives, dreaming
    from heschl.nets.device import pick_device
    from heschl.nets.musicnn_sound import RATE_HZ, SoundMusicnn

    layer = layer or str(store.read(windows).attrs["layer"])
    world = _load(series, windows, splits, split, layer, lag_tr)
    train, test = world.role == TRAIN, world.role == TEST
    chosen = np.random.default_rng([seed]).permutation(np.flatnonzero(test))[:n_clips]
    starts = _starts(audio, [world.names[i] for i in chosen], clip_s, RATE_HZ)
    recipe = dreaming.Recipe(optimiser, bounded, max_iterations, rate, priors, exponent, seed=seed)
    try:
        options = {"alphas": alphas, "n_folds": n_folds, "n_voxels": n_voxels, "seed": seed}
        region = region_encoding.fit(world.features, world.response, train, test, **options)
        net = SoundMusicnn(weights, layer).to(pick_device())
        aim = dream_objectives.readout(region.weights, region.offset)
        found = dreaming.dream(net, [dreaming.Wish(aim, start, start) for start in starts], recipe)
        loud = np.array(
            [[wav.at_peak(w, where=audio) for w in (s, d.wave)] for s, d in zip(starts, found, strict=True)]
        )
        heard = dreaming.values(net, aim, loud.reshape(-1, loud.shape[-1])).reshape(loud.shape[:2])
    except HeschlError:
        raise
    except ValueError as error:
        raise HeschlError(windows, str(error), "nothing was imagined", "Change the settings of imagine") from error
    with store.atomic(sounds) as folder:
        folder.mkdir()
        for i, pair in enumerate(loud):
            for name, wave in zip(("original", "dream"), pair, strict=True):
                wav.write(folder / f"clip-{i + 1:02d}_{name}.wav", wave, RATE_HZ)
    arrays = _dreams(found, loud, heard, max_iterations) | _model(region, world.series)
    coords = {"clip": [world.names[i] for i in chosen], "which": ["original", "dream"]}
    attrs = recipe._asdict() | {"bounded": int(bounded), "rate_hz": RATE_HZ, "model": MODEL, "layer": layer}
    attrs |= {"r_test": region.r_test, "r_cv": region.r_cv, "alpha": region.alpha, "lag_tr": lag_tr, "split": split}
    attrs |= {"fold": world.fold, "subject": str(world.series.attrs["subject"])}
    attrs |= {"grid_shape": list(map(int, world.series.attrs["grid_shape"]))}
    store.write(dreams, xr.Dataset(arrays, coords, attrs))


def _load(series: Path, windows: Path, splits: Path, split: str, layer: str, lag_tr: int) -> _World:
    """Read what a listener heard and answered, window by window, and a fold of the split."""
    heard, seen, table = store.read(series).load(), store.read(windows), store.read(splits).load()
    if seen.attrs["model"] != MODEL or layer not in (layers := list(seen.attrs["layers"])):
        given = f"layer {layer!r} of {seen.attrs['model']}"
        raise HeschlError(windows, given, f"wanted a layer of {MODEL}, the network that can be dreamt through")
    names, fold, role = _fold(table, splits, split)
    known = seen["clip"].values.astype(str).tolist()
    if missing := [name for name in names if name not in known]:
        raise HeschlError(windows, f"no clip {missing[0]}", "it was heard", "Embed the audio that was heard")
    features = seen[f"layer-{layers.index(layer) + 1:02d}"].values[[known.index(name) for name in names]]
    keys = ("clip", "trial_run", "first", "repeat", "is_dummy")
    clip, run, first, repeat, dummy = (heard[key].values for key in keys)
    tr_s, n = float(heard.attrs["tr_s"]), int(heard.attrs["volumes_per_clip"])
    timing = Timing(seen["window"].values.astype(float), float(seen.attrs["window_s"]), tr_s, n)
    try:
        events = trials(clip.astype(str), run.astype(str), first, repeat, dummy, heard["run"].values.astype(str))
        response = responses(heard["bold"].values, events, names, lag_tr, timing)
    except ValueError as error:
        raise HeschlError(
            series, str(error), f"wanted trials of the clips of {windows}", "Run respond again"
        ) from error
    return _World(names, role, features, response, heard, fold)


def _fold(table: xr.Dataset, splits: Path, split: str) -> tuple[list[str], int, np.ndarray]:
    """Return the clips of a split, its first fold with training and test clips, and their roles (clip,) in it."""
    if split not in (known := table["split"].values.astype(str).tolist()):
        raise HeschlError(splits, f"no split {split!r}", f"wanted one of {', '.join(known)}", "Set audit: split")
    for number, role in enumerate(table["role"].values[known.index(split)]):
        if (role == TRAIN).any() and (role == TEST).any():
            return table["clip"].values.astype(str).tolist(), number, role
    raise HeschlError(splits, f"split {split!r} has no fold", "wanted training and test clips", "Audit again")


def _starts(audio: Path, names: list[str], clip_s: float, rate_hz: float) -> np.ndarray:
    """Return the first seconds of clips, (clip, sample), at the network's rate."""
    sound = store.read(audio)
    known = sound["clip"].values.astype(str).tolist()
    if missing := [name for name in names if name not in known]:
        raise HeschlError(audio, f"no clip {missing[0]}", "it was heard", "Ingest the audio that was heard")
    window, native_hz = np.array([[0.0, clip_s]]), float(sound.attrs["rate_hz"])
    waves = sound["audio"].transpose("clip", "sample").values[[known.index(name) for name in names]]
    try:
        return np.concatenate([cut_at(wave, native_hz, window, rate_hz) for wave in waves])
    except ValueError as error:
        raise HeschlError(audio, str(error), "wanted clips as long", "Set imagine: clip_s") from error


def _dreams(found: list, loud: np.ndarray, heard: np.ndarray, max_iterations: int) -> dict:
    from heschl.nets.style_dreams import climbs

    (rises,), (seconds,) = (climbs([found], max_iterations)[name][1] for name in ("objective", "seconds"))
    return {
        "wave": (("clip", "which", "sample"), loud.astype(np.float32), ONE),
        "predicted": (("clip", "iteration"), rises, ONE),
        "predicted_heard": (("clip", "which"), heard, ONE),
        "seconds": ("clip", seconds, {"units": "s"}),
    }


def _model(region: region_encoding.Region, series: xr.Dataset) -> dict:
    return {
        "train_predicted": ("train_window", region.train_predicted, ONE),
        "test_predicted": ("test_window", region.test_predicted, ONE),
        "test_actual": ("test_window", region.test_actual, ONE),
        "r_voxel": ("voxel", region.r_voxel, ONE),
        "ijk": (("voxel", "axis"), series["ijk"].values[region.voxels], ONE),
        "affine": (("row", "column"), series["affine"].values, {"units": "mm"}),
    }
