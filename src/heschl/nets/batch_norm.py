"""Batch normalisation as Lasagne does it: running averages of the mean and of 1 / standard deviation.

    y = gamma (x - mean) / sqrt(variance + eps) + beta

eps 1e-4, variances over n (not n - 1), averages moving by a tenth with each batch. The statistics are taken over
batch and time, or over the batch alone: then each sample of each channel has its own.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

EPS = 1e-4
ALPHA = 0.1  # share of a new batch in the running averages
AXES = ((0, 2), (0,))


class BatchNorm(nn.Module):
    """Normalises (batch, channel, sample) or (batch, feature); see the top of the file.

    Parameters
    ----------
    shape : of one example, (channel, sample) or (feature,)
    axes : (0, 2), one mean for each channel, or (0,), one for each number; the same for features

    Raises
    ------
    ValueError
        If axes are others.
    """

    def __init__(self, shape: tuple[int, ...], axes: tuple[int, ...] = (0, 2)) -> None:
        super().__init__()
        if tuple(axes) not in AXES:
            raise ValueError(f"axes {axes}: wanted one of {AXES}")
        self.alone = tuple(axes) == (0,)
        size = shape if self.alone else shape[:1]
        self.gamma, self.beta = nn.Parameter(torch.ones(size)), nn.Parameter(torch.zeros(size))
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("inv_std", torch.ones(size))
        self.totals: Totals | None = None  # what `measure` adds up

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Normalise by the batch's own statistics in training, by the averages in use."""
        rows = x.flatten(1) if self.alone else x
        if self.totals is not None:
            self.totals.add(rows)
        gamma, beta = self.gamma.flatten(), self.beta.flatten()
        if not self.training:
            scale = gamma * self.inv_std.flatten()
            shift = beta - self.mean.flatten() * scale
            return torch.addcmul(_along(shift, rows), rows, _along(scale, rows)).view_as(x)
        y, mean, inv_std = torch.native_batch_norm(rows, gamma, beta, None, None, True, ALPHA, EPS)
        with torch.no_grad():
            self.mean.lerp_(mean.view_as(self.mean), ALPHA)
            self.inv_std.lerp_(inv_std.view_as(self.inv_std), ALPHA)
        return y.view_as(x)


class Totals:
    """Sums over examples, float64: of one channel's numbers, and of their squares about a first guess of the mean."""

    def __init__(self) -> None:
        self.count, self.guess, self.sum, self.squares = 0, 0.0, 0.0, 0.0

    def add(self, rows: torch.Tensor) -> None:
        """Add rows (batch, channel, sample) or (batch, feature)."""
        over = [d for d in range(rows.ndim) if d != 1]
        if not self.count:
            self.guess = rows.double().mean(over)
        about = rows.double() - _along(self.guess, rows)
        self.count += rows.numel() // rows.shape[1]
        self.sum, self.squares = self.sum + about.sum(over), self.squares + about.square().sum(over)

    def statistics(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the mean and 1 / standard deviation, (channel,)."""
        off = self.sum / self.count
        return self.guess + off, torch.rsqrt(self.squares / self.count - off.square() + EPS)


@contextmanager
def measured(norm: BatchNorm) -> Iterator[None]:
    """Add up what comes into a norm inside, and give it those statistics in the end."""
    norm.totals = Totals()
    try:
        yield
        mean, inv_std = norm.totals.statistics()
        norm.mean.copy_(mean.view_as(norm.mean))
        norm.inv_std.copy_(inv_std.view_as(norm.inv_std))
    finally:
        norm.totals = None


def _along(values: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """Shape values (channel,) to be added to rows (batch, channel, ...)."""
    return values.view(-1, *[1] * (rows.ndim - 2))
