"""Audit: what is planted in the events and an index is found; a leaking split stops.

The real index and the real fault lists are supplied by users and never come with Heschl: the ones here are made up in
the same format, so that the counts known of the real ones (science.md F: 50 of 58 artists, 6 titles, 8 faults) can be
planted and found again.
"""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from heschl import store
from heschl.datasets import events as events_tsv
from heschl.errors import HeschlError
from heschl.steps import audit

ONE, RATE_HZ = {"units": "1"}, 8000
SETTINGS = {"test_task": "Test", "index": "", "faults": [], "n_folds": 3, "refuse": [], "split": "official"}
SETTINGS |= {"single": [], "similarity": 0.995, "drop_first_event": True, "seed": 0}
GENRES = ("jazz", "pop", "rock")
TRAINING = [f"{g}/{i}" for g in GENRES for i in range(4)]
TEST = [f"{g}/9" for g in GENRES]


def write_audio(folder, clips, seconds=3.0, **labels):
    """Random notes, of another seed each."""
    time_s = np.arange(int(0.1 * RATE_HZ)) / RATE_HZ
    sound = []
    for seed in range(len(clips)):
        hz = np.random.default_rng(seed).uniform(200, 3000, int(seconds / 0.1))
        sound.append(np.sin(2 * np.pi * hz[:, None] * time_s).ravel() * 0.1)
    coords = {"clip": clips, **{name: ("clip", values) for name, values in labels.items()}}
    made = xr.Dataset({"audio": (("clip", "sample"), np.array(sound, "f4"), ONE)}, coords, {"rate_hz": RATE_HZ})
    store.write(folder / "audio.zarr", made)


def write_run(folder, sub, name, clips):
    arrays = {"event_onset": ("event", np.arange(len(clips)) * 15.0, {"units": "s"})}
    arrays["event_clip"] = ("event", np.array(clips, dtype=str), ONE)
    store.write(folder / f"sub-{sub}_{name}_bold.zarr", xr.Dataset(arrays))


def write_small(folder, **labels):
    """Two subjects, a training and a test run, each with a dummy."""
    write_audio(folder, [*TRAINING, *TEST], **labels)
    for sub in ("01", "02"):
        write_run(folder, sub, "task-Training_run-1", [TRAINING[-1], *TRAINING])
        write_run(folder, sub, "task-Test_run-1", [TEST[-1], *TEST * 4])


def splits(folder, **changes) -> xr.Dataset:
    audit.splits(
        audio=folder / "audio.zarr",
        raw=sorted(folder.glob("sub-*_bold.zarr")),
        splits=folder / "splits.zarr",
        table=folder / "overlaps.tsv",
        **SETTINGS | changes,
    )
    return store.read(folder / "splits.zarr").load()


@pytest.fixture(scope="module")
def ds003720(real_data, tmp_path_factory) -> Path:
    """The real events of two subjects, with made-up sound."""
    folder, clips = tmp_path_factory.mktemp("ds003720"), set()
    for sub in ("001", "002"):
        for path in sorted((real_data / f"ds003720-meta/sub-{sub}/func").glob("*_events.tsv")):
            heard = [event.clip for event in events_tsv.read(path, "track")]
            write_run(folder, sub, path.name.split("_", 1)[1].removesuffix("_events.tsv"), heard)
            clips |= set(heard)
    write_audio(folder, sorted(clips), seconds=1.5)
    return folder


def test_the_events_of_ds003720_give_480_and_60(ds003720) -> None:
    found = splits(ds003720, n_folds=5)
    official = found["role"].sel(split="official").values[0]
    assert (official == 1).sum() == 480 and (official == 2).sum() == 60
    for genre in np.unique(found["genre"]):
        assert np.bincount(official[found["genre"].values == genre]).tolist() == [0, 48, 6]
    assert found["role"].sizes["fold"] == 10 and found["n_test"].values.tolist() == [60, 0, 540, 60]
    assert (
        np.unique(found["presentations"][official == 1]) == 1 and np.unique(found["presentations"][official == 2]) == 4
    )


