"""Baselines that learn, and exact permutations that agree with brute force and hold their level."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from heschl.science import subject_controls as controls
from heschl.science.subject_samples import Samples


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 9999), st.integers(2, 5), st.integers(1, 4))
def test_exact_p_agrees_with_brute_force(seed, n, n_clusters):
    confusion = np.random.default_rng(seed).integers(0, 5, (n_clusters, n, n)) + 1
    p, fwer = controls.permutation_test(confusion)
    share = confusion / confusion.sum((1, 2), keepdims=True)
    null = np.array([[c[range(n), order].sum() for c in share] for order in permutations(range(n))])
    np.testing.assert_allclose(p, [(null[:, c] >= null[0, c] - 1e-9).mean() for c in range(n_clusters)])
    np.testing.assert_allclose(fwer, [(null.max(1) >= null[0, c] - 1e-9).mean() for c in range(n_clusters)])


def test_seven_subjects_have_5040_relabellings():
    names = controls.relabellings(7)
    assert len(names) == 5040 == len({tuple(row) for row in names}) and names[0].tolist() == list(range(7))
    p, fwer = controls.permutation_test(np.stack([np.eye(7) * 9 + 1, np.ones((7, 7))]))
    np.testing.assert_allclose(p, [1 / 5040, 1])
    np.testing.assert_allclose(fwer, [1 / 5040, 1])
    many = controls.relabellings(9)
    assert many.shape == (50_000, 9) and (np.sort(many, 1) == np.arange(9)).all() and (many[0] == range(9)).all()


def test_nothing_answered_is_nan():
    p, fwer = controls.permutation_test(np.stack([np.zeros((3, 3)), np.eye(3)]))
    assert np.isnan([p[0], fwer[0]]).all() and p[1] == fwer[1] == 1 / 6
    assert np.isnan(controls.permutation_test(np.zeros((2, 3, 3)))).all()


def test_guesses_are_significant_as_often_as_promised():
    """Answers that follow the sample but not its subject, in clusters that depend on each other."""
    rng, hits = np.random.default_rng(0), []
    for _ in range(400):
        shared = rng.dirichlet(np.ones(5), 5)[None] + 0.3 * rng.dirichlet(np.ones(5), (6, 5))
        hits.append(controls.permutation_test(rng.multinomial(12, shared / shared.sum(2, keepdims=True)))[1].min())
    assert stats.binom.ppf(0.0005, 400, 0.05) <= np.sum(np.array(hits) <= 0.05) <= stats.binom.ppf(0.9995, 400, 0.05)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999))
def test_q_values_agree_with_scipy(seed):
    p = np.random.default_rng(seed).random(20) ** 2
    np.testing.assert_allclose(controls.q_values(p), stats.false_discovery_control(p))
    gap = np.r_[np.nan, p[:5], np.nan]
    found = controls.q_values(gap)
    np.testing.assert_allclose(found[1:6], stats.false_discovery_control(p[:5]))
    assert np.isnan(found[[0, 6]]).all()


def drawn(rng, signal: float, n: int = 90) -> Samples:
    subject = np.arange(n) % 3
    centres = np.random.default_rng(9).standard_normal((3, 40)) * signal
    return Samples((centres[subject] + rng.standard_normal((n, 40))).astype("f4"), subject, np.arange(n))


@pytest.mark.parametrize("name", controls.GRIDS)
def test_baselines_tell_subjects_apart_and_noise_not(name):
    rng = np.random.default_rng(0)
    for signal, low, high in ((1.0, 0.9, 1.0), (0.0, 0.2, 0.47)):
        train, validation, test = (drawn(rng, signal, n) for n in (90, 45, 300))
        fitted, chosen = controls.baseline(name, train, validation, 0)
        assert chosen in controls.GRIDS[name]
        assert low <= np.mean(controls.answered(fitted, test.x) == test.subject) <= high
    assert controls.answered(fitted, test.x[:0]).shape == (0,)
