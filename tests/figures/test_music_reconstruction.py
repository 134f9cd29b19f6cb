"""Figures of music_reconstruction, from made-up predictions that the workflow's own step has scored."""

from io import StringIO
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import (
    alignment_curves,
    decoded_regions,
    embedding_map,
    genre_confusion,
    identification_table,
    participants,
    published,
    published_page,
    similarity_matrix,
    style,
    threshold_curve,
    time_curve,
    top_k,
)
from heschl.steps import identify

from .conftest import space, write

METHODS = ["anatomical", "ridge", "procrustes", "srm", "ot"]
PARCELS = [f"ctx_{h}_{n}" for h in ("lh", "rh") for n in ("G_temp_sup-G_T_transv", "S_temporal_sup", "G_temp_sup-Lat")]


@pytest.fixture
def draw_once(tmp_path):
    """Draw a figure; return its table."""

    def run(draw, **given):
        out = {"png": tmp_path / "f.png", "pdf": tmp_path / "f.pdf", "table": tmp_path / "f.tsv"}
        draw(**given, **out)
        assert out["png"].stat().st_size > 5_000
        assert out["pdf"].read_bytes().startswith(b"%PDF")
        return pd.read_csv(out["table"], sep="\t", na_values="n/a")

    return run


@pytest.fixture
def numbers(tmp_path, monkeypatch):
    """Give a figure's table without the cost of its PNG and PDF."""

    def run(draw, **given):
        with monkeypatch.context() as patch:
            patch.setattr(style, "save", lambda _, found, **paths: tables.append(found))
            tables = []
            draw(**given, **{n: tmp_path / n for n in ("png", "pdf", "table")})
        text = pd.DataFrame(tables[0]).to_csv(sep="\t", index=False, na_rep="n/a")
        return pd.read_csv(StringIO(text), sep="\t", na_values="n/a")

    return run


def predictions(folder, grid, sub, route, strength, n_genres=4, n_each=2, n_features=24, seed=0):
    """One store of decode: predictions that hold the clip, its genre and noise."""
    world, own = np.random.default_rng(seed), np.random.default_rng([int(sub), len(route)])
    genres = np.repeat([f"genre_{g}" for g in range(n_genres)], n_each)
    clips = [f"{g}/track_{k}" for k, g in enumerate(genres)]
    target = np.repeat(world.normal(size=(n_genres, 1, n_features)), n_each, 0)
    target = target + world.normal(size=(len(clips), 1, n_features))
    said = strength * target + own.normal(size=target.shape)
    rank = own.permutation(len(grid.ijk))
    arrays = {
        "predicted": (("clip", "window", "feature"), said),
        "target": (("clip", "window", "feature"), target),
        "candidate_target": (("candidate", "window", "feature"), target),
        "mean": (("fold", "feature"), np.zeros((1, n_features))),
        "scale": (("fold", "feature"), np.ones((1, n_features))),
        "r": ("feature", np.full(n_features, 0.2 * strength)),
        "ceiling": ((), 0.95),
        "chosen": (("fold", "voxel"), (rank < 60)[None].astype(np.int8)),
        "n_voxels": ("fold", np.array([60])),
    }
    previous = [clips[k - 1] for k in range(len(clips))]
    coords = {
        "clip": clips,
        "genre": ("clip", genres),
        "clip_fold": ("clip", np.zeros(len(clips), int)),
        "test_run": ("clip", [f"run-{k % n_each}" for k in range(len(clips))]),
        "previous": ("clip", previous),
        "candidate": clips,
        "candidate_genre": ("candidate", genres),
        "candidate_fold": ("candidate", np.zeros(len(clips), int)),
    }
    rois = [sorted(own.permutation(PARCELS)[:3].tolist()) if route == "roi" else []]
    attrs = {"model": "musicnn", "subject": sub, "route": route, "split": "official", "candidates": "fold"}
    attrs |= {"rois": rois, "grid_shape": grid.shape}
    path = folder / f"sub-{sub}_model-musicnn_route-{route}_predictions.zarr"
    return write(path, attrs, coords, **arrays, **space(grid))


