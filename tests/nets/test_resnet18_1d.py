"""The network has the published sizes, to the frame and to the parameter."""

import pytest
import torch
from torch import nn

from heschl.errors import HeschlError
from heschl.nets.resnet18_1d import LAYERS, STRIDES, ResNet18, load, save

CHANNELS = [64, 64, 64, 128, 128, 256, 256, 512, 512]
PUBLISHED = {
    50_176: [3136, 3136, 3136, 784, 784, 196, 196, 49, 49],
    464_000: [29_000, 29_000, 29_000, 7250, 7250, 1813, 1813, 454, 454],
}


@torch.inference_mode()
def lengths(net: ResNet18, n_samples: int) -> list[int]:
    return [a.shape[-1] for a in net.eval().activations(torch.zeros(1, n_samples))]


@pytest.mark.parametrize("n_samples", PUBLISHED)
def test_lengths_are_the_published_ones(n_samples: int) -> None:
    assert lengths(ResNet18(width=2), n_samples) == PUBLISHED[n_samples]


@pytest.mark.parametrize(("n_samples", "wanted"), [(50_176, 12_544), (464_000, 116_000)])
def test_first_convolution_has_the_published_length(n_samples: int, wanted: int) -> None:
    assert ResNet18(width=2).conv1(torch.zeros(1, 1, n_samples)).shape[-1] == wanted


def test_cover_all_gives_chainers_lengths() -> None:
    assert lengths(ResNet18(width=2, cover_all=True), 50_176) == [
        3137,
        3137,
        3137,
        785,
        785,
        197,
        197,
        50,
        50,
    ]


@torch.inference_mode()
def test_channels_and_parameters_are_the_published_ones() -> None:
    net = ResNet18().eval()
    assert [a.shape[1] for a in net.activations(torch.zeros(1, 5000))] == CHANNELS
    assert sum(p.numel() for p in net.parameters()) == 11_198_898  # "about 11.20 million, with biases"
    weighted = [m for m in net.modules() if isinstance(m, nn.Conv1d | nn.Linear) and m.weight.shape[-1] != 1]
    assert len(weighted) == 18
    assert net(torch.zeros(3, 5000)).shape == (3, 50)
    assert len(LAYERS) == len(STRIDES) + 1 == 10


@pytest.mark.parametrize(("layer", "seconds"), [(0, 0.0051), (1, 0.021), (2, 0.037), (4, 0.141), (6, 0.557), (8, 2.22)])
def test_receptive_fields_are_published_and_centred(layer: int, seconds: float) -> None:
    net = ResNet18(width=8).eval()
    net.pool = nn.AvgPool1d(9, 4, padding=4)  # a maximum has a gradient in one place only
    audio = torch.randn(1, 50_176, generator=torch.Generator().manual_seed(0), requires_grad=True)
    activation = net.activations(audio)[layer]
    frame = activation.shape[-1] // 2
    activation[0, :, frame].sum().backward()
    seen = audio.grad[0].nonzero().ravel()
    first, last = int(seen[0]), int(seen[-1])
    assert (last - first + 1) / 16_000 == pytest.approx(seconds, rel=0.03)
    assert (first + last) / 2 == frame * STRIDES[layer]


def test_tags_average_over_time_before_the_linear_map() -> None:
    net = ResNet18(width=2).eval()
    audio = torch.randn(2, 9000, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        wanted = net.classify(net.activations(audio)[-1].mean(-1))
        torch.testing.assert_close(net(audio), wanted)


def test_he_initialisation_keeps_the_variance_and_the_seed() -> None:
    net = ResNet18(seed=3)
    kernel = net.blocks[7].conv2.weight
    assert float(kernel.detach().std()) == pytest.approx((2 / (512 * 9)) ** 0.5, rel=0.01)
    assert torch.equal(kernel, ResNet18(seed=3).blocks[7].conv2.weight)
    assert not torch.equal(kernel, ResNet18(seed=4).blocks[7].conv2.weight)
    assert not net.conv1.bias.any()


def test_weights_come_back_and_the_bytes_are_stable(tmp_path) -> None:
    net = ResNet18(n_tags=3, width=2, cover_all=True, seed=5)
    save(tmp_path / "a", net, ["x", "y", "z"])
    back, tags = load(tmp_path / "a")
    save(tmp_path / "b", back, tags)
    assert tags == ["x", "y", "z"] and back.options == net.options and not back.training
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_damaged_or_foreign_weights_are_refused_in_one_line(tmp_path) -> None:
    from safetensors.torch import save_file

    (tmp_path / "torn").write_bytes(b"x" * 100)
    save_file({"a": torch.zeros(1)}, tmp_path / "foreign")
    for name in ("torn", "foreign", "absent"):
        with pytest.raises(HeschlError, match=f"{name}.*wanted") as error:
            load(tmp_path / name)
        assert "\n" not in str(error.value)
