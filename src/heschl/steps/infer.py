"""Infer which layer is where: voxel by voxel and layer by layer over subjects, given other models and other clips."""

from pathlib import Path

import numpy as np
import xarray as xr

from heschl import rsa_stores, store
from heschl.datasets.atlas_regions import points_in
from heschl.errors import HeschlError
from heschl.rsa_stores import ONE
from heschl.science import layer_maps, partial_rsa, rdm, rsa_regions, spheres
from heschl.science.clip_bootstrap import bootstrap_rho, clip_draws
from heschl.science.permutation_mean import permutation_mean
from heschl.science.rsa_ceiling import ceilings
from heschl.science.searchlight import searchlight
from heschl.science.shared_voxels import spread
from heschl.science.tfce import adjacency

MOST = 12  # centres of a region and hemisphere that the bootstrap takes


def controls(
    *,
    patterns: Path,
    features: Path,
    others: list[Path],
    controls: Path,
    n_voxels: int,
    standardize: bool,
    remove_lag_mean: bool,
    pairs: str,
) -> None:
    """Correlate one subject's spheres with control models as `compare.searchlight` does with layers, not permuted.

    Writes rho_control and centre_control (voxel, control), the latter the mean when clips trade places, and between
    (model_row, model_column): Spearman's correlations among the layers, then the controls, over the same pairs. Each
    layer of a control model is a control of its own.

    Parameters
    ----------
    others : stores of features of the control models; there may be none
    patterns, features, n_voxels, standardize, remove_lag_mean, pairs : as of `compare.searchlight`

    Raises
    ------
    HeschlError
        If the stores don't hold the same (clip, lag_s) volumes, or the arrays can't be compared.
    """
    heard, seen = store.read(patterns).load(), [store.read(path) for path in (features, *others)]
    layers, named = rsa_stores.layer_names(seen[0]), [name for one in seen[1:] for name in _control_names(one)]
    rho = centre = np.empty((heard.sizes["voxel"], 0))
    with rsa_stores.comparing(patterns, features, *others):
        clip = heard["clip"].values.astype(str)
        mask = rdm.pair_mask(clip, pairs)
        given = np.concatenate([rsa_stores.models(one, heard, standardize, remove_lag_mean) for one in seen])
        between = partial_rsa.model_correlations(given, mask)
        if named:
            around, signal = rsa_stores.nearest(heard, n_voxels)[0], rsa_stores.signal(heard, remove_lag_mean)
            rho = searchlight(signal, given[len(layers) :], around, pairs=mask, progress=True).rho
            trials = {"clip": clip, "lag_s": heard["lag_s"].values}
            centre = permutation_mean(signal, given[len(layers) :], around, pairs=mask, **trials)
    arrays = {"rho_control": (("voxel", "control"), rho.astype(np.float32), ONE)}
    arrays |= {"centre_control": (("voxel", "control"), centre.astype(np.float32), ONE)}
    arrays |= {"between": (("model_row", "model_column"), between, ONE), "ijk": heard["ijk"], "affine": heard["affine"]}
    coords = {"control": named, "model_row": [*layers, *named], "model_column": [*layers, *named]}
    attrs = {"layers": layers, "controls": named, "grid_shape": list(heard.attrs["grid_shape"])}
    store.write(controls, xr.Dataset(arrays, coords, attrs))


