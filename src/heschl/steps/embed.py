"""Music to features: a model's layers in fine bins, then what an fMRI volume would see of them.

Models are modules of heschl.embeddings with one function, `layers`. They are imported by name, so that
editing one reruns only the rules that name it.
"""

import importlib
from inspect import Parameter, signature
from pathlib import Path
from types import ModuleType

import numpy as np
import xarray as xr

from heschl import store
from heschl.errors import HeschlError
from heschl.science.hrf import convolve, sample
from heschl.science.trials import lags_s
from heschl.science.windows import starts_s


def tags(*, audio: Path, weights: Path, tags: Path) -> None:
    """Tag every clip with musicnn: writes tags (clip, tag), probabilities; the mean over patches of 3 s."""
    sound, musicnn = store.read(audio), _model("musicnn")
    values = musicnn.tags(sound["audio"].values, sound.attrs["rate_hz"], weights)
    arrays = {"tags": (("clip", "tag"), values, {"units": "1", "long_name": "tag probability"})}
    store.write(tags, xr.Dataset(arrays, {"clip": sound["clip"].values, "tag": musicnn.TAGS}))


def layers(
    *, audio: Path, weights: Path | list[Path], layers: Path, model: str, bin_s: float, source: str = ""
) -> None:
    """Run every clip through a model: writes layer-01, ... (clip, bin, feature), averaged in bins of `bin_s`.

    Raises
    ------
    HeschlError
        If there is no such model, it has no layers in time, or it refuses the audio or the weights.
    """
    sound, room = store.read(audio), _model(model)
    if not hasattr(room, "layers"):
        raise HeschlError("embed: models", f"{model!r} has no layers in time", "wanted a network", "Choose another")
    chosen = _source(room, model, source, _paths(weights))
    outputs, centres_s = room.layers(sound["audio"].values, sound.attrs["rate_hz"], chosen, bin_s)
    dataset = _layer_set(outputs, ("clip", "bin"))
    coords = {"clip": sound["clip"].values, "bin": ("bin", centres_s, {"units": "s"})}
    store.write(layers, dataset.assign_coords(coords).assign_attrs(bin_s=bin_s, model=model))


def windows(
    *,
    audio: Path,
    weights: Path | list[Path],
    windows: Path,
    model: str,
    source: str,
    step_s: float,
    clip_s: float,
    random_crop: bool = False,
    seed: int = 0,
) -> None:
    """Embed fixed windows of what was heard: writes layer-01, ... (clip, window, feature) of the first clip_s seconds.

    Parameters
    ----------
    weights : the network's file, a store of `tags` for "text", or none: []
    source : of a hub model, a folder or owner/name@revision; of "text", a file of captions; else ""
    step_s : from one window to the next
    random_crop : one crop at random out of all the audio given instead, as published by others (science.md A4,
        defect 2); for comparison only

    Raises
    ------
    HeschlError
        If there is no such model or source, the audio is shorter than clip_s, or a clip than the model's window.
    """
    room, sound = _model(model), store.read(audio)
    if not hasattr(room, "KIND"):
        raise HeschlError("embed: models", f"{model!r} has no windows", "wanted a model with `load`", "Choose another")
    given, crop = _paths(weights), random_crop and room.KIND == "audio"
    cuts = _cuts(sound, audio, room, {"step_s": step_s, "clip_s": clip_s}, seed if crop else None)
    try:
        if room.KIND == "audio":
            values = _embed(room.load(_source(room, model, source, given)), sound, cuts)
        else:
            values = _describe(room, sound, source, given)
    except HeschlError:
        raise
    except ValueError as error:
        raise HeschlError(audio, str(error), f"can't be embedded by {model}", "Check the audio") from error
    found = _window_set(values, cuts, clip_s, crop).assign_coords(clip=sound["clip"].values)
    # a smaller network may lack the default layer: then its last
    layer = room.LAYER if room.LAYER in values else list(values)[-1]
    store.write(windows, found.assign_attrs(model=model, kind=room.KIND, layer=layer, step_s=step_s))


