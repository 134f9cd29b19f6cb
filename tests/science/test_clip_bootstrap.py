"""The bootstrap over clips against copies of clips written out, rsatoolbox, and the spread over real new clips."""

import numpy as np
import pytest
from scipy import stats

from heschl.science import rdm
from heschl.science.clip_bootstrap import bootstrap_rho, clip_draws, interval
from heschl.science.searchlight import searchlight

CLIP = np.repeat(["c", "a", "e", "b", "d"], 3)


def scene(seed, levels=0, volumes=15):
    rng = np.random.default_rng(seed)
    base = rng.standard_normal((volumes, 30))
    patterns = base + rng.standard_normal(base.shape)
    patterns = np.round(patterns * levels) if levels else patterns
    features = [base + rng.standard_normal(base.shape), rng.standard_normal((volumes, 8))]
    return patterns, np.stack([rdm.spearman_rdm(f) for f in features]), np.arange(30).reshape(3, 10)


def written_out(patterns, models, members, mask, clip, times):
    """Copy each clip as often as drawn, list the pairs that aren't two copies of one clip, and correlate."""
    names = np.unique(clip)
    copies = [
        (c, v)
        for c, t in enumerate(times)
        for k in range(t)
        for v in [(k, x) for x in np.flatnonzero(clip == names[c])]
    ]
    listed = [(c, k, v) for c, (k, v) in copies]
    first, second = [], []
    for i, (c, k, v) in enumerate(listed):
        for d, q, w in listed[i + 1 :]:
            if mask[v, w] and not (c == d and k != q):
                first.append(v)
                second.append(w)
    distance = np.round(rdm.spearman_rdm(patterns[:, members]), 10)[first, second]
    return [stats.spearmanr(distance, m[first, second]).statistic for m in models]


@pytest.mark.parametrize("levels", [0, 1])
@pytest.mark.parametrize("pairs", ["all", "between_clip"])
def test_agrees_with_copies_written_out(levels, pairs):
    patterns, models, neighbours = scene(1, levels)
    draws, mask = clip_draws(5, 12, 0), rdm.pair_mask(CLIP, pairs)
    found = bootstrap_rho(patterns, models, neighbours, pairs=mask, clip=CLIP, draws=draws)
    for n, times in enumerate(draws):
        for c, members in enumerate(neighbours):
            expected = written_out(patterns, models, members, mask, CLIP, times)
            np.testing.assert_allclose(found[n, c], expected, atol=1e-12)


def test_every_clip_once_is_the_searchlight():
    patterns, models, neighbours = scene(2)
    mask = rdm.pair_mask(CLIP, "between_clip")
    found = bootstrap_rho(patterns, models, neighbours, pairs=mask, clip=CLIP, draws=np.ones((1, 5), int))
    np.testing.assert_allclose(found[0], searchlight(patterns, models, neighbours, pairs=mask).rho, atol=1e-12)


def test_rsatoolbox_agrees_on_single_patterns():
    from rsatoolbox.rdm import RDMs, compare

    patterns, models, neighbours = scene(3, volumes=9)
    clip, mask = np.arange(9), ~np.eye(9, dtype=bool)
    draws = clip_draws(9, 8, 1)
    found = bootstrap_rho(patterns, models, neighbours, pairs=mask, clip=clip, draws=draws)
    spheres = np.stack([np.round(rdm.spearman_rdm(patterns[:, n]), 10) for n in neighbours])
    for n, times in enumerate(draws):
        drawn = np.repeat(clip, times)
        data, theirs = (RDMs(m).subsample_pattern("index", drawn) for m in (spheres, models))
        np.testing.assert_allclose(found[n], compare(data, theirs, method="spearman"), atol=1e-10)


def test_spread_is_that_of_new_clips():
    """The bootstrap's standard deviation against that of rho over freshly drawn clips."""
    mask, neighbours = ~np.eye(20, dtype=bool), np.arange(30)[None]
    fresh = [searchlight(*scene(100 + s, volumes=20)[:2], neighbours, pairs=mask).rho[0, 0] for s in range(150)]
    draws = clip_draws(20, 100, 0)
    options = {"pairs": mask, "clip": np.arange(20), "draws": draws}
    spread = [bootstrap_rho(*scene(s, volumes=20)[:2], neighbours, **options)[:, 0, 0].std() for s in range(30)]
    assert 0.75 < np.mean(spread) / np.std(fresh) < 1.5


def test_threads_and_blocks_change_no_bit(monkeypatch):
    patterns, models, neighbours = scene(4)
    options = {"pairs": rdm.pair_mask(CLIP, "all"), "clip": CLIP, "draws": clip_draws(5, 20, 0)}
    first = bootstrap_rho(patterns, models, neighbours, **options, threads=1)
    monkeypatch.setattr("heschl.science.clip_bootstrap.BLOCK_VALUES", 1)
    assert first.tobytes() == bootstrap_rho(patterns, models, neighbours, **options, threads=3).tobytes()


def test_draws_are_multinomial_with_three_clips_at_least():
    found = clip_draws(16, 4000, 0)
    assert found.shape == (4000, 16) and (found.sum(1) == 16).all()
    np.testing.assert_array_equal(found, clip_draws(16, 4000, 0))
    assert abs((found == 0).mean() - (15 / 16) ** 16) < 0.01
    assert (np.count_nonzero(clip_draws(3, 200, 0), axis=1) == 3).all()
    with pytest.raises(ValueError, match="2 clips"):
        clip_draws(2, 10, 0)


def test_interval():
    values = np.random.default_rng(0).standard_normal((1000, 4))
    np.testing.assert_allclose(interval(values), np.percentile(values, [2.5, 97.5], axis=0))
    np.testing.assert_allclose(interval(values, 0.5), np.percentile(values, [25, 75], axis=0))
    values[3, 1] = np.nan
    assert np.isfinite(interval(values)).all()


def test_bad_input_is_named():
    patterns, models, neighbours = scene(0)
    with pytest.raises(ValueError, match="wanted .resample, 5."):
        bootstrap_rho(
            patterns, models, neighbours, pairs=rdm.pair_mask(CLIP, "all"), clip=CLIP, draws=np.ones((2, 4), int)
        )
