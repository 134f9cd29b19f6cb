"""Fit: a clockwork recurrent network learns to say the next sample of one subject's first component (Roman, 4.4)."""

from pathlib import Path

import numpy as np
import xarray as xr

from heschl import store
from heschl.errors import HeschlError

ONE = {"units": "1"}


def series(*, components: list[Path], fit: Path, iterations: int, keep: list[int], seed: int) -> None:
    """Fit seven modules of one unit to the first component of one random subject, mean over the training session.

    The series is divided by its own largest magnitude. Writes target (time), output (kept, time) after each number of
    iterations in `keep`, and loss (iteration), the mean squared error before each update.

    Parameters
    ----------
    components : stores of beamform.components, one per subject; those without epochs are left out
    keep : iterations after which the output is kept, 0 to `iterations`
    seed : of the subject and the weights

    Raises
    ------
    HeschlError
        If no subject has epochs, or `keep` names what isn't reached.
    """
    from heschl.nets.clockwork import PERIODS, ClockworkRNN
    from heschl.nets.subject_module import fit_series

    sub, found = _drawn(components, seed)
    first = found["series"].isel(session=0, basis=0, component=0).transpose("epoch", "time")
    mean = first.values.mean(0, dtype=float)
    try:
        loss, output = fit_series(ClockworkRNN(1, 1, PERIODS, seed=seed), mean, iterations, keep=keep)
    except ValueError as error:
        raise HeschlError(f"fit: sub-{sub}", str(error), "no fit", "Change the settings of fit") from error
    arrays = {
        "target": ("time", (mean / np.abs(mean).max()).astype(np.float32), ONE),
        "output": (("kept", "time"), output, ONE),
        "loss": ("iteration", loss, ONE | {"long_name": "mean squared error before each update"}),
    }
    coords = {"time": found["time"].values, "kept": list(keep), "iteration": np.arange(1, iterations + 1)}
    attrs = {"sub": sub, "periods": list(PERIODS), "kept": list(keep), "seed": seed}
    attrs |= {"session": str(found["session"].values[0])}
    store.write(fit, xr.Dataset(arrays, coords, attrs))


def _drawn(paths: list[Path], seed: int) -> tuple[str, xr.Dataset]:
    """Draw one of the subjects that have epochs."""
    stores = [store.read(path) for path in sorted(paths)]
    there = [found for found in stores if found.sizes["epoch"] and not found.attrs.get("refused")]
    if not there:
        given = f"none of {len(stores)} subjects has epochs"
        raise HeschlError("fit: components", given, "wanted one at least", "See the logs of beamform")
    found = there[int(np.random.default_rng([seed, 8]).integers(len(there)))]
    return str(found.attrs["sub"]), found.load()
