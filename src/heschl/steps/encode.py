"""Encode: from what was heard to every voxel's response, by ridge regression with delays, and how well it could be.

What is estimated (means, scales, components, penalties) comes from training volumes; test volumes only score.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import xarray as xr

from heschl import store
from heschl.errors import HeschlError
from heschl.science import delays, fir_model
from heschl.science import encoding_recovery as expected

ONE = {"units": "1"}


class _Session(NamedTuple):
    """What was heard when: bold (time, voxel), names (clip,), and by volume clip, trial, position and run (time,)."""

    series: xr.Dataset
    bold: np.ndarray
    names: np.ndarray
    clip: np.ndarray
    trial: np.ndarray
    position: np.ndarray
    run: np.ndarray


def voxels(
    *,
    series: Path,
    windows: Path,
    splits: Path,
    encoding: Path,
    split: str,
    every_layer: bool,
    delays_tr: list[int],
    alphas: list[float],
    n_folds: int,
    n_permutations: int,
    null: str,
    engine: str,
    n_components: int | None,
    seed: int,
) -> None:
    """Predict every voxel from a model's layers, volume by volume, with a finite impulse response.

    Rows are volumes of clips, dummies left out; repeats of a test clip are averaged. Whole clips are left out
    to choose each voxel's penalty; a clip's last volumes bleed into the next clip's fold, which costs that choice
    a little, never the test. Writes r (layer, voxel), Pearson over test volumes (mean Fisher z over folds of the
    split), and for the default layer r_cv, alpha, ceiling, r_normalised (where the ceiling is above .1),
    p_uncorrected, p_fwe, q_fdr (voxel,), and null_max (permutation,). By permutation, p are those of r_tested (voxel,):
    without the volumes in which the previous clip still counts (science/fir_model.py).

    Parameters
    ----------
    series, windows, splits : stores of respond, embed and audit
    every_layer : fit all layers of the model; false: its default layer alone
    delays_tr : volumes by which the features are delayed
    n_permutations : of test clips as blocks (fewer if they have fewer orders), or draws of the Gaussian null
    null : "permutation", or "gaussian", the published one, which takes volumes for independent
    n_components : principal components of the features kept, estimated in training volumes; None for all

    Raises
    ------
    HeschlError
        If a clip that was heard has no features or no role, the split is empty, or a voxel isn't finite.
    """
    heard, seen = _session(series), store.read(windows)
    layers = list(seen.attrs["layers"]) if every_layer else [seen.attrs["layer"]]
    of = fir_model.Settings(delays_tr, alphas, n_folds, engine, n_components, seed)
    try:
        rows = [_rows(heard, role, delays_tr) for role in _roles(splits, split, heard.names)]
        courses = [_course(heard, seen, windows, name) for name in layers]
        default = layers.index(seen.attrs["layer"])
        found = fir_model.evaluate(heard.bold, heard.run, rows, courses, default, of, null, n_permutations)
    except ValueError as error:
        raise _named(error, series, windows) from error
    attrs = {"model": seen.attrs["model"], "layer": seen.attrs["layer"], "null": null, "split": split}
    dims = {"r": ("layer", "voxel"), "null_max": ("permutation",)}
    arrays = xr.Dataset(_variables(found, dims), {"layer": layers}, attrs | {"delays_tr": list(delays_tr)})
    store.write(encoding, _placed(arrays, heard.series))


def partition(
    *,
    series: Path,
    windows: list[Path],
    splits: Path,
    partition: Path,
    bands: dict[str, list[str]],
    split: str,
    delays_tr: list[int],
    alphas: list[float],
    n_folds: int,
    n_permutations: int,
    n_components: int | None,
    max_voxels: int,
    n_iter: int,
    seed: int,
) -> None:
    """Ask what each band of features explains that the others don't, by banded ridge (science.md, (e) 7).

    Writes r2_joint (voxel,), and by band r2_alone, unique (r2_joint minus that of a model without the band, both
    fitted in training clips), p_unique and q_unique (band, voxel). Its null exchanges whole test clips among the
    residuals of the model without the band, in the volumes that `voxels` tests; no gain has p = 1.

    Parameters
    ----------
    windows : stores of embed, one per model
    bands : names of the models in each band; a model's default layer is taken
    split : one with a single fold
    max_voxels : keep those that the joint model predicts best in cross-validation of training clips; 0 for all
    n_iter : weightings of the bands that are tried, the same for all voxels and models

    Raises
    ------
    HeschlError
        As `voxels`; or if a band names a model without a store, or the split has several folds.
    """
    heard, models = _session(series), {str(s.attrs["model"]): (s, path) for path in windows for s in [store.read(path)]}
    if missing := sorted({m for names in bands.values() for m in names} - models.keys()):
        raise HeschlError("encode: bands", f"no windows of {missing[0]}", f"wanted one of {', '.join(models)}")
    roles = _roles(splits, split, heard.names)
    if len(roles) > 1:
        raise HeschlError(splits, f"{split} has {len(roles)} folds", "wanted one", "Give a split of one fold")
    of = fir_model.Settings(delays_tr, alphas, n_folds, "fast", n_components, seed)
    try:
        rows = _rows(heard, roles[0], delays_tr)
        courses = {b: [_course(heard, *models[m], models[m][0].attrs["layer"]) for m in bands[b]] for b in bands}
        features = list(courses.values())
        kept, found = fir_model.partition(heard.bold, heard.run, rows, features, of, n_permutations, max_voxels, n_iter)
    except ValueError as error:
        raise _named(error, series, windows[0]) from error
    dims = {name: ("band", "voxel") for name in ("r2_alone", "unique", "p_unique", "q_unique")}
    arrays = xr.Dataset(_variables(found, dims), {"band": list(bands)}, {"split": split, "delays_tr": list(delays_tr)})
    store.write(partition, _placed(arrays, heard.series.isel(voxel=kept)))


def recovery(*, encoding: list[Path], truth: list[Path], recovery: Path, noise_subjects: list[str]) -> None:
    """Hold what was encoded in simulated listeners against what was planted in them.

    Writes, by (sub, model, region): n_voxels, r, ceiling and ratio (mean r / mean ceiling) of a region's voxels,
    and the same of its interior ones, with all six neighbours in the region; matching (model, region), whether
    the model is what drives the region. By (sub, model), of voxels more than 15 mm from anything planted:
    r_unplanted, its SE over voxels as if they were independent, share_uncorrected (p < .05) and min_p_fwe;
    the smallest p_fwe of all voxels is min_p_fwe_all. is_noise (sub,).

    Parameters
    ----------
    encoding : stores of `voxels`, of any subjects and models
    truth : stores with region (x, y, z), 0 for none, and attrs drivers; one per subject, sub- in its name
    noise_subjects : those in whom nothing was planted; a listener's regions are looked at in their place

    Raises
    ------
    HeschlError
        If a subject has no truth, no subject is a listener, or the grids differ.
    """
    results = {(str(s.attrs["subject"]), str(s.attrs["model"])): (s, p) for p in encoding for s in [store.read(p)]}
    subs, models = sorted({s for s, _ in results}), sorted({m for _, m in results})
    planted = {path.name.removeprefix("sub-").split("_")[0]: store.read(path) for path in truth}
    listeners = [s for s in planted if s not in noise_subjects]
    if set(subs) - planted.keys() or not listeners:
        given = f"truth of {', '.join(planted) or 'nobody'}"
        raise HeschlError("encode: recovery", given, f"wanted one of each of {', '.join(subs)}, not all of noise")
    drivers = list(planted[listeners[0]].attrs["drivers"])
    table = {}
    for (sub, model), (found, path) in results.items():
        of = planted[listeners[0] if sub in noise_subjects else sub]
        for name, value in _recovered(found, path, of, len(drivers)).items():
            shape = (len(subs), len(models), *np.shape(value))
            table.setdefault(name, np.full(shape, np.nan))[subs.index(sub), models.index(model)] = value
    arrays = {name: (("sub", "model", "region")[: value.ndim], value, ONE) for name, value in table.items()}
    arrays["matching"] = (("model", "region"), np.array([[m == d for d in drivers] for m in models]), ONE)
    arrays["is_noise"] = ("sub", np.array([s in noise_subjects for s in subs]), ONE)
    store.write(recovery, xr.Dataset(arrays, {"sub": subs, "model": models, "region": drivers}))


def _session(path: Path) -> _Session:
    series = store.read(path).load()
    bold, run = series["bold"].values, series["run"].values.astype(str)
    if bad := int((~np.isfinite(bold)).any(0).sum()):
        raise HeschlError(path, f"{bad} voxels have values that are not finite", "wanted none", "Run respond again")
    names, of = np.unique(series["clip"].values.astype(str), return_inverse=True)
    try:
        trial, position = delays.timeline(series["first"].values, int(series.attrs["volumes_per_clip"]), run)
    except ValueError as error:
        raise HeschlError(path, str(error), "wanted one trial after the other", "Run respond again") from error
    return _Session(series, bold, names, np.where(trial >= 0, of[trial], -1), trial, position, run)


def _roles(path: Path, split: str, names: np.ndarray) -> list[np.ndarray]:
    """Return the role of each clip (clip,) in every fold of a split that has clips."""
    splits = store.read(path)
    known = splits["clip"].values.astype(str).tolist()
    if missing := sorted(set(names) - set(known)):
        raise HeschlError(path, f"no clip {missing[0]}", "the subject heard it", "Run audit on all recordings")
    roles = splits["role"].sel(split=split).values[:, [known.index(name) for name in names]]
    if not (folds := [role for role in roles if role.any()]):
        raise HeschlError(path, f"{split} is empty", "wanted clips to train and test on", "Give audit: faults")
    return folds


def _rows(heard: _Session, role: np.ndarray, delays_tr: list[int]) -> delays.Rows:
    dummy, reach = heard.series["is_dummy"].values.astype(bool), max(delays_tr, default=0)
    return delays.split_rows(heard.clip, heard.trial, heard.position, heard.run, dummy, role, reach)


def _course(heard: _Session, seen: xr.Dataset, path: Path, layer: str) -> np.ndarray:
    """Return a layer's features over time (time, feature), of the clip that plays and its nearest window."""
    known = seen["clip"].values.astype(str).tolist()
    if missing := sorted(set(heard.names) - set(known)):
        raise HeschlError(path, f"no clip {missing[0]}", "the subject heard it", "Embed the corpus it comes from")
    values = seen[f"layer-{list(seen.attrs['layers']).index(layer) + 1:02d}"].values
    values = values[[known.index(name) for name in heard.names]]
    if not np.isfinite(values).all():
        raise HeschlError(path, f"{layer} is not finite", "wanted numbers", "Embed again")
    tr_s, n_volumes = float(heard.series.attrs["tr_s"]), int(heard.series.attrs["volumes_per_clip"])
    nearest = delays.nearest_windows(seen["window"].values, float(seen.attrs["window_s"]), tr_s, n_volumes)
    return delays.course(values, heard.clip, nearest[heard.position])


