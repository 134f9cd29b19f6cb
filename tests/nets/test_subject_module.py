"""Training is the published descent, repeats to the bit, finds what is there and nothing in noise."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from heschl.nets.clockwork import ClockworkClassifier, ClockworkRNN
from heschl.nets.subject_cnn import SubjectCNN, network_a
from heschl.nets.subject_module import History, fit_series, probabilities, train

RECIPE = {"learning_rate": 5e-3, "momentum": 0.9, "seed": 0}
N_SAMPLES, N_SUBJECTS = 120, 5


def small(seed: int = 0) -> SubjectCNN:
    return SubjectCNN([(6, 30), (5, 20)], N_SUBJECTS, N_SAMPLES, hidden=16, seed=seed)


def samples(n: int, strength: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return noise with a pattern of each subject's own, strength 0 for none."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % N_SUBJECTS
    pattern = np.sin(2 * np.pi * np.arange(N_SAMPLES) / 40 + 2 * np.pi * np.arange(N_SUBJECTS)[:, None] / N_SUBJECTS)
    x = rng.standard_normal((n, N_SAMPLES)) + strength * pattern[y]
    return x.astype(np.float32), y


def accuracy(net: torch.nn.Module, x: np.ndarray, y: np.ndarray) -> float:
    return float((probabilities(net, x).argmax(1) == y).mean())


def by_hand(net: SubjectCNN, x: np.ndarray, y: np.ndarray, epochs: int, batch: int, nesterov: bool) -> list[float]:
    """Nesterov's momentum (Sutskever et al. 2013) written out; return the mean loss of each epoch's batches."""
    parameters, losses = list(net.parameters()), []
    velocity = [torch.zeros_like(p) for p in parameters]
    for epoch in range(epochs):
        order, seen = np.random.default_rng([0, epoch]).permutation(len(x)), []
        for chosen in np.split(order, range(batch, len(x), batch)):
            loss = F.cross_entropy(net(torch.from_numpy(x[chosen])), torch.from_numpy(y[chosen]))
            for p, v, g in zip(parameters, velocity, torch.autograd.grad(loss, parameters), strict=True):
                v.mul_(0.9).add_(g)
                p.data -= 5e-3 * (g + 0.9 * v if nesterov else v)
            seen.append(float(loss.detach()))
        losses.append(float(np.mean(seen)))
    return losses


@pytest.mark.parametrize("nesterov", [True, False])
def test_it_descends_as_published(nesterov) -> None:
    x, y = samples(50, 1.0, seed=0)
    net, reference = small(), small()
    history = train(net, (x, y), epochs=3, batch=16, nesterov=nesterov, **RECIPE)
    assert history.loss_train == pytest.approx(by_hand(reference, x, y, 3, 16, nesterov), rel=1e-5)
    for a, b in zip(net.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-6)


def test_the_same_seed_gives_the_same_bits_and_another_does_not() -> None:
    data, nets, histories = samples(60, 1.0, seed=0), [small() for _ in range(3)], []
    for i, net in enumerate(nets):
        torch.manual_seed(i)  # torch's own generator has no say
        histories.append(train(net, data, epochs=2, batch=16, **{**RECIPE, "seed": i // 2}))
    same, other = (torch.equal(nets[0].hidden.weight, net.hidden.weight) for net in nets[1:])
    assert same and not other
    assert np.array_equal(histories[0].loss_train, histories[1].loss_train)


def test_validation_changes_nothing_and_is_scored_after_each_epoch() -> None:
    data, held_out = samples(60, 1.0, seed=0), samples(20, 1.0, seed=1)
    alone, watched = small(), small()
    first = train(alone, data, epochs=3, batch=16, **RECIPE)
    second = train(watched, data, held_out, epochs=3, batch=16, **RECIPE)
    assert isinstance(first, History) and first.loss_train.shape == (3,)
    assert np.isnan(first.loss_validation).all() and np.isnan(first.accuracy_validation).all()
    assert np.array_equal(first.loss_train, second.loss_train)
    assert torch.equal(alone.hidden.weight, watched.hidden.weight)
    assert second.accuracy_validation[-1] == pytest.approx(accuracy(watched, *held_out))
    predicted = np.log(probabilities(watched, held_out[0])[np.arange(20), held_out[1]])
    assert second.loss_validation[-1] == pytest.approx(-predicted.mean(), rel=1e-5)


def test_it_finds_planted_patterns() -> None:
    net = small()
    history = train(net, samples(400, 0.7, seed=0), samples(100, 0.7, seed=1), epochs=10, batch=32, **RECIPE)
    assert history.loss_train[-1] < 0.5 * history.loss_train[0]
    assert history.accuracy_train[-1] > history.accuracy_train[0]
    assert accuracy(net, *samples(200, 0.7, seed=2)) > 0.9


def test_noise_is_told_apart_at_chance() -> None:
    net = small()
    train(net, samples(200, 0.0, seed=0), epochs=10, batch=32, **RECIPE)
    x, y = samples(1000, 0.0, seed=2)
    assert abs(accuracy(net, x, y) - 1 / N_SUBJECTS) < 4 * (0.2 * 0.8 / 1000) ** 0.5


def test_the_published_network_learns() -> None:
    rng = np.random.default_rng(0)
    y = np.arange(56) % 7
    x = rng.standard_normal((56, 782)) + np.sin(np.arange(782) * 2 * np.pi * (y[:, None] + 2) / 208)
    net = network_a(width=0.1)
    history = train(net, (x, y), epochs=6, batch=14, **RECIPE)
    assert history.loss_train[-1] < 0.5 * history.loss_train[0]


def test_the_clockwork_classifier_learns_through_the_same_door() -> None:
    net = ClockworkClassifier(ClockworkRNN(1, N_SUBJECTS, units_per_module=4, seed=0))
    rng = np.random.default_rng(0)
    y = np.arange(200) % N_SUBJECTS
    x = rng.standard_normal((200, N_SAMPLES)) + y[:, None] - 2
    history = train(net, (x, y), epochs=30, batch=20, learning_rate=0.1, momentum=0.9, seed=0)
    assert history.accuracy_train[-1] > 0.6


def test_probabilities_are_the_softmax_output_whatever_the_batch() -> None:
    net, (x, _) = small(), samples(23, 1.0, seed=0)
    found = probabilities(net, x)
    assert found.shape == (23, N_SUBJECTS) and found.dtype == np.float32
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-6)
    np.testing.assert_allclose(found, probabilities(net, x, batch=5), rtol=1e-5)


def test_samples_that_do_not_fit_are_refused() -> None:
    x, y = samples(10, 1.0, seed=0)
    for bad in ((x, y[:9]), (x[0], y), (x[:0], y[:0])):
        with pytest.raises(ValueError, match="train: x .* wanted"):
            train(small(), bad, epochs=1, **RECIPE)
    x[3, 4] = np.nan
    with pytest.raises(ValueError, match="validation: x holds NaN"):
        train(small(), samples(10, 1.0, seed=0), (x, y), epochs=1, **RECIPE)


def test_a_descent_that_runs_away_says_so(capsys) -> None:
    train(small(), samples(50, 1.0, seed=0), epochs=2, batch=10, **{**RECIPE, "learning_rate": 1e6})
    assert "learning rate 1000000.0 is too high" in capsys.readouterr().err


def wave(n: int) -> np.ndarray:
    t = np.arange(n)
    return 5 * np.sin(2 * np.pi * t / 50) + 3 * np.sin(2 * np.pi * t / 23)


def test_a_series_is_fitted_from_its_past() -> None:
    rnn, series = ClockworkRNN(seed=0), wave(300)
    loss, outputs = fit_series(rnn, series, 400, learning_rate=1e-4, keep=[0, 100, 400])
    scaled = series / np.abs(series).max()
    assert loss.shape == (400,) and outputs.shape == (3, 300)
    errors = ((outputs - scaled) ** 2).mean(1)
    assert errors[0] == pytest.approx(loss[0], rel=1e-4) and errors[1] == pytest.approx(loss[100], rel=1e-4)
    assert loss[-1] < 0.5 * loss[0] and errors[2] < 0.5 * errors[0]


def test_a_constant_part_does_not_hinder_the_fit() -> None:
    series = 40 + wave(300)
    loss, outputs = fit_series(ClockworkRNN(seed=0), series, 400, learning_rate=1e-4, keep=[0, 400])
    scaled = series / series.max()
    errors = ((outputs - scaled) ** 2).mean(1)
    assert errors[0] == pytest.approx(loss[0], rel=1e-3) and errors[1] < 0.5 * scaled.var()


def test_the_first_step_of_a_fit_is_plain_descent_on_half_the_squared_errors() -> None:
    rnn, reference, series = ClockworkRNN(seed=1), ClockworkRNN(seed=1), wave(60)
    fit_series(rnn, series, 1, learning_rate=1e-3)
    series = series - series.mean()
    scaled = torch.from_numpy((series / np.abs(series).max()).astype(np.float32))
    before = torch.cat([torch.zeros(1), scaled[:-1]])
    (reference.forward_loop(before[None, :, None])[0, :, 0] - scaled).square().sum().div(2).backward()
    for a, b in zip(rnn.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(a.detach(), b.detach() - 1e-3 * b.grad)


def test_the_output_at_a_sample_depends_on_earlier_ones_only() -> None:
    first, second = wave(100), wave(100)
    second[60:] = first[:59:-1]  # the mean and the largest deviation stay
    outputs = [fit_series(ClockworkRNN(seed=0), s, 0, keep=[0])[1][0] for s in (first, second)]
    np.testing.assert_allclose(outputs[0][:61], outputs[1][:61], rtol=1e-6)
    assert np.abs(outputs[0][61:] - outputs[1][61:]).max() > 1e-3


def test_series_that_cannot_be_fitted_are_refused() -> None:
    for bad in (np.zeros(9), np.full(9, 0.1), np.array([1, np.nan, 2])):
        with pytest.raises(ValueError, match="deviates from its mean"):
            fit_series(ClockworkRNN(), bad, 3)
    with pytest.raises(ValueError, match=r"keep \[4\]: wanted 0 to 3"):
        fit_series(ClockworkRNN(), wave(9), 3, keep=[4])
