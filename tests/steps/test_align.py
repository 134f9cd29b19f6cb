"""align.subject on small stores: three listeners who mix voxels and one of noise, 24 training and 8 test clips."""

import numpy as np
import pytest
import xarray as xr

from heschl import store
from heschl.errors import HeschlError
from heschl.science.identification import correlate, id_acc
from heschl.steps import align

TR_S, N_VOLUMES, LAG_TR = 1.5, 10, 3
GENRES = ("blues", "jazz", "metal", "pop")
TRAINING = [f"{g}/{t:02d}" for g in GENRES for t in range(6)]
TEST = [f"{g}/{t:02d}" for g in GENRES for t in (6, 7)]
SHAPE, AFFINE = (10, 8, 6), np.array([[3.0, 0, 0, -66], [0, 3, 0, -36], [0, 0, 3, 0], [0, 0, 0, 1]])
ONE = {"units": "1"}


def events():
    """Return clip (trial,) and run (trial,) as in ds003720: a dummy first, test clips four times in one order."""
    order = np.random.default_rng(0).permutation(TRAINING).tolist()
    runs = {"task-Test_run-1": ["pop/05", *TEST * 4]}
    runs |= {f"task-Training_run-{r + 1}": [order[-1], *order[12 * r : 12 * r + 12]] for r in range(2)}
    return [c for clips in runs.values() for c in clips], [r for r, clips in runs.items() for _ in clips], runs


def write_series(path, sub, embedding, noise=False, ijk=None):
    rng = np.random.default_rng([5, int(sub)])
    clip, trial_run, runs = events()
    ijk = np.stack(np.unravel_index(np.arange(np.prod(SHAPE)), SHAPE), 1) if ijk is None else ijk
    weights = rng.standard_normal((embedding.shape[1], len(ijk))) * (0 if noise else 0.5)
    names, bold, run, volume, first, dummy = TRAINING + TEST, [], [], [], [], []
    for name, clips in runs.items():
        heard = np.repeat([embedding[names.index(c)] for c in clips], N_VOLUMES, axis=0)
        lagged = np.vstack([np.zeros((LAG_TR, heard.shape[1])), heard])[: len(heard)]
        first += [len(run) + N_VOLUMES * i for i in range(len(clips))]
        dummy += [i == 0 for i in range(len(clips))]
        run, volume = run + [name] * len(heard), volume + list(range(len(heard)))
        bold.append(lagged @ weights + rng.standard_normal((len(heard), len(ijk))))
    coords = {"run": ("time", run), "volume": ("time", volume), "clip": ("trial", clip)}
    coords |= {"trial_run": ("trial", trial_run), "first": ("trial", first), "is_dummy": ("trial", dummy)}
    arrays = {
        "bold": (("time", "voxel"), np.vstack(bold).astype("f4"), ONE),
        "ijk": (("voxel", "axis"), ijk.astype("i2"), ONE),
        "affine": (("row", "column"), AFFINE, {"units": "mm"}),
    }
    attrs = {"grid_shape": list(SHAPE), "tr_s": TR_S, "clip_s": 15.0, "volumes_per_clip": N_VOLUMES, "subject": sub}
    store.write(path, xr.Dataset(arrays, coords, attrs))


