"""Batch norm against the equation, written out in float64, and its two kinds of statistics."""

import numpy as np
import pytest
import torch

from heschl.nets.batch_norm import ALPHA, EPS, BatchNorm, measured


def test_the_constants_are_lasagnes():
    assert (EPS, ALPHA) == (1e-4, 0.1)


def drawn(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * 3 + 2


def by_hand(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, over: tuple[int, ...]) -> np.ndarray:
    mean, variance = x.mean(over, keepdims=True), x.var(over, keepdims=True)
    return gamma * (x - mean) / np.sqrt(variance + EPS) + beta


@pytest.mark.parametrize(("axes", "parameters"), [((0, 2), 3), ((0,), 3 * 7)])
def test_it_normalises_by_the_batch_in_training(axes, parameters):
    norm, x = BatchNorm((3, 7), axes).double(), drawn(0, 5, 3, 7)
    assert norm.gamma.numel() == norm.mean.numel() == parameters
    with torch.no_grad():
        norm.gamma.copy_(drawn(1, *norm.gamma.shape))
        norm.beta.copy_(drawn(2, *norm.beta.shape))
    shape = (1, 3, 7) if axes == (0,) else (1, 3, 1)
    gamma, beta = (p.detach().numpy().reshape(shape) for p in (norm.gamma, norm.beta))
    np.testing.assert_allclose(norm(x).detach().numpy(), by_hand(x.numpy(), gamma, beta, axes), rtol=1e-10)
    # gradients go through the statistics as well
    assert torch.autograd.gradcheck(lambda x: norm(x).pow(3).sum(), x.requires_grad_(), eps=1e-6, atol=1e-4)


@pytest.mark.parametrize("axes", [(0, 2), (0,)])
def test_averages_move_by_a_tenth_and_serve_in_use(axes):
    norm, first, second = BatchNorm((3, 7), axes).double(), drawn(0, 5, 3, 7), drawn(1, 5, 3, 7)
    norm(first)
    norm(second)
    share = np.array([(1 - ALPHA) ** 2, (1 - ALPHA) * ALPHA, ALPHA])
    stds = [1 / np.sqrt(x.numpy().var(axes) + EPS) for x in (first, second)]
    means = [x.numpy().mean(axes) for x in (first, second)]
    inv_std = np.tensordot(share, [np.ones_like(stds[0]), *stds], 1)
    mean = np.tensordot(share, [np.zeros_like(means[0]), *means], 1)
    np.testing.assert_allclose(norm.inv_std.numpy(), inv_std, rtol=1e-10)
    np.testing.assert_allclose(norm.mean.numpy(), mean, rtol=1e-10)
    shape = (1, 3, 7) if axes == (0,) else (1, 3, 1)
    wanted = (first.numpy() - mean.reshape(shape)) * inv_std.reshape(shape)
    np.testing.assert_allclose(norm.eval()(first).detach().numpy(), wanted, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("axes", [(0, 2), (0,)])
def test_measured_statistics_are_those_of_all_batches_at_once(axes):
    x = drawn(3, 23, 3, 7).float() + 1000  # far from zero: sums of squares alone would lose all digits
    norm = BatchNorm((3, 7), axes).eval()
    with torch.no_grad(), measured(norm):
        for some in x.split(4):
            norm(some)
    np.testing.assert_allclose(norm.mean.numpy(), x.double().numpy().mean(axes), rtol=1e-6)
    np.testing.assert_allclose(norm.inv_std.numpy(), 1 / np.sqrt(x.double().numpy().var(axes) + EPS), rtol=1e-5)
    assert norm.totals is None


def test_features_need_no_time():
    norm, x = BatchNorm((4,)).double(), drawn(4, 6, 4)
    np.testing.assert_allclose(norm(x).detach().numpy(), by_hand(x.numpy(), np.ones(4), np.zeros(4), (0,)), rtol=1e-9)


def test_other_axes_are_refused():
    with pytest.raises(ValueError, match="axes"):
        BatchNorm((3, 7), (1,))
