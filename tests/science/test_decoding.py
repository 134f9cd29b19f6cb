"""Decoders against sklearn and himalaya's kin; carry-over, ceilings and repeats against plain loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

from heschl.science import carry_over, clip_responses, decoding
from heschl.science.aligner import linear_aligner
from heschl.science.decoder_scores import cross_validate, ridge_predict


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 9999), st.sampled_from([(30, 8), (20, 45)]))
def test_scores_and_predictions_agree_with_sklearn(seed, shape):
    rng, alphas = np.random.default_rng(seed), np.array([0.5, 20.0, 900.0])
    x, y, fold = rng.standard_normal(shape), rng.standard_normal((shape[0], 4)), np.arange(shape[0]) % 4
    found = cross_validate([(x[fold != f], y[fold != f], x[fold == f], y[fold == f]) for f in range(4)], alphas)
    for i, alpha in enumerate(alphas):
        r2, r = [], []
        for f in range(4):
            held = Ridge(alpha=alpha).fit(x[fold != f], y[fold != f]).predict(x[fold == f])
            r2.append(r2_score(y[fold == f], held, multioutput="raw_values"))
            r.append(stats.pearsonr(held, y[fold == f]).statistic)
        np.testing.assert_allclose(found.r2[i], np.mean(r2, 0), atol=1e-8)
        np.testing.assert_allclose(found.r[i], np.mean(r, 0), atol=1e-8)
    each = alphas[[0, 1, 2, 1]]
    expected = Ridge(alpha=each).fit(x, y).predict(x[:5] + 1)
    np.testing.assert_allclose(ridge_predict(x, y, x[:5] + 1, each), expected, atol=1e-8)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999), st.floats(-0.5, 0.9), st.integers(10, 60))
def test_cuts_take_the_best_voxels(seed, cut, n):
    score = np.random.default_rng(seed).uniform(-1, 1, 80)
    above, best = decoding.voxels_of(score, cut), decoding.voxels_of(score, n)
    assert len(above) == max((score > cut).sum(), decoding.FEWEST)
    assert len(best) == n
    assert score[best].min() >= np.delete(score, best).max()


def test_carry_over_is_found_and_noise_is_left_alone():
    rng, train = np.random.default_rng(0), np.arange(120) < 90
    previous = carry_over.components(rng.standard_normal((120, 30)) @ rng.standard_normal((30, 6)), train)
    np.testing.assert_allclose(previous[train].std(0), 1)
    noise = rng.standard_normal((120, 2, 50))
    carried = noise + (previous @ rng.standard_normal((previous.shape[1], 50)))[:, None]
    left = carry_over.remove(carried, previous, train)[~train]
    assert np.corrcoef(left.ravel(), noise[~train].ravel())[0, 1] > 0.9
    assert np.corrcoef(carry_over.remove(noise, previous, train).ravel(), noise.ravel())[0, 1] > 0.97


def test_the_aligner_learns_and_leaves_torch_alone():
    import torch

    rng = np.random.default_rng(0)
    x, true = rng.standard_normal((50, 5)), rng.standard_normal((5, 3))
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    weights, offset = linear_aligner(x, x @ true, 1, n_epochs=600, rate=0.02)
    assert torch.equal(before, torch.random.get_rng_state())
    np.testing.assert_allclose(x @ weights + offset, x @ true, atol=0.05)


def test_brain_accuracy():
    rng = np.random.default_rng(0)
    signal = rng.standard_normal((20, 30))
    assert decoding.brain_accuracy(signal, signal) == 1
    chance = [decoding.brain_accuracy(*rng.standard_normal((2, 20, 30))) for _ in range(50)]
    assert abs(np.mean(chance) - 0.5) < 0.03
    assert np.isnan(decoding.brain_accuracy(np.full((4, 3), np.nan), rng.standard_normal((4, 3))))


def test_repeats_and_neighbours():
    run = np.repeat(["a", "b"], 20)
    clip, of = np.array(["y", "x", "y", "x", "y"]), np.array(["a", "a", "a", "b", "b"])
    dummy, first = np.array([1, 0, 0, 0, 0], bool), np.array([0, 5, 10, 20, 25])
    heard = clip_responses.trials(clip, of, first, np.array([-1, 0, 0, 1, 1]), dummy, run)
    assert heard.previous.tolist() == ["", "y", "x", "", "x"]
    assert heard.stop.tolist() == [20, 20, 20, 40, 40]
    bold = np.random.default_rng(0).standard_normal((40, 3)).astype(np.float32)
    found = clip_responses.responses(bold, heard, ["x", "y"], 2, clip_responses.Timing(np.zeros(1), 5.0, 1.0, 5))
    expected = [(bold[7:12].mean(0) + bold[22:27].mean(0)) / 2, (bold[12:17].mean(0) + bold[27:32].mean(0)) / 2]
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-6)
    features = clip_responses.previous_features(heard, ["x", "y"], np.array([[2.0], [6.0]]))
    np.testing.assert_allclose(features, [[3.0], [2.0]])  # x: after y, after nothing; y: after x twice
    assert clip_responses.first_heard(heard, ["x", "y"]) == (["a", "a"], ["y", "x"])
    with pytest.raises(ValueError, match="outside of its run"):
        clip_responses.trials(clip, of, first + 18, np.zeros(5), dummy, run)