def test_dummies_join_only_if_kept(ds003720) -> None:
    """Defect 3 of A4: 12 training clips are then heard twice and 6 test clips five times."""
    found = splits(ds003720, drop_first_event=False)
    times = found["presentations"].values[np.argsort(~found["is_test"].values, kind="stable")]
    assert np.bincount(times[:60]).tolist() == [0, 0, 0, 0, 54, 6] and np.bincount(times[60:]).tolist() == [0, 468, 12]


def test_what_is_planted_in_an_index_is_found(ds003720, tmp_path) -> None:
    """50 of 58 known artists shared, 6 title pairs, 8 faults: the counts of the real index, in a made-up one."""
    plain = splits(ds003720)
    test = plain["clip"].values[plain["is_test"].values].tolist()
    train = plain["clip"].values[~plain["is_test"].values].tolist()
    artist = {c: f"Artist {i}" for i, c in enumerate(train)}
    artist |= {c: f"The {artist[train[i]].upper()} (live)" for i, c in enumerate(test[:50])}
    artist |= {c: f"Alone {i}" for i, c in enumerate(test[50:58])} | dict.fromkeys([*test[58:], *train[-9:]], "")
    title = {c: f"Song, no. {i}" for i, c in enumerate(train)} | {c: f"Test song {i}" for i, c in enumerate(test)}
    title |= {test[i]: f"song no {i + 100}!" for i in range(6)}
    write_index(tmp_path / "index.txt", artist, title)
    faulty = {*test[3:11], *train[:20]}
    (tmp_path / "kept.txt").write_text("".join(f"{file(c)}\n" for c in [*test, *train] if c not in faulty))
    found = splits(ds003720, index=tmp_path / "index.txt", faults=[tmp_path / "kept.txt"], n_folds=5)
    overlap = found["overlap"].sel(split="official")
    assert {k: int(overlap.sel(kind=k)) for k in ("track", "artist", "title", "fault")} == dict(
        track=0, artist=50, title=6, fault=8
    )
    assert int(found["n_known"].sel(split="official", kind="artist")) == 58
    assert int(found["n_test"].sel(split="fault_filtered")) == 52
    assert (found["role"].sel(split="fault_filtered").values[0] == 1).sum() == 460
    assert int(found["overlap"].sel(split="artist_grouped_kfold", kind=["track", "artist", "title"]).sum()) == 0
    rows = [line.split("\t") for line in (ds003720 / "overlaps.tsv").read_text().splitlines()]
    assert rows[0] == ["split", "fold", "kind", "test_clip", "train_clip", "value"]
    assert sum(r[0] == "official" and r[2] == "title" for r in rows) == 6
    with pytest.raises(HeschlError, match=r"shares its artist \(artist 0\).*one of 50 such pairs"):
        splits(ds003720, index=tmp_path / "index.txt", refuse=["artist"])


def file(clip: str) -> str:
    genre, number = clip.split("/")
    return f"{genre}/{genre}.{int(number):05d}.wav"


def write_index(path, artist, title):
    path.write_text("".join(f"{file(c).split('/')[1]} ::: {artist[c]} ::: {title[c]}\n" for c in artist))


def test_a_shared_track_stops_the_official_split_but_not_the_grouped_one(tmp_path) -> None:
    track = [*TRAINING, TRAINING[1], *TEST[1:]]
    write_small(tmp_path, track=track, artist=[f"by {name}" for name in track])
    with pytest.raises(HeschlError, match=r"test clip jazz/9 shares its track \(jazz/1\) with training clip jazz/1"):
        splits(tmp_path, refuse=["track"])
    assert not (tmp_path / "splits.zarr").exists()
    found = splits(tmp_path, refuse=["track"], split="artist_grouped_kfold")
    assert int(found["overlap"].sel(split="artist_grouped_kfold", kind="track")) == 0
    assert int(found["overlap"].sel(split="official", kind="track")) == 1
    with pytest.raises(HeschlError, match=r"split official, fold 0: test clip jazz/9 shares its track"):
        splits(tmp_path, refuse=["track"], split="artist_grouped_kfold", single=["official"])


def test_overlaps_that_could_not_be_seen_are_refused(tmp_path) -> None:
    write_small(tmp_path)
    with pytest.raises(HeschlError, match="no test clip's artist is known, so no overlap of split artist_grouped"):
        splits(tmp_path, split="artist_grouped_kfold")
    with pytest.raises(HeschlError, match=r"wanted titles\. Give audit: index:"):
        splits(tmp_path, refuse=["title"])


