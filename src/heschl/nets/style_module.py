"""How a network of styles learns (Geng, 3.2): cross-entropy, stochastic gradient descent with Nesterov momentum.

v' = mu v - a g, theta += mu v' - a g, which is torch's. The batches of an epoch depend on the seed and the epoch
alone; nothing is drawn from torch's own generator.
"""

import sys
import time

import numpy as np
import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from torch import nn

from heschl.nets import quiet_trainer
from heschl.nets.batch_norm import BatchNorm, measured

ASK = 64  # clips at a time when nothing is learnt


class StyleModule(pl.LightningModule):
    """A network, its examples and its published optimiser.

    Parameters
    ----------
    net : maps clips (batch, sample) to logits (batch, style)
    x, y : clips (clip, sample) float32, and the index of each one's style (clip,) int64; they stay on the CPU
    learning_rate, momentum : of stochastic gradient descent
    batch : clips of a step at most; an epoch is dealt into steps of equal size, as nearly as can be
    seed : of the order of clips
    """

    def __init__(
        self,
        net: nn.Module,
        x: torch.Tensor,
        y: torch.Tensor,
        *,
        learning_rate: float,
        momentum: float,
        batch: int,
        seed: int,
    ) -> None:
        super().__init__()
        self.net, self.x, self.y = net, x, y
        self.learning_rate, self.momentum, self.batch, self.seed = learning_rate, momentum, batch, seed
        self.seen: list[torch.Tensor] = []
        self.loss: list[float] = []
        self.seconds: list[float] = []

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return stochastic gradient descent; without momentum there is nothing for Nesterov to look ahead by."""
        return torch.optim.SGD(self.parameters(), self.learning_rate, self.momentum, nesterov=self.momentum > 0)

    def train_dataloader(self) -> range:
        """Count the steps of an epoch; a last step of one clip would leave batch norm without a variance."""
        return range(-(-len(self.x) // self.batch))

    def on_train_epoch_start(self) -> None:
        """Shuffle the clips and deal them out."""
        self.started = time.perf_counter()
        order = np.random.default_rng([self.seed, self.current_epoch]).permutation(len(self.x))
        self.steps = np.array_split(order, len(self.train_dataloader()))

    def training_step(self, index: int, _: int) -> torch.Tensor:
        """Return the loss of the epoch's step `index`."""
        chosen = torch.from_numpy(self.steps[index])
        logits = self.net(self.x[chosen].to(self.device))
        loss = F.cross_entropy(logits, self.y[chosen].to(self.device))
        self.seen.append(loss.detach())
        return loss

    def on_train_epoch_end(self) -> None:
        """Note the mean loss of the epoch's steps, as they were before the weights moved, and the time it took."""
        self.loss.append(float(torch.stack(self.seen).mean()))
        self.seconds.append(time.perf_counter() - self.started)
        self.seen = []
        if not np.isfinite(self.loss[-1]):
            why = f"the learning rate {self.learning_rate} is too high for these clips"
            print(f"epoch {len(self.loss)}: the training loss is {self.loss[-1]}; {why}", file=sys.stderr)


def fit(module: StyleModule, epochs: int, device: torch.device) -> None:
    """Train a module's network in place and leave it on the device, ready to be asked."""
    quiet_trainer.fit(module, epochs=epochs, device=device)
    module.net.to(device).eval()


@torch.no_grad()
def measure_norms(net: nn.Module, x: torch.Tensor, device: torch.device) -> None:
    """Give each batch norm the statistics of all clips x (clip, sample), the first norm first.

    One pass through the clips for each norm: what comes into one depends on those before it.
    """
    net.eval()
    for norm in [m for m in net.modules() if isinstance(m, BatchNorm)]:
        with measured(norm):
            for some in x.split(ASK):
                net(some.to(device))


@torch.no_grad()
def probabilities(net: nn.Module, x: torch.Tensor, device: torch.device) -> np.ndarray:
    """Return the softmax output (clip, style), float32, of clips x (clip, sample)."""
    answers = [torch.softmax(net(some.to(device)), 1).cpu() for some in x.split(ASK)]
    return torch.cat(answers).numpy()
