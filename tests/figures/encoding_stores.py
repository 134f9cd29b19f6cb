"""Made-up stores of encoding, shaped as the steps write them, and how their figures are drawn in tests."""

import numpy as np
import pandas as pd
import pytest

from heschl import store
from heschl.figures import encoding_density, encoding_recovery, layer_encoding

from .conftest import space, write

SUBS, NOISE = ("01", "02", "03", "05"), ["05"]
VIEWS = {"views": ["lateral"]}
MODELS = {"musicnn": 5, "text": 1, "genre": 1}


def encode(path, sub, model, grid, stg, strength, repeats=True, seed=0):
    """Make up what encode.voxels writes: r near the ceiling around the auditory cortex, nothing elsewhere."""
    rng, n, n_layers = np.random.default_rng([seed, int(sub), len(model)]), len(grid.ijk), MODELS[model]
    gain = 0.0 if sub in NOISE else strength * rng.uniform(0.9, 1.1)
    ceiling = np.clip(rng.normal(0.05 + 0.75 * stg * (sub not in NOISE), 0.1), 0, 1)
    depth = 1 - 0.12 * np.abs(np.arange(n_layers) - 2)[:, None]
    r = np.clip(rng.normal(0, 0.08, (n_layers, n)) + gain * stg * depth, -0.99, 0.99)
    default = n_layers // 2
    ceiling = ceiling if repeats else np.full(n, np.nan)
    q = np.where(stg & (r[default] > 0.2), 0.01, 0.7)
    arrays = {
        "r": (("layer", "voxel"), r.astype("f4")),
        "r_cv": ("voxel", (gain * stg + rng.normal(0, 0.05, n)).astype("f4")),
        "ceiling": ("voxel", ceiling.astype("f4")),
        "r_normalised": ("voxel", np.where(ceiling > 0.1, r[default] / np.maximum(ceiling, 0.1), np.nan)),
        "p_uncorrected": ("voxel", rng.uniform(0, 1, n)),
        "p_fwe": ("voxel", q),
        "q_fdr": ("voxel", q),
        "null_max": ("permutation", rng.normal(0.3, 0.03, 99)),
    }
    layers = [f"conv_{k}" for k in range(1, n_layers + 1)]
    attrs = {"grid_shape": grid.shape, "subject": sub, "model": model, "layer": layers[default]}
    return write(path, attrs, {"layer": layers}, **arrays, **space(grid))


@pytest.fixture(scope="session")
def world(tmp_path_factory, grid, stg):
    folder, out = tmp_path_factory.mktemp("encoding"), {}
    for model, strength in (("musicnn", 0.62), ("text", 0.5), ("genre", 0.4)):
        at = [folder / f"sub-{s}_model-{model}_encoding.zarr" for s in SUBS]
        out[model] = [encode(p, s, model, grid, stg, strength) for p, s in zip(at, SUBS, strict=True)]
    return out


@pytest.fixture(scope="session")
def partition(tmp_path_factory, grid, stg, xyz):
    folder, bands, paths = tmp_path_factory.mktemp("partition"), ["text", "audio", "genre"], []
    places = [stg & (xyz[:, 1] > -10), stg & (xyz[:, 1] <= -10), np.zeros(len(stg), bool)]
    for sub in SUBS:
        rng = np.random.default_rng(int(sub))
        unique = np.stack([0.1 * where * (sub not in NOISE) for where in places]) + rng.normal(0, 0.01, (3, len(stg)))
        q = np.where((unique > 0.05), 0.001, 0.9)
        arrays = {
            "r2_joint": ("voxel", unique.sum(0)),
            "unique": (("band", "voxel"), unique),
            "r2_alone": (("band", "voxel"), unique + 0.02),
            "p_unique": (("band", "voxel"), q),
            "q_unique": (("band", "voxel"), q),
        }
        attrs = {"grid_shape": grid.shape, "subject": sub}
        paths.append(write(folder / f"sub-{sub}_partition.zarr", attrs, {"band": bands}, **arrays, **space(grid)))
    return paths


@pytest.fixture(scope="session")
def recovered(tmp_path_factory, world):
    """A store as encode.recovery writes it: musicnn drives one region, text another, genre nothing planted."""
    rng, shape = np.random.default_rng(6), (len(SUBS), 3, 2)
    hears = np.array([s not in NOISE for s in SUBS])[:, None, None]
    models, regions = sorted(MODELS), ["musicnn", "text"]
    matching = np.array([[m == d for d in regions] for m in models])
    arrays = {"matching": (("model", "region"), matching), "is_noise": ("sub", ~hears.ravel())}
    for inside, share in (("", 0.93), ("_interior", 0.98)):
        ceiling = np.where(hears, rng.uniform(0.6, 0.85, shape), 0.1)
        r = np.where(hears, share * ceiling * np.where(matching, 1, 0.2), 0) + rng.normal(0, 0.01, shape)
        dims = ("sub", "model", "region")
        arrays |= {"r" + inside: (dims, r), "ceiling" + inside: (dims, ceiling), "ratio" + inside: (dims, r / ceiling)}
        arrays |= {"n_voxels" + inside: (dims, np.full(shape, 40.0))}
    for name, value in (("r_unplanted", 0.001), ("r_unplanted_se", 0.001), ("share_uncorrected", 0.05)):
        arrays[name] = (("sub", "model"), np.abs(rng.normal(value, value / 5, shape[:2])))
    arrays |= {n: (("sub", "model"), rng.uniform(0.2, 1, shape[:2])) for n in ("min_p_fwe", "min_p_fwe_all")}
    coords = {"sub": list(SUBS), "model": models, "region": regions}
    return write(tmp_path_factory.mktemp("recovered") / "recovery.zarr", {}, coords, **arrays)


@pytest.fixture
def draw_once(tmp_path):
    """Draw a figure, surfaces from one side only; return its table."""

    def run(draw, **given):
        seen = {} if draw in (encoding_density.draw, layer_encoding.draw, encoding_recovery.draw) else VIEWS
        draw(**given, **seen, **files(tmp_path))
        assert files(tmp_path)["png"].stat().st_size > 5_000
        assert files(tmp_path)["pdf"].read_bytes().startswith(b"%PDF")
        return pd.read_csv(tmp_path / "F.tsv", sep="\t", na_values="n/a", dtype={"map": str, "listener": str})

    return run


def files(folder):
    return {n: folder / f"F.{n}" for n in ("png", "pdf")} | {"table": folder / "F.tsv"}


def r_of(path):
    found = store.read(path)
    return found["r"].sel(layer=found.attrs["layer"]).values.astype(float)
