"""Simulated listeners for decoding: what is played in the runs of ds003720, and what their voxels follow.

The heads are those of `simulated_fmri` with the same seed and label; docs/simulated_decoding.md has the whole story.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from heschl.datasets import simulated_fmri as fmri
from heschl.datasets.simulated_head import GREY
from heschl.errors import HeschlError
from heschl.science import hrf, planting
from heschl.science.simulation import planted_layer

STEP_S = 0.25  # of the responses; the haemodynamic response is smooth on this scale
LENGTH_MM = 25.0  # over which shared tuning changes
FIRST_RUN = 1000  # random streams of these runs: beyond those of simulate_subject
UNQUOTED_ROWS = 3  # of training run 1, as Training run-04, rows 39 to 41, of ds003720
SHORT_S = 0.01  # one excerpt ends too early, as two of ds003720 do (24.58 for 24.59)
EVENT_COLUMNS = {
    "genre": {"LongName": "Genre", "Description": "Style of the clip, in single quotes; some lack the opening one"},
    "track": {"LongName": "Track", "Description": "Name of the clip within its genre"},
    "start": {"LongName": "Start", "Description": "Where in the clip's file the excerpt starts", "Units": "s"},
    "end": {"LongName": "End", "Description": "Where in the clip's file the excerpt ends", "Units": "s"},
}
TRAINING = "Each training clip is heard once. Event 0 of a run is a dummy: the last clip of the run before it."
TEST = "Each run repeats one clip per genre in the same order. Event 0 is a dummy: the run's own last clip."


@dataclass(frozen=True)
class Programme:
    """What everyone hears.

    test, training : clip rows (n,), of the test clips by run, and of the training clips in the order played
    runs : per run, training first, the clip rows in the order played, the dummy in front
    """

    test: np.ndarray
    training: np.ndarray
    runs: list[np.ndarray]


@dataclass(frozen=True)
class Tuning:
    """What the planted voxels of one listener follow.

    weight : (n_voxels, n_latents), unit rows, 0 beyond the latents that the voxel's driver has
    sd : (n_voxels, n_runs), percent: standard deviation of the noise-free response in each run
    """

    weight: np.ndarray
    sd: np.ndarray


def programme(
    style: Sequence[str],
    track: Sequence[str],
    artist: Sequence[str],
    *,
    n_training_runs: int,
    n_test_runs: int,
    test_per_style: int,
    n_repeats: int,
    seed: int,
) -> Programme:
    """Choose the test clips and put everything in order; style, track and artist (n_clips,) are those of each clip.

    No test clip shares its track with a training clip, and no artist is heard in both where whole artists of a
    style add up to the wanted number of clips; else artists with few clips go to the test set first.

    Raises
    ------
    HeschlError
        If the numbers don't fit each other or the clips.
    """
    _refuse(n_repeats < 1, "n_repeats", n_repeats, "at least 1")
    _refuse(n_training_runs < 1, "n_training_runs", n_training_runs, "at least 1")
    wanted = f"{n_test_runs} (n_test_runs): each test run plays one clip per style"
    _refuse(n_test_runs < 1 or test_per_style != n_test_runs, "test_per_style", test_per_style, wanted)
    rng = np.random.default_rng([seed, 102])
    style = np.asarray(style)
    chosen = [_held_out(np.flatnonzero(style == s), track, artist, test_per_style, rng) for s in sorted(set(style))]
    test = [rng.permutation(row) for row in np.stack([rng.permutation(c) for c in chosen], 1)]
    training = rng.permutation(np.setdiff1d(np.arange(len(style)), np.concatenate(test)))
    _refuse(len(training) < n_training_runs, "n_training_runs", n_training_runs, f"{len(training)} clips are left")
    _check_tracks(track, test, training)
    blocks = np.array_split(training, n_training_runs)
    runs = [np.r_[blocks[k - 1][-1], block] for k, block in enumerate(blocks)]  # run 1 takes from the last one
    runs += [np.r_[row[-1], np.tile(row, n_repeats)] for row in test]
    return Programme(np.concatenate(test), training, runs)


def _held_out(rows: np.ndarray, track, artist, n: int, rng: np.random.Generator) -> np.ndarray:
    """Choose n clips of one style: whole artists if some add up to n, else whole tracks, by artists with few clips."""
    by = {track[i]: artist[i] for i in rows}  # one artist per track, so that whole artists are whole tracks
    fame, size = Counter(by[track[i]] for i in rows), Counter(track[i] for i in rows)
    luck = dict(zip(sorted(fame), rng.random(len(fame)), strict=True))
    chance = dict(zip(sorted(size), rng.random(len(size)), strict=True))
    if artists := _fill(n, sorted(fame, key=lambda a: (fame[a], luck[a], a)), fame):
        return np.array([i for i in rows if by[track[i]] in artists])
    order = sorted(size, key=lambda t: (fame[by[t]], luck[by[t]], size[t], chance[t], t))
    tracks = _fill(n, order, size)
    _refuse(not tracks, "test_per_style", n, f"the sum of some tracks' clips, {sorted(size.values())}, but not all")
    return np.array([i for i in rows if track[i] in tracks])


def _fill(total: int, order: list[str], size: dict[str, int]) -> set[str]:
    """Return the first names in order whose sizes add up to the total, leaving one at least; empty if none do."""
    reach = [{0}]  # the sums that the names from the k-th on can make, built from behind
    for name in reversed(order):
        reach.append(reach[-1] | {s + size[name] for s in reach[-1] if s + size[name] <= total})
    if total not in reach[-1] or total >= sum(size.values()):
        return set()
    chosen = set()
    for name, rest in zip(order, reversed(reach[:-1]), strict=True):
        if total - size[name] in rest:
            chosen.add(name)
            total -= size[name]
    return chosen


def _check_tracks(track: Sequence[str], test: list[np.ndarray], training: np.ndarray) -> None:
    both = {track[i] for i in np.concatenate(test)} & {track[i] for i in training}
    if both:
        given = f"track {min(both)!r} is in two styles"
        raise HeschlError("simulated decoding", given, "wanted one style per track", "Correct the manifest")


def events(clips: Sequence[str], styles: Sequence[str], clip_s: float, unquoted: int, short: str) -> bytes:
    r"""Return events.tsv as ds003720 writes it: CRLF between lines, none after the last, genres in single quotes.

    Parameters
    ----------
    clips, styles : (n_events,) in the order played, one every `clip_s`; clips are named "style/track"
    unquoted : how many rows at the end lack the opening quote
    short : the clip whose excerpt ends 0.01 s early
    """
    lines = ["onset\tduration\tgenre\ttrack\tstart\tend"]
    for k, (clip, style) in enumerate(zip(clips, styles, strict=True)):
        quote = "" if k >= len(clips) - unquoted else "'"
        end_s = clip_s - SHORT_S * (clip == short)
        lines.append(f"{k * clip_s:g}\t{clip_s:g}\t{quote}{style}'\t{_track(clip, style)}\t0\t{end_s:g}")
    return "\r\n".join(lines).encode()


def _track(clip: str, style: str) -> str:
    name = clip.removeprefix(f"{style}/")
    if name == clip or name != name.strip(" '\"") or not name or "\t" in clip:
        raise HeschlError(f"clip {clip!r}", "can't be named in events.tsv", f"wanted {style}/name", "Rename it")
    return name


def latents(
    embedding: np.ndarray, centre_s: np.ndarray, n_latents: int, clip_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """Turn an embedding (n_clips, n_windows, n_features) into white latents.

    Returns time courses (k, n_clips, n_bins) in bins of STEP_S, k <= n_latents, and loadings (n_features, k).
    """
    scores, loading = planting.principal_latents(embedding, n_latents)
    n_bins = max(1, round(clip_s / STEP_S))
    return planting.whiten(planting.time_courses(scores, centre_s, n_bins, STEP_S)), loading


def listener(
    sub: str,
    design: fmri.Design,
    courses: list[np.ndarray],
    runs: list[np.ndarray],
    *,
    mixing: float,
    head_seed: int,
    is_noise: bool,
) -> tuple[fmri.Listener, Tuning]:
    """Take a head of `simulate_subject` and let its superior temporal gyri follow the latents.

    Parameters
    ----------
    courses : per driver, front to back, latents (k, n_clips, n_bins) from `latents`
    runs : what is played, from `programme`; the response is scaled by it
    head_seed : the seed that made the head; `design.seed` draws the tuning
    """
    anatomy, shape, affine, mni, tissue, csf, grey = fmri.head(sub, head_seed, design.voxel_mm)
    region = np.where(grey >= GREY, planted_layer(mni, "monotone", len(courses)), 0)
    ijk = np.argwhere((region > 0) & (not is_noise))
    region, mni = region[tuple(ijk.T)], mni[tuple(ijk.T)]
    weight = _weights(sub, design.seed, mni, region, [len(c) for c in courses], mixing)
    response, sd = _responses(design, courses, runs, region, weight)
    effect = np.full(len(ijk), design.effect_percent)
    unit = np.zeros(len(ijk), int)
    who = fmri.Listener(anatomy, shape, affine, tissue, csf, ijk, mni, region, unit, effect, response, STEP_S)
    return who, Tuning(weight, sd * design.effect_percent)


def _weights(sub: str, seed: int, mni: np.ndarray, region: np.ndarray, sizes: list[int], mixing: float) -> np.ndarray:
    """Draw how voxels weigh the latents of their driver: partly as everyone's do there, partly as only theirs do."""
    weight = np.zeros((len(region), max(sizes)))
    own = fmri.stream(seed, sub, "units", FIRST_RUN).standard_normal(weight.shape)
    for k, size in enumerate(sizes):
        here = region == k + 1
        shared = planting.smooth_weights(mni[here], size, LENGTH_MM, np.random.default_rng([seed, 101, k]))
        weight[here, :size] = planting.mix_weights(shared, own[here, :size], mixing)
    return weight


