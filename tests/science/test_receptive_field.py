"""The published table of ResNet-18-1D: lengths, strides, rates and receptive fields."""

import numpy as np
import pytest

from heschl.science import receptive_field as rf

LENGTHS = [12_544, 3_136, 3_136, 3_136, 784, 784, 196, 196, 49, 49]
LENGTHS_29_S = [116_000, 29_000, 29_000, 29_000, 7_250, 7_250, 1_813, 1_813, 454, 454]
STRIDES = [4, 16, 16, 16, 64, 64, 256, 256, 1024, 1024]
FIELDS_MS = [3.1, 5.1, 21, 37, 77, 141, 301, 557, 1200, 2220]


@pytest.mark.parametrize(("n_samples", "lengths"), [(50_176, LENGTHS), (464_000, LENGTHS_29_S)])
def test_lengths(n_samples, lengths):
    assert [r.length for r in rf.rows(n_samples)] == lengths


def test_strides_and_rates():
    found = rf.rows(50_176)
    assert [r.stride for r in found] == STRIDES
    assert [r.rate_hz for r in found] == [16_000 / s for s in STRIDES]


def test_receptive_fields_are_the_published_ones():
    np.testing.assert_allclose([r.field_ms for r in rf.rows(50_176)], FIELDS_MS, rtol=0.02)


def test_receptive_field_is_what_an_impulse_reaches():
    """Independent check: push an all-ones kernel over an impulse and count the outputs it reaches."""
    stages = (rf.Stage("a", 1, ((5, 2, 0),)), rf.Stage("b", 1, ((3, 1, 0), (3, 2, 0))))
    reach = np.eye(60, dtype=bool)
    for stage in stages:
        for kernel, stride, _ in stage.windows:
            reach = np.array([reach[i : i + kernel].any(0) for i in range(0, len(reach) - kernel + 1, stride)])
    assert rf.rows(60, stages)[-1].field_samples == reach[0].sum()
    assert rf.rows(60, stages)[-1].length == len(reach)


@pytest.mark.parametrize("width", [64, 8])
def test_parameters_are_those_of_the_network(width):
    """Independent check: count the arrays of the torch module, stage by stage."""
    from heschl.nets.resnet18_1d import ResNet18

    net = ResNet18(width=width)
    modules = [(net.conv1, net.norm1), (net.pool,), *((block,) for block in net.blocks)]
    wanted = [sum(p.numel() for module in stage for p in module.parameters()) for stage in modules]
    stages = rf.resnet18_1d(width)
    assert rf.parameters(stages) == wanted
    assert [s.channels for s in stages[2:]] == [block.conv2.out_channels for block in net.blocks]
    if width == 64:
        assert sum(wanted) + 50 * 513 == 11_198_898
