"""Training follows the recipe, and a kill at any step changes no bit of its result."""

import numpy as np
import pytest
import torch

from heschl.nets import tagger as module
from heschl.nets.excerpts import Examples, Recipe
from heschl.nets.resnet18_1d import ResNet18
from heschl.nets.tagger import Tagger, fit

RECIPE = Recipe(epochs=3, steps_per_epoch=3, batch=4, excerpt_samples=1024, style_weight=1.0, patience=10, seed=0)


class KilledError(Exception):
    """Stands for SIGKILL."""


def examples(n_clips: int, seed: int = 0) -> Examples:
    rng = np.random.default_rng(seed)
    audio = torch.from_numpy(rng.standard_normal((n_clips, 3000)).astype("f4"))
    tags = torch.from_numpy(rng.random((n_clips, 3)).astype("f4"))
    present = np.arange(n_clips)[:, None] % 2 == np.arange(3) % 2
    return Examples(audio, tags, present, torch.from_numpy(np.arange(n_clips) % 2))


def learner(recipe: Recipe = RECIPE) -> Tagger:
    return Tagger(ResNet18(n_tags=3, width=2), examples(8), examples(4, seed=1), recipe)


def bits(tagger: Tagger) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in tagger.state_dict().items()}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> Tagger:
    tagger = learner()
    fit(tagger, tmp_path_factory.mktemp("whole"))
    return tagger


@pytest.mark.parametrize("killed_at", [0, 1, 2, 3, 4, 5, 6, 8])
@pytest.mark.parametrize("every", [1, 3])
def test_a_killed_run_resumes_to_the_same_bits(tmp_path, monkeypatch, uninterrupted, killed_at, every) -> None:
    monkeypatch.setattr(module, "CHECKPOINT_STEPS", every)
    first, step = learner(), Tagger.training_step

    def die(self, batch, index):
        if self.global_step == killed_at:
            raise KilledError
        return step(self, batch, index)

    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(Tagger, "training_step", die)
        fit(first, tmp_path)
    second = learner()
    fit(second, tmp_path)
    assert second.history == uninterrupted.history
    assert len(second.history["step_loss"]) == 9 and len(second.history["validation_auc"]) == 3
    wanted = bits(uninterrupted)
    assert all(torch.equal(value, wanted[name]) for name, value in bits(second).items())


def test_a_run_killed_after_its_end_changes_nothing(tmp_path) -> None:
    recipe = Recipe(9, 2, 4, 1024, 1.0, patience=1, seed=0)
    first, second = learner(recipe), learner(recipe)
    fit(first, tmp_path)
    assert len(first.history["validation_auc"]) < 9  # it stopped early
    fit(second, tmp_path)
    assert first.history == second.history
    assert all(torch.equal(a, b) for a, b in zip(bits(first).values(), bits(second).values(), strict=True))


def test_a_torn_checkpoint_is_thrown_away(tmp_path, uninterrupted, capsys) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "last.ckpt").write_bytes(b"torn")
    tagger = learner()
    fit(tagger, folder)
    assert "starts again" in capsys.readouterr().err
    assert all(torch.equal(a, b) for a, b in zip(bits(tagger).values(), bits(uninterrupted).values(), strict=True))


def test_training_lowers_the_loss_and_moves_the_weights(tmp_path) -> None:
    recipe = Recipe(4, 10, 8, 1024, style_weight=0.0, patience=10, seed=0)
    tagger = learner(recipe)
    before = bits(tagger)
    fit(tagger, tmp_path)
    losses = tagger.history["step_loss"]
    assert np.mean(losses[-5:]) < np.mean(losses[:5])
    assert not torch.equal(before["net.conv1.weight"], bits(tagger)["net.conv1.weight"])
    assert torch.equal(before["styles.weight"], bits(tagger)["styles.weight"])  # its loss weighs nothing


