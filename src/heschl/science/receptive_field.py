"""Lengths, rates and receptive fields of a convolutional network in one dimension, from its windows."""

from typing import NamedTuple

RATE_HZ = 16_000


class Stage(NamedTuple):
    """A stage: its channels, its windows in order as (kernel, stride, padding), its kind of shortcut."""

    name: str
    channels: int
    windows: tuple[tuple[int, int, int], ...]
    shortcut: str = ""


class Row(NamedTuple):
    """What one stage puts out."""

    name: str
    channels: int
    kernel: int
    length: int
    stride: int
    rate_hz: float
    field_samples: int
    field_ms: float


def _block(name: str, channels: int, stride: int = 1) -> Stage:
    return Stage(name, channels, ((9, stride, 4), (9, 1, 4)), "projection" if stride > 1 else "identity")


def resnet18_1d(width: int = 64) -> tuple[Stage, ...]:
    """Return ResNet-18 squared: 49 = 7 x 7, 9 = 3 x 3, stride 4 = 2 x 2 (Thielen, Table 1); width is that of conv1."""
    return (
        Stage("conv1", width, ((49, 4, 24),)),
        Stage("pool", width, ((9, 4, 4),)),
        _block("conv2_1", width),
        _block("conv2_2", width),
        _block("conv3_1", 2 * width, 4),
        _block("conv3_2", 2 * width),
        _block("conv4_1", 4 * width, 4),
        _block("conv4_2", 4 * width),
        _block("conv5_1", 8 * width, 4),
        _block("conv5_2", 8 * width),
    )


RESNET18_1D = resnet18_1d()


def rows(n_samples: int, stages: tuple[Stage, ...] = RESNET18_1D, rate_hz: float = RATE_HZ) -> list[Row]:
    """Follow a signal of n_samples through the stages; lengths round down, as torch does.

    A window of kernel k and stride s adds (k - 1) * jump samples to the field and multiplies the jump by s.
    """
    length, jump, field, found = n_samples, 1, 1, []
    for stage in stages:
        for kernel, stride, padding in stage.windows:
            length = (length + 2 * padding - kernel) // stride + 1
            field += (kernel - 1) * jump
            jump *= stride
        found.append(_row(stage, length, jump, field, rate_hz))
    return found


def _row(stage: Stage, length: int, jump: int, field: int, rate_hz: float) -> Row:
    kernel = stage.windows[0][0]
    return Row(stage.name, stage.channels, kernel, length, jump, rate_hz / jump, field, 1000 * field / rate_hz)


def parameters(stages: tuple[Stage, ...] = RESNET18_1D, n_in: int = 1) -> list[int]:
    """Count what each stage learns: kernels and biases, two numbers a channel of batch normalisation, projections.

    A pool learns nothing. n_in : channels of the signal that comes in
    """
    found = []
    for stage in stages:
        count, channels = 0, n_in
        for kernel, _, _ in stage.windows if stage.name != "pool" else ():
            count += (channels * kernel + 3) * stage.channels
            channels = stage.channels
        found.append(count + (n_in + 1) * stage.channels * (stage.shortcut == "projection"))
        n_in = stage.channels
    return found
