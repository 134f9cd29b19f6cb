"""Error rates of the group tests: simulated studies in which there is nothing to find, and some in which there is.

    python benchmarks/null_error_rate.py [studies of a world, 200 by default] [--jobs 2] [--out RESULTS.md]

A study: 7 listeners, 12 clips of 10 volumes, 150 voxels in spheres of 30, 10 layers made up as rectified mixtures of
one another and seen through the haemodynamic response, 200 permutations of the clips. It goes the way of the steps
compare_published (all pairs, nothing removed), compare_searchlight and compare_group. Its worlds:

noise  every clip's volumes are noise, AR(1) in time and smooth in space
hrf    the same, and every voxel responds to every clip alike, each with its own size and delay
music  noise, and the features of one layer in a fifth of the voxels: a test that finds nothing here says nothing

A study counts for a test if any voxel (or voxel and layer) passes. The share of those is held against the promise of
the test by its exact interval (Clopper and Pearson).
"""

import argparse
import os
import platform
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from functools import partial
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
os.environ |= {name: "1" for name in THREADS}  # a study is one process's work

import numpy as np  # noqa: E402
from scipy.ndimage import gaussian_filter, gaussian_filter1d  # noqa: E402
from scipy.stats import binomtest  # noqa: E402

from heschl.science import hrf, rdm, rsa_group, rsa_inference, spheres, statistics, tfce  # noqa: E402
from heschl.science.group_flips import flip_test, normal_scores  # noqa: E402
from heschl.science.searchlight import searchlight  # noqa: E402
from heschl.science.trials import lags_s  # noqa: E402

WORLDS = ("noise", "hrf", "music")
SUBJECTS, CLIPS, SPHERE, PERMUTATIONS = 7, 12, 30, 200
CLIP_S, TR_S, DROP_S, BIN_S = 21.0, 1.5, 6.0, 0.5
WIDTHS = (16, 16, 16, 32, 32, 64, 64, 128, 128, 50)  # features of the layers: a quarter of the tagger's
MUSIC_LAYER, EFFECT = 5, 0.7  # planted where there is music, in standard deviations of the noise
AR, SMOOTH_VOXELS, HRF_EFFECT = 0.5, 0.8, 1.0
Q, ALPHA = 0.005, 0.05
LAG_S = lags_s(CLIP_S, TR_S, DROP_S)
CLIP, LAG = np.repeat(np.arange(CLIPS), len(LAG_S)), np.tile(LAG_S, CLIPS)
GRID = (6, 5, 5)
IJK = np.argwhere(np.ones(GRID, bool))
NEIGHBOURS, _ = spheres.nearest(3.0 * IJK, SPHERE)
ADJACENT = tfce.adjacency(IJK)
PROMISED = {
    "published: t of the largest of layers, FDR .005": Q,
    "the same test on our comparison": Q,
    "permutation of clips, p_fwe": ALPHA,
    "permutation of clips, clusters enhanced": ALPHA,
    "sign flips of the largest of layers": ALPHA,
    "sign flips of the largest, clusters enhanced": ALPHA,
    "sign flips, voxels x layers": ALPHA,
    "t, FDR .05 over voxels x layers": ALPHA,
}


def layers(rng: np.random.Generator) -> list[np.ndarray]:
    """Make features (volume, feature) of every layer: each is centred, mixed and rectified from the one before."""
    n_bins = round(CLIP_S / BIN_S)
    drive = rng.standard_normal((CLIPS, WIDTHS[0], 1)) + rng.standard_normal((CLIPS, WIDTHS[0], n_bins))
    found = []
    for width in WIDTHS:
        centred = drive - drive.mean((0, 2), keepdims=True)
        mixing = rng.standard_normal((width, drive.shape[1])) / np.sqrt(drive.shape[1])
        drive = gaussian_filter1d(np.maximum(np.einsum("fg,cgb->cfb", mixing, centred), 0), 1.0, axis=2)
        seen = hrf.sample(hrf.convolve(drive, BIN_S), BIN_S, LAG_S)  # (clip, feature, lag)
        found.append(seen.swapaxes(1, 2).reshape(-1, width))
    return found


def listener(rng: np.random.Generator, world: str, features: list[np.ndarray]) -> np.ndarray:
    """Make one listener's patterns (volume, voxel), z-scored as preprocessed recordings are."""
    noise = _smooth(rng.standard_normal((CLIPS, len(LAG_S), *GRID)))
    for lag in range(1, len(LAG_S)):
        noise[:, lag] = AR * noise[:, lag - 1] + np.sqrt(1 - AR**2) * noise[:, lag]
    signal = noise.reshape(len(CLIP), -1)
    if world == "hrf":
        signal = signal + HRF_EFFECT * np.tile(_alike(rng), (CLIPS, 1))
    if world == "music":
        chosen = rdm.standardized(features[MUSIC_LAYER])
        near = IJK[:, 0] == 0  # a slice of 25 voxels, and 5 more
        near[np.flatnonzero(IJK[:, 0] == 1)[:5]] = True
        signal[:, near] += EFFECT * chosen[:, rng.integers(chosen.shape[1], size=near.sum())]
    return (signal - signal.mean(0)) / signal.std(0)


