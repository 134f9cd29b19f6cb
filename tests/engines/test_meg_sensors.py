"""Recordings are read, bad ones are refused by name, and the band holds what MNE's own calls keep."""

import mne
import numpy as np
import pytest
from small_meg import RATE_HZ, beats, recording, save

from heschl.engines import meg_sensors
from heschl.errors import HeschlError


def one_line(error) -> str:
    text = str(error.value)
    assert "\n" not in text
    return text


def test_a_recording_is_read_whole(tmp_path):
    raw = recording(seconds=5)
    found = meg_sensors.read(save(raw, tmp_path / "one_meg.fif"))
    assert found.ch_names == raw.ch_names and found.info["bads"] == []
    assert np.allclose(found.get_data(), raw.get_data(), rtol=1e-5, atol=1e-20)


def test_channels_that_are_no_meg_are_left_behind(tmp_path):
    raw = recording(seconds=5)
    extra = mne.create_info(["EEG1", "STI1"], RATE_HZ, ["eeg", "stim"])
    raw.add_channels([mne.io.RawArray(np.zeros((2, raw.n_times)), extra, verbose="error")], force_update_info=True)
    assert len(meg_sensors.read(save(raw, tmp_path / "one_meg.fif")).ch_names) == 151


def test_flat_and_saturated_channels_are_named_and_left_out(tmp_path, capsys):
    raw = recording(seconds=5)
    flat, clipped, steady = raw.ch_names[3], raw.ch_names[40], raw.ch_names[41]
    raw._data[3] = 1e-13  # an offset, no signal
    raw._data[40] = np.clip(raw._data[40], -1e-14, 1e-14)
    found = meg_sensors.read(save(raw, tmp_path / "one_meg.fif"))
    assert found.info["bads"] == [flat, clipped] and steady not in found.info["bads"]
    said = capsys.readouterr().err
    assert f"{flat} (flat)" in said and f"{clipped} (saturated" in said and "one_meg.fif" in said
    banded = meg_sensors.band(found, (15, 30), RATE_HZ, False)
    assert flat not in banded.ch_names and len(banded.ch_names) == 149


def test_too_many_bad_channels_are_refused(tmp_path):
    raw = recording(seconds=5)
    raw._data[:35] = 0
    with pytest.raises(HeschlError) as error:
        meg_sensors.read(save(raw, tmp_path / "one_meg.fif"))
    assert "35 of 151 channels are bad" in one_line(error) and "20%" in str(error.value)


@pytest.mark.parametrize("place", ["none", "identity"])
def test_a_head_that_is_nowhere_is_refused_but_an_empty_room_is_read(tmp_path, place):
    raw = recording(seconds=5, head=False)
    if place == "identity":
        with raw.info._unlock():
            raw.info["dev_head_t"] = mne.transforms.Transform("meg", "head", np.eye(4))
    path = save(raw, tmp_path / "one_meg.fif")
    with pytest.raises(HeschlError) as error:
        meg_sensors.read(path)
    assert "dev_head_t" in one_line(error) and str(path) in str(error.value)
    assert len(meg_sensors.read(path, in_helmet=False).ch_names) == 151


