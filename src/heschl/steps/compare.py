"""Compare the geometry of voxel patterns with that of layers: by subject, over subjects, with the truth."""

import re
from pathlib import Path

import numpy as np
import xarray as xr

from heschl import rsa_stores, store
from heschl.errors import HeschlError
from heschl.rsa_stores import MM, ONE
from heschl.science import motion, rdm, rsa_group
from heschl.science import recovery as recover
from heschl.science.searchlight import searchlight as run_searchlight

MAPS = ("layer_argmax_of_mean", "layer_mode", "layer_mean")


def searchlight(
    *,
    patterns: Path,
    features: Path,
    rsa: Path,
    n_voxels: int,
    n_permutations: int,
    standardize: bool,
    remove_lag_mean: bool,
    pairs: str,
    seed: int,
) -> None:
    """Correlate the dissimilarities of volumes in the n_voxels nearest voxels with those of every layer.

    Writes rho and null_mean (voxel, layer), radius_mm (voxel) and null_max (permutation, voxel): when the clips of all
    layers trade places, the mean of rho, and the largest over layers.

    Parameters
    ----------
    patterns, features : stores of patterns (volume, voxel), ijk, affine, and of layer-01.. (volume, feature);
        both with clip and lag_s (volume)
    n_permutations : of clips, the same for all subjects that heard the same clips under the same seed
    standardize : z-score each feature over volumes first
    remove_lag_mean : subtract the mean over clips at each lag from patterns and features
    pairs : "between_clip" or "all"

    Raises
    ------
    HeschlError
        If the two stores don't hold the same (clip, lag_s) volumes, or the arrays can't be compared.
    """
    options = {"pairs": pairs, "standardize": standardize, "remove_lag_mean": remove_lag_mean}
    _compare(patterns, features, rsa, n_voxels, options | {"n_permutations": n_permutations, "seed": seed})


def published(*, patterns: Path, features: Path, rsa: Path, n_voxels: int) -> None:
    """Do the same as published (Thielen): pairs within clips too, nothing standardized or removed, no permutations.

    Writes rho (voxel, layer) and radius_mm (voxel). Parameters and errors as of `searchlight`.
    """
    options = {"pairs": "all", "standardize": False, "remove_lag_mean": False}
    _compare(patterns, features, rsa, n_voxels, options)


def group(*, rsa: list[Path], published: list[Path], group: Path, q: float) -> None:
    """Test over one group of subjects at their common voxels, as published and by permutation.

    Published: right-tailed t over subjects of the largest of layers, false discovery rate q over voxels.
    That maximum is above 0 by itself, hence the second test: its mean over subjects against the same mean
    when clips trade places in all subjects alike, family-wise over voxels. One subject has no t, but that.

    Parameters
    ----------
    rsa : stores of `searchlight`, one per subject, with the same clips, layers and seed
    published : stores of `published`, of the same subjects in the same order
    q : false discovery rate of the published test (its .05 / 10 layers)

    Raises
    ------
    HeschlError
        If there is nobody in the group, their grids, permutations or layers differ, or they have no voxel in common.
    """
    if not rsa:
        fix = "Name some in simulate.participant_label"
        raise HeschlError(group, "nobody is in this group", "wanted one participant at least", fix)
    stores, as_published = ([store.read(path) for path in paths] for paths in (rsa, published))
    rsa_stores.refuse_unlike(stores, rsa)
    rows, ijk = rsa_stores.common(stores, group)
    rho, theirs = (
        np.stack([s["rho"].values[r].astype(float) for s, r in zip(some, rows, strict=True)])
        for some in (stores, as_published)
    )
    null = np.mean([s["null_max"].values[:, r] for s, r in zip(stores, rows, strict=True)], 0, float)
    arrays = {name: ("voxel", values, ONE) for name, values in rsa_group.maps(rho, null, theirs, q).items()}
    arrays["rho_mean"] = (("voxel", "layer"), rho.mean(0).astype(np.float32), ONE)
    arrays["null_largest"] = ("permutation", null.max(1), ONE | {"long_name": "largest of all voxels"})
    arrays |= rsa_stores.places(ijk, stores[0])
    attrs = {"n_subjects": len(rsa), "q": q, "grid_shape": list(stores[0].attrs["grid_shape"])}
    store.write(group, xr.Dataset(arrays, {"layer": stores[0]["layer"].values}, attrs))


