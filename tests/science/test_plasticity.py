"""The verdict on made-up clusters: drift is drift, local change is plasticity, and noise is neither."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score

from heschl.science import plasticity

N = (30, 7)


def lost(seed: int, drift: float = 0.0, training: float = 0.0, left: float = 0.0, some: float = 0.0
         ) -> plasticity.Lost:  # fmt: skip
    """Lose probability in 30 clusters; `left`: drift that the model missed; `some`: drift of 2 subjects only."""
    rng = np.random.default_rng(seed)
    changed = training * (np.arange(30) < 4)[:, None] * rng.uniform(0.7, 1, N)
    missed = left * np.linspace(0, 1, 30)[:, None] * rng.standard_normal(7)
    rest = changed + missed + 0.03 * rng.standard_normal(N)
    moved = drift * rng.uniform(0.7, 1, 7) + some * (np.arange(7) < 2)
    known = some * (np.arange(7) < 2) + 0.01 * rng.standard_normal(N)
    pattern = training * (np.arange(30) < 4)[:, None] + 0.03 * rng.standard_normal(N)
    return plasticity.Lost(np.full(N, 0.9), rest + moved, known, rest, np.full(N, 0.7), pattern)


@pytest.mark.parametrize(
    ("effects", "name"),
    [
        ({}, "neither"),
        ({"drift": 0.5}, "drift"),
        ({"training": 0.5}, "plasticity"),
        ({"drift": 0.4, "training": 0.5}, "drift and plasticity"),
        ({"drift": 0.4, "left": 0.2}, "drift"),
        ({"some": 0.5}, "drift"),
    ],
)
@pytest.mark.parametrize("control", [False, True])
def test_effects_have_their_names(effects, name, control):
    for seed in range(10):
        said = plasticity.verdict(lost(seed, **effects), lost(100 + seed, drift=0.5) if control else None)
        assert said.name == name
        np.testing.assert_array_equal(np.flatnonzero(said.found), range(4) if "training" in effects else [])
        assert np.isnan(said.rest.control_p_fwer).all() == (not control)


def test_what_hits_one_place_in_everybody_needs_a_control():
    """A broken sensor: without a control it is plasticity, with a control that has it as well it is not."""
    broken = lost(0, training=0.5)
    assert plasticity.verdict(broken).name == "plasticity"
    assert plasticity.verdict(broken, lost(1, training=0.5)).name == "neither"


def test_a_change_of_the_whole_head_needs_a_control():
    even = lost(0, drift=0.5)
    assert plasticity.verdict(even).name == "drift"
    said = plasticity.verdict(even, lost(1, drift=0.1))
    assert said.name == "drift and plasticity" and said.beyond > 0.2 and said.beyond_p == 1 / 128
    assert plasticity.verdict(lost(0, drift=0.1), even).beyond_p > 0.9


def test_few_or_missing_subjects():
    some = lost(0, drift=0.5, training=0.5)
    few = plasticity.Lost(*(values[:, :4] for values in some))
    assert plasticity.verdict(few).name == plasticity.UNDECIDED
    assert plasticity.verdict(some._replace(before=np.full(N, 0.2))).name == plasticity.UNDECIDED
    some.rest[:, 2] = np.nan  # one subject lacks a run
    assert plasticity.verdict(some, lost(1)).name == "drift and plasticity"
    assert plasticity.verdict(plasticity.Lost(*np.full((6, *N), np.nan))).name == plasticity.UNDECIDED


def test_plasticity_is_said_of_drift_as_rarely_as_promised():
    """Rests large enough to count, with nothing planted: only the test stands in the way."""
    rng, n = np.random.default_rng(0), 600
    said = []
    for _ in range(n):
        rest, pattern = (rng.standard_normal(N) + 3 * rng.standard_normal(7) for _ in range(2))
        some = plasticity.Lost(np.full(N, 0.9), rest + 1, rest, rest, np.full(N, 0.7), pattern)
        said.append("plasticity" in plasticity.verdict(some).name)
    assert np.sum(said) <= stats.binom.ppf(0.9995, n, 0.05)


def test_pattern_change_agrees_with_numpy_and_ignores_gain():
    rng = np.random.default_rng(0)
    first, second, other = rng.standard_normal((3, 2, 6, 50)) + np.sin(np.arange(50))
    member = np.array([[0, 1], [3, 5]])

    def r(a, b, s, m):
        return np.corrcoef(a[s, m].mean(0), b[s, m].mean(0))[0, 1]

    alike = np.array([[r(first, second, s, m) for s in range(2)] for m in member])
    expected = alike - [[r(second, other, s, m) for s in range(2)] for m in member]
    found = plasticity.pattern_change((first, second), other, member)
    np.testing.assert_allclose(found, [alike, expected])
    np.testing.assert_allclose(plasticity.pattern_change((first, second), 3 * other + 2, member), found)
    assert np.isnan(plasticity.pattern_change((first, np.full_like(second, np.nan)), other, member)).all()


def test_either_measure_is_enough_and_one_may_be_missing():
    both = lost(3, training=0.5)
    nothing = lost(4)
    for some in (both._replace(pattern=nothing.pattern), both._replace(rest=nothing.rest)):
        said = plasticity.verdict(some)
        assert said.name == "plasticity" and said.rest.found.any() != said.pattern.found.any()
    one_run = both._replace(pattern=np.full(N, np.nan), alike=np.full(N, np.nan))
    assert plasticity.verdict(one_run).name == "plasticity"


def test_drift_of_the_full_head_counts():
    assert plasticity.verdict(lost(0), head_drift=0.3).name == "drift"
    assert plasticity.verdict(lost(0), head_drift=0.05).name == "neither"


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9999))
def test_area_agrees_with_scikit_learn(seed):
    rng = np.random.default_rng(seed)
    planted, score = rng.choice([0, 0.05, 0.3, 0.5, 1], 40), rng.standard_normal(40)
    use = (planted < 0.1) | (planted >= 0.5)
    np.testing.assert_allclose(
        plasticity.area(planted, score, 0.5, 0.1), roc_auc_score(planted[use] >= 0.5, score[use])
    )
    assert np.isnan(plasticity.area(np.full(40, np.nan), score, 0.5, 0.1))
    assert np.isnan(plasticity.area(np.zeros(40), score, 0.5, 0.1))


def test_intervals_agree_with_scipy_for_single_units_and_widen_for_copies():
    values = np.random.default_rng(0).random((1, 1, 60))
    expected = stats.bootstrap((values.ravel(),), np.mean, n_resamples=4000, method="percentile", rng=1)
    np.testing.assert_allclose(
        plasticity.interval(values, np.arange(60), 4000, 0), expected.confidence_interval, atol=0.006
    )
    copies = np.repeat(values, 4, 2)
    by_voxel, by_block = (
        np.ptp(plasticity.interval(copies, u, 4000, 0)) for u in (np.arange(240), np.repeat(np.arange(60), 4))
    )
    np.testing.assert_allclose(by_block / by_voxel, 2, rtol=0.1)
    gap = np.where(np.arange(60) < 9, np.nan, values)
    low, high = plasticity.interval(gap, np.arange(60), 1000, 0)
    assert low < np.nanmean(gap) < high and np.isnan(plasticity.interval(gap * np.nan, np.arange(60), 1000, 0)).all()


def test_intervals_hold_the_mean_of_subjects_that_differ():
    """2 seeds, 12 subjects whose means scatter, 30 places: about 9 of 10 intervals hold the mean over all."""
    rng, held = np.random.default_rng(0), []
    for k in range(300):
        values = rng.standard_normal((2, 12, 30)) + rng.standard_normal((1, 12, 1))
        low, high = plasticity.interval(values, np.arange(30), 300, k)
        held.append(low <= 0 <= high)
    assert 0.85 <= np.mean(held) <= 0.99
