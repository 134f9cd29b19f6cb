"""Networks A and B: one voxel's beta power over 3 s to one of seven subjects (Roman, 4.1 to 4.3).

Convolution (stride 1, no padding), ReLU, maximum of each two samples; three times (A) or four (B); then 512 hidden
units and softmax. Roman doesn't state the nonlinearity after a convolution: ReLU is the default of Lasagne, which he
used. B's pools are named only after the fourth convolution, but its text tells of the first three as well.
"""

import math
from typing import NamedTuple

import torch
from torch import nn

from heschl.nets.long_conv import LongConv1d
from heschl.nets.pool_relu import POOL, pool_relu

N_SUBJECTS = 7
N_SAMPLES = 782  # 3.0 s at 2083 / 8 Hz, both ends included
N_HIDDEN = 512
A = ((100, 100), (50, 50), (25, 25))  # filters, kernel
B = ((500, 50), (200, 50), (100, 50), (50, 25))
GAINS = {"he": 2.0, "lecun": 1.0}  # variance of a weight times its fan-in


class Layer(NamedTuple):
    """A line of the table of a network: shape (channel, sample) or (unit,) of what comes out."""

    name: str
    shape: tuple[int, ...]
    parameters: int


class SubjectCNN(nn.Module):
    """A convolutional network on series; softmax is left to the loss.

    Parameters
    ----------
    layers : (filters, kernel in samples) of each convolution
    n_subjects : outputs
    n_samples : length of a series
    hidden : units of the fully connected layer
    seed : of the initialisation
    init : "he" as published, or "lecun"; normal, by fan-in
    width : below 1, that share of the filters and hidden units is kept (at least 2): a narrow network

    Raises
    ------
    ValueError
        If a layer would leave less than one sample, or init is unknown.
    """

    def __init__(
        self,
        layers: tuple[tuple[int, int], ...] | list[tuple[int, int]],
        n_subjects: int = N_SUBJECTS,
        n_samples: int = N_SAMPLES,
        hidden: int = N_HIDDEN,
        seed: int = 0,
        init: str = "he",
        width: float = 1.0,
    ) -> None:
        super().__init__()
        self.n_samples, self.width = n_samples, width
        filters = [_scaled(n, width) for n, _ in layers]
        length = _lengths([kernel for _, kernel in layers], n_samples)[-1][1]
        self.convolutions = nn.ModuleList(
            LongConv1d(n_in, n_out, kernel)
            for n_in, n_out, (_, kernel) in zip([1, *filters], filters, layers, strict=False)
        )
        self.hidden = nn.Linear(filters[-1] * length, _scaled(hidden, width))
        self.classify = nn.Linear(self.hidden.out_features, n_subjects)
        self._init(init, torch.Generator().manual_seed(seed))

    def _init(self, init: str, generator: torch.Generator) -> None:
        if init not in GAINS:
            raise ValueError(f"init {init!r}: wanted one of {sorted(GAINS)}")
        for layer in [*self.convolutions, self.hidden, self.classify]:
            fan_in = math.prod(layer.weight.shape[1:])
            nn.init.normal_(layer.weight, 0, math.sqrt(GAINS[init] / fan_in), generator=generator)
            nn.init.zeros_(layer.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits (batch, n_subjects) of series (batch, n_samples)."""
        y = x[:, None]
        for convolve in self.convolutions:
            y = pool_relu(convolve(y))
        return self.classify(torch.relu(self.hidden(y.flatten(1))))


def network_a(
    n_subjects: int = N_SUBJECTS, n_samples: int = N_SAMPLES, width: float = 1.0, seed: int = 0
) -> SubjectCNN:
    """Network A (4.1, 4.2): 1,076,328 parameters for 7 subjects and 782 samples."""
    return SubjectCNN(A, n_subjects, n_samples, seed=seed, width=width)


def network_b(
    n_subjects: int = N_SUBJECTS, n_samples: int = N_SAMPLES, width: float = 1.0, seed: int = 0
) -> SubjectCNN:
    """Network B (4.3): 6,538,953 parameters for 7 subjects and 782 samples."""
    return SubjectCNN(B, n_subjects, n_samples, seed=seed, width=width)


def describe(net: SubjectCNN) -> list[Layer]:
    """List the layers from input to softmax; those with fewer filters or units than published are called narrow."""
    narrow = "narrow " if net.width < 1 else ""
    rows = [Layer("input", (1, net.n_samples), 0)]
    lengths = _lengths([c.kernel_size[0] for c in net.convolutions], net.n_samples)
    for i, (convolve, (convolved, pooled)) in enumerate(zip(net.convolutions, lengths, strict=True), 1):
        filters = convolve.out_channels
        rows.append(Layer(f"{narrow}convolution {i}", (filters, convolved), _count(convolve)))
        rows.append(Layer(f"pool {i}", (filters, pooled), 0))
    rows.append(Layer(f"{narrow}hidden", (net.hidden.out_features,), _count(net.hidden)))
    rows.append(Layer("softmax", (net.classify.out_features,), _count(net.classify)))
    return rows


def _scaled(n: int, width: float) -> int:
    return n if width == 1 else max(2, round(n * width))


def _lengths(kernels: list[int], n_samples: int) -> list[tuple[int, int]]:
    """Count the samples after each convolution and after its pool."""
    lengths, n = [], n_samples
    for i, kernel in enumerate(kernels, 1):
        convolved = n - kernel + 1
        if convolved < POOL:
            where = "convolution" if convolved < 1 else "pool"
            raise ValueError(
                f"{where} {i}: {n} samples are too few for a kernel of {kernel} and a pool of {POOL}; "
                f"wanted {kernel + POOL - 1} or more, from {n_samples} samples at the input"
            )
        n = convolved // POOL
        lengths.append((convolved, n))
    return lengths


def _count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())
