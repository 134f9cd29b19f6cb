"""The previous clip is taken off the voxels it drives, and nothing is written into the others."""

import numpy as np
import pytest

from heschl.science import carry_over
from heschl.science.decoder_scores import ridge_predict
from heschl.science.identification import correlate, id_acc

N_TRAIN, N_TEST, N_VOXELS = 64, 16, 2000


def design(seed):
    """Embeddings of styles, training clips in random order, test clips in one: embedding, previous, train."""
    rng = np.random.default_rng(seed)
    style = np.concatenate([rng.permutation(np.repeat(np.arange(8), 8)), np.tile(rng.permutation(8), 2)])
    embedding = 2 * rng.standard_normal((8, 12))[style] + rng.standard_normal((N_TRAIN + N_TEST, 12))
    train = np.arange(N_TRAIN + N_TEST) < N_TRAIN
    parts = carry_over.components(embedding, train)
    return embedding, np.roll(parts, 1, axis=0), train


def noise_scores(seed, draws=100):
    """Mean id-acc, over listeners of pure noise, of one order of clips, and its standard error."""
    embedding, previous, train = design(seed)
    y = (embedding - embedding[train].mean(0)) / embedding[train].std(0)
    scores = []
    for draw in range(draws):
        noise = np.random.default_rng([seed, draw]).standard_normal((len(train), 1, N_VOXELS))
        x = carry_over.remove(noise, previous, train)[:, 0]
        found = ridge_predict(x[train], y[train], x[~train], np.full(y.shape[1], 100.0))
        scores.append(id_acc(correlate(found, y[~train]), np.arange(N_TEST)).mean())
    return np.mean(scores), np.std(scores) / np.sqrt(draws)


@pytest.mark.parametrize(("order", "lean"), [(2, -1), (6, 1)])  # orders of clips that lean to either side
def test_noise_is_decoded_at_chance_whatever_the_order_of_clips(monkeypatch, order, lean):
    """Cleaning every voxel writes the order of clips into noise, so that it is decoded above or below chance."""
    gated, error = noise_scores(order)
    monkeypatch.setattr(carry_over, "FALSE_SHARE", 1.0)
    every, _ = noise_scores(order)
    assert lean * (every - 0.5) > 4 * error
    assert abs(gated - 0.5) < 3 * error


@pytest.mark.parametrize("n_voxels", [300, 3000])
def test_few_voxels_without_carry_over_are_touched(n_voxels):
    _, previous, train = design(1)
    noise = np.random.default_rng(0).standard_normal((len(train), 2, n_voxels)).astype(np.float32)
    left = carry_over.remove(noise, previous, train)
    assert (left != noise).any((0, 1)).mean() <= 3 * carry_over.FALSE_SHARE


def test_driven_voxels_are_cleaned_among_many_others():
    _, previous, train = design(2)
    rng = np.random.default_rng(3)
    noise = rng.standard_normal((len(train), 1, 1000))
    noise[..., 2] = 0  # a constant voxel neither gains nor loses
    carried = noise.copy()
    weights = rng.standard_normal((previous.shape[1], 50)) * 0.5
    carried[:, 0, 10:60] += previous @ weights
    left = carry_over.remove(carried, previous, train)

    def explained(x):
        """Share of the driven voxels' variance that the previous clip explains."""
        some = x[:, 0, 10:60] - x[:, 0, 10:60].mean(0)
        fit = previous @ np.linalg.lstsq(previous, some, rcond=None)[0]
        return (fit**2).sum() / (some**2).sum()

    assert explained(carried) > 0.6 and explained(left) < 0.3
    assert (left[..., 10:60] != carried[..., 10:60]).any((0, 1)).mean() > 0.9
    assert np.isfinite(left).all()
