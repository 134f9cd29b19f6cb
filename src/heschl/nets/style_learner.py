"""One network of styles: built, trained on the training clips, asked about the others."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from heschl.nets.device import pick_device
from heschl.nets.style_cnn import n_parameters
from heschl.nets.style_front_ends import build
from heschl.nets.style_module import StyleModule, fit, measure_norms, probabilities

BN_EVAL = ("running", "exact_train")


class Learned(NamedTuple):
    """A network and what it told of the clips that it hasn't learnt from.

    net : on the CPU, ready to evaluate; loss, seconds : (epoch,); probability : (test clip, style);
    n_parameters : without batch norm
    """

    net: nn.Module
    loss: np.ndarray
    seconds: np.ndarray
    probability: np.ndarray
    n_parameters: int


def learn(
    wave: np.ndarray,
    style: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
    *,
    seed: int | Sequence[int],
    front_end: str = "raw",
    n_styles: int | None = None,
    epochs: int = 20,
    batch: int = 480,
    learning_rate: float = 0.01,
    momentum: float = 0.9,
    glorot: str = "sqrt6",
    bn_axes: Sequence[int] = (0, 2),
    bn_eval: str = "running",
    rate_hz: int = 8000,
    device: str = "auto",
) -> Learned:
    """Train a network on some clips and ask it about others, which have no part in anything before.

    Parameters
    ----------
    wave : clips (clip, sample) float32, or features (clip, feature) of the front end "embedding"
    style : index of each clip's style, (clip,) whole numbers from 0
    train, test : which clips, (n,) whole numbers
    seed : the weights and the order of clips come from it
    front_end : "raw", "mel" or "embedding", see style_front_ends
    bn_eval : "running" averages, or "exact_train", statistics of all training clips, measured when training is over
    device : "auto", the GPU if there is one, or a device of torch

    Raises
    ------
    ValueError
        If there are no training clips, they hold NaN, are too short, or a setting is unknown.
    """
    _check(wave, style, train, bn_eval)
    first, second = (int(s) for s in np.random.default_rng(seed).integers(2**31, size=2))
    n_styles = int(style.max()) + 1 if n_styles is None else n_styles
    options = {"glorot": glorot, "bn_axes": tuple(bn_axes), "seed": first}
    options |= {"rate_hz": rate_hz} if front_end == "mel" else {}
    net = build(front_end, wave.shape[1], n_styles, **options)
    x, y = torch.from_numpy(wave[train]), torch.from_numpy(style[train].astype(np.int64))
    step = {"learning_rate": learning_rate, "momentum": momentum, "batch": batch, "seed": second}
    module, on = StyleModule(net, x, y, **step), pick_device() if device == "auto" else torch.device(device)
    fit(module, epochs, on)
    if bn_eval == "exact_train":
        measure_norms(net, x, on)
    answers = probabilities(net, torch.from_numpy(wave[test]), on)
    return Learned(net.cpu(), np.array(module.loss), np.array(module.seconds), answers, n_parameters(net))


def _check(wave: np.ndarray, style: np.ndarray, train: np.ndarray, bn_eval: str) -> None:
    if bn_eval not in BN_EVAL:
        raise ValueError(f"bn_eval {bn_eval!r}: wanted one of {', '.join(BN_EVAL)}")
    if wave.ndim != 2 or style.shape != wave.shape[:1] or len(train) < 2:
        given = f"clips {wave.shape}, styles {style.shape}, {len(train)} to train on"
        raise ValueError(f"{given}; wanted (clip, sample), (clip,), and two or more to train on")
    if wave.dtype != np.float32 or not np.isfinite(wave).all():
        raise ValueError(f"clips of {wave.dtype} that may hold NaN or infinity; wanted finite float32")
