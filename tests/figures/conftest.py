"""Made-up results in the formats of the workflow, small but shaped like a brain."""

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from nilearn.datasets import load_mni152_gm_mask

from heschl import store

CLIPS = [f"{s}/clip_{k}" for s in ("metal", "chorale", "techno", "fiddle_reel") for k in range(2)]
LAGS_S = np.array([6.75, 8.25, 9.75, 11.25])


def write(path, attrs=None, coords=None, **arrays):
    """Write arrays given as name=(dims, values) with a unit of 1."""
    data = {n.replace("__", "-"): (d, np.asarray(v), {"units": "1"}) for n, (d, v) in arrays.items()}
    store.write(path, xr.Dataset(data, coords=coords, attrs=attrs or {}))
    return path


@pytest.fixture(scope="session")
def grid():
    """Grey matter of the template at 4 mm, in a slab that covers the temporal lobes."""
    image = load_mni152_gm_mask(resolution=4)
    ijk = np.argwhere(image.get_fdata() > 0)
    z = (ijk @ image.affine[:3, :3].T + image.affine[:3, 3])[:, 2]
    ijk = ijk[(z > -30) & (z < 50)]
    return SimpleNamespace(ijk=ijk, affine=image.affine, shape=[int(n) for n in image.shape])


@pytest.fixture(scope="session")
def xyz(grid):
    return grid.ijk @ grid.affine[:3, :3].T + grid.affine[:3, 3]


@pytest.fixture(scope="session")
def stg(xyz):
    """Voxels near the superior temporal gyri."""
    line = np.abs(np.abs(xyz[:, 0]) - 54) < 12
    return line & (np.abs(xyz[:, 1] + 20) < 36) & (np.abs(xyz[:, 2] - (4 - 0.35 * (xyz[:, 1] + 20))) < 11)


@pytest.fixture(scope="session")
def planted(xyz, stg):
    """Layers 1 to 10 from anterior to posterior."""
    return np.where(stg, np.clip(np.round(10 - 9 * (xyz[:, 1] + 56) / 72), 1, 10), 0).astype(np.int16)


def space(grid):
    return {"ijk": (("voxel", "axis"), grid.ijk.astype(np.int16)), "affine": (("row", "column"), grid.affine)}


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="session")
def rsa(folder, grid, planted):
    """Two listeners who hear, and a third of pure noise."""
    rng, paths = np.random.default_rng(0), []
    for sub in ("01", "02", "03"):
        rho = rng.normal(0.0, 0.03, (len(grid.ijk), 10))
        null = rng.normal(0.05, 0.015, (30, len(grid.ijk)))
        if sub != "03":
            rho += 0.2 * (planted > 0)[:, None] * np.exp(-np.abs(np.arange(1, 11) - planted[:, None]) / 3)
        path = folder / f"sub-{sub}_model-resnet18_rsa.zarr"
        arrays = {
            "rho": (("voxel", "layer"), rho.astype("f4")),
            "null_max": (("permutation", "voxel"), null.astype("f4")),
        }
        paths.append(write(path, {"grid_shape": grid.shape}, **arrays, **space(grid)))
    return paths


def group_arrays(stg, rho):
    best, mode = rho.max(1), rho.argmax(1) + 1
    return {
        "t": ("voxel", (3.0 + 4 * stg).astype("f4")),
        "null_largest": ("permutation", np.linspace(0.08, 0.12, 100)),
        "mean_max": ("voxel", best.astype("f4")),
        "p_fwe": ("voxel", np.where(stg, 0.01, 0.8)),
        "published": ("voxel", stg),
        "layer_mean": ("voxel", mode.astype("f4")),
        "layer_mode": ("voxel", mode.astype("i2")),
        "layer_argmax_of_mean": ("voxel", mode.astype("i2")),
        "rho_mean": (("voxel", "layer"), rho.astype("f4")),
    }


@pytest.fixture(scope="session")
def group(folder, grid, stg, rsa):
    rho = np.mean([store.read(p)["rho"].values for p in rsa[:2]], axis=0)
    path = folder / "model-resnet18_group.zarr"
    return write(path, {"grid_shape": grid.shape, "n_subjects": 2}, **group_arrays(stg, rho), **space(grid))