def test_the_same_sound_under_another_name_is_found(tmp_path) -> None:
    write_small(tmp_path)
    audio = store.read(tmp_path / "audio.zarr").load()
    audio["audio"].loc[{"clip": "pop/9"}] = 0.5 * audio["audio"].sel(clip="rock/2").values
    store.write(tmp_path / "audio.zarr", audio)
    found = splits(tmp_path)
    assert int(found["overlap"].sel(split="official", kind="fingerprint")) == 1
    assert int(found["overlap"].sel(split="official", kind="embedding")) == 1
    with pytest.raises(HeschlError, match="test clip pop/9 shares its fingerprint"):
        splits(tmp_path, refuse=["fingerprint"])


def test_each_genre_is_left_out_once_and_each_clip_tested_once(tmp_path) -> None:
    write_small(tmp_path)
    found = splits(tmp_path)
    genre, is_test = found["genre"].values, found["is_test"].values
    for name, role in zip(GENRES, found["role"].sel(split="leave_genre_out").values, strict=True):
        assert np.array_equal(role == 2, (genre == name) & is_test)
        assert np.array_equal(role == 1, (genre != name) & ~is_test)
    grouped = found["role"].sel(split="artist_grouped_kfold").values[:3]
    assert ((grouped == 2).sum(0) == 1).all() and found["n_test"].values.tolist() == [3, 0, 15, 3]


def test_the_same_bytes_again(tmp_path) -> None:
    write_small(tmp_path)
    first, again = (splits(tmp_path) and (tmp_path / "splits.zarr/manifest.json").read_text() for _ in range(2))
    assert first == again


def test_subjects_who_heard_other_things_are_refused(tmp_path) -> None:
    write_small(tmp_path)
    write_run(tmp_path, "02", "task-Test_run-1", [TEST[-1], *TEST[::-1] * 4])
    with pytest.raises(HeschlError, match=r"sub-02.*event 1 is rock/9 at 15 s; .*sub-01\S* has jazz/9 at 15 s"):
        splits(tmp_path)
    write_run(tmp_path, "02", "task-Test_run-1", [TEST[-1], *TEST * 4])
    write_run(tmp_path, "02", "task-Test_run-2", TEST)
    with pytest.raises(HeschlError, match="sub-01 lacks task-Test_run-2"):
        splits(tmp_path)


def test_clips_on_both_sides_or_without_sound_are_refused(tmp_path) -> None:
    write_small(tmp_path)
    for sub in ("01", "02"):
        write_run(tmp_path, sub, "task-Test_run-1", [TEST[-1], *TEST, TRAINING[0]])
    with pytest.raises(HeschlError, match="1 clips, the first jazz/0, are heard in Test and in another task"):
        splits(tmp_path)
    for sub in ("01", "02"):
        write_run(tmp_path, sub, "task-Test_run-1", [TEST[-1], *TEST, "rock/77"])
    with pytest.raises(HeschlError, match="lacks 1 of 16 clips heard, the first rock/77"):
        splits(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"split": "random"}, "wanted one of official"),
        ({"refuse": ["genre"]}, "'genre'; wanted some of track"),
        ({"split": "fault_filtered"}, "split fault_filtered tests no clip"),
        ({"n_folds": 99}, "99 folds of 15 groups"),
        ({"test_task": "Exam"}, "no clip is heard in task Exam"),
    ],
)
def test_settings_that_cannot_be_are_refused_in_one_line(tmp_path, changes, message) -> None:
    write_small(tmp_path)
    with pytest.raises(HeschlError, match=message) as error:
        splits(tmp_path, **changes)
    assert "\n" not in str(error.value)


def test_lists_of_other_clips_are_refused(tmp_path) -> None:
    write_small(tmp_path)
    (tmp_path / "other.txt").write_text("blues.00003.wav ::: a ::: b\n")
    with pytest.raises(HeschlError, match="none of the 15 clips heard"):
        splits(tmp_path, index=tmp_path / "other.txt")
    (tmp_path / "kept.txt").write_text("blues.00003.wav\n")
    with pytest.raises(HeschlError, match="none of the 15 clips heard"):
        splits(tmp_path, faults=[tmp_path / "kept.txt"])
