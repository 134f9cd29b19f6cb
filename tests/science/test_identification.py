"""Identification against brute force, known values and chance."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from heschl.science import identification as ident
from heschl.science.decoded import id_acc_windows, similarity


def scene(seed: int, n: int = 8, ties: bool = True) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 4, (n, n)).astype(float) if ties else rng.standard_normal((n, n))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 9999), st.booleans())
def test_id_acc_agrees_with_brute_force(seed, ties):
    c, truth = scene(seed, ties=ties), np.random.default_rng(seed).permutation(8)
    expected = [np.mean([(c[i, t] > c[i, j]) + 0.5 * (c[i, t] == c[i, j]) for j in range(8) if j != t])
                for i, t in enumerate(truth)]  # fmt: skip
    np.testing.assert_allclose(ident.id_acc(c, truth), expected)
    np.testing.assert_allclose(ident.id_acc_matrix(c)[np.arange(8), truth], expected)
    lenient = [(c[i, t] >= c[i]).sum() / 7 for i, t in enumerate(truth)]
    np.testing.assert_allclose(ident.id_acc(c, truth, as_published=True), lenient)
    np.testing.assert_allclose(ident.id_acc_matrix(c, as_published=True)[np.arange(8), truth], lenient)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999))
def test_chance_to_win_agrees_with_all_orders_of_ties_and_all_sets(seed):
    """Rank by many random orders of ties and draws of distractors; n_way(2) is id_acc."""
    rng, c, truth = np.random.default_rng(seed), scene(seed), np.arange(8)
    np.testing.assert_allclose(ident.n_way(c, truth, 2), ident.id_acc(c, truth))
    assert np.isnan(ident.n_way(c, truth, 9)).all()
    noisy = c[None] + rng.random((4000, 8, 8)) * 0.5  # breaks ties at random
    own = noisy[:, truth, truth][..., None]
    rank = (noisy > own).sum(2) + 1
    np.testing.assert_allclose(ident.top_k(c, truth, 3), (rank <= 3).mean(0), atol=0.05)
    np.testing.assert_allclose(ident.reciprocal_rank(c, truth), (1 / rank).mean(0), atol=0.05)
    wins = stats.hypergeom.pmf(3, 7, 8 - rank, 3).mean(0)  # all of three distractors from those below
    np.testing.assert_allclose(ident.n_way(c, truth, 4), wins, atol=0.05)
    genre = np.arange(8) % 3
    best = np.where(genre[:, None] == genre, noisy, -1).max(2)[..., None]
    np.testing.assert_allclose(ident.top_k_genre(c, genre, genre, 2), ((noisy > best).sum(2) < 2).mean(0), atol=0.05)


def test_one_who_says_the_same_of_all_scores_chance_exactly():
    genre, truth = np.repeat(np.arange(10), 6), np.arange(60)
    tied = ident.correlate(np.full((60, 5), 0.1), np.random.default_rng(0).standard_normal((60, 5)))
    assert (ident.id_acc(tied, truth) == 0.5).all()
    np.testing.assert_allclose(ident.n_way(tied, truth, 10), 1 / 10)
    np.testing.assert_allclose(ident.top_k(tied, truth, 3), 3 / 60)
    np.testing.assert_allclose(ident.confusion(tied, genre, genre, list(range(10))), 0.6)
    same = np.tile(np.random.default_rng(1).standard_normal(60), (60, 1))  # a preference, but the same for all
    np.testing.assert_allclose(ident.id_acc(same, truth).mean(), 0.5)


def test_known_values():
    genre, truth = np.repeat(np.arange(10), 6), np.arange(60)
    oracle = ident.genre_oracle(genre, genre, np.ones((60, 60), bool), truth)
    np.testing.assert_allclose(oracle, (54 + 2.5) / 59)
    assert round(float(oracle.mean()), 3) == 0.958
    c = scene(0, 60, ties=False)
    difference = ident.id_acc(c, truth, as_published=True) - ident.id_acc(c, truth)
    np.testing.assert_allclose(difference, 1 / 59)
    assert round(0.9281 - 1 / 59, 3) == 0.911
    within = ident.id_acc(ident.same_genre_only(c, genre, genre), truth)
    expected = [np.mean([c[i, i] > c[i, j] for j in range(60) if genre[j] == genre[i] and j != i]) for i in range(60)]
    np.testing.assert_allclose(within, expected)
    assert np.isnan(ident.id_acc(ident.same_genre_only(c, truth, truth), truth)).all()  # alone in its genre


def test_null_of_sixty_independent_rows():
    """science.md F: .50 +/- .038, 95th percentile .564."""
    rng, truth = np.random.default_rng(0), np.arange(60)
    free = np.array([ident.id_acc(rng.standard_normal((60, 60)), truth).mean() for _ in range(1500)])
    permuted = ident.permute_truth(truth, np.zeros(60), 1500, 0)
    traded = ident.null(ident.id_acc_matrix(rng.standard_normal((60, 60))), permuted)
    for null in (free, traded):
        assert abs(null.mean() - 0.5) < 0.004 and abs(null.std() - 0.038) < 0.004
    assert abs(np.quantile(free, 0.95) - 0.564) < 0.008


def test_permutations_stay_in_their_block():
    block = np.repeat([0, 1, 2], 5)
    permuted = ident.permute_truth(np.arange(15), block, 20, 0)
    assert (block[permuted] == block).all() and len({tuple(row) for row in permuted}) == 20
    np.testing.assert_array_equal(permuted[:5], ident.permute_truth(np.arange(15), block, 5, 0))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999))
def test_correlation_agrees_with_numpy(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.standard_normal((4, 9)), rng.standard_normal((5, 9))
    np.testing.assert_allclose(ident.correlate(a, b), np.corrcoef(a, b)[:4, 4:])


def test_bad_arrays_are_refused():
    with pytest.raises(ValueError, match="NaN"):
        ident.correlate(np.full((2, 3), np.nan), np.ones((2, 3)))
    with pytest.raises(ValueError, match="3 and 4 features"):
        ident.correlate(np.ones((2, 3)), np.ones((2, 4)))
    with pytest.raises(ValueError, match="doesn't stand"):
        ident.id_acc(np.full((2, 2), np.nan), np.arange(2))
    with pytest.raises(ValueError, match="no candidate"):
        ident.id_acc(np.ones((2, 2)), np.array([0, 2]))


def test_previous_clip_is_chance_for_a_good_decoder_and_found_when_it_carries_over():
    rng = np.random.default_rng(0)
    genre = np.tile(np.arange(10), 6)
    target = rng.standard_normal((10, 30))[genre] + rng.standard_normal((60, 30))
    previous, truth = np.roll(np.arange(60), 1), np.arange(60)
    clean, carried = target, target + 0.7 * target[previous]
    scores = [np.nanmean(ident.previous_clip(ident.correlate(p, target), truth, previous, genre, genre))
              for p in (clean, carried)]  # fmt: skip
    assert abs(scores[0] - 0.5) < 0.1 and scores[1] > 0.8
    assert np.isnan(ident.previous_clip(ident.correlate(clean, target), truth, np.full(60, -1), genre, genre)).all()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999))
def test_previous_clip_agrees_with_brute_force(seed):
    """The own clip never stands; its genre doesn't either, unless the clip before shares it."""
    rng, c, truth = np.random.default_rng(seed), scene(seed), np.random.default_rng(seed + 1).permutation(8)
    genre, previous = rng.integers(0, 3, 8), rng.integers(-1, 8, 8)
    c[rng.random((8, 8)) < 0.1] = np.nan
    found = ident.previous_clip(c, truth, previous, genre[truth], genre)
    for i, (own, before) in enumerate(zip(truth, previous, strict=True)):
        mates = genre[before] == genre[own]
        rest = [
            j for j in range(8) if j not in (own, before) and np.isfinite(c[i, j]) and (mates or genre[j] != genre[own])
        ]
        if before < 0 or before == own or np.isnan(c[i, before]) or not rest:
            assert np.isnan(found[i])
        else:
            wins = [(c[i, before] > c[i, j]) + 0.5 * (c[i, before] == c[i, j]) for j in rest]
            np.testing.assert_allclose(found[i], np.mean(wins))