def clips(*, clips: Path, weights: Path | list[Path], features: Path, model: str, source: str, step_s: float) -> None:
    """Embed the windows of the clips that `cut` made, for networks of styles: writes what `windows` writes.

    Raises
    ------
    HeschlError
        As `windows`; or if the clips are shorter than what the model hears, or it doesn't hear sound.
    """
    room, clip_s = _model(model), float(store.read(clips).attrs["clip_s"])
    if getattr(room, "KIND", "") != "audio" or room.WINDOW_S > clip_s:
        wanted = f"wanted one that hears {clip_s:g} s of sound or less"  # labels would tell the style itself
        raise HeschlError("tell: model", f"{model!r} given", wanted, "Choose another, or set cut: clip_s")
    windows(audio=clips, weights=weights, windows=features, model=model, source=source, step_s=step_s, clip_s=clip_s)


def volumes(*, layers: Path, features: Path, events: list[Path], tr_s: float, clip_s: float, drop_s: float) -> None:
    """Turn layers into what each fMRI volume of a trial would see, for the clips that anyone heard.

    Each clip is convolved by itself with SPM's double gamma and sampled at mid-TR; lags before `drop_s` are
    dropped. Writes layer-01, ... (volume, feature), volumes sorted by clip, then lag.

    Parameters
    ----------
    layers : store of `layers`
    events : raw recordings, whose event_clip names the clips heard

    Raises
    ------
    HeschlError
        If a clip was heard that the layers don't have, or that is longer than its audio.
    """
    source = store.read(layers)
    clips, lag_s = _heard(events), lags_s(clip_s, tr_s, drop_s)
    if missing := sorted(set(clips) - set(source["clip"].values)):
        raise HeschlError(layers, f"no clip {missing[0]}", "the recordings' events name it", "Set corpus: dir:")
    bin_s = source.attrs["bin_s"]
    if source.sizes["bin"] * bin_s < clip_s - bin_s:
        raise HeschlError(
            layers, f"clips of {source.sizes['bin'] * bin_s:g} s", f"wanted {clip_s:g} s", "Set bids: clip_s"
        )
    outputs, variables = {}, sorted(str(name) for name in source.data_vars if str(name).startswith("layer-"))
    for variable, name in zip(variables, source.attrs["layers"], strict=True):
        drive = source[variable].sel(clip=clips).transpose("clip", ..., "bin").values
        sampled = sample(convolve(drive, bin_s), bin_s, lag_s)  # (clip, feature, lag)
        outputs[name] = sampled.swapaxes(1, 2).reshape(-1, drive.shape[1]).astype(np.float32)
    store.write(features, _volume_set(outputs, clips, lag_s).assign_attrs(model=source.attrs["model"]))


def categories(*, events: list[Path], features: Path, tr_s: float, clip_s: float, drop_s: float) -> None:
    """Describe each clip by its category alone: "face" of "face-01", before the last "-".

    For recordings without sound. Writes one layer, layer-01 (volume, feature), 1 for the clip's category and
    0 for the others, in the volumes that `volumes` would write.
    """
    clips, lag_s = _heard(events), lags_s(clip_s, tr_s, drop_s)
    names, category = np.unique([clip.rpartition("-")[0] or clip for clip in clips], return_inverse=True)
    one_hot = np.repeat(np.eye(len(names), dtype=np.float32)[category], len(lag_s), 0)
    dataset = _volume_set({"category": one_hot}, clips, lag_s)
    store.write(features, dataset.assign_attrs(model="category", categories=names.tolist()))


