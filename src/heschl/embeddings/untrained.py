"""The tagger before it learnt anything: He's random weights, the same ones every time. A control for resnet18.

What it shares with the brain comes from the architecture and the sound alone: receptive fields, rectification, pooling.
Batch normalisation stands at its start, a mean of 0 and a variance of 1, and so does nothing.
"""

from pathlib import Path

import numpy as np

from heschl.embeddings import resnet18
from heschl.nets.resnet18_1d import ResNet18

WINDOW_S, LAYER, KIND = resnet18.WINDOW_S, resnet18.LAYER, resnet18.KIND
SEED = 0  # the weights from which train_tagger starts by default


def load(source: str | Path = "") -> resnet18.Tagger:
    """Return the model; it has no source."""
    return resnet18.Tagger(ResNet18(seed=SEED).eval())


def layers(
    audio: np.ndarray, rate_hz: float, weights: str | Path, bin_s: float
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Run whole clips (clip, sample) through the network, as `resnet18.layers`; there are no weights to give."""
    return resnet18.layers_of(ResNet18(seed=SEED).eval(), audio, rate_hz, bin_s)
