"""What is heard in a step: told by seed and number alone, divided among processes, changed as asked and no more."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from heschl.nets.excerpts import Batches, Examples, FromHere, Recipe, Rows, Whole, draw

RECIPE = Recipe(epochs=1, steps_per_epoch=3, batch=6, excerpt_samples=64, style_weight=1.0, patience=1, seed=3)


def examples(n_clips: int = 8, n_samples: int = 200, n_windows: int = 0) -> Examples:
    rng = np.random.default_rng(0)
    audio = torch.from_numpy(rng.standard_normal((n_clips, n_samples)).astype("f4"))
    shape = (n_clips, n_windows, 3) if n_windows else (n_clips, 3)
    tags = torch.from_numpy(rng.random(shape).astype("f4"))
    centre = np.linspace(40, 160, n_windows) if n_windows else None
    return Examples(audio, tags, np.zeros((n_clips, 3), bool), torch.arange(n_clips), centre)


def changed(**settings: object) -> Recipe:
    return Recipe(**(vars(RECIPE) | settings))


@given(seed=st.integers(0, 99), step=st.integers(0, 999), n_ranks=st.sampled_from([1, 2, 3, 6]))
@settings(max_examples=25, deadline=None)
def test_processes_together_hear_the_batch_of_one(seed, step, n_ranks) -> None:
    recipe = changed(seed=seed, gain_db=6.0, speed_percent=10.0)
    whole = draw(examples(n_windows=4), recipe, step)
    shares = [draw(examples(n_windows=4), recipe, step, rank=r, n_ranks=n_ranks) for r in range(n_ranks)]
    for one, *parts in zip(whole, *shares, strict=True):
        for rank, part in enumerate(parts):
            assert torch.equal(part, one[rank::n_ranks])


def test_numbers_on_disk_are_heard_as_those_in_memory() -> None:
    rng = np.random.default_rng(1)
    whole = rng.integers(-32_768, 32_767, (8, 200)).astype(np.int16)
    here = examples()
    disk = Examples(whole, here.tags, here.present, here.style).take(np.array([5, 1, 7]))
    memory = Examples(torch.from_numpy(whole.astype("f4") / 32_768), here.tags, here.present, here.style)
    memory = memory.take(np.array([5, 1, 7]))
    assert isinstance(disk.audio, Rows) and disk.audio.shape == (3, 200)
    for a, b in zip(draw(disk, changed(batch=3), 4), draw(memory, changed(batch=3), 4), strict=True):
        assert torch.equal(a, b)
    twice = disk.take(np.array([2]))
    assert torch.equal(twice.sound(0), memory.sound(2)) and torch.equal(Whole(disk)[2][0], memory.sound(2))


def test_targets_are_linear_between_windows_and_end_with_them() -> None:
    heard = examples(n_windows=4)  # centres 40, 80, 120, 160
    at = {
        10.0: [1, 0, 0, 0],
        40.0: [1, 0, 0, 0],
        90.0: [0, 0.75, 0.25, 0],
        159.0: [0, 0, 0.025, 0.975],
        190: [0, 0, 0, 1],
    }
    for centre, weight in at.items():
        wanted = (heard.tags[2] * torch.tensor(weight, dtype=torch.float32)[:, None]).sum(0)
        torch.testing.assert_close(heard.target(2, centre), wanted.float())
    torch.testing.assert_close(heard.clip_tags, heard.tags.mean(1))
    assert torch.equal(examples().target(2, 90.0), examples().tags[2])


def test_an_excerpt_learns_the_tags_of_its_own_time() -> None:
    ramp = torch.arange(200.0).repeat(4, 1)
    tags = torch.arange(5.0)[None, :, None].repeat(4, 1, 1)  # window i says i, at 20 + 40 i
    heard = Examples(ramp, tags, np.zeros((4, 1), bool), torch.arange(4), 20.0 + 40 * np.arange(5))
    audio, learnt, _ = draw(heard, changed(batch=4), 0)
    middle = audio[:, 0] + RECIPE.excerpt_samples / 2
    torch.testing.assert_close(learnt[:, 0], (middle - 20) / 40)


def test_gain_is_within_its_bounds_and_turns_half_of_them() -> None:
    ones = Examples(torch.ones(8, 200), torch.zeros(8, 1), np.zeros((8, 1), bool), torch.zeros(8, dtype=torch.int64))
    recipe = changed(gain_db=6.0)
    gain = np.concatenate([draw(ones, recipe, step)[0][:, 0].numpy() for step in range(200)])
    decibels = 20 * np.log10(np.abs(gain))
    assert (
        np.abs(decibels).max() <= 6 and np.abs(decibels.mean()) < 0.3 and decibels.std() == pytest.approx(3.46, rel=0.1)
    )
    assert 0.45 < np.mean(gain < 0) < 0.55
    assert torch.equal(draw(ones, recipe, 0, extra=1)[0], torch.ones(6, 64))  # extra ones are as they are


def test_speed_changes_how_fast_a_ramp_rises_and_nothing_else() -> None:
    ramp = Examples(
        torch.arange(2000.0).repeat(8, 1), torch.zeros(8, 1), np.zeros((8, 1), bool), torch.zeros(8, dtype=torch.int64)
    )
    recipe = changed(speed_percent=10.0, excerpt_samples=1000)
    audio = torch.cat([draw(ramp, recipe, step)[0] for step in range(50)])
    slope = (audio[:, -1] - audio[:, 0]) / 999
    assert 0.899 < slope.min() < 0.92 and 1.08 < slope.max() < 1.101
    straight = audio[:, :1] + slope[:, None] * torch.arange(1000)
    torch.testing.assert_close(audio, straight, rtol=0, atol=0.01)
    assert torch.equal(torch.diff(draw(ramp, changed(excerpt_samples=1000), 0)[0]), torch.ones(6, 999))


def test_an_epoch_goes_on_from_the_present_step() -> None:
    class At:
        global_step = 7

    steps = FromHere(At(), 3)
    assert list(steps) == [7, 8, 9] and len(steps) == 3
    heard = examples()
    assert torch.equal(Batches(heard, RECIPE)[7][0], draw(heard, RECIPE, 7)[0])


def test_a_batch_depends_on_seed_and_step_alone() -> None:
    audio, tags, style = draw(examples(), RECIPE, 5)
    assert audio.shape == (6, 64) and tags.shape == (6, 3) and style.shape == (6,)
    assert torch.equal(audio, draw(examples(), RECIPE, 5)[0])
    assert not torch.equal(audio, draw(examples(), RECIPE, 6)[0])
    assert not torch.equal(audio, draw(examples(), RECIPE, 5, extra=1)[0])
    assert not torch.equal(audio, draw(examples(), changed(seed=4), 5)[0])


def test_excerpts_reach_every_part_of_a_clip() -> None:
    ramp = Examples(
        torch.arange(12.0)[None], torch.zeros(1, 1), np.zeros((1, 1), bool), torch.zeros(1, dtype=torch.int64)
    )
    assert set(draw(ramp, changed(batch=50, excerpt_samples=10), 0)[0][:, 0].tolist()) == {0.0, 1.0, 2.0}
