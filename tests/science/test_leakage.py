"""Leaks are found by label and by ear, and unknown never matches."""

import io

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from heschl.science import fingerprint, leakage
from heschl.science import splits as roles

RATE_HZ = 16_000


def melody(seed: int, seconds: float = 15.0) -> np.ndarray:
    """Play random notes with harmonics over a noisy beat: (sample,)."""
    rng, note_s = np.random.default_rng(seed), 0.25
    time_s = np.arange(int(note_s * RATE_HZ)) / RATE_HZ
    notes = []
    for hz in 110 * 2 ** (rng.integers(0, 40, int(seconds / note_s)) / 12):
        tone = sum(rng.uniform(0.2, 1) / h * np.sin(2 * np.pi * hz * h * time_s) for h in (1, 2, 3, 5))
        notes.append(tone * np.exp(-4 * time_s) + 0.1 * rng.normal(size=len(time_s)) * np.exp(-40 * time_s))
    return np.concatenate(notes).astype("f4") * 0.1


def mp3(sound: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    soundfile.write(file, sound, RATE_HZ, format="MP3", subtype="MPEG_LAYER_III")
    file.seek(0)
    return soundfile.read(file, dtype="float32")[0][: len(sound)]


def noisy(sound: np.ndarray, snr_db: float = 15) -> np.ndarray:
    noise = np.random.default_rng(0).normal(size=len(sound)).astype("f4")
    return sound + noise * sound.std() * 10 ** (-snr_db / 20)


@pytest.fixture(scope="module")
def melodies() -> list[np.ndarray]:
    return [melody(seed, 17) for seed in range(8)]


@pytest.mark.parametrize(
    "change",
    [lambda x: x[: 15 * RATE_HZ], lambda x: mp3(x[: 15 * RATE_HZ]), lambda x: noisy(x[: 15 * RATE_HZ])]
    + [lambda x: 0.3 * x[16_100 : 16_100 + 15 * RATE_HZ], lambda x: noisy(mp3(x[16_100 : 16_100 + 15 * RATE_HZ]))],
    ids=["copy", "mp3", "noise", "a second later", "all of it"],
)
def test_the_same_recording_is_found_and_no_other(melodies, change) -> None:
    clips = [x[: 15 * RATE_HZ] for x in melodies] + [change(x) for x in melodies]
    marks = [fingerprint.landmarks(x, RATE_HZ) for x in clips]
    same = fingerprint.same_recording(fingerprint.votes(marks), np.array([len(keys) for keys, _ in marks]))
    wanted = np.eye(16, k=8) + np.eye(16, k=-8) > 0
    assert np.array_equal(same, wanted)


def test_real_music_matches_itself_alone() -> None:
    from pathlib import Path

    from heschl.datasets import mini_styles

    corpus = mini_styles.load(Path(__file__).parents[2] / "data/mini-styles-16k").isel(clip=slice(0, None, 4))
    clips = [*corpus["audio"].values, mp3(corpus["audio"].values[3])]
    marks = [fingerprint.landmarks(x, RATE_HZ) for x in clips]
    same = fingerprint.same_recording(fingerprint.votes(marks), np.array([len(keys) for keys, _ in marks]))
    track = np.append(corpus["track"].values, corpus["track"].values[3])
    assert same[3, -1] and not (same & (track[:, None] != track)).any()


def test_votes_are_those_of_a_plain_count() -> None:
    rng = np.random.default_rng(0)
    clips = [(rng.integers(0, 40, 30), rng.integers(0, 20, 30)) for _ in range(4)]
    found = fingerprint.votes(clips)
    for i in range(4):
        for j in range(i + 1, 4):
            gaps = [b - a for k, a in zip(*clips[i], strict=True) for m, b in zip(*clips[j], strict=True) if k == m]
            count = np.bincount(np.array(gaps) + 30, minlength=64)
            assert found[i, j] == found[j, i] == (count[1:] + count[:-1]).max()
    assert not np.diag(found).any()


def test_silence_has_no_landmark_and_matches_nothing() -> None:
    marks = [fingerprint.landmarks(np.zeros(RATE_HZ, "f4"), RATE_HZ) for _ in range(2)]
    n = np.array([len(keys) for keys, _ in marks])
    assert not n.any() and not fingerprint.same_recording(fingerprint.votes(marks), n).any()


@pytest.mark.parametrize(
    ("one", "other"),
    [("The Beatles", "beatles"), ("Beyoncé", "BEYONCE"), ("I'm  Here (live)", "im here [demo]"), ("A & B", "a and b")],
)
def test_spellings_of_a_name_are_one(one, other) -> None:
    assert leakage.normalise(one) == leakage.normalise(other) != ""


@pytest.mark.parametrize("name", ["", " ", "?", "Unknown", "n/a", "unknown artist", "(?)", "---"])
def test_unknown_never_matches(name) -> None:
    assert leakage.normalise(name) == ""
    assert not leakage.shared([leakage.normalise(name)] * 3).any()


@settings(deadline=None)
@given(st.lists(st.sampled_from(["", "a", "b", "c"]), min_size=1, max_size=12))
def test_shared_is_equality_of_known_labels(labels) -> None:
    same = leakage.shared(labels)
    n = range(len(labels))
    assert all(same[i, j] == (i != j and labels[i] == labels[j] != "") for i in n for j in n)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=12))
