"""Cut: tracks of two or more styles into clips of five seconds (Geng, 3.1; science.md A2)."""

import sys
from pathlib import Path

import numpy as np
import xarray as xr

from heschl import store
from heschl.errors import HeschlError

ADD = "Add music to its folder, or set style: dir:"


def clips(
    *,
    files: list[Path],
    clips: Path,
    folder: Path,
    rate_hz: int = 8000,
    clip_s: float = 5.0,
    trim_s: float = 30.0,
    longest_s: float = 3600.0,
) -> None:
    """Cut every track into consecutive clips, mono at rate_hz, peak .9 (Geng, 3.1).

    Writes audio (clip, sample) float32, with style, track and start_s along clip; attrs styles, sorted, rate_hz, and
    left_out: a line for each file that can't be used, which are said in the log as well.

    Parameters
    ----------
    files : the music; what else the folder has is ignored
    folder : with one folder for each style, see datasets.style_folders
    trim_s : dropped at both ends of a track, not of clips that a manifest lists
    longest_s : what comes later in a file isn't read

    Raises
    ------
    HeschlError
        If fewer than two styles, or than two tracks of a style, are left.
    """
    from heschl.datasets import style_audio, style_folders

    wanted, left_out, rows, waves = {Path(f) for f in files}, [], [], []
    settings = {"rate_hz": rate_hz, "clip_s": clip_s, "trim_s": trim_s, "longest_s": longest_s}
    found = [track for track in style_folders.find(folder) if track.file in wanted]
    for track in found:
        try:
            wave, start_s = style_audio.clips(track, **settings)
        except HeschlError as error:
            left_out.append((track.style, str(error)))
            print(error, file=sys.stderr, flush=True)
            continue
        waves.append(wave)
        rows += [(track.style, track.name, s) for s in start_s]
    _check(Path(folder), sorted({track.style for track in found}), rows, left_out)
    style, track, start_s = (np.array(column) for column in zip(*rows, strict=True))
    coords = {"clip": np.arange(len(rows)), "style": ("clip", style), "track": ("clip", track)}
    coords["start_s"] = ("clip", start_s, {"units": "s"})
    about = {"units": "1", "long_name": "sound pressure, full scale 1"}
    attrs = {"styles": sorted(set(style.tolist())), "left_out": [line for _, line in left_out]} | settings
    store.write(clips, xr.Dataset({"audio": (("clip", "sample"), np.concatenate(waves), about)}, coords, attrs))


def _check(
    folder: Path, styles: list[str], rows: list[tuple[str, str, float]], left_out: list[tuple[str, str]]
) -> None:
    """Refuse what can't be split into training and test, and say why the first of the missing tracks is missing."""
    if len(styles) < 2:
        raise HeschlError(folder, f"{len(styles)} styles", "wanted two or more", "Set style: dir:")
    for style in styles:
        names = {track for of, track, _ in rows if of == style}
        if len(names) < 2:
            why = next((f" ({line})" for of, line in left_out if of == style), "")
            given = f"{len(names)} tracks of style {style} can be used{why}"
            raise HeschlError(folder, given, "wanted two or more, one of them to be tested", ADD)
