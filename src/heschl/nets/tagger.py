"""How the tagger learns; it can be killed at any step and resumes to the same bits (Thielen).

Binary cross-entropy over tags, Adam (2e-4, betas .5 and .999, eps 1e-8), random excerpts; see nets/excerpts.py for
what is heard in a step.
"""

import logging
import shutil
import sys
import warnings
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
from heschl.nets.excerpts import Batch, Batches, Examples, FromHere, Recipe, Whole, draw
from heschl.nets.resnet18_1d import ResNet18, he_init
from heschl.science.tagging import macro, roc_auc

CHECKPOINT_STEPS = 10
NORM_BATCHES = 4


class Tagger(pl.LightningModule):
    """ResNet-18 with its tags, and a linear style head on the same features that only training uses."""

    def __init__(self, net: ResNet18, train: Examples, validation: Examples, recipe: Recipe) -> None:
        super().__init__()
        self.net, self.recipe = net, recipe
        self.examples, self.held_out = train, validation
        n_styles = int(torch.cat([train.style, validation.style]).max()) + 1
        self.styles = nn.Linear(net.classify.in_features, n_styles)
        he_init(self.styles, torch.Generator().manual_seed(recipe.seed))
        self.styles.requires_grad_(recipe.style_weight > 0)
        self.history: dict[str, list[float]] = {"step_loss": [], "validation_loss": [], "validation_auc": []}
        self.losses: list[torch.Tensor] = []  # of steps that the history doesn't hold yet: reading one waits for a GPU
        self.scores: list[torch.Tensor] = []

    def train_dataloader(self) -> DataLoader:
        """Read this process's share of each step's batch."""
        recipe = self.recipe
        batches = Batches(self.examples, recipe, self.global_rank, self.trainer.world_size)
        return self._loader(batches, sampler=FromHere(self, recipe.steps_per_epoch))

    def val_dataloader(self) -> DataLoader:
        """Read the clips held out, whole; every process hears all."""
        return self._loader(Whole(self.held_out))

    def _loader(self, dataset: Batches | Whole, **options: Any) -> DataLoader:
        workers, gpu = self.recipe.workers, torch.cuda.is_available()
        return DataLoader(
            dataset,
            batch_size=None,
            num_workers=workers,
            persistent_workers=workers > 0,
            prefetch_factor=4 if workers else None,
            pin_memory=gpu,
            **options,
        )

    def configure_optimizers(self) -> Any:
        """Return Adam as published, and the schedule of its learning rate if there is one."""
        recipe = self.recipe
        adam = torch.optim.Adam(self.parameters(), lr=recipe.learning_rate, betas=(0.5, 0.999), eps=1e-8)
        if recipe.schedule == "constant":
            return adam
        n_steps = recipe.epochs * recipe.steps_per_epoch
        cycle = torch.optim.lr_scheduler.OneCycleLR(adam, recipe.learning_rate, n_steps, cycle_momentum=False)
        return [adam], [{"scheduler": cycle, "interval": "step"}]

    def on_fit_start(self) -> None:
        """Compile what every step runs, if asked."""
        self.hear = torch.compile(self.net.pooled) if self.recipe.compile else self.net.pooled

    def training_step(self, batch: Batch, index: int) -> torch.Tensor:
        """Return the loss of this step's excerpts."""
        audio, tags, style = batch
        pooled = self.hear(audio)
        loss = F.binary_cross_entropy_with_logits(self.net.classify(pooled), tags)
        if self.recipe.style_weight:
            loss = loss + self.recipe.style_weight * F.cross_entropy(self.styles(pooled), style)
        self.losses.append(loss.detach())
        return loss

    def on_validation_epoch_start(self) -> None:
        """Measure batch-norm statistics at the present weights: running ones trail in a short training."""
        norms = [m for m in self.net.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
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
        """Tag one whole clip (1, sample) that was held out."""
        self.scores.append(self.net(clip).float().cpu())

    def on_validation_epoch_end(self) -> None:
        """Score the clips held out, note it and say it."""
        logits, self.scores = torch.cat(self.scores), []
        loss = float(F.binary_cross_entropy_with_logits(logits, self.held_out.clip_tags))
        auc = macro(roc_auc(self.held_out.present, logits.numpy()))
        self._settle()
        self.history["validation_loss"].append(loss)
        self.history["validation_auc"].append(auc)
        self.log("validation_auc", auc, batch_size=1)
        where = f"epoch {len(self.history['validation_auc'])} of {self.recipe.epochs}, step {self.global_step}"
        if self.global_rank == 0:
            print(f"{where}: tag loss {loss:.4f}, ROC-AUC {auc:.3f} on clips held out", file=sys.stderr, flush=True)

    @torch.inference_mode()
    def hear_whole(self, examples: Examples) -> tuple[np.ndarray, np.ndarray]:
        """Hear whole clips: tag probabilities (clip, tag) and style logits (clip, style)."""
        pooled = torch.cat([self.net.pooled(clip.to(self.device)) for clip in self._loader(Whole(examples))])
        return torch.sigmoid(self.net.classify(pooled)).cpu().numpy(), self.styles(pooled).cpu().numpy()

    def _settle(self) -> None:
        """Note the losses of the last steps."""
        if self.losses:
            self.history["step_loss"] += torch.stack(self.losses).tolist()
            self.losses = []

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the history with the weights."""
        self._settle()
        checkpoint["history"] = {name: list(values) for name, values in self.history.items()}

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Go on with the history where the weights stood."""
        self.history = {name: list(values) for name, values in checkpoint["history"].items()}


def fit(tagger: Tagger, folder: Path) -> None:
    """Train, or go on where a killed run left its checkpoint in `folder`; end with the best epoch's weights.

    The best epoch has the highest validation ROC-AUC; training stops when `patience` epochs brought none
    better.
    """
    warnings.filterwarnings("ignore", module="pytorch_lightning")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    last = _resumable(folder / "last.ckpt")
    _trainer(tagger.recipe, folder).fit(tagger, ckpt_path=last, weights_only=True)
    # what other processes learnt and noted is here alone
    tagger.on_load_checkpoint(torch.load(folder / "last.ckpt", weights_only=True, map_location="cpu"))
    best = torch.load(folder / "best.ckpt", weights_only=True, map_location="cpu")
    tagger.load_state_dict(best["state_dict"])
    tagger.to(pick_device()).eval()


class _LastSteps(ModelCheckpoint):
    """Keep the last steps; not the last step of an epoch, where a resumed run would skip the validation."""

    def on_train_batch_end(self, trainer: pl.Trainer, *args: Any, **kwargs: Any) -> None:
        if not trainer.is_last_batch:
            super().on_train_batch_end(trainer, *args, **kwargs)


class _Patience(EarlyStopping):
    """Stop when epochs bring nothing better; also a run that was killed after it had stopped."""

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        trainer.should_stop = trainer.should_stop or self.wait_count >= self.patience


def _trainer(recipe: Recipe, folder: Path) -> pl.Trainer:
    """Deterministic; half precision on GPUs only; checkpoints of last steps and best epoch."""
    kept = {"dirpath": folder, "enable_version_counter": False}
    callbacks = [
        _Patience("validation_auc", mode="max", patience=recipe.patience),
        ModelCheckpoint(filename="best", monitor="validation_auc", mode="max", save_weights_only=True, **kept),
        _LastSteps(filename="last", every_n_train_steps=CHECKPOINT_STEPS, **kept),
        ModelCheckpoint(filename="last", every_n_epochs=1, save_on_train_epoch_end=True, **kept),
    ]
    return pl.Trainer(
        **_machine(recipe.devices),
        max_epochs=recipe.epochs,
        callbacks=callbacks,
        logger=False,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,  # batches come divided
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def _machine(n_devices: int) -> dict[str, Any]:
    """Choose devices and precision: GPUs if there are any, as many as there are at most; one process for each.

    Processes are forked, because those that start anew would run the whole job's script again. This counts GPUs
    without waking them, which a fork would not survive.
    """
    gpu = torch.cuda.is_available()
    n = min(n_devices, torch.cuda.device_count()) if gpu else n_devices
    print(f"trains on {n} {'GPU' if gpu else 'CPU process'}{'' if n == 1 else 's' if gpu else 'es'}", file=sys.stderr)
    if n < n_devices:
        print(f"train.devices is {n_devices}, but there are {n}", file=sys.stderr)
    return {
        "accelerator": "gpu" if gpu else "cpu",
        "devices": n,
        "strategy": "ddp_fork" if n > 1 else "auto",
        "sync_batchnorm": gpu and n > 1,
        "precision": "bf16-mixed" if gpu else "32-true",
        "deterministic": "warn" if gpu else True,
    }


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
