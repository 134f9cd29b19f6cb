"""musicnn, a published tagger with 50 MagnaTagATune tags: layers and tags (Pons and Serra 2019, ISC)."""

from pathlib import Path

import numpy as np
import torch

from heschl.errors import HeschlError
from heschl.nets.device import pick_device
from heschl.nets.musicnn import N_FRAMES, N_MELS, Musicnn
from heschl.nets.musicnn import load as load_net
from heschl.science.binning import bin_centres_s, bin_edges_s, bin_frames
from heschl.science.cutting import cut_at
from heschl.science.mel import mel_power

RATE_HZ = 16_000
WINDOW_S = 3.0  # one patch of 187 frames
LAYER = "penultimate"
KIND = "audio"
HOP = 256
LAYERS = ("timbral", "temporal", "cnn1", "cnn2", "cnn3", "penultimate", "tags")
# the order of the weights' outputs
TAGS = (
    "guitar|classical|slow|techno|strings|drums|electronic|rock|fast|piano|ambient|beat|violin|vocal|"
    "synth|female|indian|opera|male|singing|vocals|no vocals|harpsichord|loud|quiet|flute|woman|"
    "male vocal|no vocal|pop|soft|sitar|solo|man|classic|choir|voice|new age|dance|male voice|"
    "female vocal|beats|harp|cello|no voice|weird|country|metal|female voice|choral"
).split("|")


class Patches:
    """musicnn on windows instead of whole clips: each window is one patch of its own."""

    def __init__(self, weights: Path) -> None:
        self.device = pick_device()
        self.net = load_net(weights).to(self.device)

    def embed(
        self, audio: np.ndarray, rate_hz: float, windows_s: np.ndarray
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Run the first patch of each window (start, end in s) of a sound (sample,).

        Returns layer name -> (window, feature), the layers with frames averaged over them, and the starts in s.
        Windows shorter than a patch are refused (ValueError).
        """
        sounds = cut_at(audio, rate_hz, windows_s, RATE_HZ)
        if sounds.shape[1] // HOP + 1 < N_FRAMES:
            raise ValueError(f"windows of {sounds.shape[1] / RATE_HZ:g} s: musicnn hears patches of 3 s")
        mel = np.concatenate([_mel(sound)[:N_FRAMES] for sound in sounds])
        outputs = _patches(self.net, mel, list(range(0, len(mel), N_FRAMES)), self.device)
        values = {name: outputs[name].mean(2) if outputs[name].ndim == 3 else outputs[name] for name in LAYERS}
        return values, np.asarray(windows_s, float)[:, 0]


def load(source: str | Path) -> Patches:
    """Load musicnn from its safetensors file; HeschlError if it can't be read."""
    return Patches(Path(source))


def layers(audio: np.ndarray, rate_hz: float, weights: Path, bin_s: float) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Average musicnn's layers in bins; the two last ones change once a patch (3 s).

    Patches follow each other as published; the clip's last patch is moved back so that it ends with the clip,
    and only its new frames are taken.

    Parameters
    ----------
    audio : (clip, sample) float32
    rate_hz : must be 16,000
    weights : MTT_musicnn.safetensors
    bin_s : bin length, seconds

    Returns
    -------
    layer name -> (clip, bin, feature) float32, and the centres of the bins, seconds

    Raises
    ------
    HeschlError
        If the rate isn't the network's, a clip is shorter than a patch, or the weights can't be read.
    """
    _check(audio, rate_hz)
    device = pick_device()
    net = load_net(weights).to(device)
    bins_s = bin_edges_s(audio.shape[1] / rate_hz, bin_s)
    clips = [_clip_layers(net, clip, bins_s, device) for clip in audio]
    return {name: np.stack([c[name] for c in clips]) for name in LAYERS}, bin_centres_s(bins_s)


def tags(audio: np.ndarray, rate_hz: float, weights: Path) -> np.ndarray:
    """Return each tag's probability, (clip, 50) float32: the mean over patches of 187 frames, as published.

    Raises the errors of `layers`.
    """
    _check(audio, rate_hz)
    device = pick_device()
    net = load_net(weights).to(device)
    return np.stack([_patches(net, _mel(clip), _starts(clip), device)["tags"].mean(0) for clip in audio])


def _check(audio: np.ndarray, rate_hz: float) -> None:
    if rate_hz != RATE_HZ:
        raise HeschlError("audio", f"{rate_hz} Hz", f"musicnn hears {RATE_HZ} Hz", "Resample the corpus")
    if audio.shape[1] // HOP + 1 < N_FRAMES:
        raise HeschlError(
            "audio", f"{audio.shape[1] / rate_hz:.2f} s", "musicnn hears patches of 3 s", "Give longer clips"
        )


def _mel(clip: np.ndarray) -> np.ndarray:
    """Return the log mel spectrogram (frame, mel) of a clip (sample,); half precision as published."""
    mel = mel_power(clip, RATE_HZ, 512, HOP, N_MELS)
    return np.log10(10_000 * mel.astype(np.float16).astype(np.float32) + 1)


def _starts(clip: np.ndarray) -> list[int]:
    """Return the first frame of each whole patch."""
    return list(range(0, len(clip) // HOP + 1 - N_FRAMES + 1, N_FRAMES))


@torch.inference_mode()
def _patches(net: Musicnn, mel: np.ndarray, starts: list[int], device: torch.device) -> dict[str, np.ndarray]:
    patches = np.stack([mel[start : start + N_FRAMES] for start in starts])
    return {name: value.cpu().numpy() for name, value in net(torch.from_numpy(patches).to(device)).items()}


def _clip_layers(net: Musicnn, clip: np.ndarray, bins_s: np.ndarray, device: torch.device) -> dict[str, np.ndarray]:
    """Return the layers of one clip (sample,), each (bin, feature)."""
    mel, starts = _mel(clip), _starts(clip)
    new = len(mel) - (starts[-1] + N_FRAMES)  # frames behind the last whole patch
    if new:
        starts.append(len(mel) - N_FRAMES)
    outputs = _patches(net, mel, starts, device)
    frames = {name: _join(outputs[name], new) for name in LAYERS}
    return {name: bin_frames(f, HOP / RATE_HZ, len(clip) / RATE_HZ, bins_s) for name, f in frames.items()}


def _join(output: np.ndarray, new: int) -> np.ndarray:
    """Join patches (patch, feature[, frame]) to (feature, frame); keep `new` frames of the last, 0: all."""
    if output.ndim == 2:
        output = np.repeat(output[:, :, None], N_FRAMES, 2)
    return np.concatenate([*output[:-1], output[-1][:, -new:] if new else output[-1]], 1)
