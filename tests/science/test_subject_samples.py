"""Samples come from where their split says, normalised by training samples alone, and drift controls are real."""

import numpy as np
import pytest
from subject_worlds import make

from heschl.science import subject_samples as samples
from heschl.science import subject_splits as splits
from heschl.science.subject_samples import Samples


@pytest.fixture(scope="module")
def recording() -> samples.Recording:
    return make(1, n=3)


def split_of(recording, name: str, **options) -> splits.Split:
    sizes = {"n_validation": 10, "n_test": 10, "seed": 2} | options
    return splits.full(name, recording.position, recording.power.shape[1], **sizes)


@pytest.mark.parametrize("name", splits.FULL)
def test_each_sample_is_one_series_of_its_part(recording, name):
    split = split_of(recording, name)
    found = samples.of_split(split, samples.views(recording, split.parts, name == "noise"))
    source = recording.noise if name == "noise" else recording.power
    names = ["half_1", "half_2"] if name == "noise" else recording.parts
    taught, tested, scored = (names.index(part) for part in split.parts)
    expected = {"train": (0, taught), "test": (0, tested), "after": (1, scored), "trained": (3, scored)}
    for evaluation, (session, part) in expected.items():
        one = found[evaluation]
        assert set(one.subject) == {0, 1, 2} and one.x.dtype == np.float32
        np.testing.assert_array_equal(one.x, source[session, one.subject, part, one.place])
    assert not set(found["train"].place) & set(found["test"].place)
    assert len(found["test"].x) == len(found["after"].x) == 30
    assert any("_modelled" in n for n in found) == (name != "noise")
    plain, undone = samples.evaluations(recording.sessions[1:])
    assert name == "noise" or set(plain + undone) == set(found)


def test_normalising_freezes_what_training_knows(recording):
    split = split_of(recording, "run")
    found = samples.of_split(split, samples.views(recording, split.parts))
    frozen = samples.normalise(found, "train")
    np.testing.assert_allclose(frozen["train"].x.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(frozen["train"].x.std(0), 1, atol=1e-4)
    mean, deviation = found["train"].x.mean(0), found["train"].x.std(0)
    np.testing.assert_allclose(frozen["after"].x, (found["after"].x - mean) / deviation, rtol=1e-3, atol=1e-4)
    louder = found | {"after": found["after"]._replace(x=found["after"].x * 9), "test": found["after"]}
    np.testing.assert_array_equal(samples.normalise(louder, "train")["train"].x, frozen["train"].x)
    own = samples.normalise(louder, "per_session")
    np.testing.assert_allclose(own["after"].x.mean(0), 0, atol=1e-4)
    np.testing.assert_array_equal(own["train"].x, frozen["train"].x)
    with pytest.raises(ValueError, match="wanted one of train, per_session"):
        samples.normalise(found, "test")


def test_a_missing_run_leaves_no_samples(recording):
    power = recording.power.copy()
    power[:, :, recording.parts.index("run_2")] = np.nan
    split = split_of(recording, "run")
    found = samples.of_split(split, samples.views(recording._replace(power=power), split.parts))
    assert len(found["test"].x) == len(found["after_modelled"].x) == 0 and len(found["train"].x)
    power[:, 1] = np.nan
    found = samples.of_split(split, samples.views(recording._replace(power=power), split.parts))
    assert set(found["train"].subject) == {0, 2}
    empty = samples.normalise(found | {"train": Samples(*(v[:0] for v in found["train"]))}, "train")
    assert all(len(one.x) == 0 for one in empty.values())


def test_constant_samples_are_not_divided_by_zero():
    flat = samples.statistics(np.ones((4, 5), np.float32))
    np.testing.assert_array_equal(flat.apply(np.ones((2, 5))), 0)


def test_permuted_subjects_stay_at_their_place(recording):
    split = split_of(recording, "permuted")
    train = samples.of_split(split, samples.views(recording, split.parts))["train"]
    dealt = samples.permuted(train, 3, 5)
    for place in set(train.place):
        assert sorted(dealt.subject[train.place == place]) == [0, 1, 2]
    assert 0.2 < np.mean(dealt.subject == train.subject) < 0.47
    np.testing.assert_array_equal(dealt.x, train.x)


def test_the_drift_is_found_and_nothing_where_there_is_none():
    made = make(4, n=5)
    calm, drifted = (np.log(samples.measured(made, made.sessions.index(s), 2)[0]) for s in ("trained", "retest"))
    assert np.abs(calm).max() < 0.35 and np.abs(np.median(calm)) < 0.05
    assert np.abs(drifted).mean() > 3 * np.abs(calm).mean()
    seen = samples.views(made, splits.PARTS["run"])
    gap = {
        name: np.abs(np.log(seen[name].mean(2)) - np.log(seen["retest"].mean(2))).mean()
        for name in ("test", "retest_modelled")
    }
    assert gap["retest_modelled"] < 0.35 * gap["test"]
    gap = np.abs(np.log(seen["retest_corrected"].mean(2)) - np.log(seen["retest_matched"].mean(2))).mean()
    assert gap < 0.1


def test_a_delay_behind_the_beat_is_measured_put_on_and_undone():
    made = make(5, n=5, late_s=0.08)
    retest, trained = (samples.delays(made, made.sessions.index(s)) for s in ("retest", "trained"))
    assert np.abs(retest).max() > 5 and np.abs(trained).max() <= 1
    seen, blind = (samples.views(m, splits.PARTS["run"]) for m in (made, made._replace(beat=0.0)))

    def alike(found: dict, a: str, b: str) -> np.ndarray:
        centred = [found[name] - found[name].mean(2, keepdims=True) for name in (a, b)]
        size = np.sqrt([np.square(c).sum(2) for c in centred])
        return ((centred[0] * centred[1]).sum(2) / size.prod(0)).mean(1)[np.abs(retest) > 5]

    for pair in (("test", "retest_corrected"), ("retest", "retest_modelled")):
        assert (alike(seen, *pair) > alike(blind, *pair) + 0.1).all()