def _smooth(noise: np.ndarray) -> np.ndarray:
    noise = gaussian_filter(noise, (0, 0, *(SMOOTH_VOXELS,) * 3))
    return noise / noise.std()


def _alike(rng: np.random.Generator) -> np.ndarray:
    """Return what every clip evokes, (lag, voxel): a response to 21 s of anything, delayed by about 1 s or none."""
    size, delay_s = (_smooth(rng.standard_normal((1, 1, *GRID))).ravel() for _ in range(2))
    response = hrf.convolve(np.ones(round(CLIP_S / BIN_S)), BIN_S)
    return (1 + 0.5 * size) * hrf.sample(response, BIN_S, LAG_S[:, None] - delay_s.clip(-2, 2))


def compared(features: list[np.ndarray], people: list[np.ndarray], seed: int):
    """Return rho as published and as ours (subject, voxel, layer), its null_max and null_mean per subject."""
    plain = np.stack([rdm.spearman_rdm(f) for f in features])
    models = np.stack([rdm.spearman_rdm(rdm.standardized(rdm.without_lag_mean(f, LAG))) for f in features])
    everything = {"pairs": rdm.pair_mask(CLIP, "all"), "threads": 1}
    drawn = rdm.clip_permutations(CLIP, LAG, PERMUTATIONS, seed)
    honest = {"pairs": rdm.pair_mask(CLIP, "between_clip"), "permutations": drawn, "trials": rdm.trials(CLIP, LAG)}
    theirs = [searchlight(p, plain, NEIGHBOURS, **everything).rho for p in people]
    ours = [searchlight(rdm.without_lag_mean(p, LAG), models, NEIGHBOURS, **honest, threads=1) for p in people]
    return np.stack(theirs), *(np.stack([getattr(s, n) for s in ours]) for n in ("rho", "null_max", "null_mean"))


def study(number: int, world: str) -> list[bool]:
    """Make a study and say which of PROMISED find anything in it."""
    rng = np.random.default_rng([WORLDS.index(world), number])
    features = layers(rng)
    people = [listener(rng, world, features) for _ in range(SUBJECTS)]
    theirs, rho, null_max, null_mean = compared(features, people, number)
    null, largest = null_max.mean(0), rho.max(2)
    maps = rsa_group.maps(rho, null, theirs, Q)
    enhanced = rsa_inference.enhanced_test(largest.mean(0), null, ADJACENT)[1]
    scores = np.stack([normal_scores(one, of) for one, of in zip(largest, null_max, strict=True)])
    layerwise = rsa_inference.layerwise_test(rho, null.max(1), null_mean)
    passed = [
        maps["published"],
        statistics.false_discovery(statistics.t_above_zero(largest)[1], Q),
        maps["p_fwe"] <= ALPHA,
        enhanced.p_fwe <= ALPHA,
        flip_test(scores).p_fwe <= ALPHA,
        flip_test(scores, adjacent=ADJACENT).p_fwe <= ALPHA,
        flip_test(rho - null_mean).p_fwe <= ALPHA,
        layerwise.discovered,
    ]
    return [bool(p.any()) for p in passed]


def table(found: dict[str, np.ndarray]) -> str:
    """Write a row for each world and test."""
    lines = [
        "| world | test | studies with a finding | exact 95 % interval | promised | within |",
        "|---|---|---|---|---|---|",
    ]
    for world, passed in found.items():
        for (test, promised), k in zip(PROMISED.items(), passed.sum(0), strict=True):
            low, high = binomtest(int(k), len(passed)).proportion_ci(method="exact")
            within = "yes" if low <= promised <= high else "fewer" if high < promised else "**no**"
            share = f"{k} of {len(passed)}, {100 * k / len(passed):.1f} %"
            held = ("", "") if world == "music" else (f"{100 * promised:g} %", within)
            lines.append(f"| {' | '.join([world, test, share, f'{100 * low:.1f} to {100 * high:.1f} %', *held])} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("studies", nargs="?", type=int, default=200)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    start, found = time.perf_counter(), {}
    with ProcessPoolExecutor(given.jobs) as pool:
        for world in WORLDS:
            n = given.studies if world != "music" else max(1, given.studies // 5)
            found[world] = np.array(list(pool.map(partial(study, world=world), range(n), chunksize=4)))
    minutes = (time.perf_counter() - start) / 60
    machine = f"{platform.machine()}, {given.jobs} processes, {minutes:.1f} min"
    text = f"`python benchmarks/null_error_rate.py {given.studies}`: {machine}.\n\n{table(found)}\n"
    print(text)
    if given.out:
        given.out.write_text(f"# Error rates of the group tests, {date.today()}\n\n{text}", encoding="utf-8")


if __name__ == "__main__":
    main()
