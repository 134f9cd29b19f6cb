"""Which layer is a region's, and how sure that is: from resamples of the clips to intervals."""

import numpy as np

from heschl.science.clip_bootstrap import LEVEL, interval


def region_means(rho: np.ndarray, sizes: list[int]) -> np.ndarray:
    """Average rho (resample, centre, layer) over each region's centres, which follow each other: by region."""
    parts = np.split(rho, np.cumsum(sizes)[:-1], axis=1)
    return np.stack([part.mean(1) for part in parts], 1)


def region_intervals(rho: np.ndarray) -> dict[str, np.ndarray]:
    """Return intervals of 95 % of rho and of the best layer.

    Parameters
    ----------
    rho : array of shape (1 + resample, region, layer), of the clips themselves first; a resample with a NaN is left out

    Returns
    -------
    rho, rho_low, rho_high : (region, layer)
    best_layer, best_layer_low, best_layer_high : integers (region,), from 1; the bounds are layers that came out

    Raises
    ------
    ValueError
        If there is a NaN in every resample.
    """
    drawn = rho[1:][np.isfinite(rho[1:]).all((1, 2))]
    if not len(drawn):
        raise ValueError(f"all {len(rho) - 1} resamples of the clips leave a layer without differences; wanted more")
    low, high = interval(drawn)
    tails = [(1 - LEVEL) / 2, (1 + LEVEL) / 2]
    first, last = np.quantile(drawn.argmax(2) + 1, tails, axis=0, method="inverted_cdf")
    best = {"best_layer": rho[0].argmax(1) + 1, "best_layer_low": first, "best_layer_high": last}
    bounds = {"rho": rho[0], "rho_low": low, "rho_high": high}
    return bounds | {name: layer.astype(np.int16) for name, layer in best.items()}
