"""Simulated dipoles: what is planted is there, nothing is planted at 0, and names alone decide the numbers."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import welch

from heschl.science import meg_simulation as simulation

SEEDS = st.integers(0, 2**31)


@pytest.fixture(scope="module")
def who():
    return simulation.brain(6, 25.0, 0)


def test_dipoles_are_tangential_unit_vectors_inside_the_brain(who):
    out = who.position - simulation.CENTRE_MM
    assert len(who.position) > 250 and np.linalg.norm(out, axis=1).max() <= simulation.BRAIN_MM
    assert np.allclose((out * who.orientation).sum(1), 0) and np.allclose(np.linalg.norm(who.orientation, axis=1), 1)
    assert np.allclose(who.position % simulation.SPACING_MM, 0)


@given(SEEDS, st.integers(0, 6), st.floats(8, 25))
@settings(max_examples=30, deadline=None)
def test_regions_are_apart_and_hold_the_sources_near_them(seed, n, region_mm):
    made = simulation.brain(n, region_mm, seed)
    assert made.region.shape == (n, 3)
    for k, middle in enumerate(made.region):
        near = [i for i, p in enumerate(made.position) if np.sqrt(((p - middle) ** 2).sum()) <= region_mm]
        assert near == np.flatnonzero(made.inside == k).tolist() and near
        others = np.delete(made.region, k, 0)
        assert all(np.linalg.norm(middle - o) >= 2 * region_mm for o in others)


def test_regions_that_would_touch_are_refused():
    with pytest.raises(ValueError, match="9 regions of 40 mm would touch"):
        simulation.brain(9, 40.0, 0)


@given(SEEDS, st.floats(0, 3))
@settings(max_examples=20, deadline=None)
def test_patterns_stay_between_minus_one_and_one(seed, signature):
    who = simulation.brain(1, 20.0, 0)
    pattern = simulation.activity(who, "01", signature, seed).pattern(np.arange(64) / 64)
    assert np.allclose(np.abs(pattern).max(1), 1) and np.allclose(pattern.mean(1), 0)


def test_a_signature_of_zero_makes_everybody_alike(who):
    one, two = (simulation.activity(who, sub, 0.0, 0) for sub in ("01", "02"))
    assert np.array_equal(one.log_level, two.log_level) and np.array_equal(one.harmonics, two.harmonics)


def test_subjects_differ_more_with_more_signature(who):
    def far(signature):
        one, two = (simulation.activity(who, sub, signature, 0) for sub in ("01", "02"))
        return np.abs(one.log_level - two.log_level).mean(), np.abs(one.harmonics - two.harmonics).mean()

    assert np.all(np.diff([far(s) for s in (0.0, 0.5, 1.0, 2.0)], axis=0) > 0)


def test_numbered_subjects_have_levels_spread_evenly(who):
    for seed in range(5):
        level = [simulation.activity(who, f"{k:02d}", 1.0, seed).log_level.mean() for k in range(1, 8)]
        gaps = np.diff(np.sort(level))
        assert np.ptp(level) > 1.5 * simulation.GLOBAL_SD and gaps.max() < 1.5 * simulation.GLOBAL_SD


def test_maps_are_smooth(who):
    level = simulation.activity(who, "01", 1.0, 0).log_level
    apart = np.linalg.norm(who.position[:, None] - who.position, axis=-1)
    step = np.abs(level[:, None] - level)
    assert step[(apart > 0) & (apart < 17)].mean() < 0.6 * step[apart > 80].mean()


def test_training_of_zero_changes_nothing_and_more_changes_its_regions_alone(who):
    before = simulation.activity(who, "01", 1.0, 0)
    none = simulation.trained(before, who, "01", 0.0, 0)
    assert np.array_equal(none.log_level, before.log_level) and np.array_equal(none.harmonics, before.harmonics)
    after, here = simulation.trained(before, who, "01", 1.0, 0), who.inside >= 0
    assert np.array_equal(after.log_level[~here], before.log_level[~here])
    assert np.array_equal(after.harmonics[~here], before.harmonics[~here])
    change = (after.log_level - before.log_level)[here]
    assert np.all((np.abs(change) >= 0.6) & (np.abs(change) <= 1.2))
    for k in range(6):
        assert np.ptp((after.log_level - before.log_level)[who.inside == k]) < 1e-12  # a region changes as one
    phase = np.arange(32) / 32
    courses = (doing.pattern(phase)[here] for doing in (after, before))
    turned = [np.corrcoef(a, b)[0, 1] for a, b in zip(*courses, strict=True)]
    assert abs(np.mean(turned)) < 0.5


def test_drift_of_zero_is_none_and_has_the_size_asked_for():
    none = simulation.drift("01", "after", 0, 0, 0, 0)
    assert (none.gain, none.noise) == (1, 1) and not none.shift_mm.any() and not none.turn_rad.any()
    assert np.array_equal(simulation.seat(none.shift_mm, none.turn_rad), np.eye(4))
    many = [simulation.drift(f"{k}", "after", 0.5, 0.2, 4.0, 0) for k in range(2000)]
    assert np.isclose(np.std([np.log(d.gain) for d in many]), 0.5, rtol=0.1)
    assert np.isclose(np.std([np.log(d.noise) for d in many]), 0.2, rtol=0.1)
    lengths = np.array([np.linalg.norm(d.shift_mm) for d in many])
    assert np.isclose(np.sqrt((lengths**2).mean()), 4, rtol=0.1) and lengths.max() <= 8 + 1e-9


def test_latency_is_drawn_by_itself_and_delays_the_pattern(who):
    still, late = (simulation.drift("01", "after", 0.5, 0.2, 4.0, 0, latency_s) for latency_s in (0.0, 0.06))
    assert still.latency_s == 0 and late.latency_s != 0 and still.gain == late.gain
    many = [simulation.drift(f"{k}", "after", 0, 0, 0, 0, 0.06).latency_s for k in range(2000)]
    assert np.isclose(np.std(many), 0.06, rtol=0.1)
    doing, timing = simulation.activity(who, "01", 1.0, 0), {"n_samples": 400, "sfreq_hz": 100.0, "beat_s": 0.8}
    gain = np.eye(len(who.position))
    now, later = (
        simulation.field(gain, doing, depth=0.9, rng=np.random.default_rng(0), latency_s=delay_s, **timing)
        for delay_s in (0.0, 0.8)
    )
    assert np.allclose(now, later, atol=1e-4)  # a whole beat later is the same
    half = simulation.field(gain, doing, depth=0.9, rng=np.random.default_rng(0), latency_s=0.2, **timing)
    power = doing.pattern((np.arange(400) / 100 - 0.2) / 0.8 % 1)
    noise = simulation.field(gain, doing, depth=0.0, rng=np.random.default_rng(0), **timing)
    assert np.allclose(half, noise * np.sqrt(np.maximum(1 + 0.9 * power, 0)), atol=1e-3)


def test_each_drift_can_be_had_alone():
    both, gain = (simulation.drift("01", "after", 0.5, noise, 4.0, 0) for noise in (0.2, 0.0))
    assert both.gain == gain.gain and gain.noise == 1 and np.array_equal(both.shift_mm, gain.shift_mm)
    assert simulation.drift("01", "retest", 0.5, 0.2, 4.0, 0).gain != both.gain


def test_a_seat_turns_about_the_centre_of_the_head():
    matrix = simulation.seat(np.zeros(3), np.array([0.1, 0.2, -0.3]))
    assert np.allclose(matrix @ [*simulation.CENTRE_MM, 1], [*simulation.CENTRE_MM, 1])
    assert np.allclose(matrix[:3, :3] @ matrix[:3, :3].T, np.eye(3))


@pytest.mark.parametrize("n_samples", [13 * 260 + 1, 15625])
def test_noise_has_its_band_and_a_variance_of_one(n_samples):
    noise = simulation.band_noise(40, n_samples, 260.375, np.random.default_rng(0))
    assert noise.shape == (40, n_samples) and noise.dtype == np.float32
    assert np.isclose(noise.var(), 1, rtol=0.05)
    hz, power = welch(noise.astype(float), 260.375, nperseg=1024)
    inside = (hz > 16) & (hz < 29)
    assert power[:, (hz < 13) | (hz > 32)].sum() < 0.02 * power.sum()
    assert np.std(power[:, inside].mean(0)) < 0.2 * power[:, inside].mean()


def test_the_power_of_a_source_follows_level_and_pattern(who):
    """A long recording, averaged beat by beat, against the planted course computed sine by sine."""
    doing = simulation.activity(who, "01", 1.0, 0)
    n, rate, beat_s = 400_000, 250.0, 0.8
    gain = np.zeros((2, len(who.position)))
    gain[0, 3], gain[1, 70] = 2.0, 3.0  # two blocks
    timing = {"n_samples": n, "sfreq_hz": rate, "beat_s": beat_s}
    made = simulation.field(gain, doing, depth=0.8, rng=np.random.default_rng(0), **timing)
    power = (made.astype(float) ** 2).reshape(2, -1, 200).mean(1)  # 200 samples a beat
    for row, (source, factor) in enumerate(((3, 2.0), (70, 3.0))):
        course = np.zeros(200)
        for k in range(simulation.N_HARMONICS):
            angle = 2 * np.pi * (k + 1) * np.arange(200) / 200
            c, s = doing.harmonics[source, [k, simulation.N_HARMONICS + k]]
            course += c * np.cos(angle) + s * np.sin(angle)
        wanted = factor**2 * np.exp(doing.log_level[source]) * (1 + 0.8 * course / np.abs(course).max())
        assert np.isclose(power[row].mean(), wanted.mean(), rtol=0.05)
        assert np.corrcoef(power[row], wanted)[0, 1] > 0.95


def test_without_depth_power_is_even(who):
    doing = replace(simulation.activity(who, "01", 1.0, 0), log_level=np.zeros(len(who.position)))
    timing = {"n_samples": 100_000, "sfreq_hz": 250.0, "beat_s": 0.8}
    made = simulation.field(np.eye(1, len(who.position)), doing, depth=0.0, rng=np.random.default_rng(0), **timing)
    power = (made.astype(float) ** 2).reshape(-1, 200).mean(0)
    assert power.std() / power.mean() < 0.15  # the scatter of 500 beats


@given(SEEDS)
@settings(max_examples=10, deadline=None)
def test_the_same_names_give_the_same_numbers_and_others_do_not(seed):
    draw = [simulation.stream(seed, *names).random() for names in (("a", 1), ("a", 1), ("a", 2), ("b", 1), ("a",))]
    assert draw[0] == draw[1] and len(set(draw)) == 4
