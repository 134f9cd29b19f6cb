"""Gather: bring a corpus that is too large for memory into one store, to train on."""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray as xr

from heschl import sharded
from heschl.datasets import audio_stream
from heschl.datasets import magnatagatune as published
from heschl.errors import HeschlError

CLIP_S = 29.0
SHARD_CLIPS = 64


def magnatagatune(*, annotations: Path | list[Path], corpus: Path) -> None:
    """Decode every clip of MagnaTagATune once, in the memory of a few: writes one store, of 24 GB at most.

    Parameters
    ----------
    annotations : annotations_final.csv with the 16 folders of mp3 beside it, or []: none is set
    corpus : store written: audio (clip, sample) int16 of full scale 32,768, the first 29 s at 16 kHz; present
        (clip, tag), the 50 most frequent tags; seconds, part, song and artist (clip)

    Raises
    ------
    HeschlError
        If the table or a clip is missing or damaged.
    """
    if isinstance(annotations, list):
        given, wanted = "no folder is set", f"wanted MagnaTagATune's, with {published.TABLE} and the folders of mp3"
        raise HeschlError("select.dir", given, wanted, "Set select: dir:")
    clips = published.read(annotations)
    files, lengths = published.files(annotations.parent, clips), []
    shape = (len(files), round(CLIP_S * audio_stream.RATE_HZ))

    def rows() -> Iterator[np.ndarray]:
        for block in audio_stream.blocks(files, clip_s=CLIP_S, n_clips=SHARD_CLIPS):
            lengths.extend(block.length)
            print(f"{len(lengths)} of {len(files)} clips", file=sys.stderr, flush=True)
            yield block.audio

    def beside() -> xr.Dataset:
        return _tagged(clips, np.array(lengths) / audio_stream.RATE_HZ)

    sharded.write(corpus, rows(), beside, name="audio", dims=("clip", "sample"), shape=shape, rows=SHARD_CLIPS)


def _tagged(clips: published.Annotations, seconds: np.ndarray) -> xr.Dataset:
    """Put together what is known of each clip beside its sound."""
    arrays = {
        "present": (("clip", "tag"), published.top(clips), {"units": "1"}),
        "seconds": ("clip", seconds, {"units": "s", "long_name": "length of the whole file"}),
    }
    coords = {"clip": [str(number) for number in clips.clip], "tag": list(published.TOP_TAGS)}
    coords |= {name: ("clip", getattr(clips, name).astype(str)) for name in ("part", "song", "artist")}
    return xr.Dataset(arrays, coords, {"rate_hz": audio_stream.RATE_HZ, "left_out": clips.left_out})
