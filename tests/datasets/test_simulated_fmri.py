import gzip
import json
import shutil
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest
import xarray as xr
from scipy.ndimage import map_coordinates

from heschl import store
from heschl.datasets import simulated_fmri as fmri
from heschl.datasets import simulated_head as head
from heschl.errors import HeschlError
from heschl.science import hrf, scanner
from heschl.science.simulation import planted_layer
from heschl.steps import simulate

TINY = {"n_runs": 2, "clips_per_style": 2, "trial_s": 8.0, "voxel_mm": 8.0, "tr_s": 2.0, "seed": 7}
STEP_S, SECONDS, RATE = 0.25, 6, 2000


def network(n_clips, n_layers=10, n_units=3):
    rng = np.random.default_rng(5)
    shape = (n_clips, round(SECONDS / STEP_S), n_units)
    return [rng.standard_normal(shape) + rng.standard_normal((n_clips, 1, n_units)) for _ in range(n_layers)]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Three tracks in each of two styles, two clips of some, and a network of ten layers that heard them."""
    folder = tmp_path_factory.mktemp("inputs")
    clips = [
        "folk/a_0",
        "folk/a_1",
        "folk/b_0",
        "folk/c_0",
        "techno/d_0",
        "techno/d_1",
        "techno/e_0",
        "techno/f_0",
    ]
    styles, tracks = [c.split("/")[0] for c in clips], [c[:-2] for c in clips]
    sound = np.random.default_rng(0).uniform(-1, 1, (8, SECONDS * RATE)).astype(np.float32)
    coords = {"clip": clips, "style": ("clip", styles), "track": ("clip", tracks)}
    audio = {"audio": (("clip", "sample"), sound, {"units": "1"})}
    store.write(folder / "audio.zarr", xr.Dataset(audio, coords, {"rate_hz": RATE}))
    names = [f"layer-{k + 1:02d}" for k in range(10)]
    arrays = {
        name: (("clip", "bin", f"feature_{name[-2:]}"), activity.astype(np.float32), {"units": "1"})
        for name, activity in zip(names, network(8), strict=True)
    }
    layers = xr.Dataset(arrays, {"clip": clips}, {"layers": names, "bin_s": STEP_S})
    store.write(folder / "layers.zarr", layers)
    return {"audio": folder / "audio.zarr", "layers": folder / "layers.zarr"}


@pytest.fixture(scope="module")
def made(inputs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    simulate.make_dataset(folder, **inputs, subjects=["01", "05"], noise_subjects=["05"], group_voxel_mm=4.0, **TINY)
    return folder


@pytest.fixture(scope="module")
def quiet():
    """A listener with strong signals who lies still, and one of his runs."""
    design = fmri.Design(**TINY | {"motion_mm": 0.0, "effect_percent": 20.0})
    who = fmri.listener("01", design, network(4), STEP_S, False)
    return design, who, fmri.scan(who, design, "01", 0, np.array([2, 0, 3, 1]))


def files(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_it_is_valid_bids(made):
    validator = shutil.which("bids-validator-deno", path=Path(sys.executable).parent)
    if validator is None:
        pytest.skip("bids-validator-deno is not installed")
    run = subprocess.run([validator, made / "bids", "--format", "json"], capture_output=True, text=True, timeout=60)
    report = json.loads(run.stdout)
    assert [i for i in report["issues"]["issues"] if i["severity"] == "error"] == []
    assert report["summary"]["tasks"] == ["music"] and len(report["summary"]["subjects"]) == 2


def test_a_broken_copy_is_not_valid_bids(made, tmp_path):
    validator = shutil.which("bids-validator-deno", path=Path(sys.executable).parent)
    if validator is None:
        pytest.skip("bids-validator-deno is not installed")
    shutil.copytree(made / "bids", tmp_path / "bids")
    next(tmp_path.rglob("*run-1_bold.json")).write_text("{}")
    run = subprocess.run([validator, tmp_path / "bids", "--format", "json"], capture_output=True, text=True, timeout=60)
    assert any(i["severity"] == "error" for i in json.loads(run.stdout)["issues"]["issues"])


def test_the_same_seed_makes_the_same_bytes_whoever_else_is_scanned(made, inputs, tmp_path):
    simulate.make_dataset(tmp_path, **inputs, subjects=["01", "05"], group_voxel_mm=4.0, **TINY | {"n_runs": 2})
    again, before = files(tmp_path / "bids/sub-01"), files(made / "bids/sub-01")
    assert again == before
    assert files(tmp_path / "sub-01_truth.zarr") == files(made / "sub-01_truth.zarr")
    assert files(tmp_path / "bids/sub-05") != files(made / "bids/sub-05")  # there it was a canary


def test_headers_sidecars_and_events_agree(made):
    func = made / "bids/sub-01/func"
    for run in ("run-1", "run-2"):
        image = nibabel.load(func / f"sub-01_task-music_{run}_bold.nii.gz")
        sidecar = json.loads((func / f"sub-01_task-music_{run}_bold.json").read_text())
        assert image.get_data_dtype() == np.int16 and image.header.get_zooms()[3] == sidecar["RepetitionTime"] == 2.0
        assert len(sidecar["SliceTiming"]) == image.shape[2] and max(sidecar["SliceTiming"]) < 2.0
        lines = (func / f"sub-01_task-music_{run}_events.tsv").read_text().splitlines()
        rows = [line.split("\t") for line in lines[1:]]
        assert lines[0].split("\t") == ["onset", "duration", "trial_type", "stim_file"]
        assert [float(r[0]) for r in rows] == [6, 14, 22, 30] and all(float(r[1]) == 6 for r in rows)
        assert all((made / "bids/stimuli" / r[3]).is_file() and r[3].startswith(r[2]) for r in rows)
        assert image.shape[3] == 22  # 6 + 4 x 8 + 6 s of 2 s volumes


def test_gzip_headers_hold_no_time(made):
    for path in made.rglob("*.nii.gz"):
        assert path.read_bytes()[4:8] == b"\0\0\0\0" and gzip.decompress(path.read_bytes())


def test_the_canary_has_no_drive(made):
    truth, canary = (store.read(made / f"sub-{sub}_truth.zarr").load() for sub in ("01", "05"))
    assert canary.attrs["is_noise"] and canary.sizes["voxel"] == 0 and not canary["layer"].any()
    assert not truth.attrs["is_noise"] and set(np.unique(truth["layer"])) == set(range(11))
    assert np.array_equal(truth["layer"].shape, canary["layer"].shape)


def test_truth_is_the_layer_map_in_grey_matter_on_nilearns_grid(made):
    from nilearn.datasets import load_mni152_gm_template, load_mni152_template

    truth = store.read(made / "sub-01_truth.zarr").load()
    grid, grey = load_mni152_template(resolution=4), load_mni152_gm_template(resolution=4).get_fdata()
    assert truth["layer"].shape == grid.shape and np.allclose(truth["affine"], grid.affine)
    expected = planted_layer(scanner.grid_mm(grid.shape, grid.affine))
    planted = truth["layer"].values > 0
    assert np.array_equal(truth["layer"].values[planted], expected[planted])
    assert grey[planted].mean() > 0.45 and grey[(expected > 0) & ~planted].mean() < 0.3


def test_a_listener_has_the_published_map_in_the_same_places():
    who = fmri.listener("01", fmri.Design(**TINY | {"gradient": "stg_atlas"}), network(4), STEP_S, False)
    assert len(who.ijk) > 20 and set(np.unique(who.layer)) <= set(range(5, 11))
    assert np.array_equal(who.layer, head.planted(who.mni, "stg_atlas", 10))
    with pytest.raises(ValueError, match="gradient: 'up' given"):
        head.planted(who.mni, "up", 10)


def test_hrf_only_listeners_answer_every_clip_alike_where_layers_would_be():
    design = fmri.Design(**TINY | {"motion_mm": 0.0, "effect_percent": 20.0, "n_runs": 1})
    deaf = fmri.listener("01", design, network(4), STEP_S, True, is_hrf_only=True)
    hears = fmri.listener("01", design, network(4), STEP_S, False)
    assert np.array_equal(deaf.ijk, hears.ijk) and np.array_equal(deaf.tissue, hears.tissue)
    assert not deaf.layer.any() and np.all(deaf.unit == -1) and hears.layer.all()
    trials = []
    for who in (deaf, hears):
        run = fmri.scan(who, design, "01", 0, np.array([2, 0, 3, 1]))
        inside = np.array([v for v in who.ijk - fmri.PAD if np.all((v >= 0) & (v < who.shape))])
        series = run.bold[:, *inside.T].astype(float)
        percent = np.median(series.std(0) / series.mean(0))
        trials.append(np.stack([series[11:15], series[15:19]]))  # the third and fourth, 8 s apart
        assert percent == pytest.approx(0.2, abs=0.06)
    alike = [np.median([np.corrcoef(v)[0, 1] for v in np.moveaxis(t, 2, 0)]) for t in trials]
    assert alike[0] > 0.9 and alike[1] < 0.6


def test_planted_voxels_follow_their_unit_at_their_slices_times(quiet):
    design, who, run = quiet
    layers, clips = network(4), run.clips
    clock = np.arange(len(run.bold)) * 2.0
    hits, wrong = [], []
    for v, (i, j, k) in enumerate(who.ijk - fmri.PAD):
        if not all(0 <= n < size for n, size in zip((i, j, k), who.shape, strict=True)):
            continue
        activity = layers[who.layer[v] - 1]
        curves = hrf.convolve(np.moveaxis(activity - activity.mean((0, 1)), -1, 0), STEP_S)
        time = clock + scanner.slice_times(who.shape[2], 2.0)[k]
        predicted = hrf.superpose(curves, STEP_S, clips, design.onsets_s(4), time)
        r = [np.corrcoef(p, run.bold[:, i, j, k])[0, 1] for p in predicted]
        hits.append(r.pop(who.unit[v]))
        wrong += r
    assert len(hits) > 20 and np.median(hits) > 0.98 and np.median(np.abs(wrong)) < 0.7


def test_effect_is_percent_of_the_local_signal(quiet):
    _, who, run = quiet
    inside = [v for v in who.ijk - fmri.PAD if np.all((v >= 0) & (v < who.shape))]
    series = np.stack([run.bold[:, i, j, k] for i, j, k in inside]).astype(float)
    assert np.median(series.std(1) / series.mean(1)) == pytest.approx(0.2, abs=0.05)
    silent = np.delete(run.bold.reshape(len(run.bold), -1), [np.ravel_multi_index(v, who.shape) for v in inside], 1)
    bright = silent[:, silent.mean(0) > 700]
    assert 50 < np.median(bright.mean(0) / bright.std(0)) < 110


def test_undoing_the_true_motion_stills_the_head():
    design = fmri.Design(**TINY | {"motion_mm": 4.0, "effect_percent": 0.0})
    who = fmri.listener("02", design, network(4), STEP_S, False)
    run = fmri.scan(who, design, "02", 0, np.arange(4))
    worst = np.linalg.norm(run.motion[:, :3], axis=1).argmax()
    world = scanner.grid_mm(who.shape, who.affine)
    inner = (slice(3, -3),) * 3

    def difference(matrix):
        pull = np.linalg.inv(who.affine) @ matrix
        voxels = np.moveaxis(world @ pull[:3, :3].T + pull[:3, 3], -1, 0)
        return (map_coordinates(run.bold[worst].astype(float), voxels, order=3) - run.bold[0])[inner].std()

    assert difference(run.matrices[worst]) < 0.5 * difference(np.eye(4))
    assert difference(np.linalg.inv(run.matrices[worst])) > difference(np.eye(4))


def test_every_style_is_heard_from_different_tracks():
    clips = ["b/z_0", "b/y_1", "a/x_1", "a/x_0", "a/w_0", "b/y_0"]
    chosen = fmri.choose_clips(clips, [c[0] for c in clips], [c[:-2] for c in clips], 2)
    assert chosen == ["a/w_0", "a/x_0", "b/y_0", "b/z_0"]
    with pytest.raises(HeschlError, match="style 'a': 2 tracks given; wanted 3"):
        fmri.choose_clips(clips, [c[0] for c in clips], [c[:-2] for c in clips], 3)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"gradient": "up"}, "gradient: up given; wanted one of monotone, high_low_high"),
        ({"n_runs": 0}, "n_runs: 0 given; wanted at least 1"),
        ({"tr_s": 0.0}, "tr_s: 0.0 given"),
        ({"motion_mm": 9.0}, "motion_mm: 9.0 given; wanted 0 to 3.0"),
        ({"effect_percent": float("nan")}, "effect_percent: nan given"),
        ({"voxel_mm": 0.1}, "voxel_mm: 0.1 given"),
    ],
)
def test_what_cannot_be_scanned_is_refused_in_one_line(wrong, message):
    with pytest.raises(HeschlError, match=message) as caught:
        fmri.Design(**wrong)
    assert "\n" not in str(caught.value)


def test_clips_longer_than_their_trial_and_dead_networks_are_refused(inputs, tmp_path):
    with pytest.raises(HeschlError, match="trial_s: 5.0 given; clips last 6 s"):
        simulate.make_dataset(tmp_path, **inputs, subjects=["01"], **TINY | {"trial_s": 5.0})
    dead = [np.ones((4, 24, 3))] * 10
    with pytest.raises(HeschlError, match="layer 1: no unit varies"):
        fmri.listener("01", fmri.Design(**TINY), dead, STEP_S, False)
