"""What figures of subject identification share: which scores there are, their names and colours, chance and CIs."""

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import style

FITTED = ("train", "validation", "test")  # scores within the session that networks were trained on
MODELLED = "_modelled"  # ends the name of the test samples with a session's drift put on
CONTROLS = {MODELLED: "drift of {}", "_corrected": "{}, drift undone", "_matched": "test, noise as {}"}
COLOURS = {"train": style.PALE, "validation": style.GREY, "test": style.BLUE}
SESSIONS = (style.ORANGE, style.GREEN, style.PURPLE, style.SKY, style.YELLOW, style.RED, "#7f4f24")
CANARIES = ("noise", "permuted")  # splits in which nothing but chance may be found
SPLITS = {
    "published": "random voxels (published)", "spatial_block": "held-out block of the head", "run": "other run",
    "half": "other half of the epochs", "noise": "empty room (canary)", "permuted": "shuffled subjects (canary)",
    "epoch_block": "later epochs",
}  # fmt: skip
EXPERIMENTS = {"full": "full head (4.1)", "clusters": "clusters (4.2)", "components": "components (4.3)"}


def opened(paths: Sequence[Path]) -> list[xr.Dataset]:
    """Open the scores of one experiment, one store a seed.

    Raises
    ------
    HeschlError
        If there is none, or they are not of one experiment.
    """
    if not paths:
        raise HeschlError("draw", "no scores given", "wanted one store a seed", "Name seeds in classify: seeds:")
    found = [store.read(path).load() for path in paths]
    for path, one in zip(paths, found, strict=True):
        for name in ("split", "evaluation", "subject", "member"):
            if name in found[0] and not np.array_equal(found[0][name].values, one[name].values):
                raise HeschlError(path, f"another {name} than in {paths[0]}", "wanted seeds of one experiment")
    return found


def evaluations(found: xr.Dataset) -> list[str]:
    """Name all scores of a store, in order."""
    return [str(e) for e in found["evaluation"].values]


def tested(found: xr.Dataset) -> list[str]:
    """Name the sessions that networks were tested on but not trained on, in order; the first is the published one."""
    return [e for e in evaluations(found) if e not in FITTED and not _control(e)]


def at(names: xr.DataArray, name: str, where: object) -> int:
    """Return the place of a name on a coordinate; raise HeschlError that lists those there are."""
    given = names.values.astype(str).tolist()
    if name not in given:
        raise HeschlError(where, f"has no {names.name} {name!r}", f"wanted one of {', '.join(given)}")
    return given.index(name)


def colour(evaluation: str, sessions: Sequence[str]) -> str:
    """Return the colour of a score; a session's and its model's is the same."""
    if evaluation in COLOURS:
        return COLOURS[evaluation]
    return SESSIONS[list(sessions).index(evaluation.removesuffix(_control(evaluation))) % len(SESSIONS)]


def _control(evaluation: str) -> str:
    """Return the ending that makes a score a control of drift, "" if it has none."""
    return next((ending for ending in CONTROLS if evaluation.endswith(ending)), "")


def words(evaluation: str) -> str:
    """Name a score for readers: after_modelled -> drift of after."""
    ending = _control(evaluation)
    return CONTROLS.get(ending, "{}").format(evaluation.removesuffix(ending).replace("_", " "))


def split_words(split: str, experiment: str = "full") -> str:
    """Name a split for readers; components are drawn at random by epochs, not voxels."""
    name = SPLITS.get(split, split.replace("_", " "))
    return name.replace("voxels", "epochs") if experiment == "components" else name


def seeds_words(n: int) -> str:
    """Count seeds: 1 seed, 20 seeds."""
    return f"{n} seed" + ("s" if n != 1 else "")


def mean(values: np.ndarray, axis: int | tuple[int, ...] = 0) -> np.ndarray:
    """Average without NaN; NaN, and no warning, where nothing is left."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanmean(np.asarray(values, float), axis=axis)


def span(values: np.ndarray, axis: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return the least and largest value without NaN; NaN, and no warning, where nothing is left."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return np.nanmin(values, axis=axis), np.nanmax(values, axis=axis)


def chance_line(axes: Axes, n_subjects: int, *, vertical: bool = False) -> None:
    """Draw the dashed line of chance of an axis in per cent."""
    line = axes.axvline if vertical else axes.axhline
    line(100 / n_subjects, color=style.INK, lw=0.7, ls=(0, (4, 3)), zorder=1.5, label="chance")


def interval(axes: Axes, at: float, ci: np.ndarray, ink: str = style.INK, *, across: bool = False) -> None:
    """Draw an interval (2,), with short ends; nothing if it is not known."""
    if np.isfinite(ci).all():
        middle, half = np.mean(ci), np.ptp(ci) / 2
        place = {"x": middle, "y": at, "xerr": half} if across else {"x": at, "y": middle, "yerr": half}
        axes.errorbar(**place, fmt="none", ecolor=ink, elinewidth=0.9, capsize=2, capthick=0.9, zorder=4)
