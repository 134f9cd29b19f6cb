"""What drives a simulated listener: latents of an embedding as time courses, and how voxels weigh them.

Everything here is a pure function of its arguments; randomness comes in as a numpy Generator.
"""

import numpy as np
from scipy.linalg import eigh

RANK_TOLERANCE = 1e-9  # of the largest variance: below it a component is rounding error


def principal_latents(embedding: np.ndarray, n_latents: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the first principal components of an embedding whose features are standardised.

    Parameters
    ----------
    embedding : array of shape (n_clips, n_windows, n_features); a feature that never varies counts for nothing
    n_latents : components wanted; fewer are returned if the embedding has fewer (a one-hot genre, say)

    Returns
    -------
    scores (n_clips, n_windows, k), and orthonormal loadings (n_features, k), each with its largest entry
    positive, such that scores = standardised embedding @ loadings

    Raises
    ------
    ValueError
        If a value isn't finite, or no feature varies.
    """
    rows = np.asarray(embedding, float).reshape(-1, embedding.shape[-1])
    if not np.isfinite(rows).all():
        raise ValueError("the embedding holds values that aren't finite")
    spread = rows.std(0)
    alive = spread > 1e-9 * (np.abs(rows).max() + 1e-300)
    if not alive.any():
        raise ValueError("no feature of the embedding varies over clips")
    z = np.where(alive, (rows - rows.mean(0)) / np.where(alive, spread, 1), 0)
    loading = _leading_axes(z, n_latents)
    loading *= np.sign(loading[np.abs(loading).argmax(0), np.arange(loading.shape[1])])
    return (z @ loading).reshape(*embedding.shape[:2], -1), loading


def _leading_axes(z: np.ndarray, n: int) -> np.ndarray:
    """Return up to n leading right singular vectors (n_features, k) of centred rows, by the smaller Gram matrix."""
    wide = z.shape[1] > z.shape[0]
    gram = z @ z.T if wide else z.T @ z
    variance, vectors = eigh(gram, subset_by_index=[max(0, len(gram) - n), len(gram) - 1])
    keep = np.flatnonzero(variance > RANK_TOLERANCE * variance[-1])[::-1]
    axes = z.T @ vectors[:, keep] if wide else vectors[:, keep]
    return axes / np.linalg.norm(axes, axis=0)


def time_courses(scores: np.ndarray, centre_s: np.ndarray, n_bins: int, step_s: float) -> np.ndarray:
    """Interpolate scores of windows linearly to bins of `step_s`, held before the first and after the last centre.

    Parameters
    ----------
    scores : array of shape (n_clips, n_windows, n_latents)
    centre_s : array of shape (n_windows,), rising, s from the clip's onset

    Returns
    -------
    array of shape (n_latents, n_clips, n_bins), at the middle of each bin
    """
    middle_s = (np.arange(n_bins) + 0.5) * step_s
    share = np.stack([np.interp(middle_s, centre_s, one) for one in np.eye(len(centre_s))])  # (window, bin)
    return np.einsum("cwk,wb->kcb", scores, share)


def whiten(courses: np.ndarray) -> np.ndarray:
    """Remove the mean over clips at each moment, then make latents uncorrelated with a variance of 1.

    C^(-1/2) x with C the covariance over clips and bins: of all white latents, those nearest to what came in.

    Parameters
    ----------
    courses : array of shape (n_latents, n_clips, n_bins)

    Raises
    ------
    ValueError
        If the latents are linearly dependent.
    """
    centred = courses - courses.mean(1, keepdims=True)
    flat = centred.reshape(len(courses), -1)
    variance, vectors = np.linalg.eigh(flat @ flat.T / flat.shape[1])
    if variance[0] <= RANK_TOLERANCE * variance[-1]:
        raise ValueError(f"{len(courses)} latents wanted, but they are linearly dependent: ask for fewer")
    return ((vectors / np.sqrt(variance)) @ vectors.T @ flat).reshape(courses.shape)


def smooth_weights(
    xyz_mm: np.ndarray, n_latents: int, length_mm: float, rng: np.random.Generator, n_waves: int = 256
) -> np.ndarray:
    """Draw weights that vary smoothly with position, unit rows (n_points, n_latents).

    Each column is a Gaussian process with squared-exponential covariance of length `length_mm`, by random
    Fourier features (Rahimi and Recht 2007): the sum over n_waves of a cos(w . x + phase), w ~ N(0, 1/length^2).
    """
    frequency = rng.standard_normal((n_waves, 3)) / length_mm
    wave = np.cos(np.asarray(xyz_mm) @ frequency.T + rng.uniform(0, 2 * np.pi, n_waves))
    return unit_rows(wave @ rng.standard_normal((n_waves, n_latents)))


def mix_weights(shared: np.ndarray, own: np.ndarray, mixing: float) -> np.ndarray:
    """Return (1 - mixing) shared + mixing own, for unit rows of both, as unit rows (n_voxels, n_latents).

    With mixing 1, where a voxel lies tells nothing about what it listens to.

    Raises
    ------
    ValueError
        If mixing isn't between 0 and 1.
    """
    if not 0 <= mixing <= 1:
        raise ValueError(f"mixing: {mixing} given; wanted 0 (shared tuning) to 1 (each voxel its own)")
    return unit_rows((1 - mixing) * unit_rows(shared) + mixing * unit_rows(own))


def unit_rows(weights: np.ndarray) -> np.ndarray:
    """Scale each row (n, n_latents) to a length of 1."""
    return weights / np.linalg.norm(weights, axis=-1, keepdims=True)
