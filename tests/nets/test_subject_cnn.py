"""Networks A and B have the published sizes, to the sample and to the parameter."""

import pytest
import torch
from torch import nn

from heschl.nets.subject_cnn import SubjectCNN, describe, network_a, network_b

SHAPES_A = [(1, 782), (100, 683), (100, 341), (50, 292), (50, 146), (25, 122), (25, 61), (512,), (7,)]
SHAPES_B = [(1, 782), (500, 733), (500, 366), (200, 317), (200, 158), (100, 109), (100, 54), (50, 30), (50, 15)]


@pytest.mark.parametrize(
    ("build", "shapes", "parameters"),
    [(network_a, SHAPES_A, 1_076_328), (network_b, [*SHAPES_B, (512,), (7,)], 6_538_953)],
)
def test_shapes_and_parameters_are_the_published_ones(build, shapes, parameters) -> None:
    net = build()
    layers = describe(net)
    assert [layer.shape for layer in layers] == shapes
    assert sum(layer.parameters for layer in layers) == sum(p.numel() for p in net.parameters()) == parameters
    assert not any("narrow" in layer.name for layer in layers)
    assert net.hidden.in_features == shapes[-3][0] * shapes[-3][1]


def series(n: int, n_samples: int = 782, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(n, n_samples, generator=torch.Generator().manual_seed(1), dtype=dtype)


def plain(net: SubjectCNN) -> nn.Sequential:
    """Return the network in the words of the paper, with the same weights: convolution, ReLU, pool."""
    layers: list[nn.Module] = [nn.Unflatten(1, (1, net.n_samples))]
    for own in net.convolutions:
        convolve = nn.Conv1d(own.in_channels, own.out_channels, own.kernel_size[0])
        convolve.load_state_dict(own.state_dict())
        layers += [convolve, nn.ReLU(), nn.MaxPool1d(2)]
    return nn.Sequential(*layers, nn.Flatten(), net.hidden, nn.ReLU(), net.classify)


@pytest.mark.parametrize("build", [network_a, network_b])
def test_it_computes_convolution_relu_and_pool(build) -> None:
    net = build(width=0.1).double()
    reference, x = plain(net).double(), series(3, dtype=torch.float64)
    for one in (net, reference):
        one.zero_grad()
        one(x).square().sum().backward()
        if one is net:
            own = [c.weight.grad.clone() for c in net.convolutions] + [net.hidden.weight.grad.clone()]
    torch.testing.assert_close(net(x), reference(x), rtol=1e-9, atol=1e-9)
    wanted = [m.weight.grad for m in reference if isinstance(m, nn.Conv1d)] + [net.hidden.weight.grad]
    for a, b in zip(own, wanted, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-8, atol=1e-9)


def test_shapes_described_are_those_computed() -> None:
    net, seen = SubjectCNN([(5, 31), (4, 20)], n_subjects=3, n_samples=201, hidden=11), []
    for convolve in net.convolutions:
        convolve.register_forward_hook(lambda module, inputs, output: seen.append((inputs[0].shape, output.shape)))
    assert net(series(2, 201)).shape == (2, 3)
    rows = describe(net)
    assert [tuple(shape[1:]) for pair in seen for shape in pair] == [row.shape for row in rows[:4]]
    assert rows[4].shape == (4, 33) and rows[-2].shape == (11,) and rows[-1].shape == (3,)


def test_a_narrow_network_says_so() -> None:
    rows = describe(network_a(width=0.25))
    assert [row.shape for row in rows if "convolution" in row.name] == [(25, 683), (12, 292), (6, 122)]
    assert [row.name for row in rows if "narrow" in row.name] == [
        *(f"narrow convolution {i}" for i in (1, 2, 3)),
        "narrow hidden",
    ]
    assert describe(network_b(width=0.001))[1].shape == (2, 733)


TOO_FEW = {99: "convolution 1", 100: "pool 1", 190: "convolution 2", 200: "pool 2", 240: "convolution 3"}


@pytest.mark.parametrize(("n_samples", "where"), TOO_FEW.items())
def test_too_few_samples_name_the_layer(n_samples, where) -> None:
    with pytest.raises(ValueError, match=f"{where}: .* wanted .* from {n_samples} samples"):
        network_a(n_samples=n_samples)


def test_he_initialisation_has_its_variance_and_its_seed() -> None:
    net = network_a(seed=3)
    kernel = net.convolutions[1].weight.detach()
    assert float(kernel.std()) == pytest.approx((2 / (100 * 50)) ** 0.5, rel=0.01)
    assert torch.equal(kernel, network_a(seed=3).convolutions[1].weight)
    assert not torch.equal(kernel, network_a(seed=4).convolutions[1].weight)
    assert not any(layer.bias.any() for layer in [*net.convolutions, net.hidden, net.classify])
    lecun = SubjectCNN([(100, 100)], init="lecun").convolutions[0].weight.detach()
    assert float(lecun.std()) == pytest.approx(0.1, rel=0.05)
    with pytest.raises(ValueError, match="init 'xavier'"):
        SubjectCNN([(5, 31)], init="xavier")


def test_the_initial_weights_do_not_depend_on_torchs_own_generator() -> None:
    torch.manual_seed(0)
    first = network_a(width=0.1).hidden.weight
    torch.manual_seed(1)
    assert torch.equal(first, network_a(width=0.1).hidden.weight)
