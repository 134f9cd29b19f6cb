"""Decoding made-up listeners: what is planted is found, noise scores chance, each defect only under its flag."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from heschl import store
from heschl.datasets import atlas as atlases
from heschl.errors import HeschlError
from heschl.science import atlas as lookup
from heschl.science.identification import correlate, id_acc
from heschl.steps import decode

ONE = {"units": "1"}
GENRES, TRAIN, TEST, FEATURES, VOLUMES, LAG = 4, 12, 3, 16, 10, 3
AFFINE = np.array([[6.0, 0, 0, -70], [0, 6, 0, -100], [0, 0, 6, -60], [0, 0, 0, 1]])
GRID = (24, 30, 24)
CLIPS = [f"g{g}/{c:02d}" for g in range(GENRES) for c in range(TRAIN + TEST)]
IS_TEST = np.array([int(name[-2:]) >= TRAIN for name in CLIPS])
PLAN = {"atlas": "destrieux", "split": "official", "lags_tr": [2, 3], "alphas": [1.0, 10.0, 100.0, 1000.0]}
PLAN |= {"n_folds": 4, "n_rois": 3, "n_voxels": [40], "thresholds": [0.1, 0.2], "regress_previous": True}
PLAN |= {"fixed_alpha": None, "mask": "nested", "seed": 1, "aligner": []}


def _voxels():
    """Up to 14 voxels of each of 12 regions, and which three are planted."""
    loaded, ijk = atlases.load("destrieux"), np.argwhere(np.ones(GRID, bool))
    found = lookup.labels_at(loaded.volume, loaded.affine, lookup.to_mm(ijk, AFFINE))
    regions = lookup.regions(found, loaded.names, 14)
    names = sorted(regions)[:12]
    return ijk[np.concatenate([regions[n][:14] for n in names])], names[:3], np.repeat(np.arange(12) < 3, 14)


IJK, PLANTED, HAS_SIGNAL = _voxels()


def _events(rng):
    """Runs of (name, clips heard): a dummy first, test clips four times in one order."""
    train, test = (rng.permutation(np.array(CLIPS)[keep]) for keep in (~IS_TEST, IS_TEST))
    runs = {f"task-Training_run-{r + 1}": list(part) for r, part in enumerate(np.split(train, 2))}
    runs |= {f"task-Test_run-{r + 1}": list(part) * 4 for r, part in enumerate(np.split(test, 2))}
    return {name: [clips[-1], *clips] for name, clips in runs.items()}


def _series(path, y, rng, strength, carry=0.0, bold=None):
    """A series whose planted voxels follow the current (and `carry` times the previous) clip, LAG volumes later."""
    weights = rng.standard_normal((FEATURES, HAS_SIGNAL.sum()))
    rows = {name: y[i].mean(0) for i, name in enumerate(CLIPS)}
    series, coords, start = [], {k: [] for k in ("clip", "trial_run", "first", "repeat", "is_dummy", "is_test")}, 0
    volume_run, times_heard = [], dict.fromkeys(CLIPS, 0)
    for run, clips in _events(np.random.default_rng(9)).items():
        drive = np.array([rows[c] for c in clips])
        drive[1:] += carry * np.array([rows[c] for c in clips[:-1]])
        run_bold = rng.standard_normal((len(clips) * VOLUMES, len(IJK)))
        run_bold[LAG:, HAS_SIGNAL] += strength * np.repeat(drive, VOLUMES, 0)[:-LAG] @ weights
        series.append((run_bold - run_bold.mean(0)) / run_bold.std(0))
        for i, clip in enumerate(clips):
            values = (clip, run, start + i * VOLUMES, times_heard[clip] if i else -1, i == 0, "Test" in run)
            times_heard[clip] += i > 0
            for kept, value in zip(coords.values(), values, strict=True):
                kept.append(value)
        start += len(run_bold)
        volume_run += [run] * len(run_bold)
    coords = {k: ("trial", np.array(v)) for k, v in coords.items()} | {"run": ("time", np.array(volume_run))}
    bold = np.concatenate(series).astype(np.float32) if bold is None else bold
    arrays = {"bold": (("time", "voxel"), bold, ONE), "ijk": (("voxel", "axis"), IJK.astype(np.int16), ONE)}
    arrays["affine"] = (("row", "column"), AFFINE, {"units": "mm"})
    attrs = {"grid_shape": list(GRID), "tr_s": 1.5, "clip_s": 15.0, "volumes_per_clip": VOLUMES, "subject": "01"}
    store.write(path, xr.Dataset(arrays, coords, attrs))
    return path


def _windows(path, y, clips=CLIPS, window_s=10.0, step_s=2.5):
    arrays = {"layer-01": (("clip", "window", "feature_01"), y.astype(np.float32), ONE | {"long_name": "top"})}
    coords = {"clip": clips, "window": ("window", step_s * np.arange(y.shape[1]), {"units": "s"})}
    attrs = {"model": path.stem, "layers": ["top"], "layer": "top", "window_s": window_s, "step_s": step_s}
    store.write(path, xr.Dataset(arrays, coords, attrs | {"kind": "audio"}))
    return path


def _splits(path, clips=CLIPS):
    genre = np.array([c[:2] for c in clips])
    role = np.zeros((4, GENRES, len(clips)), np.int8)
    role[0, 0] = 1 + IS_TEST
    for g in range(GENRES):
        role[2, g] = 1 + (np.arange(len(clips)) % GENRES == g)
        role[3, g] = np.where(genre == f"g{g}", 2 * IS_TEST, ~IS_TEST)
    names = ["official", "fault_filtered", "artist_grouped_kfold", "leave_genre_out"]
    coords = {"clip": clips, "genre": ("clip", genre), "is_test": ("clip", IS_TEST), "split": names}
    store.write(path, xr.Dataset({"role": (("split", "fold", "clip"), role, ONE)}, coords))
    return path


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A listener whose first three regions hear, and one who doesn't."""
    folder, rng = tmp_path_factory.mktemp("decode"), np.random.default_rng(0)
    y = rng.standard_normal((len(CLIPS), 1, FEATURES)) + 0.3 * rng.standard_normal((len(CLIPS), 3, FEATURES))
    _windows(folder / "windows.zarr", y)
    _splits(folder / "splits.zarr")
    _series(folder / "heard.zarr", y, rng, 0.15)
    _series(folder / "noise.zarr", y, rng, 0.0)
    _series(folder / "carried.zarr", y, rng, 0.15, carry=1.0)
    return folder, y


