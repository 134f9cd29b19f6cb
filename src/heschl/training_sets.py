"""What the tagger learns from, read from stores: the corpus with musicnn's tags, or MagnaTagATune with its own."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr

from heschl import sharded, store
from heschl.datasets import magnatagatune
from heschl.errors import HeschlError
from heschl.science.splits import grouped_split

if TYPE_CHECKING:
    from heschl.nets.excerpts import Examples


class Corpus(NamedTuple):
    """What is learnt, from whom, and which clips are for what.

    heard : the clips; track : label of each, (clip,); split : part -> rows; reference : whose tags they are
    """

    heard: "Examples"
    track: np.ndarray
    split: dict[str, np.ndarray]
    tags: list[str]
    styles: list[str]
    rate_hz: int
    reference: str


def styles(
    audio: Path, tags: Path, windows: Path | list[Path], present_above: float, validation_fraction: float, seed: int
) -> Corpus:
    """Read clips, musicnn's tags and the styles; hold out whole tracks of every style."""
    import torch

    from heschl.nets.excerpts import Examples

    sound, probability = store.read(audio), store.read(tags)
    _refuse_others(tags, sound, probability)
    styles, style = np.unique(sound["style"].values, return_inverse=True)
    values, centre = probability["tags"].values, None
    present = values >= present_above
    for path in [windows] if isinstance(windows, Path) else windows:
        values, centre = _windows(path, sound)
    heard = Examples(
        torch.from_numpy(sound["audio"].values),
        torch.from_numpy(values.astype(np.float32)),
        present,
        torch.from_numpy(style.astype(np.int64)),
        centre,
    )
    shares = {"validation": validation_fraction / 3, "test": validation_fraction * 2 / 3}
    split = grouped_split(sound["track"].values, sound["style"].values, shares, seed)
    names = [str(t) for t in probability["tag"].values]
    rate_hz, reference = int(sound.attrs["rate_hz"]), "tags by musicnn, not MagnaTagATune"
    return Corpus(heard, sound["track"].values, split, names, [str(s) for s in styles], rate_hz, reference)


def _windows(path: Path, sound: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Read musicnn's tags of windows (clip, window, tag), and the middles of the windows in samples."""
    found = store.read(path)
    _refuse_others(path, sound, found)
    layer = f"layer-{list(found.attrs['layers']).index('tags') + 1:02d}"
    middle_s = found["window"].values + found.attrs["window_s"] / 2
    return found[layer].values, middle_s * sound.attrs["rate_hz"]


def _refuse_others(path: Path, sound: xr.Dataset, found: xr.Dataset) -> None:
    if list(sound["clip"].values) != list(found["clip"].values):
        raise HeschlError(
            path, "its clips aren't those of the audio", f"wanted {sound.sizes['clip']} clips in its order"
        )


def published(path: Path, variant: str) -> Corpus:
    """Take the clips of a variant with their own tags and parts; their sound stays on disk."""
    import torch

    from heschl.nets.excerpts import Examples

    known = store.read(path)
    present = known["present"].values
    chosen = magnatagatune.chosen(present, known["seconds"].values, variant)
    rows = np.flatnonzero(chosen)
    targets, style = torch.from_numpy(present.astype(np.float32)), torch.zeros(len(present), dtype=torch.int64)
    heard = Examples(sharded.read(path, "audio"), targets, present, style).take(rows)
    part, song = known["part"].values[rows], known["song"].values[rows]
    split = {name: np.flatnonzero(part == name) for name in magnatagatune.PARTS}
    tags, reference = [str(t) for t in known["tag"].values], f"MagnaTagATune, {variant}"
    return Corpus(heard, song, split, tags, ["all"], int(known.attrs["rate_hz"]), reference)
