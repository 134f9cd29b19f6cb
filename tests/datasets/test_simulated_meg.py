"""The simulated helmet: where it sits, what it measures, and that its files hold no date of writing."""

import mne
import numpy as np
import pytest

from heschl.datasets import fif
from heschl.datasets import simulated_meg as meg
from heschl.errors import HeschlError
from heschl.science import meg_simulation as simulation

RATE_HZ = 2083 / 8
TINY = {"run_s": 13.0, "sfreq_hz": RATE_HZ}


@pytest.fixture(scope="module")
def there():
    design = meg.Design(**TINY)
    return meg.visit(design, meg.brain(design), "01", "before")


@pytest.fixture(scope="module")
def fields(there):
    return meg.leadfield(there.info, meg.brain(meg.Design(**TINY)))


def coils_mm(info) -> np.ndarray:
    loc = np.array([ch["loc"][:3] for ch in info["chs"]])
    return 1000 * mne.transforms.apply_trans(info["dev_head_t"], loc)


@pytest.mark.parametrize("sub", ["01", "02", "03"])
@pytest.mark.parametrize("ses", ["before", "after"])
def test_coils_lie_above_the_scalp(sub, ses):
    design = meg.Design(**TINY)
    coils = coils_mm(meg.visit(design, meg.brain(design), sub, ses).info)
    above = np.linalg.norm(coils - simulation.CENTRE_MM, axis=1) - meg.HEAD_MM
    assert len(coils) == 151 and above.min() > 4 and above.max() < 55
    assert 15 < above[coils[:, 2].argmax()] < 45


def test_the_fitted_sphere_is_the_head(there):
    radius, centre, _ = mne.bem.fit_sphere_to_headshape(there.info, dig_kinds="extra", units="mm", verbose="error")
    assert np.allclose(centre, simulation.CENTRE_MM, atol=2) and abs(radius - meg.HEAD_MM) < 4


def sarvas(position, moment, at) -> np.ndarray:
    """Field in T of a dipole in a conducting sphere about the origin, metres (Sarvas 1987, equation 25)."""
    away = at - position
    a, r = np.linalg.norm(away), np.linalg.norm(at)
    f = a * (r * a + r**2 - position @ at)
    gradient = (a**2 / r + away @ at / a + 2 * a + 2 * r) * at - (a + 2 * r + away @ at / a) * position
    cross = np.cross(moment, position)
    return 1e-7 / f**2 * (f * cross - (cross @ at) * gradient)


def test_the_field_is_that_of_sarvas(there, fields):
    """Inner minus outer coil, by their middles: coils of 9 mm radius see nearly the same."""
    who, centre = meg.brain(meg.Design(**TINY)), simulation.CENTRE_MM / 1000
    frame = there.info["dev_head_t"]["trans"]
    for source in (0, 100, len(who.position) - 1):
        plain = []
        for ch in there.info["chs"]:
            normal = frame[:3, :3] @ ch["loc"][9:12]
            inner = frame[:3, :3] @ ch["loc"][:3] + frame[:3, 3] - centre
            moment = meg.MOMENT_AM * who.orientation[source]
            values = [
                normal @ sarvas(who.position[source] / 1000 - centre, moment, at)
                for at in (inner, inner + 0.05 * normal)
            ]
            plain.append(values[0] - values[1])
        plain = np.array(plain)
        assert np.abs(fields[:, source] - plain).max() < 0.08 * np.abs(plain).max()


def test_brain_and_noise_have_natural_sizes(there, fields):
    design = meg.Design(**TINY)
    noise = meg.record_nobody(design, there, "01", "before").get_data()
    raw = meg.record(design, there, fields, "01", "before", 1).get_data()
    band = 15 * (meg.NOISE_T * 1e15) ** 2
    assert np.isclose(np.median(noise.std(1)), meg.NOISE_T * np.sqrt(RATE_HZ / 2), rtol=0.1)
    brain = np.median(raw.var(1) - noise.var(1)) * 1e30
    assert 4 < brain / band < 100  # power in the band against that of the sensors


def test_noise_drift_scales_the_noise_and_gain_does_not(there):
    design = meg.Design(**TINY)
    who = meg.brain(design)
    after = meg.visit(design, who, "01", "after")
    spread = [meg.record_nobody(design, v, "01", "before").get_data().std() for v in (there, after)]
    assert np.isclose(spread[1] / spread[0], after.drift.noise, rtol=1e-4) and after.drift.noise != 1