def recovery(
    *,
    rsa: list[Path],
    group: Path,
    truth: list[Path],
    bold: list[Path],
    recovery: Path,
    noise_subjects: list[str],
    subjects: list[str],
) -> None:
    """Hold simulated listeners' results against what was planted in them.

    Writes planted, recovered and significant (voxel,) of the group; agreement (map, voxels), Spearman; by
    subject agreement_sub, share_uncorrected, min_p_fwe, mean_rho; by recording motion_error_mm, motion_mm.

    Parameters
    ----------
    rsa, truth : one store per subject, found by its sub- label; bold : one per run, found by sub- and run-
    subjects : labels of all subjects; noise_subjects : those in whom nothing was planted
    """
    per_rsa, per_truth = _by_subject(rsa), _by_subject(truth)
    found, listener = store.read(group), next(s for s in subjects if s not in noise_subjects)
    planted = _planted(store.read(per_truth[listener][0]), found, group)
    significant = found["p_fwe"].values <= 0.05
    table = [_subject(s, per_rsa[s][0], per_truth[s][0]) for s in subjects]
    runs = [r for s in subjects for r in _runs(_by_subject(bold).get(s, []), store.read(per_truth[s][0]))]
    scores = [[recover.agreement(planted, found[m].values, w) for w in (None, significant)] for m in MAPS]
    arrays = {
        "planted": ("voxel", planted, ONE),
        "recovered": ("voxel", found["layer_argmax_of_mean"].values, ONE),
        "significant": ("voxel", significant, ONE),
        "agreement": (("map", "voxels"), np.array(scores), ONE),
        "is_noise": ("sub", np.array([s in noise_subjects for s in subjects]), ONE),
        "motion_error_mm": ("recording", np.array([r[1] for r in runs], float), MM),
        "motion_mm": ("recording", np.array([r[2] for r in runs], float), MM),
    }
    arrays |= {name: ("sub", np.array([row[name] for row in table], float), ONE) for name in table[0]}
    coords = {"sub": list(subjects), "map": list(MAPS), "voxels": ["all", "significant"]}
    coords["recording"] = [r[0] for r in runs]
    arrays = xr.Dataset(arrays, coords, {"grid_shape": found.attrs["grid_shape"]})
    store.write(recovery, arrays.assign(ijk=found["ijk"], affine=found["affine"]))


def _compare(patterns: Path, features: Path, rsa: Path, n_voxels: int, asked: dict) -> None:
    """Read both stores, compare as asked, write what was found."""
    heard, seen = store.read(patterns).load(), store.read(features)
    layers, clip, lag_s = rsa_stores.layer_names(seen), heard["clip"].values.astype(str), heard["lag_s"].values
    with rsa_stores.comparing(patterns, features):
        models = rsa_stores.models(seen, heard, asked["standardize"], asked["remove_lag_mean"])
        options = {"pairs": rdm.pair_mask(clip, asked["pairs"])}
        if "seed" in asked:
            drawn = rdm.clip_permutations(clip, lag_s, asked["n_permutations"], asked["seed"])
            options |= {"permutations": drawn, "trials": rdm.trials(clip, lag_s)}
        arrays = _spheres(heard, models, n_voxels, asked["remove_lag_mean"], options)
    attrs = {name: asked[name] for name in ("seed", "n_permutations", "pairs") if name in asked}
    attrs |= {"clips": np.unique(clip).tolist(), "layers": layers, "grid_shape": list(heard.attrs["grid_shape"])}
    arrays = arrays.assign_coords(layer=layers).assign_attrs(attrs)
    store.write(rsa, arrays.assign(ijk=heard["ijk"], affine=heard["affine"]))


def _spheres(heard: xr.Dataset, models: np.ndarray, n_voxels: int, centred: bool, options: dict) -> xr.Dataset:
    neighbours, radius_mm = rsa_stores.nearest(heard, n_voxels)
    signal = rsa_stores.signal(heard, centred)
    found = run_searchlight(signal, models, neighbours, **options, progress=True)
    correlation = ONE | {"long_name": "Spearman correlation of dissimilarities"}
    arrays = {
        "rho": (("voxel", "layer"), found.rho.astype(np.float32), correlation),
        "radius_mm": ("voxel", radius_mm.astype(np.float32), MM),
    }
    if found.null_max is not None:
        arrays["null_max"] = (("permutation", "voxel"), found.null_max.astype(np.float32), correlation)
        arrays["null_mean"] = (("voxel", "layer"), found.null_mean.astype(np.float32), correlation)
    return xr.Dataset(arrays)


def _by_subject(paths: list[Path]) -> dict[str, list[Path]]:
    """Group files by subject, each one's in the order of names, numbers by value: run-10 after run-9."""
    found: dict[str, list[Path]] = {}
    for path in sorted(paths, key=lambda p: [int(t) if t.isdigit() else t for t in re.split(r"(\d+)", p.name)]):
        found.setdefault(path.name.removeprefix("sub-").split("_")[0], []).append(path)
    return found


def _planted(truth: xr.Dataset, found: xr.Dataset, path: Path) -> np.ndarray:
    """Return the planted layer (voxel,) of the voxels of a result on the same grid."""
    if tuple(truth["layer"].shape) != tuple(found.attrs["grid_shape"]):
        given = f"grid {tuple(found.attrs['grid_shape'])}, the truth's is {truth['layer'].shape}"
        raise HeschlError(path, given, "wanted the same grid", "Give both the same voxel_mm")
    return truth["layer"].values[tuple(found["ijk"].values.astype(int).T)].astype(np.int16)


def _subject(sub: str, rsa: Path, truth: Path) -> dict[str, float]:
    found = store.read(rsa).load()
    rho, planted = found["rho"].values.astype(float), _planted(store.read(truth), found, rsa)
    score = {"agreement_sub": recover.agreement(planted, rho.argmax(1) + 1.0)}
    return score | recover.canary(rho, found["null_max"].values)


def _runs(bold: list[Path], truth: xr.Dataset) -> list[tuple[str, float, float]]:
    """Return every recording's name, mean motion error and mean motion, both in mm."""
    centre, true = truth["centre"].values, truth["matrix"].values
    points, rows = recover.head_points(centre), []
    for path, matrices in zip(bold, true, strict=True):
        estimated = motion.matrices(store.read(path)["motion"].values, centre)
        still = np.tile(np.eye(4), (len(matrices), 1, 1))
        error, moved = (recover.displacement_mm(m, matrices, points).mean() for m in (estimated, still))
        rows.append((path.name.split("_space-")[0], error, moved))
    return rows
