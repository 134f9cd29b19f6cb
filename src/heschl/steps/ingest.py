"""Ingest: read recordings and music, refuse what is damaged or contradictory, write checked Zarr."""

from importlib import import_module
from pathlib import Path

from heschl import store
from heschl.datasets import bids


def audio(
    *, manifest: Path | list[Path], events: list[Path], audio: Path, plugin: str, folder: str, whole_file: bool
) -> None:
    """Decode the corpus in a folder with datasets/<plugin>.py; some readers take from events what was heard.

    `manifest` is the corpus's own list, named here only so that a change of it is noticed; [] if it has none.
    """
    store.write(audio, import_module(f"heschl.datasets.{plugin}").load(Path(folder), events, whole_file))


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
