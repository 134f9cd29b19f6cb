"""What the listeners for decoding hear, in ds003720's own format, and what their voxels follow."""

import re

import numpy as np
import pytest
from scipy.signal import fftconvolve
from scipy.spatial import cKDTree

from heschl.datasets import events as events_tsv
from heschl.datasets import mini_styles
from heschl.datasets import simulated_decoding as decoding
from heschl.datasets import simulated_fmri as fmri
from heschl.errors import HeschlError
from heschl.science import hrf, scanner

DEMO = {"n_training_runs": 2, "n_test_runs": 2, "test_per_style": 2, "n_repeats": 4, "seed": 0}
CLIP_S, N_LATENTS = 15.0, 4
DESIGN = fmri.Design(trial_s=CLIP_S, lead_in_s=0.0, tail_s=0.0, voxel_mm=6.0, effect_percent=20.0, motion_mm=0.0)
RUNS = [np.r_[7, np.arange(8)], np.r_[9, np.tile([8, 9], 4)]]


@pytest.fixture(scope="module")
def corpus():
    """Style, track and artist of each clip of the embedded corpus, and the clips' names."""
    folder = mini_styles.Path(__file__).parents[2] / "data" / "mini-styles-16k"
    rows = mini_styles._manifest(folder)
    labels = [[row[key] for row in rows] for key in ("style", "track", "artist")]
    return labels, [row["file"].removesuffix(".ogg") for row in rows]


@pytest.fixture(scope="module")
def courses():
    rng = np.random.default_rng(0)
    embeddings = [rng.standard_normal((10, 5, 12)) + rng.standard_normal((10, 1, 12)) for _ in range(3)]
    return [decoding.latents(e, np.arange(5) * 3 + 1.5, N_LATENTS, CLIP_S)[0] for e in embeddings]


@pytest.fixture(scope="module")
def make(courses):
    made = {}

    def one(sub, mixing, is_noise=False):
        if (sub, mixing, is_noise) not in made:
            keys = {"mixing": mixing, "head_seed": 0, "is_noise": is_noise}
            made[sub, mixing, is_noise] = decoding.listener(sub, DESIGN, courses, RUNS, **keys)
        return made[sub, mixing, is_noise]

    return one


def rows_of(path):
    """Return genre and track of each row of a real table, by hand."""
    cells = [line.split("\t") for line in path.read_bytes().decode().split("\r\n")[1:]]
    return [c[2].strip("'") for c in cells], [c[3] for c in cells]


@pytest.mark.parametrize(("run", "unquoted"), [("Training_run-04", 3), ("Training_run-01", 0), ("Test_run-03", 0)])
def test_events_are_ds003720s_byte_by_byte(real_data, run, unquoted):
    path = real_data / f"ds003720-meta/sub-001/func/sub-001_task-{run}_events.tsv"
    genre, track = rows_of(path)
    ours = decoding.events([f"{g}/{t}" for g, t in zip(genre, track, strict=True)], genre, 15.0, unquoted, "none")
    theirs = re.sub(rb"\t[\d.]+\t[\d.]+(\r\n|$)", rb"\t0\t15\1", path.read_bytes())  # our excerpts are whole files
    assert ours == theirs and ours.count(b"\r\n") == 41 and not ours.endswith(b"\n")


