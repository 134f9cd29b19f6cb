"""What figures of one subject's principal components share: who is drawn, their series, time and beats."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import style


def first(paths: Sequence[Path]) -> xr.Dataset | None:
    """Open the first store of components that has epochs; None if all subjects were refused.

    Raises
    ------
    HeschlError
        If no store is given.
    """
    if not paths:
        raise HeschlError("draw", "no components given", "wanted one store a subject", "Run beamform_components")
    for path in paths:
        found = store.read(path)
        if found.sizes.get("epoch", 0) and not found.attrs.get("refused"):
            return found.load()
    return None


def series(found: xr.Dataset, session: str) -> np.ndarray:
    """Return a session's own components, (epoch, component, time)."""
    at = found["session"].values.astype(str).tolist().index(session)
    own = found["basis"].values.astype(str).tolist().index("own")
    return found["series"].isel(session=at, basis=own).transpose("epoch", "component", "time").values.astype(float)


def time_s(found: xr.Dataset) -> np.ndarray:
    """Return the times (time,) of an epoch, s."""
    if "time" in found.coords:
        return found["time"].values.astype(float)
    return np.arange(found.sizes["time"]) / float(found.attrs["rate_hz"])


def measure(found: xr.Dataset) -> str:
    """Say what the series measure."""
    return f"beta {found.attrs.get('measure', 'power')}"


def beats(axes: Axes, time: np.ndarray, beat_s: float) -> None:
    """Mark the beats of the metronome, the first at 0 s."""
    for k, at in enumerate(np.arange(0, time[-1] + 1e-9, beat_s)):
        axes.axvline(at, color=style.GREY, lw=0.6, ls=":", zorder=0.5, label="beat" if k == 0 else None)
