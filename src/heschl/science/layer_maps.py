"""Group maps of every voxel and layer: which are above what chance gives, and what each layer adds to other models."""

from collections.abc import Iterable

import numpy as np

from heschl.science.group_flips import flip_test, normal_scores
from heschl.science.partial_rsa import partial
from heschl.science.rsa_inference import enhanced_test, layerwise_test

FEWEST = 5  # subjects of a sign-flip test: with fewer no p is below .05


def tested(
    rho: np.ndarray,
    centre: np.ndarray,
    null_max: Iterable[np.ndarray],
    *,
    q: float,
    shrink: float,
    seed: int,
    adjacent: np.ndarray | None,
) -> dict[str, np.ndarray]:
    """Test rho over subjects by voxel and layer.

    Parameters
    ----------
    rho, centre : arrays of shape (subject, voxel, layer), and the mean of rho when clips trade places
    null_max : for each subject an array (permutation, voxel), the largest rho over layers under permutations of the
        clips, the same ones in all subjects
    q : false discovery rate over voxels x layers
    shrink, seed : of heschl.science.group_flips.flip_test
    adjacent : by heschl.science.tfce.adjacency, to enhance the map of the largest by its clusters; None: don't

    Returns
    -------
    rho_mean, centre, t, p, discovered, p_fwe, p_flip : (voxel, layer), by heschl.science.rsa_inference, and the
        family-wise p of sign flips of rho - centre
    p_flip_max : (voxel,), family-wise, of the largest over layers as a normal score among its permutations
    enhanced, p_fwe_enhanced : (voxel,), of the mean over subjects of the largest over layers

    p_flip and p_flip_max are NaN with fewer than 5 subjects, enhanced and p_fwe_enhanced where nothing is enhanced.
    """
    best, scores, null = rho.max(2), [], 0.0
    for own, drawn in zip(best, null_max, strict=True):
        scores.append(normal_scores(own, drawn))
        null = null + drawn.astype(float) / len(rho)
    found = layerwise_test(rho, null.max(1), centre, q)
    enhanced = p_enhanced = np.full(rho.shape[1], np.nan)
    if adjacent is not None:
        enhanced, test = enhanced_test(best.mean(0), null, adjacent)
        p_enhanced = test.p_fwe
    return {
        "rho_mean": found.mean,
        "centre": centre.mean(0),
        "t": found.t,
        "p": found.p,
        "discovered": found.discovered,
        "p_fwe": found.p_fwe,
        "p_flip": flipped(rho - centre, shrink, seed),
        "p_flip_max": flipped(np.stack(scores), shrink, seed),
        "enhanced": enhanced,
        "p_fwe_enhanced": p_enhanced,
    }


def flipped(values: np.ndarray, shrink: float, seed: int) -> np.ndarray:
    """Return the family-wise p of sign flips of (subject, ...) values; NaN with fewer than 5 subjects."""
    if len(values) < FEWEST:
        return np.full(values.shape[1:], np.nan)
    return flip_test(values, shrink=shrink, seed=seed).p_fwe


def added(
    rho: np.ndarray,
    centre: np.ndarray,
    rho_control: np.ndarray,
    centre_control: np.ndarray,
    between: np.ndarray,
) -> dict[str, np.ndarray]:
    """Return what each layer says that other models don't, each the mean over subjects.

    Parameters
    ----------
    rho, rho_control : arrays of shape (subject, voxel, layer) and (subject, voxel, control)
    centre, centre_control : the mean of either when clips trade places, of the same shapes
    between : array of shape (subject, model, model), Spearman's correlations among layers, then controls

    Returns
    -------
    partial, semipartial : (voxel, layer), given all other layers
    beyond_controls : (voxel, layer), semipartial given the controls; NaN without any
    semipartial_centre, beyond_centre : (voxel, layer), the means of the two when clips trade places: they are linear
    rho_control, control_centre : (voxel, control)
    """
    own, left, beyond = _given(rho, rho_control, between)
    _, left_centre, beyond_centre = _given(centre, centre_control, between)
    found = {"partial": own, "semipartial": left, "beyond_controls": beyond}
    found |= {"semipartial_centre": left_centre, "beyond_centre": beyond_centre}
    return found | {"rho_control": rho_control.mean(0), "control_centre": centre_control.mean(0)}


def _given(rho: np.ndarray, rho_control: np.ndarray, between: np.ndarray) -> tuple[np.ndarray, ...]:
    """Average over subjects partial and semipartial given all other layers, and semipartial given the controls."""
    n, layers = len(rho), rho.shape[2]
    controls = range(layers, layers + rho_control.shape[2])
    given_layers, beyond = np.zeros((2, *rho.shape[1:])), np.full(rho.shape[1:], 0.0 if controls else np.nan)
    for own, other, matrix in zip(rho, rho_control, between, strict=True):
        given_layers += np.array(partial(own, matrix[:layers, :layers])) / n
        if controls:
            every = np.concatenate([own, other], 1)
            beyond += partial(every, matrix, controls).semipartial[:, :layers] / n
    return *given_layers, beyond
