"""Whole studies of fMRI, from raw BIDS to the report: small ones of two simulated listeners and the canary."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from houses import change, copy, run

from heschl import store

SMALL = """
studies: [neural_correlates, brain2music, music_reconstruction]
simulate: {participant_label: ["01", "02", "04"], n_runs: 2}
listen: {participant_label: ["01", "02", "04"], effect_percent: 5, n_training_runs: 2, voxel_mm: 6}
train: {epochs: 1, steps_per_epoch: 8, batch: 8}
infer: {n_ceiling_centres: 30, n_bootstrap: 20}
"""


@pytest.fixture(scope="module")
def simulated(tmp_path_factory) -> Path:
    """Run the three studies of fMRI, small: two listeners and the canary."""
    house = copy(tmp_path_factory.mktemp("small study"))
    change(house, SMALL)
    run(house)
    return house / "results/simulated_fmri"


def test_planted_layers_are_recovered(simulated):
    found = store.read(simulated / "compare/model-resnet18_recovery.zarr")
    planted = found["planted"].values > 0
    assert planted.sum() > 350
    assert float(found["agreement"].sel(map="layer_argmax_of_mean", voxels="all")) >= 0.6
    assert found["significant"].values[planted].mean() > 0.8


def test_the_canary_is_at_chance(simulated):
    found = store.read(simulated / "compare/model-resnet18_recovery.zarr").sel(sub="04")
    assert bool(found["is_noise"])
    assert float(found["min_p_fwe"]) > 0.01  # by chance below .05 in one data set of twenty: this one is fixed
    assert abs(float(found["mean_rho"])) < 0.02
    assert float(found["share_uncorrected"]) < 0.15


def test_motion_is_recovered(simulated):
    found = store.read(simulated / "compare/model-resnet18_recovery.zarr")
    assert found.sizes["recording"] == 6 and found["motion_mm"].values.min() > 0.3
    assert found["motion_error_mm"].values.max() < 0.3


def test_every_figure_has_its_table_and_the_report_holds_them(simulated):
    drawn = sorted(simulated.glob("figures/*/*.png"))
    studies = [png.parent.name for png in drawn]
    assert studies.count("neural_correlates") == 14
    assert studies.count("brain2music") >= 18 and studies.count("music_reconstruction") >= 10
    page = (simulated / "report.html").read_text()
    for png in drawn:
        assert png.with_suffix(".pdf").stat().st_size > 1000
        assert len(png.with_suffix(".tsv").read_text().splitlines()) > 1
        assert png.with_suffix(".tsv").name in page


def test_planted_voxels_encode_close_to_their_noise_ceiling(simulated):
    found = store.read(simulated / "encode/recovery.zarr").load()
    listeners = ~found["is_noise"].values
    matched = found["ratio"].values[listeners][:, found["matching"].values]
    assert matched.shape == (2, 3) and matched.mean() >= 0.9 and matched.min() > 0.85
    assert np.abs(found["r_unplanted"].values).max() < 0.02
    assert 0.03 < found["share_uncorrected"].values.min() and found["share_uncorrected"].values.max() < 0.08
    assert (found["min_p_fwe"].values > 0.01).all()


def test_the_canary_is_not_encoded(simulated):
    found = store.read(simulated / "encode/recovery.zarr").sel(sub="04").load()
    assert np.abs(found["r"].values).max() < 0.1 and found["min_p_fwe_all"].values.min() > 0.01


def test_listeners_are_identified_and_the_canary_is_not(simulated):
    found = store.read(simulated / "identify/model-musicnn_split-official_scores.zarr").load()
    for route in found["route"].values:
        for sub in ("01", "02"):
            one = found.sel(route=route, sub=sub)
            assert float(one["id_acc"].mean()) > 0.85 and float(one["p"]) < 0.01
            assert float(one["id_acc"].mean()) <= float(one["ceiling"]) + 0.02
        noise = found.sel(route=route, sub="04")
        low, high = noise["ci_sub"].values
        assert low <= 0.5 <= high and float(noise["p"]) > 0.01
        low, high = noise["within_ci_sub"].values
        assert low <= 0.5 <= high
        assert 0.25 < float(noise["mrr"]) / np.mean(1 / np.arange(1, 17)) < 2.5
    assert abs(float(found["baseline"].sel(name="mean_vector")) - 0.5) < 1e-12


def test_functional_alignment_gives_back_what_mixing_took(simulated):
    for sub in ("01", "02"):
        found = store.read(simulated / f"align/sub-{sub}_model-musicnn_aligned.zarr").load()
        score = found["id_acc"].sel(k=32)
        functional = score.sel({"method": ["ridge", "procrustes", "srm", "ot"]}).values
        assert functional.min() > float(score.sel({"method": "anatomical"})) + 0.1
        assert functional.min() > float(found["within"]) - 0.1
    canary = store.read(simulated / "align/sub-04_model-musicnn_aligned.zarr")["id_acc"].values
    assert np.abs(canary - 0.5).max() < 0.25  # 16 clips: two standard errors are .15


def test_what_is_retrieved_fits_the_listeners_and_not_the_canary(simulated):
    found = store.read(simulated / "retrieve/model-musicnn_route-roi_retrieved.zarr").load()
    score = found["id_acc"].sel({"method": "retrieved"})
    assert score.sel(sub=["01", "02"]).values.min() > 0.75
    low, high = found["ci"].sel({"method": "retrieved"}).sel(sub="04").values
    assert low <= 0.55 and high >= 0.45


def test_no_test_clip_shares_its_track_with_training(simulated):
    found = store.read(simulated / "audit/splits.zarr").load()
    overlap = found["overlap"].sel(split="official")
    assert int(overlap.sel(kind="track")) == int(overlap.sel(kind="fingerprint")) == 0
    assert int(overlap.sel(kind="artist")) > 0  # the corpus has few artists: told, not hidden
    assert int(found["overlap"].sel(split="artist_grouped_kfold", kind="artist")) == 0


def test_an_overlap_that_is_refused_stops_the_run_before_any_score(simulated):
    house = simulated.parents[1]
    config = house / "config/config.yaml"
    kept = config.read_text()
    config.write_text(kept + "audit: {refuse: [artist]}\n")
    target = "results/simulated_fmri/identify/model-musicnn_split-official_scores.zarr"
    command = [sys.executable, "-m", "snakemake", "--cores", "2", target]
    done = subprocess.run(command, cwd=house, capture_output=True, text=True, env=os.environ)
    config.write_text(kept)
    said = [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("heschl: rule audit_splits")]
    assert done.returncode != 0 and said and "artist" in said[0]
    assert not (house / "results/simulated_fmri/audit/splits.zarr").exists()


def test_every_result_says_how_it_was_made(simulated):
    for path in simulated.rglob("*.zarr"):
        made = store.read(path).attrs["made_by"]
        assert made["rule"] and made["code"] and made["versions"]["numpy"]
