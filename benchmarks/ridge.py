"""Voxel-wise ridge with 5-fold choice of 10 penalties per voxel: ours against himalaya and scikit-learn.

    python benchmarks/ridge.py [voxels, 60000 by default] [rounds, 3] [features ..., 128 512 1024]

480 clips to learn from, 60 to predict; the features' variances fall as 1/rank, as an embedding's do. Each way runs
in a process of its own, in turns, two threads; medians of wall time count. All choose by R^2 within the same folds
but scikit-learn, whose RidgeCV can choose per target only by leaving one out. Memory is the peak of the process less
what it held when the data were made. A permutation is a refit at the chosen penalties and its correlation with the
test clips; the loop that ours replaces is one RidgeCV a permutation, timed above and multiplied.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

THREADS = "2"
os.environ |= {n: THREADS for n in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}

import numpy as np  # noqa: E402

OURS, PERMUTED = "ours", "ours, 100 permutations"
HIMALAYA = {
    "himalaya RidgeCV numpy": ("ridge", "RidgeCV", "numpy"),
    "himalaya RidgeCV torch": ("ridge", "RidgeCV", "torch"),
    "himalaya KernelRidgeCV numpy": ("kernel_ridge", "KernelRidgeCV", "numpy"),
    "himalaya KernelRidgeCV torch": ("kernel_ridge", "KernelRidgeCV", "torch"),
}
SKLEARN = "scikit-learn RidgeCV, leave one out"
WAYS = (OURS, *HIMALAYA, SKLEARN, PERMUTED)
ALPHAS, TRAIN, TEST = np.logspace(0, 6, 10), 480, 60


def scene(d: int, voxels: int):
    """Return x (clip, feature) and y (clip, voxel) of all clips; half of the voxels are noise."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((TRAIN + TEST, d), dtype="f4") / np.sqrt(np.arange(1, d + 1, dtype="f4"))
    x = x @ np.linalg.qr(rng.standard_normal((d, d)))[0].astype("f4")
    x /= x.std(0)
    signal = x @ rng.standard_normal((d, voxels), dtype="f4")
    gain = np.float32(0.5 / signal.std()) * np.maximum(0, rng.uniform(-1, 1, voxels)).astype("f4")
    return x, signal * gain + rng.standard_normal((TRAIN + TEST, voxels), dtype="f4")


def by_himalaya(way: str, x, y, x_test):
    from importlib import import_module

    from himalaya.backend import set_backend
    from himalaya.scoring import r2_score

    module, name, backend = HIMALAYA[way]
    set_backend(backend)
    params = {"score_func": r2_score} | ({"warn": False} if name == "RidgeCV" else {})
    model = getattr(import_module(f"himalaya.{module}"), name)(ALPHAS, fit_intercept=True, cv=5, solver_params=params)
    predicted = model.fit(x, y).predict(x_test)
    return np.asarray(model.best_alphas_), np.asarray(predicted)


def by_sklearn(x, y, x_test):
    from sklearn.linear_model import RidgeCV

    model = RidgeCV(ALPHAS, alpha_per_target=True).fit(x, y)
    return model.alpha_, model.predict(x_test)


def by_ours(way: str, x, y, x_test, y_test):
    from heschl.science import ridge

    if way == OURS:
        fit = ridge.ridge_cv(x, y, ALPHAS, np.arange(len(x)) // (len(x) // 5), x_test)
        return fit.alpha, fit.predicted
    rng = np.random.default_rng(1)
    alpha = ALPHAS[rng.integers(2, 8, y.shape[1])]
    orders = np.array([rng.permutation(len(x)) for _ in range(100)])
    return alpha, ridge.permuted_scores(x, y, alpha, x_test, y_test, orders)


def run(way: str, x, y):
    x, y, x_test, y_test = x[:TRAIN], y[:TRAIN], x[TRAIN:], y[TRAIN:]
    if way in HIMALAYA:
        return by_himalaya(way, x, y, x_test)
    return by_sklearn(x, y, x_test) if way == SKLEARN else by_ours(way, x, y, x_test, y_test)


def worker(way: str, d: int, voxels: int, out: str) -> None:
    """Time one way in this process; a small problem first loads and compiles what it needs."""
    x, y = scene(d, voxels)
    run(way, x, np.ascontiguousarray(y[:, :64]))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    alpha, predicted = run(way, x, y)
    wall = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    np.savez(out, wall=wall, peak=peak / 2**20, alpha=alpha, predicted=predicted)


def shape(d: int, voxels: int, rounds: int) -> None:
    found: dict[str, list] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(rounds):
            for way in WAYS:
                out = Path(folder, "out.npz")
                subprocess.run(
                    [sys.executable, "-W", "ignore", __file__, "worker", way, str(d), str(voxels), out], check=True
                )
                with np.load(out) as made:
                    kept = {k: made[k] for k in (made.files if turn == 0 and way != PERMUTED else ("wall", "peak"))}
                found[way].append(kept)
    ours, wall = found[OURS][0], {way: np.median([f["wall"] for f in found[way]]) for way in WAYS}
    print(f"{TRAIN} clips to learn, {TEST} to predict, {voxels} voxels, {d} features; {len(ALPHAS)} penalties, 5 folds")
    for way in WAYS[:-1]:
        first, peak = found[way][0], np.median([f["peak"] for f in found[way]])
        same = np.isclose(ours["alpha"], first["alpha"], rtol=1e-3)
        line = f"{way:36s} {wall[way]:7.2f} s {wall[way] / wall[OURS]:6.1f} x ours {peak:6.2f} GiB"
        if way in HIMALAYA:
            difference = np.abs(ours["predicted"] - first["predicted"])[:, same].max()
            line += f"   same penalty {100 * same.mean():8.4f} %, predictions differ by {difference:.0e} at most"
        print(line)
    best, each = min(wall[way] for way in HIMALAYA), wall[PERMUTED] / 100
    print(f"himalaya's best variant takes {best / wall[OURS]:.1f} times as long as ours")
    print(
        f"a permutation {1000 * each:.1f} ms; a RidgeCV loop {best / each:.0f} x (extrapolated from one fit)\n",
        flush=True,
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        worker(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
    else:
        given = [int(a) for a in sys.argv[1:]] + [60000, 3][len(sys.argv) - 1 :]
        for features in given[2:] or (128, 512, 1024):
            shape(features, *given[:2])
