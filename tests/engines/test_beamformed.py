"""A session with the subject's own head, and runs that don't fit each other."""

import numpy as np
import pytest
from small_meg import RATE_HZ, recording, save

from heschl.engines import beamformed
from heschl.errors import HeschlError

HOW = beamformed.How((15, 30), RATE_HZ, True, False, 30.0, None, None, 0.05, "power", 3.0, 0.8, 4, 2)
BEATS_S = np.arange(0.5, 12, 0.8)


def test_runs_of_two_rates_are_refused(tmp_path):
    runs = [save(recording(seconds=12, rate_hz=rate), tmp_path / f"{rate:g}_meg.fif") for rate in (RATE_HZ, 260.6)]
    with pytest.raises(HeschlError) as error:
        beamformed.session(runs, [BEATS_S] * 2, None, HOW)
    assert "260.6 Hz, the first run 260.375 Hz" in str(error.value)


def test_a_channel_that_is_bad_in_the_empty_room_is_left_out_of_the_run(tmp_path):
    run, room = recording(seconds=12), recording(seconds=12, seed=1, head=False)
    room._data[5] = 0
    paths = [save(raw, tmp_path / f"{k}_meg.fif") for k, raw in enumerate((run, room))]
    (found,) = beamformed.session(paths[:1], [BEATS_S], paths[1], HOW)
    assert found.n_channels == 150 and found.rank == 150 and np.isfinite(found.power).all()


def test_signal_space_separation_serves_run_and_empty_room(tmp_path):
    from dataclasses import replace

    run, room = recording("neuromag", seconds=12), recording("neuromag", seconds=12, seed=1, head=False)
    paths = [save(raw, tmp_path / f"{k}_meg.fif") for k, raw in enumerate((run, room))]
    (found,) = beamformed.session(paths[:1], [BEATS_S], paths[1], replace(HOW, sss=True))
    assert 60 <= found.rank <= 95 and np.isfinite(found.power).all() and np.isfinite(found.noise).all()


@pytest.mark.parametrize(("folder", "wanted"), [("sub-01", "sub-01"), ("01", "01")])
def test_the_subject_s_folder_is_found_with_and_without_prefix(tmp_path, folder, wanted):
    (tmp_path / folder).mkdir()
    found, trans = beamformed.head_files("01", "after", str(tmp_path), str(tmp_path / "{sub}/{ses}-trans.fif"))
    assert found == tmp_path / wanted and trans == tmp_path / "01" / "after-trans.fif"
