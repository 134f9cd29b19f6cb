"""How the subject networks learn (Roman, 4.1 to 4.4): cross-entropy, stochastic gradient descent with momentum.

The batches of an epoch depend on the seed and the epoch alone, and so does the result (on one machine with as many
threads); nothing is drawn from torch's own generator.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytorch_lightning as pl
import torch
import torch.nn.functional as F
from torch import nn

from heschl.nets import quiet_trainer
from heschl.nets.clockwork import ClockworkRNN

Samples, Tensors = tuple[np.ndarray, np.ndarray], tuple[torch.Tensor, torch.Tensor]


@dataclass(frozen=True)
class History:
    """What each epoch brought, arrays (epoch,); validation ones are NaN where no samples were held out.

    Training losses are means over the epoch's batches, and accuracies over its samples, as they were seen: before
    the weights moved.
    """

    loss_train: np.ndarray
    loss_validation: np.ndarray
    accuracy_train: np.ndarray
    accuracy_validation: np.ndarray


class SubjectModule(pl.LightningModule):
    """A network that maps series (batch, time) to logits (batch, subject), and its published optimiser.

    Parameters
    ----------
    net : the network
    learning_rate, momentum, nesterov : of stochastic gradient descent
    train, validation : x (sample, time) float32, y (sample,) int64; the second may be None, nothing depends on it
    batch, seed : size and order of the batches
    """

    def __init__(
        self,
        net: nn.Module,
        learning_rate: float,
        momentum: float,
        nesterov: bool = True,
        *,
        train: Tensors | None = None,
        validation: Tensors | None = None,
        batch: int = 128,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.net, self.learning_rate, self.momentum, self.nesterov = net, learning_rate, momentum, nesterov
        self.examples, self.held_out, self.batch, self.seed = train, validation, batch, seed
        self.seen: list[tuple[torch.Tensor, torch.Tensor, int]] = []
        self.epochs: list[tuple[float, float, float, float]] = []

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return stochastic gradient descent."""
        # without momentum there is nothing for Nesterov to look ahead by
        nesterov = self.nesterov and self.momentum > 0
        return torch.optim.SGD(self.parameters(), self.learning_rate, self.momentum, nesterov=nesterov)

    def on_fit_start(self) -> None:
        """Bring the samples to the network's device once: they are few."""
        self.examples = tuple(t.to(self.device) for t in self.examples)
        self.held_out = self.held_out and tuple(t.to(self.device) for t in self.held_out)

    def on_train_epoch_start(self) -> None:
        """Shuffle the samples."""
        order = np.random.default_rng([self.seed, self.current_epoch]).permutation(len(self.examples[0]))
        self.order = torch.from_numpy(order).to(self.device)

    def training_step(self, index: int, _: int) -> torch.Tensor:
        """Return the loss of the epoch's batch `index`."""
        chosen = self.order[index * self.batch : (index + 1) * self.batch]
        y = self.examples[1][chosen]
        logits = self.net(self.examples[0][chosen])
        loss = F.cross_entropy(logits, y)
        self.seen.append((loss.detach(), (logits.detach().argmax(1) == y).sum(), len(y)))
        return loss

    def on_train_epoch_end(self) -> None:
        """Note what the epoch brought, and the score of the samples held out."""
        losses, right, counts = zip(*self.seen, strict=True)
        self.seen = []
        loss, accuracy = float(torch.stack(losses).mean()), int(sum(right)) / sum(counts)
        loss_held_out, accuracy_held_out = self._score()
        self.epochs.append((loss, loss_held_out, accuracy, accuracy_held_out))
        if not np.isfinite(loss):
            why = f"the learning rate {self.learning_rate} is too high for these samples"
            print(f"epoch {len(self.epochs)}: the training loss is {loss}; {why}", file=sys.stderr)

    @torch.no_grad()
    def _score(self) -> tuple[float, float]:
        """Mean loss and accuracy of the samples held out."""
        if self.held_out is None:
            return np.nan, np.nan
        x, y = self.held_out
        logits = _logits(self.net, x)
        return float(F.cross_entropy(logits, y)), float((logits.argmax(1) == y).float().mean())