@pytest.mark.parametrize("damage", ["cut", "text", "missing"])
def test_a_damaged_file_is_refused(tmp_path, damage):
    path = save(recording(seconds=5), tmp_path / "one_meg.fif")
    content = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(content[: len(content) // 2] if damage == "cut" else b"no recording at all" * 100)
    with pytest.raises(HeschlError) as error:
        meg_sensors.read(path)
    assert str(path) in one_line(error)


def test_a_value_that_is_not_finite_is_refused(tmp_path):
    raw = recording(seconds=5)
    raw._data[7, 100] = np.nan
    with pytest.raises(HeschlError, match="finite"):
        meg_sensors.read(save(raw, tmp_path / "one_meg.fif"))


def test_a_file_without_meg_is_refused(tmp_path):
    info = mne.create_info(["EEG1"], RATE_HZ, "eeg")
    path = save(mne.io.RawArray(np.ones((1, 1000)), info, verbose="error"), tmp_path / "one_meg.fif")
    with pytest.raises(HeschlError) as error:
        meg_sensors.read(path)
    assert str(path) in one_line(error)


def test_the_band_is_what_mne_keeps_and_every_eighth_sample_of_it():
    raw = recording(seconds=20, rate_hz=2083)
    wanted = mne.filter.filter_data(raw.get_data(), 2083, 15, 30, verbose="error")[:, ::8]
    banded = meg_sensors.band(raw, (15, 30), RATE_HZ, False)
    assert banded.info["sfreq"] == pytest.approx(RATE_HZ) and banded.n_times == wanted.shape[1]
    assert np.allclose(banded.get_data(), wanted, rtol=1e-9, atol=1e-9 * wanted.std())


def test_what_would_fold_into_the_band_is_gone():
    """At 260.375 Hz a tone of 240 Hz would look like one of 20 Hz."""
    raw = recording(seconds=20, rate_hz=2083)
    time = raw.times
    raw._data[0], raw._data[1] = np.sin(2 * np.pi * 240.375 * time), np.sin(2 * np.pi * 20 * time)
    banded = meg_sensors.band(raw, (15, 30), RATE_HZ, False).get_data()[:2, 300:-300]
    assert banded[0].std() < 2e-3 and banded[1].std() == pytest.approx(np.sqrt(0.5), rel=0.01)


def test_a_rate_that_does_not_fit_is_refused_or_resampled():
    with pytest.raises(HeschlError) as error:
        meg_sensors.band(recording(seconds=10, rate_hz=1000), (15, 30), RATE_HZ, False)
    assert "1000 Hz" in one_line(error) and "260.375 Hz" in str(error.value) and "resample" in str(error.value)
    banded = meg_sensors.band(recording(seconds=10, rate_hz=1000), (15, 30), RATE_HZ, True)
    assert banded.info["sfreq"] == pytest.approx(RATE_HZ, rel=1e-3)
    assert banded.n_times == pytest.approx(10 * RATE_HZ, abs=2)


@pytest.mark.parametrize(
    ("band_hz", "rate_hz", "seconds", "words"),
    [
        ((15, 30), 60, 20, "wanted at least 75 Hz"),
        ((30, 15), RATE_HZ, 20, "30 to 15"),
        ((15, 30), RATE_HZ, 1, "filter"),
    ],
)
def test_a_band_that_can_not_be_is_refused(band_hz, rate_hz, seconds, words):
    with pytest.raises(HeschlError) as error:
        meg_sensors.band(recording(seconds=seconds), band_hz, rate_hz, True)
    assert words in one_line(error)


def test_the_analytic_signal_is_that_of_mne():
    raw = recording(seconds=7)
    wanted = raw.copy().apply_hilbert(n_fft=None, verbose="error").get_data()
    names = [raw.ch_names[k] for k in (5, 2)]
    assert np.allclose(meg_sensors.analytic(raw, names), wanted[[5, 2]], rtol=1e-9, atol=1e-22)


def test_signal_space_separation_lowers_the_rank_of_a_neuromag_only():
    raw = recording("neuromag", seconds=5)
    raw.info["bads"] = [raw.ch_names[4]]
    with_empty = meg_sensors.separate(recording("neuromag", seconds=5, seed=1, head=False), like=raw)
    for cleaned in (meg_sensors.separate(raw), with_empty):
        assert 60 <= np.linalg.matrix_rank(cleaned.get_data() * 1e13, tol=1e-5) <= 95
    with pytest.raises(HeschlError) as error:
        meg_sensors.separate(recording(seconds=5))
    assert "Neuromag" in one_line(error)


def test_in_a_bids_dataset_the_sidecar_names_bad_channels(tmp_path, capsys):
    import mne_bids

    raw = recording(seconds=5)
    path = mne_bids.BIDSPath("01", "before", "metronome", run="1", datatype="meg", root=tmp_path / "bids")
    raw.info["line_freq"] = 50
    mne_bids.write_raw_bids(raw, path, allow_preload=True, format="FIF", verbose="error")
    file = path.copy().update(suffix="meg", extension=".fif")
    mne_bids.mark_channels(file, ch_names=[raw.ch_names[9]], status="bad", verbose="error")
    beats(path.directory / "sub-01_ses-before_task-metronome_run-1_events.tsv", 5)
    found = meg_sensors.read(file.fpath)
    assert found.info["bads"] == [raw.ch_names[9]] and "bad by its sidecar" in capsys.readouterr().err
