"""Scores and ranks of a sphere's pairs against scipy's: without ties, with some, with many; by BLAS and by bytes."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from heschl.science import sphere_scores
from heschl.science.integer_gram import MOST_VOXELS, IntegerGram
from heschl.science.sphere_ranks import rank_spheres
from heschl.science.sphere_vectors import levels

GRAM = IntegerGram.where_it_pays(10**12)


class PlainGram:
    """The same products by numpy, for processors without bytes."""

    def __call__(self, some, others):
        return some.astype(np.int32) @ others.astype(np.int32).T


GRAMS = [None, PlainGram(), *([GRAM] if GRAM else [])]


def scene(seed, n, volumes, voxels, tied_volumes):
    """Return patterns (volume, voxel), some volumes rounded to few values, and three spheres."""
    rng = np.random.default_rng(seed)
    patterns = rng.standard_normal((volumes, voxels))
    rounded = rng.choice(volumes, tied_volumes, replace=False)
    patterns[rounded] = np.round(patterns[rounded], int(rng.integers(0, 2)))
    return patterns, np.stack([rng.choice(voxels, n, replace=False) for _ in range(3)]).astype(np.int32)


def by_scipy(sphere, keep):
    """Return twice the centred mid-ranks; equal distances are equal as fractions, not as numbers."""
    scores = 2 * rankdata(sphere, axis=1) - (sphere.shape[1] + 1)
    i, j = np.triu_indices(len(scores), 1)
    product, norm = (scores @ scores.T).astype(int), (scores**2).sum(1).astype(int)
    pairs = zip(product[i, j], norm[i], norm[j], strict=True)
    key = [Fraction(-int(s) * abs(int(s)), max(1, int(a) * int(b))) for s, a, b in pairs]
    order = {value: place for place, value in enumerate(sorted(set(key)))}
    ranks = np.zeros(len(key))
    found = rankdata(np.array([order[k] for k in key])[keep])
    ranks[keep] = 2 * found - keep.sum() - 1
    return ranks


@pytest.mark.parametrize("gram", GRAMS, ids=lambda gram: type(gram).__name__)
@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 99),
    n=st.integers(4, 110),
    volumes=st.integers(6, 40),
    tied_volumes=st.integers(0, 6),
    share=st.sampled_from([1.0, 0.8]),
)
def test_ranks_are_those_of_the_exact_distances(gram, seed, n, volumes, tied_volumes, share):
    patterns, members = scene(seed, n, volumes, 150, tied_volumes)
    keep = np.random.default_rng(seed).random(volumes * (volumes - 1) // 2) < share
    keep[:2] = True
    ranks, wanted = np.empty((3, len(keep)), np.float32), [by_scipy(patterns[:, m], keep) for m in members]
    bad = rank_spheres(levels(patterns), members, keep, ranks, gram)
    volume = [np.ptp(patterns[:, m], axis=1).min() == 0 for m in members]
    constant = [of_volume or np.ptp(w[keep]) == 0 for of_volume, w in zip(volume, wanted, strict=True)]
    assert bad == (constant.index(True) if any(constant) else -1)
    if bad < 0:
        np.testing.assert_array_equal(ranks, wanted)


@pytest.mark.parametrize("n_voxels", [200, sphere_scores.LEVELS + 10])
@pytest.mark.parametrize("tied_volumes", [0, 2, 30])
def test_scores_are_scipy_s_ranks_however_many_voxels_and_ties(n_voxels, tied_volumes):
    patterns, members = scene(1, 100, 40, n_voxels, tied_volumes)
    scores, norms, tied = np.empty((40, 100), np.int8), np.empty(40, np.int64), np.empty(40, np.int64)
    found = sphere_scores.score_sphere(levels(patterns), members[0], scores, norms, tied)
    wanted = 2 * rankdata(patterns[:, members[0]], axis=1) - 101
    np.testing.assert_array_equal(scores, wanted)
    np.testing.assert_array_equal(norms, (wanted**2).sum(1))
    assert tied[:found].tolist() == np.flatnonzero(norms < (100**3 - 100) // 3).tolist() and found >= tied_volumes


def test_products_of_bytes_are_exact_and_threads_given_back():
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    scores = np.random.default_rng(0).integers(1 - MOST_VOXELS, MOST_VOXELS, (33, MOST_VOXELS)).astype(np.int8)
    if GRAM:  # not on every processor
        with GRAM.at_work():
            np.testing.assert_array_equal(GRAM(scores, scores), scores.astype(int) @ scores.T.astype(int))
    assert torch.get_num_threads() == before


def by_long_double(sphere, keep):
    """Return the same for many pairs, rounded to 15 digits."""
    scores = (2 * rankdata(sphere, axis=1) - (sphere.shape[1] + 1)).astype(int)
    i, j = np.triu_indices(len(scores), 1)
    norm = (scores**2).sum(1).astype(np.longdouble)
    distance = np.round(1 - (scores @ scores.T)[i, j] / np.sqrt(norm[i] * norm[j]), 15)
    ranks = np.zeros(len(distance))
    ranks[keep] = 2 * rankdata(distance[keep].astype(float)) - keep.sum() - 1
    return ranks


# Of n voxels in this many volumes pairs are counted, in several panels; the ties are none, few, as many as may be
# sorted apart from what is counted, and one more; 129 voxels don't fit into bytes, 184 are the most that are counted.
@pytest.mark.parametrize(
    ("n", "volumes", "tied_volumes", "share"),
    [
        *((100, 200, tied, 1.0) for tied in (0, 4, 33, 34)),
        (100, 200, 30, 0.8),
        (128, 260, 43, 1.0),
        (128, 260, 44, 1.0),
        (129, 300, 10, 1.0),
        (184, 370, 61, 1.0),
    ],
)
def test_counted_and_sorted_pairs_are_ranked_together(n, volumes, tied_volumes, share):
    rng = np.random.default_rng(0)
    patterns = rng.standard_normal((volumes, 600))
    rounded = rng.choice(volumes, tied_volumes, replace=False)
    patterns[rounded] = np.round(patterns[rounded], 2)
    members = rng.choice(600, n, replace=False)[None].astype(np.int32)
    keep = rng.random(volumes * (volumes - 1) // 2) < share
    wanted = by_long_double(patterns[:, members[0]], keep)
    for gram in GRAMS:
        ranks = np.empty((1, len(keep)), np.float32)
        assert rank_spheres(levels(patterns), members, keep, ranks, gram) == -1
        np.testing.assert_array_equal(ranks[0], wanted)
