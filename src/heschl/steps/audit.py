"""Audit: how clips are split into training and test, and what leaks between the two, before anything is scored."""

from pathlib import Path

import numpy as np
import xarray as xr

from heschl import store
from heschl.datasets import gtzan_index
from heschl.datasets.recordings import name_of
from heschl.errors import HeschlError
from heschl.science import fingerprint, leakage
from heschl.science import splits as roles

SPLITS = ("official", "fault_filtered", "artist_grouped_kfold", "leave_genre_out")
KINDS = ("track", "artist", "title", "fingerprint", "embedding", "fault")
LABELS = ("track", "artist", "title")


def splits(
    *,
    audio: Path,
    raw: list[Path],
    splits: Path,
    table: Path,
    test_task: str,
    index: Path | list[Path] | str,
    faults: list[Path],
    n_folds: int,
    refuse: list[str],
    split: str,
    single: list[str],
    similarity: float,
    drop_first_event: bool,
    seed: int,
) -> None:
    """Make the four splits of the clips heard, count what each leaks, and stop if the chosen one leaks too much.

    Parameters
    ----------
    audio : store with audio (clip, sample) of all clips heard; coords clip, style, track, artist, title if known
    raw : stores of all subjects' runs, sub-S_task-T_run-R_bold.zarr, with their events, which must be the same
    splits : store written: role (split, fold, clip) 0 unused, 1 train, 2 test; overlap (split, kind), test clips that
        share with a training clip of their fold; n_test (split), n_known (split, kind), test clips of known label;
        presentations (clip); coords genre, track, artist, title, is_test (clip)
    table : TSV written: each pair of test and training clip that shares, by split, fold and kind
    test_task : task whose clips are the official test set
    index : a GTZAN index (heschl.datasets.gtzan_index), or "" or []: artists and titles are those of `audio`
    faults : paths of fault-filtered lists: GTZAN clips in none of them are faulty
    n_folds : folds of artist_grouped_kfold
    refuse : kinds that may not occur in `split`
    split, single : the one that will be scored, and those that some analyses score besides
    similarity : cosine of two clips' mean sound from which they count as alike
    drop_first_event : the first event of each run is a dummy
    seed : of the folds
    """
    _check_settings(refuse, split)
    heard, is_test, presentations = _heard(raw, test_task, drop_first_event)
    labels, sound = _labels(audio, heard, index), _sounds(audio, heard)
    same, value = _sharing(labels, *sound, similarity)
    faulty = _faulty(heard, faults)
    role = _roles(audio, labels["genre"], is_test, same, faulty, bool(faults), n_folds, seed)
    rows = _rows(heard, role, same, value, faulty)
    arrays = _arrays(heard, labels, is_test, role, same, faulty).assign_attrs(similarity=similarity, n_folds=n_folds)
    arrays["presentations"] = ("clip", presentations, {"units": "1", "long_name": "times heard by each subject"})
    for one in sorted({split, *single}):
        _refuse(audio, rows, arrays, refuse, one)
    _write_table(table, rows)
    store.write(splits, arrays)


def _check_settings(refuse: list[str], split: str) -> None:
    if split not in SPLITS:
        raise HeschlError("audit.split", f"{split!r}", f"wanted one of {', '.join(SPLITS)}")
    if unknown := [kind for kind in refuse if kind not in KINDS]:
        raise HeschlError("audit.refuse", f"{unknown[0]!r}", f"wanted some of {', '.join(KINDS)}")


