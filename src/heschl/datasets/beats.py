"""Read the beats of a metronome from a run's events.tsv."""

import math
from pathlib import Path

import numpy as np

from heschl.datasets.events import NUMBER, rows
from heschl.errors import HeschlError


def read(path: Path, event: str) -> np.ndarray:
    """Return when the rows of trial_type `event` start, s from the run's first sample, in order: (beat,).

    Raises
    ------
    HeschlError
        If the table is damaged, has no such row, or an onset is no number.
    """
    table = rows(Path(path), ["trial_type"])
    found = [(line, row["onset"].strip()) for line, row in table if row["trial_type"].strip() == event]
    if not found:
        kinds = ", ".join(sorted({row["trial_type"] for _, row in table})[:8]) or "no row"
        raise HeschlError(path, f"no {event!r} in trial_type, but {kinds}", "wanted the beats", "Correct meg: event:")
    onset_s = [float(text) if NUMBER.fullmatch(text) else math.nan for _, text in found]
    for (line, text), value in zip(found, onset_s, strict=True):
        if not math.isfinite(value):
            raise HeschlError(path, f"line {line}: onset is {text[:40]!r}", "wanted seconds", "Correct the line")
    return np.sort(onset_s)
