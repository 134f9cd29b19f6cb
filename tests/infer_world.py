"""A small made-up world beside the left auditory cortex: six listeners, six canaries, three layers, three controls."""

import numpy as np
import xarray as xr
from scipy import stats
from scipy.spatial.distance import cdist

from heschl import store
from heschl.steps import compare, infer

CLIPS, LAGS, GRID, N = 8, 3, (6, 11, 6), 20
AFFINE = np.array([[4.0, 0, 0, -68], [0, 4, 0, -50], [0, 0, 4, 0], [0, 0, 0, 1]])
ONE, MM = {"units": "1"}, {"units": "mm"}
LISTENERS, CANARIES = ["01", "02", "03", "04", "05", "06"], ["07", "08", "09", "10", "11", "12"]
TREATED = {"n_voxels": N, "standardize": True, "remove_lag_mean": True, "pairs": "between_clip"}
CLIP, LAG = np.repeat([f"style/piece_{c}" for c in range(CLIPS)], LAGS), np.tile(6.0 + 1.5 * np.arange(LAGS), CLIPS)
COORDS = {"clip": ("volume", CLIP), "lag_s": ("volume", LAG)}
BETWEEN = np.triu(CLIP[:, None] != CLIP[None], 1)


def write_features(path, layers, model, order=slice(None)):
    arrays = {
        f"layer-{i:02d}": (("volume", f"feature_{i:02d}"), f[order].astype(np.float32), ONE)
        for i, f in enumerate(layers, 1)
    }
    attrs = {"model": model, "layers": [f"stage{i}" for i in range(1, 1 + len(layers))]}
    store.write(path, xr.Dataset(arrays, {n: ("volume", v[order]) for n, (_, v) in COORDS.items()}, attrs))


def write_patterns(rng, path, layers=None, drop=()):
    """Front half of the grid: layer 1's features, back half: layer 3's; without layers, noise."""
    ijk = np.delete(np.argwhere(np.ones(GRID, bool)), drop, axis=0)
    ijk = ijk[rng.permutation(len(ijk))]
    signal = rng.standard_normal((CLIPS * LAGS, len(ijk)))
    if layers:
        for layer, half in ((layers[0], ijk[:, 1] >= 6), (layers[2], ijk[:, 1] < 6)):
            signal[:, half] += layer[:, rng.integers(layer.shape[1], size=half.sum())]
    order = rng.permutation(CLIPS * LAGS)
    arrays = {
        "patterns": (("volume", "voxel"), signal[order].astype(np.float32), ONE),
        "ijk": (("voxel", "axis"), ijk.astype(np.int16), ONE),
        "affine": (("row", "column"), AFFINE, MM),
    }
    coords = {n: ("volume", v[order]) for n, (_, v) in COORDS.items()}
    store.write(path, xr.Dataset(arrays, coords, {"grid_shape": list(GRID)}))


def make(folder, subjects=LISTENERS + CANARIES, controls=True):
    """Write patterns and features, and compare each subject with three layers and three controls."""
    rng = np.random.default_rng(0)
    layers = [rng.standard_normal((CLIPS * LAGS, f)) for f in (20, 30, 40)]
    write_features(folder / "features.zarr", layers, "net", rng.permutation(CLIPS * LAGS))
    rough = layers[0][:, :9] + 0.3 * rng.standard_normal((CLIPS * LAGS, 9))
    write_features(folder / "spectral.zarr", [rough], "spectral")
    write_features(folder / "untrained.zarr", [rng.standard_normal((CLIPS * LAGS, f)) for f in (8, 9)], "untrained")
    others = [folder / "spectral.zarr", folder / "untrained.zarr"]
    for sub in subjects:
        write_patterns(rng, folder / f"sub-{sub}_patterns.zarr", layers if sub in LISTENERS else None, [int(sub)])
        call = {"patterns": folder / f"sub-{sub}_patterns.zarr", "features": folder / "features.zarr"} | TREATED
        compare.searchlight(**call, rsa=folder / f"sub-{sub}_rsa.zarr", n_permutations=99, seed=3)
        if controls:
            infer.controls(**call, others=others, controls=folder / f"sub-{sub}_controls.zarr")
    return folder


def of(folder, subjects):
    """Name the stores that infer.layers takes."""
    return {name: [folder / f"sub-{s}_{name}.zarr" for s in subjects] for name in ("rsa", "controls")}


def heard(folder, subjects=LISTENERS):
    """Name subjects' patterns."""
    return [folder / f"sub-{s}_patterns.zarr" for s in subjects]


def treated(folder, sub):
    """One subject's patterns less the mean at each lag, volumes by clip and lag, and its voxels' places."""
    one = store.read(folder / f"sub-{sub}_patterns.zarr").load()
    order = np.lexsort((one["lag_s"].values, one["clip"].values.astype(str)))
    values = one["patterns"].values[order].astype(float)
    mean = values.reshape(CLIPS, LAGS, -1).mean(0)
    return values - np.tile(mean, (CLIPS, 1)), one["ijk"].values.astype(int)


def sphere(values, ijk, at):
    """Ranks of the dissimilarities between clips in the sphere of N voxels around one, by sorting distances."""
    distance = np.round(cdist(ijk[[at]] * 4.0, ijk * 4.0)[0], 3)
    members = np.argsort(distance, kind="stable")[:N]
    return stats.rankdata(np.round(1 - stats.spearmanr(values[:, members], axis=1).statistic, 10)[BETWEEN])


def model(path, layer):
    """Ranks of a model's dissimilarities between clips."""
    one = store.read(path).load()
    order = np.lexsort((one["lag_s"].values, one["clip"].values.astype(str)))
    values = one[layer].values[order].astype(float)
    values = stats.zscore(values - np.tile(values.reshape(CLIPS, LAGS, -1).mean(0), (CLIPS, 1)))
    return stats.rankdata(np.round(1 - stats.spearmanr(values, axis=1).statistic, 10)[BETWEEN])
