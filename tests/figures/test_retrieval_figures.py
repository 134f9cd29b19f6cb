"""Figures of retrieval and of the audit: what is drawn is what the stores say."""

import numpy as np
import pandas as pd
import pytest
import soundfile

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import class_agreement, leakage, spectrograms
from heschl.science import mel

from .conftest import write

SUBS, GENRES, N_EACH = ("01", "02", "05"), ("jazz", "metal", "polka"), 2
TESTED = [f"{g}/{k}" for g in GENRES for k in range(N_EACH)]
ITEMS = TESTED + [f"{g}/{k}" for g in GENRES for k in range(N_EACH, 5)]


def files(tmp_path):
    return {"png": tmp_path / "F.png", "pdf": tmp_path / "F.pdf", "table": tmp_path / "F.tsv"}


def pick(table, **keys):
    """Return the values of the rows that hold all keys."""
    return table[np.logical_and.reduce([table[k] == v for k, v in keys.items()])]["value"].to_numpy()


def retrieved(path, route="roi", subs=SUBS, seed=0):
    """Make up what retrieve.clips writes; the first listener missed the first clip."""
    rng, shape = np.random.default_rng(seed), (len(subs), len(TESTED))
    index = rng.integers(len(TESTED), len(ITEMS), (*shape, 3))
    index[0, 0] = -1
    arrays = {
        "index": (("sub", "clip", "rank"), index.astype("i4")),
        "cosine": (("sub", "clip", "rank"), np.where(index < 0, np.nan, 0.4)),
        "oracle_index": (("clip", "rank"), index[1].astype("i4")),
        "random_index": (("clip", "rank"), index[1, ::-1].astype("i4")),
        "id_acc_clip": (("method", "sub", "clip"), rng.uniform(0.4, 1, (3, *shape))),
        "agreement_clip": (("method", "sub", "clip", "group"), rng.uniform(0, 1, (3, *shape, 3))),
    }
    coords = {"sub": list(subs), "clip": TESTED, "rank": [1, 2, 3], "method": ["retrieved", "oracle", "random"]}
    coords |= {"group": ["genres", "instruments", "moods"], "item": ITEMS}
    coords |= {"style": ("item", [c.split("/")[0] for c in ITEMS]), "kind": ["stimulus", "track", "near"]}
    arrays["excluded"] = (("fold", "kind"), [[6, 0, 2], [6, 1, 3]])
    attrs = {"model": "m", "route": route, "split": "official", "other": "musicnn", "seed": 3}
    return write(path, attrs, coords, **arrays)


def splits(path, faults):
    role = np.zeros((4, 3, 12), "i1")
    role[[0, 3], 0], role[[0, 3], 0, :4] = 1, 2
    for fold in range(3):
        role[2, fold], role[2, fold, fold::3] = 1, 2
    if faults:
        role[1] = np.where(np.arange(12) == 0, 0, role[0])
    overlap = np.array([[0, 3, 1, 0, 2, 1], [0, 2, 1, 0, 2, 0], [0, 0, 0, 0, 0, 1], [0, 3, 1, 0, 2, 1]])
    n_test = (role == 2).any(1).sum(1)
    known = np.tile(n_test[:, None], (1, 6))
    known[0, 2] = 0
    names = {"split": ["official", "fault_filtered", "artist_grouped_kfold", "leave_genre_out"]}
    names |= {"kind": ["track", "artist", "title", "fingerprint", "embedding", "fault"]}
    arrays = {
        "role": (("split", "fold", "clip"), role),
        "overlap": (("split", "kind"), overlap * (n_test > 0)[:, None]),
    }
    return write(path, {"similarity": 0.98}, names, **arrays, n_known=(("split", "kind"), known))


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    audio = np.random.default_rng(0).normal(0, 0.1, (len(ITEMS), 8000)).astype("f4")
    return write(
        tmp_path_factory.mktemp("sound") / "audio.zarr",
        {"rate_hz": 4000},
        {"clip": ITEMS},
        audio=(("clip", "sample"), audio),
    )


def test_class_agreement_lists_means(tmp_path, draw_twice, sound):
    paths = [retrieved(tmp_path / f"{route}.zarr", route) for route in ("roi", "voxel")]
    found = draw_twice(class_agreement.draw, retrieved=paths, noise_subjects=["05"])
    one = store.read(paths[0]).load()
    moods = one["agreement_clip"].sel({"method": "retrieved", "group": "moods"}).values
    key = {"route": "roi", "group": "moods", "method": "retrieved"}
    assert pick(found, **key, sub="mean") == pytest.approx(moods[:2].mean(), 1e-5)
    ids = one["id_acc_clip"].sel({"method": "oracle"}).values
    assert pick(found, route="roi", group="id_acc", method="oracle", sub="mean") == pytest.approx(ids.mean(), 1e-5)
    means = found[found["sub"] == "mean"]
    assert (means["low"] <= means["value"]).all() and (means["value"] <= means["high"]).all()
    noise = found[found["noise"] & (found["method"] == "retrieved")]
    assert len(noise) == 8 and (noise["low"] < noise["value"]).all() and (noise["value"] < noise["high"]).all()
    with pytest.raises(HeschlError, match="no id_acc_clip"):
        class_agreement.draw(retrieved=[sound], **files(tmp_path))
    with pytest.raises(HeschlError, match="second store"):
        class_agreement.draw(retrieved=[paths[0], paths[0]], **files(tmp_path))
    with pytest.raises(HeschlError, match="no stores of retrieve given"):
        class_agreement.draw(retrieved=[], **files(tmp_path))