def _responses(design, courses, runs, region, weight) -> tuple[np.ndarray, np.ndarray]:
    """Return responses (n_voxels, n_clips, n_steps) scaled to an SD of 1 over a run, and the SD in each run.

    The runs' SDs differ a little, since their clips do: 1 is their root mean square.
    """
    curves = [hrf.convolve(c, STEP_S).astype(np.float32) for c in courses]
    response = np.zeros((len(region), *curves[0].shape[1:]), np.float32)
    for k, curve in enumerate(curves):
        here = region == k + 1
        response[here] = np.einsum("vk,kcs->vcs", weight[here, : len(curve)].astype(np.float32), curve)
    sd = np.stack([_run_sd(design, response, clips) for clips in runs], 1)
    scale = np.sqrt((sd**2).mean(1))
    return response / scale[:, None, None].astype(np.float32), sd / scale[:, None]


def _run_sd(design: fmri.Design, response: np.ndarray, clips: np.ndarray) -> np.ndarray:
    middle_s = (np.arange(design.n_volumes(len(clips))) + 0.5) * design.tr_s
    return hrf.superpose(response, STEP_S, clips, design.onsets_s(len(clips)), middle_s).std(1)


def _refuse(wrong: bool, where: str, given: object, wanted: str) -> None:
    if wrong:
        raise HeschlError(f"simulated decoding, {where}", f"{given} given", f"wanted {wanted}", "Change the setting")
