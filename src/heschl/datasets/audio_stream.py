"""Many short clips of sound, decoded one after the other, so that a corpus of any size takes the memory of a block.

Samples are int16: sound of full scale 1 is 32,768, and what lies beyond (mp3 overshoots a little) is cut off. That is
half the room of float32 and all the precision of what was encoded.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from heschl.errors import HeschlError

RATE_HZ = 16_000
FULL_SCALE = 32_768
FRAMES = 1 << 19


class Block(NamedTuple):
    """Clips that follow each other: audio (clip, sample) int16; length (clip,) int64, samples in the whole files.

    A clip longer than the row is cut, a shorter one ends in zeros.
    """

    audio: np.ndarray
    length: np.ndarray


class _Stream(soundfile.SoundFile):
    """A file read from its beginning to its end.

    soundfile takes no more than the header of an mp3 promises, which is an estimate, and seeks after each block, which
    in an mp3 loses what the decoder kept; neither happens to a file that can't be sought in.
    """

    def seekable(self) -> bool:
        """Deny it."""
        return False


def blocks(
    files: Sequence[Path], *, rate_hz: int = RATE_HZ, clip_s: float = 29.0, n_clips: int = 128
) -> Iterator[Block]:
    """Decode files in their order, n_clips at a time, to mono at rate_hz.

    Parameters
    ----------
    clip_s : seconds kept of each file, from its beginning
    n_clips : clips of a block, less in the last

    Raises
    ------
    HeschlError
        If a file can't be decoded or holds no sample.
    """
    n_samples = round(clip_s * rate_hz)
    for first in range(0, len(files), n_clips):
        some = files[first : first + n_clips]
        block = Block(np.zeros((len(some), n_samples), np.int16), np.zeros(len(some), np.int64))
        for row, path in enumerate(some):
            sound = decode(path, rate_hz)
            block.length[row] = len(sound)
            kept = sound[:n_samples]
            block.audio[row, : len(kept)] = np.clip(np.rint(kept * FULL_SCALE), -FULL_SCALE, FULL_SCALE - 1)
        yield block


def decode(path: Path, rate_hz: int = RATE_HZ) -> np.ndarray:
    """Read a whole file: (sample,) float32, the mean of its channels, at rate_hz.

    Raises
    ------
    HeschlError
        If it is missing, can't be decoded or holds no sample.
    """
    if not Path(path).is_file():
        raise HeschlError(path, "no such file", "wanted a sound file")
    try:
        with _Stream(path) as file:
            native_hz, parts = file.samplerate, list(_parts(file))
    except (soundfile.LibsndfileError, RuntimeError) as error:
        fix = "Fetch or unpack it again"
        raise HeschlError(path, f"can't be decoded: {error}", "wanted a sound file", fix) from None
    if not parts:
        raise HeschlError(path, "no sample in it", "wanted sound", "Fetch or unpack it again")
    sound = np.concatenate(parts)
    if native_hz != rate_hz:
        import soxr

        sound = soxr.resample(sound, native_hz, rate_hz)
    return sound


def _parts(file: soundfile.SoundFile) -> Iterator[np.ndarray]:
    """Read (sample,) float32 piece by piece, to where the file ends."""
    while len(piece := file.read(FRAMES, dtype="float32", always_2d=True)):
        yield piece.mean(1)
