"""The closed-form mean of rho over orders of clips against all orders, one by one."""

from itertools import permutations

import numpy as np
import pytest

from heschl.science import rdm
from heschl.science.permutation_mean import permutation_mean
from heschl.science.searchlight import searchlight

CLIP, LAG = np.repeat(["a", "b", "c", "d"], 3), np.tile([0.0, 1.5, 3.0], 4)


def scene(seed, levels=0):
    """Patterns and models that depend on the lag as well as on the clip."""
    rng = np.random.default_rng(seed)
    patterns = rng.standard_normal((12, 30)) + np.tile(rng.standard_normal((3, 30)), (4, 1))
    lagged = [rng.standard_normal((12, 9)) + np.tile(2 * rng.standard_normal((3, 9)), (4, 1)) for _ in range(2)]
    patterns = np.round(patterns * levels) if levels else patterns
    return patterns, np.stack([rdm.spearman_rdm(f) for f in lagged]), np.arange(30).reshape(3, 10)


@pytest.mark.parametrize("levels", [0, 2])
@pytest.mark.parametrize("pairs", ["all", "between_clip"])
def test_agrees_with_all_orders(levels, pairs):
    patterns, models, neighbours = scene(1, levels)
    order = np.random.default_rng(0).permutation(12)  # volumes in any order
    patterns, models, clip, lag = patterns[order], models[:, order][:, :, order], CLIP[order], LAG[order]
    place = {(c, t): i for i, (c, t) in enumerate(zip(clip, lag, strict=True))}
    all_orders = [
        [place[trade["abcd".index(c)], t] for c, t in zip(clip, lag, strict=True)] for trade in permutations("abcd")
    ]
    options = {"pairs": rdm.pair_mask(clip, pairs), "permutations": np.array(all_orders)}
    expected = [searchlight(patterns, models[[m]], neighbours, **options).null_max.mean(0) for m in range(2)]
    found = permutation_mean(patterns, models, neighbours, pairs=options["pairs"], clip=clip, lag_s=lag)
    np.testing.assert_allclose(found, np.transpose(expected), atol=1e-12)
    assert np.abs(found).max() > 0.1  # the lag alone makes them alike


def test_blocks_change_nothing(monkeypatch):
    patterns, models, neighbours = scene(2)
    options = {"pairs": rdm.pair_mask(CLIP, "between_clip"), "clip": CLIP, "lag_s": LAG}
    first = permutation_mean(patterns, models, neighbours, **options)
    monkeypatch.setattr("heschl.science.permutation_mean.BLOCK_VALUES", 1)
    np.testing.assert_allclose(permutation_mean(patterns, models, neighbours, **options), first, atol=1e-14)


def test_bad_input_is_named():
    patterns, models, neighbours = scene(0)
    mask = rdm.pair_mask(CLIP, "all")
    with pytest.raises(ValueError, match="every clip once at every lag"):
        permutation_mean(patterns, models, neighbours, pairs=mask, clip=CLIP, lag_s=LAG * 0)
    mask[0, 4] = mask[4, 0] = False
    with pytest.raises(ValueError, match="choose pairs by clip"):
        permutation_mean(patterns, models, neighbours, pairs=mask, clip=CLIP, lag_s=LAG)
