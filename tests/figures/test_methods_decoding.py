"""The methods text, numbers and limits of the decoding studies say what was done, and nothing else."""

import re

import numpy as np
import pytest
import xarray as xr

from heschl.config import Config
from heschl.figures import headlines, headlines_decoding, identification_table, methods, page_figures, report
from heschl.figures.methods_decoding import all_defects, banner

SECTIONS = ("listen", "respond", "audit", "encode", "decode", "align", "identify", "retrieve", "story")
FIRST = {
    "confounds": ["trans_?"], "bin_s": 0.15, "n_voxels": 100, "n_permutations": 100, "standardize": True,
    "remove_lag_mean": True, "pairs": "all", "q": 0.005, "published_n_voxels": 100,
}  # fmt: skip
ROOT = "results/demo"
RAN = ["identify/model-musicnn_split-official_scores", "audit/splits", "encode/sub-01_model-musicnn_encoding"]


def method(defects=(), **sections):
    settings = Config(dataset="demo", **sections)
    by_section = {name: getattr(settings, name).model_dump(mode="json") for name in SECTIONS}
    told = {"dataset": "demo", "defects": list(defects), "clip_s": 15.0, "step_s": 1.5, "sources": {}}
    return FIRST | told | by_section


def scores(rule="strict, ties one half"):
    """Three listeners and a canary, four clips, one route."""
    value = np.array([[1.0, 1, 2 / 3, 1], [1, 1, 1, 1], [1, 2 / 3, 1, 1], [0, 1, 1 / 3, 2 / 3]])
    arrays = {
        "id_acc": (("sub", "route", "clip"), value[:, None]),
        "within_genre": (("sub", "route", "clip"), np.where(value > 0.9, 1.0, 0.0)[:, None]),
        "null": (("sub", "route", "permutation"), np.full((4, 1, 10), 0.5)),
        "p": (("sub", "route"), [[0.01], [0.01], [0.01], [0.62]]),
        "p_listeners": ("route", [0.0123]),
        "ci": (("route", "bound"), [[0.81, 0.99]]),
        "within_ci": (("route", "bound"), [[0.61, 0.97]]),
        "ci_sub": (("sub", "route", "bound"), [[[0.6, 1]], [[0.6, 1]], [[0.6, 1]], [[0.1, 0.9]]]),
        "baseline": ("name", [0.5, 0.49, 0.833]),
        "is_noise": ("sub", [False, False, False, True]),
    }
    coords = {"sub": ["01", "02", "03", "05"], "route": ["roi"], "name": ["mean_vector", "random", "genre_oracle"]}
    attrs = {"model": "musicnn", "split": "official", "chance": 0.5, "n_candidates": 4, "rule": rule}
    return xr.Dataset(arrays, coords, attrs)


def splits(known=16):
    values = [[[0, 14, 0], [3, 9, 0]], [[16, known, 0], [20, 20, 0]]]
    coords = {"split": ["official", "artist_grouped_kfold"], "kind": ["track", "artist", "title"]}
    arrays = {"overlap": (("split", "kind"), values[0]), "n_known": (("split", "kind"), values[1])}
    return xr.Dataset(arrays | {"n_test": ("split", [16, 20]), "role": ("split", [0, 0])}, coords)


def said(ran, results, settings):
    stages = methods.stages([f"{ROOT}/{name}.zarr" for name in ran])
    return stages, dict(methods.paragraphs(stages, results, settings))


def test_stages_follow_from_the_stores_and_what_they_need():
    ran = methods.stages([f"{ROOT}/{name}.zarr" for name in RAN])
    assert ran == ["ingest", "preprocess", "respond", "audit", "embed", "encode", "decode", "identify", "draw"]
    assert methods.stages([f"{ROOT}/encode/recovery.zarr"])[:2] == ["simulate", "listen"]
    assert methods.stages([f"{ROOT}/regress/story.zarr"]) == ["regress", "draw"]
    assert methods.stages(["results/encode/compare/x_group.zarr"])[-2:] == ["compare", "draw"]  # a dataset's name


def test_settings_are_told():
    ran, text = said(RAN, {}, method(decode={"lags_tr": [3, 4], "n_rois": 7}, identify={"n_permutations": 1234}))
    assert "7 best" in text["decode"] and "3 or 4 volumes" in text["decode"] and "by voxels" in text["decode"]
    assert "8 from 0.1 to 1e+06" in text["decode"] and "1,234 times" in text["identify"]
    assert "240 s" in text["respond"] and "dummy and was dropped" in text["respond"]
    assert "track or fingerprint stops" in text["audit"] and "made from the sound" in text["embed"]
    assert "retrieve" not in text and "align" not in text and "compare" not in text
    assert "convolved" not in text["embed"] and "dissimilarities" not in text["preprocess"]


