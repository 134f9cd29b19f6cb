"""Learners learn what can be learnt, the same each time, and stay silent without samples."""

import numpy as np
import pytest

from heschl.nets import subject_learner as learners
from heschl.science.subject_samples import Samples

SLOW = learners.Optimiser(5e-3, 0.9, 4, 16)


def drawn(seed: int, n: int = 60) -> Samples:
    rng, subject = np.random.default_rng(seed), np.arange(n) % 3
    wave = np.sin(np.arange(320) * np.array([[0.1], [0.25], [0.6]]))
    return Samples((wave[subject] + rng.standard_normal((n, 320))).astype("f4"), subject, np.arange(n))


@pytest.fixture
def found() -> dict[str, Samples]:
    samples = {name: drawn(k) for k, name in enumerate(("train", "validation", "test"))}
    return samples | {"after": Samples(*(values[:0] for values in samples["test"]))}


def test_a_network_learns_the_same_from_the_same_seed(found):
    build = learners.convolutional("a", 3, 320, 0.1)
    first, again, other = (learners.learn(build, found, 3, SLOW, [seed, 1]) for seed in (0, 0, 5))
    test = first.answers["test"]
    assert np.mean(test.probability.argmax(1) == test.subject) > 0.9
    np.testing.assert_array_equal(test.subject, found["test"].subject)
    np.testing.assert_array_equal(test.probability, again.answers["test"].probability)
    assert (test.probability != other.answers["test"].probability).any()
    assert first.loss.shape == (2, 4) and np.isfinite(first.loss).all() and first.n_parameters > 100
    assert first.answers["after"].probability.shape == (0, 3)


def test_without_training_samples_there_is_nothing(found):
    empty = {name: Samples(*(values[:0] for values in samples)) for name, samples in found.items()}
    silent = learners.learn(learners.convolutional("a", 3, 320, 0.1), empty, 3, SLOW, [0])
    assert np.isnan(silent.loss).all() and all(len(a.subject) == 0 for a in silent.answers.values())
    assert learners.baselines(empty, 3, 1, SLOW, 0) == {}


def test_baselines_learn(found):
    rows = learners.baselines(found, 3, 2, learners.Optimiser(0.05, 0.9, 30, 16), 0)
    assert list(rows) == ["knn", "svm", "softmax", "clockwork"]
    assert min(rows[name]["test"] for name in ("knn", "svm", "softmax")) > 0.8 and rows["clockwork"]["test"] > 0.45
    assert np.isnan([row["after"] for row in rows.values()]).all()
