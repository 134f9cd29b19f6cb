"""A made-up listener whose voxels follow musicnn: sounds are found that should make them answer more."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import xarray as xr

from heschl import store
from heschl.embeddings import musicnn
from heschl.errors import HeschlError
from heschl.steps import imagine

ONE = {"units": "1"}
WEIGHTS = Path(__file__).parents[2] / "data" / "musicnn" / "MTT_musicnn.safetensors"
N_CLIPS, N_VOXELS, VOLUMES, LAG, RATE_HZ, CLIP_S = 24, 12, 2, 1, 16_000, 3.0
CLIPS = [f"clip-{i:02d}" for i in range(N_CLIPS)]
PLANTED = slice(3, 7)
PLAN = {"weights": WEIGHTS, "split": "official", "layer": "cnn1", "lag_tr": LAG, "alphas": [0.1, 1.0, 10.0, 100.0],
        "n_folds": 4, "n_voxels": 4, "n_clips": 1, "clip_s": CLIP_S, "optimiser": "lbfgsb", "bounded": True,
        "max_iterations": 3, "priors": {}, "seed": 0}  # fmt: skip


def sounds():
    """Tones with their harmonics in noise, of many pitches and loudnesses."""
    rng, time = np.random.default_rng(0), np.arange(int(RATE_HZ * CLIP_S)) / RATE_HZ
    made = []
    for _ in range(N_CLIPS):
        hz, tone = rng.uniform(100, 2000), 0
        for harmonic in range(1, 4):
            tone = tone + np.sin(2 * np.pi * hz * harmonic * time) / harmonic
        made.append(rng.uniform(0.02, 0.3) * tone * (1 + np.sin(2 * np.pi * rng.uniform(1, 6) * time)) / 2)
        made[-1] += rng.uniform(0.001, 0.05) * rng.normal(size=len(time))
    return np.array(made, np.float32)


def write_series(path, features, rng):
    """One run: every clip once after a dummy; planted voxels follow the first component of the features."""
    z = (features - features.mean(0)) / features.std(0).clip(1e-3)
    drive = np.linalg.svd(z, full_matrices=False)[0][:, 0] * np.sqrt(N_CLIPS)
    bold = 0.5 * rng.normal(size=((N_CLIPS + 2) * VOLUMES, N_VOXELS))
    bold[VOLUMES + LAG : (N_CLIPS + 1) * VOLUMES + LAG, PLANTED] += np.repeat(drive, VOLUMES)[:, None]
    first = VOLUMES * np.arange(N_CLIPS + 1)
    coords = {"clip": ("trial", [CLIPS[-1], *CLIPS]), "trial_run": ("trial", ["run-1"] * len(first))}
    coords |= {"first": ("trial", first), "repeat": ("trial", [-1] + [0] * N_CLIPS)}
    coords |= {"is_dummy": ("trial", first == 0), "run": ("time", ["run-1"] * len(bold))}
    arrays = {"bold": (("time", "voxel"), bold.astype(np.float32), ONE)}
    arrays["ijk"] = (("voxel", "axis"), np.arange(3 * N_VOXELS).reshape(-1, 3), ONE)
    arrays["affine"] = (("row", "column"), np.eye(4), {"units": "mm"})
    attrs = {"grid_shape": [50, 50, 50], "tr_s": 1.5, "clip_s": CLIP_S, "volumes_per_clip": VOLUMES, "subject": "01"}
    store.write(path, xr.Dataset(arrays, coords, attrs))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder, audio = tmp_path_factory.mktemp("imagine"), sounds()
    coords = {"clip": CLIPS}
    store.write(
        folder / "audio.zarr", xr.Dataset({"audio": (("clip", "sample"), audio, ONE)}, coords, {"rate_hz": RATE_HZ})
    )
    model = musicnn.load(WEIGHTS)
    features = np.concatenate([model.embed(a, RATE_HZ, np.array([[0, CLIP_S]]))[0]["cnn1"] for a in audio])
    arrays = {"layer-01": (("clip", "window", "feature_01"), features[:, None], ONE | {"long_name": "cnn1"})}
    attrs = {"model": "musicnn", "layers": ["cnn1"], "layer": "cnn1", "window_s": CLIP_S, "kind": "audio"}
    coords |= {"window": ("window", [0.0], {"units": "s"})}
    store.write(folder / "windows.zarr", xr.Dataset(arrays, coords, attrs))
    write_series(folder / "series.zarr", features, np.random.default_rng(1))
    role = (1 + (np.arange(N_CLIPS) % 4 == 3)).astype(np.int8)[None, None]
    coords = {"clip": CLIPS, "split": ["official"]}
    store.write(folder / "splits.zarr", xr.Dataset({"role": (("split", "fold", "clip"), role, ONE)}, coords))
    return folder


def run(folder, **changes):
    call = {name: folder / f"{name}.zarr" for name in ("series", "windows", "splits", "audio", "dreams")}
    imagine.brain(**(call | {"sounds": folder / "sounds"} | PLAN | changes))
    return store.read(folder / "dreams.zarr").load()


@pytest.fixture(scope="module")
def found(folder):
    return run(folder)


def test_the_planted_voxels_are_the_region_and_test_clips_confirm_it(found):
    assert found["ijk"].values.tolist() == (np.arange(3 * N_VOXELS).reshape(-1, 3)[PLANTED]).tolist()
    assert found.attrs["r_test"] > 0.7 and (found["r_voxel"] > 0.4).all()
    r = np.corrcoef(found["test_predicted"], found["test_actual"])[0, 1]
    assert r == pytest.approx(found.attrs["r_test"], abs=1e-6) and found.sizes["test_window"] == N_CLIPS // 4


def test_the_predicted_response_rises(found):
    rises = found["predicted"].values
    assert rises.shape == (1, 4) and (np.diff(rises) >= 0).all()
    assert rises[0, -1] > rises[0, 0] + 0.5  # in SDs of the training responses
    heard = found["predicted_heard"].values[0]
    assert heard[1] > heard[0]  # at the same peak as well
    assert rises[0, 0] == pytest.approx(0, abs=5) and found["wave"].sizes == {"clip": 1, "which": 2, "sample": 48_000}


def test_it_starts_from_a_test_clip_as_the_model_heard_it(folder, found):
    clip, table = found["clip"].values[0], store.read(folder / "splits.zarr")
    assert table["role"].sel(split="official", clip=clip).values.item() == 2
    tested = [c for c, r in zip(CLIPS, table["role"].values[0, 0], strict=True) if r == 2]
    # the last frame of 188 makes a second patch, which the embedding doesn't look at
    assert found["predicted"].values[0, 0] == pytest.approx(found["test_predicted"].values[tested.index(clip)], abs=0.1)
    sound, rate_hz = soundfile.read(folder / "sounds" / "clip-01_dream.wav")
    assert rate_hz == RATE_HZ and np.abs(sound).max() == pytest.approx(0.9, abs=1e-4)
    np.testing.assert_allclose(sound, found["wave"].values[0, 1], atol=1e-4)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"split": "none"}, "no split 'none'; wanted one of official"),
        ({"layer": "cnn9"}, "layer 'cnn9' of musicnn; wanted a layer"),
        ({"clip_s": 9.0}, "Set imagine: clip_s"),
        ({"clip_s": 1.0}, "a sound of 63 frames"),
        ({"optimiser": "adam"}, "optimiser 'adam'"),
        ({"n_folds": 40}, "40 folds"),
        ({"alphas": [-1.0]}, "wanted numbers above 0"),
    ],
)
def test_bad_settings_are_refused(folder, changes, said):
    with pytest.raises(HeschlError, match=said):
        run(folder, **changes)


def test_stores_that_dont_belong_together_are_refused(folder, tmp_path):
    windows = store.read(folder / "windows.zarr").load()
    store.write(tmp_path / "other.zarr", windows.assign_attrs(model="clap"))
    with pytest.raises(HeschlError, match="layer 'cnn1' of clap; wanted a layer of musicnn"):
        run(folder, windows=tmp_path / "other.zarr")
    store.write(tmp_path / "fewer.zarr", windows.isel(clip=slice(4)))
    with pytest.raises(HeschlError, match="no clip clip-04; it was heard"):
        run(folder, windows=tmp_path / "fewer.zarr")
    series = store.read(folder / "series.zarr").load()
    store.write(tmp_path / "series.zarr", series.assign_coords(first=series["first"] + 1000))
    with pytest.raises(HeschlError, match="begins outside of its run"):
        run(folder, series=tmp_path / "series.zarr")
