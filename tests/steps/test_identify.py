"""Scores of whole stores: the canary at chance, the planted listener above it, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from heschl import store
from heschl.errors import HeschlError
from heschl.steps import identify

GENRES, EACH, WINDOWS, FEATURES = 10, 6, 4, 20
OPTIONS = {"noise_subjects": ["05"], "n_permutations": 200, "n_bootstraps": 1000, "as_published": False, "seed": 3}


def predictions(folder: Path, sub: str, route: str = "roi", signal: float = 0.0, **changes) -> Path:
    """Write a listener who hears `signal` times the target plus noise; runs hold one clip of each genre."""
    clips = [f"g{g}/{t}" for t in range(EACH) for g in range(GENRES)]
    genre, run = [c[:2] for c in clips], [f"task-Test_run-{c[3:]}" for c in clips]
    rng = np.random.default_rng(0)
    target = np.repeat(rng.standard_normal((60, 1, FEATURES)), WINDOWS, 1) * 3 + 5
    target += rng.standard_normal((60, WINDOWS, FEATURES))
    mean, scale = np.full((1, FEATURES), 5.0), np.full((1, FEATURES), 3.0)
    noise = np.random.default_rng([int(sub), len(route)]).standard_normal((60, 1, FEATURES))
    predicted = signal * (target - mean[0]) / scale[0] + noise
    changes = {"clips": clips, "attrs": {}, "fold": [0] * 60, "among": "fold"} | changes
    one = {"units": "1"}
    arrays = {
        "predicted": (("clip", "window", "feature"), predicted.astype("f4"), one),
        "target": (("clip", "window", "feature"), target.astype("f4"), one),
        "candidate_target": (("candidate", "window", "feature"), target.astype("f4"), one),
        "mean": (("fold", "feature"), np.repeat(mean, 2, 0), one),
        "scale": (("fold", "feature"), np.repeat(scale, 2, 0), one),
        "ceiling": ((), 0.9, one),
    }
    coords = {"clip": changes["clips"], "genre": ("clip", genre), "test_run": ("clip", run)}
    coords |= {"fold": ("clip", changes["fold"]), "previous": ("clip", np.roll(clips, 1))}
    coords |= {"candidate": changes["clips"], "candidate_genre": ("candidate", genre)}
    coords["candidate_fold"] = ("candidate", changes["fold"])
    attrs = {"model": "m", "split": "official", "subject": sub, "route": route, "candidates": changes["among"]}
    path = folder / f"sub-{sub}_route-{route}_predictions.zarr"
    store.write(path, xr.Dataset(arrays, coords, attrs | changes["attrs"]))
    return path


def score(folder: Path, paths: list[Path], **options) -> xr.Dataset:
    identify.scores(predictions=paths, scores=folder / "scores.zarr", **(OPTIONS | options))
    return store.read(folder / "scores.zarr").load()


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> xr.Dataset:
    folder = tmp_path_factory.mktemp("scores")
    subs = {"01": 0.6, "02": 0.5, "05": 0.0}
    paths = [predictions(folder, s, r, w / (1 + (r == "voxel"))) for s, w in subs.items() for r in ("roi", "voxel")]
    return score(folder, paths)


def test_what_was_planted_is_found_in_listeners_only(found) -> None:
    planted, noise = found.sel(sub=["01", "02"]), found.sel(sub="05")
    assert (planted["id_acc"].mean("clip") > 0.7).all() and (planted["p"] < 0.01).all()
    assert (found["ci"].sel(bound="low") > 0.6).all() and (found["p_listeners"] < 0.01).all()
    assert (planted["id_acc_windows"] > 0.7).all() and (planted["run_removed"] > 0.65).all()
    assert (noise["p"] > 0.01).all() and found["is_noise"].values.tolist() == [False, False, True]
    assert (noise["ci_sub"].sel(bound="low") < 0.5).all() and (noise["ci_sub"].sel(bound="high") > 0.5).all()
    np.testing.assert_allclose(noise["id_acc"].mean("clip"), 0.5, atol=0.1)
    np.testing.assert_allclose(found["previous"], 0.5, atol=0.12)
    assert float(found["p_pair"][0]) < 0.05 and found["pair"].values.tolist() == ["roi - voxel"]


def test_within_a_genre_the_score_has_its_null_p_and_interval(found) -> None:
    shapes = {name: found[name].dims for name in ("within_null", "within_p", "within_ci", "within_p_listeners")}
    of = ("sub", "route")
    assert shapes == {"within_null": (*of, "permutation"), "within_p": of, "within_ci": ("route", "bound"),
                      "within_p_listeners": ("route",)}  # fmt: skip
    np.testing.assert_allclose(found["within_null"].mean("permutation"), 0.5, atol=0.02)
    assert (found["within_p"].sel(sub=["01", "02"]) < 0.02).all() and (found["within_p"].sel(sub="05") > 0.01).all()
    assert (found["within_p_listeners"] == 1 / 201).all()
    mean = found["within_genre"].sel(sub=["01", "02"]).mean(("sub", "clip"))
    assert (found["within_ci"].sel(bound="low") < mean).all() and (mean < found["within_ci"].sel(bound="high")).all()
    assert (found["within_ci"].sel(bound="low") > 0.5).all()
    planted, noise = found["run_removed_within"].sel(sub=["01", "02"]), found["run_removed_within"].sel(sub="05")
    assert (planted > 0.6).all() and (abs(noise - 0.5) < 0.15).all()


def test_the_previous_clip_has_its_reference(found, tmp_path) -> None:
    np.testing.assert_allclose(found["previous_reference"], 0.5, atol=0.03)
    assert (found["previous_p"] > 0.01).all() and found["previous_p"].dims == ("sub", "route")
    path = predictions(tmp_path, "01", signal=0.5)
    made = store.read(path).load()
    before = np.roll(made["predicted"].values, 1, 0)  # what was before is in the response as well
    carried = tmp_path / "carried.zarr"
    store.write(
        carried, made.assign(predicted=(made["predicted"].dims, made["predicted"].values + before, {"units": "1"}))
    )
    late = score(tmp_path, [carried])
    assert late["previous_p"].item() == 1 / 201 and (late["previous"] > late["previous_reference"] + 0.1).all()


def test_clips_that_are_alone_in_their_genre_have_no_score_within_it(tmp_path) -> None:
    """Folds of one clip a genre: NaN everywhere, and no exception; everything else is scored."""
    folds = [i // GENRES for i in range(60)]
    path = predictions(tmp_path, "01", signal=0.5, fold=folds)
    made = store.read(path).load()
    six = {name: made[name].isel(fold=[0] * 6) for name in ("mean", "scale")}
    many = tmp_path / "many.zarr"
    store.write(many, made.drop_vars(["mean", "scale"]).assign(six))
    alone = score(tmp_path, [many])
    for name in ("within_genre", "within_null", "within_p", "within_ci", "within_p_listeners", "run_removed_within"):
        assert np.isnan(alone[name]).all(), name
    assert np.isfinite(alone["run_removed"]).all() and alone["p"].item() < 0.01


def test_numbers_agree_with_each_other(found) -> None:
    np.testing.assert_allclose(found["n_way"].sel(way=2), found["id_acc"].mean("clip"))
    assert (found["n_way"].diff("way") < 0).all() and (found["top_k"].diff("k") >= 0).all()
    assert (found["top_k_genre"] >= found["top_k"] - 1e-9).all()
    np.testing.assert_allclose(found["confusion"].sum("predicted_genre"), EACH)
    np.testing.assert_allclose(found["null"].mean("permutation"), 0.5, atol=0.02)
    assert found["similarity"].dims == ("sub", "route", "clip", "candidate") and found.attrs["n_candidates"] == 60
    assert found["clip"].values.tolist() == sorted(found["clip"].values) and found["genre"].values[7] == "g1"


def test_similarity_is_pearson_of_window_means_in_training_units(found, tmp_path) -> None:
    made = store.read(predictions(tmp_path, "01", "roi", 0.6)).load()
    first = made["predicted"].sel(clip="g3/2").mean("window").values
    other = (made["candidate_target"].sel(candidate="g7/1").mean("window").values - 5) / 3
    expected = stats.pearsonr(first, other).statistic
    one = found["similarity"].sel(sub="01", route="roi", clip="g3/2", candidate="g7/1")
    np.testing.assert_allclose(one, expected, rtol=1e-4)


def test_baselines(found) -> None:
    mean_vector, random, oracle = found["baseline"].sel(name=["mean_vector", "random", "genre_oracle"]).values
    assert mean_vector == 0.5 and abs(random - 0.5) < 4 * 0.038 / 10
    np.testing.assert_allclose(oracle, (54 + 2.5) / 59)


def test_defect_7_adds_one_in_59(tmp_path) -> None:
    paths = [predictions(tmp_path, "01", signal=0.5)]
    strict, loose = (score(tmp_path, paths, as_published=flag) for flag in (False, True))
    np.testing.assert_allclose(loose["id_acc"], strict["id_acc"] + 1 / 59)
    np.testing.assert_allclose(loose["null"], strict["null"] + 1 / 59)
    np.testing.assert_allclose(loose["p"], strict["p"])
    assert strict.sizes["route"] == 1 and strict.sizes.get("pair") == 0


def test_a_clip_that_stands_twice_is_refused_unless_as_published(tmp_path) -> None:
    clips = [f"g{g}/{t}" for t in range(EACH) for g in range(GENRES)]
    clips[10] = "g0/0"
    path = predictions(tmp_path, "01", clips=clips)
    with pytest.raises(HeschlError, match="g0/0 first"):
        score(tmp_path, [path])
    assert "g0/0 (2)" in score(tmp_path, [path], as_published=True)["candidate"].values


def test_folds_have_their_own_candidates(tmp_path) -> None:
    folds = score(tmp_path, [predictions(tmp_path, "01", signal=0.5, fold=[0] * 30 + [1] * 30)])
    assert folds.attrs["n_candidates"] == 30
    assert np.isfinite(folds["similarity"].values).sum() == 2 * 30 * 30
    assert np.isnan(folds["n_way"].sel(way=50)).all()
    everyone = score(tmp_path, [predictions(tmp_path, "01", fold=[0] * 30 + [1] * 30, among="test")])
    assert everyone.attrs["n_candidates"] == 60 and np.isfinite(everyone["similarity"].values).all()


def test_tables_are_whole(tmp_path) -> None:
    with pytest.raises(HeschlError, match="sub-02 has 0 stores of route voxel"):
        score(tmp_path, [predictions(tmp_path, s, r) for s, r in (("01", "roi"), ("01", "voxel"), ("02", "roi"))])
    other = predictions(tmp_path, "02", attrs={"model": "other"})
    with pytest.raises(HeschlError, match="model m and other"):
        score(tmp_path, [predictions(tmp_path, "01"), other])


def test_noise_listeners_alone_have_no_mean(tmp_path) -> None:
    found = score(tmp_path, [predictions(tmp_path, "05")])
    for name in ("ci", "p_listeners", "within_ci", "within_p_listeners"):
        assert np.isnan(found[name]).all()
    assert np.isfinite(found["within_p"]).all()


def test_same_inputs_same_bytes(tmp_path) -> None:
    paths = [predictions(tmp_path, "01", signal=0.3)]
    first = [score(tmp_path, paths) and (tmp_path / "scores.zarr" / store.MANIFEST).read_text() for _ in range(2)]
    assert first[0] == first[1]
