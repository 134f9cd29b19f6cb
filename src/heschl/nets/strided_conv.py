"""Convolution with a stride as one without: the same numbers as nn.Conv1d, faster on CPUs.

With s samples to a step, sample t s + i of channel c is taken as sample t of channel (c, i), and so is the kernel:

    y_o(t) = sum_c,j w_oc(j) x_c(t s + j) = sum_c,i sum_m w_oci(m) x_ci(t + m),   j = m s + i

Eight channels are few for a processor that multiplies 16 numbers at once; 32 are not, and a kernel of 128 samples
becomes one of 32, without a stride, for which the spectrum is faster still (see long_conv).
"""

import torch
import torch.nn.functional as F
from torch import nn

from heschl.nets.long_conv import MIN_KERNEL, correlate


class StridedConv1d(nn.Conv1d):
    """nn.Conv1d without padding; on CPUs folded, see the top of the file, where the stride divides the kernel."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Map (batch, channel, sample) to (batch, filter, (sample - kernel) // stride + 1)."""
        (kernel,), (stride,) = self.kernel_size, self.stride
        if x.device.type != "cpu" or stride == 1 or kernel % stride:
            return F.conv1d(x, self.weight, self.bias, stride)
        steps = (x.shape[-1] - kernel) // stride + kernel // stride
        x, weight = _fold(x[..., : steps * stride], stride), _fold(self.weight, stride)
        if weight.shape[-1] < MIN_KERNEL:
            return F.conv1d(x, weight, self.bias)
        return correlate(x, weight) + self.bias[:, None]


def _fold(series: torch.Tensor, stride: int) -> torch.Tensor:
    """Reshape (a, channel, step stride) to (a, channel stride, step)."""
    a, channels, n = series.shape
    return series.view(a, channels, n // stride, stride).transpose(2, 3).reshape(a, channels * stride, n // stride)
