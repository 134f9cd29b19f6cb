"""GTZAN as ds003720's listeners heard it: 15 s of each 30-s file, faded and levelled as the authors' script does.

The recordings are not ours to give: put the ten folders of genres (blues/blues.00000.wav ...) where corpus.dir says.
Source: science.md F (stimulus synthesis); Tzanetakis and Cook 2002; Nakai, Koide-Majima and Nishimoto 2022.
"""

from pathlib import Path

import numpy as np
import soundfile
import xarray as xr

from heschl.datasets.events import rows
from heschl.errors import HeschlError

RATE_HZ = 22_050
FADE_S = 2.0
RMS = 0.13210  # of every stimulus (Mean_RMS.mat, quoted in science.md F)
COLUMNS = ("genre", "track", "start", "end")


def load(folder: Path, events: list[Path], whole_file: bool = False) -> xr.Dataset:
    """Read the excerpts that events.tsv files name.

    Parameters
    ----------
    folder : with one folder per genre, files <genre>.<five digits>.wav or .au, 22,050 Hz
    events : events.tsv of ds003720, whose rows name genre, track, start and end (s within the file)
    whole_file : take the file from its beginning, whatever was heard: defect 1 of science.md A4, never for results

    Returns
    -------
    dataset with audio (clip, sample) float32, attrs rate_hz, coordinates clip ("rock/29"), style, track, artist and
    title (clip): one track a file, artist and title unknown here (the audit takes them from an index)

    Raises
    ------
    HeschlError
        If a file is missing, undecodable, of another rate, ends before the excerpt does, or two rows disagree.
    """
    cuts = _cuts(events)
    clips = sorted(cuts)
    sounds = [_excerpt(Path(folder), clip, *cuts[clip], whole_file) for clip in clips]
    audio = np.zeros((len(clips), max(map(len, sounds))), np.float32)
    for row, sound in zip(audio, sounds, strict=True):
        row[: len(sound)] = sound
    coords = {"clip": clips, "style": ("clip", [c.split("/")[0] for c in clips]), "track": ("clip", clips)}
    coords |= {name: ("clip", [""] * len(clips)) for name in ("artist", "title")}
    attrs = {"units": "1", "long_name": "sound pressure, full scale 1"}
    found = {"rate_hz": RATE_HZ, "whole_file": int(whole_file)}
    return xr.Dataset({"audio": (("clip", "sample"), audio, attrs)}, coords, found)


def _cuts(events: list[Path]) -> dict[str, tuple[float, float]]:
    """Map each clip to its start and end, s within its file."""
    cuts: dict[str, tuple[float, float]] = {}
    for path in events:
        for line, row in rows(path, list(COLUMNS)):
            clip = "/".join(row[name].strip(" '\"") for name in COLUMNS[:2])
            try:
                cut = float(row["start"]), float(row["end"])
            except ValueError:
                given = f"line {line}: start and end are {row['start']!r} and {row['end']!r}"
                raise HeschlError(path, given, "wanted seconds", "Correct the line") from None
            if cuts.setdefault(clip, cut) != cut:
                given = f"line {line}: {clip} from {cut[0]:g} s, elsewhere from {cuts[clip][0]:g} s"
                raise HeschlError(path, given, "wanted one excerpt per clip", "Correct the events")
    return cuts


def _excerpt(folder: Path, clip: str, start_s: float, end_s: float, whole_file: bool) -> np.ndarray:
    path = _file(folder, clip)
    try:
        sound, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError as error:
        raise HeschlError(path, f"can't be decoded: {error}", "wanted a sound file", "Fetch it again") from None
    if rate_hz != RATE_HZ:
        raise HeschlError(path, f"{rate_hz} Hz", f"wanted {RATE_HZ} Hz", "Take GTZAN as it is published")
    if whole_file:
        return sound.mean(1)
    first, last = round(start_s * rate_hz), round(end_s * rate_hz)
    if not 0 <= first < last <= len(sound) + rate_hz // 100:
        given = f"{len(sound) / rate_hz:.2f} s long, the events want {start_s:g} to {end_s:g} s"
        raise HeschlError(path, given, "wanted the whole excerpt", "Fetch the file again or correct the events")
    return heard(sound[first:last].mean(1), rate_hz)


def _file(folder: Path, clip: str) -> Path:
    genre, _, track = clip.partition("/")
    name = f"{genre}.{int(track):05d}" if track.isdigit() else f"{genre}.{track}"
    for ending in (".wav", ".au"):
        if (path := folder / genre / (name + ending)).is_file():
            return path
    raise HeschlError(folder / genre / f"{name}.wav", "no such file", "the events name it", "Set corpus: dir:")


def heard(sound: np.ndarray, rate_hz: int) -> np.ndarray:
    """Fade an excerpt (sample,) in and out by a quarter of a sine over 2 s and bring it to the stimuli's RMS."""
    n = min(round(FADE_S * rate_hz), len(sound) // 2)
    fade = np.sin(np.linspace(0, np.pi / 2, n, dtype=np.float32))
    faded = sound.copy()
    faded[:n] *= fade
    faded[len(sound) - n :] *= fade[::-1]
    level = np.sqrt(np.mean(np.square(faded, dtype=np.float64)))
    return (faded * (RMS / level) if level > 0 else faded).astype(np.float32)
