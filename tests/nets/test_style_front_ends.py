"""Front ends: the mel spectrogram against the one of science, and networks of any front end learn alike."""

import numpy as np
import pytest
import torch

from heschl.nets.style_front_ends import FLOOR, HOP, N_FFT, N_MELS, MelCNN, build
from heschl.science.mel import mel_power


def clips(n: int, n_samples: int = 20_000) -> torch.Tensor:
    return torch.randn(n, n_samples, generator=torch.Generator().manual_seed(1)) * 0.1


def test_the_spectrogram_is_that_of_science_and_differentiable():
    net, x = MelCNN(20_000, 2), clips(2)
    wanted = np.stack([np.log(mel_power(one.numpy(), 8000, N_FFT, HOP, N_MELS).T + FLOOR) for one in x])
    np.testing.assert_allclose(net.spectrogram(x).numpy(), wanted, rtol=1e-3, atol=1e-3)
    net, series = net.double(), x[:1].double().requires_grad_()
    (slope,) = torch.autograd.grad(net.spectrogram(series).square().sum(), series)
    way, step = clips(1).double().flip(1), 1e-6
    with torch.no_grad():
        ahead, behind = (net.spectrogram(series + s * way).square().sum() for s in (step, -step))
    assert float((slope * way).sum()) == pytest.approx(float(ahead - behind) / (2 * step), rel=1e-4)


def test_mel_shapes_are_those_computed():
    net = build("mel", 40_000, 4)
    found = net.activations(clips(2, 40_000))
    assert [tuple(y.shape) for y in found] == [(2, 64, 306), (2, 64, 73), (2, 64, 15)]
    assert net(clips(2, 40_000)).shape == (2, 4) and net.hidden.in_features == 64 * 3
    with pytest.raises(ValueError, match="too short"):
        build("mel", 5_000, 2)


def test_features_go_straight_to_the_hidden_units():
    net = build("embedding", 30, 3, seed=1).eval()
    x = clips(5, 30)
    wanted = torch.relu(x @ net.hidden.weight.T + net.hidden.bias) @ net.classify.weight.T + net.classify.bias
    torch.testing.assert_close(net(x), wanted, rtol=1e-5, atol=1e-6)
    with pytest.raises(ValueError, match="front end 'cepstrum'"):
        build("cepstrum", 30, 3)
