"""The permutation null of encoding in autocorrelated noise, and which volumes it may test."""

import numpy as np
import pytest

from heschl.science import banded, delays, encoding, fir_model

DELAYS, LENGTH, RHO = [2, 3, 4, 5], 10, 0.85
OF = fir_model.Settings(DELAYS, [1.0, 1e2, 1e3, 1e4], 4)


def session(rng, mixed=False, n_train=60, n_test=20, clips_per_run=10, length=LENGTH, gap=0):
    """Clips in shuffled order, test clips in runs of their own or among the others.

    Returns clip, trial, position, run (time,), -1 in the `gap` silent volumes after each clip, and role (clip,).
    """
    order = np.concatenate([rng.permutation(n_train), n_train + rng.permutation(n_test)])
    order = rng.permutation(order) if mixed else order
    position = np.tile(np.r_[np.arange(length), np.full(gap, -1)], len(order))
    trial = np.where(position >= 0, np.repeat(np.arange(len(order)), length + gap), -1)
    clip = np.where(trial >= 0, order[trial], -1)
    run = np.repeat(np.arange(len(order)) // clips_per_run, length + gap)
    return clip, trial, position, run, np.repeat([1, 2], [n_train, n_test])


def split(clip, trial, position, run, role):
    return delays.split_rows(clip, trial, position, run, np.zeros(trial.max() + 1, bool), role, max(DELAYS))


def noise(rng, run, n_voxels):
    """AR(1) within runs, variance 1: (time, voxel)."""
    e = rng.standard_normal((len(run), n_voxels))
    for t in np.flatnonzero(run[1:] == run[:-1]) + 1:
        e[t] = RHO * e[t - 1] + np.sqrt(1 - RHO**2) * e[t]
    return e.astype(np.float32)


def heard(rng, clip, position, n_features=6):
    """Features over time (time, feature), what a clip keeps and what changes in it alike."""
    n_clips = clip.max() + 1
    values = rng.standard_normal((n_clips, 1, n_features)) + rng.standard_normal((n_clips, LENGTH, n_features))
    return delays.course(values, clip, position)


def driven(rng, course, run, n_voxels):
    """Responses to the features, variance 1: (time, voxel)."""
    x = delays.delayed(np.nan_to_num(course), run, DELAYS)
    signal = x @ rng.standard_normal((x.shape[1], n_voxels))
    return signal / signal.std(0)


def found(seed, mixed, n_voxels=100, n_driven=10):
    """Evaluate a listener whose first voxels are driven by the music."""
    rng = np.random.default_rng(seed)
    clip, trial, position, run, role = session(rng, mixed)
    bold, course = noise(rng, run, n_voxels), heard(rng, clip, position)
    bold[:, :n_driven] += driven(rng, course, run, n_driven)
    rows = split(clip, trial, position, run, role)
    return fir_model.evaluate(bold, run, [rows], [course], 0, OF, "permutation", 199)


@pytest.mark.parametrize("mixed", [False, True])
def test_false_positives_are_held_in_autocorrelated_noise(mixed):
    """Over 40 listeners the standard error of the share is about .004; all positions gave .08 in runs of their own."""
    results = [found(seed, mixed) for seed in range(40)]
    share = np.mean([(r["p_uncorrected"][10:] <= 0.05).mean() for r in results])
    assert 0.03 < share < 0.06
    family = np.mean([r["p_fwe"][10:].min() <= 0.05 for r in results])
    assert family <= 0.15  # binomial(40, .05) exceeds this once in 700
    assert np.mean([r["p_uncorrected"][:10] <= 0.01 for r in results]) > 0.9
    assert np.mean([r["r_tested"][:10] for r in results]) > 0.4


def test_all_positions_would_not_hold_them():
    """What the restriction is for: the same listeners, tested by all volumes."""
    share = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        clip, trial, position, run, role = session(rng)
        bold, course = noise(rng, run, 100), heard(rng, clip, position)
        model = fir_model.fit(bold, run, split(clip, trial, position, run, role), [course], 0, OF)
        (orders,) = encoding.block_permutations([20], 199, [seed])
        null = encoding.block_null(model.predicted, model.actual, orders)
        share.append(encoding.right_tail(model.r[0], null) <= 0.05)
    assert np.mean(share) > 0.065


def test_a_band_that_does_not_matter_is_rarely_unique():
    """A band drives all voxels, the other none: its p is below .05 in no more than that of them."""
    false, true = [], []
    for seed in range(12):
        rng = np.random.default_rng([seed, 1])
        clip, trial, position, run, role = session(rng, n_train=30)
        courses = [heard(rng, clip, position, 4) for _ in range(2)]
        bold = noise(rng, run, 80) + driven(rng, courses[0], run, 80)
        rows = split(clip, trial, position, run, role)
        _, result = fir_model.partition(bold, run, rows, [[c] for c in courses], OF, 199, 0, 4)
        true.append(result["p_unique"][0] <= 0.05)
        false.append(result["p_unique"][1] <= 0.05)
    assert np.mean(true) > 0.95
    assert np.mean(false) < 0.06


def test_positions_that_hear_the_clip_before_are_not_tested():
    rng = np.random.default_rng(0)
    clip, trial, position, run, role = session(rng)
    rows = split(clip, trial, position, run, role)
    kept = fir_model.tested(run, rows, DELAYS)
    assert kept.tolist() == [p >= 5 for p in range(LENGTH)]
    assert (position[rows.test[:, kept]] >= 5).all()


def test_positions_that_were_left_out_are_not_left_out_twice():
    rng = np.random.default_rng(0)
    clip, trial, position, run, role = session(rng, mixed=True)
    rows = split(clip, trial, position, run, role)
    assert position[rows.test].min() == 5
    assert fir_model.tested(run, rows, DELAYS).all()


def test_after_silence_all_positions_are_tested():
    rng = np.random.default_rng(0)
    for gap in (2, 5, 8):
        clip, trial, position, run, role = session(rng, gap=gap)
        kept = fir_model.tested(run, split(clip, trial, position, run, role), DELAYS)
        assert kept.tolist() == [gap >= 5 or p >= 5 for p in range(LENGTH)]


def test_a_run_that_ends_early_hides_no_clip_before():
    """The last volumes of a clip are missing, so none is a row; the next clip still begins within reach of it."""
    rng = np.random.default_rng(0)
    clip, trial, position, run, role = (v if len(v) < 99 else v[:-2] for v in session(rng))
    rows = split(clip, trial, position, run, role)
    assert rows.test.shape[1] == LENGTH - 2
    assert fir_model.tested(run, rows, DELAYS).tolist() == [p >= 5 for p in range(LENGTH - 2)]


@pytest.mark.parametrize("length", [5, 6])
def test_clips_shorter_than_the_delays_cannot_be_tested(length):
    rng = np.random.default_rng(0)
    clip, trial, position, run, role = session(rng, length=length)
    bold, course, rows = noise(rng, run, 3), heard(rng, clip, position), split(clip, trial, position, run, role)
    message = (
        f"{length - 5} of a test clip's {length} volumes lie beyond the longest delay, 5 volumes; wanted at least 2"
    )
    with pytest.raises(ValueError, match=message):
        fir_model.evaluate(bold, run, [rows], [course], 0, OF, "permutation", 9)
    with pytest.raises(ValueError, match=message):
        fir_model.partition(bold, run, rows, [[course], [course]], OF, 9, 0, 3)
    assert "r_tested" not in fir_model.evaluate(bold, run, [rows], [course], 0, OF, "gaussian", 9)


def test_r_is_of_all_volumes_and_p_of_those_tested():
    """By hand, of two folds: the mean Fisher z of what is tested, and p from permutations of just that."""
    rng = np.random.default_rng(4)
    clip, trial, position, run, role = session(rng)
    bold, course = noise(rng, run, 8), heard(rng, clip, position)
    rows = [split(clip, trial, position, run, r) for r in (role, np.where(np.arange(80) % 4, role, 2))]
    result = fir_model.evaluate(bold, run, rows, [course], 0, OF, "permutation", 49)
    models = [fir_model.fit(bold, run, r, [course], 0, OF) for r in rows]
    kept = [fir_model.tested(run, r, DELAYS) for r in rows]
    r = [encoding.correlate(*(v[:, k].reshape(-1, 8) for v in m[3:])) for m, k in zip(models, kept, strict=True)]
    np.testing.assert_allclose(result["r_tested"], np.tanh(np.mean(np.arctanh(r), 0)))
    np.testing.assert_allclose(result["r"], np.tanh(np.mean(np.arctanh([m.r for m in models]), 0)))
    orders = encoding.block_permutations([len(x.test) for x in rows], 49, [OF.seed, 1])
    moved = [
        [encoding.correlate(m.predicted[o][:, k].reshape(-1, 8), m.actual[:, k].reshape(-1, 8)) for o in some]
        for m, k, some in zip(models, kept, orders, strict=True)
    ]
    p = (1 + (np.tanh(np.mean(np.arctanh(moved), 0)) >= result["r_tested"]).sum(0)) / 50
    np.testing.assert_allclose(result["p_uncorrected"], p)


def test_gain_of_a_band_is_tested_where_clips_are():
    """A gain that fits the residual only in the positions left out has no small p."""
    rng = np.random.default_rng(0)
    actual = rng.standard_normal((30, 10, 5))
    gain = np.where(np.arange(10)[:, None] < 5, actual, rng.standard_normal(actual.shape))
    made = banded.Partition(None, None, np.ones((2, 5)), gain.reshape(300, 5), np.zeros((2, 300, 5)), None, None)
    p = [fir_model._gain_p(made, actual, kept, 199, [0]) for kept in (np.arange(10) >= 0, np.arange(10) >= 5)]
    assert (p[0] < 0.01).all()
    assert (p[1] > 0.01).all()