def write_stimuli(folder, seed=0):
    """Write windows of two layers, the second of them the default, and splits; return the embedding (clip, feature)."""
    rng = np.random.default_rng(seed)
    names = TRAINING + TEST
    embedding = rng.standard_normal((len(names), 6))
    windows = embedding[:, None] + rng.permuted(np.tile([[-0.1], [0.0], [0.1]], (len(names), 1, 6)), axis=1)
    order = np.argsort(names)[::-1]  # another order than the splits'
    arrays = {
        "layer-01": (("clip", "window", "feature_01"), rng.standard_normal((len(names), 3, 4)).astype("f4"), ONE),
        "layer-02": (("clip", "window", "feature_02"), windows[order].astype("f4"), ONE),
    }
    coords = {"clip": np.array(names)[order], "window": ("window", [0.0, 5, 10], {"units": "s"})}
    attrs = {"model": "toy", "layers": ["low", "high"], "layer": "high", "window_s": 5.0, "step_s": 5.0}
    store.write(folder / "windows.zarr", xr.Dataset(arrays, coords, attrs))
    ordered = sorted(names)
    role = np.zeros((2, 2, len(names)), np.int8)
    role[0, 0] = [1 if c in TRAINING else 2 for c in ordered]
    coords = {"split": ["official", "fault_filtered"], "clip": ordered}
    coords["genre"] = ("clip", [c.split("/")[0] for c in ordered])
    store.write(folder / "splits.zarr", xr.Dataset({"role": (("split", "fold", "clip"), role, ONE)}, coords))
    return embedding


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Return the arguments of one call, three listeners and a noise subject on a slightly different mask."""
    folder = tmp_path_factory.mktemp("align")
    embedding = write_stimuli(folder)
    ijk = np.stack(np.unravel_index(np.arange(np.prod(SHAPE)), SHAPE), 1)
    for sub in ("01", "02", "03", "05"):
        mask = np.random.default_rng(int(sub)).permutation(len(ijk))[:-20]  # in another order, too
        write_series(folder / f"sub-{sub}_series.zarr", sub, embedding, sub == "05", ijk[mask])
    return {
        "series": sorted(folder.glob("sub-*_series.zarr")),
        "windows": folder / "windows.zarr",
        "splits": folder / "splits.zarr",
        "atlas": "destrieux",
        "aligned": folder / "aligned.zarr",
        "subject": "03",
        "noise_subjects": ["05"],
        "model": "toy",
        "methods": ["anatomical", "ridge", "procrustes", "srm", "ot"],
        "n_clips": [4, 12],
        "rois": ["*G_temp_sup*", "*S_temporal_trans*", "*Lat_Fis-post*"],
        "lag_tr": LAG_TR,
        "alphas": [1.0, 10.0, 100.0, 1000.0],
        "n_folds": 4,
        "mode": "corrected",
        "split": "official",
        "seed": 0,
    }


def test_listeners_who_mix_differently_are_decoded_once_aligned(study):
    align.subject(**study)
    found = store.read(study["aligned"]).load()
    assert found["predicted"].dims == ("method", "k", "clip", "feature")
    assert found["k"].values.tolist() == [4, 12]
    assert found["clip"].values.tolist() == TEST
    assert found["genre"].values.tolist() == [c.split("/")[0] for c in TEST]
    assert (found.attrs["mode"], found.attrs["sources"], found.attrs["n_decoder_clips"]) == (
        "corrected",
        ["01", "02"],
        12,
    )
    best = found["id_acc"].sel(k=12)
    assert found["within"] > 0.9
    assert (best.sel({"method": ["ridge", "procrustes", "srm"]}) > 0.8).all()
    assert best.sel({"method": "anatomical"}) < 0.75
    again = id_acc(correlate(found["predicted"].values[1, 1], found["target"].values), np.arange(len(TEST)))
    np.testing.assert_allclose(found["id_acc_clip"].values[1, 1], again)
    assert len(found["ijk"]) == len(found["parcel"]) > 100
    assert np.bincount(found["parcel"].values).min() >= 10


def test_rows_are_rows_of_the_right_voxels_and_clips(study, tmp_path):
    """Subject 01 under two names, in one voxel order or another: anatomical LOSO is its own decoder."""
    embedding = write_stimuli(tmp_path)
    ijk = np.stack(np.unravel_index(np.arange(np.prod(SHAPE)), SHAPE), 1)
    write_series(tmp_path / "sub-01_series.zarr", "01", embedding, ijk=ijk)
    twin, order = store.read(tmp_path / "sub-01_series.zarr").load(), np.random.default_rng(1).permutation(len(ijk))
    store.write(tmp_path / "sub-02_series.zarr", twin.isel(voxel=order).assign_attrs(subject="02"))
    series = sorted(tmp_path.glob("sub-*"))
    given = {"series": series, "subject": "02", "methods": ["anatomical"], "aligned": tmp_path / "aligned.zarr"}
    align.subject(**study | given)
    found = store.read(tmp_path / "aligned.zarr").load()
    assert (found["id_acc"] > 0.9).all()


def test_noise_is_decoded_at_chance_and_published_mode_is_labelled(study, tmp_path):
    one = study | {"subject": "05", "aligned": tmp_path / "noise.zarr", "methods": ["anatomical", "srm"]}
    align.subject(**one)
    assert abs(store.read(one["aligned"])["id_acc"].values - 0.5).max() < 3 * 0.3 / np.sqrt(len(TEST))
    two = study | {"mode": "as_published", "aligned": tmp_path / "published.zarr", "methods": ["anatomical"]}
    align.subject(**two)
    published = store.read(two["aligned"]).load()
    assert published.attrs["mode"] == "as_published"
    assert published["k"].values.tolist() == [len(TRAINING)]
    assert published["id_acc"].values[0, 0] > 0.8  # unaligned, but its own training clips are in the decoder


def test_same_call_same_bytes(study, tmp_path):
    manifests = []
    for name in ("a.zarr", "b.zarr"):
        align.subject(**study | {"aligned": tmp_path / name, "n_clips": [6]})
        manifests.append((tmp_path / name / store.MANIFEST).read_text())
    assert manifests[0] == manifests[1]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n_clips": [12, 24]}, "leave 0 of 24 training clips"),
        ({"methods": ["ridge", "magic"]}, "'magic' given"),
        ({"rois": ["*G_cuneus*"]}, "share 0 voxels"),
        ({"rois": ["*no_such*"]}, "of 0 parcels"),
        ({"subject": "09"}, "wanted 09"),
        ({"noise_subjects": ["01", "02", "05"]}, "at least one other"),
        ({"atlas": "none"}, "wanted one of"),
        ({"mode": "fast"}, "wanted one of"),
    ],
)
def test_settings_that_cannot_work_are_refused(study, tmp_path, changed, message):
    with pytest.raises(HeschlError, match=message) as error:
        align.subject(**study | {"aligned": tmp_path / "no.zarr"} | changed)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "no.zarr").exists()


def test_other_clips_grids_and_nan_are_refused(study, tmp_path):
    def refused(message, **changed):
        with pytest.raises(HeschlError, match=message):
            align.subject(**study | {"aligned": tmp_path / "no.zarr"} | changed)

    series = store.read(study["series"][0]).load()
    for name, other in {
        "holds NaN": series.assign(bold=series["bold"].where(series["volume"] != 3)),
        "its grid differs": series.assign(affine=series["affine"] * 2),
        "did not hear": series.isel(trial=slice(0, -1)),
    }.items():
        store.write(tmp_path / "other.zarr", other)
        refused(name, series=[tmp_path / "other.zarr", *study["series"][1:]])
    windows = store.read(study["windows"]).load()
    store.write(tmp_path / "fewer.zarr", windows.isel(clip=slice(1, None)))
    refused("no clip", windows=tmp_path / "fewer.zarr")
    store.write(tmp_path / "nan.zarr", windows.assign({"layer-02": windows["layer-02"].where(windows["window"] > 0)}))
    refused("holds NaN", windows=tmp_path / "nan.zarr")
