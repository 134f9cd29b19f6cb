"""Folded convolution against torch's own, values and derivatives."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from heschl.nets.strided_conv import StridedConv1d

# (channels, samples, kernel, stride): the published ones; what is left over; what can't be folded; the shortest
CASES = [
    (1, 400, 8, 2),
    (8, 199, 32, 4),
    (8, 499, 128, 4),
    (3, 130, 128, 4),
    (2, 41, 6, 3),
    (2, 40, 7, 3),
    (2, 9, 8, 1),
]
CASES += [(2, 128, 128, 4), (1, 8, 8, 2)]


@pytest.mark.parametrize(("channels", "samples", "kernel", "stride"), CASES)
def test_it_is_torchs_convolution(channels, samples, kernel, stride):
    ours = StridedConv1d(channels, 5, kernel, stride).double()
    plain = nn.Conv1d(channels, 5, kernel, stride).double()
    plain.load_state_dict(ours.state_dict())
    x = torch.randn(3, channels, samples, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    results = []
    for layer in (ours, plain):
        series = x.clone().requires_grad_()
        y = layer(series)
        by = torch.autograd.grad((y.sin() * F.softplus(y)).sum(), [series, *layer.parameters()])
        results.append([y.detach(), *by])
    for a, b in zip(*results, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-10)