def test_what_was_not_done_is_neither_told_nor_cited():
    settings = method(decode={"routes": ["voxel"]}, encode={"models": ["spectral"], "bands": {}, "null": "gaussian"})
    ran, text = said(RAN, {}, settings)
    assert "by parcels" not in text["decode"] and "Gaussian" in text["encode"] and "bands" not in text["encode"]
    assert "genre each" not in text["decode"] and "layers" not in text["encode"]
    cited = " ".join(methods.works(ran, {}, settings))
    for name in ("Destrieux", "Reimers", "Bazeille", "Brennan", "Sturm", "Nunez", "Nakai", "Lightning"):
        assert name not in cited
    for name in ("Dupré la Tour", "2307.11078", "Benjamini", "musicnn"):
        assert name in cited


def test_what_was_done_besides_is_told_and_cited():
    stores = [*RAN, "align/sub-01_model-musicnn_aligned", "encode/sub-01_partition", "encode/recovery",
              "identify/model-musicnn_split-leave_genre_out_scores"]  # fmt: skip
    results = {f"{name.split('/')[1]}.zarr": xr.Dataset() for name in stores}
    settings = method(align={"methods": ["anatomical", "srm"], "n_clips": [8]}, audit={"index": "GTZANindex.txt"})
    ran, text = said(stores, results, settings)
    assert "8 training clips aligned" in text["align"] and "shared response" in text["align"]
    assert (
        "banded ridge" in text["encode"] and "genre each" in text["decode"] and "format of ds003720" in text["listen"]
    )
    cited = " ".join(methods.works(ran, results, settings))
    for name in ("Chen P-H", "Bazeille", "Nunez", "Destrieux", "Sturm", "Nakai", "Reimers"):
        assert name in cited
    assert "Haxby" not in cited and "Flamary" not in cited


@pytest.mark.parametrize(
    ("defect", "stage", "words"),
    [
        (1, "embed", "whole file"), (2, "embed", "random window"), (3, "respond", "counts as a trial"),
        (4, "decode", "in-sample"), (5, "align", "not leave-one-out"), (6, "decode", "20, fixed"),
        (7, "identify", "itself counted"), (8, "decode", "linear map"), (11, "decode", "was kept (defect 11)"),
    ],
)  # fmt: skip
def test_a_defect_is_told_where_it_lies_and_only_if_turned_on(defect, stage, words):
    stores = [*RAN, "align/sub-01_model-musicnn_aligned"]
    assert words in said(stores, {}, method([defect]))[1][stage]
    assert words not in said(stores, {}, method())[1][stage]


def test_the_banner_names_defects():
    assert "11: what the previous clip" in all_defects(["decode"]) and all_defects(["compare"]) == ""
    assert banner({}) == "" == banner(method())
    assert banner(method([7, 4])).startswith("As published: reproduces known defects 4, 7; not results.")


def test_limits_come_from_results():
    ran = [*methods.stages([f"{ROOT}/{name}.zarr" for name in RAN]), "retrieve"]
    results = {"a_scores.zarr": scores(), "splits.zarr": splits()}
    found = " ".join(methods.limits(ran, methods.people(results), results, method()))
    assert "scores .833 here" in found and "14 of 16 test clips" in found and "3 in decoding" in found
    assert "heard in training" in found and "simulated" not in found and "story" not in found
    unknown = methods.limits(ran, {"decoding": 20}, {"splits.zarr": splits(0)}, method(retrieve={"gallery": "music"}))
    assert any("Nothing is known of the artists" in line for line in unknown)
    assert not any("gallery" in line or "Few listeners" in line for line in unknown)


def test_headlines_of_identification_average_listeners_without_the_canary():
    found = scores()
    first, canary = headlines.of(found)
    assert float(first["value"]) == pytest.approx(found["id_acc"].values[:3].mean(), abs=5e-4)
    for words in (".810 to .990", "3 listeners", "genre only .833", "p = .012", "within genre .83 (.61 to .97)"):
        assert words in first["note"]
    assert (
        canary["value"] == ".500" and "noise (canary) sub-05" in canary["label"] and "covers chance" in canary["note"]
    )
    found["ci_sub"][3] = [0.6, 0.9]
    assert "misses chance" in headlines.of(found)[1]["note"]
    assert "defect 7" in headlines.of(scores("as published: >= and itself"))[0]["note"]