def _heard(raw: list[Path], test_task: str, drop_first: bool) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Clips heard, sorted; whether each (clip,) is of the test task; how often each was heard by one subject."""
    runs = _agreed(raw)
    counts: dict[bool, dict[str, int]] = {True: {}, False: {}}
    for (_, task), clips in runs.items():
        count = counts[task == test_task]
        for clip in clips[1 if drop_first else 0 :]:
            count[clip] = count.get(clip, 0) + 1
    if twice := sorted(counts[True].keys() & counts[False].keys()):
        given = f"{len(twice)} clips, the first {twice[0]}, are heard in {test_task} and in another task"
        raise HeschlError(raw[0], given, "wanted no clip on both sides", "Correct the events or audit.test_task")
    if not counts[True] or not counts[False]:
        given = f"no clip is heard in {'task ' + test_task if counts[False] else 'any task but ' + test_task}"
        raise HeschlError(raw[0], given, "wanted training and test runs", "Correct audit.test_task")
    heard = sorted(counts[True] | counts[False])
    total = counts[True] | counts[False]
    return heard, np.array([clip in counts[True] for clip in heard]), np.array([total[clip] for clip in heard])


def _agreed(raw: list[Path]) -> dict[tuple[str, str], list[str]]:
    """Clips of each recording (name, task) in order of time, the same for all subjects."""
    first: dict[tuple[str, str], tuple[Path, list]] = {}
    subjects: dict[str, set] = {}
    for path in map(Path, raw):
        key, events = name_of(path), _events(path)
        subjects.setdefault(path.name.split("_")[0], set()).add(key)
        source, wanted = first.setdefault(key, (path, events))
        if events != wanted:
            at = next((i for i, (a, b) in enumerate(zip(events, wanted, strict=False)) if a != b), None)
            given = f"{len(events)} events" if at is None else f"event {at} is {events[at][1]} at {events[at][0]:g} s"
            other = f"{len(wanted)}" if at is None else f"{wanted[at][1]} at {wanted[at][0]:g} s"
            raise HeschlError(path, given, f"{source} has {other}", "Wanted the same events for all subjects")
    for subject, keys in subjects.items():
        if lacking := sorted(first.keys() - keys):
            given = f"{subject} lacks {lacking[0][0]}"
            raise HeschlError(first[lacking[0]][0], given, "wanted the same runs for all subjects", "Add or drop it")
    return {key: [clip for _, clip in events] for key, (_, events) in first.items()}


def _events(path: Path) -> list[tuple[float, str]]:
    arrays = store.read(path)
    rows = zip(arrays["event_onset"].values, arrays["event_clip"].values, strict=True)
    return sorted((round(float(onset_s), 3), str(clip)) for onset_s, clip in rows)


def _labels(audio: Path, heard: list[str], index: Path | list[Path] | str) -> dict[str, list[str]]:
    """Genre, track, artist and title (clip,), "" where unknown; an index overrules what the audio store says."""
    arrays = store.read(audio)
    place = {str(clip): i for i, clip in enumerate(arrays["clip"].values)}
    if missing := [clip for clip in heard if clip not in place]:
        given = f"lacks {len(missing)} of {len(heard)} clips heard, the first {missing[0]}"
        raise HeschlError(audio, given, "wanted the sound of every event", "Check the corpus against the events")
    rows = [place[clip] for clip in heard]
    found = {name: [str(arrays[name].values[i]) for i in rows] for name in ("style", *LABELS) if name in arrays.coords}
    nothing = [""] * len(heard)
    labels = {name: found.get(name, nothing) for name in LABELS}
    styles = zip(found.get("style", nothing), heard, strict=True)
    labels["genre"] = [style or clip.rpartition("/")[0] for style, clip in styles]
    labels["track"] = [track or clip for track, clip in zip(labels["track"], heard, strict=True)]
    return labels | (_indexed(index, heard, labels) if index else {})


def _indexed(index: Path | list[Path] | str, heard: list[str], labels: dict[str, list[str]]) -> dict[str, list[str]]:
    index = Path(index[0] if isinstance(index, list) else index)
    names = gtzan_index.read(index)
    if not any(clip in names for clip in heard):
        given = f"holds none of the {len(heard)} clips heard, such as {heard[0]}"
        raise HeschlError(index, given, "wanted the index of these clips", "Set audit: index: to nothing")
    old = zip(heard, labels["artist"], labels["title"], strict=True)
    artist, title = zip(*(names.get(clip, (a, t)) for clip, a, t in old), strict=True)
    return {"artist": list(artist), "title": list(title)}


def _sounds(audio: Path, heard: list[str]) -> tuple[list, np.ndarray]:
    """Landmarks of each clip, and mean sound (clip, feature)."""
    arrays = store.read(audio)
    place = {str(clip): i for i, clip in enumerate(arrays["clip"].values)}
    sound, rate_hz = arrays["audio"].values, float(arrays.attrs["rate_hz"])
    rows = [place[clip] for clip in heard]
    if bad := [i for i in rows if not np.isfinite(sound[i]).all() or not sound[i].any()]:
        given = f"clip {arrays['clip'].values[bad[0]]} is silent or not finite"
        raise HeschlError(audio, given, "wanted sound", "Fetch the corpus again")
    features = np.stack([leakage.sound_features(sound[i], rate_hz) for i in rows])
    return [fingerprint.landmarks(sound[i], rate_hz) for i in rows], features


def _sharing(labels: dict, landmarks: list, features: np.ndarray, similarity: float) -> tuple[dict, dict]:
    """Tell what every two clips share, by kind: bool (clip, clip), and the label or number behind it."""
    plain = {"track": labels["track"]}
    plain |= {name: [leakage.normalise(text) for text in labels[name]] for name in ("artist", "title")}
    same = {name: leakage.shared(plain[name]) for name in LABELS}
    votes = fingerprint.votes(landmarks)
    cosine = leakage.cosines(features)
    same["fingerprint"] = fingerprint.same_recording(votes, np.array([len(keys) for keys, _ in landmarks]))
    same["embedding"] = cosine >= similarity
    return same, plain | {"fingerprint": votes, "embedding": cosine}


def _faulty(heard: list[str], faults: list[Path]) -> np.ndarray:
    sound = gtzan_index.listed([Path(path) for path in faults])
    if faults and not any(clip in sound for clip in heard):
        given = f"holds none of the {len(heard)} clips heard, such as {heard[0]}"
        raise HeschlError(faults[0], given, "wanted lists of sound GTZAN files", "Set audit: faults: to nothing")
    return np.array([bool(faults) and clip not in sound for clip in heard])


def _roles(audio, genre, is_test, same, faulty, has_faults, n_folds, seed) -> dict[str, np.ndarray]:
    """Role (fold, clip) of each clip in each split."""
    official = roles.official(is_test)
    group = leakage.groups([same[kind] for kind in (*LABELS, "fingerprint", "embedding")])
    try:
        grouped = roles.grouped_folds(group, np.array(genre), n_folds, seed)
    except ValueError as error:
        raise HeschlError(audio, str(error), "grouped by artist", "Lower audit.n_folds or raise similarity") from None
    filtered = roles.without(official, faulty if has_faults else np.ones(len(genre), bool))
    return dict(zip(SPLITS, (official, filtered, grouped, roles.leave_one_out(genre, is_test)), strict=True))


def _rows(heard: list[str], role: dict, same: dict, value: dict, faulty: np.ndarray) -> list[tuple]:
    """One row a pair: split, fold, kind, test clip, training clip ("" for a fault), label or number shared."""
    rows = []
    for split, folds in role.items():
        for number, fold in enumerate(folds):
            for kind, matrix in same.items():
                for i, j in leakage.pairs(matrix, fold):
                    number_of = value[kind][i, j] if isinstance(value[kind], np.ndarray) else value[kind][i]
                    shown = f"{number_of:.3f}" if kind == "embedding" else str(number_of)
                    rows.append((split, number, kind, heard[i], heard[j], shown))
            rows += [(split, number, "fault", heard[i], "", "") for i in np.flatnonzero(faulty & (fold == roles.TEST))]
    return rows


def _arrays(heard, labels, is_test, role, same, faulty) -> xr.Dataset:
    n_fold = max(map(len, role.values()))
    whole = np.stack([np.pad(folds, ((0, n_fold - len(folds)), (0, 0))) for folds in role.values()])
    test = (whole == roles.TEST).any(1)
    known = {name: np.array([bool(leakage.normalise(text)) for text in labels[name]]) for name in ("artist", "title")}
    seen = [known.get(kind, np.ones(len(heard), bool)) for kind in KINDS]
    overlap = [
        [leakage.overlap(same[k], folds) if k in same else int((faulty & (folds == roles.TEST)).sum()) for k in KINDS]
        for folds in role.values()
    ]
    one = {"units": "1"}
    arrays = {
        "role": (("split", "fold", "clip"), whole, one | {"long_name": "0 unused, 1 train, 2 test"}),
        "overlap": (("split", "kind"), np.array(overlap), one | {"long_name": "test clips that share"}),
        "n_test": (("split",), test.sum(1), one),
        "n_known": (("split", "kind"), np.array([[(t & s).sum() for s in seen] for t in test]), one),
    }
    coords = {name: ("clip", labels[name]) for name in ("genre", *LABELS)} | {"is_test": ("clip", is_test)}
    return xr.Dataset(arrays, {"split": list(SPLITS), "kind": list(KINDS), "clip": heard} | coords)


def _refuse(audio: Path, rows: list[tuple], arrays: xr.Dataset, refuse: list[str], split: str) -> None:
    """Stop before anything is scored if the split to be scored is empty or leaks."""
    if not int(arrays["n_test"].sel(split=split)):
        raise HeschlError(audio, f"split {split} tests no clip", "wanted some", "Set audit: faults: or another split")
    grouped = split == "artist_grouped_kfold"
    kinds, needed = {*refuse, *(LABELS if grouped else ())}, {*refuse, *(("artist",) if grouped else ())} & {*LABELS}
    if unknown := [k for k in sorted(needed) if not int(arrays["n_known"].sel(split=split, kind=k))]:
        given = f"no test clip's {unknown[0]} is known, so no overlap of split {split} could be seen"
        fix = "Give audit: index:, choose another audit: split:, or take the kind out of audit: refuse:"
        raise HeschlError(audio, given, f"wanted {unknown[0]}s", fix)
    if leaks := [row for row in rows if row[0] == split and row[2] in kinds]:
        _, fold, kind, test, train, value = leaks[0]
        what = (
            f"test clip {test} shares its {kind} ({value}) with training clip {train}" if train else f"{test} is faulty"
        )
        given = f"split {split}, fold {fold}: {what}, one of {len(leaks)} such pairs"
        fix = "Choose another audit: split:, or take the kind out of audit: refuse:"
        raise HeschlError(audio, given, f"wanted none of {', '.join(sorted(kinds))}", fix)


def _write_table(path: Path, rows: list[tuple]) -> None:
    head = ("split", "fold", "kind", "test_clip", "train_clip", "value")
    with store.atomic(path) as file:
        file.write_text("".join("\t".join(map(str, row)) + "\n" for row in (head, *rows)), encoding="utf-8")
