"""How the tagger learns; it can be killed at any step and resumes to the same bits (Thielen).

Binary cross-entropy over tags, Adam (2e-4, betas .5 and .999, eps 1e-8), random excerpts. The batch of a step
depends on the seed and the step's number alone, so a resumed run sees what an uninterrupted one would,
wherever it stopped.
"""

import logging
import shutil
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from pytorch_lightning.callbacks import EarlyStopping, ModelCheckpoint
from torch import nn
from torch.utils.data import DataLoader

from heschl.nets.device import pick_device
from heschl.nets.resnet18_1d import ResNet18, he_init
from heschl.science.tagging import macro, roc_auc

CHECKPOINT_STEPS = 10
NORM_BATCHES = 4


@dataclass(frozen=True)
class Examples:
    """Clips and what is known of them.

    audio (clip, sample) float32; tags (clip, tag) float32 targets in [0, 1]; present (clip, tag) bool, the
    tags that count as present when scored; style (clip,) int64
    """

    audio: torch.Tensor
    tags: torch.Tensor
    present: np.ndarray
    style: torch.Tensor

    def take(self, clips: np.ndarray) -> "Examples":
        """Return some of the clips."""
        return Examples(self.audio[clips], self.tags[clips], self.present[clips], self.style[clips])


@dataclass(frozen=True)
class Recipe:
    """How to train: counts of epochs, steps and clips; excerpts in samples; the weight of the style loss."""

    epochs: int
    steps_per_epoch: int
    batch: int
    excerpt_samples: int
    style_weight: float
    patience: int
    seed: int


def draw(
    examples: Examples, recipe: Recipe, step: int, extra: int = 0
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return a step's batch, or an extra one: excerpts (batch, sample), tags (batch, tag), style (batch,)."""
    rng = np.random.default_rng([recipe.seed, step, extra])
    n_clips, n_samples = examples.audio.shape
    clips = rng.choice(n_clips, recipe.batch, replace=recipe.batch > n_clips)
    starts = rng.integers(0, n_samples - recipe.excerpt_samples + 1, recipe.batch)
    excerpts = [examples.audio[c, s : s + recipe.excerpt_samples] for c, s in zip(clips, starts, strict=True)]
    return torch.stack(excerpts), examples.tags[clips], examples.style[clips]


class Tagger(pl.LightningModule):
    """ResNet-18 with its tags, and a linear style head on the same features that only training uses."""

    def __init__(self, net: ResNet18, train: Examples, validation: Examples, recipe: Recipe) -> None:
        super().__init__()
        self.net, self.recipe = net, recipe
        self.examples, self.held_out = train, validation
        n_styles = int(torch.cat([train.style, validation.style]).max()) + 1
        self.styles = nn.Linear(net.classify.in_features, n_styles)
        he_init(self.styles, torch.Generator().manual_seed(recipe.seed))
        self.history: dict[str, list[float]] = {"step_loss": [], "validation_loss": [], "validation_auc": []}
        self.scores: list[torch.Tensor] = []

    def train_dataloader(self) -> DataLoader:
        """Count the steps of an epoch; the batch itself comes from `draw`."""
        return DataLoader(range(self.recipe.steps_per_epoch), batch_size=None)

    def val_dataloader(self) -> DataLoader:
        """Count the clips held out."""
        return DataLoader(range(len(self.held_out.audio)), batch_size=None)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return Adam as published."""
        return torch.optim.Adam(self.parameters(), lr=2e-4, betas=(0.5, 0.999), eps=1e-8)

    def training_step(self, _: torch.Tensor, index: int) -> torch.Tensor:
        """Return the loss of this step's excerpts."""
        audio, tags, style = (t.to(self.device) for t in draw(self.examples, self.recipe, self.global_step))
        pooled = self.net.pooled(audio)
        loss = F.binary_cross_entropy_with_logits(self.net.classify(pooled), tags)
        if self.recipe.style_weight:
            loss = loss + self.recipe.style_weight * F.cross_entropy(self.styles(pooled), style)
        self.history["step_loss"].append(float(loss.detach()))
        return loss

    def on_validation_epoch_start(self) -> None:
        """Measure batch-norm statistics at the present weights: running ones trail in a short training."""
        norms = [m for m in self.net.modules() if isinstance(m, nn.BatchNorm1d)]
        for norm in norms:
            norm.reset_running_stats()
            norm.train()
            norm.momentum = None  # the plain mean over batches
        for extra in range(1, NORM_BATCHES + 1):
            self.net.pooled(draw(self.examples, self.recipe, self.global_step, extra)[0].to(self.device))
        for norm in norms:
            norm.eval()
            norm.momentum = 0.1

    def validation_step(self, clip: torch.Tensor, index: int) -> None:
        """Tag one whole clip that was held out."""
        self.scores.append(self.net(self.held_out.audio[index : index + 1].to(self.device)).float().cpu())

    def on_validation_epoch_end(self) -> None:
        """Score the clips held out, note it and say it."""
        logits, self.scores = torch.cat(self.scores), []
        loss = float(F.binary_cross_entropy_with_logits(logits, self.held_out.tags))
        auc = macro(roc_auc(self.held_out.present, logits.numpy()))
        self.history["validation_loss"].append(loss)
        self.history["validation_auc"].append(auc)
        self.log("validation_auc", auc, batch_size=1)
        where = f"epoch {len(self.history['validation_auc'])} of {self.recipe.epochs}, step {self.global_step}"
        print(f"{where}: tag loss {loss:.4f}, ROC-AUC {auc:.3f} on clips held out", file=sys.stderr, flush=True)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the history with the weights."""
        checkpoint["history"] = {name: list(values) for name, values in self.history.items()}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on with the history where the weights stood."""
        self.history = {name: list(values) for name, values in checkpoint["history"].items()}


def fit(tagger: Tagger, folder: Path) -> None:
    """Train, or go on where a killed run left its checkpoint in `folder`; end with the best epoch's weights.

    The best epoch has the highest validation ROC-AUC; training stops when `patience` epochs brought none
    better.
    """
    device = pick_device()
    warnings.filterwarnings("ignore", module="pytorch_lightning")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    last = _resumable(folder / "last.ckpt")
    trainer = _trainer(tagger.recipe, folder, device)
    trainer.fit(tagger, ckpt_path=last, weights_only=True)
    best = torch.load(folder / "best.ckpt", weights_only=True, map_location="cpu")
    tagger.load_state_dict(best["state_dict"])
    tagger.to(device).eval()


class _LastSteps(ModelCheckpoint):
    """Keep the last steps; not the last step of an epoch, where a resumed run would skip the validation."""

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any, **kwargs: Any) -> None:
        if not trainer.is_last_batch:
            super().on_train_batch_end(trainer, *args, **kwargs)


