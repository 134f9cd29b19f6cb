"""The network that tells styles by ear, from the waveform alone (Geng, 3.2; science.md A2).

Batch norm on the input; three times convolution, ReLU, batch norm (no pooling, no padding); 256 hidden units with
ReLU; softmax, which is left to the loss. 5 s at 8 kHz: 40,000 -> 19,997 -> 4,992 -> 1,217 samples.
"""

import math
from typing import NamedTuple

import torch
from torch import nn

from heschl.nets.batch_norm import BatchNorm
from heschl.nets.strided_conv import StridedConv1d

N_SAMPLES = 40_000  # 5 s at 8 kHz
N_STYLES = 2
N_FILTERS = 8
N_HIDDEN = 256
GLOROT = ("sqrt6", "lecun_1_sqrt_n")


class Convolution(NamedTuple):
    """Kernel and stride, in samples of the layer's input."""

    kernel: int
    stride: int


CONVOLUTIONS = (Convolution(8, 2), Convolution(32, 4), Convolution(128, 4))


class StyleCNN(nn.Module):
    """Waveforms to the logits of styles; 2,503,514 parameters without batch norm as published.

    Parameters
    ----------
    n_samples : length of a clip
    n_styles : outputs
    glorot : "sqrt6", uniform within sqrt(6 / (fan_in + fan_out)) as Lasagne does it, or "lecun_1_sqrt_n",
        uniform within 1 / sqrt(fan_in) as Geng writes it
    bn_axes : (0, 2), statistics of a filter over batch and time, or (0,), over the batch alone
    seed : of the initialisation

    Raises
    ------
    ValueError
        If clips are too short for the three convolutions, or glorot or bn_axes are unknown.
    """

    def __init__(
        self,
        n_samples: int = N_SAMPLES,
        n_styles: int = N_STYLES,
        *,
        glorot: str = "sqrt6",
        bn_axes: tuple[int, ...] = (0, 2),
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.options = {"n_samples": n_samples, "n_styles": n_styles, "glorot": glorot, "bn_axes": list(bn_axes)}
        channels, sizes = [1] + [N_FILTERS] * len(CONVOLUTIONS), lengths(n_samples)
        self.norms = nn.ModuleList(BatchNorm(shape, bn_axes) for shape in zip(channels, sizes, strict=True))
        self.convolutions = nn.ModuleList(
            StridedConv1d(n_in, N_FILTERS, kernel, stride)
            for n_in, (kernel, stride) in zip(channels, CONVOLUTIONS, strict=False)
        )
        self.hidden = nn.Linear(N_FILTERS * sizes[-1], N_HIDDEN)
        self.classify = nn.Linear(N_HIDDEN, n_styles)
        glorot_init(self, glorot, torch.Generator().manual_seed(seed))

    def activations(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Run clips (batch, sample) or (batch, 1, sample): each convolution after ReLU, before batch norm.

        Returns
        -------
        list of three tensors (batch, filter, sample)
        """
        outputs, y = [], x.reshape(len(x), 1, -1)
        for norm, convolve in zip(self.norms, self.convolutions, strict=False):
            outputs.append(torch.relu(convolve(norm(y))))
            y = outputs[-1]
        return outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits (batch, n_styles) of clips (batch, sample) or (batch, 1, sample)."""
        y = self.norms[-1](self.activations(x)[-1])
        return self.classify(torch.relu(self.hidden(y.flatten(1))))


def lengths(n_samples: int) -> list[int]:
    """Count the samples of a clip and of what comes out of each convolution.

    Raises
    ------
    ValueError
        If a convolution is left without a whole kernel.
    """
    found = [n_samples]
    for kernel, stride in CONVOLUTIONS:
        if found[-1] < kernel:
            wanted = f"wanted {receptive_fields()[-1]} at least"
            raise ValueError(f"clips of {n_samples} samples are too short for three convolutions: {wanted}")
        found.append((found[-1] - kernel) // stride + 1)
    return found


def receptive_fields() -> list[int]:
    """Return how many samples of sound one number of each layer sees: 8, 70, 1086, strides counted."""
    fields, field, step = [], 1, 1
    for kernel, stride in CONVOLUTIONS:
        field += (kernel - 1) * step
        step *= stride
        fields.append(field)
    return fields


def glorot_init(module: nn.Module, glorot: str, generator: torch.Generator) -> None:
    """Draw all kernels in a fixed order, see StyleCNN; set biases to zero; ValueError if glorot is unknown."""
    if glorot not in GLOROT:
        raise ValueError(f"glorot {glorot!r}: wanted one of {', '.join(GLOROT)}")
    for layer in module.modules():
        if isinstance(layer, nn.Conv1d | nn.Linear):
            n_out, n_in, *kernel = layer.weight.shape
            fan_in, fan_out = n_in * math.prod(kernel), n_out * math.prod(kernel)
            bound = math.sqrt(6 / (fan_in + fan_out)) if glorot == "sqrt6" else 1 / math.sqrt(fan_in)
            nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
            nn.init.zeros_(layer.bias)


def n_parameters(net: nn.Module) -> int:
    """Count the parameters apart from batch norm, as published."""
    return sum(p.numel() for name, p in net.named_parameters() if not name.startswith("norms."))