def _run(folder, who, **changes):
    call = PLAN | {"series": folder / f"{who}.zarr", "windows": folder / "windows.zarr"}
    call |= {"splits": folder / "splits.zarr", "predictions": folder / "predictions.zarr"}
    decode.embedding(**(call | changes))
    return store.read(folder / "predictions.zarr").load()


def _similarity(found, previous=False):
    """Pearson of clips with the candidates of their fold, and the index of the true (or the previous) one."""
    fold = found["clip_fold"].values
    scaled = (found["candidate_target"].values.mean(1)[None] - found["mean"].values[fold][:, None]) / found[
        "scale"
    ].values[fold][:, None]
    rows = found["predicted"].values.mean(1)
    similarity = np.stack([correlate(r[None], s)[0] for r, s in zip(rows, scaled, strict=True)])
    if found.attrs["candidates"] == "fold":
        similarity[fold[:, None] != found["candidate_fold"].values] = np.nan
    names = found["candidate"].values.tolist()
    wanted = found["previous"].values if previous else found["clip"].values
    return similarity, np.array([names.index(name) for name in wanted.tolist()])


def _score(found, **options):
    return float(id_acc(*_similarity(found, **options)).mean())


@pytest.mark.parametrize("route", ["roi", "voxel"])
def test_what_is_planted_is_decoded(world, route):
    folder, y = world
    found = _run(folder, "heard", route=route)
    assert _score(found) > 0.85
    assert found["lag_tr"].values.tolist() == [LAG]
    assert found["ceiling"] > 0.9
    assert found["predicted"].dims == ("clip", "window", "feature")
    assert found.sizes["window"] == (3 if route == "roi" else 1)
    assert found["r"].mean() > 0.4
    assert found["chosen"].values[0, HAS_SIGNAL].mean() > 0.6
    if route == "roi":
        assert sorted(found.attrs["rois"][0]) == PLANTED
    assert found["alpha_curve"].shape == (1, 4)
    wanted = y[[CLIPS.index(c) for c in found["clip"].values.tolist()]]
    wanted = wanted if route == "roi" else wanted.mean(1, keepdims=True)
    np.testing.assert_allclose(found["target"], wanted, atol=1e-5)
    assert found.attrs["n_missing_clips"] == 0