def _model(name: str) -> ModuleType:
    """Import a model of the embeddings room."""
    try:
        return importlib.import_module(f"heschl.embeddings.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"heschl.embeddings.{name}":
            raise
        fix = "See src/heschl/embeddings"
        raise HeschlError("embed: models", f"{name!r} given", "wanted a module of heschl.embeddings", fix) from None


def _cuts(sound: xr.Dataset, audio: Path, room: ModuleType, times: dict, seed: int | None) -> np.ndarray:
    """Return where each clip's windows start and end, s: (clip, window, 2); with a seed, one at random a clip."""
    clip_s, duration_s = times["clip_s"], sound.sizes["sample"] / sound.attrs["rate_hz"]
    if duration_s < clip_s - 1e-6:
        raise HeschlError(audio, f"clips of {duration_s:g} s", f"wanted {clip_s:g} s", "Set bids: clip_s")
    window_s = room.WINDOW_S if room.KIND == "audio" else clip_s  # words and labels are of the whole clip
    try:
        starts = starts_s(clip_s, window_s, times["step_s"])
    except ValueError as error:
        fix = "Choose a model with shorter windows"
        raise HeschlError("bids: clip_s", str(error), f"wanted {window_s:g} s or more", fix) from error
    starts = np.tile(starts, (sound.sizes["clip"], 1))
    if seed is not None and room.KIND == "audio":
        starts = np.random.default_rng([seed]).uniform(0, duration_s - window_s, (len(starts), 1))
    return np.stack([starts, starts + window_s], -1)


def _paths(weights: Path | list[Path]) -> list[Path]:
    return [Path(weights)] if isinstance(weights, str | Path) else [Path(path) for path in weights]


def _source(room: ModuleType, model: str, source: str, weights: list[Path]) -> str:
    """Return the one thing a model is loaded from; a model whose `load` asks for none takes ""."""
    chosen = source or (str(weights[0]) if weights else "")
    if not chosen and signature(room.load).parameters["source"].default is Parameter.empty:
        wanted = "wanted a folder or owner/name@revision"
        raise HeschlError(f"embed: {model}", "no source and no weights given", wanted, "Set its source")
    return chosen


def _describe(room: ModuleType, sound: xr.Dataset, source: str, weights: list[Path]) -> dict[str, np.ndarray]:
    """Describe clips by words or labels; a store among the weights holds their tags."""
    stores = [path for path in weights if path.suffix == ".zarr"]
    files = [str(path) for path in weights if path.suffix != ".zarr"]
    for path in stores:
        tags = store.read(path)
        if missing := sorted(set(sound["clip"].values) - set(tags["clip"].values)):
            raise HeschlError(path, f"no clip {missing[0]}", "the audio holds it", "Remake it: rule embed_tags")
        sound = sound.assign(tags=tags["tags"].sel(clip=sound["clip"].values))
    return room.load(source or (files[0] if files else "")).describe(sound)


def _embed(model: object, sound: xr.Dataset, cuts: np.ndarray) -> dict[str, np.ndarray]:
    """Embed the windows (clip, window, 2) of every clip: layer name -> (clip, window, feature) float32."""
    rate_hz, clips = sound.attrs["rate_hz"], sound["audio"].transpose("clip", "sample").values
    last = np.rint(cuts.max() * rate_hz).astype(int)  # what lies behind the last window wasn't heard
    found = [model.embed(clip[:last], rate_hz, cut)[0] for clip, cut in zip(clips, cuts, strict=True)]
    return {name: np.stack([each[name] for each in found]).astype(np.float32) for name in found[0]}


def _heard(events: list[Path]) -> list[str]:
    """Return the clips that any of the recordings played, sorted."""
    clips = {str(clip) for path in events for clip in store.read(path)["event_clip"].values}
    if not clips:
        raise HeschlError(", ".join(map(str, events)) or "events", "no clip was played", "wanted one at least")
    return sorted(clips)


def _layer_set(outputs: dict[str, np.ndarray], dims: tuple[str, ...]) -> xr.Dataset:
    """Name variables layer-01, ..., their last dimensions feature_01, ...; keep the layers' own names."""
    arrays = {}
    for i, (name, values) in enumerate(outputs.items(), 1):
        arrays[f"layer-{i:02d}"] = ((*dims, f"feature_{i:02d}"), values, {"units": "1", "long_name": name})
    return xr.Dataset(arrays, attrs={"layers": list(outputs)})


def _window_set(values: dict[str, np.ndarray], cuts: np.ndarray, clip_s: float, crop: bool) -> xr.Dataset:
    """Name the windows by their starts; random crops stand for the clip's middle and tell theirs by clip."""
    window_s = round(float(cuts[0, 0, 1] - cuts[0, 0, 0]), 9)
    start_s = np.array([(clip_s - window_s) / 2]) if crop else cuts[0, :, 0]
    coords = {"window": ("window", start_s, {"units": "s"})}
    if crop:
        coords["crop_start_s"] = ("clip", cuts[:, 0, 0], {"units": "s"})
    attrs = {"window_s": window_s, "random_crop": int(crop)}
    return _layer_set(values, ("clip", "window")).assign_coords(coords).assign_attrs(attrs)


def _volume_set(outputs: dict[str, np.ndarray], clips: list[str], lag_s: np.ndarray) -> xr.Dataset:
    """Name the volumes by clip and lag, clips first."""
    coords = {"clip": ("volume", np.repeat(clips, len(lag_s)))}
    coords["lag_s"] = ("volume", np.tile(lag_s, len(clips)), {"units": "s"})
    return _layer_set(outputs, ("volume",)).assign_coords(coords)
