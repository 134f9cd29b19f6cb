"""w2v-BERT 2.0, every layer averaged over 5 s: stands in for Brain2Music's w2v-BERT (science.md A3, table 1).

Trained on speech, where theirs was trained on music (Barrault et al. 2023, arXiv 2312.05187; weights MIT). The default
layer is the 7th, whose clusters were MusicLM's semantic tokens; a smaller model without one gives its last.
"""

from pathlib import Path

import numpy as np

from heschl.errors import HeschlError
from heschl.nets import hub
from heschl.nets.device import pick_device
from heschl.science.cutting import cut_at
from heschl.science.frame_bins import binned

RATE_HZ = 16_000
WINDOW_S = 5.0
LAYER = "hidden-07"
KIND = "audio"


class W2vBert:
    """A Wav2Vec2BertModel with its feature extractor, which z-scores each window's mel bands by itself."""

    def __init__(self, folder: Path) -> None:
        self.device = pick_device()
        self.extract = hub.pretrained("SeamlessM4TFeatureExtractor", folder)
        self.net = hub.pretrained("Wav2Vec2BertModel", folder).to(self.device)
        if self.extract.sampling_rate != RATE_HZ:
            raise HeschlError(folder, f"hears {self.extract.sampling_rate} Hz", f"wanted {RATE_HZ} Hz", "Give w2v-BERT")

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
        options = {"sampling_rate": RATE_HZ, "return_tensors": "pt", "return_attention_mask": True}
        inputs = self.extract(list(sounds), **options)
        features = inputs["input_features"].to(self.device)
        mask = inputs["attention_mask"].to(self.device)
        if not mask.all():  # windows have one length, so what is padded is the stride's odd frame, in all alike
            kept = int(mask[0].sum())
            features, mask = features[:, :kept], mask[:, :kept]
        with torch.inference_mode():
            hidden = self.net(features, attention_mask=mask, output_hidden_states=True).hidden_states
        return {f"hidden-{i:02d}": h.cpu().numpy() for i, h in enumerate(hidden)}


def layers(audio: np.ndarray, rate_hz: float, weights: str | Path, bin_s: float) -> tuple[dict, np.ndarray]:
    """Average every layer of clips (clip, sample) in bins: layer name -> (clip, bin, feature), and the centres in s.

    weights : what `load` takes; windows of 5 s follow each other
    """
    return binned(load(weights).frames, audio, rate_hz, WINDOW_S, bin_s)


def load(source: str | Path) -> W2vBert:
    """Load w2v-BERT 2.0 from a folder or owner/name@revision; HeschlError if it isn't at hand."""
    return W2vBert(hub.resolve(source))