def aligned(folder, sub, clips, gain, noise, mode="corrected", ks=(8, 16, 32)):
    """One store of align: every method better than anatomical by `gain` at the largest k."""
    rng = np.random.default_rng([int(sub), 7])
    level = 0.5 + (0 if noise else 0.2) + np.zeros((len(METHODS), len(ks)))
    if not noise:
        level[1:] += gain * np.linspace(0.4, 1, len(ks))
    values = np.clip(level[..., None] + rng.normal(0, 0.1, (len(METHODS), len(ks), len(clips))), 0, 1)
    arrays = {
        "id_acc_clip": (("method", "k", "clip"), values),
        "id_acc": (("method", "k"), values.mean(2)),
        "within": ((), 0.5 if noise else 0.93),
    }
    coords = {"method": METHODS, "k": list(ks), "clip": clips}
    attrs = {"mode": mode, "subject": sub, "model": "musicnn"}
    return write(folder / f"sub-{sub}_model-musicnn_aligned.zarr", attrs, coords, **arrays)


def sweeps(folder, sub, noise):
    rng, threshold = np.random.default_rng([int(sub), 9]), np.array([0.01, 0.05, 0.1, 0.2])
    lag_s = 1.5 * np.arange(13)
    rise = 0.0 if noise else 0.35
    arrays = {
        "id_acc_time": ("lag", 0.5 + rise * np.exp(-(((lag_s - 10) / 6) ** 2)) + rng.normal(0, 0.03, 13)),
        "id_acc_threshold": ("threshold", 0.5 + rise * np.array([0.7, 1, 0.9, 0.6]) + rng.normal(0, 0.02, 4)),
        "n_voxels": ("threshold", np.array([3000, 900, 250, 40])),
        "r_threshold_cv": ("threshold", (0 if noise else 0.2) * np.array([0.7, 1, 0.9, 0.5])),
        "chosen": ((), 0.05),
    }
    coords = {"lag_s": ("lag", lag_s, {"units": "s"}), "threshold": threshold}
    attrs = {"subject": sub, "model": "musicnn", "lag_tr": 3, "regress_previous": True}
    return write(folder / f"sub-{sub}_sweeps.zarr", attrs, coords, **arrays)


def encoding(folder, grid, stg, sub, noise):
    rng = np.random.default_rng([int(sub), 11])
    r_cv = rng.normal(0, 0.03, len(grid.ijk)) + (0 if noise else 0.3) * stg
    attrs = {"subject": sub, "model": "musicnn", "grid_shape": grid.shape}
    return write(folder / f"sub-{sub}_model-musicnn_encoding.zarr", attrs, r_cv=("voxel", r_cv), **space(grid))


def splits(folder, clips):
    names = ["official", "fault_filtered", "artist_grouped_kfold", "leave_genre_out"]
    kinds = ["track", "artist", "title", "fingerprint", "embedding", "fault"]
    role = np.zeros((4, 1, len(clips)), np.int8)
    role[0] = 2
    arrays = {"role": (("split", "fold", "clip"), role), "overlap": (("split", "kind"), np.arange(24).reshape(4, 6))}
    arrays["n_known"] = (("split", "kind"), np.where(np.arange(6) == 2, 0, np.full((4, 6), len(clips))))
    return write(folder / "splits.zarr", {}, {"split": names, "kind": kinds, "clip": clips}, **arrays)


def make(folder, grid, stg, strengths, noise=(), routes=("roi", "voxel"), **size):
    """All stores of some listeners, scored by identify.scores."""
    told = [predictions(folder, grid, s, r, k, **size) for s, k in strengths.items() for r in routes]
    scores = folder / "model-musicnn_split-official_scores.zarr"
    draws = {"n_permutations": 20, "n_bootstraps": 1000, "as_published": False, "seed": 0}
    identify.scores(predictions=told, scores=scores, noise_subjects=list(noise), **draws)
    clips = store.read(scores)["clip"].values.astype(str).tolist()
    return SimpleNamespace(
        noise=list(noise),
        predictions=told,
        scores=scores,
        aligned=[aligned(folder, s, clips, 0.1, s in noise) for s in strengths],
        sweeps=[sweeps(folder, s, s in noise) for s in strengths],
        encoding=[encoding(folder, grid, stg, s, s in noise) for s in strengths],
        splits=splits(folder, clips),
    )


