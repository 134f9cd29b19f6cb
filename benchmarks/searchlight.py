"""Searchlight RSA: ours against rsatoolbox, mne-rsa and numpy, in one run, on the same spheres and one core.

    python benchmarks/searchlight.py [rounds, 5 by default] [--volumes 496] [--no-memory]

496 volumes, spheres of the 100 nearest voxels, 10 models, Spearman comparison. Each is timed in turns, and its median
CPU time per centre counts, so that other work on the machine doesn't. Ours is run on every voxel of the mask, as in
use, the others on a few of them. Tables of ours alone leave out what is done once for a searchlight, the order of each
volume's voxels and the ranks of the models (.3 s here); the first table and those of centres per second don't. Imports,
torch's among them, are left out of all. rsatoolbox and mne-rsa do less: their pattern
distance is Pearson's (rsatoolbox has no Spearman one). All compare all pairs. "documented" is rsatoolbox's searchlight
as its documentation has it; "best" gets the RDMs and compares them at once. mne-rsa is left out where it isn't
installed (pip install --no-deps mne-rsa==1.0). What follows the table: exactness against scipy, ties, permutations,
other distances, threads, volumes, and the memory of whole processes. benchmarks/searchlight_figure.py draws them.
"""

import argparse
import contextlib
import io
import os
import subprocess
import sys
import time

os.environ |= {n: "1" for n in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}

import numpy as np  # noqa: E402
import torch  # noqa: E402, F401
from scipy import stats  # noqa: E402
from scipy.ndimage import gaussian_filter  # noqa: E402

from heschl.science import rdm, spheres  # noqa: E402
from heschl.science.searchlight import searchlight  # noqa: E402

LAYERS, SPHERE, CLIPS = 10, 100, 16
CENTRES = {"ours": 8000, "numpy": 20, "mne-rsa": 20, "rsatoolbox best": 20, "rsatoolbox documented": 4}


