"""A story heard: time courses of six regions of 28 listeners, and the sound power of the story (Brennan et al. 2016).

Licence of the data: CC BY 4.0. Source: doi 10.1016/j.bandl.2016.04.008. The story is Alice in Wonderland, chapter 1.
"""

from pathlib import Path

import numpy as np
import xarray as xr

from heschl.errors import HeschlError

TR_S = 2.0
REGIONS = ("LATL", "RATL", "LPTL", "LIPL", "LPreM", "LIFG")
DROPPED = 10  # initial volumes that the time courses lack and the motion parameters have
PREDICTORS = {"sound_power": "sndpwr", "word_rate": "rate"}


def load(folder: Path, radius: str = "6mm") -> xr.Dataset:
    """Read every listener whose recording can be analysed.

    Parameters
    ----------
    folder : as published: <radius>/s##-timecourses.txt, s##-sndpwr.txt, s##-rate.txt, s##-rp_*.txt
    radius : "6mm" or "10mm", of the regions

    Returns
    -------
    dataset with bold (subject, time, region), sound_power and word_rate (subject, time), motion (subject, time,
    parameter); attrs tr_s, and refused: one line for each listener left out, with the file and the reason

    Raises
    ------
    HeschlError
        If a file is missing or no table of numbers, lengths disagree, or no listener is left.
    """
    folder = Path(folder)
    files = sorted((folder / radius).glob("s*-timecourses.txt"))
    if not files:
        raise HeschlError(folder / radius, "no s##-timecourses.txt", "wanted the published folder", "Set story: dir:")
    listeners = [_listener(folder, file) for file in files]
    kept = [one for one in listeners if not one["refused"]]
    if not kept:
        raise HeschlError(folder, listeners[0]["refused"], "wanted a listener who can be analysed")
    _same_length(folder, kept)
    one, dims = {"units": "1"}, ("subject", "time")
    arrays = {"bold": ((*dims, "region"), np.stack([k["bold"] for k in kept]), one)}
    arrays |= {name: (dims, np.stack([k[name] for k in kept]), one) for name in PREDICTORS}
    arrays["motion"] = ((*dims, "parameter"), np.stack([k["motion"] for k in kept]), {"units": "mm, rad"})
    coords = {"subject": [k["subject"] for k in kept], "region": list(REGIONS)}
    refused = [line["refused"] for line in listeners if line["refused"]]
    return xr.Dataset(arrays, coords, {"tr_s": TR_S, "refused": refused, "radius": radius})


def _listener(folder: Path, file: Path) -> dict:
    """Read one listener's tables; `refused` says why he or she can't be analysed, or is empty."""
    subject = file.name.split("-")[0]
    bold = _table(file, len(REGIONS))
    found = {"subject": subject, "bold": bold, "refused": ""}
    found |= {name: _table(folder / f"{subject}-{end}.txt", 1)[:, 0] for name, end in PREDICTORS.items()}
    motion = sorted(folder.glob(f"{subject}-rp_*.txt"))
    if not motion:
        raise HeschlError(folder / f"{subject}-rp_*.txt", "no such file", "wanted motion parameters", "Fetch it")
    found["motion"] = _table(motion[0], 6)[DROPPED:]
    silent = [r for r, sd in zip(REGIONS, bold.std(0), strict=True) if not sd > 0]
    if silent:
        what = "is all zeros" if not bold.any() else f"does not vary in {', '.join(silent)}"
        found["refused"] = f"{file.parent.name}/{file.name}: {subject} {what}; left out. Fetch the file again"
    return found


def _table(path: Path, columns: int) -> np.ndarray:
    """Read whitespace-separated numbers, (row, column)."""
    try:
        values = np.loadtxt(path, ndmin=2)
    except (OSError, ValueError) as error:
        raise HeschlError(path, f"can't be read: {error}", f"wanted {columns} columns of numbers") from None
    if values.shape[1] != columns or not np.isfinite(values).all():
        given = f"{values.shape[1]} columns, {int((~np.isfinite(values)).sum())} values that aren't finite"
        raise HeschlError(path, given, f"wanted {columns} columns of numbers", "Fetch it again")
    return values


def _same_length(folder: Path, kept: list[dict]) -> None:
    wanted = len(kept[0]["bold"])
    for one in kept:
        for name in ("bold", *PREDICTORS, "motion"):
            if len(one[name]) != wanted:
                given = f"{one['subject']}: {len(one[name])} volumes of {name}"
                raise HeschlError(folder, given, f"wanted {wanted}", "Fetch the files again")
