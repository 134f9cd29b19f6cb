"""The beamformer equals MNE's own reference calls and finds dipoles; what can't be solved is refused."""

import mne
import numpy as np
import pytest
from scipy.signal import hilbert
from small_meg import CENTRE_MM, RADIUS_MM, RATE_HZ, recording, round_subject

from heschl.engines import lcmv, meg_sensors
from heschl.errors import HeschlError
from heschl.science import beta_power

PLACE_MM = np.array([-40.0, 0, 80])
DIRECTION = np.array([0.0, 1, 0])


def one_line(error) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def banded(system="ctf151", seed=0, moment=0.0, **about):
    course = moment * np.sin(2 * np.pi * 21 * np.arange(round(30 * RATE_HZ)) / RATE_HZ)
    raw = recording(system, seed=seed, sources=[(PLACE_MM, DIRECTION, course)], **about)
    return meg_sensors.band(raw, (15, 30), RATE_HZ, False)


def solved(raw, head, room=None, regularisation=0.05):
    solution, index = lcmv.forward(raw.info, head)
    noise = lcmv.noise_covariance(room, raw.info)
    return lcmv.beamformer(raw, solution, noise, regularisation, head.trans is None), index


def reference(raw, head, room):
    """Return MNE's own calls from the same recording on, in its own order."""
    sphere = mne.make_sphere_model("auto", "auto", raw.info, verbose="error")
    place = {"rr": head.index * head.voxel_mm / 1e3, "nn": np.tile([0, 0, 1.0], (len(head.index), 1))}
    source = mne.setup_volume_source_space(pos=place, verbose="error")
    solution = mne.make_forward_solution(raw.info, None, source, sphere, eeg=False, mindist=0, verbose="error")
    noise = mne.make_ad_hoc_cov(raw.info, verbose="error")
    if room is not None:
        noise = mne.compute_raw_covariance(room, verbose="error")
    data = mne.compute_raw_covariance(raw, verbose="error")
    about = {"pick_ori": "max-power", "weight_norm": "unit-noise-gain", "reduce_rank": True, "verbose": "error"}
    made = mne.beamformer.make_lcmv(raw.info, solution, data, 0.05, noise, **about)
    return mne.beamformer.apply_lcmv_raw(raw, made, verbose="error").data


@pytest.mark.parametrize("system", ["ctf151", "neuromag"])
@pytest.mark.parametrize("with_room", [True, False])
def test_the_beamformer_equals_mne_to_1e6(system, with_room):
    raw = banded(system, moment=2e-8)
    room = banded(system, seed=1, head=False) if with_room else None
    head = lcmv.sphere(raw.info, 25.0)
    made, index = solved(raw, head, room)
    assert np.array_equal(index, head.index) and len(index) > 50
    ours = lcmv.weights(made) @ raw.get_data(made["ch_names"])
    wanted = reference(raw, head, room)
    sign = np.sign((ours * wanted).sum(1))[:, None]  # a direction and its opposite are one
    assert np.abs(ours * sign - wanted).max() < 1e-6 * np.abs(wanted).max()
    weight, analytic = lcmv.weights(made), meg_sensors.analytic(raw, made["ch_names"])
    power = beta_power.power(weight, analytic, np.array([500]), 782, "power")[0]
    wanted = np.abs(hilbert(wanted))[:, 500:1282] ** 2
    assert np.allclose(power, wanted, rtol=1e-5, atol=1e-6 * wanted.max())


def test_projections_are_in_the_weights():
    """Weights on unprojected data equal MNE's on projected data: the empty room needs no projection of its own."""
    raw = recording("neuromag")
    projs = mne.compute_proj_raw(recording("neuromag", seed=2), n_grad=2, n_mag=3, verbose="error")
    raw.add_proj(projs, verbose="error")
    before = meg_sensors.band(raw.copy(), (15, 30), RATE_HZ, False, project=False)
    raw = meg_sensors.band(raw, (15, 30), RATE_HZ, False)
    assert before.info["projs"] == [] and all(p["active"] for p in raw.info["projs"])
    made, _ = solved(raw, lcmv.sphere(raw.info, 30.0))
    assert made["rank"] == 306 - 5
    wanted = mne.beamformer.apply_lcmv_raw(raw, made, verbose="error").data
    for data in (raw, before):
        ours = lcmv.weights(made) @ data.get_data(made["ch_names"])
        assert np.abs(ours - wanted).max() < 1e-6 * np.abs(wanted).max()


def test_a_dipole_is_found_where_it_is():
    raw = banded(moment=3e-8)
    room = banded(seed=1, head=False)
    made, index = solved(raw, lcmv.sphere(raw.info, 10.0), room)
    power = ((lcmv.weights(made) @ raw.get_data(made["ch_names"])) ** 2).mean(1)
    found_mm = index[power.argmax()] * 10.0
    assert np.linalg.norm(found_mm - PLACE_MM) <= 10 * 3**0.5
    far = np.linalg.norm(index * 10.0 - PLACE_MM, axis=1) > 60
    assert power.max() > 5 * np.median(power[far])
    assert np.median(power[far]) == pytest.approx(1, rel=0.3)  # unit noise gain: noise has power 1


