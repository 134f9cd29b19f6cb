"""Clips of a track: mono at 8 kHz, peak .9, both ends trimmed, cut one after the other (Geng, 3.1; science.md A2).

Files are read in blocks, so that hours of sound take no more memory than what is kept of them.
"""

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile
import soxr

from heschl.datasets.style_folders import Track
from heschl.errors import HeschlError

SILENT_RMS = 1e-4
FULL_SCALE, CLIPPED_SHARE = 0.9999, 0.01
HEADER_TOLERANCE_S, MANIFEST_TOLERANCE_S = 0.5, 0.05  # headers of mp3 estimate the length
HIGHEST_HZ = 768_000
BLOCK = 1 << 19  # frames, about 12 s of 44.1 kHz
SKIP = "The track is left out"


class _Stream(soundfile.SoundFile):
    """A file read from its beginning to its end.

    soundfile seeks to where it is after each block; in an mp3 that loses what the decoder kept of the block before,
    and the next one begins with other samples.
    """

    def seekable(self) -> bool:
        """Deny it, so that no block is preceded by a seek."""
        return False


def clips(
    track: Track,
    *,
    rate_hz: int = 8000,
    clip_s: float = 5.0,
    trim_s: float = 30.0,
    longest_s: float = 3600.0,
    peak: float = 0.9,
) -> tuple[np.ndarray, np.ndarray]:
    """Read a track and cut it into consecutive clips; what remains is dropped.

    Parameters
    ----------
    track : a file; one that is cut already (clip_start_s) isn't trimmed
    trim_s : dropped at the beginning and at the end
    longest_s : what comes later in a file isn't read
    peak : largest magnitude of the whole track, before it is trimmed

    Returns
    -------
    wave : array of shape (clip, sample), float32
    start_s : array of shape (clip,), where each clip starts in its track

    Raises
    ------
    HeschlError
        If the file can't be decoded or isn't what its header or the manifest says, is silent, clipped or too short.
    """
    _check_sha256(track)
    trim_s = trim_s if track.clip_start_s is None else 0.0
    sound, total_s = _read(track, rate_hz, longest_s)
    n, first = round(clip_s * rate_hz), round(trim_s * rate_hz)
    last = min(len(sound), round((total_s - trim_s) * rate_hz))
    count = (last - first) // n
    if count < 1:
        given, wanted = f"{total_s:.2f} s long", f"wanted {2 * trim_s + clip_s:g} s at least"
        raise HeschlError(track.file, given, wanted, SKIP)
    sound *= np.float32(peak) / np.abs(sound).max()
    starts = (first + n * np.arange(count)) / rate_hz + (track.clip_start_s or 0.0)
    return sound[first : first + count * n].reshape(count, n), starts


def _read(track: Track, rate_hz: int, longest_s: float) -> tuple[np.ndarray, float]:
    """Read a file up to longest_s, mono at rate_hz; returns also how long all of it is, s."""
    try:
        with _Stream(track.file) as file:
            _check_header(track, file, rate_hz)
            limit = min(file.frames, round(longest_s * file.samplerate))
            parts, frames, clipped = [], 0, 0
            stream = soxr.ResampleStream(file.samplerate, rate_hz, 1, dtype="float32")
            for block in _blocks(file, limit):
                frames, clipped = frames + len(block), clipped + int((np.abs(block) >= FULL_SCALE).any(1).sum())
                parts.append(stream.resample_chunk(block.mean(1)) if file.samplerate != rate_hz else block.mean(1))
            if file.samplerate != rate_hz:
                parts.append(stream.resample_chunk(np.empty(0, np.float32), last=True))
            total_s, whole = file.frames / file.samplerate, limit == file.frames
            _check_length(track, frames, limit, file.samplerate, whole)
    except (soundfile.LibsndfileError, RuntimeError) as error:
        fix = f"Convert it to FLAC. {SKIP}"
        raise HeschlError(track.file, f"can't be decoded: {error}", "wanted a sound file", fix) from None
    if not whole:
        print(f"{track.file}: only the first {longest_s:g} s are taken (style: longest_s)", file=sys.stderr, flush=True)
    sound = np.concatenate(parts) if parts else np.empty(0, np.float32)
    _check_sound(track, sound, clipped / max(frames, 1))
    return sound, total_s


def _blocks(file: soundfile.SoundFile, limit: int) -> Iterator[np.ndarray]:
    """Read (frame, channel) float32, block by block, `limit` frames or to where the file ends."""
    left = limit
    while left > 0:
        block = file.read(min(BLOCK, left), dtype="float32", always_2d=True)
        if not len(block):
            return
        left -= len(block)
        yield block


def _check_sha256(track: Track) -> None:
    if track.sha256 and _sha256(track.file) != track.sha256:
        raise HeschlError(track.file, "its sha256 isn't the manifest's", "wanted the clip unchanged", SKIP)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_header(track: Track, file: soundfile.SoundFile, rate_hz: int) -> None:
    """Refuse a rate that can't be, and a header that contradicts itself or its file, which libsndfile notes."""
    if not rate_hz <= file.samplerate <= HIGHEST_HZ:
        given = f"its header says {file.samplerate} Hz"
        raise HeschlError(track.file, given, f"wanted {rate_hz} to {HIGHEST_HZ} Hz", SKIP)
    if told := [line for line in file.extra_info.splitlines() if "(should be" in line]:
        raise HeschlError(track.file, f"its header says {told[0]}", "wanted a header that tells the truth", SKIP)


def _check_length(track: Track, frames: int, limit: int, native_hz: int, whole: bool) -> None:
    """Compare what was decoded with what the header and the manifest promise."""
    promised = [("its header", limit / native_hz, HEADER_TOLERANCE_S)]
    if whole and track.seconds is not None:
        promised.append(("the manifest", track.seconds, MANIFEST_TOLERANCE_S))
    for who, seconds, tolerance_s in promised:
        if abs(frames / native_hz - seconds) > tolerance_s:
            given = f"{frames / native_hz:.2f} s at {native_hz} Hz"
            raise HeschlError(track.file, given, f"{who} says {seconds:.2f} s", SKIP)


def _check_sound(track: Track, sound: np.ndarray, clipped: float) -> None:
    if not np.isfinite(sound).all():
        raise HeschlError(track.file, "holds NaN or infinity", "wanted finite samples", SKIP)
    level = float(np.sqrt(np.mean(np.square(sound, dtype=np.float64)))) if len(sound) else 0.0
    if level < SILENT_RMS:
        raise HeschlError(track.file, f"silent: RMS {level:.1e}", f"wanted {SILENT_RMS:.0e} or more", SKIP)
    if clipped > CLIPPED_SHARE:
        given = f"clipped: {clipped:.1%} of its samples are at full scale"
        raise HeschlError(track.file, given, f"wanted {CLIPPED_SHARE:.0%} at most", SKIP)
