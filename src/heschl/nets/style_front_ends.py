"""What a network of styles listens through: the waveform as published, a mel spectrogram, or features of a model."""

import torch
import torch.nn.functional as F
from torch import nn

from heschl.nets.batch_norm import BatchNorm
from heschl.nets.style_cnn import N_HIDDEN, StyleCNN, glorot_init
from heschl.science.mel import mel_filters

FRONT_ENDS = ("raw", "mel", "embedding")
N_FFT, HOP, N_MELS = 512, 128, 64
MEL_FILTERS, MEL_KERNELS, POOL = 64, (8, 4, 4), 4
FLOOR = 1e-6  # of mel power, before the logarithm


class MelCNN(nn.Module):
    """Log-mel spectrogram, then three times convolution over time, ReLU, batch norm and maximum of each four frames.

    Parameters
    ----------
    n_samples, n_styles, glorot, bn_axes, seed : as StyleCNN's
    rate_hz : of the clips
    """

    def __init__(
        self,
        n_samples: int,
        n_styles: int,
        *,
        glorot: str = "sqrt6",
        bn_axes: tuple[int, ...] = (0, 2),
        seed: int = 0,
        rate_hz: int = 8000,
    ) -> None:
        super().__init__()
        self.options = {"n_samples": n_samples, "n_styles": n_styles, "glorot": glorot, "bn_axes": list(bn_axes)}
        self.options |= {"rate_hz": rate_hz}
        filters = torch.from_numpy(mel_filters(rate_hz, N_FFT, N_MELS))
        self.register_buffer("filters", filters, persistent=False)
        self.register_buffer("window", torch.hann_window(N_FFT), persistent=False)
        shapes = self._shapes(n_samples)
        self.norms = nn.ModuleList(BatchNorm(shape, bn_axes) for shape in shapes)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(shape[0], MEL_FILTERS, kernel) for shape, kernel in zip(shapes, MEL_KERNELS, strict=False)
        )
        self.hidden = nn.Linear(MEL_FILTERS * shapes[-1][1], N_HIDDEN)
        self.classify = nn.Linear(N_HIDDEN, n_styles)
        glorot_init(self, glorot, torch.Generator().manual_seed(seed))

    @staticmethod
    def _shapes(n_samples: int) -> list[tuple[int, int]]:
        """Shape (channel, frame) of the spectrogram and of what comes out of each pooling."""
        shapes = [(N_MELS, n_samples // HOP + 1)]
        for kernel in MEL_KERNELS:
            shapes.append((MEL_FILTERS, (shapes[-1][1] - kernel + 1) // POOL))
        if shapes[-1][1] < 1:
            raise ValueError(f"clips of {n_samples} samples are too short for the mel network")
        return shapes

    def spectrogram(self, x: torch.Tensor) -> torch.Tensor:
        """Return the log of mel power, (batch, mel, frame), of clips (batch, sample); differentiable."""
        # zeros beyond the ends, as heschl.science.mel
        spectrum = torch.stft(x, N_FFT, HOP, window=self.window, pad_mode="constant", return_complex=True)
        return torch.log(self.filters @ spectrum.abs().square() + FLOOR)

    def activations(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Run clips (batch, sample) or (batch, 1, sample): each convolution after ReLU, before batch norm."""
        outputs, y = [], self.norms[0](self.spectrogram(x.reshape(len(x), -1)))
        for norm, convolve in zip(list(self.norms)[1:], self.convolutions, strict=True):
            outputs.append(torch.relu(convolve(y)))
            y = norm(F.max_pool1d(outputs[-1], POOL))
        return outputs

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits (batch, n_styles)."""
        y = self.norms[-1](F.max_pool1d(self.activations(x)[-1], POOL))
        return self.classify(torch.relu(self.hidden(y.flatten(1))))


class FeatureNet(nn.Module):
    """Features (clip, feature) of another model: batch norm, 256 hidden units with ReLU, softmax left to the loss."""

    def __init__(
        self,
        n_samples: int,
        n_styles: int,
        *,
        glorot: str = "sqrt6",
        bn_axes: tuple[int, ...] = (0, 2),
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.options = {"n_samples": n_samples, "n_styles": n_styles, "glorot": glorot, "bn_axes": list(bn_axes)}
        self.norms = nn.ModuleList([BatchNorm((n_samples,), bn_axes)])
        self.hidden, self.classify = nn.Linear(n_samples, N_HIDDEN), nn.Linear(N_HIDDEN, n_styles)
        glorot_init(self, glorot, torch.Generator().manual_seed(seed))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits (batch, n_styles) of features (batch, n_samples)."""
        return self.classify(torch.relu(self.hidden(self.norms[0](x))))


def build(front_end: str, n_samples: int, n_styles: int, **options: object) -> nn.Module:
    """Build the network of a front end.

    Parameters
    ----------
    n_samples : numbers of one clip: samples, or features of the front end "embedding"
    options : glorot, bn_axes, seed, see StyleCNN; rate_hz of "mel"

    Raises
    ------
    ValueError
        If there is no such front end, or clips are too short for it.
    """
    kinds = {"raw": StyleCNN, "mel": MelCNN, "embedding": FeatureNet}
    if front_end not in kinds:
        raise ValueError(f"front end {front_end!r}: wanted one of {', '.join(FRONT_ENDS)}")
    return kinds[front_end](n_samples, n_styles, **options)
