"""What a searchlight can't work with, and where it says so; what it can, against scipy."""

import numpy as np
import pytest
from rsa_scenes import scene
from scipy import stats

from heschl.science import rdm, searchlight, spheres

LINE = r"^[^\n]+$"


def refusal(call, *given, **options) -> str:
    with pytest.raises(ValueError, match=LINE) as error:
        call(*given, **options)
    return str(error.value)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_voxels_that_are_no_number_are_counted_and_the_first_is_named(value):
    patterns, models, neighbours, *_ = scene()
    patterns[3, 41] = patterns[:, 17] = value
    assert "in 2 of 60 voxels, the first is 17" in refusal(searchlight.searchlight, patterns, models, neighbours)
    repeats = np.stack([scene()[0], patterns])
    given = refusal(searchlight.searchlight, repeats, models, neighbours, distance="crossnobis", comparison="cosine")
    assert "in 2 of 60 voxels, the first is 17" in given


def test_lag_means_name_the_first_column_that_is_no_number():
    patterns, *_, lag = scene()
    patterns[3, 41] = patterns[:, 17] = np.nan
    assert "in 2 of 60 voxels or features, the first is number 17" in refusal(rdm.without_lag_mean, patterns, lag)


def test_one_clip_alone_has_no_lag_mean():
    patterns, _, _, clip, lag = scene()
    assert "one clip alone at 0 s" in refusal(rdm.without_lag_mean, patterns[clip == 2], lag[clip == 2])
    assert "one clip alone at 1 s" in refusal(rdm.without_lag_mean, patterns[:5], [0, 0, 1, 2, 2])
    two = rdm.without_lag_mean(patterns[clip < 2], lag[clip < 2])
    np.testing.assert_allclose(two[:3], -two[3:], atol=1e-8)


@pytest.mark.parametrize("spoil", [lambda m: m * 0 + 1, lambda m: m * np.nan])
def test_a_model_without_distances_is_numbered(spoil):
    patterns, models, neighbours, *_ = scene()
    given = np.stack([models[0], spoil(models[1]), models[1]])
    assert "the distances of model 1 (from 0)" in refusal(searchlight.searchlight, patterns, given, neighbours)


def test_a_sphere_larger_than_the_mask_says_what_would_fit():
    given = refusal(spheres.nearest, np.argwhere(np.ones((3, 3, 3))), 100)
    assert "a sphere of 100 voxels in a mask of 27; wanted 2 to 27: make spheres smaller" in given


def test_a_voxel_that_never_varies_is_named():
    patterns, models, neighbours, *_ = scene()
    patterns[:, 33] = 0.1
    assert "voxel 33 has the same value" in refusal(searchlight.searchlight, patterns, models, neighbours)


def test_two_stimuli_with_the_same_features_are_ties_as_scipy_has_them():
    patterns, _, neighbours, clip, _ = scene(2)
    features = np.random.default_rng(3).standard_normal((len(clip), 15))
    features[clip == 4] = features[clip == 1]
    model = rdm.spearman_rdm(features)
    assert (model[clip == 4] == model[clip == 1]).all()
    pairs = rdm.pair_mask(clip, "between_clip")
    keep = np.tril(pairs, -1)
    found = searchlight.searchlight(patterns, model[None], neighbours[:5], pairs=pairs).rho[:, 0]
    for rho, members in zip(found, neighbours, strict=False):
        distance = np.round(1 - stats.spearmanr(patterns[:, members], axis=1).statistic, 10)
        assert rho == pytest.approx(stats.spearmanr(distance[keep], model[keep]).statistic, abs=1e-12)
