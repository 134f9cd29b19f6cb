"""The study neuroplasticity as a whole, from the simulated recording to the report: small, with narrow networks."""

from pathlib import Path

import numpy as np
import pytest
from houses import change, copy, run

from heschl import store

SMALL = """
studies: [neuroplasticity]
record: {run_s: 56, sfreq_hz: 260.375, n_regions: 4, region_mm: 38}
beamform: {voxel_mm: 20, n_components: 2}
classify:
  {n_seeds: 1, width: 0.2, batch: 32, clip: 1.0, epochs: 6, component_epochs: 2, clockwork_epochs: 2,
   n_validation: 20, n_test: 20, n_clusters: 12, guard_mm: 30, cluster_size: 9}
fit: {iterations: 60}
"""


@pytest.fixture(scope="module")
def simulated(tmp_path_factory) -> Path:
    """Run the study, small, in a folder whose name has a space."""
    house = copy(tmp_path_factory.mktemp("small meg"))
    change(house, SMALL)
    run(house)
    return house / "results/simulated_fmri"


@pytest.fixture(scope="module")
def summary(simulated):
    return store.read(simulated / "contrast/summary.zarr").load()


def test_every_figure_has_its_table_and_the_report_holds_them(simulated):
    drawn = sorted(simulated.glob("figures/neuroplasticity/*.png"))
    assert len(drawn) == 16
    page = (simulated / "report.html").read_text()
    for png in drawn:
        assert png.with_suffix(".pdf").stat().st_size > 1000
        assert len(png.with_suffix(".tsv").read_text().splitlines()) > 1
        assert png.with_suffix(".tsv").name in page
    assert "LCMV" in page and "Clockwork" in page.title()


def test_everybody_has_every_session_at_the_same_voxels(simulated):
    samples = store.read(simulated / "beamform/samples.zarr")
    assert samples.sizes["subject"] == 7 and list(samples.attrs["left_out"]) == []
    assert list(samples["session"].values) == ["before", "after", "retest", "trained"]
    assert samples.sizes["time"] == 782 and samples.sizes["voxel"] > 100
    assert np.isfinite(samples["power"].values).all() and samples["power"].values.min() >= 0


def test_the_empty_room_is_white_in_every_voxel(simulated):
    noise = store.read(simulated / "beamform/samples.zarr")["noise"].mean(("half", "time")).values
    assert np.abs(noise / noise.mean() - 1).max() < 0.1  # unit noise gain: power of noise is alike everywhere


def test_canaries_are_not_above_chance(summary):
    """20 voxels and one seed: their interval is too narrow to be asked for both sides."""
    for split in ("noise", "permuted"):
        one = summary.sel(experiment="full", split=split, evaluation="test")
        assert one["accuracy_ci"].values[0] <= 1 / 7 and float(one["accuracy"]) < 0.3, split


def test_participants_are_told_apart_before_and_less_so_after(summary):
    test = summary["accuracy"].sel(experiment="full", evaluation="test")
    assert float(test.sel(split="published")) > 0.4 and float(test.sel(split="run")) > 0.3
    after = summary["accuracy"].sel(experiment="full", evaluation="after")
    assert float(after.sel(split="published")) < float(test.sel(split="published"))


def test_planted_clusters_are_found_by_their_pattern(summary):
    auc = summary["auc"].sel(statistic="pattern")
    assert float(auc.sel(session="trained")) >= 0.8  # three planted, three untouched
    assert (summary["planted"].values >= 0.5).sum() == 3 and (summary["planted"].values < 0.1).sum() == 3


def test_the_delay_behind_the_beat_is_measured(simulated, summary):
    truths = [store.read(path) for path in sorted(simulated.glob("record/*_truth.zarr"))]
    planted = np.array([truth["latency"].values[1:] for truth in truths]).T  # (session, subject), s
    found = summary["delay"].values / 260.375
    assert list(summary["session"].values) == ["after", "retest", "trained"] and (planted[2] == 0).all()
    assert np.abs(planted[:2]).mean() > 0.03 and np.abs(found - planted)[:2].mean() < 0.02
    assert np.abs(found[2]).mean() < 0.02
