"""From stores of patterns and features to what a searchlight takes, and what stores of a group must have in common."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import xarray as xr

from heschl.errors import HeschlError
from heschl.science import rdm, spheres
from heschl.science.shared_voxels import SharedVoxels, shared_voxels

ONE, MM = {"units": "1"}, {"units": "mm"}
PERMUTED = ("seed", "n_permutations", "clips", "layers")  # what one set of permutations has in common


def layer_names(features: xr.Dataset) -> list[str]:
    """List the layers of a store of features, layer-01 first."""
    return sorted(str(name) for name in features.data_vars if str(name).startswith("layer-"))


def models(features: xr.Dataset, heard: xr.Dataset, standardize: bool, remove_lag_mean: bool) -> np.ndarray:
    """Return the dissimilarities of every layer, (layer, volume, volume), volumes in the order of the patterns.

    Parameters
    ----------
    features, heard : of layer-01.. (volume, feature) and of patterns, both with clip and lag_s (volume)
    standardize : z-score each feature over volumes; remove_lag_mean : subtract the mean over clips at each lag first

    Raises
    ------
    ValueError
        If the two don't hold the same (clip, lag_s) volumes, or a layer has no dissimilarities.
    """
    order, lag_s = volume_order(heard, features), heard["lag_s"].values
    found = []
    for name in layer_names(features):
        values = features[name].values[order]
        try:
            values = rdm.without_lag_mean(values, lag_s) if remove_lag_mean else values
            found.append(rdm.spearman_rdm(rdm.standardized(values) if standardize else values))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from error
    return np.stack(found)


def volume_order(first: xr.Dataset, other: xr.Dataset) -> list[int]:
    """Return where each volume (clip, lag_s) of the first store is in the other; ValueError if they aren't the same."""
    volumes = [v for s in (first, other) for v in (s["clip"].values.astype(str), s["lag_s"].values)]
    return rdm.matching(*volumes)


def signal(heard: xr.Dataset, remove_lag_mean: bool) -> np.ndarray:
    """Return the patterns (volume, voxel) of a store, less the mean over clips at each lag where asked."""
    values = heard["patterns"].values
    return rdm.without_lag_mean(values, heard["lag_s"].values) if remove_lag_mean else values


def nearest(heard: xr.Dataset, n_voxels: int) -> tuple[np.ndarray, np.ndarray]:
    """Return each voxel's sphere (voxel, n_voxels) and its radius (voxel,), mm."""
    return spheres.nearest(spheres.world_mm(heard["ijk"].values, heard["affine"].values), n_voxels)


def refuse_unlike(stores: list[xr.Dataset], paths: list[Path], shared: tuple[str, ...] = PERMUTED) -> None:
    """Stop with one line if some attributes or the grids of a group's stores differ."""
    for one, path in zip(stores, paths, strict=True):
        for name in shared:
            if one.attrs[name] != stores[0].attrs[name]:
                given = f"{name} differs from {paths[0].name}"
                raise HeschlError(path, given, "wanted the same in all of a group", "Remake all")
        same = np.allclose(one["affine"].values, stores[0]["affine"].values)
        if not same or list(one.attrs["grid_shape"]) != list(stores[0].attrs["grid_shape"]):
            raise HeschlError(path, f"its grid differs from {paths[0].name}", "wanted one grid", "Remake all")


def common(stores: list[xr.Dataset], where: Path) -> SharedVoxels:
    """Return each subject's rows of the voxels that all have, and their ijk; stop with one line if there is none."""
    try:
        return shared_voxels([s["ijk"].values for s in stores], stores[0].attrs["grid_shape"])
    except ValueError as error:
        raise HeschlError(where, str(error), "no group", "Check registrations") from error


def places(ijk: np.ndarray, like: xr.Dataset) -> dict:
    """Return the variables ijk (voxel, axis) and affine of a group's store."""
    return {"ijk": (("voxel", "axis"), ijk.astype(np.int16), ONE), "affine": like["affine"]}


@contextmanager
def comparing(*paths: Path) -> Iterator[None]:
    """Turn what can't be compared into one line that names the stores."""
    try:
        yield
    except HeschlError:
        raise
    except ValueError as error:
        where = " and ".join(str(path) for path in paths)
        raise HeschlError(where, str(error), "no comparison", "Check the stores and the settings") from error
