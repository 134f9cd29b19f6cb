"""The searchlight against scipy on every centre, rsatoolbox, and itself under other threads and blocks."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from rsa_scenes import scene
from scipy import stats

from heschl.science import clip_nulls, pair_vectors, permuted_models, rdm, searchlight, spheres
from heschl.science.pair_products import PairProducts


@pytest.fixture
def by_blocks(monkeypatch):
    """Let permutations of clips be sums of products of blocks from then on, however few they are."""
    return lambda: monkeypatch.setattr(permuted_models.PermutedModels, "cost", lambda *_: np.inf)


def by_scipy(patterns, models, neighbours, pairs):
    """The definition, centre by centre: equal distances differ by rounding in floats, hence the round."""
    keep = np.tril(pairs, -1)
    out = np.empty((len(neighbours), len(models)))
    for c, members in enumerate(neighbours):
        distance = np.round(1 - stats.spearmanr(patterns[:, members], axis=1).statistic, 10)
        out[c] = [stats.spearmanr(distance[keep], model[keep]).statistic for model in models]
    return out


@pytest.mark.parametrize("levels,tolerance", [(0, 1e-12), (20, 1e-8), (2, 1e-8), (0.6, 1e-8)])
@pytest.mark.parametrize("pairs", ["all", "between_clip"])
def test_every_centre_agrees_with_scipy(levels, tolerance, pairs):
    patterns, models, neighbours, clip, _ = scene(3, levels)
    mask = rdm.pair_mask(clip, pairs)
    found = searchlight.searchlight(patterns, models, neighbours, pairs=mask)
    assert found.null_max is None
    np.testing.assert_allclose(found.rho, by_scipy(patterns, models, neighbours, mask), atol=tolerance, rtol=0)


@pytest.mark.parametrize("size", [2, 3, 5, 100, 370, 400])
def test_sphere_sizes_agree_with_scipy(size):
    patterns, models, neighbours, clip, _ = scene(4, voxels=450, size=size)
    mask = rdm.pair_mask(clip, "all")
    found = searchlight.searchlight(patterns, models, neighbours[:4], pairs=mask).rho
    np.testing.assert_allclose(found, by_scipy(patterns, models, neighbours[:4], mask), atol=1e-12, rtol=0)


@settings(max_examples=40, deadline=None)
@given(arrays(np.int8, (7, 9), elements=st.integers(-2, 2)), st.integers(0, 99))
def test_any_small_integers_agree_with_scipy(patterns, seed):
    patterns = patterns + np.eye(7, 9, dtype=np.int8) * 5  # no constant volume
    patterns[0] += 50  # no constant voxel; ranks stay
    models = np.random.default_rng(seed).random((2, 7, 7))
    models = models + models.transpose(0, 2, 1)
    neighbours, mask = np.arange(9)[None], np.ones((7, 7), bool)
    distance = np.round(1 - stats.spearmanr(patterns, axis=1).statistic, 10)
    assume(np.ptp(distance[np.tril(mask, -1)]) > 0)
    found = searchlight.searchlight(patterns, models, neighbours, pairs=mask).rho
    np.testing.assert_allclose(found, by_scipy(patterns, models, neighbours, mask), atol=1e-8, rtol=0)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 999))
def test_rho_ignores_monotone_changes_and_voxel_order(seed):
    patterns, models, neighbours, *_ = scene(seed)
    found = searchlight.searchlight(patterns, models, neighbours).rho
    shuffled = np.random.default_rng(seed).permuted(neighbours, axis=1)
    again = searchlight.searchlight(np.exp(2 * patterns) + 3, models**3, shuffled).rho
    np.testing.assert_array_equal(found, again)


def test_rsatoolbox_agrees():
    from rsatoolbox.data import Dataset
    from rsatoolbox.rdm import calc_rdm, compare, concat

    patterns, models, neighbours, *_ = scene(5)
    ranked = [Dataset(stats.rankdata(patterns[:, m], axis=1)) for m in neighbours[:8]]
    rdms = concat([calc_rdm(data, method="correlation") for data in ranked])
    rdms.dissimilarities = np.round(rdms.dissimilarities, 10)  # rounding errors must not rank what is equal
    expected = compare(rdms, rdm.to_rsatoolbox(models, ["a", "b"]), method="spearman")
    found = searchlight.searchlight(patterns, models, neighbours[:8]).rho
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize("levels", [0, 2])
@pytest.mark.parametrize("kept", [1 << 24, 300])
@pytest.mark.parametrize("short_cut", [True, False])
def test_threads_and_blocks_change_no_bit(levels, kept, short_cut, monkeypatch):
    monkeypatch.setattr(permuted_models, "KEPT_VALUES", kept)
    patterns, models, neighbours, clip, lag = scene(6, levels)
    options = {
        "pairs": rdm.pair_mask(clip, "between_clip"),
        "permutations": rdm.clip_permutations(clip, lag, 12, 0),
        "trials": rdm.trials(clip, lag) if short_cut else None,
    }
    first = searchlight.searchlight(patterns, models, neighbours, **options, threads=1)
    for threads, block in [(1, 1), (2, 7), (3, 1000)]:
        again = searchlight.searchlight(patterns, models, neighbours, **options, threads=threads, block=block)
        assert [a.tobytes() for a in first] == [a.tobytes() for a in again]


@pytest.mark.parametrize("pairs", ["all", "between_clip"])
@pytest.mark.parametrize("levels", [0, 2])
def test_the_short_cut_of_whole_clips_gives_the_same_null(pairs, levels, by_blocks):
    patterns, models, neighbours, clip, lag = scene(6, levels)
    order = np.random.default_rng(0).permutation(len(clip))  # volumes needn't lie clip by clip
    clip, lag, patterns, models = clip[order], lag[order], patterns[order], models[:, order][:, :, order]
    options = {"pairs": rdm.pair_mask(clip, pairs), "permutations": rdm.clip_permutations(clip, lag, 40, 3)}
    plain = searchlight.searchlight(patterns, models, neighbours, **options)
    by_blocks()
    short = searchlight.searchlight(patterns, models, neighbours, **options, trials=rdm.trials(clip, lag))
    assert plain.rho.tobytes() == short.rho.tobytes()
    np.testing.assert_allclose(plain.null_max, short.null_max, atol=1e-7)  # in single precision
    np.testing.assert_allclose(plain.null_mean, short.null_mean, atol=1e-7)


@pytest.mark.parametrize("pairs", ["all", "between_clip"])
def test_a_permutation_that_leaves_a_model_as_it_is_has_its_rho_to_the_bit(pairs, by_blocks):
    patterns, models, neighbours, clip, lag = scene(6)
    trials = rdm.trials(clip, lag)
    models = models.copy()
    models[1, trials[2]] = models[1, trials[4]]  # two clips alike for the second model, not for the first
    models[1][:, trials[2]] = models[1][:, trials[4]]
    still, swapped = np.arange(len(clip)), np.arange(len(clip))
    swapped[trials[2]], swapped[trials[4]] = trials[4], trials[2]
    by_blocks()
    options = {"permutations": np.stack([still, swapped]), "trials": trials, "pairs": rdm.pair_mask(clip, pairs)}
    both = searchlight.searchlight(patterns, models, neighbours, **options)
    np.testing.assert_array_equal(both.null_max[0], both.rho.max(1))
    second = searchlight.searchlight(patterns, models[1:], neighbours, **options)
    np.testing.assert_array_equal(second.null_max, np.stack([second.rho[:, 0]] * 2))
    first = searchlight.searchlight(patterns, models[:1], neighbours, **options)
    assert (first.null_max[1] != first.rho[:, 0]).all()


@pytest.mark.parametrize("comparison", ["spearman", "pearson"])
def test_models_that_permutations_turn_into_one_another_tie_to_the_bit(comparison, by_blocks):
    """Two clips of a kind, a model for each kind: to order kinds anew is to order models anew."""
    patterns, _, neighbours, clip, lag = scene(6)
    trials = rdm.trials(clip, lag)
    kind = np.empty(len(clip), int)
    kind[trials] = np.arange(len(trials))[:, None] // 2
    models = np.stack([np.abs((kind == k)[:, None] * 1.0 - (kind == k)) for k in range(3)])
    orders = np.array([[0, 1, 4, 5, 2, 3], [2, 3, 4, 5, 0, 1], [5, 4, 3, 2, 1, 0], [0, 2, 1, 3, 4, 5]])
    permutations = np.empty((4, len(clip)), int)
    permutations[:, trials] = trials[orders]
    by_blocks()
    options = {"permutations": permutations, "trials": trials, "pairs": rdm.pair_mask(clip, "between_clip")}
    found = searchlight.searchlight(patterns, models, neighbours, comparison=comparison, **options)
    np.testing.assert_array_equal(found.null_max[:3], np.stack([found.rho.max(1)] * 3))
    assert (found.null_max[3] != found.rho.max(1)).any()


@pytest.mark.parametrize("comparison", ["spearman", "pearson"])
def test_a_model_that_turns_with_three_clips_is_known_whatever_its_sums_round_to(comparison):
    rng, trials = np.random.default_rng(0), np.arange(15).reshape(3, 5)
    block, model = rng.random((5, 5)), np.zeros((15, 15))
    for one, other in [(0, 1), (1, 2), (2, 0)]:
        model[np.ix_(trials[one], trials[other])] = block
        model[np.ix_(trials[other], trials[one])] = block.T
    keep = pair_vectors.chosen_pairs(rdm.pair_mask(np.repeat(range(3), 5), "between_clip"))
    vectors = pair_vectors.prepared(model[np.triu_indices(15, 1)][None], keep, comparison)
    products = PairProducts(vectors, keep, comparison, comparison == "spearman")
    orders = np.array([[0, 1, 2], [1, 2, 0], [2, 0, 1], [1, 0, 2]])
    assert clip_nulls.ClipNulls(products, orders, trials).known[:, 0].tolist() == [0, 1, 2]


def test_clips_of_one_volume_are_permuted(by_blocks):
    patterns, models, neighbours, clip, _ = scene(6)
    options = {"permutations": np.stack([np.random.default_rng(k).permutation(len(clip)) for k in range(9)])}
    plain = searchlight.searchlight(patterns, models, neighbours, **options)
    by_blocks()
    short = searchlight.searchlight(patterns, models, neighbours, **options, trials=np.arange(len(clip))[:, None])
    np.testing.assert_allclose(plain.null_max, short.null_max, atol=1e-7)


@pytest.mark.filterwarnings("ignore:overflow encountered", "ignore:invalid value encountered")
def test_distances_that_overflow_are_refused():
    patterns, models, neighbours, *_ = scene(6)
    patterns = patterns.astype(float)
    patterns[3, neighbours[5, 0]] = 1e200
    with pytest.raises(ValueError, match="distance isn't finite"):
        searchlight.searchlight(patterns, models, neighbours, distance="euclidean")


@pytest.mark.parametrize("n_permutations,chosen", [(5, "PermutedModels"), (2000, "ClipNulls")])
def test_few_permutations_are_of_models_and_many_of_blocks(n_permutations, chosen, monkeypatch):
    patterns, models, neighbours, clip, lag = scene(6)
    used, options = [], {"permutations": rdm.clip_permutations(clip, lag, n_permutations, 3)}
    for one in (clip_nulls.ClipNulls, permuted_models.PermutedModels):
        called = one.__call__
        monkeypatch.setattr(
            one, "__call__", lambda self, own, c=called: used.append(type(self).__name__) or c(self, own)
        )
    searchlight.searchlight(patterns, models, neighbours, **options, trials=rdm.trials(clip, lag))
    assert set(used) == {chosen}


def test_a_choice_of_pairs_that_is_not_of_whole_clips_takes_the_long_way():
    patterns, models, neighbours, clip, lag = scene(6)
    pairs = rdm.pair_mask(clip, "between_clip") & (lag[:, None] == lag)  # equal lags only
    options = {"pairs": pairs, "permutations": rdm.clip_permutations(clip, lag, 8, 3)}
    assert not clip_nulls.of_whole_clips(pairs[np.triu_indices(18, 1)], rdm.trials(clip, lag))
    plain = searchlight.searchlight(patterns, models, neighbours, **options)
    again = searchlight.searchlight(patterns, models, neighbours, **options, trials=rdm.trials(clip, lag))
    assert plain.null_max.tobytes() == again.null_max.tobytes()


@pytest.mark.parametrize("distance", ["spearman", "correlation", "euclidean"])
@pytest.mark.parametrize("comparison", ["spearman", "pearson", "cosine", "tau-a"])
def test_other_distances_and_comparisons_agree_with_rsatoolbox(distance, comparison):
    from rsatoolbox.data import Dataset
    from rsatoolbox.rdm import calc_rdm, compare, concat

    patterns, models, neighbours, *_ = scene(5)
    ranked = (lambda x: stats.rankdata(x, axis=1)) if distance == "spearman" else (lambda x: x)
    method = "euclidean" if distance == "euclidean" else "correlation"
    rdms = concat([calc_rdm(Dataset(ranked(patterns[:, m])), method=method) for m in neighbours[:6]])
    if distance == "spearman":
        rdms.dissimilarities = np.round(rdms.dissimilarities, 10)  # rounding errors must not rank what is equal
    names = {"pearson": "corr"}
    expected = compare(rdms, rdm.to_rsatoolbox(models, ["a", "b"]), method=names.get(comparison, comparison))
    options = {"distance": distance, "comparison": comparison}
    found = searchlight.searchlight(patterns, rdm.to_rsatoolbox(models, ["a", "b"]), neighbours[:6], **options)
    np.testing.assert_allclose(found.rho, expected, atol=1e-6)
    kept = searchlight.sphere_rdms(patterns, neighbours, range(6), distance)
    np.testing.assert_allclose(kept.dissimilarities, rdms.dissimilarities, atol=1e-9)


def test_crossnobis_agrees_with_rsatoolbox():
    from rsatoolbox.data import Dataset
    from rsatoolbox.rdm import calc_rdm

    rng = np.random.default_rng(2)
    patterns, neighbours = rng.standard_normal((4, 18, 30)), np.stack([rng.permutation(30)[:12] for _ in range(3)])
    found = searchlight.sphere_rdms(patterns, neighbours, range(3), "crossnobis")
    about = {"volume": np.tile(np.arange(18), 4), "repeat": np.repeat(np.arange(4), 18)}
    for c, members in enumerate(neighbours):
        data = Dataset(patterns[:, :, members].reshape(72, -1), obs_descriptors=about)
        expected = calc_rdm(data, method="crossnobis", descriptor="volume", cv_descriptor="repeat")
        np.testing.assert_allclose(found.dissimilarities[c], expected.dissimilarities[0], atol=1e-12)
    models = scene()[1]
    rho = searchlight.searchlight(patterns, models, neighbours, distance="crossnobis", comparison="cosine").rho
    values = models[:, *np.triu_indices(18, 1)]
    norms = np.linalg.norm(found.dissimilarities, axis=1)[:, None] * np.linalg.norm(values, axis=1)
    np.testing.assert_allclose(rho, found.dissimilarities @ values.T / norms, atol=1e-12)


@pytest.mark.parametrize("comparison", ["pearson", "tau-a"])
def test_nulls_of_other_comparisons_are_of_permuted_models(comparison):
    patterns, models, neighbours, clip, lag = scene(7)
    permutations = rdm.clip_permutations(clip, lag, 3, 1)
    options = {"comparison": comparison, "pairs": rdm.pair_mask(clip, "between_clip")}
    found = searchlight.searchlight(
        patterns, models, neighbours[:3], permutations=permutations, trials=rdm.trials(clip, lag), **options
    )
    moved = [searchlight.searchlight(patterns, models[:, p][:, :, p], neighbours[:3], **options) for p in permutations]
    np.testing.assert_allclose(found.null_max, [one.rho.max(1) for one in moved], atol=1e-12)
    np.testing.assert_allclose(found.null_mean, np.mean([one.rho for one in moved], 0), atol=1e-12)


def test_spheres_of_different_sizes_keep_their_places():
    patterns, models, *_ = scene(4)
    rng = np.random.default_rng(1)
    neighbours = [rng.permutation(60)[: rng.integers(2, 40)] for _ in range(20)]
    found = searchlight.searchlight(patterns, models, neighbours, block=3).rho
    alone = [searchlight.searchlight(patterns, models, n[None]).rho[0] for n in neighbours]
    np.testing.assert_array_equal(found, alone)


@pytest.mark.parametrize("share", [0.02, 0.3, 1.0])
def test_a_few_ties_agree_with_scipy(share):
    patterns, models, neighbours, clip, _ = scene(11, voxels=140, size=100)
    some = np.random.default_rng(0).random(patterns.shape) < share
    patterns = np.where(some, np.round(patterns * 3), patterns)
    mask = rdm.pair_mask(clip, "all")
    found = searchlight.searchlight(patterns, models, neighbours, pairs=mask).rho
    np.testing.assert_allclose(found, by_scipy(patterns, models, neighbours, mask), atol=1e-8, rtol=0)


def test_many_volumes_are_counted_and_agree_with_scipy():
    rng = np.random.default_rng(12)
    patterns, models = rng.standard_normal((150, 40)), rng.random((2, 150, 150))
    models += models.transpose(0, 2, 1)
    neighbours, mask = np.stack([rng.permutation(40)[:n] for n in (12, 12)]), ~np.eye(150, dtype=bool)
    found = searchlight.searchlight(patterns, models, neighbours, pairs=mask).rho
    np.testing.assert_allclose(found, by_scipy(patterns, models, neighbours, mask), atol=1e-12, rtol=0)


def test_null_is_the_largest_rho_of_permuted_models():
    patterns, models, neighbours, clip, lag = scene(7)
    mask, permutations = rdm.pair_mask(clip, "between_clip"), rdm.clip_permutations(clip, lag, 5, 1)
    found = searchlight.searchlight(patterns, models, neighbours, pairs=mask, permutations=permutations)
    for p, permutation in enumerate(permutations):
        moved = models[:, permutation][:, :, permutation]
        expected = by_scipy(patterns, moved, neighbours, mask).max(1)
        np.testing.assert_allclose(found.null_max[p], expected, atol=1e-12)


def test_identity_permutation_reaches_the_observed_maximum_exactly():
    patterns, models, neighbours, *_ = scene(8, 2)
    found = searchlight.searchlight(patterns, models, neighbours, permutations=np.arange(18)[None])
    np.testing.assert_array_equal(found.null_max[0], found.rho.max(1))


def test_noise_gives_uniform_p():
    """Independent scenes of pure noise: the share of p <= .05 lies within its binomial bounds (99.9 %)."""
    trials, n = 240, 19
    p = np.empty(trials)
    for trial in range(trials):
        patterns, models, neighbours, clip, lag = scene(1000 + trial)
        options = {
            "pairs": rdm.pair_mask(clip, "between_clip"),
            "permutations": rdm.clip_permutations(clip, lag, n, trial),
        }
        found = searchlight.searchlight(patterns, models, neighbours[:1], **options, threads=1)
        p[trial] = (1 + (found.null_max[:, 0] >= found.rho.max()).sum()) / (1 + n)
    assert stats.binom.ppf(0.0005, trials, 0.05) <= (p <= 0.05).sum() <= stats.binom.ppf(0.9995, trials, 0.05)
    assert stats.kstest(p - np.random.default_rng(0).random(trials) / (1 + n), "uniform").pvalue > 1e-3


def test_a_sphere_that_carries_the_model_is_found():
    rng = np.random.default_rng(9)
    _, models, _, clip, _ = scene(9)
    features = rng.standard_normal((18, 40))
    models = np.concatenate([models, rdm.spearman_rdm(features)[None]])
    patterns = np.concatenate([features + 0.3 * rng.standard_normal((18, 40)), rng.standard_normal((18, 40))], 1)
    found = searchlight.searchlight(patterns, models, np.arange(80).reshape(2, 40)).rho
    assert found[0].argmax() == 2
    assert found[0, 2] > 0.8
    assert abs(found[1, 2]) < 0.4


@pytest.mark.parametrize(
    "spoil,message",
    [
        (lambda p, m, n: (np.where(np.arange(60) == 3, np.nan, p), m, n), "NaN"),
        (lambda p, m, n: (p, m[:, :5, :5], n), "wanted .model, 18, 18"),
        (lambda p, m, n: (p, m * 0, n), "constant"),
        (lambda p, m, n: (p * (np.arange(18) != 4)[:, None], m, n), "centre 0: a volume"),
        (lambda p, m, n: (p, m, n + 60), "neighbours name voxels"),
        (lambda p, m, n: (np.where(np.arange(60) == 3, 1.5, p), m, n), "voxel 3 has the same value"),
        (lambda p, m, n: (p, m, n[:, :1]), "fewer than two voxels"),
    ],
)
def test_bad_input_is_named(spoil, message):
    patterns, models, neighbours, *_ = scene()
    with pytest.raises(ValueError, match=message):
        searchlight.searchlight(*spoil(patterns, models, neighbours))


def test_one_clip_has_no_pairs_between_clips():
    patterns, models, neighbours, *_ = scene()
    with pytest.raises(ValueError, match="0 of 153 pairs .* two clips at least"):
        searchlight.searchlight(patterns, models, neighbours, pairs=rdm.pair_mask(np.zeros(18), "between_clip"))


@pytest.mark.parametrize("options", [{"distance": "mahalanobis"}, {"comparison": "rho-b"}, {"distance": "crossnobis"}])
def test_unknown_distances_and_comparisons_are_refused(options):
    with pytest.raises(ValueError, match="wanted"):
        searchlight.searchlight(*scene()[:3], **options)


def test_trials_must_hold_every_volume_and_permutations_whole_clips():
    patterns, models, neighbours, clip, lag = scene()
    trials = rdm.trials(clip, lag)
    with pytest.raises(ValueError, match="wanted every volume once"):
        searchlight.searchlight(patterns, models, neighbours, permutations=np.arange(18)[None], trials=trials[:5])
    with pytest.raises(ValueError, match="takes clips apart"):
        searchlight.searchlight(
            patterns, models, neighbours, permutations=np.roll(np.arange(18), 1)[None], trials=trials
        )


def test_permutations_must_keep_the_chosen_pairs():
    patterns, models, neighbours, clip, _ = scene()
    swapped = np.roll(np.arange(18), 1)[None]
    with pytest.raises(ValueError, match="permute whole clips"):
        searchlight.searchlight(
            patterns, models, neighbours, pairs=rdm.pair_mask(clip, "between_clip"), permutations=swapped
        )


def test_spheres_of_a_grid_go_straight_in():
    ijk = np.stack(np.meshgrid(*[np.arange(5)] * 3, indexing="ij"), -1).reshape(-1, 3)
    neighbours, _ = spheres.nearest(ijk * 3.0, 27)
    patterns = np.random.default_rng(0).standard_normal((18, 125)).astype(np.float32)
    assert searchlight.searchlight(patterns, scene()[1], neighbours, progress=True).rho.shape == (125, 2)