def test_worlds_hold_what_they_say():
    design = meg.Design(**TINY)
    who = meg.brain(design)
    before, after, retest, trained = (meg.visit(design, who, "01", s) for s in ("before", "after", "retest", "trained"))
    assert np.array_equal(after.doing.log_level, trained.doing.log_level)
    assert not np.array_equal(after.doing.log_level, before.doing.log_level)
    assert np.array_equal(retest.doing.log_level, before.doing.log_level)
    assert [v.drift.gain == 1 for v in (before, after, retest, trained)] == [True, False, False, True]
    same = [np.array_equal(coils_mm(v.info), coils_mm(before.info)) for v in (before, after, retest, trained)]
    assert same == [True, False, False, True]


def test_effects_of_zero_do_nothing():
    design = meg.Design(**TINY, signature=0, drift_gain=0, drift_noise=0, drift_head_mm=0, training=0)
    who = meg.brain(design)
    first = meg.visit(design, who, "01", "before")
    for sub, ses in (("02", "before"), ("01", "after"), ("02", "retest"), ("01", "trained")):
        other = meg.visit(design, who, sub, ses)
        assert np.array_equal(other.doing.log_level, first.doing.log_level)
        assert np.array_equal(other.doing.harmonics, first.doing.harmonics)
        assert (other.drift.gain, other.drift.noise) == (1, 1)
        assert np.array_equal(coils_mm(other.info), coils_mm(first.info))
        points = [[d["r"] for d in v.info["dig"]] for v in (other, first)]
        assert np.array_equal(*points)


@pytest.mark.parametrize("rate_hz", [RATE_HZ, 2083.0])
def test_beats_are_whole_and_on_time(rate_hz):
    design = meg.Design(run_s=13.0, sfreq_hz=rate_hz)
    onsets = design.onsets_s()
    assert onsets[0] == 0.8 and np.allclose(np.diff(onsets), 0.8) and 12.2 - 0.8 < onsets[-1] <= 12.2
    assert design.n_samples == round(13 * rate_hz)


BAD = [
    ("run_s", 3.0, "at least 4 beats"),
    ("run_s", 4000.0, "a file of 2 GB"),
    ("run_s", float("nan"), "1 to 7200 s"),
    ("sfreq_hz", 60.0, "100 to 10000 Hz"),
    ("beat_s", 0.0, "0.2 to 10 s"),
    ("signature", -1.0, "0 to 5"),
    ("depth", 1.5, "0 to 0.95"),
    ("drift_gain", -0.1, "0 to 3"),
    ("drift_noise", float("inf"), "0 to 2"),
    ("drift_head_mm", 30.0, "0 to 6 mm"),
    ("training", -1.0, "0 to 5"),
    ("region_mm", 0.0, "8 to 40 mm"),
    ("n_regions", -1, "at least 0"),
    ("n_runs", 0, "at least 1"),
    ("seed", -1, "at least 0"),
]


@pytest.mark.parametrize(("name", "value", "words"), BAD)
def test_refuses_what_cannot_be_recorded_in_one_line(name, value, words):
    with pytest.raises(HeschlError) as caught:
        meg.Design(**{"run_s": 60.0} | {name: value})
    message = str(caught.value)
    assert f"simulated MEG, {name}" in message and words in message and "\n" not in message


def test_refuses_regions_that_touch_and_sessions_without_a_world():
    with pytest.raises(HeschlError, match="n_regions: 12 regions of 40 mm would touch"):
        meg.brain(meg.Design(n_regions=12, region_mm=40.0))
    design = meg.Design(**TINY)
    with pytest.raises(HeschlError, match="sessions: later given; wanted some of before, after, retest, trained"):
        meg.visit(design, meg.brain(design), "01", "later")


def test_a_fif_file_settles_to_the_same_bytes(there, tmp_path):
    raw = meg.record_nobody(meg.Design(**TINY), there, "01", "before")
    paths = [tmp_path / f"{name}_raw.fif" for name in "ab"]
    for path in paths:
        raw.save(path, fmt="single", verbose="error")
        fif.settle(path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    again = mne.io.read_raw(paths[0], preload=True, verbose="error")
    assert np.allclose(again.get_data(), raw.get_data(), rtol=1e-6, atol=1e-20)
    assert again.info["file_id"]["secs"] == 0 and not again.info["file_id"]["machid"].any()
    assert again.info["meas_date"] == meg.FIRST_DAY


@pytest.mark.parametrize("cut", [0, 10, 1000])
def test_a_damaged_fif_file_is_refused(there, tmp_path, cut):
    path = tmp_path / "a_raw.fif"
    meg.record_nobody(meg.Design(**TINY), there, "01", "before").save(path, verbose="error")
    content = path.read_bytes()
    path.write_bytes(b"RIFF" * 10 if cut == 0 else content[:-cut])
    with pytest.raises(HeschlError, match="wanted a FIF file"):
        fif.settle(path)
