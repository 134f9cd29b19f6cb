"""Ten layers of our ResNet-18 tagger: conv1 after pooling, eight blocks, the tags (Thielen)."""

from pathlib import Path

import numpy as np
import torch

from heschl.errors import HeschlError
from heschl.nets.device import pick_device
from heschl.nets.resnet18_1d import LAYERS, RATE_HZ, STRIDES, ResNet18
from heschl.nets.resnet18_1d import load as load_net
from heschl.science.binning import bin_centres_s, bin_edges_s, bin_frames
from heschl.science.cutting import cut_at

WINDOW_S = 3.136  # 50,176 samples, as in training
LAYER = LAYERS[-2]  # the last block: the tags behind it are named
KIND = "audio"


class Tagger:
    """The tagger on windows instead of whole clips."""

    def __init__(self, net: ResNet18) -> None:
        self.device = pick_device()
        self.net = net.to(self.device)

    @torch.inference_mode()
    def embed(
        self, audio: np.ndarray, rate_hz: float, windows_s: np.ndarray
    ) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Average each layer over each window (start, end in s) of a sound (sample,).

        Returns layer name -> (window, feature), the tenth the tags' probabilities, and the starts in s.
        """
        sounds = torch.from_numpy(cut_at(audio, rate_hz, windows_s, RATE_HZ)).to(self.device)
        means = [activation.mean(-1) for activation in self.net.activations(sounds)]
        means.append(torch.sigmoid(self.net.classify(means[-1])))
        values = {name: mean.cpu().numpy() for name, mean in zip(LAYERS, means, strict=True)}
        return values, np.asarray(windows_s, float)[:, 0]


def load(source: str | Path) -> Tagger:
    """Load the tagger that train_tagger wrote; HeschlError if it can't be read."""
    return Tagger(load_net(Path(source))[0])


def layers(audio: np.ndarray, rate_hz: float, weights: Path, bin_s: float) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Run whole clips through the tagger that train_tagger wrote to `weights`; see `layers_of`.

    Raises
    ------
    HeschlError
        If the rate isn't the network's or the weights aren't its own.
    """
    return layers_of(load_net(weights)[0], audio, rate_hz, bin_s)


def layers_of(
    net: ResNet18, audio: np.ndarray, rate_hz: float, bin_s: float
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Run whole clips through a network and average each layer's activations in bins.

    The tenth layer is the linear map and sigmoid of the binned last block.

    Parameters
    ----------
    net : ready to evaluate
    audio : (clip, sample) float32
    rate_hz : must be 16,000
    bin_s : bin length, seconds

    Returns
    -------
    layer name -> (clip, bin, feature) float32, and the centres of the bins, seconds

    Raises
    ------
    HeschlError
        If the rate isn't the network's.
    """
    if rate_hz != RATE_HZ:
        raise HeschlError("audio", f"{rate_hz} Hz", f"resnet18 hears {RATE_HZ} Hz", "Resample the corpus")
    device = pick_device()
    net = net.to(device)
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
