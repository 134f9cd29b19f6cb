"""Select clips for the scanner from MagnaTagATune, by their tags alone: no sound is read."""

from pathlib import Path

import numpy as np
import xarray as xr

from heschl import store
from heschl.datasets import magnatagatune
from heschl.errors import HeschlError
from heschl.science import stimulus_selection

COLUMNS = ("role", "pass", "cluster", "clip_id", "file", "song", "artist", "start_s", "part", "tags")
ONE = {"units": "1"}


def stimuli(
    *,
    annotations: Path | list[Path],
    table: Path,
    stimuli: Path,
    n_clusters: int,
    n_passes: int,
    medoids: str,
    merge_synonyms: bool,
    skip_song_start: bool,
) -> None:
    """Clean the tags, take one clip of each song, and choose n_passes clips from each of n_clusters.

    Parameters
    ----------
    annotations : MagnaTagATune's annotations_final.csv, or []: none is set
    table : TSV written: a row for each stimulus, test clips (the first pass) before training clips
    stimuli : store written: tags (stimulus, tag); pass, cluster and mean_correlation (stimulus), r with those taken
        before; is_test, clip_id, file, song, artist, part, start_s (stimulus); cluster_size (cluster)
    medoids : what is the medoid of its cluster: the first pick, or every pick of the first pass
    merge_synonyms : join tags of one meaning (magnatagatune.SYNONYMS)
    skip_song_start : leave out clips from the start of a song, which may begin in silence

    Raises
    ------
    HeschlError
        If the table can't be read, or too few clips are left for the clusters.
    """
    if isinstance(annotations, list):
        given, wanted = "no folder is set", f"wanted MagnaTagATune's, with {magnatagatune.TABLE}"
        raise HeschlError("select.dir", given, wanted, "Set select: dir:")
    clips = magnatagatune.read(annotations)
    present, tags = clips.present, list(clips.tags)
    if merge_synonyms:
        present, tags = stimulus_selection.merge_synonyms(present, tags, magnatagatune.SYNONYMS)
    rows, left_out = _candidates(clips, present, tags, skip_song_start)
    try:
        chosen = stimulus_selection.select(present[rows], n_clusters, n_passes, medoids)
    except ValueError as error:
        given = f"{len(rows)} clips are left to choose from: {error}"
        raise HeschlError(annotations, given, "no stimuli", "Change the settings of select") from None
    found = _arrays(clips, present, tags, rows, chosen).assign_attrs(left_out, n_candidates=len(rows))
    _write_table(table, found)
    store.write(stimuli, found)


def _candidates(
    clips: magnatagatune.Annotations, present: np.ndarray, tags: list[str], skip_song_start: bool
) -> tuple[np.ndarray, dict[str, int]]:
    """Rows that may be chosen, and how many clips each reason left out; the reasons in the order of their use."""
    reasons = {
        "n_at_song_start": (clips.start_s == 0) if skip_song_start else np.zeros(len(present), bool),
        "n_contradictory": stimulus_selection.contradictory(present, tags),
        "n_without_tags": ~present.any(1) | present.all(1),
    }
    kept, count = np.ones(len(present), bool), {"n_damaged": len(clips.left_out)}
    for name, reason in reasons.items():
        count[name] = int((kept & reason).sum())
        kept &= ~reason
    rows = np.flatnonzero(kept)
    rows = rows[stimulus_selection.one_per_song(clips.song[rows], clips.start_s[rows], present[rows].sum(1))]
    return rows, count | {"n_of_songs_taken": int(kept.sum()) - len(rows)}


def _arrays(
    clips: magnatagatune.Annotations,
    present: np.ndarray,
    tags: list[str],
    rows: np.ndarray,
    chosen: stimulus_selection.Selection,
) -> xr.Dataset:
    """One entry a stimulus, pass by pass."""
    picked = rows[chosen.pick.ravel()]
    number, cluster = (index.ravel() for index in np.indices(chosen.pick.shape))
    correlation = {"long_name": "mean correlation with those taken before"} | ONE
    arrays = {
        "tags": (("stimulus", "tag"), present[picked], ONE),
        "mean_correlation": ("stimulus", chosen.correlation.ravel(), correlation),
        "cluster_size": ("cluster_number", np.bincount(chosen.cluster), {"long_name": "candidates"} | ONE),
    }
    told = {"pass": number + 1, "cluster": cluster, "is_test": number == 0, "clip_id": clips.clip[picked]}
    told |= {"file": np.array(clips.file)[picked], "song": clips.song[picked], "artist": clips.artist[picked]}
    told |= {"part": clips.part[picked], "start_s": clips.start_s[picked]}
    coords = {name: ("stimulus", values) for name, values in told.items()}
    return xr.Dataset(arrays, {"tag": tags} | coords)


def _write_table(path: Path, found: xr.Dataset) -> None:
    """Write a line for each stimulus; tags are separated by commas."""
    lines = [COLUMNS]
    for i, present in enumerate(found["tags"].values):
        role = "test" if found["is_test"].values[i] else "training"
        told = [found[name].values[i] for name in COLUMNS[1:-1]]
        lines.append((role, *told, ", ".join(found["tag"].values[present])))
    with store.atomic(path) as file:
        file.write_text("".join("\t".join(map(str, line)) + "\n" for line in lines), encoding="utf-8")