@pytest.fixture(scope="module")
def world(tmp_path_factory, grid, stg):
    return make(tmp_path_factory.mktemp("world"), grid, stg, {"01": 0.8, "02": 0.6, "05": 0.0}, ["05"])


@pytest.fixture(scope="module")
def alone(tmp_path_factory, grid, stg):
    """One listener, one route, no noise."""
    return make(tmp_path_factory.mktemp("alone"), grid, stg, {"07": 0.5}, routes=("voxel",), n_genres=3)


def test_similarity_is_the_listeners_mean(numbers, world):
    found = numbers(similarity_matrix.draw, scores=world.scores, route="voxel")
    wanted = store.read(world.scores).load().sel(route="voxel")
    one = found[found["cell"] == "clip"].set_index(["real", "predicted"])["r"]
    real, said = wanted["candidate"].values[3], wanted["clip"].values[5]
    mean = wanted["similarity"].sel({"clip": said, "candidate": real, "sub": ["01", "02"]}).values.mean()
    assert one[real, said] == pytest.approx(mean, abs=1e-5)
    assert len(one) == 8 * 8
    blocks = found[found["cell"] == "genre"].set_index(["real_genre", "predicted_genre"])["r"]
    pair = [one[f"genre_1/track_{a}", f"genre_1/track_{b}"] for a, b in ((2, 3), (3, 2))]
    assert blocks["genre_1", "genre_1"] == pytest.approx(np.mean(pair), abs=1e-5)


def test_a_route_that_was_not_scored_is_named(tmp_path, alone):
    out = {n: tmp_path / f"f.{n}" for n in ("png", "pdf", "table")}
    for module in (similarity_matrix, genre_confusion):
        with pytest.raises(HeschlError, match="has no route 'roi'; wanted one of voxel"):
            module.draw(scores=alone.scores, route="roi", **out)


def test_table_one_holds_the_scores(draw_once, world):
    given = {"scores": world.scores, "aligned": world.aligned, "noise_subjects": ["05"]}
    found = draw_once(identification_table.draw, **given, n_bootstraps=1000, seed=0).set_index("row")
    wanted, left_out = store.read(world.scores).load(), store.read(world.aligned[0]).load()
    own = found.loc["own: predictable voxels"]
    values = wanted["id_acc"].sel({"route": "voxel", "sub": ["01", "02"]}).values
    assert own["mean"] == pytest.approx(values.mean(), abs=1e-5)
    assert own["ci_low"] == pytest.approx(float(wanted["ci"].sel(route="voxel", bound="low")), abs=1e-5)
    assert own["n_listeners"] == 2
    assert own["sub-05_noise"] == pytest.approx(wanted["id_acc"].sel(route="voxel", sub="05").values.mean(), abs=1e-5)
    srm = left_out["id_acc"].sel({"method": "srm", "k": 32})
    assert found.loc["others: SRM", "sub-01"] == pytest.approx(float(srm), abs=1e-5)
    assert found.loc["others: ridge", "ci_low"] < found.loc["others: ridge", "mean"]
    assert 0 < found.loc["others: ridge", "p_against_anatomical"] <= 1
    assert np.isnan(found.loc["others: anatomical", "p_against_anatomical"])
    assert found.loc["knows the genre only", "mean"] == pytest.approx(float(wanted["baseline"][2]), abs=1e-5)


def test_table_one_without_alignment_and_too_few_bootstraps(tmp_path, draw_once, alone):
    given = {"scores": alone.scores, "aligned": [], "noise_subjects": [], "seed": 0}
    found = draw_once(identification_table.draw, **given, n_bootstraps=1000)
    assert found["row"].tolist() == ["own: predictable voxels", *identification_table.BASELINES.values()]
    out = {n: tmp_path / f"f.{n}" for n in ("png", "pdf", "table")}
    with pytest.raises(HeschlError, match="n_bootstraps: 10; wanted 1000"):
        identification_table.draw(**given, n_bootstraps=10, **out)


def test_clips_that_differ_are_not_tested_against_each_other(tmp_path, numbers, world):
    other = [aligned(tmp_path, s, [f"clip {k}" for k in range(8)], 0.1, s == "05") for s in ("01", "02", "05")]
    given = {"scores": world.scores, "aligned": other, "noise_subjects": ["05"], "n_bootstraps": 1000, "seed": 0}
    found = numbers(identification_table.draw, **given).set_index("row")["p_against_anatomical"]
    assert np.isnan(found["own: predictable voxels"])
    assert np.isfinite(found["others: ridge"])