def _recovered(found: xr.Dataset, path: Path, truth: xr.Dataset, n_regions: int) -> dict[str, object]:
    """Return one result's row of the recovery table: numbers, or arrays (region,)."""
    region, ijk = truth["region"].values, found["ijk"].values
    if region.shape != tuple(found.attrs["grid_shape"]) or not np.allclose(truth["affine"], found["affine"]):
        given = f"grid {tuple(found.attrs['grid_shape'])}, the truth's is {region.shape} or lies elsewhere"
        raise HeschlError(path, given, "wanted the same grid", "Give both the same voxel_mm")
    r = found["r"].sel(layer=found.attrs["layer"]).values.astype(float)
    row = expected.planted(region, ijk, n_regions, r, found["ceiling"].values.astype(float))
    p = (found[name].values.astype(float) for name in ("p_uncorrected", "p_fwe"))
    return row | expected.unplanted(region, truth["affine"].values, ijk, r, *p)


def _variables(found: dict[str, np.ndarray], dims: dict[str, tuple[str, ...]]) -> dict:
    return {name: (dims.get(name, ("voxel",)), np.float32(value), ONE) for name, value in found.items()}


def _placed(arrays: xr.Dataset, series: xr.Dataset) -> xr.Dataset:
    """Say where the voxels of a result are, and whose they are."""
    attrs = {"grid_shape": list(series.attrs["grid_shape"]), "subject": str(series.attrs["subject"])}
    return arrays.assign(ijk=series["ijk"], affine=series["affine"]).assign_attrs(attrs)


def _named(error: ValueError, *paths: Path) -> HeschlError:
    """Say which files a computation refused, unless the error does already."""
    if isinstance(error, HeschlError):
        return error
    return HeschlError(" and ".join(map(str, paths)), str(error), "nothing was encoded", "Check both stores")
