"""A trainer for many small networks: one process that writes nothing and says nothing."""

import logging
import warnings
from collections.abc import Iterable

import pytorch_lightning as pl
import torch
from pytorch_lightning.plugins.environments import LightningEnvironment


def fit(
    module: pl.LightningModule,
    steps: Iterable | None = None,
    *,
    epochs: int,
    device: torch.device,
    clip: float = 0.0,
) -> None:
    """Train a module in place, on one device.

    Parameters
    ----------
    steps : batches of an epoch; None where the module has a dataloader
    clip : largest norm of a gradient, 0 for any
    """
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    gpu = device.type == "cuda"
    trainer = pl.Trainer(
        accelerator="gpu" if gpu else "cpu",
        devices=1,
        deterministic="warn" if gpu else None,  # on CPUs all that these networks do already is
        plugins=[LightningEnvironment()],  # not Slurm's: it looks for as many processes as the job has tasks
        max_epochs=epochs,
        gradient_clip_val=clip or None,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has few workers, no logger, no validation loop
        trainer.fit(module, steps)