@pytest.mark.parametrize("route", ["roi", "voxel"])
@pytest.mark.parametrize("split", ["official", "artist_grouped_kfold", "leave_genre_out"])
def test_noise_scores_chance(world, route, split):
    """Of n test clips, each counted once, the mean id-acc has an SD of about 1 / sqrt(12 n)."""
    found = _run(world[0], "noise", route=route, split=split, lags_tr=[3])
    n = found.sizes["clip"]
    assert n == (60 if split == "artist_grouped_kfold" else 12)
    assert abs(_score(found) - 0.5) < 3.3 / np.sqrt(12 * n)


def test_the_ceiling_of_noise_is_chance(tmp_path):
    """Its halves share nothing: the same fitted tail of the previous clip, taken off both, raised it by .08 here."""
    found = []
    _splits(tmp_path / "splits.zarr")
    for seed in range(6):
        rng = np.random.default_rng([8, seed])
        y = rng.standard_normal((len(CLIPS), 3, FEATURES))
        _windows(tmp_path / "windows.zarr", y)
        _series(tmp_path / "noise.zarr", y, rng, 0.0)
        found.append(float(_run(tmp_path, "noise", route="voxel", lags_tr=[3])["ceiling"]))
    assert abs(np.mean(found) - 0.5) < 0.12


def test_noise_is_inflated_by_the_published_mask(tmp_path):
    """Defect 4: voxels and threshold picked with the test clips lift noise above chance; nested choices don't."""
    options = {"route": "voxel", "lags_tr": [3], "thresholds": [0.3, 0.5], "n_voxels": [20, 40]}
    inflated, honest = [], []
    _splits(tmp_path / "splits.zarr")
    for seed in range(5):
        rng = np.random.default_rng([7, seed])
        y = rng.standard_normal((len(CLIPS), 1, FEATURES)) + 0.3 * rng.standard_normal((len(CLIPS), 3, FEATURES))
        _windows(tmp_path / "windows.zarr", y)
        _series(tmp_path / "noise.zarr", y, rng, 0.0)
        inflated.append(_score(_run(tmp_path, "noise", **options, mask="in_sample")))
        honest.append(_score(_run(tmp_path, "noise", **options)))
    assert stats.ttest_1samp(inflated, 0.5, alternative="greater").pvalue < 0.01
    assert stats.ttest_1samp(honest, 0.5).pvalue > 0.05
    assert np.mean(inflated) > np.mean(honest) + 0.1


def test_test_clips_choose_nothing(world):
    """Other responses to the test clips change predictions of those clips, but no choice (nor others' predictions)."""
    folder, _ = world
    series = store.read(folder / "heard.zarr").load()
    test = np.array(["Test" in run for run in series["run"].values.tolist()])
    changed = series["bold"].values.copy()
    changed[test] = np.random.default_rng(5).standard_normal((test.sum(), changed.shape[1]))
    store.write(folder / "changed.zarr", series.assign(bold=(("time", "voxel"), changed, ONE)))
    for route in ("roi", "voxel"):
        a, b = _run(folder, "heard", route=route), _run(folder, "changed", route=route)
        for name in ("chosen", "lag_tr", "alpha_curve", "r_cv", "mean", "scale"):
            np.testing.assert_array_equal(a[name], b[name], name)
        assert a.attrs["rois"] == b.attrs["rois"]
        assert abs(_score(b) - 0.5) < 3.3 / np.sqrt(12 * 12)


