"""A linear map from one embedding space to another, learnt by gradient descent as published (science.md A4, defect 8).

Its output is smoother and more genre-like than the space it comes from, so scores there aren't comparable with
those of the native space. Off by default.
"""

import numpy as np


def linear_aligner(
    source: np.ndarray, target: np.ndarray, seed: int, n_epochs: int = 1000, rate: float = 1e-4, decay: float = 1e-6
) -> tuple[np.ndarray, np.ndarray]:
    """Fit torch's nn.Linear by full-batch Adam on the mean squared error (Ferrante's networks: 1e-4, 1e-6, 1000).

    Parameters
    ----------
    source, target : arrays of shape (clip, feature) and (clip, feature_out), training clips only
    seed : of the initial weights; torch's own generator is left as it was

    Returns
    -------
    weights (feature, feature_out), offset (feature_out,), float32
    """
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layer = torch.nn.Linear(source.shape[1], target.shape[1])
    x, y = (torch.from_numpy(np.ascontiguousarray(a, np.float32)) for a in (source, target))
    optimizer = torch.optim.Adam(layer.parameters(), lr=rate, weight_decay=decay)
    for _ in range(n_epochs):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(layer(x), y).backward()
        optimizer.step()
    return layer.weight.detach().numpy().T.copy(), layer.bias.detach().numpy().copy()
