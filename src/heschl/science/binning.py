"""Frames of a network averaged into bins of time.

A frame stands for the time around its centre, half-way to its neighbours. A bin is the mean of the activation
over the bin's span, so every frame counts by the time that it shares with the bin: an average always, never a
pick.
"""

import numpy as np
import scipy.sparse


def bin_edges_s(duration_s: float, bin_s: float) -> np.ndarray:
    """Return the edges of bins that cover a clip: shape (bin + 1,); the last bin may be shorter.

    Raises
    ------
    ValueError
        If the bin or the clip has no length.
    """
    if not (bin_s > 0 and duration_s > 0):
        raise ValueError(f"bin_s {bin_s} and duration_s {duration_s}: both must be above 0; set embed: bin_s")
    n_bins = max(1, int(np.ceil(duration_s / bin_s - 1e-6)))
    return np.append(np.arange(n_bins) * bin_s, duration_s)


def frame_edges_s(n_frames: int, frame_s: float, duration_s: float) -> np.ndarray:
    """Return the edges of frames centred at 0, frame_s, 2 frame_s, ... that share a clip: (frame + 1,)."""
    edges = (np.arange(n_frames + 1) - 0.5) * frame_s
    edges[-1] = duration_s
    return np.clip(edges, 0, duration_s)


def bin_weights(frames_s: np.ndarray, bins_s: np.ndarray) -> scipy.sparse.csr_matrix:
    """Share of each bin's span that each frame holds.

    Parameters
    ----------
    frames_s, bins_s : ascending edges of frames and bins, seconds

    Returns
    -------
    sparse matrix (bin, frame) float64 whose rows sum to 1
    """
    cuts = np.unique(np.concatenate([frames_s, bins_s]))
    cuts = cuts[(cuts >= max(frames_s[0], bins_s[0])) & (cuts <= min(frames_s[-1], bins_s[-1]))]
    middle, length = (cuts[1:] + cuts[:-1]) / 2, np.diff(cuts)
    frame = np.searchsorted(frames_s, middle, side="right") - 1
    bin_ = np.searchsorted(bins_s, middle, side="right") - 1
    shape = (len(bins_s) - 1, len(frames_s) - 1)
    shared = scipy.sparse.csr_matrix((length, (bin_, frame)), shape)
    return scipy.sparse.diags(1 / np.asarray(shared.sum(1)).ravel()) @ shared


def bin_frames(activation: np.ndarray, frame_s: float, duration_s: float, bins_s: np.ndarray) -> np.ndarray:
    """Average the activations (feature, frame) of one clip into bins: returns (bin, feature) float32."""
    frames_s = frame_edges_s(activation.shape[1], frame_s, duration_s)
    return np.asarray(bin_weights(frames_s, bins_s) @ activation.T, np.float32)


def bin_centres_s(bins_s: np.ndarray) -> np.ndarray:
    """Return the middle of each bin on the regular grid that the bins start: shape (bin,)."""
    step = bins_s[1] - bins_s[0]
    return bins_s[:-1] + step / 2