def check_dummies(training, test):
    for before, run in zip([training[-1], *training[:-1]], training, strict=True):
        assert run[0] == before[-1]
    assert all(run[0] == run[-1] for run in test)
    assert all(run[1:] == run[1 : 1 + (len(run) - 1) // 4] * 4 for run in test)
    heard = [clip for run in training for clip in run[1:]]
    assert len(heard) == len(set(heard)) and not set(heard) & {clip for run in test for clip in run}


def test_dummies_and_repeats_are_where_ds003720_has_them(real_data, corpus):
    folder = real_data / "ds003720-meta/sub-001/func"
    real = {
        task: [list(zip(*rows_of(p), strict=True)) for p in sorted(folder.glob(f"*task-{task}_*_events.tsv"))]
        for task in ("Training", "Test")
    }
    check_dummies(real["Training"], real["Test"])
    runs = [run.tolist() for run in decoding.programme(*corpus[0], **DEMO).runs]
    check_dummies(runs[:2], runs[2:])
    assert [len(run) for run in runs] == [33, 33, 33, 33]


@pytest.mark.parametrize("seed", range(5))
def test_no_test_clip_shares_its_track_with_training(corpus, seed):
    (style, track, artist), clips = corpus
    plan = decoding.programme(style, track, artist, **DEMO | {"seed": seed})
    assert sorted([*plan.test, *plan.training]) == list(range(80)) and len(plan.test) == 16
    names = [{label[i] for i in rows} for label in (track, artist) for rows in (plan.test, plan.training)]
    assert not names[0] & names[1]
    calm = {artist[i] for i in plan.test if style[i] == "downtempo"}
    assert not calm & names[3] and len(calm) == 1  # the style with two artists of two clips each
    assert all(sorted(style[i] for i in run[1:9]) == sorted(set(style)) for run in plan.runs[2:])


def test_another_seed_is_another_programme_and_the_same_seed_the_same(corpus):
    one, same, other = (decoding.programme(*corpus[0], **DEMO | {"seed": s}) for s in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(one.runs, same.runs, strict=True))
    assert not np.array_equal(one.training, other.training) and set(one.test) != set(other.test)


def test_a_track_credited_to_two_artists_stays_whole():
    numbers = {"n_training_runs": 1, "n_test_runs": 1, "test_per_style": 1, "n_repeats": 1}
    for seed in range(8):
        plan = decoding.programme(["s"] * 3, ["x", "x", "y"], ["1", "2", "3"], seed=seed, **numbers)
        assert plan.test.tolist() == [2]


def test_whole_artists_are_held_out_where_they_add_up():
    track = ["a", "b", "b", "c", "d", "e", "f"]
    artist = ["1", "2", "2", "3", "3", "4", "4"]
    numbers = {"n_training_runs": 1, "n_test_runs": 2, "test_per_style": 2, "n_repeats": 1, "seed": 0}
    plan = decoding.programme(["s"] * 7, track, artist, **numbers)
    assert not {artist[i] for i in plan.test} & {artist[i] for i in plan.training}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"test_per_style": 3}, "test_per_style: 3 given; wanted 2 .n_test_runs"),
        ({"n_repeats": 0}, "n_repeats: 0 given; wanted at least 1"),
        ({"n_training_runs": 0}, "n_training_runs: 0 given; wanted at least 1"),
        ({"n_training_runs": 65}, "n_training_runs: 65 given; wanted 64 clips are left"),
        ({"test_per_style": 10, "n_test_runs": 10}, "test_per_style: 10 given"),
        ({"test_per_style": 1, "n_test_runs": 1}, "test_per_style: 1 given; wanted the sum of some tracks' clips"),
    ],
)
def test_numbers_that_do_not_fit_are_refused_in_one_line(corpus, wrong, message):
    with pytest.raises(HeschlError, match=message) as caught:
        decoding.programme(*corpus[0], **DEMO | wrong)
    assert "\n" not in str(caught.value)


def test_a_track_in_two_styles_and_unnameable_clips_are_refused():
    numbers = {"n_training_runs": 1, "n_test_runs": 1, "test_per_style": 1, "n_repeats": 1, "seed": 0}
    with pytest.raises(HeschlError, match="track 'x' is in two styles"):
        for seed in range(8):  # whichever clips are chosen: x is heard in both in some
            decoding.programme(["a", "a", "b", "b"], ["x", "y", "x", "z"], ["1"] * 4, **numbers | {"seed": seed})
    with pytest.raises(HeschlError, match="clip 'x': can't be named"):
        decoding.events(["x"], ["rock"], 15.0, 0, "")


def test_our_own_reader_finds_the_clips_names(corpus, tmp_path):
    (style, _, _), clips = corpus
    table = decoding.events(clips, style, 15.0, 3, clips[4])
    (tmp_path / "events.tsv").write_bytes(table)
    assert [e.clip for e in events_tsv.read(tmp_path / "events.tsv", "track", 80 * 15.0)] == clips
    lines = table.decode().split("\r\n")[1:]
    assert [k for k, line in enumerate(lines) if "\t14.99" in line] == [4] and lines[4].split("\t")[1] == "15"
    assert [k for k, line in enumerate(lines) if line.count("'") == 1] == [77, 78, 79]


def by_hand(course):
    """Convolve latents (k, clip, bin) on a clock ten times as fine; times and values of the response."""
    fine_s = decoding.STEP_S / 10
    kernel = hrf.double_gamma(np.arange(0, 32, fine_s))
    return fftconvolve(np.repeat(course, 10, -1), kernel[None, None] / kernel.sum(), axes=-1), fine_s


def test_tuning_is_recovered_by_regression_on_the_clean_signal(make, courses):
    who, tuning = make("01", 1.0)
    bold = fmri.scan(who, DESIGN, "01", decoding.FIRST_RUN, RUNS[0]).bold
    clock, found, others = np.arange(len(bold)) * DESIGN.tr_s, [], []
    responses = [by_hand(course) for course in courses]
    for v, (i, j, k) in enumerate(who.ijk - fmri.PAD):
        if not all(0 <= n < size for n, size in zip((i, j, k), who.shape, strict=True)):
            continue
        time = clock + scanner.slice_times(who.shape[2], DESIGN.tr_s)[k]
        response, fine_s = responses[who.layer[v] - 1]
        design = np.zeros((len(clock), N_LATENTS))
        for trial, clip in enumerate(RUNS[0]):
            axis = np.arange(response.shape[-1]) * fine_s
            design += np.stack([np.interp(time - trial * CLIP_S, axis, r[clip], 0, 0) for r in response], 1)
        series = bold[:, i, j, k] - bold[:, i, j, k].mean()
        beta = np.linalg.lstsq(design - design.mean(0), series, rcond=None)[0]
        found.append(cosine(beta, tuning.weight[v]))
        others.append(cosine(beta, np.roll(tuning.weight, 1, 0)[v]))
    assert len(found) > 80 and np.median(found) > 0.97 and np.median(np.abs(others)) < 0.6