def test_the_best_epoch_is_kept_and_patience_ends_the_run(tmp_path, monkeypatch) -> None:
    scores = iter([0.6, 0.9, 0.8, 0.7, 0.6, 0.5])
    states = []

    def score(present, logits):
        return np.array([next(scores)])

    monkeypatch.setattr(module, "roc_auc", score)
    tagger = learner(Recipe(6, 2, 4, 1024, 1.0, patience=2, seed=0))
    end = Tagger.on_validation_epoch_end
    monkeypatch.setattr(Tagger, "on_validation_epoch_end", lambda self: (end(self), states.append(bits(self)))[0])
    fit(tagger, tmp_path)
    assert tagger.history["validation_auc"] == [0.6, 0.9, 0.8, 0.7]
    assert len(states) == 4
    assert all(torch.equal(value, states[1][name]) for name, value in bits(tagger).items())


def test_optimiser_is_the_published_one() -> None:
    group = learner().configure_optimizers().param_groups[0]
    assert (group["lr"], group["betas"], group["eps"], group["weight_decay"]) == (2e-4, (0.5, 0.999), 1e-8, 0)
    norm = learner().net.norm1
    assert (norm.eps, norm.momentum) == (2e-5, 0.1)


def test_readers_in_other_processes_change_no_bit(tmp_path, uninterrupted) -> None:
    tagger = learner(Recipe(**(vars(RECIPE) | {"workers": 2})))
    fit(tagger, tmp_path)
    assert tagger.history == uninterrupted.history
    assert all(torch.equal(a, b) for a, b in zip(bits(tagger).values(), bits(uninterrupted).values(), strict=True))


def test_one_cycle_rises_to_the_rate_and_falls_to_nothing_also_when_resumed(tmp_path, monkeypatch) -> None:
    recipe = Recipe(**(vars(RECIPE) | {"schedule": "one_cycle", "learning_rate": 0.01}))
    rates: list[float] = []
    step = Tagger.training_step

    def noted(self, batch, index):
        rates.append(self.optimizers().param_groups[0]["lr"])
        return step(self, batch, index)

    monkeypatch.setattr(Tagger, "training_step", noted)
    whole = learner(recipe)
    fit(whole, tmp_path / "whole")
    assert len(rates) == 9 and max(rates) == pytest.approx(0.01, rel=0.1)
    assert rates[0] == pytest.approx(0.01 / 25) and rates[-1] < 1e-4
    assert whole.optimizers().param_groups[0]["betas"] == (0.5, 0.999)

    def die(self, batch, index):
        if self.global_step == 5:
            raise KilledError
        return noted(self, batch, index)

    monkeypatch.setattr(module, "CHECKPOINT_STEPS", 1)
    with monkeypatch.context() as patch, pytest.raises(KilledError):
        patch.setattr(Tagger, "training_step", die)
        fit(learner(recipe), tmp_path / "killed")
    del rates[:]
    again = learner(recipe)
    fit(again, tmp_path / "killed")
    assert again.history == whole.history and len(rates) == 4
    assert all(torch.equal(a, b) for a, b in zip(bits(again).values(), bits(whole).values(), strict=True))


def test_more_gpus_than_there_are_is_said_and_their_number_taken(monkeypatch, capsys) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    plan = module._machine(4)
    assert (plan["accelerator"], plan["devices"], plan["strategy"]) == ("gpu", 2, "ddp_fork") and plan["sync_batchnorm"]
    assert plan["precision"] == "bf16-mixed" and "train.devices is 4, but there are 2" in capsys.readouterr().err
    assert module._machine(1)["strategy"] == "auto" and not module._machine(1)["sync_batchnorm"]


@pytest.mark.slow
def test_two_processes_learn_what_one_does(tmp_path) -> None:
    """With the statistics of batch norm fixed, the mean gradient over two halves of a batch is the batch's."""
    recipes = [Recipe(**(vars(RECIPE) | {"devices": n})) for n in (1, 2)]
    taggers = [learner(recipe) for recipe in recipes]
    for tagger, name in zip(taggers, "ab", strict=True):
        for norm in (m for m in tagger.modules() if isinstance(m, torch.nn.BatchNorm1d)):
            norm.forward = lambda x: x  # each process has statistics of its own, on a CPU
            norm.requires_grad_(False)
        fit(tagger, tmp_path / name)
    one, two = map(bits, taggers)
    for name, value in one.items():
        torch.testing.assert_close(two[name], value, rtol=1e-3, atol=1e-5, msg=name)
    np.testing.assert_allclose(*(t.history["validation_loss"] for t in taggers), rtol=1e-3)
    assert len(taggers[1].history["step_loss"]) == 9
