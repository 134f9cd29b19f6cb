"""Sign flips of a group against brute force, and their error in searchlights of pure noise."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from heschl.science import rdm, spheres
from heschl.science.group_flips import flip_test, normal_scores
from heschl.science.permutation_mean import permutation_mean
from heschl.science.searchlight import searchlight
from heschl.science.sign_flips import family_wise_p
from heschl.science.tfce import adjacency, tfce

IJK = np.argwhere(np.ones((3, 3, 2)))
CLIP, LAG = np.repeat(np.arange(7), 2), np.tile(np.arange(2), 7) * 2.0


def all_flips(n):
    return np.array(list(product((1.0, -1.0), repeat=n)))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 9999), st.integers(2, 6), st.sampled_from([0.0, 1.0, 2.5]), st.booleans())
def test_agrees_with_brute_force(seed, n, shrink, enhance):
    values = np.random.default_rng(seed).standard_normal((n, len(IJK), 3)) + 0.3
    adjacent = adjacency(IJK, 26) if enhance else None
    size = np.sqrt((values**2).mean(0))
    null = []
    for flip in all_flips(n):
        found = (values * flip[:, None, None]).mean(0) / (size + shrink * np.median(size))
        null.append(np.stack([tfce(m, adjacent) for m in found.T], 1) if enhance else found)
    null, observed = np.array(null), null[0]
    bar = observed - 1e-9 * np.abs(observed).max()
    found = flip_test(values, shrink=shrink, adjacent=adjacent)
    np.testing.assert_allclose(found.statistic, observed, rtol=1e-9)
    np.testing.assert_allclose(found.p_uncorrected, (null >= bar).mean(0))
    np.testing.assert_allclose(found.p_fwe, (null.max((1, 2))[:, None, None] >= bar).mean(0))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9999))
def test_without_shrinking_it_orders_as_t(seed):
    values = np.random.default_rng(seed).standard_normal((5, 12)) * np.linspace(0.1, 3, 12) + 0.2
    null = [stats.ttest_1samp(values * f[:, None], 0).statistic for f in all_flips(5)]
    largest = np.max(null, 1)
    expected = (largest[:, None] >= null[0] - 1e-9).mean(0)
    np.testing.assert_allclose(flip_test(values, shrink=0).p_fwe, expected)


def test_the_largest_has_the_p_of_the_first_step_of_step_down():
    values = np.random.default_rng(0).standard_normal((7, 40)) + 0.5
    assert flip_test(values).p_fwe.min() == family_wise_p(values.T).min()


def test_few_subjects_reach_nothing_and_not_a_number_is_no_test():
    strong = np.full((5, 6), 2.0) + np.arange(6) / 10
    assert flip_test(strong[:4]).p_fwe.min() == 1 / 16
    assert flip_test(strong).p_fwe.min() == 1 / 32
    assert (flip_test(strong * 0).p_fwe == 1).all()
    strong[2, 4] = np.nan
    for found in flip_test(strong, adjacent=adjacency(np.argwhere(np.ones((6, 1, 1))))):
        assert np.isnan(found[4]) and np.isfinite(np.delete(found, 4)).all()
    assert np.isnan(flip_test(strong * np.nan).p_fwe).all()
    with pytest.raises(ValueError, match="wanted .subject, voxel"):
        flip_test(np.zeros(4))


def test_normal_scores_of_a_whole_set_are_symmetric():
    """Each of n + 1 alike values in turn against the others: the quantiles of n + 1 equal steps, ties or not."""
    values = np.random.default_rng(0).gumbel(size=(50, 3))
    values[:, 2] = np.round(values[:, 2])
    scores = np.stack([normal_scores(values[i], np.delete(values, i, 0)) for i in range(50)])
    expected = stats.norm.ppf((np.arange(50) + 0.5) / 50)
    np.testing.assert_allclose(np.sort(scores[:, :2], 0), np.stack([expected] * 2, 1))
    assert scores.max() < 2.34 and len(np.unique(scores[:, 2])) <= len(np.unique(values[:, 2]))
    assert abs(stats.norm.cdf(scores[:, 2]).mean() - 0.5) < 1e-12
    assert np.isnan(normal_scores(values[0], values[:0])).all()
    assert np.isnan(normal_scores(np.full(3, np.nan), values)).all()


def noise_group(seed, n_subjects=6):
    """Searchlights of noise with a course over the clip that features share: rho and its mean, max and its null.

    All subjects go through one call, their voxels side by side.
    """
    rng, n = np.random.default_rng(seed), len(IJK)
    near, _ = spheres.nearest(IJK * 3.0, 8)
    neighbours = np.concatenate([near + n * s for s in range(n_subjects)])
    course = np.tile(rng.standard_normal((2, 6)), (7, 1))
    models = np.stack([rdm.spearman_rdm(rng.standard_normal((14, 6)) + course) for _ in range(3)])
    patterns = rng.standard_normal((14, n * n_subjects)) + np.tile(rng.standard_normal((2, n * n_subjects)), (7, 1))
    mask, orders = rdm.pair_mask(CLIP, "between_clip"), rdm.clip_permutations(CLIP, LAG, 19, seed)
    found = searchlight(patterns, models, neighbours, pairs=mask, permutations=orders, threads=1)
    mean = permutation_mean(patterns, models, neighbours, pairs=mask, clip=CLIP, lag_s=LAG)
    scores = normal_scores(found.rho.max(1), found.null_max)
    return found.rho.reshape(n_subjects, n, 3), mean.reshape(n_subjects, n, 3), scores.reshape(n_subjects, n)


def test_family_wise_error_in_searchlights_of_noise():
    """Zero-centred, 5 % of null studies find something, with layers, their maximum, or clusters; rho itself, most."""
    trials, adjacent = 200, adjacency(IJK)
    hits = np.zeros(4, int)
    for seed in range(trials):
        rho, mean, scores = noise_group(seed)
        tests = [(rho - mean, None), (rho - mean, adjacent), (scores, None), (rho, None)]
        hits += [flip_test(v, adjacent=a).p_fwe.min() <= 0.05 for v, a in tests]
    low, high = stats.binom.ppf([0.0005, 0.9995], trials, 0.05)
    assert (low <= hits[:3]).all() and (hits[:3] <= high).all()
    assert hits[3] > trials / 2


def test_a_planted_layer_is_found_where_it_is():
    rng = np.random.default_rng(1)
    values = 0.05 * rng.standard_normal((7, len(IJK), 3))
    values[:, :5, 1] += 0.1
    for adjacent in (None, adjacency(IJK)):
        p = flip_test(values, adjacent=adjacent).p_fwe
        assert (p[:5, 1] <= 0.05).all() and (p[5:] > 0.05).mean() > 0.9
