"""musicnn from the sound itself, differentiable to its samples: so that sounds can be dreamt for a brain.

The spectrogram is that of heschl.embeddings.musicnn but for its rounding to half precision, which has no derivative.
"""

from pathlib import Path

import torch
from torch import nn

from heschl.nets.musicnn import N_FRAMES, N_MELS, load
from heschl.science.mel import mel_filters

RATE_HZ = 16_000
N_FFT, HOP = 512, 256
LAYERS = ("timbral", "temporal", "cnn1", "cnn2", "cnn3", "penultimate", "tags")


class SoundMusicnn(nn.Module):
    """A layer of musicnn, averaged over time, of sounds at 16 kHz of at least one patch (187 frames, 2.98 s).

    Patches follow each other; the last one is moved back so that it ends with the sound.

    Raises
    ------
    ValueError
        If there is no such layer.
    """

    def __init__(self, weights: Path, layer: str) -> None:
        super().__init__()
        if layer not in LAYERS:
            raise ValueError(f"layer {layer!r} of musicnn; wanted one of {', '.join(LAYERS)}")
        self.net, self.layer = load(weights), layer
        self.register_buffer("filters", torch.from_numpy(mel_filters(RATE_HZ, N_FFT, N_MELS)), persistent=False)
        self.register_buffer("window", torch.hann_window(N_FFT), persistent=False)

    def log_mel(self, x: torch.Tensor) -> torch.Tensor:
        """Return log10(10,000 mel power + 1), (batch, frame, mel), of sounds (batch, 1, sample)."""
        # zeros beyond the ends, as heschl.science.mel
        spectrum = torch.stft(x[:, 0], N_FFT, HOP, window=self.window, pad_mode="constant", return_complex=True)
        power = spectrum.real.square() + spectrum.imag.square()
        return torch.log10(10_000 * (self.filters @ power).mT + 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return features (batch, feature) of sounds (batch, 1, sample); ValueError if they are too short."""
        mel = self.log_mel(x)
        patches = torch.stack([mel[:, k : k + N_FRAMES] for k in _starts(mel.shape[1])], 1)
        found = self.net(patches.flatten(0, 1))[self.layer]
        found = found.mean(2) if found.ndim == 3 else found
        return found.unflatten(0, patches.shape[:2]).mean(1)


def _starts(n_frames: int) -> list[int]:
    """Return the first frames of the patches."""
    if n_frames < N_FRAMES:
        raise ValueError(f"a sound of {n_frames} frames; wanted {N_FRAMES} at least, 2.98 s")
    whole = list(range(0, n_frames - N_FRAMES + 1, N_FRAMES))
    return whole if whole[-1] + N_FRAMES == n_frames else [*whole, n_frames - N_FRAMES]
