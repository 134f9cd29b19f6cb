"""Learners of styles: the optimiser is the published one, the order is the seed's, and clips held out stay out."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from heschl.nets.batch_norm import EPS
from heschl.nets.style_cnn import StyleCNN
from heschl.nets.style_learner import learn
from heschl.nets.style_module import StyleModule, fit

N = 1600
CPU = torch.device("cpu")
FEW = {"epochs": 4, "batch": 8, "device": "cpu"}


def drawn(seed: int, n: int = 36) -> tuple[np.ndarray, np.ndarray]:
    """Three styles: tones of 200, 900 and 2500 Hz in noise."""
    rng, style = np.random.default_rng(seed), np.arange(n) % 3
    tone = np.sin(2 * np.pi * np.arange(N) / 8000 * np.array([[200], [900], [2500]]) + rng.uniform(0, 6, (n, 1, 1)))
    return (0.3 * tone[np.arange(n), style] + 0.1 * rng.standard_normal((n, N))).astype("f4"), style


TRAIN, TEST = np.arange(24), np.arange(24, 36)


@pytest.mark.parametrize("bn_eval", ["running", "exact_train"])
def test_a_network_learns_the_same_from_the_same_seed(bn_eval):
    wave, style = drawn(0)
    first, again, other = (learn(wave, style, TRAIN, TEST, seed=s, bn_eval=bn_eval, **FEW) for s in (0, 0, [5, 1]))
    if bn_eval == "exact_train":  # 12 steps are few for running averages
        assert np.mean(first.probability.argmax(1) == style[TEST]) > 0.8
    np.testing.assert_array_equal(first.probability, again.probability)
    assert (first.probability != other.probability).any()
    assert (
        first.loss.shape == first.seconds.shape == (4,) and first.loss[-1] < first.loss[0] and first.seconds.min() > 0
    )
    np.testing.assert_allclose(first.probability.sum(1), 1, rtol=1e-5)
    assert first.n_parameters == sum(p.numel() for n, p in first.net.named_parameters() if "norms" not in n)


def test_clips_held_out_have_no_part_in_it():
    wave, style = drawn(0)
    first = learn(wave, style, TRAIN, TEST, seed=0, bn_eval="exact_train", **FEW)
    loud, wrong = wave.copy(), style.copy()
    loud[TEST] *= 50
    wrong[TEST] = 0
    second = learn(loud, wrong, TRAIN, TEST, seed=0, bn_eval="exact_train", **FEW)
    for (name, a), b in zip(first.net.state_dict().items(), second.net.state_dict().values(), strict=True):
        assert torch.equal(a, b), name


def test_steps_are_those_of_nesterov_written_out():
    """v' = mu v - a g; theta += mu v' - a g (science.md A2)."""
    wave, style = (torch.from_numpy(a) for a in drawn(1, 10))
    module = StyleModule(StyleCNN(N, 3, seed=1), wave, style, learning_rate=0.02, momentum=0.9, batch=4, seed=7)
    other = StyleCNN(N, 3, seed=1)
    fit(module, 2, CPU)
    speed, losses = {name: torch.zeros_like(p) for name, p in other.named_parameters()}, []
    for epoch in range(2):
        steps = np.array_split(np.random.default_rng([7, epoch]).permutation(10), 3)
        assert [len(s) for s in steps] == [4, 3, 3]
        for chosen in steps:
            other.zero_grad()
            loss = F.cross_entropy(other(wave[chosen]), style[chosen])
            loss.backward()
            losses.append(float(loss.detach()))
            for name, p in other.named_parameters():
                speed[name] = 0.9 * speed[name] - 0.02 * p.grad
                p.data += 0.9 * speed[name] - 0.02 * p.grad
    np.testing.assert_allclose(module.loss, np.reshape(losses, (2, 3)).mean(1), rtol=1e-4)
    for a, b in zip(module.net.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-5)


def test_exact_statistics_are_those_of_all_training_clips():
    wave, style = drawn(2)
    net = learn(wave, style, TRAIN, TEST, seed=0, bn_eval="exact_train", **FEW).net
    x = torch.from_numpy(wave[TRAIN])
    with torch.no_grad():
        for norm, y in zip(net.norms, [x[:, None], *net.activations(x)], strict=True):
            y = y.double()
            np.testing.assert_allclose(norm.mean, y.mean((0, 2)), rtol=1e-4, atol=1e-6)
            np.testing.assert_allclose(norm.inv_std, 1 / torch.sqrt(y.var((0, 2), correction=0) + EPS), rtol=1e-4)


def test_features_learn_too():
    rng, style = np.random.default_rng(0), np.arange(60) % 2
    features = (rng.standard_normal((60, 12)) + 4 * style[:, None]).astype("f4")
    train = np.arange(40)
    found = learn(
        features, style, train, np.arange(40, 60), seed=0, front_end="embedding", bn_eval="exact_train", **FEW
    )
    assert np.mean(found.probability.argmax(1) == style[40:]) == 1


def test_a_loss_that_grows_beyond_all_numbers_is_told(capsys):
    wave, style = drawn(0)
    learn(wave, style, TRAIN, TEST, seed=0, learning_rate=1e30, **FEW | {"epochs": 2})
    assert "the learning rate 1e+30 is too high" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"bn_eval": "test"}, "bn_eval 'test'"),
        ({"train": TRAIN[:1]}, "two or more to train on"),
        ({"wave": drawn(0)[0] * np.nan}, "NaN"),
        ({"wave": drawn(0)[0][:, :1000]}, "too short"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(change, told):
    wave, style = drawn(0)
    given = {"wave": wave, "train": TRAIN} | change
    options = {k: v for k, v in given.items() if k not in ("wave", "train")}
    with pytest.raises(ValueError, match=told):
        learn(given["wave"], style, given["train"], TEST, seed=0, **FEW, **options)
