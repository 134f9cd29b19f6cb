"""Regions of the Destrieux atlas on both sides, by the names that they go by in papers."""

import difflib

import numpy as np

from heschl.datasets import atlas as atlases
from heschl.errors import HeschlError
from heschl.science.atlas import labels_at

SIDES = {"L": "ctx_lh_", "R": "ctx_rh_"}
SHORT = {
    "G_temp_sup-Plan_polar": "planum polare",
    "G_temp_sup-G_T_transv": "Heschl's gyrus",
    "G_temp_sup-Plan_tempo": "planum temporale",
}


def points_in(points_mm: np.ndarray, regions: list[str]) -> dict[str, np.ndarray]:
    """Return which points lie in each region, left and right: "L planum polare" -> (point,), which may be empty.

    Parameters
    ----------
    points_mm : array of shape (point, 3), MNI
    regions : the atlas's names without their hemisphere, such as G_temp_sup-Plan_polar

    Raises
    ------
    HeschlError
        If the atlas has no such region, or isn't installed.
    """
    found = atlases.load("destrieux")
    number = {name: label for label, name in found.names.items()}
    label = labels_at(found.volume, found.affine, points_mm)
    inside = {}
    for region in regions:
        for side, prefix in SIDES.items():
            if prefix + region not in number:
                raise _unknown(region, list(number))
            inside[f"{side} {SHORT.get(region, region)}"] = np.flatnonzero(label == number[prefix + region])
    return inside


def _unknown(region: str, names: list[str]) -> HeschlError:
    known = sorted(
        {name.removeprefix(prefix) for name in names for prefix in SIDES.values() if name.startswith(prefix)}
    )
    near = difflib.get_close_matches(region, known, 1)
    fix = f"Did you mean {near[0]}?" if near else f"There are {', '.join(known)}"
    return HeschlError("infer.regions", f"no region {region!r}", "wanted one of the Destrieux atlas", fix)
