"""MuQ, trained on music by predicting what is masked: every layer averaged over 5 s (Zhu et al. 2025, 2501.01108).

Its package `muq` brings torchaudio and x-clip and isn't in our lock: install it where you want this model. The weights
(OpenMuQ/MuQ-large-msd-iter) are CC-BY-NC-4.0. This room has been tested with a stand-in for the package, not with it.
"""

from pathlib import Path

import numpy as np

from heschl.nets import hub, muq_package
from heschl.nets.device import pick_device
from heschl.science.cutting import cut_at
from heschl.science.frame_bins import binned

RATE_HZ = 24_000
WINDOW_S = 5.0
LAYER = "hidden-07"
KIND = "audio"


class Muq:
    """MuQ of the package `muq`: 25 frames a second; the first of its layers is what enters the conformer."""

    def __init__(self, folder: Path) -> None:
        self.device = pick_device()
        self.net = muq_package.load("MuQ", folder, "MuQ-large-msd-iter").to(self.device)

    def embed(
        self, audio: np.ndarray, rate_hz: float, windows_s: np.ndarray
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Average each window (start, end in s) of a sound (sample,): hidden-00 (input) .. -> (window, feature)."""
        values = {name: frames.mean(1) for name, frames in self.frames(audio, rate_hz, windows_s).items()}
        return values, np.asarray(windows_s, float)[:, 0]

    def frames(self, audio: np.ndarray, rate_hz: float, windows_s: np.ndarray) -> dict[str, np.ndarray]:
        """Run each window (start, end in s) of a sound (sample,): hidden-00 (input) .. -> (window, frame, feature)."""
        import torch

        sounds = torch.from_numpy(cut_at(audio, rate_hz, windows_s, RATE_HZ)).to(self.device)
        with torch.inference_mode():
            hidden = self.net(sounds, output_hidden_states=True).hidden_states
        return {f"hidden-{i:02d}": h.cpu().numpy() for i, h in enumerate(hidden)}


def layers(audio: np.ndarray, rate_hz: float, weights: str | Path, bin_s: float) -> tuple[dict, np.ndarray]:
    """Average every layer of clips (clip, sample) in bins: layer name -> (clip, bin, feature), and the centres in s.

    weights : what `load` takes; windows of 5 s follow each other
    """
    return binned(load(weights).frames, audio, rate_hz, WINDOW_S, bin_s)


def load(source: str | Path) -> Muq:
    """Load MuQ from a folder or owner/name@revision; HeschlError if the package or the model is missing."""
    return Muq(hub.resolve(source))
