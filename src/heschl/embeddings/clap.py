"""LAION CLAP: music and words in one space of 512 dimensions (Wu et al. 2023, ICASSP; science.md A4).

Published pipelines crop 10 s at random out of a file (A4, defect 2); here windows are 10 s and fixed, so that the
feature extractor has nothing to choose.
"""

from pathlib import Path

import numpy as np

from heschl.errors import HeschlError
from heschl.nets import hub
from heschl.nets.device import pick_device
from heschl.science.cutting import cut_at

RATE_HZ = 48_000
WINDOW_S = 10.0
LAYER = "projection"
KIND = "audio"


class Clap:
    """A CLAP of transformers with its feature extractor and tokenizer."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.device = folder, pick_device()
        self.extract = hub.pretrained("ClapFeatureExtractor", folder)
        self.net = hub.pretrained("ClapModel", folder).to(self.device)
        if self.net.config.audio_config.enable_fusion:
            fix = "Give laion/larger_clap_music or another unfused one"
            raise HeschlError(folder, "a CLAP with fusion", "it mixes random crops; wanted one without", fix)
        if self.extract.sampling_rate != RATE_HZ:
            raise HeschlError(folder, f"hears {self.extract.sampling_rate} Hz", f"wanted {RATE_HZ} Hz", "Give a CLAP")

    def embed(
        self, audio: np.ndarray, rate_hz: float, windows_s: np.ndarray
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Embed each window (start, end in s) of a sound (sample,): raw projections, not scaled to unit length.

        Windows shorter than 10 s are repeated to 10 s as CLAP was trained; longer ones are refused (ValueError).
        """
        import torch

        sounds = cut_at(audio, rate_hz, windows_s, RATE_HZ)
        longest = int(self.extract.nb_max_samples)
        if sounds.shape[1] > longest + 1:  # one sample more is rounding
            raise ValueError(f"windows of {sounds.shape[1] / RATE_HZ:g} s: CLAP hears {longest / RATE_HZ:g} s at most")
        options = {"truncation": "rand_trunc", "padding": "repeatpad", "sampling_rate": RATE_HZ}
        inputs = self.extract(list(sounds[:, :longest]), return_tensors="pt", **options)
        with torch.inference_mode():
            mel = inputs["input_features"].to(self.device, torch.float32)
            pooled = self.net.audio_model(mel, is_longer=inputs["is_longer"].to(self.device)).pooler_output
            # not get_audio_features: since transformers 5 it gives unit vectors
            values = self.net.audio_projection(pooled).cpu().numpy()
        return {LAYER: values.astype(np.float32)}, np.asarray(windows_s, float)[:, 0]

    def embed_text(self, texts: list[str]) -> np.ndarray:
        """Embed words with CLAP's other tower: unit vectors (text, feature), float32."""
        import torch

        words = hub.pretrained("AutoTokenizer", self.folder)
        inputs = words(texts, padding=True, truncation=True, return_tensors="pt").to(self.device)
        options = {"input_ids": inputs["input_ids"], "attention_mask": inputs["attention_mask"]}
        with torch.inference_mode():
            return self.net.get_text_features(**options).pooler_output.cpu().numpy().astype(np.float32)


def load(source: str | Path) -> Clap:
    """Load a CLAP from a folder or owner/name@revision; HeschlError if it isn't at hand or has fusion."""
    return Clap(hub.resolve(source))


def clip_embedding(windows: np.ndarray) -> np.ndarray:
    """Make one vector of a clip's windows: mean of raw projections (..., window, feature), then unit length."""
    mean = np.asarray(windows, float).mean(-2)
    return (mean / np.maximum(np.linalg.norm(mean, axis=-1, keepdims=True), 1e-12)).astype(np.float32)