def test_alignment_curves(draw_once, world):
    found = draw_once(alignment_curves.draw, aligned=world.aligned, noise_subjects=["05"])
    one = found.set_index(["of", "method", "k"])
    wanted = [store.read(p)["id_acc"].sel({"method": "ot", "k": 16}).item() for p in world.aligned]
    assert one.loc[("01", "ot", 16), "id_acc"] == pytest.approx(wanted[0], abs=1e-5)
    assert one.loc[("mean", "ot", 16), "id_acc"] == pytest.approx(np.mean(wanted[:2]), abs=1e-5)
    assert one.loc[("mean", "ot", 16), "gain_over_anatomical"] > 0
    assert found[found["of"] == "05"]["is_noise"].all()


@pytest.mark.parametrize("paths", ["none", "one", "published"])
def test_alignment_curves_of_little(tmp_path, draw_once, paths):
    clips = [f"c{k}" for k in range(6)]
    made = [aligned(tmp_path, "01", clips, 0.1, False, "as_published", ks=(64,))] if paths != "none" else []
    found = draw_once(alignment_curves.draw, aligned=made, noise_subjects=["01"] if paths == "one" else [])
    assert (found["mode"] == "as_published").all()
    assert len(found) == (0 if not made else 11)


def test_a_listener_twice_and_mixed_modes_are_refused(tmp_path, world):
    out = {n: tmp_path / f"f.{n}" for n in ("png", "pdf", "table")}
    with pytest.raises(HeschlError, match="a second store of subject 01"):
        alignment_curves.draw(aligned=world.aligned[:1] * 2, noise_subjects=[], **out)
    leaking = aligned(tmp_path, "02", ["a", "b", "c"], 0.1, False, mode="as_published")
    with pytest.raises(HeschlError, match="mode as_published, others corrected"):
        alignment_curves.draw(aligned=[world.aligned[0], leaking], noise_subjects=[], **out)


def test_threshold_curve_marks_what_training_chose(draw_once, world):
    found = draw_once(threshold_curve.draw, sweeps=world.sweeps, noise_subjects=["05"])
    one = found[found["of"] == "02"].set_index("threshold")
    wanted = store.read(world.sweeps[1])
    assert one["id_acc"].tolist() == pytest.approx(wanted["id_acc_threshold"].values.tolist(), abs=1e-5)
    assert one["chosen"].astype(str).tolist() == ["False", "True", "False", "False"]
    mean = [store.read(p)["id_acc_threshold"].values[2] for p in world.sweeps[:2]]
    assert found[(found["of"] == "mean") & (found["threshold"] == 0.1)]["id_acc"].item() == pytest.approx(
        np.mean(mean), abs=1e-5
    )


def test_threshold_curve_says_what_it_looked_at(world):
    found = {sub: store.read(path).load() for sub, path in zip(("01", "02", "05"), world.sweeps, strict=True)}
    assert threshold_curve._note(found) == "lag: 3 volumes"
    found = {sub: one.assign(chosen=0.2).assign_attrs(regress_previous=False) for sub, one in found.items()}
    wanted = "lag: 3 volumes; what the previous clip left is kept; best at the edge of the grid: 01, 02, 05"
    assert threshold_curve._note(found) == wanted


def test_time_curve_shows_published_values_beside_ours(draw_once, world):
    found = draw_once(time_curve.draw, sweeps=world.sweeps).set_index(["of", "time_s"])["id_acc"]
    assert found["published", 9.0] == 0.781
    assert found["01", 9.0] == pytest.approx(float(store.read(world.sweeps[0])["id_acc_time"][6]), abs=1e-5)
    assert len(found["mean"]) == 13


@pytest.mark.parametrize("figure", [threshold_curve, time_curve])
def test_curves_of_nobody_and_of_one(draw_once, alone, figure):
    assert not (draw_once(figure.draw, sweeps=[])["of"] == "mean").any()
    assert "07" in draw_once(figure.draw, sweeps=alone.sweeps)["of"].astype(str).str.zfill(2).tolist()


