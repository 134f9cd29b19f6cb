"""EnCodec's 128 latents before they are quantised, averaged over 1.5 s: stands in for SoundStream-avg (A3, table 1).

Défossez et al. 2022, arXiv 2210.13438; facebook/encodec_24khz.
"""

from pathlib import Path

import numpy as np

from heschl.errors import HeschlError
from heschl.nets import hub
from heschl.nets.device import pick_device
from heschl.science.cutting import cut_at

RATE_HZ = 24_000
WINDOW_S = 1.5
LAYER = "latent"
KIND = "audio"


class Encodec:
    """The encoder of an EncodecModel: mono, 24 kHz, 75 frames a second."""

    def __init__(self, folder: Path) -> None:
        self.device = pick_device()
        self.net = hub.pretrained("EncodecModel", folder).to(self.device)
        config = self.net.config
        if config.sampling_rate != RATE_HZ or config.audio_channels != 1 or config.normalize:
            given = f"{config.sampling_rate} Hz, {config.audio_channels} channels, normalize {config.normalize}"
            raise HeschlError(folder, given, f"wanted {RATE_HZ} Hz, mono, as it is", "Give facebook/encodec_24khz")

    def embed(
        self, audio: np.ndarray, rate_hz: float, windows_s: np.ndarray
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Average the latents of each window (start, end in s) of a sound (sample,): (window, feature)."""
        import torch

        sounds = torch.from_numpy(cut_at(audio, rate_hz, windows_s, RATE_HZ)).to(self.device)
        with torch.inference_mode():
            values = self.net.encoder(sounds[:, None]).mean(-1).cpu().numpy()
        return {LAYER: values}, np.asarray(windows_s, float)[:, 0]


def load(source: str | Path) -> Encodec:
    """Load EnCodec from a folder or owner/name@revision; HeschlError if it isn't at hand or isn't mono at 24 kHz."""
    return Encodec(hub.resolve(source))
