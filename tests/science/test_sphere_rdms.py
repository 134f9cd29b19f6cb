"""Ranked dissimilarities in spheres against scipy."""

import numpy as np
import pytest
from scipy import stats

from heschl.science import rdm
from heschl.science.sphere_rdms import SphereRdms, blocks, chosen_pairs, model_ranks

CLIP = np.repeat(np.arange(5), 3)


def scene(seed=0, levels=0):
    rng = np.random.default_rng(seed)
    patterns = rng.standard_normal((15, 40))
    patterns = np.round(patterns * levels) if levels else patterns
    return patterns, np.stack([rng.permutation(40)[:12] for _ in range(9)])


@pytest.mark.parametrize("levels", [0, 2])
@pytest.mark.parametrize("pairs", ["all", "between_clip"])
def test_ranks_agree_with_scipy(levels, pairs):
    patterns, neighbours = scene(1, levels)
    mask = rdm.pair_mask(CLIP, pairs)
    found = SphereRdms(patterns, neighbours, mask)
    keep = chosen_pairs(mask)
    for c, members in enumerate(neighbours):
        distance = rdm.spearman_rdm(patterns[:, members])[keep]
        expected = 2 * stats.rankdata(np.round(distance, 10)) - (len(distance) + 1)
        np.testing.assert_array_equal(found.ranks(slice(c, c + 1))[0], expected)
    np.testing.assert_array_equal(found.ranks(slice(2, 5)), found.ranks(slice(0, 9))[2:5])


def test_model_ranks_agree_with_scipy():
    models = np.round(np.random.default_rng(1).random((2, 15, 15)), 1)  # with ties
    mask = rdm.pair_mask(CLIP, "between_clip")
    expected = [stats.rankdata(m[np.triu(mask, 1)]) for m in models]
    np.testing.assert_array_equal(model_ranks(models, mask), 2 * np.array(expected) - (mask.sum() // 2 + 1))


def test_blocks_cover_everything_once():
    assert [(b.start, b.stop) for b in blocks(7, 3)] == [(0, 3), (3, 6), (6, 7)]
    assert not list(blocks(0, 3))


@pytest.mark.parametrize(
    "spoil,message",
    [
        (lambda p, n, m: (np.where(np.arange(40) == 3, np.nan, p), n, m), "NaN"),
        (lambda p, n, m: (p[:7], n, m), "the same volumes"),
        (lambda p, n, m: (p, n + 40, m), "neighbours name voxels"),
        (lambda p, n, m: (p, n, m & False), "no pair"),
        (lambda p, n, m: (p * (np.arange(15) != 4)[:, None], n, m), "centre 3: a volume"),
    ],
)
def test_bad_input_is_named(spoil, message):
    patterns, neighbours = scene()
    with pytest.raises(ValueError, match=message):
        SphereRdms(*spoil(patterns, neighbours, rdm.pair_mask(CLIP, "all"))).ranks(slice(3, 9))


@pytest.mark.parametrize("value", [1.0, np.nan])
def test_a_model_without_order_is_named(value):
    models = np.random.default_rng(0).random((3, 15, 15))
    models[1] = value
    with pytest.raises(ValueError, match="model 1 is constant or not finite"):
        model_ranks(models, rdm.pair_mask(CLIP, "all"))
