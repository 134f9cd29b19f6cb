"""Model distances, the pairs to compare, permutations of whole clips."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from heschl.science import rdm

CLIP, LAG = np.repeat(["b", "a", "c", "d"], 3), np.tile([6.0, 7.5, 9.0], 4)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999), st.sampled_from([0, 1, 3]))
def test_distances_agree_with_scipy(seed, levels):
    features = np.random.default_rng(seed).standard_normal((8, 12))
    features = np.round(features * levels) if levels else features
    features[:, 0] = 9
    np.testing.assert_allclose(rdm.spearman_rdm(features), 1 - stats.spearmanr(features, axis=1).statistic, atol=1e-11)


def test_categories_give_two_distances():
    found = rdm.spearman_rdm(np.eye(3)[[0, 0, 1, 2, 1]])
    assert len(np.unique(found)) == 2
    assert found[0, 1] == 0 < found[0, 2]


@pytest.mark.parametrize("spoilt,message", [(2.0, "volume 1 has the same value"), (np.nan, "NaN")])
def test_undefined_distances_are_errors(spoilt, message):
    features = np.random.default_rng(0).random((4, 5))
    features[1] = spoilt
    with pytest.raises(ValueError, match=message):
        rdm.spearman_rdm(features)


def test_standardized_features_have_unit_variance_and_dead_ones_are_zero():
    features = np.random.default_rng(0).random((50, 3)).astype(np.float32) * [1, 100, 0] + 0.1
    found = rdm.standardized(features)
    np.testing.assert_allclose(found[:, :2].std(0), 1, atol=1e-8)
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-9)
    np.testing.assert_array_equal(found[:, 2], 0)


def test_lag_means_vanish_and_the_input_stays():
    values = np.random.default_rng(0).random((12, 4)).astype(np.float32)
    before = values.copy()
    found = rdm.without_lag_mean(values, LAG)
    for lag in np.unique(LAG):
        np.testing.assert_allclose(found[lag == LAG].mean(0), 0, atol=1e-7)
    np.testing.assert_array_equal(values, before)


def test_pairs():
    between = rdm.pair_mask(CLIP, "between_clip")
    assert np.tril(between, -1).sum() == 6 * 9
    assert np.tril(rdm.pair_mask(CLIP, "all"), -1).sum() == 12 * 11 // 2
    assert not between[:3, :3].any()
    with pytest.raises(ValueError, match="'between_clip'"):
        rdm.pair_mask(CLIP, "within")


def test_permutations_move_whole_clips_and_keep_lags():
    found = rdm.clip_permutations(CLIP, LAG, 50, 0)
    assert found.shape == (50, 12)
    for permutation in found:
        assert sorted(permutation) == list(range(12))
        np.testing.assert_array_equal(LAG[permutation], LAG)
        assert len({(a, b) for a, b in zip(CLIP, CLIP[permutation], strict=True)}) == 4
    np.testing.assert_array_equal(found, rdm.clip_permutations(CLIP, LAG, 50, 0))
    assert (found != rdm.clip_permutations(CLIP, LAG, 50, 1)).any()


def test_permutations_name_the_same_clips_in_any_order_of_volumes():
    order = np.random.default_rng(0).permutation(12)
    plain, moved = (
        rdm.clip_permutations(CLIP, LAG, 9, 3),
        rdm.clip_permutations(CLIP[order], LAG[order], 9, 3),
    )
    np.testing.assert_array_equal(CLIP[plain][:, order], CLIP[order][moved])


def test_all_orders_are_equally_likely():
    found = rdm.clip_permutations(np.array(["a", "b", "c"]), np.zeros(3), 6000, 0)
    counts = np.unique(found, axis=0, return_counts=True)[1]
    assert len(counts) == 6
    assert stats.chisquare(counts).pvalue > 1e-3


def test_clips_of_unequal_lags_are_an_error():
    with pytest.raises(ValueError, match="every clip once at every lag"):
        rdm.clip_permutations(CLIP[:-1], LAG[:-1], 2, 0)


def test_rsatoolbox_round_trip():
    models = np.stack([rdm.spearman_rdm(np.random.default_rng(i).random((5, 6))) for i in range(3)])
    rdms = rdm.to_rsatoolbox(models, ["x", "y", "z"])
    np.testing.assert_allclose(rdm.from_rsatoolbox(rdms), models, atol=1e-12)
    assert rdms.rdm_descriptors["name"] == ["x", "y", "z"]


def test_matching_finds_every_volume():
    order = np.random.default_rng(0).permutation(12)
    found = rdm.matching(CLIP, LAG, CLIP[order], LAG[order] + 1e-5)
    np.testing.assert_array_equal(order[found], np.arange(12))


@pytest.mark.parametrize("others", [range(11), [*range(12), 3], [0, *range(11)]])
def test_matching_refuses_missing_and_repeated_volumes(others):
    others = list(others)
    with pytest.raises(ValueError, match="isn't once in both"):
        rdm.matching(CLIP, LAG, CLIP[others], LAG[others])
    with pytest.raises(ValueError, match="isn't once in both"):
        rdm.matching(CLIP[others], LAG[others], CLIP, LAG)


@pytest.mark.parametrize("n_lags", [1, 3, 6, 7])
def test_categories_are_alike_or_equally_unlike(n_lags):
    """Rounding errors of the z-score must not rank where the categories have nothing to say."""
    category = np.repeat(np.repeat(np.arange(6), 2), n_lags)
    lag_s = np.tile(np.arange(n_lags), 12) * 2.0
    features = rdm.standardized(rdm.without_lag_mean(np.eye(6)[category], lag_s))
    same = category[:, None] == category
    found = rdm.spearman_rdm(features)
    assert np.ptp(found[same]) == 0 and np.ptp(found[~same]) == 0 and found[same].max() < found[~same].min()
