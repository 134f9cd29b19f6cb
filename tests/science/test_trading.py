"""Clips that trade places: nulls against every permutation there is, and p-values against their promise."""

from itertools import permutations, product

import numpy as np
import pytest
from scipy import stats

from heschl.science import identification as ident
from heschl.science import trading
from heschl.science.bootstrap import permutation_p


def frequencies(values) -> dict[float, float]:
    found, count = np.unique(np.round(values, 9), return_counts=True)
    return dict(zip(found.tolist(), (count / len(values)).tolist(), strict=True))


def same_distribution(null: np.ndarray, every: list[float]) -> None:
    """Draws hold the values of an enumeration and no others, as often."""
    drawn, wanted = frequencies(null), frequencies(every)
    assert set(drawn) == set(wanted)
    assert all(abs(drawn[v] - wanted[v]) < 5 * np.sqrt(wanted[v] / len(null)) + 1e-3 for v in wanted)


def standing(seed: int, block: np.ndarray) -> np.ndarray:
    """Similarities with ties, among the clips of a block alone."""
    n = len(block)
    values = np.random.default_rng(seed).integers(0, 6, (n, n)).astype(float)
    return np.where(block[:, None] == block, values, np.nan)


def within(similarity: np.ndarray, truth: np.ndarray, genre: np.ndarray) -> np.ndarray:
    return ident.id_acc(ident.same_genre_only(similarity, genre, genre), truth)


@pytest.mark.parametrize("seed", range(4))
def test_within_genre_null_agrees_with_every_permutation(seed):
    """Two blocks; clips 6 and 8 are alone in their genre in their block and are left out."""
    block = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1])
    genre = np.array(["a", "b", "a", "b", "a", "a", "b", "a", "c"])
    similarity, truth = standing(seed, block), np.arange(9)
    sets = [np.flatnonzero((genre == g) & (block == b)) for g, b in (("a", 0), ("b", 0), ("a", 1))]
    kept, every = np.flatnonzero(np.isfinite(within(similarity, truth, genre))), []
    assert kept.tolist() == [0, 1, 2, 3, 4, 5, 7]
    for orders in product(*(permutations(s.tolist()) for s in sets)):
        traded = truth.copy()
        for place, order in zip(sets, orders, strict=True):
            traded[place] = order
        every.append(np.mean([_one(similarity, genre, i, traded[i]) for i in kept]))
    null = trading.within_genre_null(similarity, truth, genre, genre, block, 4000, seed)
    same_distribution(null, every)


def _one(similarity: np.ndarray, genre: np.ndarray, i: int, own: int) -> float:
    """Within-genre id-acc of an item whose truth is `own`, by counting."""
    others = [j for j in range(len(genre)) if genre[j] == genre[i] and j != own and np.isfinite(similarity[i, j])]
    a = similarity[i, own]
    return float(np.mean([(a > similarity[i, j]) + 0.5 * (a == similarity[i, j]) for j in others]))


@pytest.mark.parametrize("seed", range(4))
def test_previous_null_agrees_with_every_allowed_order(seed):
    """Block 0 trades four previous clips; block 1 two, of which only the order heard is allowed; one clip is first."""
    block, genre = np.array([0, 0, 0, 0, 0, 1, 1]), np.array(["a", "b", "a", "b", "c", "a", "b"])
    previous, truth = np.array([-1, 0, 1, 2, 3, 6, 5]), np.arange(7)
    similarity = standing(seed, block)
    similarity[5:, 5:] = [[0, 1], [1, 0]]
    matrix = ident.previous_matrix(similarity, truth, genre, genre)
    rows, every = [r for r in range(1, 7) if np.isfinite(matrix[r, previous[r]])], []
    one = [r for r in rows if block[r] == 0]
    for order in permutations(previous[one].tolist()):
        traded = previous.copy()
        traded[one] = order
        if (traded[one] != truth[one]).all():
            every.append(np.mean(ident.previous_clip(similarity, truth, traded, genre, genre)[rows]))
    assert 1 < len(every) < 24
    same_distribution(trading.previous_null(matrix, previous, block, 4000, seed), every)


def test_nothing_to_trade_is_nan():
    truth, alone, zero = np.arange(4), np.array(list("abcd")), np.zeros(4, int)
    similarity = standing(0, zero)
    assert np.isnan(trading.within_genre_null(similarity, truth, alone, alone, zero, 5, 0)).all()
    pairs = np.array(list("aabb"))  # of two candidates one alone has a prediction: nobody to trade with
    some = [0, 2]
    found = trading.within_genre_null(similarity[some], truth[some], pairs[some], pairs, zero[some], 5, 0)
    assert np.isnan(found).all()
    matrix = ident.previous_matrix(similarity, truth, alone, alone)
    assert np.isnan(trading.previous_null(matrix, np.full(4, -1), zero, 5, 0)).all()
    assert np.isnan(trading.previous_null(matrix, np.array([1, -1, -1, -1]), zero, 5, 0)).all()
    assert trading.previous_null(matrix, np.array([1, 2, 3, 0]), zero, 0, 0).shape == (0,)
    assert np.isnan(trading.within_genre_null(similarity[:0], truth[:0], pairs[:0], pairs, zero[:0], 3, 0)).all()


