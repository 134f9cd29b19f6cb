"""The compiled clockwork RNN is the one of the equations, to its derivatives; links and clocks are as published."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from heschl.nets.clockwork import INIT, PERIODS, ClockworkClassifier, ClockworkRNN
from heschl.nets.clockwork_scan import scan


def inputs(*shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(7), dtype=dtype)


def gradients(rnn: ClockworkRNN, x: torch.Tensor, forward) -> list[torch.Tensor]:
    """Return the output and the derivatives by input and weights of a weighted sum of it."""
    rnn.zero_grad()
    x = x.clone().requires_grad_()
    y = forward(x)
    (y * inputs(*y.shape, dtype=y.dtype)).sum().backward()
    return [y.detach(), x.grad, *(p.grad.clone() for p in rnn.parameters())]


def equations(rnn: ClockworkRNN, x: np.ndarray) -> np.ndarray:
    """Return y_H (time, unit) of one series (time, n_inputs), unit by unit, in plain Python."""
    recurrent, weights = (p.detach().double().numpy() for p in (rnn.recurrent, rnn.inputs))
    size, states = len(recurrent) // len(rnn.periods), [np.zeros(len(recurrent))]
    for t in range(len(x)):
        new = states[-1].copy()
        for a in range(len(new)):
            if t % rnn.periods[a // size] == 0:
                heard = [c for c in range(len(new)) if rnn.periods[c // size] >= rnn.periods[a // size]]
                new[a] = np.tanh(sum(recurrent[a, c] * states[-1][c] for c in heard) + weights[a] @ x[t])
        states.append(new)
    return np.array(states[1:])


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.integers(1, 9), min_size=1, max_size=4, unique=True).map(sorted),
    st.integers(1, 3),
    st.integers(1, 20),
    st.integers(0, 9),
)
def test_hidden_states_are_those_of_the_equations(periods, units, n_steps, seed) -> None:
    rnn = ClockworkRNN(2, 3, periods, units, seed).double()
    with torch.no_grad():
        rnn.recurrent *= 10  # so that they matter
        rnn.inputs *= 10
    x = inputs(3, n_steps, 2)
    found = rnn.hidden(x).detach().numpy()
    assert found.shape == (3, n_steps, len(periods) * units)
    for one, series in zip(found, x.numpy(), strict=True):
        np.testing.assert_allclose(one, equations(rnn, series), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize(("units", "batch", "n_inputs"), [(1, 1, 1), (1, 5, 1), (3, 4, 2)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_equals_the_loop_with_its_derivatives(units, batch, n_inputs, dtype) -> None:
    rnn = ClockworkRNN(n_inputs, 2, PERIODS, units, seed=1).to(dtype)
    with torch.no_grad():
        rnn.recurrent *= 5
    x = inputs(batch, 150, n_inputs, dtype=dtype)
    found, wanted = gradients(rnn, x, rnn), gradients(rnn, x, rnn.forward_loop)
    names = ["output", "input", *dict(rnn.named_parameters())]
    double = dtype == torch.float64
    for name, a, b in zip(names, found, wanted, strict=True):
        # single precision rounds the sums of both over batch and time
        tolerance = 1e-12 if double else 1e-6 if name == "output" else 1e-5
        assert float((a - b).abs().max()) <= tolerance * max(1, float(b.abs().max())), name


def test_the_derivative_is_exact() -> None:
    period, first = np.array([1, 1, 2, 3]), np.array([0, 0, 2, 3])
    arrays = [inputs(*shape).requires_grad_() for shape in ((7, 3, 2), (4, 3), (4, 4))]
    assert torch.autograd.gradcheck(lambda *some: scan(*some, period, first), arrays)


def test_single_precision_knows_tanh_at_all_sizes() -> None:
    x = torch.cat([torch.linspace(-12, 12, 4001), torch.tensor([1e-30, 1e-6, -1e-3, 1e4, -float("inf")])])
    period, first = np.array([1]), np.array([0])
    found = scan(x[None, None], torch.ones(1, 1), torch.zeros(1, 1), period, first)[0, 0]
    torch.testing.assert_close(found, torch.tanh(x), rtol=4e-7, atol=0)


def test_it_takes_derivatives_that_are_not_contiguous() -> None:
    rnn = ClockworkRNN(seed=2).double()
    x = inputs(3, 20, 1)
    found = [torch.autograd.grad(f(x), rnn.inputs)[0] for f in (lambda x: rnn.hidden(x).mean(1).sum(), _loop_sum(rnn))]
    torch.testing.assert_close(*found)


def _loop_sum(rnn: ClockworkRNN):
    def total(x: torch.Tensor) -> torch.Tensor:
        recurrent, state, states = rnn.recurrent * rnn.links, x.new_zeros(len(x), 7), []
        for t in range(x.shape[1]):
            new = torch.tanh(state @ recurrent.T + x[:, t] @ rnn.inputs.T)
            state = torch.where(torch.from_numpy(t % np.array(PERIODS) == 0), new, state)
            states.append(state)
        return torch.stack(states).mean(0).sum()

    return total


def test_modules_hold_their_state_between_updates() -> None:
    states = ClockworkRNN(seed=3).hidden(inputs(2, 200, 1, dtype=torch.float32)).detach().numpy()
    moved = np.diff(states, axis=1) != 0
    for module, period in enumerate(PERIODS):
        due = np.arange(1, 200) % period == 0
        assert moved[:, due, module].all() and not moved[:, ~due, module].any()


def test_links_go_from_slower_to_faster_modules_only() -> None:
    rnn = ClockworkRNN(units_per_module=2, seed=4)
    size = np.arange(14) // 2
    assert np.array_equal(rnn.links.numpy(), size[None, :] >= size[:, None])
    assert not rnn.recurrent[~rnn.links].any() and rnn.recurrent[rnn.links].all()
    rnn.hidden(inputs(2, 70, 1, dtype=torch.float32)).square().sum().backward()
    assert not rnn.recurrent.grad[~rnn.links].any()
    states = rnn.hidden(inputs(2, 70, 1, dtype=torch.float32))
    with torch.no_grad():
        rnn.recurrent[:4] += 1  # of the two fastest modules
    changed = (rnn.hidden(inputs(2, 70, 1, dtype=torch.float32)) != states).any(1).any(0).numpy()
    assert changed[:4].all() and not changed[4:].any()


def test_weights_start_uniform_and_depend_on_the_seed() -> None:
    rnn = ClockworkRNN(5, 6, units_per_module=8, seed=5)
    for weight in (p.detach() for p in (rnn.inputs, rnn.outputs, rnn.recurrent[rnn.links])):
        assert 0.9 * INIT < float(weight.abs().max()) <= INIT
        assert float(weight.std()) == pytest.approx(INIT / 3**0.5, rel=0.15)
    assert torch.equal(rnn.inputs, ClockworkRNN(5, 6, units_per_module=8, seed=5).inputs)
    assert not torch.equal(rnn.inputs, ClockworkRNN(5, 6, units_per_module=8, seed=6).inputs)
    assert sum(p.numel() for p in ClockworkRNN().parameters()) == 49 + 7 + 7


@pytest.mark.parametrize("periods", [(), (0, 1), (2, 2), (4, 2), (1, 2.5)])
def test_clocks_that_cannot_be_are_refused(periods) -> None:
    with pytest.raises(ValueError, match="rising whole numbers"):
        ClockworkRNN(periods=periods)
    with pytest.raises(ValueError, match="0 units"):
        ClockworkRNN(units_per_module=0)


def test_the_classifier_reads_the_mean_hidden_state() -> None:
    net = ClockworkClassifier(ClockworkRNN(1, 7, units_per_module=2, seed=6))
    with torch.no_grad():
        net.bias += torch.arange(7)
    x = inputs(4, 60, dtype=torch.float32)
    wanted = net.rnn.hidden(x[..., None]).mean(1) @ net.rnn.outputs.T + torch.arange(7)
    torch.testing.assert_close(net(x), wanted)
    net(x).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
