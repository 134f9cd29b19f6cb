"""Training follows the recipe, and a kill at any step changes no bit of its result."""

import numpy as np
import pytest
import torch

from heschl.nets import tagger as module
from heschl.nets.resnet18_1d import ResNet18
from heschl.nets.tagger import Examples, Recipe, Tagger, draw, fit

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


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    audio, tags, style = draw(examples(8), RECIPE, 5)
    again = draw(examples(8), RECIPE, 5)
    assert audio.shape == (4, 1024) and tags.shape == (4, 3) and style.shape == (4,)
    assert torch.equal(audio, again[0])
    assert not torch.equal(audio, draw(examples(8), RECIPE, 6)[0])
    assert not torch.equal(audio, draw(examples(8), RECIPE, 5, extra=1)[0])


def test_excerpts_reach_every_part_of_a_clip() -> None:
    ramp = Examples(
        torch.arange(12.0)[None], torch.zeros(1, 1), np.zeros((1, 1), bool), torch.zeros(1, dtype=torch.int64)
    )
    recipe = Recipe(1, 1, 50, 10, 0.0, 1, 0)
    assert set(draw(ramp, recipe, 0)[0][:, 0].tolist()) == {0.0, 1.0, 2.0}


def test_optimiser_is_the_published_one() -> None:
    group = learner().configure_optimizers().param_groups[0]
    assert (group["lr"], group["betas"], group["eps"], group["weight_decay"]) == (2e-4, (0.5, 0.999), 1e-8, 0)
    norm = learner().net.norm1
    assert (norm.eps, norm.momentum) == (2e-5, 0.1)
