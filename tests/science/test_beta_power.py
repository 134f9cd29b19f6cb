"""Epochs, power, means and components against plain loops, scipy's Hilbert transform and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import hilbert
from sklearn.decomposition import PCA

from heschl.science import beta_power

RATE_HZ = 2083 / 8


def test_the_published_epoch_has_782_samples():
    assert beta_power.n_samples(3.0, RATE_HZ) == 782


def onsets(beats, end_s=1e3, beats_per_epoch=4):
    return beta_power.epoch_onsets(np.array(beats), 3.0, 0.8, beats_per_epoch, end_s)


def test_an_epoch_starts_at_every_fourth_beat():
    assert np.allclose(onsets(0.5 + 0.8 * np.arange(16)), 0.5 + 3.2 * np.arange(4))


def test_a_missing_beat_costs_the_epochs_that_hold_it():
    beats = np.delete(0.8 * np.arange(16), 6)  # 4.8 s is missing: the second epoch can't start at 3.2 s
    assert np.allclose(onsets(beats), [0, 5.6, 8.8])


def test_a_train_of_another_tempo_gives_no_epoch():
    assert len(onsets(1.0 * np.arange(30))) == 0
    assert len(onsets([])) == 0 and len(onsets([3.0])) == 0


@given(st.lists(st.floats(0.1, 2), min_size=4, max_size=60), st.floats(5, 60), st.integers(1, 5), st.randoms())
def test_epochs_are_whole_regular_and_apart(gaps, end_s, beats_per_epoch, random):
    gaps = [0.8 if g < 1.4 else g for g in gaps]
    beats = np.cumsum(gaps)
    shuffled = beats.tolist()
    random.shuffle(shuffled)
    chosen = onsets(shuffled, end_s, beats_per_epoch)
    assert np.isin(chosen, beats).all() and (chosen + 3.0 <= end_s + 1e-6).all()
    for onset in chosen:
        inside = beats[(beats >= onset) & (beats <= onset + 2.4 * 1.05)]
        assert np.allclose(np.diff(inside), 0.8) and len(inside) == 4
    assert (np.diff(chosen) > beats_per_epoch * 0.8 - 1e-6).all()


def test_power_of_filtered_sensors_is_that_of_filtered_sources():
    """Weights and Hilbert transform commute: the transform of W x is W times the transform of x."""
    rng = np.random.default_rng(0)
    weight, data, start, n = rng.standard_normal((5, 8)), rng.standard_normal((8, 1000)), np.array([0, 300, 700]), 300
    found = beta_power.power(weight, hilbert(data), start, n, "power")
    source = np.abs(hilbert(weight @ data)) ** 2
    wanted = np.stack([source[:, s : s + n] for s in start])
    assert np.allclose(found, wanted, rtol=1e-5)
    assert np.allclose(beta_power.power(weight, hilbert(data), start, n, "envelope"), np.sqrt(wanted), rtol=1e-5)


def test_part_means_are_those_of_a_loop():
    epochs = np.random.default_rng(1).random((7, 3, 4)).astype("f4")
    means, count = beta_power.part_means(epochs, ["run-a"] * 3 + ["run-b"] * 4)
    parts = dict(zip(beta_power.PARTS, means, strict=True))
    rows = {"all": range(7), "run_1": [0, 1, 2], "run_2": [3, 4, 5, 6], "half_1": [0, 2, 4, 6], "half_2": [1, 3, 5]}
    for part, which in rows.items():
        assert np.allclose(parts[part], sum(epochs[k] for k in which) / len(which), rtol=1e-5), part
    assert count.tolist() == [7, 3, 4, 4, 3]


def test_a_single_run_has_no_second():
    means, count = beta_power.part_means(np.ones((3, 2, 4), "f4"), ["run-1"] * 3)
    assert np.isnan(means[2]).all() and np.isfinite(means[[0, 1, 3, 4]]).all() and count[2] == 0


def test_noise_means_split_the_recording_in_two():
    rng = np.random.default_rng(2)
    weight, analytic = rng.standard_normal((3, 4)), rng.standard_normal((4, 1000)) * np.repeat([1, 3], 500)
    quiet, loud = beta_power.noise_means(weight, analytic + 0j, 90, 100, "power")
    cuts = [(weight @ analytic)[:, s : s + 90] ** 2 for s in range(0, 1000, 100)]
    assert np.allclose(quiet, np.mean(cuts[:5], 0), rtol=1e-5) and np.allclose(loud, np.mean(cuts[5:], 0), rtol=1e-5)
    assert np.isnan(beta_power.noise_means(weight, analytic + 0j, 990, 100, "power")).all()


def test_components_are_those_of_scikit_learn():
    rng = np.random.default_rng(3)
    epochs = np.einsum("kv,ekt->evt", rng.standard_normal((3, 6)), rng.standard_normal((4, 3, 50)) * [[3], [2], [1]])
    epochs = epochs + 0.1 * rng.standard_normal(epochs.shape) + 5
    x = np.concatenate(list(epochs), 1).T
    scaled = (x - x.mean(0)) / x.std(0)
    reference = PCA(3).fit(scaled)
    basis = beta_power.principal_components(epochs, 3)
    series = np.concatenate(list(beta_power.project(epochs, basis)), 1)
    assert np.allclose(basis.explained, reference.explained_variance_ratio_)
    assert np.allclose(np.abs(basis.weight), np.abs(reference.components_), atol=1e-6)
    assert np.allclose(np.abs(series), np.abs(reference.transform(scaled).T), atol=1e-4)
    assert all(row[np.abs(row).argmax()] > 0 for row in basis.weight)


def test_a_constant_voxel_has_no_weight():
    epochs = np.random.default_rng(4).random((2, 4, 30))
    epochs[:, 1] = 7
    basis = beta_power.principal_components(epochs, 2)
    assert np.allclose(basis.weight[:, 1], 0) and np.isfinite(beta_power.project(epochs, basis)).all()


@pytest.mark.parametrize(("run", "seen"), [(["a"] * 3 + ["b"] * 2, [0, 1, 2]), (["a"] * 6, [0, 1, 2, 3]), (["a"], [0])])
def test_training_components_never_see_the_last_run(run, seen):
    assert beta_power.training_epochs(np.array(run)).tolist() == seen


def test_sessions_share_as_many_epochs_of_each_run_as_the_shortest_has():
    runs = [np.array(["run-1"] * 3 + ["run-2"] * 2), np.array(["run-1"] * 2 + ["run-2"] * 4)]
    rows, names = beta_power.shared_epochs(runs)
    assert [r.tolist() for r in rows] == [[0, 1, 3, 4], [0, 1, 2, 3]]
    assert names.tolist() == ["run-1", "run-1", "run-2", "run-2"]
