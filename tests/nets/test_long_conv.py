"""Convolution by the spectrum gives the numbers of the direct one, and its derivatives."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from heschl.nets.long_conv import MIN_KERNEL, LongConv1d, correlate


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 4), st.integers(1, 5), st.integers(1, 5), st.integers(1, 60), st.integers(0, 60), st.integers(0, 9)
)
def test_output_and_derivatives_are_those_of_direct_convolution(batch, n_in, n_out, kernel, extra, seed) -> None:
    generator = torch.Generator().manual_seed(seed)
    x, weight, grad = (
        torch.randn(shape, generator=generator, dtype=torch.float64)
        for shape in ((batch, n_in, kernel + extra), (n_out, n_in, kernel), (batch, n_out, extra + 1))
    )
    found, wanted = ([x.clone().requires_grad_(), weight.clone().requires_grad_()] for _ in range(2))
    for function, (a, b) in ((correlate, found), (F.conv1d, wanted)):
        y = function(a, b)
        y.backward(grad)
        (found if function is correlate else wanted).append(y.detach())
    for a, b in zip(found[:2], wanted[:2], strict=True):
        torch.testing.assert_close(a.grad, b.grad, rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(found[2], wanted[2], rtol=1e-10, atol=1e-10)


def test_single_precision_is_as_exact_as_direct_convolution() -> None:
    generator = torch.Generator().manual_seed(0)
    x, weight = torch.randn(4, 40, 341, generator=generator), torch.randn(20, 40, 50, generator=generator)
    exact = F.conv1d(x.double(), weight.double())
    scale = float(exact.std())
    assert float((correlate(x, weight) - exact).abs().max()) / scale < 1e-5


@pytest.mark.parametrize("bias", [True, False])
def test_layer_has_the_parameters_and_the_output_of_conv1d(bias) -> None:
    layer = LongConv1d(3, 4, MIN_KERNEL, bias=bias)
    direct = torch.nn.Conv1d(3, 4, MIN_KERNEL, bias=bias)
    direct.load_state_dict(layer.state_dict())
    x = torch.randn(2, 3, 50, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(layer(x), direct(x), rtol=1e-4, atol=1e-5)


def test_the_first_layers_input_needs_no_derivative() -> None:
    weight = torch.ones(2, 3, 20, requires_grad=True)
    x = torch.ones(1, 3, 30)
    correlate(x, weight).sum().backward()
    assert x.grad is None
    torch.testing.assert_close(weight.grad, torch.full((2, 3, 20), 11.0))