def test_an_order_without_another_keeps_what_was_heard():
    """Each clip was heard before the other: no other order is allowed, so p is 1."""
    matrix = np.array([[np.nan, 0.9, 0.1], [0.8, np.nan, 0.2]])
    null = trading.previous_null(matrix, np.array([1, 0]), np.zeros(2, int), 20, 0)
    np.testing.assert_allclose(null, 0.85)
    assert permutation_p(0.85, null) == 1


def test_shuffled_stays_in_its_group_and_is_fair():
    group = trading.groups(np.array(list("aabba")), np.array([1, 1, 0, 0, 2]))
    assert group.tolist() == [0, 0, 2, 2, 1]
    order = trading.shuffled(group, 2000, np.random.default_rng(0))
    assert (group[order] == group).all() and (np.sort(order, 1) == np.arange(5)).all()
    assert abs((order[:, 0] == 0).mean() - 0.5) < 0.05 and (order[:, 4] == 4).all()


def decoders(kind: str, rng: np.random.Generator, n: int = 24) -> tuple[np.ndarray, ...]:
    """Similarities of a decoder, the genres (three clips each), and which clip came before."""
    genre, order = np.arange(n) // 3, rng.permutation(n)
    previous = np.full(n, -1)
    previous[order[1:]] = order[:-1]
    mean = rng.standard_normal((n, 30))[genre]
    target, noise = mean + rng.standard_normal((n, 30)), rng.standard_normal((n, 30))
    predicted = {"noise": noise, "genre": mean, "genre and noise": mean + noise, "clip": target + noise,
                 "before": noise + target + 0.7 * np.where(previous[:, None] >= 0, target[previous], 0)}  # fmt: skip
    bias = rng.standard_normal(30)  # of the decoder: some clips are like all its predictions
    return ident.correlate(predicted[kind] + bias, target), genre, previous


def p_values(kind: str, n: int) -> np.ndarray:
    """p of the score within the genre and of the previous clip, (decoder, 2)."""
    found = []
    for k in range(n):
        similarity, genre, previous = decoders(kind, np.random.default_rng(k))
        truth, block = np.arange(len(genre)), np.zeros(len(genre), int)
        null = trading.within_genre_null(similarity, truth, genre, genre, block, 199, k)
        matrix = ident.previous_matrix(similarity, truth, genre, genre)
        before = np.nanmean(ident.previous_clip(similarity, truth, previous, genre, genre))
        carried = trading.previous_null(matrix, previous, block, 199, k)
        found.append([permutation_p(within(similarity, truth, genre).mean(), null), permutation_p(before, carried)])
    return np.array(found)


@pytest.mark.parametrize("kind", ["noise", "genre and noise", "clip"])
def test_p_keeps_its_promise(kind):
    """False positives at most as promised (ties make few clips a genre conservative), and not far below."""
    n = 200
    p = p_values(kind, n)
    for level in (0.05, 0.2, 0.5):
        reached = (p <= level).sum(0)
        assert (reached[[1] if kind == "clip" else [0, 1]] <= stats.binom.ppf(0.9995, n, level)).all()
        assert reached[1] >= stats.binom.ppf(0.0005, n, level)
    if kind == "clip":
        assert (p[:, 0] <= 0.01).mean() > 0.95
    else:
        assert 0.35 < np.median(p[:, 0]) < 0.75


def test_planted_carry_over_is_found_and_genre_alone_is_not_within_genre():
    assert (p_values("before", 20)[:, 1] <= 0.01).all()
    similarity, genre, _ = decoders("genre", np.random.default_rng(0))
    truth, block = np.arange(24), np.zeros(24, int)
    score = within(similarity, truth, genre).mean()
    null = trading.within_genre_null(similarity, truth, genre, genre, block, 99, 0)
    np.testing.assert_allclose([score, *null], 0.5)
    assert permutation_p(score, null) == 1


def test_the_reference_follows_clips_that_all_predictions_resemble():
    """Previous clips that are liked by all predictions score above .5 without any carry-over; so does the null."""
    rng, n = np.random.default_rng(0), 20
    liked = np.where(np.arange(n) < 10, 2.0, 0.0)
    similarity, genre, truth = rng.standard_normal((n, n)) + liked, np.arange(n), np.arange(n)
    previous = (np.arange(n) + 1) % 10  # all that were heard before are liked
    previous = np.where(previous == truth, (previous + 1) % 10, previous)
    matrix = ident.previous_matrix(similarity, truth, genre, genre)
    score = np.nanmean(ident.previous_clip(similarity, truth, previous, genre, genre))
    null = trading.previous_null(matrix, previous, np.zeros(n, int), 999, 0)
    assert score > 0.65 and abs(null.mean() - score) < 0.1 and permutation_p(score, null) > 0.01