def test_confusion_adds_to_one(numbers, world):
    found = numbers(genre_confusion.draw, scores=world.scores, route="roi")
    rows = found[(found["of"] == "mean")].groupby("genre")["share"].sum()
    assert rows.values == pytest.approx(1, abs=1e-4)
    counts = store.read(world.scores)["confusion"].sel(route="roi", sub="01").values
    right = found[(found["predicted_genre"] == "right") & (found["of"] == "01")]["share"].item()
    assert right == pytest.approx(np.trace(counts) / 8, abs=1e-5)
    assert found[found["of"] == "chance"]["share"].item() == pytest.approx(2 / 8)


def test_top_k_has_exact_chance(numbers, world):
    found = numbers(top_k.draw, scores=world.scores).set_index(["quantity", "route", "k", "of"])
    assert found.loc[("top_k", "voxel", 3, "mean"), "chance"] == pytest.approx(3 / 8)
    assert found.loc[("top_k_genre", "roi", 1, "mean"), "chance"] == pytest.approx(2 / 8)
    assert found.loc[("top_k_genre", "roi", 3, "mean"), "chance"] == pytest.approx(1 - 20 / 56, abs=1e-5)
    wanted = store.read(world.scores)["top_k"].sel(route="roi", k=5)
    assert found.loc[("top_k", "roi", 5, "05"), "share"] == pytest.approx(float(wanted.sel(sub="05")), abs=1e-5)
    mean = float(wanted.sel(sub=["01", "02"]).mean())
    assert found.loc[("top_k", "roi", 5, "mean"), "share"] == pytest.approx(mean, abs=1e-5)


def test_one_listener_is_enough(draw_once, alone):
    for module, more in ((similarity_matrix, {"route": "voxel"}), (genre_confusion, {"route": "voxel"}), (top_k, {})):
        assert len(draw_once(module.draw, scores=alone.scores, **more))


def test_embedding_map_has_every_clip(draw_twice, world):
    paths = [p for p in world.predictions if "route-voxel" in p.name]
    found = draw_twice(embedding_map.draw, predictions=paths, noise_subjects=["05"])
    assert (found["kind"] == "predicted").sum() == 3 * 8
    assert (found["kind"] == "true").sum() == 8
    assert found[["x", "y"]].abs().max().max() == pytest.approx(1)
    assert not len(draw_twice(embedding_map.draw, predictions=[]))


def test_decoded_regions_counts_parcels_and_averages_voxels(draw_twice, world, grid):
    given = {"predictions": world.predictions, "encoding": world.encoding, "noise_subjects": ["05"]}
    found = draw_twice(decoded_regions.draw, **given)
    parcels = found[found["quantity"] == "share_of_decoders"].set_index("of")
    chosen = [store.read(p).attrs["rois"][0] for p in world.predictions if "route-roi" in p.name]
    for name in parcels.index:
        assert parcels.loc[name, "value"] == pytest.approx(np.mean([name in c for c in chosen[:2]]))
        assert parcels.loc[name, "value_noise"] == float(name in chosen[2])
    masks = [store.read(p)["chosen"].values[0] > 0 for p in world.predictions if "voxel" in p.name][:2]
    r_cv = [store.read(p)["r_cv"].values for p in world.encoding][:2]
    voxels = found[found["of"] == "voxel"]
    assert len(voxels) == (masks[0] | masks[1]).sum()
    total = sum(np.where(m, r, 0) for m, r in zip(masks, r_cv, strict=True)) / np.maximum(masks[0] * 1 + masks[1], 1)
    assert voxels["value"].sum() == pytest.approx(total.sum(), rel=1e-3)
    assert found[found["quantity"] == "n_voxels"]["value"].tolist() == [60, 60, 60]


def test_decoded_regions_without_a_route_or_encoding(tmp_path, draw_once, numbers, world, alone):
    found = draw_once(decoded_regions.draw, predictions=alone.predictions, encoding=[], noise_subjects=[])
    assert (found[found["of"] == "voxel"]["quantity"] == "share of listeners").all()
    parcels = [p for p in world.predictions if "route-roi" in p.name]
    assert (numbers(decoded_regions.draw, predictions=parcels, encoding=[], noise_subjects=[])["of"] != "voxel").all()
    other = store.read(alone.encoding[0]).load().isel(voxel=slice(5))
    store.write(tmp_path / "other.zarr", other)
    out = {n: tmp_path / f"f.{n}" for n in ("png", "pdf", "table")}
    with pytest.raises(HeschlError, match="encoding of subject 07: 5 voxels"):
        decoded_regions.draw(
            predictions=alone.predictions, encoding=[tmp_path / "other.zarr"], noise_subjects=[], **out
        )


