"""The clockwork recurrent network (Koutnik et al. 2014), as Roman uses it in 4.4, and a classifier made of it.

    y_H(t) = tanh(W_H y_H(t-1) + W_I x(t)),   y_O(t) = tanh(W_O y_H(t))

One hidden layer of modules. Module i, of period T_i, takes a new state where t mod T_i = 0 (t = 0, 1, ...: all do at
the first step) and keeps its state elsewhere. It listens to the inputs, to itself and to slower modules only.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from heschl.nets.clockwork_scan import scan

PERIODS = (1, 2, 4, 8, 16, 32, 64)
INIT = 0.08  # all weights start between -INIT and INIT; "uniform" in Roman, who gives no range


class ClockworkRNN(nn.Module):
    """Seven modules of one unit as published.

    Parameters
    ----------
    n_inputs, n_outputs : features of x(t) and of y_O(t)
    periods : steps between two updates of each module, fastest first
    units_per_module : units that share a period
    seed : of the uniform initialisation

    Raises
    ------
    ValueError
        If periods aren't rising whole numbers from 1, or there are no units.
    """

    def __init__(
        self,
        n_inputs: int = 1,
        n_outputs: int = 1,
        periods: Sequence[int] = PERIODS,
        units_per_module: int = 1,
        seed: int = 0,
    ) -> None:
        super().__init__()
        rising = all(a < b for a, b in zip(periods, periods[1:], strict=False))
        if not periods or periods[0] < 1 or not rising or any(p != int(p) for p in periods):
            raise ValueError(f"periods {list(periods)}: wanted rising whole numbers, 1 or more")
        if units_per_module < 1:
            raise ValueError(f"{units_per_module} units per module: wanted 1 or more")
        n_units = len(periods) * units_per_module
        self.periods = tuple(int(p) for p in periods)
        self.period = np.repeat(np.array(self.periods, np.int64), units_per_module)
        self.first = np.repeat(np.arange(0, n_units, units_per_module), units_per_module)
        self.register_buffer("links", torch.from_numpy(np.arange(n_units) >= self.first[:, None]), persistent=False)
        generator = torch.Generator().manual_seed(seed)
        self.recurrent = _uniform(n_units, n_units, generator)  # W_H, (to, from); only its links count
        self.inputs = _uniform(n_units, n_inputs, generator)  # W_I
        self.outputs = _uniform(n_outputs, n_units, generator)  # W_O
        self.recurrent.data *= self.links

    def hidden(self, x: torch.Tensor) -> torch.Tensor:
        """Return y_H, (batch, time, unit), of inputs (batch, time, n_inputs)."""
        return self.states(x).permute(2, 0, 1)

    def states(self, x: torch.Tensor) -> torch.Tensor:
        """Return y_H as it is computed, (time, unit, batch)."""
        return scan(x.permute(1, 2, 0), self.inputs, self.recurrent, self.period, self.first)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return y_O, (batch, time, n_outputs), of inputs (batch, time, n_inputs)."""
        # step by step, as the states lie in memory
        outputs = torch.bmm(self.outputs.expand(x.shape[1], -1, -1), self.states(x))
        return torch.tanh(outputs).permute(2, 0, 1)

    def forward_loop(self, x: torch.Tensor) -> torch.Tensor:
        """Return the same as `forward`, step by step as the equations read: slow, to compare with."""
        recurrent = self.recurrent * self.links
        due = [torch.from_numpy(t % self.period == 0).to(x.device) for t in range(x.shape[1])]
        state, outputs = x.new_zeros(len(x), len(self.period)), []
        for t in range(x.shape[1]):
            new = torch.tanh(F.linear(state, recurrent) + F.linear(x[:, t], self.inputs))
            state = torch.where(due[t], new, state)
            outputs.append(torch.tanh(F.linear(state, self.outputs)))
        return torch.stack(outputs, 1)


def _uniform(n_to: int, n_from: int, generator: torch.Generator) -> nn.Parameter:
    return nn.Parameter(torch.empty(n_to, n_from).uniform_(-INIT, INIT, generator=generator))


class ClockworkClassifier(nn.Module):
    """Tells subjects apart by the mean over time of the hidden state: softmax regression on it.

    Roman fitted series with this network but left classification undone: training was too slow.
    """

    def __init__(self, rnn: ClockworkRNN) -> None:
        super().__init__()
        self.rnn = rnn
        self.bias = nn.Parameter(torch.zeros(len(rnn.outputs)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits, (batch, n_outputs), of series (batch, time)."""
        mean = self.rnn.states(x[..., None]).sum(0) / x.shape[1]
        return F.linear(mean.T, self.rnn.outputs, self.bias)
