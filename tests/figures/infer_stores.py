"""Made-up results of the tests of layers, shaped as the steps write them."""

import numpy as np
import pandas as pd

from .conftest import space, write

LAYERS = [f"layer-{k:02d}" for k in range(1, 11)]
PLACES = [f"{side} {name}" for name in ("planum polare", "Heschl's gyrus", "planum temporale") for side in "LR"]
PEAKS = np.array([9, 8, 6, 5, 10, 9])  # the best layer of each


def p_of(rng, found, shape):
    """Return p below .05 where something is found, above elsewhere."""
    return np.where(found, 0.01, rng.uniform(0.06, 1, shape))


def layers(path, grid, planted, n_subjects=7, controls=("spectral",), enhanced=True):
    """Layers are high where they were planted; each adds little to its neighbours."""
    rng, n = np.random.default_rng(7), len(grid.ijk)
    depth = np.arange(1, 11) - planted[:, None].astype(float)
    strength = 0.12 * (planted > 0)[:, None] * np.exp(-np.abs(depth) / 3)
    rho, few = strength + rng.normal(0.004, 0.012, (n, 10)), n_subjects < 5
    found = (strength > 0.06) & (rng.random((n, 10)) < 0.9)
    voxel = found.any(1)
    nothing, none = np.full((n, 10), np.nan), np.full(n, np.nan)
    arrays = {
        "rho_mean": rho, "centre": 0 * rho + 0.004, "t": rho * 60 if n_subjects > 1 else nothing,
        "p": p_of(rng, found, found.shape), "discovered": (strength > 0.04) & (n_subjects > 1),
        "p_fwe": p_of(rng, found, found.shape), "p_flip": nothing if few else p_of(rng, strength > 0.08, found.shape),
        "semipartial": 0.3 * strength + rng.normal(0, 0.004, (n, 10)), "partial": 0.31 * strength,
        "beyond_controls": 0.8 * strength if controls else nothing,
    }  # fmt: skip
    arrays = {name: (("voxel", "layer"), values) for name, values in arrays.items()}
    arrays |= {
        "p_flip_max": ("voxel", none if few else p_of(rng, voxel, n)),
        "enhanced": ("voxel", 100.0 * voxel if enhanced else none),
        "p_fwe_enhanced": ("voxel", p_of(rng, planted > 0, n) if enhanced else none),
        "rho_control": (("voxel", "control"), np.repeat(0.4 * strength.max(1)[:, None], len(controls), 1)),
    }
    attrs = {"grid_shape": grid.shape, "n_subjects": n_subjects, "q": 0.05, "controls": list(controls)}
    return write(path, attrs, {"layer": LAYERS, "control": list(controls)}, **arrays, **space(grid))


def ceiling(path, grid, planted, n_subjects=7):
    """Every seventh voxel; subjects share more where something was planted."""
    at = np.arange(0, len(grid.ijk), 7)
    upper = 0.08 + 0.12 * (planted[at] > 0)
    lower = upper - 0.05 if n_subjects > 1 else np.full(len(at), np.nan)
    where = {"ijk": (("centre", "axis"), grid.ijk[at].astype(np.int16)), "affine": (("row", "column"), grid.affine)}
    attrs = {"grid_shape": grid.shape, "n_subjects": n_subjects}
    return write(path, attrs, lower=("centre", lower), upper=("centre", upper), **where)


def bootstrap(path, places=PLACES):
    """Six regions whose best layer falls and rises, one layer less on the right; fewer on request."""
    kept = [PLACES.index(name) for name in places]
    rho = 0.13 * np.exp(-np.abs(np.arange(1, 11) - PEAKS[kept][:, None]) / 4)
    arrays = {"rho": rho, "rho_low": rho - 0.03, "rho_high": rho + 0.025}
    arrays = {name: (("region", "layer"), values) for name, values in arrays.items()}
    arrays |= {name: ("region", np.clip(PEAKS[kept] + by, 1, 10).astype(np.int16))
               for name, by in (("best_layer", 0), ("best_layer_low", -1), ("best_layer_high", 1))}  # fmt: skip
    arrays["n_centres"] = ("region", np.full(len(kept), 12))
    return write(path, {"n_bootstrap": 200, "left_out": []}, {"region": places, "layer": LAYERS}, **arrays)


def group(path, grid, shift, share, n_subjects=7):
    """A group of whom the published test finds a share, ours none unless the shift of rho is large."""
    rng, n = np.random.default_rng(len(path.name)), len(grid.ijk)
    t = rng.normal(9 * share, 1.5, n)
    rho = rng.normal(0.02, 0.01, n) + shift * (np.arange(n) < n // 8)
    published = t > np.quantile(t, 1 - share) if n_subjects > 1 else np.zeros(n, bool)
    arrays = {
        "t": ("voxel", t if n_subjects > 1 else np.full(n, np.nan)), "published": ("voxel", published),
        "mean_max": ("voxel", rho), "p_fwe": ("voxel", np.where(rho > 0.08, 0.01, 0.6)),
        "null_largest": ("permutation", np.linspace(0.05, 0.0805, 200)),
    }  # fmt: skip
    return write(path, {"grid_shape": grid.shape, "n_subjects": n_subjects}, **arrays, **space(grid))


def table_of(draw, folder, **given):
    """Draw once and return the table."""
    files = {"png": folder / "F.png", "pdf": folder / "F.pdf", "table": folder / "F.tsv"}
    draw(**given, **files)
    return pd.read_csv(files["table"], sep="\t", na_values="n/a")