def cosine(a, b):
    return a @ b / np.linalg.norm(a) / np.linalg.norm(b)


def test_response_sd_is_the_effect(make):
    who, tuning = make("01", 0.5)
    assert np.allclose(np.sqrt((tuning.sd**2).mean(1)), 20.0, rtol=1e-4) and np.all(who.effect == 20.0)
    run = fmri.scan(who, DESIGN, "01", decoding.FIRST_RUN, RUNS[0])
    inside = [v for v, x in enumerate(who.ijk - fmri.PAD) if np.all((x >= 0) & (x < who.shape))]
    series = np.stack([run.bold[(slice(None), *(who.ijk[v] - fmri.PAD))] for v in inside]).astype(float)
    assert np.median(100 * series.std(1) / series.mean(1) / tuning.sd[inside, 0]) == pytest.approx(1, abs=0.1)


def neighbours(one, two, within_mm):
    """Pair the planted voxels of two heads that lie at the same MNI position, in the same region."""
    distance, nearest = cKDTree(two.mni).query(one.mni)
    pairs = np.flatnonzero((distance < within_mm) & (one.layer == two.layer[nearest]))
    return pairs, nearest[pairs]


def test_mixing_decides_whether_a_place_tells_the_tuning(make):
    for mixing, low, high in ((0.0, 0.9, 1.0), (1.0, -0.2, 0.2)):
        (one, tuned), (two, other) = make("01", mixing), make("02", mixing)
        a, b = neighbours(one, two, 4.0)
        assert len(a) > 30 and low < (tuned.weight[a] * other.weight[b]).sum(1).mean() < high
    assert tuned.weight.shape == (len(one.ijk), N_LATENTS) and set(one.layer) == {1, 2, 3}


@pytest.mark.parametrize("mixing", [0.0, 1.0])
def test_listeners_span_the_same_latents_whatever_the_mixing(make, mixing):
    (one, _), (two, _) = make("01", mixing), make("02", mixing)
    for region in (1, 2, 3):
        a, b = (w.response[w.layer == region].reshape((w.layer == region).sum(), -1).T for w in (one, two))
        assert np.linalg.matrix_rank(a, tol=1e-3 * np.linalg.norm(a, 2)) == N_LATENTS
        residual = b - a @ np.linalg.lstsq(a.astype(float), b, rcond=1e-6)[0]
        assert np.linalg.norm(residual) < 1e-3 * np.linalg.norm(b)


def test_the_head_is_that_of_the_other_simulation(make):
    layers = [np.random.default_rng(k).standard_normal((4, 8, 2)) for k in range(3)]
    other = fmri.listener("01", DESIGN, layers, 0.25, False)
    who, _ = make("01", 0.5)
    assert np.array_equal(who.affine, other.affine) and np.array_equal(who.ijk, other.ijk)
    assert np.array_equal(who.anatomy.affine, other.anatomy.affine) and np.array_equal(who.layer, other.layer)


def test_the_canary_hears_nothing(make, courses):
    """Its scan doesn't depend on the latents at all, bit by bit."""
    canary, tuning = make("01", 0.5, True)
    silent = decoding.listener("01", DESIGN, [-3 * c for c in courses], RUNS, mixing=0.0, head_seed=0, is_noise=True)[0]
    assert len(canary.ijk) == 0 and tuning.weight.shape == (0, N_LATENTS) and canary.response.size == 0
    short = RUNS[0][:3]
    one, two = (fmri.scan(w, DESIGN, "01", decoding.FIRST_RUN, short).bold for w in (canary, silent))
    heard = fmri.scan(make("01", 0.5)[0], DESIGN, "01", decoding.FIRST_RUN, short).bold
    assert np.array_equal(one, two) and not np.array_equal(one, heard)


def test_a_driver_with_fewer_latents_leaves_the_others_alone(courses):
    short = [courses[0], courses[1][:2], courses[2]]
    who, tuning = decoding.listener("01", DESIGN, short, RUNS, mixing=0.5, head_seed=0, is_noise=False)
    assert not tuning.weight[who.layer == 2, 2:].any() and tuning.weight[who.layer != 2, 2:].all()
    assert np.allclose(np.linalg.norm(tuning.weight, axis=1), 1)