@pytest.fixture(scope="session")
def group_of_one_layer(folder, grid, stg):
    rho = np.random.default_rng(1).normal(0.1, 0.05, (len(grid.ijk), 1)) + 0.2 * stg[:, None]
    path = folder / "model-category_group.zarr"
    return write(path, {"grid_shape": grid.shape, "n_subjects": 1}, **group_arrays(stg, rho), **space(grid))


def features(path, n_layers, n_features=24):
    rng, clip, lag = np.random.default_rng(2), np.repeat(CLIPS, len(LAGS_S)), np.tile(LAGS_S, len(CLIPS))
    style = rng.normal(size=(4, n_features))[np.repeat(range(4), 2 * len(LAGS_S))]
    arrays = {
        f"layer-{k:02d}": (
            ("volume", f"feature_{k:02d}"),
            style * k / n_layers + rng.normal(size=(len(clip), n_features)),
        )
        for k in range(1, n_layers + 1)
    }
    names = {"layers": [f"conv{k}" for k in range(1, n_layers + 1)]}
    return write(path, names, {"clip": ("volume", clip), "lag_s": ("volume", lag)}, **arrays)


@pytest.fixture(scope="session")
def model_features(folder):
    return features(folder / "model-resnet18_features.zarr", 10)


@pytest.fixture(scope="session")
def features_of_one_layer(folder):
    return features(folder / "model-category_features.zarr", 1)


@pytest.fixture(scope="session")
def scores(folder):
    rng, tags = (
        np.random.default_rng(3),
        ["guitar", "techno", "no vocals", "strings", "sitar"] + [f"tag {k}" for k in range(45)],
    )
    auc = rng.uniform(0.6, 0.95, 50)
    auc[7] = np.nan
    baseline, mean = np.clip(auc - rng.normal(0.06, 0.04, 50), 0, 1), float(np.nanmean(auc))
    arrays = {
        "roc_auc": ("tag", auc),
        "roc_auc_low": ("tag", auc - 0.07),
        "roc_auc_high": ("tag", np.minimum(1, auc + 0.05)),
        "error": ("tag", np.full(50, 0.03)),
        "baseline_auc": ("tag", baseline),
        "pr_auc": ("tag", auc - 0.2),
        "n_present": ("tag", np.arange(50)),
    }
    single = {
        "macro_roc_auc": mean, "macro_roc_auc_low": mean - 0.02, "macro_roc_auc_high": mean + 0.02,
        "baseline_macro_roc_auc": mean - 0.06, "difference": 0.06, "difference_low": 0.035, "difference_high": 0.085,
        "difference_p": 0.00002,
    }  # fmt: skip
    attrs = {"reference": "tags by musicnn, not MagnaTagATune"}
    return write(folder / "scores.zarr", attrs, {"tag": tags}, **arrays, **{n: ((), v) for n, v in single.items()})


@pytest.fixture(scope="session")
def raw_bold(folder):
    """Two runs of eight clips."""
    paths = []
    for run in (1, 2):
        clips = np.roll(CLIPS, run)
        arrays = {
            "bold": (("time", "x", "y", "z"), np.zeros((92, 2, 2, 2), "i2")),
            "event_onset": ("event", 6 + 16.5 * np.arange(8)),
            "event_duration": ("event", np.full(8, 15.0)),
        }
        coords = {"time": 1.5 * np.arange(92), "event_clip": ("event", clips)}
        paths.append(write(folder / f"sub-01_task-music_run-{run}_bold.zarr", {"tr_s": 1.5}, coords, **arrays))
    return paths