def test_run_means_are_removed():
    rng, run = np.random.default_rng(0), np.array(["a", "a", "b", "b", "b", "c"])
    left = ident.without_run_mean(rng.standard_normal((6, 3)), run)
    np.testing.assert_allclose(left[:2].sum(0), 0, atol=1e-12)
    assert np.isnan(left[5]).all() and np.isfinite(left[:5]).all()
    np.testing.assert_allclose(left[0], -left[1])  # two of a run: opposites, as documented


def test_windows_of_one_clip_are_no_distractors():
    """Against brute force, in two folds with their own units."""
    rng, fold = np.random.default_rng(0), np.array([0, 0, 0, 1, 1, 1])
    predicted, target = rng.standard_normal((6, 2, 7)), rng.standard_normal((6, 2, 7))
    mean, scale = rng.standard_normal((2, 7)), rng.random((2, 7)) + 0.5
    stands, scores = fold[:, None] == fold, []
    for i in range(6):
        unit = (target - mean[fold[i]]) / scale[fold[i]]
        for w in range(2):
            own = np.corrcoef(predicted[i, w], unit[i, w])[0, 1]
            others = [np.corrcoef(predicted[i, w], unit[j, v])[0, 1]
                      for j in range(6) for v in range(2) if j != i and fold[j] == fold[i]]  # fmt: skip
            scores.append(np.mean(own > np.array(others)))
    found = id_acc_windows(predicted, target, fold, mean, scale, stands, np.arange(6))
    np.testing.assert_allclose(found, np.mean(scores))
    clip = similarity(predicted[:, 0], target[:, 0], fold, mean, scale, stands)
    np.testing.assert_array_equal(np.isfinite(clip), stands)