def layers(
    *,
    rsa: list[Path],
    controls: list[Path],
    layers: Path,
    q: float,
    cluster_enhanced: bool,
    connectivity: int,
    shrink: float,
    seed: int,
) -> None:
    """Test every voxel and layer over subjects, and say what each layer adds to the others and to control models.

    Writes what heschl.science.layer_maps returns: the maps of `tested` and of `added`.

    Parameters
    ----------
    rsa : stores of `compare.searchlight`, one per subject, with the same clips, layers and seed
    controls : stores of `controls`, of the same subjects in the same order
    q : false discovery rate over voxels x layers
    cluster_enhanced : enhance the map of the largest by its clusters and test that too; else NaN
    connectivity : which voxels touch, 6, 18 or 26
    shrink, seed : of the sign flips (heschl.science.group_flips)

    Raises
    ------
    HeschlError
        If the subjects' grids, permutations, layers or controls differ, or they have no voxel in common.
    """
    stores, given = ([store.read(path) for path in paths] for paths in (rsa, controls))
    rsa_stores.refuse_unlike(stores, rsa)
    rsa_stores.refuse_unlike([*stores[:1], *given], [*rsa[:1], *controls], ("layers",))
    rsa_stores.refuse_unlike(given, controls, ("controls",))
    rows, ijk = rsa_stores.common(stores, layers)
    for one, other, path in zip(stores, given, controls, strict=True):
        if not np.array_equal(one["ijk"].values, other["ijk"].values):
            raise HeschlError(path, "its voxels differ from the subject's searchlight", "wanted the same", "Remake it")
    rho, centre = (_at(stores, name, rows) for name in ("rho", "null_mean"))
    null_max = (one["null_max"].values[:, row] for one, row in zip(stores, rows, strict=True))
    adjacent = adjacency(ijk, connectivity) if cluster_enhanced else None
    found = layer_maps.tested(rho, centre, null_max, q=q, shrink=shrink, seed=seed, adjacent=adjacent)
    between = np.stack([one["between"].values for one in given])
    of_controls = [_at(given, name, rows) for name in ("rho_control", "centre_control")]
    found |= layer_maps.added(rho, centre, *of_controls, between)
    attrs = {"n_subjects": len(rsa), "q": q, "controls": list(given[0].attrs["controls"])}
    _write_layers(layers, found, stores[0], ijk, attrs)


def ceiling(
    *, patterns: list[Path], ceiling: Path, n_voxels: int, n_centres: int, remove_lag_mean: bool, pairs: str
) -> None:
    """Say how well any model could do in a group: writes lower and upper noise ceilings (centre,) and ijk.

    Parameters
    ----------
    patterns : stores of patterns, one per subject; one subject alone has no lower ceiling
    n_centres : at most so many spheres: every k-th of the common voxels
    n_voxels, remove_lag_mean, pairs : as of `compare.searchlight`

    Raises
    ------
    HeschlError
        If the subjects' grids or volumes differ, or they have no voxel in common.
    """
    heard = [store.read(path) for path in patterns]
    rsa_stores.refuse_unlike(heard, patterns, ())
    rows, ijk = rsa_stores.common(heard, ceiling)
    chosen = spread(len(ijk), n_centres)
    signals = (rsa_stores.signal(one, remove_lag_mean)[rsa_stores.volume_order(heard[0], one)] for one in heard)
    around = (rsa_stores.nearest(one, n_voxels)[0][row[chosen]] for one, row in zip(heard, rows, strict=True))
    with rsa_stores.comparing(*patterns):
        mask = rdm.pair_mask(heard[0]["clip"].values.astype(str), pairs)
        found = ceilings(signals, around, mask, progress=True)
    arrays = {name: ("centre", values, ONE) for name, values in found._asdict().items()}
    arrays |= {"ijk": (("centre", "axis"), ijk[chosen].astype(np.int16), ONE), "affine": heard[0]["affine"]}
    attrs = {"n_subjects": len(heard), "pairs": pairs, "grid_shape": list(heard[0].attrs["grid_shape"])}
    store.write(ceiling, xr.Dataset(arrays, attrs=attrs))


