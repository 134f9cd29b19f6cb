"""Maps of voxels and layers: by scipy, statsmodels and counting; silent in noise."""

from itertools import product

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from heschl.science import layer_maps
from heschl.science.tfce import adjacency

IJK = np.argwhere(np.ones((4, 3, 2)))
OPTIONS = {"q": 0.05, "shrink": 1.0, "seed": 0, "adjacent": adjacency(IJK)}


def group(rng, subjects=6, permutations=19, layers=3):
    """rho (1 + permutation, subject, voxel, layer), each order of the clips as likely as any other."""
    shape = (1 + permutations, subjects, len(IJK), layers)
    return 0.02 + 0.1 * (rng.standard_normal((*shape[:3], 1)) + rng.standard_normal(shape))


def by_flips(values):
    """Family-wise p of sign flips (subject, ...): mean over root mean square plus its median, all assignments."""
    size = np.sqrt(np.mean(values**2, 0))
    scaled = values / (size + np.median(size))
    observed, largest = scaled.mean(0), []
    for signs in product((1, -1), repeat=len(values)):
        largest.append(np.tensordot(signs, scaled, 1).max() / len(values))
    return np.mean([np.array(largest) >= v - 1e-9 for v in observed.ravel()], 1).reshape(observed.shape)


def test_every_map_by_hand():
    rng = np.random.default_rng(0)
    values = group(rng)
    values[0, :, :5, 1] += 0.5
    rho, drawn = values[0], values[1:]
    centre = np.full(rho.shape, 0.02)
    null_max = [drawn[:, s].max(2) for s in range(6)]
    found = layer_maps.tested(rho, centre, null_max, **OPTIONS)
    expected = stats.ttest_1samp(rho - centre, 0, alternative="greater")
    np.testing.assert_allclose(found["t"], expected.statistic)
    rejected = multipletests(expected.pvalue.ravel(), 0.05, method="fdr_bh")[0].reshape(rho.shape[1:])
    np.testing.assert_array_equal(found["discovered"], rejected)
    assert found["discovered"][:5, 1].all()
    largest = np.mean(null_max, 0).max(1)
    counted = [[(1 + (largest >= m).sum()) / 20 for m in row] for row in rho.mean(0)]
    np.testing.assert_allclose(found["p_fwe"], counted)
    np.testing.assert_allclose(found["p_flip"], by_flips(rho - centre))
    assert (found["p_flip"][:5, 1] <= 0.05).all()
    place = [stats.percentileofscore(null_max[s][:, v], rho[s, v].max(), "mean") for s in range(6) for v in range(24)]
    scores = stats.norm.ppf((np.reshape(place, (6, 24)) / 100 * 19 + 0.5) / 20)
    np.testing.assert_allclose(found["p_flip_max"], by_flips(scores))
    np.testing.assert_allclose(found["rho_mean"], rho.mean(0))
    np.testing.assert_allclose(found["centre"], 0.02)
    assert found["enhanced"].argmax() < 5 and found["p_fwe_enhanced"].min() == pytest.approx(0.05)


def test_nothing_is_told_without_subjects_permutations_or_clusters():
    rng = np.random.default_rng(1)
    rho = group(rng, subjects=4)[0]
    some = layer_maps.tested(rho, 0 * rho, [np.empty((0, 24))] * 4, **OPTIONS | {"adjacent": None})
    for name in ("p_fwe", "p_flip", "p_flip_max", "enhanced", "p_fwe_enhanced"):
        assert np.isnan(some[name]).all(), name
    assert np.isfinite(some["t"]).all()
    one = layer_maps.tested(rho[:1], 0 * rho[:1], [np.ones((3, 24))], **OPTIONS)
    assert np.isnan(one["p"]).all() and not one["discovered"].any()


def test_noise_is_noise():
    """In 150 studies of no effect, each test finds anything in 5 %, or less often where it bounds."""
    rng, trials, hits = np.random.default_rng(2), 150, dict.fromkeys(("p_fwe", "p_flip", "p_flip_max"), 0)
    hits["p_fwe_enhanced"] = 0
    for _ in range(trials):
        values = group(rng)
        centre = values.mean(0)
        null_max = [values[1:, s].max(2) for s in range(6)]
        found = layer_maps.tested(values[0], centre, null_max, **OPTIONS)
        for name in hits:
            hits[name] += found[name].min() <= 0.05
    most = stats.binom.ppf(0.9995, trials, 0.05)
    assert all(n <= most for n in hits.values()), hits
    assert hits["p_fwe_enhanced"] > 0 and hits["p_flip"] > 0


def correlated(rng, subjects=2, layers=3, controls=2):
    """Ranks (subject, voxel, pair) of spheres and (model, pair) of models, and their correlations."""
    models = rng.standard_normal((layers + controls, 300)) + rng.standard_normal(300)
    spheres = rng.standard_normal((subjects, 24, 300)) + models[0] + models[-1]
    every = [[np.corrcoef(np.vstack([models, one])) for one in sub] for sub in spheres]
    n = len(models)
    rho = np.array([[matrix[n, :n] for matrix in sub] for sub in every])
    return models, spheres, rho, np.repeat(np.corrcoef(models)[None], subjects, 0)


def left_over(values, given):
    """Residuals of (..., pair) after least squares on given (model, pair) and a constant."""
    design = np.vstack([given, np.ones(given.shape[1])]).T
    return values - design @ np.linalg.lstsq(design, values, rcond=None)[0]


def test_what_a_layer_adds_by_regression():
    models, spheres, rho, between = correlated(np.random.default_rng(3))
    found = layer_maps.added(rho[..., :3], 0.1 * rho[..., :3], rho[..., 3:], 0.1 * rho[..., 3:], between)
    for voxel, layer in ((0, 0), (7, 1), (23, 2)):
        others = np.delete(models[:3], layer, 0)
        alone = left_over(models[layer], others)
        semi = np.mean([np.corrcoef(alone, sub[voxel])[0, 1] for sub in spheres])
        both = np.mean([np.corrcoef(alone, left_over(sub[voxel], others))[0, 1] for sub in spheres])
        beyond = np.mean([np.corrcoef(left_over(models[layer], models[3:]), sub[voxel])[0, 1] for sub in spheres])
        got = [found[name][voxel, layer] for name in ("semipartial", "partial", "beyond_controls")]
        np.testing.assert_allclose(got, [semi, both, beyond], atol=1e-10)
    np.testing.assert_allclose(found["rho_control"], rho[..., 3:].mean(0))
    for name, centre in (("semipartial", "semipartial_centre"), ("beyond_controls", "beyond_centre")):
        np.testing.assert_allclose(found[centre], 0.1 * found[name])
    np.testing.assert_allclose(found["control_centre"], 0.1 * found["rho_control"])


def test_without_controls_and_with_one_layer():
    _, _, rho, between = correlated(np.random.default_rng(4))
    found = layer_maps.added(*2 * [rho[..., :3]], *2 * [rho[..., 3:3]], between[:, :3, :3])
    assert np.isnan(found["beyond_controls"]).all() and found["rho_control"].shape == (24, 0)
    alone = layer_maps.added(*2 * [rho[..., :1]], *2 * [rho[..., 1:1]], between[:, :1, :1])
    np.testing.assert_allclose(alone["semipartial"], rho[..., :1].mean(0))
    np.testing.assert_allclose(alone["partial"], alone["semipartial"])
