"""The network of styles has the published shapes and sizes, and computes what is written."""

import math

import pytest
import torch
import torch.nn.functional as F

from heschl.nets.batch_norm import EPS
from heschl.nets.style_cnn import StyleCNN, lengths, n_parameters, receptive_fields


def clips(n: int, n_samples: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(n, n_samples, generator=torch.Generator().manual_seed(1), dtype=dtype)


def test_shapes_and_parameters_are_the_published_ones():
    net = StyleCNN()
    assert lengths(40_000) == [40_000, 19_997, 4_992, 1_217]
    with torch.no_grad():
        found = net.activations(clips(2, 40_000))
    assert [tuple(y.shape) for y in found] == [(2, 8, 19_997), (2, 8, 4_992), (2, 8, 1_217)]
    assert net.hidden.in_features == 9_736 and net(clips(2, 40_000)).shape == (2, 2)
    assert n_parameters(net) == 2_503_514
    assert sum(p.numel() for p in net.parameters()) - n_parameters(net) == 2 * (1 + 3 * 8)
    alone = StyleCNN(bn_axes=(0,))
    assert sum(p.numel() for p in alone.parameters()) - n_parameters(alone) == 2 * (
        40_000 + 8 * (19_997 + 4_992 + 1_217)
    )


def test_receptive_fields_are_what_a_sample_reaches():
    assert receptive_fields() == [8, 70, 1086]
    net, x = StyleCNN(4000).double().eval(), torch.zeros(1, 4000, dtype=torch.float64)
    for convolve in net.convolutions:  # all weights 1: nothing cancels, no unit is dead
        torch.nn.init.ones_(convolve.weight)
        torch.nn.init.ones_(convolve.bias)
    for layer, field in enumerate(receptive_fields()):
        series = x.clone().requires_grad_()
        (slope,) = torch.autograd.grad(net.activations(series)[layer][0, 0, 20], series)
        reached = (slope[0] > 1e-9 * slope.max()).nonzero()[:, 0]  # the rest is rounding of the spectrum
        assert len(reached) == field == int(reached.max() - reached.min()) + 1


@pytest.mark.parametrize("training", [True, False])
def test_it_computes_norm_convolution_relu_in_the_order_written(training):
    net, x = StyleCNN(2500, 3, seed=1).double().train(training), clips(4, 2500, torch.float64)

    def reset():  # in training each call moves the averages
        for norm in net.norms:
            torch.nn.init.constant_(norm.mean, 0.1)
            torch.nn.init.constant_(norm.inv_std, 2.0)

    def normed(y, norm):
        mean, variance = y.mean((0, 2), keepdim=True), y.var((0, 2), correction=0, keepdim=True)
        y = (y - mean) / torch.sqrt(variance + EPS) if training else (y - 0.1) * 2
        return y * norm.gamma[:, None] + norm.beta[:, None]

    y, outputs = x[:, None], []
    for norm, convolve, stride in zip(net.norms, net.convolutions, (2, 4, 4), strict=False):
        y = torch.relu(F.conv1d(normed(y, norm), convolve.weight, convolve.bias, stride))
        outputs.append(y)
    hidden = torch.relu(normed(y, net.norms[3]).flatten(1) @ net.hidden.weight.T + net.hidden.bias)
    for given in (x, x[:, None]):  # without and with a channel
        reset()
        for a, b in zip(net.activations(given), outputs, strict=True):
            torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-9)
        reset()
        wanted = hidden @ net.classify.weight.T + net.classify.bias
        torch.testing.assert_close(net(given), wanted, rtol=1e-8, atol=1e-9)


def test_the_gradient_by_the_sound_is_that_of_finite_differences():
    net, x = StyleCNN(1500, seed=2).double().eval(), clips(1, 1500, torch.float64)

    def energy(x):
        return 0.5 * sum(y.square().sum() for y in net.activations(x))

    series = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(energy(series), series)
    way = clips(1, 1500, torch.float64).flip(1)
    step = 1e-6
    with torch.no_grad():
        along = float((energy(x + step * way) - energy(x - step * way)) / (2 * step))
    assert float((slope * way).sum()) == pytest.approx(along, rel=1e-5)


@pytest.mark.parametrize("glorot", ["sqrt6", "lecun_1_sqrt_n"])
def test_weights_are_uniform_within_their_bounds(glorot):
    net = StyleCNN(glorot=glorot, seed=3)
    for layer, fan_in, fan_out in [(net.convolutions[2], 8 * 128, 8 * 128), (net.hidden, 9736, 256)]:
        bound = math.sqrt(6 / (fan_in + fan_out)) if glorot == "sqrt6" else fan_in**-0.5
        weight = layer.weight.detach()
        assert 0.99 * bound < float(weight.abs().max()) <= bound * (1 + 1e-6)
        assert float(weight.std()) == pytest.approx(bound / math.sqrt(3), rel=0.02) and not layer.bias.any()


def test_the_seed_alone_decides_the_weights():
    torch.manual_seed(0)
    first = StyleCNN(2000, seed=3).hidden.weight
    torch.manual_seed(1)
    assert torch.equal(first, StyleCNN(2000, seed=3).hidden.weight)
    assert not torch.equal(first, StyleCNN(2000, seed=4).hidden.weight)


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="1085 samples are too short .* wanted 1086"):
        StyleCNN(1085)
    assert lengths(1086)[-1] == 1
    with pytest.raises(ValueError, match="glorot 'he'"):
        StyleCNN(2000, glorot="he")
