"""Scores of a tagger against scikit-learn, scipy and a bootstrap over songs; noise scores chance."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import average_precision_score, roc_auc_score

from heschl.science import auc_tests, tag_scores

TAGS = ["guitar", "piano", "no vocals", "no voice", "slow", "fast"]
CATEGORY = np.array(["instrument", "instrument", "voice", "voice", "character", "character"])
FREQUENCY = np.array([80, 20, 40, 5, 60, 11])


def scene(n_songs: int = 60, per_song: int = 3, signal: float = 1.5, seed: int = 0):
    """Clips of a song share their tags and most of their scores."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(n_songs), per_song)
    present = (rng.random((n_songs, 6)) < 0.4)[group]
    noise = rng.standard_normal((n_songs, 6))[group] + 0.5 * rng.standard_normal((len(group), 6))
    return present, present * signal + noise, present * signal / 2 + noise[:, ::-1], group


def scored(present, network, baseline, group) -> tag_scores.Scores:
    return tag_scores.score(present, network, baseline, group, tags=TAGS, category=CATEGORY, frequency=FREQUENCY)


def test_areas_are_those_of_scikit_learn() -> None:
    present, network, baseline, group = scene()
    found = scored(present, network, baseline, group)
    for i in range(6):
        assert found.tag["roc_auc"][i] == pytest.approx(roc_auc_score(present[:, i], network[:, i]))
        assert found.tag["baseline_auc"][i] == pytest.approx(roc_auc_score(present[:, i], baseline[:, i]))
        assert found.tag["pr_auc"][i] == pytest.approx(average_precision_score(present[:, i], network[:, i]))
    together = found.macro
    assert together["macro_roc_auc"] == pytest.approx(found.tag["roc_auc"].mean())
    assert together["difference"] == pytest.approx(together["macro_roc_auc"] - together["baseline_macro_roc_auc"])
    assert together["macro_roc_auc_low"] < together["macro_roc_auc"] < together["macro_roc_auc_high"]
    assert together["difference_low"] > 0 and together["difference_p"] < 1e-4
    assert together["chance_z"] > 5 and together["chance_p"] < 1e-6


def test_intervals_are_as_wide_as_a_bootstrap_over_songs_makes_them() -> None:
    present, network, baseline, group = scene(n_songs=100)
    found, rng = scored(present, network, baseline, group).macro, np.random.default_rng(1)
    means = []
    for _ in range(400):
        rows = (rng.integers(0, 100, 100)[:, None] * 3 + np.arange(3)).ravel()
        both = [roc_auc_score(present[rows], s[rows], average="macro") for s in (network, baseline)]
        means.append([both[0], both[0] - both[1]])
    spread = np.std(means, axis=0)
    width = [found[f"{n}_high"] - found[f"{n}_low"] for n in ("macro_roc_auc", "difference")]
    np.testing.assert_allclose(np.array(width) / (2 * 1.96), spread, rtol=0.15)


def test_the_published_tests_are_those_of_scipy() -> None:
    present, network, baseline, group = scene()
    found = scored(present, network, baseline, group)
    area = found.tag["roc_auc"]
    r = stats.pearsonr(area, np.log(FREQUENCY))
    assert found.macro["frequency_r"] == pytest.approx(r.statistic)
    assert found.macro["frequency_p"] == pytest.approx(r.pvalue)
    assert found.category["category"].tolist() == ["character", "instrument", "voice"]
    wanted = stats.ttest_ind(area[4:], area[:4], equal_var=False)
    assert found.category["category_t"][0] == pytest.approx(wanted.statistic)
    assert found.category["category_p"][0] == pytest.approx(wanted.pvalue)
    assert found.macro["negative_difference"] == pytest.approx(area[2:4].mean() - area[[0, 1, 4, 5]].mean())
    z = auc_tests.against_chance(present, network, group)
    np.testing.assert_array_equal(found.tag["chance_tag_z"], z.z)


def test_noise_scores_chance_whatever_its_errors_say() -> None:
    """Over 200 studies of noise the tests reject at their level, within what 200 coins allow."""
    rejected = {"chance_p": 0, "difference_p": 0, "negative_p": 0}
    for seed in range(200):
        found = scored(*scene(n_songs=50, signal=0.0, seed=seed)).macro
        for name in rejected:
            rejected[name] += found[name] < 0.05
    assert all(n <= stats.binom.ppf(0.999, 200, 0.05) for n in rejected.values()), rejected


def test_a_tag_of_one_song_has_an_area_and_no_error() -> None:
    present, network, baseline, group = scene()
    present[:, 0] = group == 4
    found = scored(present, network, baseline, group)
    assert np.isfinite(found.tag["roc_auc"][0]) and np.isnan(found.tag["error"][0])
    assert np.isnan(found.tag["roc_auc_low"][0]) and np.isfinite(found.macro["difference"])


def test_what_cannot_be_tested_is_nan() -> None:
    present, network, baseline, group = scene(n_songs=4)
    present[:] = False
    present[0] = True
    found = scored(present, network, baseline, group)
    assert np.isfinite(found.macro["macro_roc_auc"]) and np.isfinite(found.tag["roc_auc"]).all()
    names = ("difference", "difference_p", "chance_z", "chance_p", "negative_z", "negative_p", "macro_roc_auc_low")
    assert all(np.isnan(found.macro[name]) for name in names)
    few = tag_scores.score(
        *(x[:, :2] for x in (present, network, baseline)),
        group,
        tags=TAGS[:2],
        category=CATEGORY[:2],
        frequency=FREQUENCY[:2],
    )
    assert np.isnan(few.macro["frequency_t"]) and np.isnan(few.category["category_t"]).all()
