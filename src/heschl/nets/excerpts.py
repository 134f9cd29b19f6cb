"""What the tagger hears while it learns: random excerpts of clips, and what they should be taken for.

A batch depends on the seed and the number of its step alone. So a resumed run sees what an uninterrupted one would,
and each of several processes can read its own share of a batch without asking the others.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import Dataset, Sampler

FULL_SCALE = 32_768  # of int16
Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class Recipe:
    """How to train.

    epochs, steps_per_epoch, batch, excerpt_samples : counts; a batch is divided among all devices
    style_weight : of the style loss; patience : epochs without a better ROC-AUC before the end; seed
    learning_rate : of Adam; schedule : constant, or one_cycle (up to it, then down to nothing; Smith and Topin 2019)
    gain_db : each excerpt is made louder or softer by up to this, and every other one turned upside down, if above 0
    speed_percent : each excerpt is played faster or slower by up to this
    devices : GPUs, or processes without any; workers : processes that read excerpts, for each device; compile : the
    network, by torch.compile
    """

    epochs: int
    steps_per_epoch: int
    batch: int
    excerpt_samples: int
    style_weight: float
    patience: int
    seed: int
    learning_rate: float = 2e-4
    schedule: str = "constant"
    gain_db: float = 0.0
    speed_percent: float = 0.0
    devices: int = 1
    workers: int = 0
    compile: bool = False

    @property
    def longest(self) -> int:
        """Samples of a clip that an excerpt takes at the highest speed."""
        return round(self.excerpt_samples * (1 + self.speed_percent / 100))


class Rows:
    """Some rows of an array that stays where it is, on disk: read by [row, start:stop]."""

    def __init__(self, array: Any, rows: np.ndarray) -> None:
        self.array, self.rows = array, np.asarray(rows)
        self.shape = (len(self.rows), *array.shape[1:])

    def __getitem__(self, index: tuple[int, slice]) -> np.ndarray:
        """Read a piece of a row."""
        return self.array[int(self.rows[index[0]]), index[1]]


@dataclass(frozen=True)
class Examples:
    """Clips and what is known of them.

    audio : (clip, sample), float32 or int16; a tensor, or an array on disk that reads [clip, start:stop]
    tags : targets in [0, 1], float32; (clip, tag), or (clip, window, tag) for windows about `centre`
    present : (clip, tag) bool, the tags that count as present when scored
    style : (clip,) int64
    centre : middle of each window, in samples (window,), rising; None without windows
    """

    audio: Any
    tags: torch.Tensor
    present: np.ndarray
    style: torch.Tensor
    centre: np.ndarray | None = None

    def take(self, clips: np.ndarray) -> "Examples":
        """Return some of the clips."""
        audio = self.audio[clips] if torch.is_tensor(self.audio) else Rows(self.audio, clips)
        return Examples(audio, self.tags[clips], self.present[clips], self.style[clips], self.centre)

    def sound(self, clip: int, start: int = 0, stop: int | None = None) -> torch.Tensor:
        """Read (sample,) float32 of a clip."""
        piece = torch.as_tensor(np.asarray(self.audio[clip, start:stop]))
        return piece if piece.dtype == torch.float32 else piece.float() / FULL_SCALE

    def target(self, clip: int, centre: float) -> torch.Tensor:
        """Return the tags (tag,) about a sample, linear between the windows on either side of it."""
        if self.centre is None:
            return self.tags[clip]
        at = float(np.interp(centre, self.centre, np.arange(len(self.centre))))
        before = min(int(at), len(self.centre) - 1)
        after = min(before + 1, len(self.centre) - 1)
        return torch.lerp(self.tags[clip, before], self.tags[clip, after], at - before)

    @property
    def clip_tags(self) -> torch.Tensor:
        """The targets of whole clips, (clip, tag)."""
        return self.tags if self.centre is None else self.tags.mean(1)


def draw(examples: Examples, recipe: Recipe, step: int, extra: int = 0, rank: int = 0, n_ranks: int = 1) -> Batch:
    """Return a step's batch, or an extra one: excerpts (batch, sample), tags (batch, tag), style (batch,).

    Of the batch, process `rank` of `n_ranks` gets every n_ranks-th excerpt. Extra ones are as the clips are, without
    changes of gain and speed.
    """
    rng = np.random.default_rng([recipe.seed, step, extra])
    n_clips, n_samples = examples.audio.shape
    clips = rng.choice(n_clips, recipe.batch, replace=recipe.batch > n_clips)
    starts = rng.integers(0, n_samples - recipe.longest + 1, recipe.batch)
    lengths, gains = _changes(recipe, rng, plain=extra > 0)
    mine = slice(rank, None, n_ranks)
    excerpts, tags = [], []
    for clip, start, length, gain in zip(clips[mine], starts[mine], lengths[mine], gains[mine], strict=True):
        excerpts.append(gain * _played(examples.sound(clip, start, start + length), recipe.excerpt_samples))
        tags.append(examples.target(clip, start + length / 2))
    return torch.stack(excerpts), torch.stack(tags), examples.style[clips[mine]]


def _changes(recipe: Recipe, rng: np.random.Generator, plain: bool) -> tuple[np.ndarray, np.ndarray]:
    """Draw the samples that each excerpt takes of its clip, and its gain, negative where it's turned; (batch,) both."""
    n = recipe.batch
    lengths, gains = np.full(n, recipe.excerpt_samples), np.ones(n, np.float32)
    if recipe.speed_percent and not plain:
        speed = 1 + rng.uniform(-1, 1, n) * recipe.speed_percent / 100
        lengths = np.minimum(np.rint(recipe.excerpt_samples * speed).astype(int), recipe.longest)
    if recipe.gain_db and not plain:
        gains = 10 ** (rng.uniform(-1, 1, n) * recipe.gain_db / 20) * rng.choice([-1, 1], n)
    return lengths, gains.astype(np.float32)


def _played(sound: torch.Tensor, n_samples: int) -> torch.Tensor:
    """Play sound (sample,) in n_samples, linear between samples."""
    if len(sound) == n_samples:
        return sound
    return F.interpolate(sound[None, None], n_samples, mode="linear", align_corners=True)[0, 0]


class Batches(Dataset):
    """The batch of each step, by its number."""

    def __init__(self, examples: Examples, recipe: Recipe, rank: int = 0, n_ranks: int = 1) -> None:
        self.examples, self.recipe, self.rank, self.n_ranks = examples, recipe, rank, n_ranks

    def __getitem__(self, step: int) -> Batch:
        """Draw the share of this process in a step."""
        return draw(self.examples, self.recipe, step, rank=self.rank, n_ranks=self.n_ranks)


class FromHere(Sampler):
    """Numbers of the steps of an epoch, from where a module's training stands when the epoch begins or goes on."""

    def __init__(self, module: Any, n_steps: int) -> None:
        self.module, self.n_steps = module, n_steps

    def __len__(self) -> int:
        """Count them."""
        return self.n_steps

    def __iter__(self) -> Iterator[int]:
        """Count up from the present step."""
        first = self.module.global_step
        return iter(range(first, first + self.n_steps))


class Whole(Dataset):
    """Whole clips, (1, sample) float32 each."""

    def __init__(self, examples: Examples) -> None:
        self.examples = examples

    def __len__(self) -> int:
        """Count them."""
        return self.examples.audio.shape[0]

    def __getitem__(self, clip: int) -> torch.Tensor:
        """Read a clip."""
        return self.examples.sound(clip)[None]