def bootstrap(
    *,
    patterns: list[Path],
    features: Path,
    bootstrap: Path,
    regions: list[str],
    n_bootstrap: int,
    n_voxels: int,
    standardize: bool,
    remove_lag_mean: bool,
    pairs: str,
    seed: int,
) -> None:
    """Draw the clips anew and see which rho, and which layer, each region would have had.

    Writes what heschl.science.rsa_regions.region_intervals returns, of means over subjects and at most 12 spheres of a
    region and hemisphere; centre (region, layer), the mean rho when clips trade places; n_centres (region,). Regions
    without a voxel are named in the attribute left_out.

    Parameters
    ----------
    patterns : stores of patterns, one per subject; all hear the same resamples of the clips
    regions : of the Destrieux atlas, without their hemisphere; each is done left and right
    n_bootstrap, seed : number of resamples, and of their draws
    features, n_voxels, standardize, remove_lag_mean, pairs : as of `compare.searchlight`

    Raises
    ------
    HeschlError
        If there is no such region or none holds a common voxel, there are fewer than 3 clips, or as of
        `compare.searchlight`.
    """
    heard, seen = [store.read(path) for path in patterns], store.read(features)
    rsa_stores.refuse_unlike(heard, patterns, ())
    rows, ijk = rsa_stores.common(heard, bootstrap)
    inside, left_out = _centres(spheres.world_mm(ijk, heard[0]["affine"].values), regions)
    chosen, total, centre = np.concatenate(list(inside.values())), 0.0, 0.0
    with rsa_stores.comparing(*patterns, features):
        for one, row in zip(heard, rows, strict=True):
            clip = one["clip"].values.astype(str)
            draws = clip_draws(len(set(clip)), n_bootstrap, seed)
            draws = np.concatenate([np.ones_like(draws[:1]), draws])  # the clips themselves first
            options = {"pairs": rdm.pair_mask(clip, pairs), "clip": clip}
            scene = rsa_stores.signal(one, remove_lag_mean), rsa_stores.models(seen, one, standardize, remove_lag_mean)
            scene = (*scene, rsa_stores.nearest(one, n_voxels)[0][row[chosen]])
            total = total + bootstrap_rho(*scene, **options, draws=draws) / len(heard)
            centre = centre + permutation_mean(*scene, **options, lag_s=one["lag_s"].values) / len(heard)
        sizes = [len(centres) for centres in inside.values()]
        found = rsa_regions.region_intervals(rsa_regions.region_means(total, sizes))
        found["centre"] = rsa_regions.region_means(centre[None], sizes)[0]
    arrays = {name: (("region", "layer")[: values.ndim], values, ONE) for name, values in found.items()}
    arrays["n_centres"] = ("region", np.array(sizes), ONE)
    coords = {"region": list(inside), "layer": rsa_stores.layer_names(seen)}
    attrs = {"n_subjects": len(heard), "n_bootstrap": n_bootstrap, "left_out": left_out}
    store.write(bootstrap, xr.Dataset(arrays, coords, attrs))


def _control_names(features: xr.Dataset) -> list[str]:
    """Name a model's layers after it, and after themselves where there are several."""
    model, own = features.attrs["model"], list(features.attrs["layers"])
    return [model] if len(own) == 1 else [f"{model} {name}" for name in own]


def _at(stores: list[xr.Dataset], name: str, rows: list[np.ndarray]) -> np.ndarray:
    """Return a variable (voxel, ...) of all subjects at their common voxels, (subject, voxel, ...)."""
    return np.stack([one[name].values[row].astype(float) for one, row in zip(stores, rows, strict=True)])


def _write_layers(path: Path, found: dict[str, np.ndarray], like: xr.Dataset, ijk: np.ndarray, attrs: dict) -> None:
    attrs |= {"grid_shape": list(like.attrs["grid_shape"])}
    if attrs["n_subjects"] < layer_maps.FEWEST:
        given = f"there are {attrs['n_subjects']}"
        attrs["note"] = f"p_flip and p_flip_max need {layer_maps.FEWEST} subjects, {given}"
    arrays = {}
    for name, values in found.items():
        dims = ("voxel", "control") if name in ("rho_control", "control_centre") else ("voxel", "layer")[: values.ndim]
        exact = values.dtype.kind != "f" or name.split("_")[0] == "p"  # p is held against .05, which rounding may cross
        arrays[name] = (dims, values if exact else values.astype(np.float32), ONE)
    coords = {"layer": like["layer"].values, "control": attrs["controls"]}
    store.write(path, xr.Dataset(arrays | rsa_stores.places(ijk, like), coords, attrs))


def _centres(points_mm: np.ndarray, regions: list[str]) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return some voxels (centre,) of each region that holds any, and the names of those that don't."""
    inside = points_in(points_mm, regions)
    chosen = {name: rows[spread(len(rows), MOST)] for name, rows in inside.items() if len(rows)}
    if not chosen:
        raise HeschlError("infer.regions", "none holds a voxel", "wanted one that the masks cover", "Choose others")
    return chosen, [name for name in inside if name not in chosen]
