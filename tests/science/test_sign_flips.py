"""Sign flips against brute force, and their level under no effect."""

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from heschl.science import sign_flips as flips


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999), st.integers(1, 7))
def test_one_sided_p_agrees_with_brute_force(seed, n):
    values = np.random.default_rng(seed).standard_normal(n)
    null = [np.mean(values * s) for s in product((1, -1), repeat=n)]
    np.testing.assert_allclose(flips.one_sided_p(values), np.mean(np.array(null) >= null[0] - 1e-12))
    assert flips.one_sided_p(np.r_[values, np.nan]) == flips.one_sided_p(values)


def test_signs():
    found = flips.signs(7)
    assert found.shape == (128, 7) and (found[0] == 1).all() and len({tuple(r) for r in found}) == 128
    assert flips.signs(14).shape == (4096, 14) and (flips.signs(14)[0] == 1).all()
    assert np.isnan(flips.one_sided_p(np.full(3, np.nan)))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9999))
def test_step_down_agrees_with_a_plain_loop(seed):
    values = np.random.default_rng(seed).standard_normal((5, 4)) + [[2], [1], [0], [0], [0]]
    size = np.sqrt((values**2).mean(1))
    null = np.array([(values * s).mean(1) / (size + np.median(size)) for s in product((1, -1), repeat=4)])
    left, last, expected = list(np.argsort(-null[0])), 0.0, {}
    while left:
        c = left[0]
        last = max(last, np.mean([row[left].max() >= row0 - 1e-12 for row, row0 in ((r, null[0, c]) for r in null)]))
        expected[c] = last
        left = left[1:]
    np.testing.assert_allclose(flips.family_wise_p(values), [expected[c] for c in range(5)])


def test_family_wise_error_under_no_effect():
    """7 subjects, 40 clusters that depend on their neighbours and scatter unequally, median taken off."""
    rng, hits, n = np.random.default_rng(0), 0, 2000
    spread = np.exp(rng.standard_normal((40, 1)))
    smooth = np.exp(-np.square(np.subtract.outer(np.arange(40), np.arange(40)) / 3))
    for _ in range(n):
        rest = spread * (smooth @ rng.standard_normal((40, 7))) + rng.standard_normal(7)
        hits += np.nanmin(flips.family_wise_p(rest - np.median(rest, 0))) <= 0.05
    assert stats.binom.ppf(0.0005, n, 0.05) <= hits <= stats.binom.ppf(0.9995, n, 0.05)


def test_strong_clusters_do_not_hide_weaker_ones():
    rng = np.random.default_rng(1)
    values = rng.standard_normal((40, 7)) * 0.03
    values[:3] += [[0.6], [0.4], [0.25]]
    p = flips.family_wise_p(values)
    assert (p[:3] <= 0.05).all() and (p[3:] > 0.05).all() and p.min() == 1 / 128
    values[5, 2] = np.nan
    assert np.isnan(flips.family_wise_p(values)[5]) and np.isfinite(flips.family_wise_p(values)[:5]).all()
    assert (flips.family_wise_p(np.zeros((3, 7))) == 1).all()
