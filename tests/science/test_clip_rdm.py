"""Clip-level patterns against pandas, and their place among volumes."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from heschl.science import rdm
from heschl.science.clip_rdm import clip_means, clip_rdm
from heschl.science.searchlight import searchlight

CLIP = np.array(["b", "a", "c", "b", "a", "c", "b", "d", "d"])


def test_means_agree_with_pandas():
    values = np.random.default_rng(0).standard_normal((9, 5)).astype(np.float32)
    found = clip_means(values, CLIP)
    expected = pd.DataFrame(values.astype(float)).groupby(CLIP).mean()
    assert found.clip.tolist() == expected.index.tolist() and not found.lag_s.any()
    np.testing.assert_allclose(found.values, expected.values, atol=1e-12)
    cube = clip_means(np.stack([values, 2 * values], 2), CLIP).values
    np.testing.assert_allclose(cube[..., 1], 2 * found.values, atol=1e-12)


def test_rdm_agrees_with_scipy():
    values = np.random.default_rng(1).standard_normal((9, 7))
    mean = pd.DataFrame(values).groupby(CLIP).mean().values
    np.testing.assert_allclose(clip_rdm(values, CLIP), 1 - stats.spearmanr(mean, axis=1).statistic, atol=1e-11)


def test_clips_go_where_volumes_go_and_trade_places_alike():
    """The searchlight takes clips for volumes; one seed draws one order of clips at both levels."""
    rng = np.random.default_rng(2)
    clip, lag_s = np.repeat(["x", "z", "y", "w", "v"], 3), np.tile([0.0, 1.5, 3.0], 5)
    patterns, features = rng.standard_normal((15, 20)), rng.standard_normal((15, 8))
    clips = clip_means(patterns, clip)
    orders = rdm.clip_permutations(clips.clip, clips.lag_s, 7, 3)
    by_volume = rdm.clip_permutations(clip, lag_s, 7, 3)
    np.testing.assert_array_equal(clips.clip[orders][:, np.searchsorted(clips.clip, clip)], clip[by_volume])
    mask = rdm.pair_mask(clips.clip, "between_clip")
    np.testing.assert_array_equal(mask, rdm.pair_mask(clips.clip, "all"))
    model = clip_rdm(features, clip)
    found = searchlight(clips.values, model[None], np.arange(20)[None], pairs=mask, permutations=orders)
    keep = np.triu(mask, 1)
    distance = np.round(clip_rdm(patterns, clip)[keep], 10)
    np.testing.assert_allclose(found.rho[0, 0], stats.spearmanr(distance, model[keep]).statistic, atol=1e-12)


def test_unlike_lengths_are_refused():
    with pytest.raises(ValueError, match="clip of each volume"):
        clip_means(np.zeros((4, 2)), CLIP)
