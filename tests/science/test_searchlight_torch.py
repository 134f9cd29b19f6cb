"""The searchlight by torch against the one of the CPU: the same integers give the same bits."""

import numpy as np
import pytest
import torch
from rsa_scenes import scene

from heschl.science import rdm, searchlight

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("levels", [0, 20])  # 20: some centres have ties
@pytest.mark.parametrize("pairs", ["all", "between_clip"])
def test_devices_agree_with_threads(device, levels, pairs):
    patterns, models, neighbours, clip, lag = scene(3, levels)
    options = {"pairs": rdm.pair_mask(clip, pairs), "permutations": rdm.clip_permutations(clip, lag, 9, 0)}
    options["trials"] = rdm.trials(clip, lag)
    wanted = searchlight.searchlight(patterns, models, neighbours, **options)
    found = searchlight.searchlight(patterns, models, neighbours, **options, device=device, block=4)
    np.testing.assert_allclose(found.rho, wanted.rho, atol=1e-15)
    np.testing.assert_allclose(found.null_max, wanted.null_max, atol=1e-7)  # the CPU in single precision
    np.testing.assert_allclose(found.null_mean, wanted.null_mean, atol=1e-14)
    alone = searchlight.searchlight(patterns, models, neighbours, pairs=options["pairs"], device=device)
    assert alone.rho.tobytes() == found.rho.tobytes() and alone.null_max is None


def test_a_device_wants_what_it_can_do():
    patterns, models, neighbours, clip, lag = scene(3)
    permutations = rdm.clip_permutations(clip, lag, 2, 0)
    for options in ({"distance": "euclidean"}, {"permutations": permutations}):
        with pytest.raises(ValueError, match="wanted those, or no device"):
            searchlight.searchlight(patterns, models, neighbours, device="cpu", **options)
    wide = np.random.default_rng(0).standard_normal((18, 300))
    with pytest.raises(ValueError, match="wanted 256 at most"):
        searchlight.searchlight(wide, models, np.arange(300)[None], device="cpu")