def train(
    net: nn.Module,
    train: Samples,
    validation: Samples | None = None,
    *,
    epochs: int,
    batch: int = 128,
    learning_rate: float,
    momentum: float,
    nesterov: bool = True,
    clip: float = 0.0,
    seed: int,
) -> History:
    """Train a network in place, on a GPU if there is one, and leave it on the CPU.

    Parameters
    ----------
    net : maps series (batch, time) to logits (batch, subject)
    train : x (sample, time), y (sample,) whole numbers from 0
    validation : the same of samples held out: scored after each epoch, without effect on the result; or None
    epochs, batch : passes through the samples; samples per step, the last one of an epoch may have fewer
    learning_rate, momentum, nesterov : of stochastic gradient descent
    clip : largest norm of a gradient, 0 for any
    seed : of the order of samples

    Raises
    ------
    ValueError
        If x and y don't fit one another, or x holds numbers that aren't finite.
    """
    samples = {"train": _tensors(train, "train"), "validation": validation and _tensors(validation, "validation")}
    module = SubjectModule(net, learning_rate, momentum, nesterov, **samples, batch=batch, seed=seed)
    steps, device = range(-(-len(train[0]) // batch)), torch.device("cuda" if torch.cuda.is_available() else "cpu")
    quiet_trainer.fit(module, steps, epochs=epochs, device=device, clip=clip)
    net.cpu()
    return History(*np.array(module.epochs, float).reshape(-1, 4).T)


def _tensors(samples: Samples, name: str) -> Tensors:
    x, y = np.ascontiguousarray(samples[0], np.float32), np.ascontiguousarray(samples[1], np.int64)
    if x.ndim != 2 or not len(x) or y.shape != x.shape[:1]:
        raise ValueError(f"{name}: x {x.shape} and y {y.shape}; wanted (sample, time) and (sample,), not empty")
    if not np.isfinite(x).all():
        raise ValueError(f"{name}: x holds NaN or infinity; wanted finite numbers")
    return torch.from_numpy(x), torch.from_numpy(y)


def _logits(net: nn.Module, x: torch.Tensor, batch: int = 512) -> torch.Tensor:
    """Run a network batch by batch; these have no parts that differ between training and use."""
    return torch.cat([net(some) for some in x.split(batch)])


@torch.no_grad()
def probabilities(net: nn.Module, x: np.ndarray, batch: int = 512) -> np.ndarray:
    """Return the softmax output (sample, subject), float32, of series x (sample, time)."""
    device = next(net.parameters()).device
    series = torch.from_numpy(np.ascontiguousarray(x, np.float32)).to(device)
    return torch.softmax(_logits(net, series, batch), 1).cpu().numpy()


def fit_series(
    rnn: ClockworkRNN,
    series: np.ndarray,
    iterations: int,
    learning_rate: float = 3e-5,
    momentum: float = 0.99,
    keep: Sequence[int] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """Train a clockwork RNN to say each sample of a series from those before it (4.4).

    What it learns is the deviation from the series' mean, divided by the largest one: tanh stays within -1 and 1, and
    without biases a constant part drives its units to their ends, where they learn no more. Each iteration is one pass
    through the series; the gradient is that of half the sum of squared errors, as backpropagation through time sums it.

    Parameters
    ----------
    rnn : one input, one output; trained in place
    series : array of shape (time,)
    iterations : weight updates
    keep : after how many updates (0 to iterations) the output is wanted

    Returns
    -------
    loss : array of shape (iteration,), mean squared error before each update
    outputs : array of shape (kept, time), float32, in the order of keep; both of the series over its largest magnitude

    Raises
    ------
    ValueError
        If the series is constant or not finite, or keep names an iteration that isn't reached.
    """
    series = np.asarray(series, float) / max(float(np.abs(series).max()), np.finfo(float).tiny)
    mean = series.mean()
    top = float(np.abs(series - mean).max())
    if not 1e-9 < top < np.inf:
        raise ValueError(f"the series deviates from its mean by {top} of its size; wanted finite numbers that vary")
    if any(not 0 <= k <= iterations for k in keep):
        raise ValueError(f"keep {list(keep)}: wanted 0 to {iterations}")
    loss, kept = _descend(rnn, (series - mean) / top, iterations, (learning_rate, momentum), keep)
    return loss * top**2, np.array([mean + top * kept[k] for k in keep], np.float32).reshape(len(keep), len(series))


def _descend(
    rnn: ClockworkRNN, series: np.ndarray, iterations: int, rates: tuple[float, float], keep: Sequence[int]
) -> tuple[np.ndarray, dict[int, np.ndarray]]:
    """Train on a scaled series; return its loss before each update, and the outputs after those to keep."""
    target = torch.from_numpy(series.astype(np.float32))[None, :, None]
    before = F.pad(target[:, :-1], (0, 0, 1, 0))  # x(t-1), 0 before the beginning
    optimiser = torch.optim.SGD(rnn.parameters(), *rates)
    loss, kept = np.empty(iterations), {}
    for k in range(iterations + 1):
        output = rnn(before)
        kept |= {k: output.detach().numpy().ravel()} if k in keep else {}
        if k == iterations:
            return loss, kept
        squares = (output - target).square().sum()
        loss[k] = float(squares.detach()) / target.numel()
        optimiser.zero_grad()
        (squares / 2).backward()
        optimiser.step()
