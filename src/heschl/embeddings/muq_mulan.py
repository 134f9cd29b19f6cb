"""MuQ-MuLan: the open model next to MuLan, music and words in 512 dimensions (Zhu et al. 2025, arXiv 2501.01108).

Its package `muq` brings torchaudio and x-clip and isn't in our lock: install it where you want this model. The weights
(OpenMuQ/MuQ-MuLan-large) are CC-BY-NC-4.0. This room has been tested with a stand-in for the package, not with it.
"""

from pathlib import Path

import numpy as np

from heschl.nets import hub, muq_package
from heschl.nets.device import pick_device
from heschl.science.cutting import cut_at

RATE_HZ = 24_000
WINDOW_S = 10.0
LAYER = "mulan"
KIND = "audio"


class MuqMulan:
    """MuQ-MuLan of the package `muq`; windows of 10 s are what it was trained on."""

    def __init__(self, folder: Path) -> None:
        self.device = pick_device()
        needs = "It also looks for the folders that its config.json names: MuQ-large-msd-iter, xlm-roberta-base"
        self.net = muq_package.load("MuQMuLan", folder, "MuQ-MuLan-large", needs).to(self.device)

    def embed(
        self, audio: np.ndarray, rate_hz: float, windows_s: np.ndarray
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Embed each window (start, end in s) of a sound (sample,): unit vectors (window, 512)."""
        import torch

        sounds = torch.from_numpy(cut_at(audio, rate_hz, windows_s, RATE_HZ)).to(self.device)
        with torch.inference_mode():
            values = self.net(wavs=sounds).cpu().numpy()
        return {LAYER: _unit(values)}, np.asarray(windows_s, float)[:, 0]

    def embed_text(self, texts: list[str]) -> np.ndarray:
        """Embed English or Chinese words: unit vectors (text, 512)."""
        import torch

        with torch.inference_mode():
            return _unit(self.net(texts=texts).cpu().numpy())


def load(source: str | Path) -> MuqMulan:
    """Load MuQ-MuLan from a folder or owner/name@revision; HeschlError if the package or the model is missing."""
    return MuqMulan(hub.resolve(source))


def _unit(values: np.ndarray) -> np.ndarray:
    return (values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), 1e-12)).astype(np.float32)
