"""musicnn, a tagger with musically shaped filters, in torch (Pons and Serra 2019; wheel musicnn 0.1.0).

Input: log mel spectrograms (patch, 187 frames, 96 mels). Channels come first here, last in TensorFlow.
"""

from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from heschl.errors import HeschlError

N_MELS = 96
N_FRAMES = 187


class Front(nn.Module):
    """Convolve a spectrogram, ReLU, BN, keep the strongest mel."""

    def __init__(self, n_out: int, kernel: tuple[int, int]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, n_out, kernel)
        self.norm = nn.BatchNorm2d(n_out, eps=1e-3)
        before = (kernel[0] - 1) // 2  # TensorFlow's "same": the odd sample goes behind
        self.pad = (0, 0, before, kernel[0] - 1 - before)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (patch, 1, frame, mel) to (patch, n_out, frame)."""
        # norm and relu are monotone by feature, so the largest of all mels may be taken first; where norm falls, the
        # smallest is wanted: minus the largest of the opposite
        sign = 1.0 - 2.0 * (self.norm.weight < 0)
        bands = F.conv2d(F.pad(x, self.pad), self.conv.weight * sign[:, None, None, None], self.conv.bias * sign)
        extreme = bands.amax(3) * sign[:, None]
        return self.norm(torch.relu(extreme)[..., None])[..., 0]


class Middle(nn.Module):
    """Convolve features over 7 frames, ReLU, BN."""

    def __init__(self, n_in: int) -> None:
        super().__init__()
        self.conv = nn.Conv1d(n_in, 64, 7, padding=3)
        self.norm = nn.BatchNorm1d(64, eps=1e-3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (patch, n_in, frame) to (patch, 64, frame)."""
        return self.norm(torch.relu(self.conv(x)))


class Musicnn(nn.Module):
    """Timbral and temporal front end, three dense layers, pooling over the patch, two linear maps."""

    def __init__(self, n_tags: int = 50) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(1, eps=1e-3)
        self.timbral = nn.ModuleList(Front(204, (7, n_mels)) for n_mels in (38, 67))
        self.temporal = nn.ModuleList(Front(51, (n_frames, 1)) for n_frames in (128, 64, 32))
        self.middle = nn.ModuleList(Middle(n_in) for n_in in (561, 64, 64))
        self.pooled_norm = nn.BatchNorm1d(1506, eps=1e-3)
        self.dense = nn.Linear(1506, 200)
        self.dense_norm = nn.BatchNorm1d(200, eps=1e-3)
        self.classify = nn.Linear(200, n_tags)

    def forward(self, mel: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return every activation of mel (patch, frame, mel).

        The first five are (patch, feature, frame), the rest (patch, feature).
        """
        x = self.norm(mel[:, None])
        timbral = torch.cat([front(x) for front in self.timbral], 1)
        temporal = torch.cat([front(x) for front in self.temporal], 1)
        front = torch.cat([timbral, temporal], 1)
        cnn1 = self.middle[0](front)
        cnn2 = self.middle[1](cnn1) + cnn1
        cnn3 = self.middle[2](cnn2) + cnn2
        dense = torch.cat([front, cnn1, cnn2, cnn3], 1)
        # TensorFlow concatenates max and mean on a last axis before it flattens: they alternate
        pooled = torch.stack([dense.amax(2), dense.mean(2)], 2).flatten(1)
        penultimate = self.dense_norm(torch.relu(self.dense(self.pooled_norm(pooled))))
        return {
            "timbral": timbral,
            "temporal": temporal,
            "cnn1": cnn1,
            "cnn2": cnn2,
            "cnn3": cnn3,
            "penultimate": penultimate,
            "tags": torch.sigmoid(self.classify(penultimate)),
        }


def load(path: Path) -> Musicnn:
    """Read weights saved under their TensorFlow names; the network is ready to evaluate.

    Raises
    ------
    HeschlError
        If the file is missing, damaged or lacks a variable.
    """
    try:
        tensors = load_file(path)
        net = Musicnn(tensors["dense_1/bias"].numel())
        _fill(net, tensors)
    except (SafetensorError, OSError, KeyError, RuntimeError) as error:
        fix = "Restore data/musicnn/MTT_musicnn.safetensors"
        raise HeschlError(path, f"can't be read: {error}", "wanted weights of musicnn", fix) from None
    return net.eval()


@torch.no_grad()
def _fill(net: Musicnn, tensors: dict[str, torch.Tensor]) -> None:
    """Copy TensorFlow's variables: convolutions and norms are numbered in the order of the graph."""
    fronts = [*net.timbral, *net.temporal]
    convs = [block.conv for block in [*fronts, *net.middle]]
    norms = [net.norm, *(block.norm for block in [*fronts, *net.middle]), net.pooled_norm, net.dense_norm]
    for i, conv in enumerate(convs):
        kernel = tensors[_numbered("conv2d", i, "kernel")].permute(3, 2, 0, 1)  # HWIO to OIHW
        # the middle layers' kernels span all features (width) over 7 frames (height)
        conv.weight.copy_(kernel if conv.weight.ndim == 4 else kernel[:, 0].transpose(1, 2))
        conv.bias.copy_(tensors[_numbered("conv2d", i, "bias")])
    for i, norm in enumerate(norms):
        _fill_norm(norm, tensors, i)
    for i, dense in enumerate([net.dense, net.classify]):
        dense.weight.copy_(tensors[_numbered("dense", i, "kernel")].T)
        dense.bias.copy_(tensors[_numbered("dense", i, "bias")])


def _fill_norm(norm: nn.Module, tensors: dict[str, torch.Tensor], i: int) -> None:
    names = {
        "weight": "gamma",
        "bias": "beta",
        "running_mean": "moving_mean",
        "running_var": "moving_variance",
    }
    for ours, theirs in names.items():
        getattr(norm, ours).copy_(tensors[_numbered("batch_normalization", i, theirs)])


def _numbered(kind: str, i: int, variable: str) -> str:
    return f"{kind}_{i}/{variable}" if i else f"{kind}/{variable}"
