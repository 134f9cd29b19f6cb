"""What the clip before left in the response: clips are back to back, the hemodynamic response is not over in time.

A test run plays its clips in the same order four times, so averaging repeats keeps each clip's same neighbour
(science.md A4, defect 11). A ridge from the previous clip's embedding to the response, fitted on training clips, is
subtracted from all (corrected) or not (as published).
"""

import numpy as np

ALPHAS = np.logspace(-2, 4, 13)  # times the mean variance of a component
FALSE_SHARE = 0.01  # of voxels that the previous clip doesn't drive, those that are cleaned all the same
N_NULL = 20_000  # voxels, shuffled, from which the gain is learnt that chance brings


def components(embedding: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Principal components of the training clips' embeddings, at unit variance there, for all clips.

    One component for each 4 training clips, 20 at most; `remove` shrinks those that predict nothing.

    Parameters
    ----------
    embedding : array of shape (clip, feature)
    train : bool array of shape (clip,)

    Returns
    -------
    Array of shape (clip, component)
    """
    centred = embedding - embedding[train].mean(0)
    _, size, axes = np.linalg.svd(centred[train].astype(float), full_matrices=False)
    n = min(20, max(1, train.sum() // 4), int((size > 1e-6 * size[:1]).sum()))
    return centred @ axes[:n].T / (size[:n] / np.sqrt(train.sum()))


def remove(x: np.ndarray, previous: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Subtract from responses what the previous clip predicts, by a ridge fitted on training clips.

    Each window has its own weights: the early ones carry most. Each voxel's penalty minimizes generalized
    cross-validation (Golub, Heath & Wahba 1979). A voxel is cleaned only if its gain, the share by which that error
    falls, exceeds all but FALSE_SHARE of the gains of shuffled responses: weights fitted to noise would write the
    order of clips into the responses, and a decoder that saw the same noise would read it from the test clips
    (pure noise was then identified at .25 instead of .50 in one order of clips, above chance in others).

    Parameters
    ----------
    x : array of shape (clip, window, voxel); NaN where a window wasn't recorded
    previous : array of shape (clip, component), of the clip heard before, averaged over repeats
    train : bool array of shape (clip,)

    Returns
    -------
    Array like x
    """
    cleaned = np.empty_like(x)
    for window in range(x.shape[1]):
        y = x[:, window]
        rows = train & np.isfinite(y).all(1)
        predictor = previous - previous[rows].mean(0)
        weights = _weights(predictor[rows], y[rows] - y[rows].mean(0))
        cleaned[:, window] = y - (predictor @ weights).astype(x.dtype)
    return cleaned


def _weights(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Ridge weights (component, voxel) of centred x (clip, component) and y (clip, voxel), 0 where they don't help."""
    u, s, vt = np.linalg.svd(x, full_matrices=False)
    penalties = ALPHAS * max(float(np.mean(s**2)), 1e-12)
    keep = s**2 / (s**2 + penalties[:, None])
    total = np.einsum("ij,ij->j", y, y, dtype=float)

    def gains(projected: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Index of the best penalty, and the share by which the error then falls: (voxel,) each."""
        residual = np.maximum(total - (1 - (1 - keep) ** 2) @ projected.astype(float) ** 2, 0)
        error = residual / ((len(x) - 1 - keep.sum(1)) ** 2)[:, None] * (len(x) - 1) ** 2
        best = error.argmin(0)
        with np.errstate(divide="ignore", invalid="ignore"):
            return best, np.where(total > 0, 1 - error[best, np.arange(len(best))] / total, 0.0)

    rng = np.random.default_rng(0)
    shuffled = [gains(u[rng.permutation(len(u))].T @ y)[1] for _ in range(-(-N_NULL // y.shape[1]))]
    projected = u.T @ y
    best, gain = gains(projected)
    helps = gain > np.quantile(np.concatenate(shuffled), 1 - FALSE_SHARE)
    return np.where(helps, vt.T @ (s[:, None] / (s[:, None] ** 2 + penalties[best]) * projected), 0)
