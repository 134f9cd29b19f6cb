"""Searchlight representational similarity analysis: exact, streaming, the same bits for any number of threads.

At every centre the volumes' patterns are compared within a sphere, d(i, j) = 1 - Spearman(pattern i, pattern
j), and the distances are compared with those of each model, rho = Spearman(d, d_model). No distance matrix
outlives its centre. Usable by itself: see docs/searchlight.md.

Why it is the same: twice the centred mid-ranks of the pairs are integers, so their products with those of a
model are sums of integers, exact in any order (up to 300,000 pairs, 775 volumes). heschl.science.sphere_ranks
says how they are found quickly, clip_nulls how permutations are, in single precision. Other distances and
comparisons (heschl.science.pair_vectors) go through the same frame, in floating point and without those short cuts.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import TYPE_CHECKING, NamedTuple

import numba
import numpy as np
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from heschl.science import clip_nulls
from heschl.science.integer_gram import MOST_VOXELS, IntegerGram
from heschl.science.pair_products import PairProducts
from heschl.science.pair_vectors import COMPARISONS, chosen_pairs, distances, prepared
from heschl.science.permuted_models import PermutedModels
from heschl.science.sphere_vectors import SphereVectors

if TYPE_CHECKING:
    from rsatoolbox.rdm import RDMs

MAX_BLOCK = 64  # centres ranked together
BLOCK_VALUES = 1 << 22  # ranks held by one thread: 16 MB


class Searchlight(NamedTuple):
    """What a searchlight finds, float64.

    rho : (centre, model)
    null_max : (permutation, centre), the largest rho over models under each permutation; None without any
    null_mean : (centre, model), the mean over permutations; None without any
    """

    rho: np.ndarray
    null_max: np.ndarray | None = None
    null_mean: np.ndarray | None = None


def searchlight(
    patterns: np.ndarray,
    models: "np.ndarray | RDMs",
    neighbours: np.ndarray | Sequence[np.ndarray],
    *,
    distance: str = "spearman",
    comparison: str = "spearman",
    pairs: np.ndarray | None = None,
    permutations: np.ndarray | None = None,
    trials: np.ndarray | None = None,
    threads: int | None = None,
    block: int | None = None,
    device: str | None = None,
    progress: bool = False,
) -> Searchlight:
    """Compare the dissimilarities of volumes in every sphere with those of every model.

    Parameters
    ----------
    patterns : array of shape (volume, voxel), finite, any unit; of crossnobis (repeat, volume, voxel)
    models : array of shape (model, volume, volume), symmetric dissimilarities; or rsatoolbox RDMs
    neighbours : integer array of shape (centre, n), the voxels of each sphere, or a list of arrays, one for each
        centre (heschl.science.spheres)
    distance : "spearman", "correlation", "euclidean" or "crossnobis", see heschl.science.pair_vectors
    comparison : "spearman", "pearson", "cosine" or "tau-a"
    pairs : boolean array of shape (volume, volume); its lower triangle chooses the pairs to compare; all by
        default
    permutations : integer array of shape (permutation, volume): the volume whose place in the model each
        volume takes. One permutation serves all models and all centres
    trials : integer array of shape (clip, lag), the volumes of each clip, where permutations are of whole clips
        (heschl.science.rdm.trials): the same result, null values to about 1e-8, in a fraction of the time
    threads : workers, NUMBA_NUM_THREADS by default; the result doesn't depend on it
    block : centres ranked together
    device : of torch, such as "cuda", to rank and compare there; None for the CPU's threads
    progress : show a bar on standard error

    Returns
    -------
    Searchlight

    Raises
    ------
    ValueError
        If shapes disagree, a value isn't finite, a volume or all distances are constant within a sphere, a
        model is constant, fewer than two pairs are chosen, or a permutation moves a chosen pair onto one that isn't.
    """
    models = models.get_matrices() if hasattr(models, "get_matrices") else np.asarray(models)
    neighbours = _checked(patterns, models, neighbours)
    keep = chosen_pairs(np.ones(models.shape[1:], bool) if pairs is None else pairs)
    gram = None
    if device is None and distance == comparison == "spearman" and _largest(neighbours) <= MOST_VOXELS:
        gram = IntegerGram.where_it_pays(len(neighbours) * len(keep))
    vectors = SphereVectors(patterns, keep, distance, comparison, gram)
    correlate = PairProducts(_model_vectors(models, keep, comparison), keep, comparison, vectors.exact)
    nulls = None if permutations is None else _nulls(correlate, np.asarray(permutations), trials, device)
    rho = np.empty((len(neighbours), len(models)))
    null_max = None if nulls is None else np.empty((len(permutations), len(neighbours)))
    null_mean = None if nulls is None else np.empty_like(rho)

    def work(centres: np.ndarray) -> int:
        own = vectors(np.stack([neighbours[c] for c in centres]), centres)
        rho[centres] = correlate(own)
        if nulls is not None:
            null_max[:, centres], null_mean[centres] = nulls(own)
        return len(centres)

    if device is not None:
        from heschl.science.searchlight_torch import DeviceWork

        work = DeviceWork(work, vectors, correlate, nulls, neighbours, (rho, null_max, null_mean), device)
        threads, block = 1, block or work.spheres.batch
    size = block or int(np.clip(BLOCK_VALUES // len(keep), 1, MAX_BLOCK))
    threads = threads or numba.config.NUMBA_NUM_THREADS
    bar = tqdm(total=len(neighbours), unit="centre", desc="searchlight", disable=not progress, mininterval=2)
    given_back = gram.at_work() if gram else nullcontext()
    with bar, given_back, threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        for done in pool.map(work, _blocks(neighbours, size)):
            bar.update(done)
    return Searchlight(rho, null_max, null_mean)


def sphere_rdms(
    patterns: np.ndarray,
    neighbours: np.ndarray | Sequence[np.ndarray],
    centres: Sequence[int],
    distance: str = "spearman",
) -> "RDMs":
    """Return the dissimilarities of volumes in a few spheres as rsatoolbox RDMs with a descriptor `centre`.

    Parameters
    ----------
    patterns, neighbours, distance : as of `searchlight`
    centres : which spheres; each RDM is kept, so not too many
    """
    from rsatoolbox.rdm import RDMs

    measure = distances(patterns, distance)
    found = np.stack([measure(np.asarray(neighbours[c])) for c in centres])
    return RDMs(found, dissimilarity_measure=distance, rdm_descriptors={"centre": list(map(int, centres))})


def _checked(
    patterns: np.ndarray, models: np.ndarray, neighbours: np.ndarray | Sequence[np.ndarray]
) -> np.ndarray | list[np.ndarray]:
    volumes, voxels = patterns.shape[-2:]
    if models.ndim != 3 or models.shape[1:] != (volumes, volumes):
        wanted = f"(model, {volumes}, {volumes})"
        raise ValueError(f"models have shape {models.shape}; wanted {wanted} for {volumes} volumes of patterns")
    if not np.isfinite(patterns).all():
        bad = np.flatnonzero(~np.isfinite(patterns).reshape(-1, voxels).all(0))
        raise ValueError(
            f"patterns hold NaN or infinity in {len(bad)} of {voxels} voxels, the first is {bad[0]}; drop them"
        )
    same = (patterns == patterns[..., :1, :]).reshape(-1, voxels).all(0)
    if same.any():
        raise ValueError(f"voxel {same.argmax()} has the same value in all volumes; drop such voxels first")
    one = isinstance(neighbours, np.ndarray)
    spheres = [neighbours.ravel()] if one else neighbours
    low = min((int(s.min()) for s in spheres if len(s)), default=0)
    high = max((int(s.max()) for s in spheres if len(s)), default=0)
    if not 0 <= low <= high < voxels:
        raise ValueError(f"neighbours name voxels {low}..{high}; patterns have 0..{voxels - 1}")
    if min((neighbours.shape[1:] if one else map(len, neighbours)), default=2) < 2:
        raise ValueError("a sphere has fewer than two voxels; wanted larger ones")
    if _largest(neighbours) > np.iinfo(np.int16).max:
        raise ValueError(f"a sphere has {_largest(neighbours):,} voxels; wanted 32,767 at most")
    return np.ascontiguousarray(neighbours, np.int32) if one else [np.asarray(s, np.int32) for s in neighbours]


def _largest(neighbours: np.ndarray | list[np.ndarray]) -> int:
    """Return the voxels of the largest sphere."""
    return neighbours.shape[1] if isinstance(neighbours, np.ndarray) else max(map(len, neighbours), default=0)


def _blocks(neighbours: np.ndarray | list[np.ndarray], size: int) -> Iterator[np.ndarray]:
    """Yield centres whose spheres have equally many voxels."""
    counts = np.array([len(s) for s in neighbours])
    for count in np.unique(counts):
        centres = np.flatnonzero(counts == count)
        yield from np.split(centres, range(size, len(centres), size))


def _nulls(
    correlate: PairProducts, permutations: np.ndarray, trials: np.ndarray | None, device: str | None
) -> clip_nulls.ClipNulls | PermutedModels:
    """Choose the short cut where permutations and pairs are of whole clips and it is one; devices know no other way."""
    if trials is None or correlate.tau:
        return PermutedModels(correlate, permutations)
    orders = clip_nulls.orders(permutations, trials)
    n_models, n_pairs = correlate.models.shape
    by_blocks = clip_nulls.ClipNulls.cost(n_models, len(orders), *trials.shape)
    few = PermutedModels.cost(n_models, len(orders), n_pairs) < by_blocks
    if (few and device is None) or not clip_nulls.of_whole_clips(correlate.keep, trials):
        return PermutedModels(correlate, permutations)
    return clip_nulls.ClipNulls(correlate, orders, trials)


def _model_vectors(models: np.ndarray, keep: np.ndarray, comparison: str) -> np.ndarray:
    if comparison not in COMPARISONS:
        raise ValueError(f"comparison {comparison!r}; wanted one of {', '.join(COMPARISONS)}")
    row, column = np.triu_indices(models.shape[1], 1)
    values = models[:, column, row].astype(float)
    some = values[:, keep]
    bad = ~np.isfinite(some).all(1) | (np.ptp(some, axis=1) == 0)
    if bad.any():
        given = f"the distances of model {bad.argmax()} (from 0) are constant or not finite"
        raise ValueError(f"{given}; give features that differ between volumes")
    return prepared(values, keep, comparison)
