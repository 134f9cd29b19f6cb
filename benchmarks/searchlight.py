"""Searchlight RSA: ours against rsatoolbox and numpy, in one run, on the same spheres and one core.

    python benchmarks/searchlight.py [volumes per clip, 6 by default]

Each is timed in turns and its median CPU time per centre counts, so that other work on the machine doesn't.
rsatoolbox does less: its pattern distance is Pearson's, as it has no Spearman one. All compare all pairs.
"""

import contextlib
import io
import os
import sys
import time

os.environ |= {n: "1" for n in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")}

import numpy as np  # noqa: E402
from rsatoolbox.inference import eval_fixed  # noqa: E402
from rsatoolbox.model import ModelFixed  # noqa: E402
from rsatoolbox.util.searchlight import evaluate_models_searchlight, get_searchlight_RDMs  # noqa: E402
from scipy.stats import rankdata  # noqa: E402

from heschl.science import rdm, spheres  # noqa: E402
from heschl.science.searchlight import searchlight  # noqa: E402

CLIPS, LAYERS, SPHERE, ROUNDS = 16, 10, 100, 5
CENTRES = {"ours": 400, "ours, 1000 nulls": 400, "numpy": 20, "rsatoolbox": 4}


def scene(lags: int):
    """Return patterns (volume, voxel), models (layer, volume, volume), neighbours, permutations."""
    rng = np.random.default_rng(0)
    ijk = np.argwhere(np.ones((20, 20, 20), bool))
    neighbours, _ = spheres.nearest(3.0 * ijk, SPHERE)
    models = np.stack([rdm.spearman_rdm(rng.standard_normal((CLIPS * lags, 64))) for _ in range(LAYERS)])
    clip, lag = np.repeat(np.arange(CLIPS), lags), np.tile(np.arange(lags), CLIPS)
    permutations = rdm.clip_permutations(clip, lag, 100, 0)
    return rng.standard_normal((CLIPS * lags, len(ijk))), models, neighbours, permutations


def careful_numpy(patterns, models, neighbours):
    """Rank, correlate, rank, correlate."""
    pair = np.tril_indices(len(patterns), -1)
    ranks = rankdata(models[:, *pair], axis=1)
    ranks -= ranks.mean(1, keepdims=True)
    ranks /= np.linalg.norm(ranks, axis=1, keepdims=True)
    out = np.empty((len(neighbours), len(models)))
    for centre, members in enumerate(neighbours):
        x = rankdata(patterns[:, members], axis=1)
        x -= x.mean(1, keepdims=True)
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        distance = rankdata(np.round(1 - (x @ x.T)[pair], 12))
        distance -= distance.mean()
        out[centre] = ranks @ distance / np.linalg.norm(distance)
    return out


def by_rsatoolbox(patterns, models, neighbours):
    """Follow the path of its documentation."""
    fixed = [ModelFixed(f"layer {i}", model[np.triu_indices(len(model), 1)]) for i, model in enumerate(models)]
    centres, events = np.arange(len(neighbours)), np.arange(len(patterns))
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        rdms = get_searchlight_RDMs(patterns, centres, list(neighbours), events, method="correlation")
        return evaluate_models_searchlight(rdms, fixed, eval_fixed, method="spearman", n_jobs=1)


def main(lags: int) -> None:
    patterns, models, neighbours, permutations = scene(lags)
    ways = {
        "ours": lambda n: searchlight(patterns, models, n).rho,
        "ours, 1000 nulls": lambda n: searchlight(patterns, models, n, permutations=permutations).rho,
        "numpy": lambda n: careful_numpy(patterns, models, n),
        "rsatoolbox": lambda n: by_rsatoolbox(patterns, models, n),
    }
    error = np.abs(ways["ours"](neighbours[:20]) - ways["numpy"](neighbours[:20])).max()
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(ROUNDS):
        for name, way in ways.items():
            chosen = np.random.default_rng(turn).choice(neighbours, CENTRES[name])
            start = time.process_time()
            way(chosen)
            spent[name].append(1000 * (time.process_time() - start) / len(chosen))
    print(f"{CLIPS * lags} volumes, {SPHERE} voxels, {LAYERS} models; largest difference from numpy {error:.1e}")
    for name, times in spent.items():
        ratio = np.median(times) / np.median(spent["ours"])
        print(f"{name:18s} {np.median(times):9.3f} ms per centre   {ratio:8.1f} x ours")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 6)
