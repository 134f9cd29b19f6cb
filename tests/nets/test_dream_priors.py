"""Priors against numpy, gradients against finite differences, and what they do to a dream."""

import numpy as np
import pytest
import torch

from heschl.nets import dream_objectives as aims
from heschl.nets import dream_priors as priors
from heschl.nets.style_cnn import StyleCNN
from heschl.science import ascent

N = 1400
WAVE = 0.3 * np.sin(np.arange(N) / 5) + 0.1 * np.random.default_rng(0).normal(size=N)


def penalty(prior, wave):
    return float(prior(torch.from_numpy(np.asarray(wave, float))[None, None])[0])


@pytest.fixture(scope="module")
def net():
    return StyleCNN(N, 2, seed=1).double().eval()


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_total_variation(power):
    prior = priors.total_variation(WAVE, power)
    assert penalty(prior, WAVE) == pytest.approx(1)
    wave = np.random.default_rng(1).normal(size=N)
    wanted = (np.abs(np.diff(wave)) ** power).sum() / (np.abs(np.diff(WAVE)) ** power).sum()
    assert penalty(prior, wave) == pytest.approx(wanted, rel=1e-3)
    assert penalty(prior, np.cumsum(wave) * 0 + 0.5) < 1e-2  # nothing varies


def test_spectral():
    prior = priors.spectral(WAVE, 1.0)
    wave = np.random.default_rng(1).normal(size=N)
    found, start = (np.abs(np.fft.rfft(w))[1:] ** 2 for w in (wave, WAVE))
    line = 1 / np.arange(1, len(start) + 1)
    limit = line * start.sum() / line.sum()
    wanted = (wave.sum() ** 2 + np.maximum(found - limit, 0).sum()) / start.sum()
    assert penalty(prior, wave) == pytest.approx(wanted)
    pink = np.fft.irfft(np.sqrt(0.99 * np.r_[0, limit]) * np.exp(1j * np.r_[0, np.arange(1, len(limit)), 0]), N)
    assert penalty(prior, pink) == pytest.approx(0, abs=1e-12)  # below the line all over
    assert penalty(prior, pink + 0.1) == pytest.approx((0.1 * N) ** 2 / start.sum())  # a mean isn't heard


def test_shifts_are_few_fixed_and_in_range():
    assert priors.shifts(0, 8, 1) == [0] == priors.shifts(5, 1, 1)
    drawn = priors.shifts(20, 50, 1)
    assert drawn == priors.shifts(20, 50, 1) != priors.shifts(20, 50, 2)
    assert drawn[0] == 0 and len(drawn) == 50 and max(map(abs, drawn)) <= 20 and len(set(drawn)) > 10


def test_the_whole_is_the_objective_less_what_the_priors_take(net):
    pair = [(0.2, priors.total_variation(WAVE)), (0.5, priors.spectral(WAVE, 2.0))]
    shifted, wave = [0, 3, -40], 0.2 * np.random.default_rng(2).normal(size=N)
    plain = [priors.value_and_gradient(net, aims.energy(2), WAVE) for _ in range(1)][0]
    found, _ = priors.value_and_gradient(net, aims.energy(2), WAVE, pair, shifted)(wave)
    scale = np.mean([plain(np.roll(WAVE, k))[0] for k in shifted])
    taken = sum(weight * penalty(prior, wave) for weight, prior in pair)
    assert found == pytest.approx(np.mean([plain(np.roll(wave, k))[0] for k in shifted]) - scale * taken)


def test_gradients_are_those_of_finite_differences(net):
    pair = [(0.2, priors.total_variation(WAVE)), (0.5, priors.spectral(WAVE))]
    f = priors.value_and_gradient(net, aims.energy(3), WAVE, pair, [0, 5, -31])
    _, gradient = f(WAVE)
    rng, step = np.random.default_rng(1), 1e-6
    for _ in range(5):
        along = rng.normal(size=N)
        slope = (f(WAVE + step * along)[0] - f(WAVE - step * along)[0]) / (2 * step)
        assert slope == pytest.approx(gradient @ along, rel=2e-4)


def test_float32_is_near_float64_and_leaves_no_gradient_in_the_network(net):
    single = StyleCNN(N, 2, seed=1).eval()
    a, b = (priors.value_and_gradient(n, aims.energy(3), WAVE)(WAVE) for n in (single, net))
    assert a[0] == pytest.approx(b[0], rel=1e-4) and a[1].dtype == float
    np.testing.assert_allclose(a[1], b[1], rtol=1e-2, atol=1e-4 * np.abs(b[1]).max())
    assert all(p.grad is None and not p.requires_grad for p in single.parameters())


@pytest.mark.parametrize("make", [priors.total_variation, priors.spectral])
def test_a_prior_makes_dreams_that_it_likes_better(net, make):
    prior, found = make(WAVE), {}
    for weight in (0.0, 30.0):
        f = priors.value_and_gradient(net, aims.energy(1), WAVE, [(weight, prior)] if weight else [])
        found[weight] = penalty(prior, ascent.lbfgsb(f, WAVE, max_iterations=8).x)
    assert found[30.0] < 0.7 * found[0.0]


@pytest.mark.parametrize("make", [priors.total_variation, priors.spectral])
def test_a_constant_start_is_refused(make):
    with pytest.raises(ValueError, match="constant"):
        make(np.zeros(N))
