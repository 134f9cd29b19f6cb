"""Errors of areas equal double loops, a bootstrap and simulated repetitions; tests hold their level."""

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from heschl.science import auc_tests
from heschl.science.tagging import auc_z, counts, roc_auc


def made(n: int = 80, n_tags: int = 3, levels: int = 1000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    present = rng.random((n, n_tags)) < 0.4
    present[:2], present[2:4] = True, False
    return present, np.round((rng.standard_normal((n, n_tags)) + present) * levels) / levels


def delong_by_hand(present: np.ndarray, scores: list[np.ndarray]) -> np.ndarray:
    """Covariance of areas of several scores (clip,), by the definition of DeLong et al. (1988)."""
    kernel = [[[(x > y) + 0.5 * (x == y) for y in s[~present]] for x in s[present]] for s in scores]
    rows = np.array([np.mean(k, 1) for k in kernel]), np.array([np.mean(k, 0) for k in kernel])
    return sum(np.atleast_2d(np.cov(v)) / v.shape[1] for v in rows)


def songs(n_songs: int, n_tags: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make clips of songs, four of each, alike in what they score."""
    song = np.repeat(np.arange(n_songs), 4)
    present = rng.random((n_songs, n_tags))[song] + 0.2 * rng.random((len(song), n_tags)) < 0.5
    score = rng.standard_normal((n_songs, n_tags))[song] + 0.4 * rng.standard_normal((len(song), n_tags)) + present
    return present, score, song


@given(n=st.integers(8, 40), levels=st.sampled_from([1, 3, 1000]), seed=st.integers(0, 999))
@settings(deadline=None)
def test_variance_and_covariance_equal_double_loops_with_ties(n, levels, seed) -> None:
    present, first = made(n, 2, levels, seed)
    second = first[::-1].copy() + 0.7 * first
    moved, other = auc_tests.influence(present, first), auc_tests.influence(present, second)
    for tag in range(2):
        wanted = delong_by_hand(present[:, tag], [first[:, tag], second[:, tag]])
        found = [[(a[:, tag] @ b[:, tag]) for b in (moved, other)] for a in (moved, other)]
        np.testing.assert_allclose(found, wanted, atol=1e-12)
        difference = auc_tests.compare(present, first, second)
        np.testing.assert_allclose(difference.error[tag] ** 2, np.array([1, -1]) @ wanted @ [1, -1], atol=1e-12)
    np.testing.assert_allclose(difference.estimate, roc_auc(present, first) - roc_auc(present, second))


def test_errors_of_grouped_clips_equal_obuchowskis_sums() -> None:
    rng = np.random.default_rng(1)
    present, score, song = songs(30, 1, rng)
    has, s = present[:, 0], score[:, 0]
    area, m, n = roc_auc(present, score)[0], has.sum(), (~has).sum()
    rightly = np.array([np.mean((x > s[~has]) + 0.5 * (x == s[~has])) for x in s])
    wrongly = np.array([np.mean((s[has] > y) + 0.5 * (s[has] == y)) for y in s])
    with_it = np.array([np.sum(rightly[(song == g) & has] - area) for g in np.unique(song)])
    without = np.array([np.sum(wrongly[(song == g) & ~has] - area) for g in np.unique(song)])
    i10, i01 = len(np.unique(song[has])), len(np.unique(song[~has]))
    wanted = i10 / (i10 - 1) * np.sum(with_it**2) / m**2 + i01 / (i01 - 1) * np.sum(without**2) / n**2
    wanted += 2 * 30 / 29 * np.sum(with_it * without) / (m * n)
    found = auc_tests.error(auc_tests.influence(present, score, song))[0] ** 2
    assert found == pytest.approx(wanted, rel=0.02)  # the cross term's own correction differs by 1 / songs
    alone = auc_tests.influence(present, score, np.arange(len(song)))
    np.testing.assert_array_equal(alone, auc_tests.influence(present, score))


@pytest.mark.parametrize("grouped", [False, True])
def test_errors_equal_a_bootstraps(grouped) -> None:
    rng = np.random.default_rng(2)
    present, score, song = songs(100, 2, rng)
    group = song if grouped else np.arange(len(song))
    rows = [np.flatnonzero(group == g) for g in np.unique(group)]
    areas = []
    for _ in range(1500):
        drawn = np.concatenate([rows[i] for i in rng.integers(0, len(rows), len(rows))])
        areas.append(roc_auc(present[drawn], score[drawn]))
    areas = np.array(areas)
    found = auc_tests.error(auc_tests.influence(present, score, group))
    np.testing.assert_allclose(found, areas.std(0, ddof=1), rtol=0.09)
    assert auc_tests.macro(present, score, group)[1] == pytest.approx(areas.mean(1).std(ddof=1), rel=0.09)
    kinds = auc_tests.compare_kinds(present, score, np.array([True, False]), group)
    assert kinds.error == pytest.approx((areas[:, 0] - areas[:, 1]).std(ddof=1), rel=0.09)


def test_intervals_hold_the_area_19_times_in_20_only_if_songs_are_known() -> None:
    rng, hit = np.random.default_rng(3), {True: 0, False: 0}
    truth = np.mean([roc_auc(*songs(4000, 1, rng)[:2])[0] for _ in range(6)])
    for _ in range(400):
        present, score, song = songs(60, 1, rng)
        for known in hit:
            error = auc_tests.error(auc_tests.influence(present, score, song if known else None))
            low, high = auc_tests.interval(roc_auc(present, score), error)
            hit[known] += int(low[0] < truth < high[0])
    assert 0.91 < hit[True] / 400 < 0.98 and hit[False] / 400 < 0.85


def test_noise_is_told_from_chance_as_often_as_it_should() -> None:
    rng = np.random.default_rng(4)
    present, first, second = (rng.random((200, 1500)) for _ in range(3))
    present = present < 0.3
    for test in (auc_tests.against_chance(present, first), auc_tests.compare(present, first, second)):
        assert 0.03 < np.mean(test.p_two_sided < 0.05) < 0.07
        assert 0.03 < np.mean(test.p_above < 0.05) < 0.07


def test_z_is_near_hanley_and_mcneils_for_small_effects() -> None:
    rng = np.random.default_rng(5)
    present = rng.random((3000, 4)) < 0.4
    score = rng.standard_normal(present.shape) + 0.1 * present
    found = auc_tests.against_chance(present, score)
    np.testing.assert_allclose(found.z, auc_z(roc_auc(present, score), *counts(present)), rtol=0.03)
    np.testing.assert_allclose(found.p_above, stats.norm.sf(found.z))


def test_a_tag_without_an_error_is_left_out_of_means() -> None:
    present, score = made(40, 4)
    present[:, 1] = False
    present[:, 2] = np.arange(40) == 7  # one clip tells no spread
    moved = auc_tests.influence(present, score)
    assert np.isnan(moved[:, [1, 2]]).any(0).all() and np.isfinite(moved[:, [0, 3]]).all()
    mean, error = auc_tests.macro(present, score)
    assert mean == pytest.approx(roc_auc(present, score)[[0, 3]].mean()) and error > 0
    assert np.isnan(auc_tests.against_chance(present, score).z[[1, 2]]).all()
    test = auc_tests.compare_macro(present, score, -score)
    assert test.estimate == pytest.approx(2 * mean - 1) and test.p_two_sided < 1e-3
    assert np.isnan(auc_tests.macro(present[:, 1:2], score[:, 1:2])).all()
    with pytest.raises(ValueError, match="1 tags of the kind and 0 others"):
        auc_tests.compare_kinds(present[:, :2], score[:, :2], np.array([True, False]))
    with pytest.raises(ValueError, match=r"wanted \(clip, tag\) twice"):
        auc_tests.influence(present, score[:, 0])


def test_kinds_of_tags_that_differ_are_told_apart() -> None:
    rng = np.random.default_rng(6)
    present = rng.random((600, 6)) < 0.4
    names = ["rock", "no vocals", "piano", "none", "no voice", "harp"]
    kind = ~auc_tests.negative(names)
    assert kind.tolist() == [True, False, True, True, False, True]
    score = rng.standard_normal(present.shape) + present * np.where(kind, 1.5, 0.3)
    found = auc_tests.compare_kinds(present, score, kind)
    area = roc_auc(present, score)
    assert found.estimate == pytest.approx(area[kind].mean() - area[~kind].mean()) and found.p_above < 1e-6
    assert auc_tests.compare_kinds(present, score, ~kind).z == pytest.approx(-found.z)


def test_categories_are_compared_by_welchs_t() -> None:
    rng = np.random.default_rng(7)
    category = np.array(["mood"] * 8 + ["genre"] * 15 + ["instrument"] * 20 + ["lonely"])
    area = rng.random(44) * np.where(category == "mood", 0.3, 1)
    area[3] = np.nan
    names, found = auc_tests.category_t(area, category)
    assert names.tolist() == ["genre", "instrument", "lonely", "mood"]
    x, y = area[(category == "mood") & np.isfinite(area)], area[(category != "mood")]
    spread = x.var(ddof=1) / len(x), y.var(ddof=1) / len(y)
    t = (x.mean() - y.mean()) / np.sqrt(sum(spread))
    df = sum(spread) ** 2 / (spread[0] ** 2 / (len(x) - 1) + spread[1] ** 2 / (len(y) - 1))
    np.testing.assert_allclose([found.estimate[3], found.t[3], found.df[3]], [x.mean() - y.mean(), t, df])
    assert found.p[3] == pytest.approx(2 * stats.t.sf(abs(t), df)) and np.isnan(found.t[2])


def test_areas_go_with_frequency_as_a_regression_says() -> None:
    rng = np.random.default_rng(8)
    value = rng.random(50)
    area = 0.3 * value + rng.random(50)
    area[4] = np.nan
    found = auc_tests.correlation_t(area, value)
    known = np.isfinite(area)
    line = sm.OLS(area[known], sm.add_constant(value[known])).fit()
    np.testing.assert_allclose([found.t, found.df, found.p], [line.tvalues[1], line.df_resid, line.pvalues[1]])
    with pytest.raises(ValueError, match="wanted three that differ"):
        auc_tests.correlation_t(area, np.ones(50))