@pytest.fixture(scope="session")
def mni_bold(folder, grid):
    """Two preprocessed runs of three listeners."""
    rng, paths = np.random.default_rng(4), []
    for sub in ("01", "02", "03"):
        for run in (1, 2):
            path = folder / f"sub-{sub}_task-music_run-{run}_space-MNI_bold.zarr"
            motion = np.cumsum(rng.normal(0, [0.05] * 3 + [0.0007] * 3, (92, 6)), axis=0)
            mean = 800 - 60 * np.sin(np.linalg.norm(grid.ijk - grid.ijk.mean(0), axis=1) / 2)
            arrays = {
                "motion": (("time", "parameter"), motion),
                "fd_mm": ("time", rng.uniform(0, 0.4, 92)),
                "temporal_mean": ("voxel", mean.astype("f4")),
            }
            attrs = {"grid_shape": grid.shape}
            paths.append(write(path, attrs, {"time": 1.5 * np.arange(92)}, **arrays, **space(grid)))
    return paths


@pytest.fixture
def draw_twice(tmp_path):
    """Draw a figure twice; check that all files are whole and the same; return the table and the PNG."""
    import pandas as pd

    def run(draw, **given):
        out = [
            {n: tmp_path / f"{k}" / f"F_{n}.{n}" for n in ("png", "pdf")} | {"table": tmp_path / f"{k}" / "F.tsv"}
            for k in "ab"
        ]
        for paths in out:
            draw(**given, **paths)
        for name, path in out[0].items():
            assert path.read_bytes() == out[1][name].read_bytes(), f"{name} differs between two runs"
        assert out[0]["png"].read_bytes().startswith(b"\x89PNG")
        assert out[0]["png"].stat().st_size > 5_000
        assert out[0]["pdf"].read_bytes().startswith(b"%PDF")
        assert not [p for p in out[0]["png"].parent.iterdir() if p.name.startswith(".")]
        return pd.read_csv(out[0]["table"], sep="\t", na_values="n/a")

    return run


@pytest.fixture(scope="session")
def anat(folder, grid):
    """Three listeners whose anatomy is the template's."""
    from nilearn.datasets import load_mni152_template

    t1w = load_mni152_template(resolution=4).get_fdata(dtype=np.float32)
    paths, brain = [], t1w > 0.02 * t1w.max()
    gm = np.zeros(t1w.shape, "f4")
    gm[brain] = 0.9 * (t1w[brain] < 0.75 * t1w.max())
    for sub in ("01", "02", "03"):
        arrays = {
            n: (("x", "y", "z"), v)
            for n, v in (("t1w", t1w), ("gm", gm), ("wm", brain - gm), ("csf", 0 * gm), ("brain", brain))
        }
        paths.append(
            write(folder / f"sub-{sub}_space-MNI_anat.zarr", **arrays, affine=(("row", "column"), grid.affine))
        )
    return paths


@pytest.fixture(scope="session")
def recovery(folder, grid, group, planted):
    """What compare_recovery would say of the listeners: two hear, the third is noise."""
    found = store.read(group)
    recovered, significant = found["layer_argmax_of_mean"].values, found["p_fwe"].values <= 0.05
    rng = np.random.default_rng(5)
    arrays = {
        "planted": ("voxel", planted),
        "recovered": ("voxel", recovered),
        "significant": ("voxel", significant),
        "agreement": (("map", "voxels"), np.full((3, 2), 0.91)),
        "is_noise": ("sub", np.array([False, False, True])),
        "agreement_sub": ("sub", [0.9, 0.88, np.nan]),
        "share_uncorrected": ("sub", [0.2, 0.2, 0.05]),
        "min_p_fwe": ("sub", [0.03, 0.03, 0.6]),
        "mean_rho": ("sub", [0.02, 0.02, 0.0]),
        "motion_mm": ("recording", rng.uniform(0.4, 1, 6)),
        "motion_error_mm": ("recording", rng.uniform(0.04, 0.1, 6)),
    }
    coords = {
        "sub": ["01", "02", "03"],
        "map": ["layer_argmax_of_mean", "layer_mode", "layer_mean"],
        "voxels": ["all", "significant"],
        "recording": [f"r{k}" for k in range(6)],
    }
    path = folder / "model-resnet18_recovery.zarr"
    return write(path, {"grid_shape": grid.shape}, coords, **arrays, **space(grid))
