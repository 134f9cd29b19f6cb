"""Objectives against their equations written out in numpy, gradients against finite differences."""

import numpy as np
import pytest
import torch

from heschl.nets import dream_objectives as aims
from heschl.nets.dream_priors import value_and_gradient
from heschl.nets.style_cnn import StyleCNN

N = 1400
RNG = np.random.default_rng(0)
WAVE, OTHER = (0.3 * np.sin(np.arange(N) / k) + 0.1 * RNG.normal(size=N) for k in (5, 13))


@pytest.fixture(scope="module")
def net():
    """A network in float64 whose input norm isn't the identity."""
    made = StyleCNN(N, 3, seed=1).double().eval()
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0)))
    return made.requires_grad_(False)


def layers(net, wave):
    return [y[0].numpy() for y in net.activations(torch.from_numpy(wave)[None, None])]


def value(net, objective, wave=WAVE):
    return float(objective(net, torch.from_numpy(wave)[None, None])[0])


OBJECTIVES = {
    "energy 1": lambda net: aims.energy(1),
    "energy 2": lambda net: aims.energy(2),
    "energy 3": lambda net: aims.energy(3),
    "guide": lambda net: aims.guide(2, net, OTHER),
    "inversion": lambda net: aims.inversion(2, net, OTHER),
    "content and style": lambda net: aims.content_style(
        net, OTHER, WAVE[::-1].copy(), content_layer=2, style_layers=[1, 3], alpha=1.0, beta=50.0
    ),
    "logit": lambda net: aims.logit(2),
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_gradients_are_those_of_finite_differences(net, name):
    f = value_and_gradient(net, OBJECTIVES[name](net), WAVE)
    _, gradient = f(WAVE)
    rng, step = np.random.default_rng(1), 1e-6
    for _ in range(5):
        along = rng.normal(size=N)
        slope = (f(WAVE + step * along)[0] - f(WAVE - step * along)[0]) / (2 * step)
        assert slope == pytest.approx(gradient @ along, rel=2e-4, abs=1e-8)


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_energy(net, layer):
    assert value(net, aims.energy(layer)) == pytest.approx(0.5 * (layers(net, WAVE)[layer - 1] ** 2).sum())


def test_energy_of_the_first_layer_is_that_of_a_plain_convolution(net):
    norm, convolve = net.norms[0], net.convolutions[0]
    x = norm(torch.from_numpy(WAVE)[None, None]).numpy()[0, 0]
    kernel, bias = convolve.weight.numpy()[:, 0], convolve.bias.numpy()
    y = np.array([kernel @ x[t : t + 8] + bias for t in range(0, N - 7, 2)])
    assert value(net, aims.energy(1)) == pytest.approx(0.5 * (np.maximum(y, 0) ** 2).sum())


def test_the_guide_is_the_best_match_of_each_moment(net, monkeypatch):
    monkeypatch.setattr(aims, "AT_ONCE", 7)
    y, g = layers(net, WAVE)[1], layers(net, OTHER)[1]
    wanted = sum(max(y[:, t] @ g[:, s] for s in range(g.shape[1])) for t in range(y.shape[1]))
    assert value(net, aims.guide(2, net, OTHER)) == pytest.approx(wanted)
    fewer = value(net, aims.guide(2, net, OTHER, n_columns=10))
    assert 0 < fewer < wanted


def test_a_guides_gradient_by_the_layer_is_its_best_column():
    """What Mordvintsev's notebook writes into the gradient, of a network that gives its input as its layer."""

    class Same(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.any = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))

        def activations(self, x):
            return [x.reshape(1, 4, -1)]

    y, guide_wave = np.random.default_rng(3).uniform(size=(2, 40))
    _, gradient = value_and_gradient(Same(), aims.guide(1, Same(), guide_wave), y)(y)
    x, g = y.reshape(4, 10), guide_wave.reshape(4, 10)
    np.testing.assert_allclose(gradient.reshape(4, 10), g[:, (x.T @ g).argmax(1)])


def test_inversion_is_0_at_the_target_and_minus_1_at_silence_of_a_linear_layer(net):
    y, y0 = layers(net, WAVE)[2], layers(net, OTHER)[2]
    wanted = -((y - y0) ** 2).sum() / (y0**2).sum()
    assert value(net, aims.inversion(3, net, OTHER)) == pytest.approx(wanted)
    assert value(net, aims.inversion(3, net, WAVE)) == 0


def test_content_and_style_are_gatys(net):
    objective = aims.content_style(net, OTHER, WAVE[::-1], content_layer=2, style_layers=[1, 3], alpha=2.0, beta=30.0)
    found, content, style = layers(net, WAVE), layers(net, OTHER), layers(net, WAVE[::-1].copy())
    wanted = 2.0 * 0.5 * ((found[1] - content[1]) ** 2).sum()
    for k in (0, 2):
        n, m = found[k].shape
        gap = found[k] @ found[k].T - style[k] @ style[k].T
        wanted += 30.0 * 0.5 * (gap**2).sum() / (4 * n**2 * m**2)  # w_l = 1 / 2 layers
    assert value(net, objective) == pytest.approx(-wanted)


def test_balance_makes_both_losses_1(net):
    alpha, beta = aims.balance(net, OTHER, WAVE, 2, [1, 3])
    layered = {"content_layer": 2, "style_layers": [1, 3], "alpha": alpha, "beta": beta}
    objective = aims.content_style(net, OTHER, WAVE, **layered)
    assert value(net, objective, OTHER) == pytest.approx(-1) and value(net, objective, WAVE) == pytest.approx(-1)
    with pytest.raises(ValueError, match="the same to the network"):
        aims.balance(net, WAVE, WAVE, 2, [1, 3])


def test_logit_and_readout(net):
    logits = net(torch.from_numpy(WAVE)[None, None])[0]
    assert value(net, aims.logit(1)) == pytest.approx(float(logits[1]))
    weights = np.array([1.0, -2.0, 0.5])
    assert value(net, aims.readout(weights, 3.0)) == pytest.approx(float(weights @ logits.numpy()) + 3)


def test_a_batch_is_as_good_as_one_by_one(net):
    both = torch.from_numpy(np.stack([WAVE, OTHER]))[:, None]
    for make in OBJECTIVES.values():
        objective = make(net)
        expected = [value(net, objective, wave) for wave in (WAVE, OTHER)]
        np.testing.assert_allclose(objective(net, both).numpy(), expected, rtol=1e-9, atol=1e-12)


def test_a_layer_that_doesnt_answer_cant_be_the_target(net):
    mute = StyleCNN(N, 2).double().eval()
    with torch.no_grad():
        mute.convolutions[0].bias.fill_(-1e3)
    for make in (
        lambda: aims.inversion(1, mute, WAVE),
        lambda: aims.content_style(mute, WAVE, OTHER, content_layer=1, style_layers=[1]),
    ):
        with pytest.raises(ValueError, match="layer 1 doesn't answer"):
            make()