def test_groups_are_the_components_of_networkx(edges) -> None:
    import networkx

    graph = networkx.Graph(edges)
    graph.add_nodes_from(range(12))
    same = np.zeros((12, 12), bool)
    for i, j in edges:
        same[i, j] = same[j, i] = i != j
    found = leakage.groups([same, np.zeros_like(same)])
    assert {frozenset(np.flatnonzero(found == g)) for g in set(found)} == set(
        map(frozenset, networkx.connected_components(graph))
    )


def test_a_copy_sounds_alike_and_other_music_does_not(melodies) -> None:
    clips = [noisy(x, 40 + 2 * i) for i, x in enumerate(melodies)] + [mp3(x) for x in melodies]
    features = np.stack([leakage.sound_features(x, RATE_HZ) for x in clips[8:]])
    cosine = leakage.cosines(np.vstack([features, features[:1] + 1e-3]))
    assert cosine[0, 8] > 0.995 and np.abs(cosine[:8, :8]).max() < 0.9


def test_overlaps_are_counted_by_test_clip() -> None:
    same = leakage.shared(["a", "a", "a", "b", ""])
    role = np.array([[2, 1, 1, 2, 1], [1, 2, 1, 2, 0]])
    assert leakage.pairs(same, role[0]).tolist() == [[0, 1], [0, 2]]
    assert leakage.overlap(same, role) == 2


FEW = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2)), min_size=4, max_size=60)


@settings(deadline=None)
@given(rows=FEW, n_folds=st.integers(2, 6), seed=st.integers(0, 20))
def test_grouped_folds_partition_the_clips_and_keep_groups_whole(rows, n_folds, seed) -> None:
    group, stratum = np.array(rows).T
    if len(set(group)) < n_folds:
        with pytest.raises(ValueError, match=f"{n_folds} folds of"):
            roles.grouped_folds(group, stratum, n_folds, seed)
        return
    role = roles.grouped_folds(group, stratum, n_folds, seed)
    assert ((role == roles.TEST).sum(0) == 1).all() and (role != roles.UNUSED).all()
    assert (role == roles.TEST).any(1).all()
    for fold in role:
        assert not set(group[fold == roles.TEST]) & set(group[fold == roles.TRAIN])
    assert np.array_equal(role, roles.grouped_folds(group, stratum, n_folds, seed))


def test_small_groups_are_spread_as_evenly_as_scikit_learn_does() -> None:
    from sklearn.model_selection import StratifiedGroupKFold

    rng = np.random.default_rng(0)
    group = np.sort(rng.integers(0, 180, 540))
    stratum = group % 10
    ours = roles.grouped_folds(group, stratum, 5, 0) == roles.TEST
    theirs = StratifiedGroupKFold(5, shuffle=True, random_state=0).split(stratum, stratum, group)

    def spread(tests: list) -> float:
        return float(np.std([np.bincount(stratum[t], minlength=10) for t in tests], axis=0).mean())

    assert spread([np.flatnonzero(t) for t in ours]) <= 1.2 * spread([t for _, t in theirs])


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=1, max_size=30))
def test_leaving_a_genre_out_leaves_none_of_it_in_training(rows) -> None:
    genre, is_test = np.array([g for g, _ in rows]), np.array([t for _, t in rows])
    for name, fold in zip(np.unique(genre), roles.leave_one_out(genre, is_test), strict=True):
        assert np.array_equal(fold == roles.TEST, (genre == name) & is_test)
        assert np.array_equal(fold == roles.TRAIN, (genre != name) & ~is_test)


def test_faulty_clips_leave_both_sides() -> None:
    role = roles.official(np.array([True, True, False, False]))
    assert role.tolist() == [[2, 2, 1, 1]]
    assert roles.without(role, np.array([True, False, True, False])).tolist() == [[0, 2, 0, 1]]
