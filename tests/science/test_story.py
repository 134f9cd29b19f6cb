"""A planted response to a predictor is found on held-out stretches, noise and shifted predictors are not."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from heschl.science import story


def made(n: int = 360, strength: float = 0.5, seed: int = 0):
    rng = np.random.default_rng(seed)
    power = np.convolve(rng.standard_normal(n), np.hanning(6), "same")
    power /= power.std()
    motion = rng.standard_normal((n, 6)).cumsum(0)
    bold = np.stack([strength * np.roll(power, 1), np.zeros(n)], 1) + rng.standard_normal((n, 2))
    bold += motion[:, :2] * 0.3 + np.linspace(0, 5, n)[:, None]
    return power, bold, story.nuisance(motion, 2.0, 0.008)


def test_a_planted_response_is_found_and_noise_is_not():
    power, bold, known = made()
    r = story.held_out_r(story.delayed(power, [0, 1, 2]), bold, known, 5)
    assert 0.3 < r[0] < 0.6 and abs(r[1]) < 0.15


def test_many_noise_recordings_score_nothing():
    scores = []
    for seed in range(30):
        power, bold, known = made(strength=0.0, seed=seed)
        scores.append(story.held_out_r(story.delayed(power, [0, 1]), bold, known, 5))
    z = np.arctanh(scores).ravel()
    assert abs(z.mean()) < 3 * z.std(ddof=1) / np.sqrt(len(z))


def test_a_shifted_predictor_scores_nothing():
    power, bold, known = made()
    null = story.shifted_null(story.delayed(power, [0, 1]), bold, known, 5, 20, seed=1)
    assert null.shape == (20, 2) and abs(null.mean()) < 0.05


def test_a_fold_is_ridge_regression_of_its_training_rows():
    power, bold, _ = made()
    x, train = story.delayed(power, [0, 2]), np.arange(360) >= 90
    z = story._fold(x, bold, train)
    scaled = [(a - a[train].mean(0)) / a[train].std(0) for a in (x, bold)]
    best = [Ridge(alpha=a).fit(scaled[0][train], scaled[1][train]).predict(scaled[0][~train]) for a in story.ALPHAS]
    r = np.array([[np.corrcoef(b[:, k], bold[~train, k])[0, 1] for k in range(2)] for b in best])
    assert np.abs(np.tanh(z)[None] - r).min(0).max() < 1e-4


def test_delays_look_back_and_start_with_zeros():
    np.testing.assert_array_equal(story.delayed(np.array([1.0, 2, 3]), [0, 2]), [[1, 0], [2, 0], [3, 1]])


def test_too_few_volumes_are_refused():
    with pytest.raises(ValueError, match="at least 50"):
        story.held_out_r(np.zeros((30, 1)), np.zeros((30, 1)), np.ones((30, 1)), 5)
