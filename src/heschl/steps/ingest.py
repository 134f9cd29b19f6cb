"""Ingest: read recordings and music, refuse what is damaged or contradictory, write checked Zarr."""

from importlib import import_module
from pathlib import Path

import xarray as xr

from heschl import store
from heschl.datasets import bids
from heschl.errors import HeschlError
from heschl.science.duplicates import repeated


def audio(
    *, manifest: Path | list[Path], events: list[Path], audio: Path, plugin: str, folder: str, whole_file: bool
) -> None:
    """Decode the corpus in a folder with datasets/<plugin>.py; some readers take from events what was heard.

    `manifest` is the corpus's own list, named here so that a change of it is noticed; [] if it has none.

    Raises
    ------
    HeschlError
        As the reader; if a corpus with a manifest holds the same sound twice.
    """
    sound = import_module(f"heschl.datasets.{plugin}").load(Path(folder), events, whole_file)
    if manifest:  # without one, the recordings say what was heard: it can't be mended, and the audit looks for it
        _refuse_twice(sound, manifest)
    store.write(audio, sound)


def anat(*, nifti: Path, t1w: Path) -> None:
    """Read a T1-weighted image, turned to RAS+."""
    store.write(t1w, bids.t1w(nifti))


def bold(
    *,
    nifti: Path,
    sidecars: list[Path],
    events: Path,
    bold: Path,
    stimulus: str,
    drop_first_event: bool,
    tr_s: float,
) -> None:
    """Read a run with its sidecars and events, turned to RAS+."""
    run = bids.bold(nifti, sidecars, events, stimulus=stimulus, drop_first_event=drop_first_event, tr_s=tr_s)
    store.write(bold, run)


def _refuse_twice(sound: xr.Dataset, manifest: Path | list[Path]) -> None:
    """Refuse two clips that are the same, sample by sample: a comparison would take them for two stimuli."""
    if twice := repeated(sound["audio"].transpose("clip", "sample").values):
        first, again = (str(sound["clip"].values[row]) for row in twice[0])
        given = f"clips {first!r} and {again!r} are the same sound" + f", one of {len(twice)} pairs" * (len(twice) > 1)
        raise HeschlError(
            manifest, given, "wanted each sound under one name", "Drop one; give its events the other's name"
        )
