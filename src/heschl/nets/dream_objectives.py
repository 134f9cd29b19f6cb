"""What a dream maximises: a number for each sound, differentiable, from a frozen network's layers (Geng; background).

A network gives `activations(x)`, x (batch, 1, sample), a list of layers y (batch, filter, time) after ReLU and before
BN, and maps x to logits (batch, style). An objective maps (network, x) to values (batch,). Layers are counted from 1.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn

Objective = Callable[[nn.Module, torch.Tensor], torch.Tensor]
AT_ONCE = 1024  # time points of a layer that are compared with the guide's together


def energy(layer: int) -> Objective:
    """O = 1/2 sum y^2 of a layer (Geng; Mordvintsev et al. 2015)."""
    return lambda net, x: _layer(net, x, layer).double().square().sum((1, 2)) / 2


def guide(layer: int, net: nn.Module, guide_wave: np.ndarray, n_columns: int = 1024) -> Objective:
    """O = sum_t max_s y(t) . g(s), over the guide's time points s: each moment becomes more like its best match there.

    Its gradient by y is the best matching column, Mordvintsev's objective_guide (google/deepdream, 2015).

    Parameters
    ----------
    guide_wave : array of shape (sample,)
    n_columns : at most so many of the guide's time points, evenly spaced, are looked at
    """
    (columns,) = _answers(net, guide_wave, [layer])  # (filter, time)
    chosen = np.unique(np.linspace(0, columns.shape[1] - 1, n_columns).round().astype(int))
    columns = columns[:, torch.from_numpy(chosen).to(columns.device)]

    def matched(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
        y = _layer(net, x, layer)
        with torch.no_grad():
            best = torch.cat([(columns.T @ part).argmax(1) for part in y.split(AT_ONCE, 2)], 1)
        return (y * columns[:, best].transpose(0, 1)).double().sum((1, 2))

    return matched


def inversion(layer: int, net: nn.Module, target_wave: np.ndarray) -> Objective:
    """O = -||y - y0||^2 / ||y0||^2, y0 the target's layer (Mahendran and Vedaldi 2015).

    Raises
    ------
    ValueError
        If the layer doesn't answer to the target at all.
    """
    (target,) = _answers(net, target_wave, [layer])
    size = _size(target, layer)
    return lambda net, x: -(_layer(net, x, layer) - target).double().square().sum((1, 2)) / size


def content_style(
    net: nn.Module,
    content_wave: np.ndarray,
    style_wave: np.ndarray,
    *,
    content_layer: int,
    style_layers: Sequence[int],
    alpha: float = 1.0,
    beta: float = 1.0,
) -> Objective:
    """O = -(alpha L_c + beta sum_l w_l E_l), w_l = 1 / number of style layers (Gatys et al. 2015).

    L_c = 1/2 sum (F - P)^2, of the layer F and the content's P; E_l = 1 / (4 N^2 M^2) sum (G - A)^2, of the Gram
    matrices G = F F' and A of the style, over N filters and M time points.

    Raises
    ------
    ValueError
        If a layer doesn't answer to the sound it is taken from.
    """
    (wanted,) = _answers(net, content_wave, [content_layer])
    _size(wanted, content_layer)
    grams = dict(zip(style_layers, map(gram, _answers(net, style_wave, style_layers)), strict=True))
    for layer, matrix in grams.items():
        _size(matrix, layer)

    def loss(net: nn.Module, x: torch.Tensor) -> torch.Tensor:
        layers = net.activations(x)
        content = (layers[content_layer - 1] - wanted).double().square().sum((1, 2)) / 2
        style = sum(_style_loss(layers[k - 1], matrix) for k, matrix in grams.items()) / len(grams)
        return -(alpha * content + beta * style)

    return loss


def balance(
    net: nn.Module, content_wave: np.ndarray, style_wave: np.ndarray, content_layer: int, style_layers: Sequence[int]
) -> tuple[float, float]:
    """Return alpha and beta for which the style's own content loss and the content's own style loss are 1 each.

    E_l falls with the square of the number of time points: with alpha = beta = 1 it counts for nothing in sounds.

    Raises
    ------
    ValueError
        As `content_style`; or if the two sounds are the same to the layers.
    """
    layered = {"content_layer": content_layer, "style_layers": style_layers}
    losses = []
    for wave, alpha in ((style_wave, 1.0), (content_wave, 0.0)):
        objective = content_style(net, content_wave, style_wave, alpha=alpha, beta=1 - alpha, **layered)
        with torch.no_grad():
            losses.append(-float(objective(net, heard(net, wave))))
    if min(losses) <= 0:
        raise ValueError("content and style are the same to the network; wanted two sounds")
    return 1 / losses[0], 1 / losses[1]


def logit(style: int) -> Objective:
    """O = the network's logit of a style, counted from 0 (Simonyan et al. 2014)."""
    return lambda net, x: net(x)[:, style].double()


def readout(weights: np.ndarray, offset: float = 0.0) -> Objective:
    """O = w . features + offset, what an encoding model predicts of a network's features (batch, feature)."""
    tensor = torch.from_numpy(np.asarray(weights, float))
    return lambda net, x: net(x).double() @ tensor.to(x.device) + offset


def gram(layer: torch.Tensor) -> torch.Tensor:
    """Return G = F F', (..., filter, filter) float64, of a layer (..., filter, time)."""
    layer = layer.double()
    return layer @ layer.mT


def heard(net: nn.Module, wave: np.ndarray) -> torch.Tensor:
    """Return a sound (sample,) as a batch of one, (1, 1, sample), of the type and on the device of the weights."""
    return torch.from_numpy(np.ascontiguousarray(wave, float))[None, None].to(next(net.parameters()))


def _style_loss(layer: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    n_filters, n_time = layer.shape[1:]
    return (gram(layer) - wanted).square().sum((1, 2)) / (4 * n_filters**2 * n_time**2)


def _layer(net: nn.Module, x: torch.Tensor, layer: int) -> torch.Tensor:
    return net.activations(x)[layer - 1]


@torch.no_grad()
def _answers(net: nn.Module, wave: np.ndarray, layers: Sequence[int]) -> list[torch.Tensor]:
    """Return some layers (filter, time) of one sound (sample,)."""
    found = net.activations(heard(net, wave))
    return [found[k - 1][0] for k in layers]


def _size(target: torch.Tensor, layer: int) -> float:
    size = float(target.double().square().sum())
    if not size > 0:
        raise ValueError(f"layer {layer} doesn't answer to the sound; wanted one that it answers to")
    return size
