"""Frames of a network that hears windows of a sound, put behind one another and averaged in bins of time."""

from collections.abc import Callable

import numpy as np

from heschl.science.binning import bin_centres_s, bin_edges_s, bin_weights

Frames = Callable[[np.ndarray, float, np.ndarray], dict[str, np.ndarray]]


def binned(
    frames: Frames, audio: np.ndarray, rate_hz: float, window_s: float, bin_s: float
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Run every clip through a network, window after window, and average each layer's frames in bins.

    Windows follow each other; the clip's last is moved back so that it ends with the clip, and only what it hears
    alone is taken from it. The frames of a window share its time evenly.

    Parameters
    ----------
    frames : maps a sound (sample,), its rate and windows (window, 2) in s to layer name -> (window, frame, feature)
    audio : (clip, sample)
    rate_hz : of the audio
    window_s : what the network hears at once; a clip that is shorter is heard as one window
    bin_s : bin length

    Returns
    -------
    layer name -> (clip, bin, feature) float32, and the centres of the bins in s
    """
    duration_s = audio.shape[1] / rate_hz
    windows, heard_s = _windows(duration_s, min(window_s, duration_s))
    bins_s, found = bin_edges_s(duration_s, bin_s), []
    for clip in np.asarray(audio, np.float32):
        layers = frames(clip, rate_hz, windows)
        found.append({name: _average(values, windows, heard_s, bins_s) for name, values in layers.items()})
    return {name: np.stack([one[name] for one in found]) for name in found[0]}, bin_centres_s(bins_s)


def _windows(duration_s: float, window_s: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the windows (window, 2) in s, and from when on each counts, (window,)."""
    n = max(1, int(np.ceil(duration_s / window_s - 1e-6)))
    heard_s = np.arange(n) * window_s
    start_s = np.minimum(heard_s, duration_s - window_s)
    return np.stack([start_s, start_s + window_s], 1), heard_s


def _average(values: np.ndarray, windows: np.ndarray, heard_s: np.ndarray, bins_s: np.ndarray) -> np.ndarray:
    """Average the frames (window, frame, feature) of one clip in bins: (bin, feature)."""
    edges, kept = [], []
    for (start, stop), heard, frames in zip(windows, heard_s, values, strict=True):
        own = np.linspace(start, stop, len(frames) + 1)
        first = int(np.searchsorted(own[1:], heard + 1e-9))  # what the window before has heard is left out
        edges += np.maximum(own[first:-1], heard).tolist()
        kept.append(frames[first:])
    edges = np.array([*edges, windows[-1, 1]])
    return np.asarray(bin_weights(edges, bins_s) @ np.concatenate(kept), np.float32)
