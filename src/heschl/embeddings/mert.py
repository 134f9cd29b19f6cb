"""MERT, a HuBERT trained on music: every layer averaged over 5 s (Li et al. 2024, ICLR; weights CC-BY-NC-4.0).

MERT-v1 without its constant-Q input is HuBERT, so transformers' HubertModel runs it and no remote code does.
(MERT-v1-330M's `attention_relax` only keeps half precision from overflowing.)
"""

import json
from pathlib import Path

import numpy as np

from heschl.errors import HeschlError
from heschl.nets import hub
from heschl.nets.device import pick_device
from heschl.science.cutting import cut_at
from heschl.science.frame_bins import binned

RATE_HZ = 24_000
WINDOW_S = 5.0
LAYER = "hidden-07"
KIND = "audio"


class Mert:
    """A HubertModel with its feature extractor, which may z-score each window's sound."""

    def __init__(self, folder: Path) -> None:
        self.device = pick_device()
        _refuse_other_than_hubert(folder)
        self.extract = hub.pretrained("Wav2Vec2FeatureExtractor", folder)
        self.net = hub.pretrained("HubertModel", folder).to(self.device)
        if self.extract.sampling_rate != RATE_HZ:
            raise HeschlError(folder, f"hears {self.extract.sampling_rate} Hz", f"wanted {RATE_HZ} Hz", "Give MERT-v1")

    def embed(
        self, audio: np.ndarray, rate_hz: float, windows_s: np.ndarray
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Average each window (start, end in s) of a sound (sample,): hidden-00 (input) .. -> (window, feature)."""
        values = {name: frames.mean(1) for name, frames in self.frames(audio, rate_hz, windows_s).items()}
        return values, np.asarray(windows_s, float)[:, 0]

    def frames(self, audio: np.ndarray, rate_hz: float, windows_s: np.ndarray) -> dict[str, np.ndarray]:
        """Run each window (start, end in s) of a sound (sample,): hidden-00 (input) .. -> (window, frame, feature)."""
        import torch

        sounds = cut_at(audio, rate_hz, windows_s, RATE_HZ)
        inputs = self.extract(list(sounds), sampling_rate=RATE_HZ, return_tensors="pt")["input_values"]
        with torch.inference_mode():
            hidden = self.net(inputs.to(self.device), output_hidden_states=True).hidden_states
        return {f"hidden-{i:02d}": h.cpu().numpy() for i, h in enumerate(hidden)}


def layers(audio: np.ndarray, rate_hz: float, weights: str | Path, bin_s: float) -> tuple[dict, np.ndarray]:
    """Average every layer of clips (clip, sample) in bins: layer name -> (clip, bin, feature), and the centres in s.

    weights : what `load` takes; windows of 5 s follow each other
    """
    return binned(load(weights).frames, audio, rate_hz, WINDOW_S, bin_s)


def load(source: str | Path) -> Mert:
    """Load MERT-v1 from a folder or owner/name@revision; HeschlError if it isn't at hand or isn't a HuBERT."""
    return Mert(hub.resolve(source))


def _refuse_other_than_hubert(folder: Path) -> None:
    try:
        config = json.loads((folder / "config.json").read_text())
    except (OSError, ValueError):
        raise HeschlError(folder, "no config.json that can be read", "wanted MERT-v1", "Fetch it again") from None
    for option in ("feature_extractor_cqt", "deepnorm"):
        if config.get(option):
            raise HeschlError(folder, f"{option} is on", "HubertModel has no such part", "Give MERT-v1-95M or -330M")
