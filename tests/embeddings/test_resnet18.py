"""Ten layers in bins: averages of the network's own activations, at the right time."""

import numpy as np
import pytest
import torch

from heschl.embeddings import resnet18, untrained
from heschl.errors import HeschlError
from heschl.nets.resnet18_1d import LAYERS, STRIDES, ResNet18, load, save


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save(path, ResNet18(n_tags=5, width=4), list("abcde"))
    return path


def noise(n_samples: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((2, n_samples)).astype("f4")


def test_layers_are_averages_of_the_activations(weights) -> None:
    audio = noise(16_384)
    layers, centres_s = resnet18.layers(audio, 16_000, weights, bin_s=0.256)
    assert tuple(layers) == LAYERS
    np.testing.assert_allclose(centres_s, [0.128, 0.384, 0.640, 0.896])
    with torch.inference_mode():
        activations = load(weights)[0].activations(torch.from_numpy(audio))
    for name, activation, stride in zip(LAYERS, activations, STRIDES, strict=False):
        dense = np.repeat(activation.numpy().astype(float), stride, -1)  # each sample takes the nearest frame's value
        nearest = np.minimum((np.arange(16_384) + stride // 2), dense.shape[-1] - 1)
        wanted = dense[:, :, nearest].reshape(2, -1, 4, 4096).mean(-1).swapaxes(1, 2)
        np.testing.assert_allclose(layers[name], wanted, rtol=1e-4, atol=1e-4)


def test_tenth_layer_is_the_tags_of_the_binned_ninth(weights) -> None:
    layers, _ = resnet18.layers(noise(16_000), 16_000, weights, bin_s=0.1)
    net = load(weights)[0]
    logits = layers["conv5_2"] @ net.classify.weight.detach().numpy().T + net.classify.bias.detach().numpy()
    np.testing.assert_allclose(layers["tags"], 1 / (1 + np.exp(-logits)), atol=1e-6)
    assert layers["tags"].shape == (2, 10, 5)


def test_a_click_is_found_at_its_time_in_every_layer(weights) -> None:
    audio = np.zeros((1, 64_000), np.float32)
    audio[0, 32_000:32_160] = 1  # 2 s
    layers, centres_s = resnet18.layers(audio, 16_000, weights, bin_s=0.1)
    silent, _ = resnet18.layers(audio * 0, 16_000, weights, bin_s=0.1)
    for name in LAYERS:
        change = np.abs(layers[name] - silent[name])[0].sum(-1)
        assert np.average(centres_s, weights=change) == pytest.approx(2.0, abs=0.1), name


def test_other_rates_are_refused(weights) -> None:
    with pytest.raises(HeschlError, match="8000 Hz; resnet18 hears 16000 Hz"):
        resnet18.layers(noise(8000), 8000, weights, 0.1)


def test_windows_are_runs_of_their_own(weights) -> None:
    """Rows are time averages of the network on exactly a window's samples; its tags are the trained answer."""
    audio, windows_s = noise(80_000)[0], np.array([[0.0, 3.136], [1.5, 4.636]])
    values, times_s = resnet18.load(weights).embed(audio, 16_000, windows_s)
    assert tuple(values) == LAYERS and resnet18.LAYER == "conv5_2" and times_s.tolist() == [0, 1.5]
    net = load(weights)[0]
    with torch.inference_mode():
        own = torch.from_numpy(audio[24_000 : 24_000 + 50_176])[None]
        wanted, tags = net.activations(own), torch.sigmoid(net(own))
    for name, activation in zip(LAYERS, wanted, strict=False):
        np.testing.assert_allclose(values[name][1], activation[0].mean(-1), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(values["tags"][1], tags[0], atol=1e-5)


def test_untrained_is_the_same_network_before_training(tmp_path) -> None:
    save(tmp_path / "fresh.safetensors", ResNet18(), list(range(50)))
    wanted, times_s = resnet18.layers(noise(16_000), 16_000, tmp_path / "fresh.safetensors", bin_s=0.25)
    found, also_s = untrained.layers(noise(16_000), 16_000, "", bin_s=0.25)
    assert tuple(found) == LAYERS and times_s.tolist() == also_s.tolist()
    for name in LAYERS:
        np.testing.assert_array_equal(found[name], wanted[name])
        assert np.isfinite(found[name]).all() and np.ptp(found[name]) > 0
    windows = untrained.load().embed(noise(60_000)[0], 16_000, np.array([[0.0, untrained.WINDOW_S]]))[0]
    assert windows[untrained.LAYER].shape == (1, 512)


def test_weights_of_the_untrained_network_are_hes() -> None:
    """Variance 2 over the fan in, no bias, normalisation that does nothing."""
    net = untrained.load().net
    for layer in (net.conv1, net.blocks[4].conv2, net.classify):
        fan_in = layer.weight[0].numel()
        assert float(layer.weight.detach().var()) * fan_in == pytest.approx(2, rel=0.1)
        assert not layer.bias.detach().any()
    assert not net.training and not net.norm1.running_mean.any() and bool((net.norm1.running_var == 1).all())
