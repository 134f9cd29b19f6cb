"""One network of a study of subjects: built, trained on the training samples, asked about all others."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from torch import nn

from heschl.nets.clockwork import ClockworkClassifier, ClockworkRNN
from heschl.nets.subject_cnn import network_a, network_b
from heschl.nets.subject_module import probabilities, train
from heschl.science import subject_controls
from heschl.science.subject_samples import Samples
from heschl.science.subject_scores import Answers

Build = Callable[[int], nn.Module]


class Optimiser(NamedTuple):
    """Stochastic gradient descent with Nesterov momentum.

    epochs, batch : passes through the samples; samples per step
    clip : largest norm of a gradient, 0 for any; without it some networks never learn, the more so the narrower
    """

    learning_rate: float
    momentum: float
    epochs: int
    batch: int
    clip: float = 0.0


class Learned(NamedTuple):
    """What a network answers in each evaluation, and its loss, (phase, epoch): train, validation."""

    answers: dict[str, Answers]
    loss: np.ndarray
    n_parameters: int


def convolutional(network: str, n_subjects: int, n_samples: int, width: float) -> Build:
    """Return what builds network "a" or "b" from a seed."""
    build = {"a": network_a, "b": network_b}[network]
    return lambda seed: build(n_subjects, n_samples, width, seed)


def clockwork(n_subjects: int, n_units: int) -> Build:
    """Return what builds a clockwork classifier with n_units per module from a seed."""
    return lambda seed: ClockworkClassifier(ClockworkRNN(1, n_subjects, units_per_module=n_units, seed=seed))


def learn(build: Build, found: dict[str, Samples], n_subjects: int, optimiser: Optimiser, seed: Sequence[int]
          ) -> Learned:  # fmt: skip
    """Train a network on found["train"], note its loss on found["validation"], and ask it about every sample.

    Without training samples (a run that is missing) there are no answers, and losses are NaN.

    Parameters
    ----------
    found : normalised samples of each evaluation
    seed : whole numbers; the weights and the order of samples come from these
    """
    first, second = (int(s) for s in np.random.default_rng(seed).integers(2**31, size=2))
    net, loss = build(first), np.full((2, optimiser.epochs), np.nan)
    learnt, held_out = ((found[name].x, found[name].subject) for name in ("train", "validation"))
    if len(learnt[0]):
        options = {"learning_rate": optimiser.learning_rate, "momentum": optimiser.momentum, "seed": second}
        options |= {"epochs": optimiser.epochs, "batch": optimiser.batch, "clip": optimiser.clip}
        history = train(net, learnt, held_out if len(held_out[0]) else None, **options)
        loss = np.stack([history.loss_train, history.loss_validation])
    answers = {name: _ask(net, samples, n_subjects) for name, samples in found.items()}
    return Learned(answers, loss, sum(p.numel() for p in net.parameters()))


def _ask(net: nn.Module, samples: Samples, n_subjects: int) -> Answers:
    known = len(samples.x) > 0
    probability = probabilities(net, samples.x) if known else np.empty((0, n_subjects), np.float32)
    return Answers(probability, samples.subject, samples.place)


def baselines(found: dict[str, Samples], n_subjects: int, n_units: int, optimiser: Optimiser, seed: int
              ) -> dict[str, dict[str, float]]:  # fmt: skip
    """Accuracy of k-NN, SVM, softmax regression and a clockwork network in each evaluation; NaN without samples.

    Parameters
    ----------
    n_units : per module of the clockwork network; `optimiser` : its own
    """
    if not len(found["train"].x):
        return {}
    rows = {}
    for name in subject_controls.GRIDS:
        fitted, _ = subject_controls.baseline(name, found["train"], found["validation"], seed)
        rows[name] = {e: _share(subject_controls.answered(fitted, s.x), s.subject) for e, s in found.items()}
    answers = learn(clockwork(n_subjects, n_units), found, n_subjects, optimiser, [seed, 99]).answers
    rows["clockwork"] = {e: _share(a.probability.argmax(1), a.subject) for e, a in answers.items()}
    return rows


def _share(answered: np.ndarray, subject: np.ndarray) -> float:
    return float(np.mean(answered == subject)) if len(subject) else float("nan")