def test_the_sphere_is_that_of_the_head_points():
    head = lcmv.sphere(recording(seconds=1).info, 8.0)
    assert np.allclose(head.model["r0"], CENTRE_MM / 1e3, atol=1e-6)
    distance = np.linalg.norm(head.index * 8.0 - CENTRE_MM, axis=1)
    assert 20 <= distance.min() and 70 < distance.max() <= 0.9 * RADIUS_MM - 5 + 1e-3
    assert (head.index[:, 2] >= 0).all() and 1000 < len(head.index) < 4000


def test_without_head_points_the_head_is_mne_s(capsys):
    info = recording(seconds=1).info
    with info._unlock():
        info["dig"] = info["dig"][:3]
    head = lcmv.sphere(info, 20.0)
    assert np.allclose(head.model["r0"], [0, 0, 0.04]) and "too few head points" in capsys.readouterr().err


def test_head_points_in_the_wrong_unit_are_refused():
    info = recording(seconds=1).info
    for point in info["dig"]:
        point["r"] = point["r"] / 10
    with pytest.raises(HeschlError) as error:
        lcmv.sphere(info, 20.0)
    assert "9 mm" in one_line(error)


def test_sensors_inside_the_head_are_refused():
    info = recording(seconds=1).info
    with info._unlock():
        info["dev_head_t"]["trans"][:3, 3] = [0, 0, -0.05]
    with pytest.raises(HeschlError) as error:
        lcmv.forward(info, lcmv.sphere(info, 30.0))
    assert "inside" in one_line(error) and "dev_head_t" in str(error.value)


@pytest.mark.parametrize("rank", [10, 60])
def test_a_covariance_of_low_rank_is_refused_with_the_numbers(rank):
    raw = banded()
    rng = np.random.default_rng(0)
    raw._data[:] = rng.standard_normal((151, rank)) @ raw._data[:rank]
    with pytest.raises(HeschlError) as error:
        solved(raw, lcmv.sphere(raw.info, 30.0))
    assert f"rank {rank} " in one_line(error) and "of 151 expected" in str(error.value)


@pytest.mark.parametrize("with_room", [True, False])
def test_a_covariance_of_somewhat_lower_rank_is_handled(with_room):
    raw, room = banded(moment=3e-8), banded(seed=1, head=False)
    raw._data[100:104] = raw._data[104:108]  # four channels copy others; in the empty room they don't
    made, index = solved(raw, lcmv.sphere(raw.info, 20.0), room if with_room else None)
    assert made["rank"] == 147 and np.isfinite(lcmv.weights(made)).all()
    power = ((lcmv.weights(made) @ raw.get_data(made["ch_names"])) ** 2).mean(1)
    assert np.linalg.norm(index[power.argmax()] * 20.0 - PLACE_MM) <= 20 * 3**0.5


def test_an_empty_room_of_another_helmet_is_refused():
    with pytest.raises(HeschlError) as error:
        lcmv.noise_covariance(banded("neuromag", head=False), banded().info)
    assert "lacks 151" in one_line(error)


@pytest.fixture(scope="module")
def subject(tmp_path_factory):
    return round_subject(tmp_path_factory.mktemp("subjects") / "sub-01")


@pytest.mark.parametrize("trans", ["good", "turned"])
def test_a_round_bem_has_the_fields_of_a_sphere(subject, trans):
    info = recording(seconds=1).info
    head = lcmv.bem(info, 20.0, subject, subject / f"{trans}-trans.fif")
    solution, index = lcmv.forward(info, head)
    distance = np.linalg.norm(index * 20.0 - CENTRE_MM, axis=1)
    assert distance.max() <= 0.9 * RADIUS_MM - 5 + 0.5 and len(index) > 150
    sphere = lcmv.sphere(info, 20.0)
    wanted, places = lcmv.forward(info, sphere)
    pairs = [(i, index.tolist().index(p)) for i, p in enumerate(places.tolist()) if p in index.tolist()]
    assert len(pairs) > 100
    ours, theirs = (f["sol"]["data"].reshape(151, -1, 3) for f in (solution, wanted))
    for row, other in pairs:
        assert np.corrcoef(theirs[:, row].ravel(), ours[:, other].ravel())[0, 1] > 0.99


@pytest.mark.parametrize(
    ("trans", "words"),
    [
        ("wrong", "off the scalp"),
        ("missing", "no such file"),
        ("damaged", "can't be read"),
        ("other", "wanted head and MRI"),
    ],
)
def test_a_bad_transform_is_refused(subject, trans, words):
    path = subject / f"{trans}-trans.fif"
    with pytest.raises(HeschlError) as error:
        lcmv.bem(recording(seconds=1).info, 20.0, subject, path)
    assert words in one_line(error) and str(path) in str(error.value)


def test_a_subject_without_bem_is_refused(tmp_path):
    with pytest.raises(HeschlError) as error:
        lcmv.bem(recording(seconds=1).info, 20.0, tmp_path, tmp_path / "a-trans.fif")
    assert "bem-sol.fif" in one_line(error)
