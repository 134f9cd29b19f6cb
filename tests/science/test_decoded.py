"""Decoders of several folds: the mean of a fold's run is removed, and nothing else."""

import numpy as np

from heschl.science import decoded


def scene(n=24, features=15, seed=0):
    rng = np.random.default_rng(seed)
    fold, run, genre = (
        np.repeat([0, 1], n // 2),
        np.tile(list("xyz"), n // 3),
        np.tile(np.repeat([*"abcd"], 3), n // 12),
    )
    target, mean, scale = (
        rng.standard_normal((n, features)),
        rng.standard_normal((2, features)),
        rng.random((2, features)),
    )
    return rng, fold, run, genre, target, mean, scale + 0.5, fold[:, None] == fold


def test_run_removed_agrees_with_brute_force():
    rng, fold, run, genre, target, mean, scale, stands = scene()
    predicted = rng.standard_normal(target.shape)
    run[5] = "alone"
    where = (fold, mean, scale, stands, np.arange(24), run, genre, genre)
    whole, within = decoded.run_removed(predicted, target, *where)
    assert np.isnan([whole[5], within[5]]).all() and np.isfinite(np.delete(whole, 5)).all()
    for i in (0, 7, 13, 23):
        mates = (run == run[i]) & (fold == fold[i])
        left = predicted[i] - predicted[mates].mean(0)
        unit = (target - mean[fold[i]]) / scale[fold[i]]
        r = np.array([np.corrcoef(left, u)[0, 1] for u in unit])
        others = (fold == fold[i]) & (np.arange(24) != i)
        np.testing.assert_allclose(whole[i], (r[i] > r[others]).mean())
        np.testing.assert_allclose(within[i], (r[i] > r[others & (genre == genre[i])]).mean())


def test_offsets_of_a_fold_and_run_are_gone():
    """Each decoder shifts each run its own way: the scores don't move, as they did when runs were pooled over folds."""
    rng, fold, run, genre, target, mean, scale, stands = scene()
    predicted, offset = rng.standard_normal(target.shape), 5 * rng.standard_normal((2, 3, target.shape[1]))
    shifted = predicted + offset[fold, np.unique(run, return_inverse=True)[1]]
    where = (fold, mean, scale, stands, np.arange(24), run, genre, genre)
    np.testing.assert_allclose(
        decoded.run_removed(shifted, target, *where), decoded.run_removed(predicted, target, *where)
    )
    nobody = decoded.run_removed(predicted, target, *where[:5], np.arange(24).astype(str), genre, genre)
    assert np.isnan(nobody).all()


def test_two_clips_of_a_run_become_opposites_yet_noise_scores_chance():
    """The mean of noise stays .5, but is less sure than of as many independent clips within a genre and run."""
    means = []
    for seed in range(300):
        rng, fold, _, _, target, mean, scale, stands = scene(n=24, seed=seed)
        pair = np.repeat(np.arange(12), 2).astype(str)
        where = (fold, mean, scale, stands, np.arange(24), pair, pair, pair)
        whole, within = decoded.run_removed(rng.standard_normal(target.shape), target, *where)
        assert (within[::2] == within[1::2]).all()  # both right or both wrong
        means.append([whole.mean(), within.mean()])
    np.testing.assert_allclose(np.mean(means, 0), 0.5, atol=0.03)
    assert abs(np.std(means, 0)[1] - 0.5 / np.sqrt(12)) < 0.02  # of 12 coins, not 24