def scene(volumes: int, voxels: int = 8000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return patterns (volume, voxel) float32, smooth in space and time, models (layer, volume, volume), spheres."""
    rng, side = np.random.default_rng(0), int(np.ceil(voxels ** (1 / 3)))
    ijk = np.argwhere(np.ones((side,) * 3, bool))[:voxels]
    neighbours, _ = spheres.nearest(3.0 * ijk, SPHERE)
    patterns, last = np.empty((volumes, len(ijk)), np.float32), 0.0
    for row in patterns:
        noise = gaussian_filter(rng.standard_normal((side,) * 3).astype(np.float32), 0.8)[tuple(ijk.T)]
        last = 0.4 * last + np.sqrt(1 - 0.4**2) * noise
        row[:] = last
    patterns = (patterns - patterns.mean(0)) / patterns.std(0)
    features = rng.standard_normal((LAYERS, volumes, 64))
    for t in range(1, volumes):
        features[:, t] = 0.8 * features[:, t - 1] + 0.6 * features[:, t]
    return patterns, np.stack([rdm.spearman_rdm(f) for f in features]), neighbours


def careful_numpy(patterns, models, neighbours):
    """Rank, correlate, rank, correlate."""
    pair = np.tril_indices(len(patterns), -1)
    ranks = stats.rankdata(models[:, *pair], axis=1)
    ranks -= ranks.mean(1, keepdims=True)
    ranks /= np.linalg.norm(ranks, axis=1, keepdims=True)
    out = np.empty((len(neighbours), len(models)))
    for centre, members in enumerate(neighbours):
        x = stats.rankdata(patterns[:, members], axis=1)
        x -= x.mean(1, keepdims=True)
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        distance = stats.rankdata(np.round(1 - (x @ x.T)[pair], 12))
        distance -= distance.mean()
        out[centre] = ranks @ distance / np.linalg.norm(distance)
    return out


def by_rsatoolbox(patterns, models, neighbours, documented: bool):
    from rsatoolbox.inference import eval_fixed
    from rsatoolbox.model import ModelFixed
    from rsatoolbox.rdm import compare
    from rsatoolbox.util.searchlight import evaluate_models_searchlight, get_searchlight_RDMs

    centres, events = np.arange(len(neighbours)), np.arange(len(patterns))
    rdms = get_searchlight_RDMs(patterns.astype(float), centres, list(neighbours), events, method="correlation")
    if not documented:
        return compare(rdm.to_rsatoolbox(models, list("abcdefghij")), rdms, "spearman").T
    fixed = [ModelFixed(f"layer {i}", model[np.triu_indices(len(model), 1)]) for i, model in enumerate(models)]
    return evaluate_models_searchlight(rdms, fixed, eval_fixed, method="spearman", n_jobs=1)


def by_mne_rsa(patterns, models, neighbours):
    from mne_rsa import rsa_array

    vectors = [model[np.triu_indices(len(model), 1)] for model in models]
    patches = [(slice(None), members) for members in neighbours]
    options = {"data_rdm_metric": "correlation", "rsa_metric": "spearman"}
    return rsa_array(patterns.astype(float), vectors, patches=patches, **options)


def ways(patterns, models) -> dict:
    found = {
        "ours": lambda n: searchlight(patterns, models, n, threads=1).rho,
        "numpy": lambda n: careful_numpy(patterns, models, n),
        "rsatoolbox best": lambda n: by_rsatoolbox(patterns, models, n, documented=False),
        "rsatoolbox documented": lambda n: by_rsatoolbox(patterns, models, n, documented=True),
    }
    with contextlib.suppress(ImportError):
        import mne_rsa  # noqa: F401

        found["mne-rsa"] = lambda n: by_mne_rsa(patterns, models, n)
    return found


def spent(way, *args) -> tuple[float, float]:
    """Return CPU and wall-clock milliseconds of one call."""
    cpu, wall = time.process_time(), time.perf_counter()
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        way(*args)
    return 1000 * (time.process_time() - cpu), 1000 * (time.perf_counter() - wall)


def of_each(run, n: int, rounds: int = 5) -> float:
    """Return CPU milliseconds of each of n centres, without what a searchlight does once: run(8 + n) less run(8)."""
    run(8)
    return float(np.median([spent(run, 8 + n)[0] - spent(run, 8)[0] for _ in range(rounds)])) / n


def peers(patterns, models, neighbours, rounds: int) -> None:
    found, times = ways(patterns, models), {}
    found["ours"](neighbours[:8])  # compiled, or read from the cache
    for turn in range(rounds):
        for name, way in found.items():
            chosen = np.random.default_rng(turn).permutation(neighbours)[: CENTRES[name]]
            times.setdefault(name, []).append(spent(way, chosen)[0] / len(chosen))
    ours = np.median(times["ours"])
    print(f"\n{len(patterns)} volumes, {SPHERE} voxels, {LAYERS} models, one thread, medians of {rounds} rounds\n")
    print("| by | CPU ms per centre | times ours |\n|---|---|---|")
    for name, values in sorted(times.items(), key=lambda item: np.median(item[1])):
        print(f"| {name} | {np.median(values):.3g} | {np.median(values) / ours:.1f} |")
    if "mne-rsa" not in times:
        print("| mne-rsa | not installed | |")


def exactness(patterns, models, neighbours) -> None:
    head = "volumes of a sphere with ties, % | largest difference from scipy | CPU ms per centre"
    print(f"\n| data | {head} |\n|---|---|---|---|")
    some = np.random.default_rng(1).choice(neighbours, 6)
    keep = np.tril_indices(len(patterns), -1)
    few, more = (
        np.where(np.random.default_rng(2).random(patterns.shape) < share, np.round(patterns, 1), patterns)
        for share in (0.004, 0.02)
    )
    for name, x in {
        "as it is": patterns,
        ".4 % rounded to .1": few,
        "2 % rounded to .1": more,
        "all rounded to .1": np.round(patterns, 1),
    }.items():
        found, wanted = searchlight(x, models, some, threads=1).rho, []
        for members in some:
            distance = np.round(1 - stats.spearmanr(x[:, members], axis=1).statistic, 10)[keep]
            wanted.append([stats.spearmanr(distance, model[keep]).statistic for model in models])
        ms = of_each(lambda n: searchlight(x, models, neighbours[:n], threads=1), 300)  # noqa: B023
        tied = 100 * np.mean([[len(np.unique(row)) < SPHERE for row in x[:, members]] for members in some])
        print(f"| {name} | {tied:.1f} | {np.abs(found - wanted).max():.0e} | {ms:.2f} |")


def nulls(patterns, models, neighbours) -> None:
    clip, lag = np.repeat(np.arange(CLIPS), len(patterns) // CLIPS), np.tile(np.arange(len(patterns) // CLIPS), CLIPS)
    trials, pairs = rdm.trials(clip, lag), rdm.pair_mask(clip, "between_clip")
    print(f"\n| permutations of {CLIPS} clips | models | CPU ms per centre | without them |\n|---|---|---|---|")
    for n, count in ((100, 10), (1000, 10), (1000, 1)):
        drawn = {"permutations": rdm.clip_permutations(clip, lag, n, 0), "trials": trials}
        run = lambda k, **more: searchlight(patterns, models[:count], neighbours[:k], pairs=pairs, threads=1, **more)  # noqa: B023, E731
        with_, without = (of_each(lambda k: run(k, **o), 64, 3) for o in (drawn, {}))  # noqa: B023
        print(f"| {n} | {count} | {with_:.2f} | {without:.2f} |")


def others(patterns, models, neighbours) -> None:
    print("\n| distance | comparison | CPU ms per centre |\n|---|---|---|")
    cases = [("spearman", "spearman"), ("correlation", "spearman"), ("correlation", "pearson"), ("euclidean", "cosine")]
    for distance, comparison in [*cases, ("correlation", "tau-a")]:
        run = lambda n: searchlight(patterns, models, n, distance=distance, comparison=comparison, threads=1)  # noqa: B023, E731
        once = comparison == "tau-a"  # seconds for each centre
        ms = spent(run, neighbours[:2])[0] / 2 if once else of_each(lambda n: run(neighbours[:n]), 128, 3)  # noqa: B023
        print(f"| {distance} | {comparison} | {ms:.3g} |")


def scaling(volumes: int) -> None:
    patterns, models, neighbours = scene(volumes)
    print("\n| threads | centres per second |\n|---|---|")
    for threads in range(1, (os.cpu_count() or 1) + 1):
        wall = np.median([spent(lambda: searchlight(patterns, models, neighbours, threads=threads))[1]  # noqa: B023
                          for _ in range(5)])  # fmt: skip
        print(f"| {threads} | {1e3 * len(neighbours) / wall:.0f} |")
    print("\n| volumes | pairs | CPU ms per centre |\n|---|---|---|")
    for n in (96, 248, 496, 744):
        patterns, models, neighbours = scene(n)
        run = lambda k: searchlight(patterns, models, neighbours[:k], threads=1)  # noqa: B023, E731
        print(f"| {n} | {n * (n - 1) // 2} | {of_each(run, 300):.3f} |")


def memory(volumes: int) -> None:
    """Peak memory of whole processes: with the input alone, and with a searchlight on all its centres."""
    print("\n| centres | input and libraries, MB | with the searchlight, MB |\n|---|---|---|")
    for centres in (1000, 20_000, 50_000):
        peaks = []
        for what in ("load", "run"):
            command = [sys.executable, __file__, "--child", what, "--volumes", str(volumes), "--voxels", str(centres)]
            out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            peaks.append(int(out.split()[-1]) / 1024)
        print(f"| {centres} | {peaks[0]:.0f} | {peaks[1]:.0f} |", flush=True)


def child(what: str, volumes: int, voxels: int) -> None:
    patterns, models, neighbours = scene(volumes, voxels)
    searchlight(patterns, models, neighbours if what == "run" else neighbours[:8], threads=2)
    # of this process alone: getrusage also knows the peak of the one that started it
    print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("rounds", nargs="?", type=int, default=5)
    parser.add_argument("--volumes", type=int, default=496)
    parser.add_argument("--voxels", type=int, default=8000)
    parser.add_argument("--no-memory", action="store_true")
    parser.add_argument("--child", default="")
    given = parser.parse_args()
    if given.child:
        return child(given.child, given.volumes, given.voxels)
    data = scene(given.volumes, given.voxels)
    peers(*data, given.rounds)
    for part in (exactness, nulls, others):
        part(*data)
    scaling(given.volumes)
    if not given.no_memory:
        memory(given.volumes)


if __name__ == "__main__":
    main()
