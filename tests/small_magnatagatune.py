"""A MagnaTagATune of a few made-up clips, laid out as the published one."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile

RATE_HZ = 16_000


def table(path: Path, tags: Iterable[str], rows: Iterable[tuple[int, Iterable[str], str]], comma: str = "\t") -> Path:
    """Write annotations_final.csv: rows of clip_id, the tags that the clip has, and its mp3_path."""
    tags = list(tags)
    lines = [["clip_id", *tags, "mp3_path"]]
    lines += [[str(number), *("1" if tag in {*has} else "0" for tag in tags), name] for number, has, name in rows]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(comma.join(f'"{field}"' for field in line) + "\n" for line in lines), encoding="utf-8")
    return path


def tone(seconds: float, hz: float, rate_hz: int = RATE_HZ) -> np.ndarray:
    """Return a tone that swells, (sample,)."""
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    return 0.5 * (0.2 + 0.8 * t / seconds) * np.sin(2 * np.pi * hz * t)


def mp3(path: Path, sound: np.ndarray, rate_hz: int = RATE_HZ) -> Path:
    """Encode sound as the published clips are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, rate_hz, format="MP3", subtype="MPEG_LAYER_III")
    return path