class _Patience(EarlyStopping):
    """Stop when epochs bring nothing better; also a run that was killed after it had stopped."""

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        trainer.should_stop = trainer.should_stop or self.wait_count >= self.patience


def _trainer(recipe: Recipe, folder: Path, device: torch.device) -> pl.Trainer:
    """One process; deterministic; half precision on GPUs only; checkpoints of last steps and best epoch."""
    kept = {"dirpath": folder, "enable_version_counter": False}
    callbacks = [
        _Patience("validation_auc", mode="max", patience=recipe.patience),
        ModelCheckpoint(filename="best", monitor="validation_auc", mode="max", save_weights_only=True, **kept),
        _LastSteps(filename="last", every_n_train_steps=CHECKPOINT_STEPS, **kept),
        ModelCheckpoint(filename="last", every_n_epochs=1, save_on_train_epoch_end=True, **kept),
    ]
    gpu = device.type == "cuda"
    return pl.Trainer(
        accelerator="gpu" if gpu else "cpu",
        devices=1,
        precision="bf16-mixed" if gpu else "32-true",
        deterministic="warn" if gpu else True,
        max_epochs=recipe.epochs,
        callbacks=callbacks,
        logger=False,
        num_sanity_val_steps=0,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def _resumable(checkpoint: Path) -> Path | None:
    """Return the checkpoint if it is whole; remove what a kill left half written."""
    if not checkpoint.is_file():
        return None
    try:
        step = torch.load(checkpoint, weights_only=True, map_location="cpu")["global_step"]
    except Exception as error:  # torch raises many kinds for a torn file
        print(f"{checkpoint}: not whole ({type(error).__name__}), so training starts again", file=sys.stderr)
        shutil.rmtree(checkpoint.parent)
        return None
    print(f"training goes on after step {step}", file=sys.stderr)
    return checkpoint
