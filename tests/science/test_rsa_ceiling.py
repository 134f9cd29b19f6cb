"""Noise ceilings of spheres against rsatoolbox."""

import numpy as np
import pytest
from scipy import stats

from heschl.science import rdm
from heschl.science.rsa_ceiling import ceilings

CLIP = np.repeat(np.arange(6), 3)


def group(seed=0, n=5, noise=1.0, levels=0, voxels=40):
    """Subjects with a common geometry and their own noise and numbering of voxels; centres are the same places."""
    rng = np.random.default_rng(seed)
    shared, patterns, neighbours = rng.standard_normal((18, voxels)), [], []
    centres = np.stack([rng.permutation(voxels)[:15] for _ in range(6)])
    for _ in range(n):
        order = rng.permutation(voxels)
        own = shared + noise * rng.standard_normal(shared.shape)
        patterns.append((np.round(own * levels) if levels else own)[:, order])
        neighbours.append(np.argsort(order)[centres])
    return patterns, neighbours


def by_rsatoolbox(patterns, neighbours, centre, mask):
    from rsatoolbox.inference import boot_noise_ceiling, cv_noise_ceiling
    from rsatoolbox.inference.crossvalsets import sets_leave_one_out_rdm
    from rsatoolbox.rdm import RDMs

    matrices = [np.round(rdm.spearman_rdm(p[:, n[centre]]), 10) for p, n in zip(patterns, neighbours, strict=True)]
    rdms = RDMs(np.stack([np.where(mask, m, np.nan) for m in matrices]))
    _, test_set, ceil_set = sets_leave_one_out_rdm(rdms)
    crossed = cv_noise_ceiling(rdms, ceil_set, test_set, method="spearman")
    return boot_noise_ceiling(rdms, method="spearman"), crossed


@pytest.mark.parametrize("levels", [0, 1])
@pytest.mark.parametrize("pairs", ["all", "between_clip"])
def test_rsatoolbox_agrees(levels, pairs):
    mask = rdm.pair_mask(CLIP, pairs)
    patterns, neighbours = group(1, levels=levels)
    found = ceilings(iter(patterns), iter(neighbours), mask)
    for centre in range(6):
        boot, crossed = by_rsatoolbox(patterns, neighbours, centre, mask)
        np.testing.assert_allclose((found.lower[centre], found.upper[centre]), boot, atol=1e-10)
        np.testing.assert_allclose((found.lower[centre], found.upper[centre]), crossed, atol=1e-10)


def test_threads_change_no_bit(monkeypatch):
    patterns, neighbours = group(2)
    mask = rdm.pair_mask(CLIP, "between_clip")
    first = ceilings(patterns, neighbours, mask, threads=1)
    monkeypatch.setattr("heschl.science.rsa_ceiling.BLOCK_VALUES", 1)
    again = ceilings(patterns, neighbours, mask, threads=3, progress=True)
    assert np.array(first).tobytes() == np.array(again).tobytes()


def test_ceilings_enclose_the_truth_and_noise_has_none():
    """The geometry without noise is the best model there is; it lies between the two, on average."""
    mask = rdm.pair_mask(CLIP, "all")
    keep = np.triu(mask, 1)
    lower, upper, truth = [], [], []
    for seed in range(20):
        patterns, neighbours = group(seed, noise=1.5)
        true = rdm.spearman_rdm(group(seed, n=1, noise=0)[0][0][:, group(seed, n=1, noise=0)[1][0][0]])
        found = ceilings(patterns, [n[:1] for n in neighbours], mask)
        own = [rdm.spearman_rdm(p[:, n[0]]) for p, n in zip(patterns, neighbours, strict=True)]
        truth.append(np.mean([stats.spearmanr(o[keep], true[keep]).statistic for o in own]))
        lower.append(found.lower[0])
        upper.append(found.upper[0])
    assert np.mean(lower) < np.mean(truth) < np.mean(upper)
    noise = [ceilings(*group(seed, noise=1e6), mask).lower.mean() for seed in range(20)]
    assert abs(np.mean(noise)) < 4 * np.std(noise) / np.sqrt(20)


def test_one_subject_is_its_own_upper_ceiling():
    found = ceilings(*group(0, n=1), rdm.pair_mask(CLIP, "all"))
    np.testing.assert_allclose(found.upper, 1)
    assert np.isnan(found.lower).all()


def test_unlike_subjects_are_refused():
    patterns, neighbours = group(0, n=2)
    mask = rdm.pair_mask(CLIP, "all")
    with pytest.raises(ValueError, match="the same centres"):
        ceilings(patterns, [neighbours[0], neighbours[1][:3]], mask)
    with pytest.raises(ValueError, match="the same volumes"):
        ceilings([patterns[0], patterns[1][:9]], neighbours, mask)