def published_of(world, **more):
    given = {n: getattr(world, n) for n in ("scores", "encoding", "aligned", "splits")}
    return given | {"scores": [world.scores], "dataset": "simulated", "simulated": True, "defects": []} | more


def test_published_puts_ours_beside(draw_twice, world):
    more = {"sweeps": world.sweeps, "predictions": world.predictions}
    found = draw_twice(published.draw, **published_of(world, **more)).set_index(["section", "quantity"])
    scores, study = store.read(world.scores).load(), found.loc["Music reconstruction"]
    values = scores["id_acc"].sel({"route": "voxel", "sub": ["01", "02"]}).values
    own = study.loc["id-acc, own decoder"]
    assert own["ours"] == pytest.approx(values.mean(), abs=1e-5)
    assert found["difference"].isna().all()  # simulated
    assert (own["n_listeners"], own["n_clips"]) == (2, 8)
    assert own["why"].split() == ["a", "c", "d"]
    left_out = [float(store.read(p)["id_acc"].sel({"method": "anatomical"})[-1]) for p in world.aligned[:2]]
    assert study.loc["id-acc, anatomical alignment", "ours"] == pytest.approx(np.mean(left_out), abs=1e-5)
    volumes = found.loc["Music reconstruction, id-acc of single volumes"]
    times = [float(store.read(p)["id_acc_time"][6]) for p in world.sweeps[:2]]
    assert volumes.loc["9 s after onset", "ours"] == pytest.approx(np.mean(times), abs=1e-5)
    counts = found.loc["Music reconstruction, voxels by threshold (encoding, training cross-validation)"]
    above = [(store.read(p)["r_cv"].values > 0.2).sum() for p in world.encoding[:2]]
    assert counts.loc["r > .2", "ours"] == pytest.approx(np.mean(above))
    decoding = found.loc["Brain2Music, decoding"]
    assert decoding.loc["MuLan_music: r, test", "ours"] == pytest.approx(0.2 * 0.7, abs=1e-4)
    assert np.isnan(decoding.loc["MuLan_text: id-acc, test", "ours"])
    assert set(found["tag"]) <= {"P", "C", "calc", "C, calc"}


def test_published_without_results_says_so(numbers, world):
    nothing = {
        "scores": [],
        "encoding": [],
        "aligned": [],
        "dataset": "ds003720",
        "simulated": False,
        "defects": [5, 6],
    }
    found = numbers(published.draw, **published_of(world, **nothing))
    assert found["ours"].isna().all()
    assert set(found["why"]) == {"f", "g"}


def test_a_real_data_set_has_differences_that_count(numbers, alone):
    found = numbers(published.draw, **published_of(alone, dataset="ds003720", simulated=False))
    assert not found["why"].str.contains("a|b").any()
    found = found.set_index("quantity")
    ours, itself = found.loc["id-acc, own decoder"], found.loc["id-acc, counted with ≥ and itself"]
    assert ours["difference"] == pytest.approx(ours["ours"] - 0.914, abs=1e-4)
    assert np.isnan(itself["difference"]) and "k" in itself["why"] and "k" not in ours["why"]
    assert found.loc["SoundStream-avg: id-acc, test"][["n_listeners", "n_clips"]].isna().all()


def test_what_is_unknown_is_not_said_to_be_none(world):
    said = published_page._shared(store.read(world.splits).load(), "official")
    assert "track 0, artist 1, title unknown" in said and "fault unknown" in said  # no fault list: its split is empty


@pytest.mark.parametrize(
    ("value", "digits", "said"), [(0.05, 2, ".05"), (-0.224, 2, "−.22"), (-0.001, 2, ".00"), (1, 3, "1.000")]
)
def test_numbers_that_cannot_exceed_one(value, digits, said):
    assert participants.number(value, digits) == said
    assert (participants.p_words(1 / 2001), participants.p_words(0.0123)) == ("p < .001", "p = .012")
