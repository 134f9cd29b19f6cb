"""Pool and ReLU in one pass are torch's two, to the bit, with their derivatives."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from heschl.nets.pool_relu import pool_relu


def both(y: torch.Tensor, seed: int) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Return output and derivative of ours, and of ReLU and then the maximum in torch."""
    found = []
    for function in (pool_relu, lambda y: F.max_pool1d(torch.relu(y), 2)):
        x = y.clone().requires_grad_()
        out = function(x)
        out.backward(torch.randn(out.shape, generator=torch.Generator().manual_seed(seed), dtype=y.dtype))
        found.append([out.detach(), x.grad])
    return found[0], found[1]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(2, 33), st.integers(0, 9))
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_is_relu_and_maximum(dtype, batch, channels, n_samples, seed) -> None:
    y = torch.randn(batch, channels, n_samples, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    ours, wanted = both(y, seed)
    assert torch.equal(ours[0], wanted[0])
    assert torch.equal(ours[1], wanted[1])


def test_ties_go_to_the_first_sample() -> None:
    ours, wanted = both(torch.tensor([[[1.0, 1.0, 2.0, 2.0, -1.0, -1.0, 0.5]]]), 0)
    assert torch.equal(ours[0], wanted[0]) and torch.equal(ours[1], wanted[1])
    assert ours[1][0, 0].ne(0).tolist() == [True, False, True, False, False, False, False]


def test_rows_need_not_be_contiguous() -> None:
    y = torch.randn(3, 40, 4, generator=torch.Generator().manual_seed(0)).permute(0, 2, 1)[..., :31]
    ours, wanted = both(y, 1)
    assert torch.equal(ours[0], wanted[0]) and torch.equal(ours[1], wanted[1])
