"""Ten layers of our ResNet-18 tagger: conv1 after pooling, eight blocks, the tags (Thielen)."""

from pathlib import Path

import numpy as np
import torch

from heschl.errors import HeschlError
from heschl.nets.device import pick_device
from heschl.nets.resnet18_1d import LAYERS, RATE_HZ, STRIDES, ResNet18, load
from heschl.science.binning import bin_centres_s, bin_edges_s, bin_frames


def layers(audio: np.ndarray, rate_hz: float, weights: Path, bin_s: float) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Run whole clips through the tagger and average each layer's activations in bins.

    The tenth layer is the linear map and sigmoid of the binned last block.

    Parameters
    ----------
    audio : (clip, sample) float32
    rate_hz : must be 16,000
    weights : safetensors file that train_tagger wrote
    bin_s : bin length, seconds

    Returns
    -------
    layer name -> (clip, bin, feature) float32, and the centres of the bins, seconds

    Raises
    ------
    HeschlError
        If the rate isn't the network's or the weights aren't its own.
    """
    if rate_hz != RATE_HZ:
        raise HeschlError("audio", f"{rate_hz} Hz", f"resnet18 hears {RATE_HZ} Hz", "Resample the corpus")
    device = pick_device()
    net = load(weights)[0].to(device)
    bins_s = bin_edges_s(audio.shape[1] / rate_hz, bin_s)
    clips = [_clip_layers(net, torch.from_numpy(clip).to(device), bins_s) for clip in np.asarray(audio, np.float32)]
    return {name: np.stack([c[i] for c in clips]) for i, name in enumerate(LAYERS)}, bin_centres_s(bins_s)


@torch.inference_mode()
def _clip_layers(net: ResNet18, clip: torch.Tensor, bins_s: np.ndarray) -> list[np.ndarray]:
    """Return the ten layers of one clip (sample,), each (bin, feature)."""
    duration_s = len(clip) / RATE_HZ
    outputs = zip(net.activations(clip[None]), STRIDES, strict=True)
    binned = [bin_frames(a[0].cpu().numpy(), stride / RATE_HZ, duration_s, bins_s) for a, stride in outputs]
    last = torch.from_numpy(binned[-1]).to(clip.device)
    return [*binned, torch.sigmoid(net.classify(last)).cpu().numpy()]
