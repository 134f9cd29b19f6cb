"""ResNet-18 in one dimension: raw sound at 16 kHz to 50 tags (Thielen, Table 1).

The design is the image ResNet squared: 224 x 224 pixels become 50,176 samples, 3 x 3 kernels become 9,
strides of 2 become 4. Frame i of any stage is centred on sample i * stride, because every padding is half of
its kernel.
"""

import json
import math
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from heschl.errors import HeschlError

RATE_HZ = 16_000
N_TAGS = 50
# samples between frames: conv1 after pooling, then the two blocks of each stage
STRIDES = (16, 16, 16, 64, 64, 256, 256, 1024, 1024)
LAYERS = (
    "conv1",
    "conv2_1",
    "conv2_2",
    "conv3_1",
    "conv3_2",
    "conv4_1",
    "conv4_2",
    "conv5_1",
    "conv5_2",
    "tags",
)
NAME = "resnet18_1d"


def _norm(n_channels: int) -> nn.BatchNorm1d:
    """Batch normalisation with Chainer's defaults: eps 2e-5, decay .9."""
    return nn.BatchNorm1d(n_channels, eps=2e-5, momentum=0.1)


class Block(nn.Module):
    """conv - BN - ReLU - conv - BN, plus the shortcut, ReLU; the shortcut is projected at stride 4."""

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(n_in, n_out, 9, stride, padding=4)
        self.norm1 = _norm(n_out)
        self.conv2 = nn.Conv1d(n_out, n_out, 9, padding=4)
        self.norm2 = _norm(n_out)
        self.project = nn.Conv1d(n_in, n_out, 1, stride) if stride > 1 else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (clip, n_in, frame) to (clip, n_out, ceil(frame / stride))."""
        y = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(self.norm2(self.conv2(y)) + self.project(x))


class ResNet18(nn.Module):
    """18 layers: one convolution, eight blocks of two, one linear map; 11.20 million parameters.

    Parameters
    ----------
    n_tags : outputs
    width : channels of the first stage; 64 as published, less in tests
    cover_all : let the pooling take a last partial window, as Chainer does (3,137 frames instead of 3,136)
    seed : of He's initialisation
    """

    def __init__(self, n_tags: int = N_TAGS, width: int = 64, cover_all: bool = False, seed: int = 0) -> None:
        super().__init__()
        self.options = {"n_tags": n_tags, "width": width, "cover_all": cover_all}
        self.conv1 = nn.Conv1d(1, width, 49, 4, padding=24)
        self.norm1 = _norm(width)
        self.pool = nn.MaxPool1d(9, 4, padding=4, ceil_mode=cover_all)
        sizes = [(1, 1, 1), (1, 1, 1), (1, 2, 4), (2, 2, 1), (2, 4, 4), (4, 4, 1), (4, 8, 4), (8, 8, 1)]
        self.blocks = nn.ModuleList(Block(a * width, b * width, stride) for a, b, stride in sizes)
        self.classify = nn.Linear(8 * width, n_tags)
        he_init(self, torch.Generator().manual_seed(seed))

    def activations(self, audio: torch.Tensor) -> list[torch.Tensor]:
        """Run sound (clip, sample): conv1 after pooling, then each block; nine (clip, channel, frame)."""
        outputs = [self.pool(torch.relu(self.norm1(self.conv1(audio[:, None]))))]
        for block in self.blocks:
            outputs.append(block(outputs[-1]))
        return outputs

    def pooled(self, audio: torch.Tensor) -> torch.Tensor:
        """Average the last block over time: sound (clip, sample) of any length to (clip, 8 width)."""
        y = self.pool(torch.relu(self.norm1(self.conv1(audio[:, None]))))
        for block in self.blocks:
            y = block(y)
        return y.mean(-1)

    def forward(self, audio: torch.Tensor) -> torch.Tensor:
        """Return the logits of the tags, (clip, n_tags); averaged over time before the linear map."""
        return self.classify(self.pooled(audio))


def he_init(module: nn.Module, generator: torch.Generator) -> None:
    """Draw all kernels from He's normal distribution (fan in), in a fixed order; set biases to zero."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv1d | nn.Linear):
            fan_in = math.prod(layer.weight.shape[1:])
            nn.init.normal_(layer.weight, 0, math.sqrt(2 / fan_in), generator=generator)
            nn.init.zeros_(layer.bias)


def save(path: Path, net: ResNet18, tags: list[str]) -> None:
    """Write the weights as safetensors; the same weights give the same bytes."""
    about = {"architecture": NAME, "options": net.options, "rate_hz": RATE_HZ, "tags": tags}
    state = {name: value.detach().cpu().contiguous() for name, value in sorted(net.state_dict().items())}
    # one key only: safetensors keeps metadata in no fixed order
    save_file(state, path, metadata={"heschl": json.dumps(about, sort_keys=True)})


def load(path: Path) -> tuple[ResNet18, list[str]]:
    """Read weights written by `save`: the network, ready to evaluate, and the names of its tags.

    Raises
    ------
    HeschlError
        If the file is missing, damaged or holds another network.
    """
    again = "Remove it and train again: rule train_tagger"
    try:
        with safe_open(path, "pt") as file:
            about = json.loads((file.metadata() or {}).get("heschl", "{}"))
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise HeschlError(path, f"can't be read: {error}", f"wanted weights of {NAME}", again) from None
    if about.get("architecture") != NAME:
        raise HeschlError(path, f"holds {about.get('architecture', 'another network')}", f"wanted {NAME}", again)
    net = ResNet18(**about["options"])
    net.load_state_dict(state)
    return net.eval(), about["tags"]