def test_headlines_of_recovery_audit_and_story():
    ratio, inside = np.full((2, 2, 2), 0.92), np.full((2, 2, 2), 0.95)
    ratio[0, 0, 1] = ratio[1] = 0.1  # where the model doesn't drive; the canary
    dims = ("sub", "model", "region")
    arrays = {"ratio": (dims, ratio), "ratio_interior": (dims, inside), "is_noise": ("sub", [False, True])}
    arrays |= {
        "matching": (("model", "region"), np.eye(2, dtype=bool)),
        "min_p_fwe_all": (dims[:2], [[0, 0], [0.2, 1]]),
    }
    share, canary = headlines.of(xr.Dataset(arrays, {"sub": ["01", "05"]}))
    assert share["value"] == "92 %" and "95 % inside" in share["note"]
    assert canary["value"] == "p = .20" and "as it must" in canary["note"]
    assert headlines.of(splits(), "official")[0]["value"] == "14 of 16"
    assert headlines.of(splits(), "artist_grouped_kfold")[0]["value"] == "9 of 20"
    assert headlines.of(splits(0), "official")[0]["value"] == "unknown"
    arrays = {
        name: ("region", values) for name, values in {"mean_r": [0.3, 0.12], "t": [9, 6.5], "p": [0, 1e-7]}.items()
    }
    arrays |= {"null_t": ("region", [0, 0.4]), "r": (("subject", "region"), np.zeros((27, 2)))}
    story = headlines.of(xr.Dataset(arrays, {"region": ["LATL", "LPTL"]}, {"refused": ["s33"]}))[0]
    assert story["value"] == "r = .12" and "t(26) = 6.5, p < .001" in story["note"] and "1 left out" in story["note"]


def listener(sub, at):
    """A store of alignment and one of the partition, worth `at` in every method and band."""
    dims = {"method": ["anatomical", "ridge", "srm"], "k": [8, 32]}
    id_acc = [[at, at], [at, at + 0.1], [at, at + 0.3]]
    attrs = {"subject": sub, "mode": "corrected"}
    aligned = xr.Dataset({"id_acc": (tuple(dims), id_acc), "within": ((), 0.97)}, dims, attrs)
    q = np.where(np.arange(10) < 10 * at, 0.01, 0.5)
    return aligned, xr.Dataset({"q_unique": (("band", "voxel"), [q, q])}, {"band": ["audio", "low_level"]}, attrs)


def test_headlines_across_listeners_leave_the_canary_apart():
    stores = {sub: listener(sub, at) for sub, at in (("01", 0.5), ("02", 0.7), ("05", 0.0))}
    results = {f"sub-{s}_model-musicnn_aligned.zarr": a for s, (a, _) in stores.items()}
    results |= {f"sub-{s}_partition.zarr": p for s, (_, p) in stores.items()} | {"a_scores.zarr": scores()}
    aligned, unique = headlines_decoding.across(results)
    assert aligned["value"] == ".600 → .800"  # ridge .700, SRM .900 at 32 clips
    for words in ("ridge .700", "SRM .900", "same clips .970", "2 listeners", "32 clips", "noise (canary) .00 to .30"):
        assert words in aligned["note"]
    assert unique["value"] == "0.0 %" and "noise (canary) sub-05" in unique["label"]
    assert (
        "low level 0.0 %" in unique["note"]
        and "as it must" in unique["note"]
        and "in listeners audio 60 %" in unique["note"]
    )
    alarm = headlines_decoding.across(results | {"sub-05_partition.zarr": listener("05", 0.1)[1]})[1]
    assert alarm["value"] == "10.0 %" and "false alarm" in alarm["note"]
    assert headlines_decoding.across({"a_scores.zarr": scores()}) == []


def test_the_retrieval_tells_its_threshold_and_what_it_left_out():
    counts = {name: xr.Dataset({"excluded": (("fold", "kind"), [[16, 0, n]])}, attrs={"n_items": 80})
              for name, n in (("a_retrieved.zarr", 10), ("b_retrieved.zarr", 12))}  # fmt: skip
    stores = [*RAN, "retrieve/a_retrieved"]
    text = said(stores, counts, method(retrieve={"similarity": 0.9}))[1]["retrieve"]
    assert "cosine 0.9 or more" in text and "of 80 items in each fold: 16, 0 and 10 to 12" in text
    assert "left out" not in said(stores, {}, method())[1]["retrieve"]


def test_a_retrieval_has_no_headline():
    assert headlines.of(xr.Dataset({"agreement": ((), 0.5), "id_acc": ((), 0.5)})) == []


def test_the_page_shows_banner_tables_and_studies(tmp_path):
    png = tmp_path / "figures/music_reconstruction/T1_identification_table.png"
    png.parent.mkdir(parents=True)
    png.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (720).to_bytes(4, "big"))
    png.with_suffix(".tsv").write_text("row\tmean\n<i>own</i>\t0.98765432\n")
    given = {"figures": [png], "tables": [png.with_suffix(".tsv")], "stores": [], "title": "t", "config": {}}
    for defects in ([], [4]):
        report.draw(**given, html=tmp_path / "report.html", method=method(defects))
        text = (tmp_path / "report.html").read_text(encoding="utf-8")
        assert ('class="banner"' in text) is bool(defects)
        assert "Known defects" not in text  # nothing here mentions one
    assert (
        "<td>&lt;i&gt;own&lt;/i&gt;</td><td>0.9877</td>" in text
        and "<b>Table 1. " in text
        and "(Table 1 of the study)" in text
    )
    assert identification_table.TITLE in text and page_figures.STUDIES["music_reconstruction"] in text
    anchors = re.findall(r'id="([^"]+)"', text)
    assert len(anchors) == len(set(anchors)) and set(re.findall(r'href="#([^"]+)"', text)) <= set(anchors)
