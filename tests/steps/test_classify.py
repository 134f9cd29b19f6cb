"""Networks on made-up subjects: signatures are found, canaries are at chance, drift and training get their names."""

from pathlib import Path

import numpy as np
import pytest
import subject_worlds as worlds
import xarray as xr
from scipy import stats

from heschl import store
from heschl.errors import HeschlError
from heschl.science import subject_splits
from heschl.steps import classify, contrast

FULL = {"width": 0.1, "epochs": 7, "n_validation": 80, "n_test": 50, "val_unit": "location", "norm": "train",
        "splits": list(subject_splits.FULL), "guard_mm": 13.0, "baselines": True, "batch": 32,
        "clockwork_units": 2, "clockwork_epochs": 4}  # fmt: skip
CLUSTERS = {"width": 0.2, "epochs": 12, "n_clusters": 17, "cluster_size": 8, "norm": "train",
            "splits": list(subject_splits.CLUSTERS), "batch": 16}  # fmt: skip
COMPONENTS = {"width": 0.02, "epochs": 6, "norm": "train", "splits": list(subject_splits.COMPONENTS), "batch": 32,
              "learning_rate": 5e-3, "momentum": 0.9}  # fmt: skip
TESTS = ["after", "retest", "trained"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return a folder with scores, those of clusters of two seeds."""
    folder = tmp_path_factory.mktemp("classify")
    samples = worlds.write(folder, worlds.make())
    worlds.truth(folder)
    classify.full(samples=samples, scores=folder / "full_0.zarr", seed=0, **FULL)
    for seed in (0, 1):
        classify.clusters(samples=samples, scores=folder / f"clusters_{seed}.zarr", seed=seed, **CLUSTERS)
    parts = components(folder)
    classify.components(components=parts, scores=folder / "components_0.zarr", seed=0, **COMPONENTS)
    return folder


def components(folder: Path, n: int = 3, n_epochs: int = 12, refused: tuple[int, ...] = ()) -> list[Path]:
    """Write components of n subjects, each with a rhythm of its own that the session after has lost."""
    rng, time = np.random.default_rng(0), np.arange(782) / 260.375
    paths = []
    for s in range(n):
        noise = rng.standard_normal((2, 2, 0 if s in refused else n_epochs, 4, 782))
        series = noise + 2 * np.sin(2 * np.pi * (2 + 3 * s) * time) * np.array([1, 0])[:, None, None, None, None]
        run = ["1"] * (n_epochs // 2) + ["2"] * (n_epochs - n_epochs // 2)
        coords = {"session": ["before", "after"], "basis": ["own", "training"], "time": time}
        coords["run"] = ("epoch", run[: series.shape[2]])
        dims = ("session", "basis", "epoch", "component", "time")
        attrs = {"sub": f"{s + 1:02d}", "refused": f"sub-{s + 1:02d}: too few beats" if s in refused else ""}
        paths.append(folder / f"sub-{s + 1:02d}_components.zarr")
        arrays = {"series": (dims, series.astype("f4"), {"units": "1"})}
        store.write(paths[-1], xr.Dataset(arrays, coords, attrs))
    return paths


def summarise(folder: Path, **changes) -> xr.Dataset:
    seeds = {name: sorted(folder.glob(f"{name}_?.zarr")) for name in ("full", "clusters", "components")}
    options = {"truth": [folder / "sub-01_truth.zarr"], "n_bootstraps": 1000, "seed": 0, "control": ""}
    inputs = {"samples": folder / "samples.zarr", "summary": folder / "summary.zarr"}
    contrast.sessions(**inputs, **seeds | options | changes)
    return store.read(folder / "summary.zarr").load()


@pytest.fixture(scope="module")
def found(folder) -> xr.Dataset:
    return summarise(folder)


def test_shapes_and_names(folder, found):
    full, clusters = (store.read(folder / f"{name}_0.zarr").load() for name in ("full", "clusters"))
    names = ["train", "validation", "test", *TESTS, *(f"{s}_modelled" for s in TESTS)]
    assert full["evaluation"].values.tolist() == names == clusters["evaluation"].values.tolist()
    assert full["confusion"].dims == ("split", "evaluation", "subject", "answered")
    assert full["voxel_accuracy"].sizes == {"split": 6, "evaluation": 9, "voxel": len(worlds.lattice())}
    assert full["loss"].sizes == {"split": 6, "phase": 2, "epoch": 7}
    assert clusters["probability"].sizes == {"split": 2, "cluster": 17, "evaluation": 9, "subject": 7}
    assert clusters["member"].shape == (17, 8) and clusters["centre"].attrs["units"] == "mm"
    assert full.attrs["left_out"] == ["sub-09 has no session after"] and full.attrs["learning_rate"] == 5e-3
    right = np.einsum("...ii", full["confusion"].values) / np.maximum(full["count"].values, 1)
    np.testing.assert_allclose(np.where(full["count"] > 0, right, np.nan), full["accuracy"].values)
    assert found["accuracy"].dims == ("experiment", "split", "evaluation") and found.attrs["seeds"] == [0]
    assert found["experiment"].values.tolist() == ["full", "clusters", "components"]


def test_subjects_are_told_apart_before_and_less_after(found):
    full = found["accuracy"].sel(experiment="full")
    assert full.sel(split="published", evaluation="test") >= 0.9
    assert (full.sel(split=["run", "half"], evaluation="test") >= 0.7).all()
    assert (full.sel(split="run", evaluation=["after", "retest"]) < 0.75).all()
    assert full.sel(split="run", evaluation="trained") > full.sel(split="run", evaluation="after") + 0.1
    assert found["accuracy"].sel(experiment="clusters", split="published", evaluation="test") >= 0.85


@pytest.mark.parametrize("split", ["noise", "permuted"])
def test_canaries_are_at_chance(found, split):
    at = {"experiment": "full", "split": split, "evaluation": "test"}
    low, high = found["accuracy_ci"].sel(at).values
    assert low <= 1 / 7 <= high and abs(found["accuracy"].sel(at) - 1 / 7) < 0.12


def test_the_drift_only_world_is_called_drift(found):
    retest = found.sel(session="retest")
    assert str(retest["verdict"].values) == "drift" and not retest["changed"].any()
    total, drift = retest["drop"].sel(part=["total", "drift"]).values
    assert total > 0.2 and abs(drift - total) < 0.3 * total  # the model of drift explains the drop
    assert retest["drop"].sel(part="left") < 0.15


def test_the_training_only_world_is_called_plasticity_and_its_clusters_are_found(found):
    trained = found.sel(session="trained")
    assert str(trained["verdict"].values) == "plasticity" and trained["auc"].sel(statistic="rest") >= 0.9
    planted = found["planted"].values
    assert (planted >= 0.5).sum() >= 3 and (planted < 0.1).sum() >= 5
    assert trained["changed"].values[planted >= 0.5].any() and not trained["changed"].values[planted == 0].any()


def test_both_are_called_both(found):
    assert str(found["verdict"].sel(session="after").values) == "drift and plasticity"
    assert found["auc"].sel(session="after", statistic="rest") >= 0.9


def test_a_control_session_spares_what_was_trained(folder, found):
    said = summarise(folder, control="retest", components=[])
    names = {s: str(v) for s, v in zip(said["session"].values, said["verdict"].values, strict=True)}
    assert names == {"after": "drift and plasticity", "retest": "drift", "trained": "plasticity"}
    assert np.isnan(said["rest_control_p_fwer"].sel(session="retest")).all()
    with pytest.raises(HeschlError, match="no test session 'later'; wanted one of after, retest, trained"):
        summarise(folder, control="later")


def test_cluster_tests_and_intervals(found):
    p = found["cluster_p_fwer"].sel(split="published", evaluation="test")
    assert (p <= 0.05).mean() > 0.9 and p.notnull().all()
    assert not (found["cluster_p"] > found["cluster_p_fwer"] + 1e-12).any()
    assert not (found["cluster_p"] > found["cluster_q"] + 1e-12).any()
    both = found["accuracy_ci"].notnull().all("bound")
    inside = (found["accuracy_ci"][..., 0] <= found["accuracy"] + 0.02) & (
        found["accuracy"] <= found["accuracy_ci"][..., 1] + 0.02
    )
    assert bool(inside.where(both, True).all()) and both.sum() > 30


def test_without_truth_nothing_is_planted(folder):
    real = summarise(folder, truth=[])
    assert np.isnan(real["planted"]).all() and np.isnan(real["auc"]).all()


def test_baselines_learn_too(folder):
    baseline = store.read(folder / "full_0.zarr").load()["baseline_accuracy"]
    assert baseline["classifier"].values.tolist() == ["knn", "svm", "softmax", "clockwork"]
    assert (baseline.sel(classifier=["knn", "svm", "softmax"], evaluation="test") > 0.6).all()
    assert baseline.sel(classifier="clockwork", evaluation="test") > 0.2
    assert (baseline.sel(evaluation="after") < baseline.sel(evaluation="test")).all()


def test_components(folder):
    scores = store.read(folder / "components_0.zarr").load()
    assert scores["evaluation"].values.tolist() == ["train", "validation", "test", "after"]
    test, after = (scores["accuracy"].sel(evaluation=e).values for e in ("test", "after"))
    assert (test > 0.7).all() and scores.attrs["network"] == "b"
    n = int(scores["count"].sel(evaluation="after")[0])
    assert n == 144 and (np.abs(after - 1 / 3) < 0.3).all()
    assert scores["component_accuracy"].sizes == {"split": 2, "evaluation": 4, "component": 4}


def test_subjects_without_epochs_are_left_out(tmp_path):
    paths = components(tmp_path, refused=(1,))
    out = tmp_path / "scores.zarr"
    classify.components(components=paths, scores=out, seed=0, **COMPONENTS | {"epochs": 1})
    assert store.read(out).attrs["left_out"] == ["sub-02: too few beats"]
    assert store.read(out)["subject"].values.tolist() == ["01", "03"]
    with pytest.raises(HeschlError, match="1 of 2 subjects have epochs"):
        classify.components(components=paths[:2], scores=out, seed=0, **COMPONENTS)


def test_a_missing_second_run_is_nan(tmp_path):
    """And so is the empty room; drift is then judged between halves of the epochs."""
    made = worlds.make(n=5, sessions={"before": (), "after": ("drift",)})
    made.power[:, :, made.parts.index("run_2")] = np.nan
    made.noise[:] = np.nan
    made.n_epochs[:, :, made.parts.index("run_2")] = 0
    samples, scores = worlds.write(tmp_path, made), [tmp_path / f"{name}_0.zarr" for name in ("full", "clusters")]
    few = {"epochs": 1, "splits": ["run", "half", "noise"], "baselines": False}
    classify.full(samples=samples, scores=scores[0], seed=0, **FULL | few)
    classify.clusters(samples=samples, scores=scores[1], seed=0, **CLUSTERS | {"n_clusters": 3, "epochs": 1})
    worlds.truth(tmp_path)
    found = summarise(tmp_path, components=[])
    accuracy = found["accuracy"].sel(experiment="full", evaluation="test")
    assert np.isnan(accuracy.sel(split=["run", "noise"])).all() and np.isfinite(accuracy.sel(split="half"))
    assert found.attrs["judged_full"] == "half" and found.attrs["judged_clusters"] == "published"
    assert np.isnan(found["pattern_change"]).all() and np.isfinite(found["drop"]).all()


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    samples = worlds.write(tmp_path, worlds.make(n=2, sessions={"before": (), "after": ("drift",)}))
    outs = [tmp_path / f"full_{k}.zarr" for k in range(3)]
    for k, out in enumerate(outs):
        classify.full(
            samples=samples, scores=out, seed=k // 2, **FULL | {"epochs": 1, "splits": ["run"], "baselines": False}
        )
    first, again, other = ((out / store.MANIFEST).read_text() for out in outs)
    assert first == again != other


def test_refusals_name_what_to_change(tmp_path):
    samples = worlds.write(tmp_path, worlds.make(n=2, sessions={"before": (), "after": ()}))
    inputs = {"samples": samples, "scores": tmp_path / "scores.zarr", "seed": 0}
    n = len(worlds.lattice())
    with pytest.raises(HeschlError, match=f"{n} voxels, 80 to choose and {n} to test.*Change the settings"):
        classify.full(**inputs, **FULL | {"n_test": n})
    with pytest.raises(HeschlError, match=f"{n} voxels for 17 clusters of 500"):
        classify.clusters(**inputs, **CLUSTERS | {"cluster_size": 500})
    with pytest.raises(HeschlError, match="split 'half' of 8 voxels; wanted one of published, run"):
        classify.clusters(**inputs, **CLUSTERS | {"splits": ["half"]})


@pytest.mark.slow
def test_drift_alone_is_rarely_called_plasticity(tmp_path):
    """Five worlds of drift alone, from power to verdict."""
    wrong = 0
    for seed in range(5):
        made = worlds.make(10 + seed, sessions={"before": (), "retest": ("drift",)})
        samples = worlds.write(tmp_path, made)
        scores = tmp_path / "clusters_0.zarr"
        classify.clusters(samples=samples, scores=scores, seed=seed, **CLUSTERS | {"splits": ["run"]})
        options = {"full": [], "components": [], "truth": [], "n_bootstraps": 1000, "seed": 0}
        contrast.sessions(samples=samples, clusters=[scores], summary=tmp_path / "summary.zarr", **options)
        wrong += "plasticity" in str(store.read(tmp_path / "summary.zarr")["verdict"].values[0])
    assert wrong <= stats.binom.ppf(0.999, 5, 0.05)
