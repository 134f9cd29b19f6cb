"""Leakage: what a test clip shares with a training clip, so that decoding it is recognising it.

Each kind of sharing is a symmetric matrix (clip, clip) of bool, the diagonal False. Kinds: track, artist, title
(labels), fingerprint (one recording, science/fingerprint.py) and embedding (the same sound on average).
"""

import re
import unicodedata

import numpy as np

from heschl.science.mel import mel_power

UNKNOWN = ("", "?", "-", "n a", "na", "none", "unknown", "unknown artist", "unknown title", "unidentified", "various")
N_FFT, HOP, N_MELS, N_CEPSTRA = 1024, 512, 40, 20
FLOOR = 14.0  # nepers of power: 60 dB below the clip's maximum


def normalise(name: str) -> str:
    """Bring an artist or a title to its plainest form; "" if unknown.

    Case, accents, punctuation, what stands in brackets and a leading "the" go: "The Beatles (live)" is "beatles".
    """
    letters = unicodedata.normalize("NFKD", name).casefold()
    outside = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", "".join(c for c in letters if not unicodedata.combining(c)))
    words = " ".join(re.sub(r"[^\w]|_", " ", outside.replace("&", " and ").replace("'", "")).split())
    plain = words.removeprefix("the ")
    return "" if words in UNKNOWN else plain


def shared(labels: list[str]) -> np.ndarray:
    """Tell which clips have the same label: (clip, clip). "" is unknown and never a match."""
    label = np.array(labels, dtype=str)
    same = (label[:, None] == label[None, :]) & (label != "")[:, None]
    np.fill_diagonal(same, False)
    return same


def sound_features(audio: np.ndarray, rate_hz: float) -> np.ndarray:
    """Mean and SD over time of 20 mel cepstra of a clip (sample,), loudness left out: shape (feature,)."""
    from scipy.fft import dct

    log_mel = np.log(mel_power(audio, rate_hz, N_FFT, HOP, N_MELS) + 1e-10)
    cepstra = dct(np.maximum(log_mel, log_mel.max() - FLOOR), axis=1, norm="ortho")[:, 1 : N_CEPSTRA + 1]
    return np.concatenate([cepstra.mean(0), cepstra.std(0)])


def cosines(features: np.ndarray) -> np.ndarray:
    """Cosine of every two clips' features (clip, feature), each feature standardised over clips: (clip, clip)."""
    spread = features.std(0)
    scaled = (features - features.mean(0)) / np.where(spread > 0, spread, 1)
    length = np.linalg.norm(scaled, axis=1, keepdims=True)
    unit = scaled / np.where(length > 0, length, 1)
    cosine = unit @ unit.T
    np.fill_diagonal(cosine, 0)
    return cosine


def groups(same: list[np.ndarray]) -> np.ndarray:
    """Return the connected component (clip,) int of each clip, clips that share anything joined, by first clip."""
    from scipy.sparse.csgraph import connected_components

    found = connected_components(np.logical_or.reduce(same), directed=False)[1]
    _, first, inverse = np.unique(found, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def pairs(same: np.ndarray, role: np.ndarray) -> np.ndarray:
    """Test and training clips of a fold that share: (pair, 2), by test clip, then training clip.

    `same` is (clip, clip), `role` (clip,) with 0 unused, 1 train, 2 test.
    """
    return np.argwhere(same & (role == 2)[:, None] & (role == 1)[None, :])


def overlap(same: np.ndarray, role: np.ndarray) -> int:
    """Count the test clips, over all folds of `role` (fold, clip), that share with a training clip of their fold."""
    return sum(len(np.unique(pairs(same, fold)[:, 0])) for fold in role)