def test_spectrograms_show_the_first_clip_of_each_genre(tmp_path, draw_twice, sound):
    path = retrieved(tmp_path / "r.zarr")
    given = {"audio": sound, "retrieved": path, "folder": "", "clip_s": 2.0}
    with pytest.raises(HeschlError, match="wanted what retrieve found"):
        spectrograms.draw(subjects="one", **(given | {"retrieved": sound}), **files(tmp_path))
    found = draw_twice(spectrograms.draw, subjects="one", n_clips=3, **given)
    assert found["clip"].unique().tolist() == [f"{g}/0" for g in GENRES]
    assert found["column"].unique().tolist() == ["stimulus", "sub-01", "oracle", "random"]
    one = store.read(path).load()
    shown = found[found["column"] == "sub-01"]
    index = one["index"].sel({"sub": "01", "rank": 1, "clip": [f"{g}/0" for g in GENRES]}).values
    assert shown["item"].fillna("").tolist() == ["" if i < 0 else ITEMS[i] for i in index]
    ids = one["id_acc_clip"].sel({"method": "retrieved", "sub": "01", "clip": "metal/0"})
    assert shown["id_acc"].tolist()[1] == pytest.approx(float(ids), 1e-5)
    spectrograms.draw(subjects="all", n_clips=2, noise_subjects=["05"], **given, **files(tmp_path))
    found = pd.read_csv(tmp_path / "F.tsv", sep="\t")
    assert found["clip"].nunique() == 2 and {"sub-01", "sub-02", "sub-05"} < set(found["column"])


def test_spectrograms_tell_copies_and_frequencies(tmp_path):
    found = store.read(retrieved(tmp_path / "r.zarr"))
    assert "Of 15 items left out: 6 stimuli, 1 more of their tracks, 3 near-duplicates" in spectrograms._below(found)
    hz = [200.0, 900.0, 1500.0, 6000.0]
    np.testing.assert_allclose(mel._mel_to_hz(np.array([spectrograms._mel(f) for f in hz])), hz, rtol=1e-9)


def test_spectrograms_of_a_folder(tmp_path, sound):
    gallery = tmp_path / "gallery"
    for name in ITEMS[len(TESTED) :]:
        (gallery / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(gallery / f"{name}.flac", np.random.default_rng(0).normal(0, 0.1, 20_000), 8000)
    given = {"audio": sound, "retrieved": retrieved(tmp_path / "r.zarr"), "clip_s": 2.0}
    spectrograms.draw(folder=str(gallery), subjects="one", **given, **files(tmp_path))
    assert len(pd.read_csv(tmp_path / "F.tsv", sep="\t")) == 4 * len(
        GENRES
    )  # a clip of each genre, if no number is given
    next(gallery.rglob("*/4.flac")).unlink()
    for missing in gallery.rglob("*.flac"):
        missing.rename(missing.with_name(f"new_{missing.name}"))
    with pytest.raises(HeschlError, match="no sound of"):
        spectrograms.draw(folder=str(gallery), subjects="one", **given, **files(tmp_path))
    with pytest.raises(HeschlError, match="wanted one or all"):
        spectrograms.draw(folder="", subjects="two", **given, **files(tmp_path))


def test_leakage_counts(tmp_path, draw_twice, sound):
    path = splits(tmp_path / "s.zarr", faults=True)
    found = draw_twice(leakage.draw, splits=path).set_index(["split", "kind"])
    assert found.loc[("official", "artist"), "overlap"] == 3 and found.loc[("official", "artist"), "share"] == 0.75
    assert found.loc[("fault_filtered", "fault"), "share"] == 0 and found.loc[("official", "fault"), "share"] == 0.25
    assert np.isnan(found.loc[("official", "title"), "share"])  # no title is known
    assert found.loc[("artist_grouped_kfold", "track"), "n_test"] == 12
    with pytest.raises(HeschlError, match="wanted splits of audit"):
        leakage.draw(splits=sound, **files(tmp_path))


def test_no_fault_list_is_not_no_fault(tmp_path, draw_twice):
    found = draw_twice(leakage.draw, splits=splits(tmp_path / "s.zarr", faults=False)).set_index(["split", "kind"])
    assert np.isnan(found.loc[("official", "fault"), "share"]) and found.loc[("official", "artist"), "share"] == 0.75
    assert found.loc["fault_filtered", "share"].isna().all()
    known = found["n_known"].groupby("split", sort=False).sum(), found["n_known"].groupby("kind", sort=False).sum()
    said = leakage._hidden(*known)
    assert said.startswith("Not shown, as nothing is known: the split fault filtered, faulty test clips. No list")
    assert leakage._hidden(*(n + 1 for n in known)) == ""


def test_old_splits_without_counts_of_the_known(tmp_path):
    whole = store.read(splits(tmp_path / "s.zarr", faults=True)).load()
    old = whole.drop_vars("n_known").drop_attrs()
    for name in ("role", "overlap"):
        old[name].attrs = {"units": "1"}
    store.write(tmp_path / "old.zarr", old)
    leakage.draw(splits=tmp_path / "old.zarr", **files(tmp_path))
    assert pd.read_csv(tmp_path / "F.tsv", sep="\t")["share"].notna().all()