def test_carry_over_is_removed_or_not(world):
    """Defect 11: with the previous clip in the response, its identification is above chance only under the flag."""
    for route in ("roi", "voxel"):
        kept = _run(world[0], "carried", route=route, regress_previous=False, lags_tr=[3])
        removed = _run(world[0], "carried", route=route, lags_tr=[3])
        print(route, _score(kept, previous=True), _score(removed, previous=True), _score(kept), _score(removed))
        assert _score(kept, previous=True) > 0.65
        assert _score(removed, previous=True) < _score(kept, previous=True) - 0.1
        assert _score(removed) > _score(kept)


def test_fixed_alpha_is_the_only_penalty(world):
    """Defect 6: alpha 20 instead of cross-validation, under its flag."""
    found = _run(world[0], "heard", route="voxel", fixed_alpha=20.0, lags_tr=[3])
    assert found["alpha"].values.tolist() == [20.0]
    assert found.attrs["fixed_alpha"] == 20
    assert _run(world[0], "heard", route="voxel", lags_tr=[3]).sizes["alpha"] == 4


def test_identification_in_an_aligners_output(world, tmp_path):
    """Defect 8: targets are the output of a map fitted on training clips; by default the native embeddings."""
    folder, y = world
    other = y @ np.random.default_rng(3).standard_normal((FEATURES, 9))
    _windows(tmp_path / "other.zarr", other)
    found = _run(folder, "heard", route="voxel", aligner=tmp_path / "other.zarr", lags_tr=[3])
    assert found.sizes["feature"] == 9
    assert found.attrs["aligned_to"] == "other"
    test = [CLIPS.index(c) for c in found["clip"].values.tolist()]
    assert np.abs(found["target"].values[:, 0] - other[test].mean(1)).max() > 0.01  # what it learnt, not the truth
    changed = other.copy()
    changed[IS_TEST] = 7
    _windows(tmp_path / "changed.zarr", changed)
    again = _run(folder, "heard", route="voxel", aligner=tmp_path / "changed.zarr", lags_tr=[3])
    np.testing.assert_array_equal(again["candidate_target"], found["candidate_target"])
    with pytest.raises(HeschlError, match="leave_genre_out"):
        _run(folder, "heard", route="voxel", aligner=tmp_path / "other.zarr", split="leave_genre_out")


def test_folds_and_candidates(world):
    kfold = _run(world[0], "heard", route="roi", split="artist_grouped_kfold", lags_tr=[3])
    assert kfold.sizes["clip"] == kfold.sizes["candidate"] == 60
    assert kfold.attrs["candidates"] == "fold"
    assert _score(kfold) > 0.75
    np.testing.assert_array_equal(kfold["clip_fold"], kfold["candidate_fold"])
    genre = _run(world[0], "heard", route="voxel", split="leave_genre_out", lags_tr=[3])
    assert genre.attrs["candidates"] == "test"
    for fold, one in genre.groupby("clip_fold"):
        assert set(one["genre"].values) == {f"g{fold}"}
    assert sorted(genre["candidate"].values) == sorted(np.array(CLIPS)[IS_TEST])
    assert _score(genre) > 0.8


def test_same_inputs_same_bytes(world):
    manifests = []
    for _ in range(2):
        _run(world[0], "heard", route="voxel", lags_tr=[3])
        manifests.append((world[0] / "predictions.zarr" / store.MANIFEST).read_text())
    assert manifests[0] == manifests[1]


def test_previous_clip_counts_the_dummy(world):
    found, runs = _run(world[0], "noise", route="voxel", lags_tr=[3]), _events(np.random.default_rng(9))
    for clip, run, before in zip(*(found[k].values.tolist() for k in ("clip", "test_run", "previous")), strict=True):
        assert before == runs[run][runs[run].index(clip, 1) - 1]


def test_sweeps_describe(world):
    folder, call = world[0], {"n_folds": 4, "thresholds": [0.0, 0.1, 0.3], "lag_tr": 3, "n_lags": 13}
    call |= {"seed": 1, "split": "official", "regress_previous": True}
    paths = {"windows": folder / "windows.zarr", "splits": folder / "splits.zarr", "sweeps": folder / "sweeps.zarr"}
    decode.sweeps(series=folder / "heard.zarr", **paths, **call, alphas=PLAN["alphas"])
    found = store.read(folder / "sweeps.zarr").load()
    time = found["id_acc_time"].values
    assert time[3:13].mean() > time[:3].mean() + 0.1  # the response begins LAG volumes after the clip
    assert found["id_acc_threshold"].max() > 0.8
    assert found["chosen"] == found["threshold"][int(found["r_threshold_cv"].values.argmax())]
    assert (np.diff(found["n_voxels"]) <= 0).all()
    np.testing.assert_allclose(found["lag_s"], 1.5 * np.arange(13))


