"""The clockwork recurrence in one compiled pass over time: forward, and its exact derivative.

    y_a(t) = tanh(sum over i of v_ai x_i(t) + sum over c >= first_a of w_ac y_c(t-1))   where t mod period_a = 0
    y_a(t) = y_a(t-1)                                                                 elsewhere

Only the units that are due at a step are touched, and only links that exist: with periods 1, 2, 4, ... two of seven
units on average. The batch comes last, so that the innermost loops run over neighbours in memory.
"""

import numba
import numpy as np
import torch
from torch.autograd.function import once_differentiable

# tanh in single precision as a ratio of polynomials, within 3e-7 (Eigen): loops of it are vectorised
TOP = np.float32(7.90531110763549805)  # tanh is 1 beyond
P1, P3, P5, P7, P9, P11, P13 = np.array(
    [4.89352455891786e-03, 6.37261928875436e-04, 1.48572235717979e-05, 5.12229709037114e-08]
    + [-8.60467152213735e-11, 2.00018790482477e-13, -2.76076847742355e-16],
    np.float32,
)
Q0, Q2, Q4, Q6 = np.array(
    [4.89352518554385e-03, 2.26843463243900e-03, 1.18534705686654e-04, 1.19825839466702e-06], np.float32
)

_compiled = numba.njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc", "nsz"})


def scan(
    x: torch.Tensor, inputs: torch.Tensor, recurrent: torch.Tensor, period: np.ndarray, first: np.ndarray
) -> torch.Tensor:
    """Run the recurrence from y = 0; differentiable once by x and the weights.

    It runs on the CPU: tensors on a GPU are copied there and back, which is faster than one kernel launch a step.

    Parameters
    ----------
    x : tensor of shape (time, input, batch), float32 or float64
    inputs : tensor of shape (unit, input), v
    recurrent : tensor of shape (unit, unit), w, from the column's unit to the row's
    period : int64 array of shape (unit,), 1 or more
    first : int64 array of shape (unit,), the first unit that each one listens to; it listens to all after that

    Returns
    -------
    Tensor of shape (time, unit, batch)
    """
    return _Scan.apply(x, inputs, recurrent, period, first)


class _Scan(torch.autograd.Function):
    """Hand arrays to the compiled loops."""

    @staticmethod
    def forward(ctx, x, inputs, recurrent, period, first) -> torch.Tensor:
        arrays = [_array(tensor) for tensor in (x, inputs, recurrent)]
        states = np.empty((len(x), len(period), x.shape[2]), arrays[0].dtype)
        _run(*arrays, period, first, states)
        states = torch.from_numpy(states).to(x.device)
        ctx.save_for_backward(x, inputs, recurrent, states)
        ctx.clock = period, first
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx, grad: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        tensors = ctx.saved_tensors
        arrays = [_array(tensor) for tensor in (grad, *tensors)]
        by_x, by_inputs, by_recurrent = np.zeros_like(arrays[1]), *(np.zeros(w.shape) for w in arrays[2:4])
        _run_back(*arrays, *ctx.clock, by_x, by_inputs, by_recurrent)
        found = (torch.from_numpy(a).to(t) for a, t in zip((by_x, by_inputs, by_recurrent), tensors, strict=False))
        return *found, None, None


def _array(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().contiguous().numpy()


@_compiled
def _run(x, inputs, recurrent, period, first, states):
    """Fill states (time, unit, batch)."""
    n_steps, n_units, _ = states.shape
    for t in range(n_steps):
        for a in range(n_units):
            state = states[t, a]
            if t % period[a]:
                state[:] = states[t - 1, a]
                continue
            state[:] = 0
            for i in range(x.shape[1]):
                _add(inputs[a, i], x[t, i], state)
            if t:
                for c in range(first[a], n_units):
                    _add(recurrent[a, c], states[t - 1, c], state)
            _bend(state)


@_compiled
def _add(w, values, total):
    for b in range(len(total)):
        total[b] += w * values[b]


@_compiled
def _bend(z):
    """Replace values by their tanh."""
    if z.itemsize == 8:
        for b in range(len(z)):
            z[b] = np.tanh(z[b])
        return
    for b in range(len(z)):
        x = min(max(np.float32(z[b]), -TOP), TOP)
        s = x * x
        above = x * (P1 + s * (P3 + s * (P5 + s * (P7 + s * (P9 + s * (P11 + s * P13))))))
        z[b] = above / (Q0 + s * (Q2 + s * (Q4 + s * Q6)))


@_compiled
def _run_back(grad, x, inputs, recurrent, states, period, first, by_x, by_inputs, by_recurrent):
    """Add to by_x, by_inputs and by_recurrent the derivatives of the sum of grad * states."""
    n_steps, n_units, n_batch = grad.shape
    flow, earlier = np.zeros_like(grad[0]), np.zeros_like(grad[0])  # by the states at t and at t - 1
    for t in range(n_steps - 1, -1, -1):
        earlier[:] = 0
        for a in range(n_units):
            by_state = flow[a]
            by_state += grad[t, a]
            if t % period[a]:
                earlier[a] += by_state
                continue
            for b in range(n_batch):  # through tanh
                by_state[b] *= 1 - states[t, a, b] * states[t, a, b]
            for i in range(x.shape[1]):
                by_inputs[a, i] += _pass_back(inputs[a, i], by_state, x[t, i], by_x[t, i])
            if t:
                for c in range(first[a], n_units):
                    by_recurrent[a, c] += _pass_back(recurrent[a, c], by_state, states[t - 1, c], earlier[c])
        flow, earlier = earlier, flow


@_compiled
def _pass_back(w, by_state, before, by_before):
    """Send a derivative down one link to what it came from; return the derivative by the link's weight."""
    total = w - w  # zero of the arrays' own type; 0.0 would make it double
    for b in range(len(by_state)):
        by_before[b] += w * by_state[b]
        total += by_state[b] * before[b]
    return total
