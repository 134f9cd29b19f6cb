"""Which voxels of a group result count as significant, and what that is called."""

import numpy as np
import xarray as xr

from heschl.errors import HeschlError

NAMES = {
    "published": "Benjamini-Hochberg, as published",
    "fwe": "family-wise p ≤ .05, clip-label permutation",
    "none": "all voxels",
}


def mask(group: xr.Dataset, rule: str) -> np.ndarray:
    """Return the voxels (voxel,) that pass a rule: published, fwe (p <= .05) or none."""
    if rule == "published":
        return group["published"].values.astype(bool)
    if rule == "fwe":
        return group["p_fwe"].values <= 0.05
    if rule == "none":
        return np.ones(group.sizes["voxel"], dtype=bool)
    raise HeschlError("significance", repr(rule), f"wanted one of {', '.join(NAMES)}")
