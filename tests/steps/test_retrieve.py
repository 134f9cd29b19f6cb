"""Retrieval of whole stores: neighbours found outside the stimuli, judged beside an oracle and chance."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import xarray as xr

from heschl import store
from heschl.embeddings import musicnn
from heschl.errors import HeschlError
from heschl.steps import retrieve

N, TESTED, D, OTHER = 60, 12, 16, 24
ONE = {"units": "1"}
CLIPS = [f"g{i % 4}/{i:02d}" for i in range(N)]
WEIGHTS = Path(__file__).parents[2] / "data" / "musicnn" / "MTT_musicnn.safetensors"


@pytest.fixture
def world(tmp_path):
    """Make 60 clips of 4 genres in two spaces that share latents; the first 12 are tested."""
    rng = np.random.default_rng(0)
    latent = np.repeat(rng.standard_normal((4, 6)), 1, 0)[np.arange(N) % 4] + 0.5 * rng.standard_normal((N, 6))
    spaces = {"m": latent @ rng.standard_normal((6, D)), "o": latent @ rng.standard_normal((6, OTHER))}
    tags = rng.random((N, 50)) * 0.1 + np.repeat(rng.random((4, 50)), 1, 0)[np.arange(N) % 4]
    store.write(
        tmp_path / "tags.zarr", dataset({"tags": (("clip", "tag"), tags)}, {"clip": CLIPS, "tag": musicnn.TAGS})
    )
    for name, values in spaces.items():
        windows = {"layer-01": (("clip", "window", "feature_01"), np.repeat(values[:, None], 2, 1).astype("f4"))}
        attrs = {"layers": ["x"], "layer": "x", "model": name}
        store.write(tmp_path / f"{name}_windows.zarr", dataset(windows, {"clip": CLIPS}, attrs))
    coords = {"clip": CLIPS, "style": ("clip", [c[:2] for c in CLIPS]), "track": ("clip", [f"t{c}" for c in CLIPS])}
    coords["track"][1][20] = coords["track"][1][0]  # a training clip off the track of a tested one
    sound = {"audio": (("clip", "sample"), np.zeros((N, 4), "f4"))}
    store.write(tmp_path / "audio.zarr", dataset(sound, coords, {"rate_hz": 16_000}))
    role = np.ones((1, 1, N), np.int8)
    role[..., :TESTED] = 2
    coords = {"split": ["official"], "clip": CLIPS, "track": coords["track"]}
    store.write(tmp_path / "splits.zarr", dataset({"role": (("split", "fold", "clip"), role)}, coords))
    for model in ("m", "o"):
        make_gallery(tmp_path, model)
    return tmp_path, spaces["m"]


def dataset(arrays: dict, coords: dict, attrs: dict | None = None) -> xr.Dataset:
    return xr.Dataset({name: (*value, ONE) for name, value in arrays.items()}, coords, attrs or {})


def make_gallery(folder: Path, model: str) -> None:
    retrieve.gallery(
        audio=folder / "audio.zarr", windows=folder / f"{model}_windows.zarr", weights=[], folder="", model=model,
        gallery=folder / f"{model}_gallery.zarr", source="", step_s=1.5, clip_s=15.0,
    )  # fmt: skip


def predictions(folder: Path, values: np.ndarray, sub: str, noise: float) -> Path:
    mean, scale = values[TESTED:].mean(0), values[TESTED:].std(0)
    unit = (values[:TESTED] - mean) / scale
    predicted = unit * (noise < 9) + noise * np.random.default_rng([int(sub)]).standard_normal(unit.shape)
    arrays = {"predicted": (("clip", "window", "feature"), predicted[:, None])}
    arrays["candidate_target"] = (("candidate", "window", "feature"), values[:TESTED, None])
    arrays |= {"mean": (("fold", "feature"), mean[None]), "scale": (("fold", "feature"), scale[None])}
    coords = {"clip": CLIPS[:TESTED], "genre": ("clip", [c[:2] for c in CLIPS[:TESTED]])}
    coords |= {"clip_fold": ("clip", [0] * TESTED), "fold": [0], "feature": np.arange(D)}
    coords |= {"candidate": CLIPS[:TESTED], "candidate_fold": ("candidate", [0] * TESTED)}
    attrs = {"model": "m", "route": "roi", "split": "official", "subject": sub, "candidates": "fold"}
    store.write(folder / f"sub-{sub}.zarr", dataset(arrays, coords, attrs))
    return folder / f"sub-{sub}.zarr"


def search(folder: Path, paths: list[Path], **changes) -> xr.Dataset:
    options = {"n_best": 5, "similarity": 0.9999, "seed": 0, "gallery_tags": []} | changes
    names = {"gallery": "m_gallery", "other_gallery": "o_gallery", "other_windows": "o_windows"}
    inputs = {key: folder / f"{name}.zarr" for key, name in (names | {"tags": "tags", "splits": "splits"}).items()}
    retrieve.clips(predictions=paths, retrieved=folder / "r.zarr", **(inputs | options))
    return store.read(folder / "r.zarr").load()


def test_neighbours_lie_outside_the_stimuli_and_beat_chance(world) -> None:
    folder, values = world
    found = search(folder, [predictions(folder, values, "01", 0.0), predictions(folder, values, "05", 9.0)])
    assert found["index"].dims == ("sub", "clip", "rank") and found.sizes["clip"] == TESTED
    for name in ("index", "oracle_index", "random_index"):
        assert found[name].values.min() >= TESTED and not (found[name] == 20).any()
    np.testing.assert_array_equal(found["index"].sel(sub="01"), found["oracle_index"])  # a perfect prediction
    assert found["excluded"].values.tolist() == [[TESTED, 1, 0]]
    accuracy = found["id_acc"]
    assert (accuracy.sel({"method": "oracle"}) > 0.75).all() and accuracy.sel(
        {"method": "retrieved", "sub": "01"}
    ) > 0.75
    low, high = found["ci"].sel({"method": "retrieved", "sub": "05"}).values
    assert low < 0.5 < high and abs(float(accuracy.sel({"method": "random", "sub": "05"})) - 0.5) < 0.15
    agreement = found["agreement"]
    assert (agreement.sel({"method": "oracle"}) > agreement.sel({"method": "random"})).all()
    assert found["cosine"].values[0, :, 0].min() > found["cosine"].values[1, :, 0].mean()


def test_search_agrees_with_brute_force(world) -> None:
    folder, values = world
    path = predictions(folder, values, "01", 0.7)
    found, made = search(folder, [path]), store.read(path).load()
    free = [i for i in range(TESTED, N) if i != 20]
    space = (values[free].astype("f4") - made["mean"].values[0]) / made["scale"].values[0]
    one = made["predicted"].sel(clip="g2/06").values[0]
    cosine = space @ one / np.linalg.norm(space, axis=1) / np.linalg.norm(one)
    expected = np.array(free)[np.argsort(-cosine)[:5]]
    np.testing.assert_array_equal(found["index"].sel(sub="01", clip="g2/06"), expected)


def test_copies_of_stimuli_are_found_by_ear(world) -> None:
    folder, values = world
    items = store.read(folder / "m_gallery.zarr").load()
    items["embedding"][30] = items["embedding"][3]
    store.write(folder / "m_gallery.zarr", items)
    found = search(folder, [predictions(folder, values, "01", 0.0)])
    assert found["excluded"].values.tolist() == [[TESTED, 1, 1]] and not (found["index"] == 30).any()


def test_a_gallery_of_stimuli_alone_is_refused(world) -> None:
    folder, values = world
    path = predictions(folder, values, "01", 0.0)
    for name in ("m", "o"):
        stimuli = store.read(folder / f"{name}_gallery.zarr").load().isel(item=slice(TESTED))
        store.write(folder / f"{name}_gallery.zarr", stimuli)
    with pytest.raises(HeschlError, match="0 items to choose from"):
        search(folder, [path])
    make_gallery(folder, "m")
    with pytest.raises(HeschlError, match="not the same items"):
        search(folder, [path])


def test_predictions_must_belong_together(world) -> None:
    folder, values = world
    first, second = predictions(folder, values, "01", 0.0), predictions(folder, values, "02", 0.0)
    store.write(second, store.read(second).load().assign_attrs(route="voxel"))
    with pytest.raises(HeschlError, match="another model, route or split"):
        search(folder, [first, second])


def sounds(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    for name, seconds in (("rock/a", 4.0), ("jazz/b", 5.0), ("jazz/short", 1.0)):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(folder / f"{name}.flac", rng.standard_normal(int(seconds * 22_050)) * 0.1, 22_050)
    (folder / "broken.wav").write_bytes(b"no sound")
    return folder


def test_a_folder_is_embedded_and_tagged(tmp_path) -> None:
    folder, options = sounds(tmp_path / "music"), {"step_s": 0.5, "clip_s": 4.0}
    retrieve.gallery(
        audio=[], windows=[], weights=WEIGHTS, gallery=tmp_path / "g.zarr", folder=str(folder), model="musicnn",
        source="", **options,
    )  # fmt: skip
    gallery = store.read(tmp_path / "g.zarr")
    assert gallery["item"].values.tolist() == ["jazz/b", "rock/a"] and gallery["style"].values.tolist() == [
        "jazz",
        "rock",
    ]
    assert gallery.attrs["skipped"] == ["broken", "jazz/short"] and np.isfinite(gallery["embedding"]).all()
    retrieve.tags(folder=str(folder), weights=WEIGHTS, tags=tmp_path / "t.zarr", clip_s=4.0)
    tags = store.read(tmp_path / "t.zarr")["tags"]
    assert tags.shape == (2, 50) and tags["clip"].values.tolist() == ["jazz/b", "rock/a"]


def test_bad_folders_and_models_are_refused(tmp_path) -> None:
    base = {"audio": [], "windows": [], "weights": WEIGHTS, "gallery": tmp_path / "g.zarr", "source": "", "step_s": 1.5}
    folder = str(sounds(tmp_path / "music"))
    for changes, message in (
        ({"folder": folder, "model": "musicnn", "clip_s": 9.0}, "none of 4 files"),
        ({"folder": folder, "model": "genre", "clip_s": 4.0}, "doesn't hear"),
        ({"folder": folder, "model": "nobody", "clip_s": 4.0}, "wanted a module"),
        ({"folder": str(tmp_path / "no"), "model": "musicnn", "clip_s": 4.0}, "no such folder"),
    ):
        with pytest.raises(HeschlError, match=message):
            retrieve.gallery(**(base | changes))