def test_a_clip_cut_off_is_dropped_and_said(world, tmp_path):
    """The last training clip of the series was hardly recorded; as a test clip it has no prediction."""
    series = store.read(world[0] / "heard.zarr").load()
    run = series["run"].values == "task-Training_run-1"
    rows = np.flatnonzero(~(run & (np.cumsum(run) > run.sum() - 8)))
    cut = series.isel(time=rows)
    first = np.searchsorted(rows, cut["first"].values)
    cut = cut.assign_coords(first=("trial", first))
    store.write(tmp_path / "cut.zarr", cut)
    for route in ("roi", "voxel"):
        call = {"series": tmp_path / "cut.zarr", "split": "artist_grouped_kfold", "lags_tr": [3], "route": route}
        found = _run(world[0], "heard", **call)
        assert found.attrs["n_missing_clips"] == 1
        assert found.sizes["clip"] == 59
        assert np.isfinite(found["predicted"]).all()


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"route": "both"}, "roi or voxel"),
        ({"route": "roi", "mask": "in_sample"}, "route voxel"),
        ({"route": "roi", "split": "no"}, "no split"),
        ({"route": "roi", "split": "fault_filtered"}, "has no fold"),
        ({"route": "roi", "atlas": "none"}, "destrieux"),
        ({"route": "roi", "alphas": []}, "penalties above 0"),
        ({"route": "roi", "lags_tr": []}, "lags"),
        ({"route": "voxel", "thresholds": [], "n_voxels": []}, "at least"),
        ({"route": "voxel", "n_folds": 99}, "n_folds"),
    ],
)
def test_bad_settings_are_refused(world, changes, match):
    with pytest.raises(HeschlError, match=match):
        _run(world[0], "heard", **changes)


def test_bad_stores_are_refused(world, tmp_path):
    folder, y = world
    _windows(tmp_path / "short.zarr", y[1:], CLIPS[1:])
    _windows(tmp_path / "long.zarr", y, window_s=12.0)
    _splits(tmp_path / "other.zarr", [f"x{c}" for c in CLIPS])
    series = store.read(folder / "heard.zarr").load()
    for name, value in (("nan", np.nan), ("constant", 1.0)):
        bold = series["bold"].values.copy()
        bold[:, 3] = value
        store.write(tmp_path / f"{name}.zarr", series.assign(bold=(("time", "voxel"), bold, ONE)))
    store.write(tmp_path / "grid.zarr", series.assign_attrs(grid_shape=[3, 3, 3]))
    far = AFFINE + np.array([[0, 0, 0, 900.0]] * 3 + [[0] * 4])
    store.write(tmp_path / "far.zarr", series.assign(affine=(("row", "column"), far, {"units": "mm"})))
    for key, name, match in (
        ("windows", "short", "no clip g0/00"), ("windows", "long", "windows to 17 s"),
        ("splits", "other", "wanted the same clips"), ("series", "nan", "1 voxels are NaN"),
        ("series", "constant", "1 voxels are constant"), ("series", "grid", "outside of its grid"),
        ("series", "far", "no region of destrieux"),
    ):  # fmt: skip
        with pytest.raises(HeschlError, match=match):
            _run(folder, "heard", route="roi", **{key: tmp_path / f"{name}.zarr"})


def test_scores_of_noise_are_as_uncertain_as_we_say(world):
    """The interval that test_noise_scores_chance uses is the one of independent uniform ranks."""
    mean = np.random.default_rng(0).random((4000, 60)).mean(1)
    assert stats.norm.ppf(0.975) * mean.std() == pytest.approx(1.96 / np.sqrt(12 * 60), rel=0.05)
