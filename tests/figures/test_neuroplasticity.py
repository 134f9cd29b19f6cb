"""The figures of neuroplasticity: what is drawn is what the stores say, whoever was there and whatever is missing."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from matplotlib.path import Path as Curve

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import (
    accuracy_bars,
    clockwork_fit,
    cluster_accuracy,
    cluster_example,
    cluster_map,
    cluster_recovery,
    component_loss,
    component_panels,
    component_series,
    head,
    meg_pipeline,
    plasticity_drift,
    sessions,
    style,
    subject_confusion,
    subject_controls,
    subject_network,
    voxel_sphere,
)

from . import meg_stores as made


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("meg")


@pytest.fixture(scope="module")
def samples(folder):
    return made.samples(folder / "samples.zarr")


@pytest.fixture(scope="module")
def summary(folder):
    return made.summary(folder / "summary.zarr")


@pytest.fixture(scope="module")
def full(folder):
    return [made.full(folder / f"full_seed-{s}.zarr", seed=s) for s in range(3)]


@pytest.fixture(scope="module")
def clusters(folder):
    return [made.clusters(folder / f"clusters_seed-{s}.zarr", seed=s) for s in range(2)]


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """Draw a figure coarsely; check its files; return its table."""
    monkeypatch.setattr(style, "DPI", 80)

    def run(draw, **given):
        files = {"png": tmp_path / "F.png", "pdf": tmp_path / "F.pdf", "table": tmp_path / "F.tsv"}
        draw(**given, **files)
        assert files["png"].stat().st_size > 1_000
        assert files["pdf"].read_bytes().startswith(b"%PDF")
        return pd.read_csv(files["table"], sep="\t", na_values="n/a", keep_default_na=False)

    return run


def test_bars_say_what_the_summary_holds(draw_twice, summary):
    table, found = draw_twice(accuracy_bars.draw, summary=summary), store.read(summary)
    rows = table.set_index(["experiment", "split", "evaluation"])
    for experiment, split in (("full", "published"), ("full", "run"), ("components", "epoch_block")):
        for name in ("test", "after", "trained"):
            wanted = float(found["accuracy"].sel(experiment=experiment, split=split, evaluation=name))
            assert rows.loc[(experiment, split, name), "accuracy"] == pytest.approx(wanted, rel=1e-4)
    published = rows.xs("published", level="split")["published"].dropna()
    assert published["full"].to_dict() == {"validation": 0.92, "test": 0.91, "after": 0.30}
    assert published["components"].to_dict() == {"train": 0.75, "validation": 0.56, "test": 0.76, "after": 0.21}


def test_a_summary_of_one_seed_and_session_without_truth(tmp_path, drawn, samples):
    one = made.summary(tmp_path / "summary.zarr", sessions=["post"], one_seed=True, truth=False, nan=True)
    rows = drawn(accuracy_bars.draw, summary=one).set_index(["experiment", "split", "evaluation"])
    assert rows.loc[("full", "published", "post"), "published"] == 0.30
    assert np.isnan(rows.loc[("full", "published", "validation"), "accuracy"])
    assert len(drawn(cluster_map.draw, summary=one, samples=samples)) == 40
    assert set(drawn(plasticity_drift.draw, summary=one)["session"]) == {"post"}
    assert set(drawn(cluster_recovery.draw, summary=one)["quantity"]) == {"cluster"}
    assert "network" in set(drawn(subject_controls.draw, summary=one)["classifier"])


def test_clusters_are_means_over_seeds(drawn, summary, clusters):
    table = drawn(cluster_accuracy.draw, summary=summary, clusters=clusters)
    values = np.stack([store.read(p)["accuracy"].sel(split="published", evaluation="after").values for p in clusters])
    own = table[table["quantity"] == "accuracy_after"].sort_values("cluster")
    np.testing.assert_allclose(own["value"], values.mean(0), rtol=1e-4)
    np.testing.assert_allclose(own["seed_max"], values.max(0), rtol=1e-4)
    losses = table[table["quantity"] == "loss_validation"]
    assert losses["cluster"].nunique() == 10
    one = losses.iloc[13]
    wanted = store.read(clusters[0])["loss"].sel(split="published", phase="validation").values
    assert one["value"] == pytest.approx(wanted[int(one["cluster"]) - 1, int(one["epoch"]) - 1], rel=1e-4)


def test_the_map_is_of_the_session_that_was_named(drawn, summary, samples):
    found = store.read(summary)["cluster_accuracy"].sel(split="published")
    first = drawn(cluster_map.draw, summary=summary, samples=samples)
    np.testing.assert_allclose(first["accuracy"], found.sel(evaluation="after"), rtol=1e-4)
    other = drawn(cluster_map.draw, summary=summary, samples=samples, session="retest", split="run")
    np.testing.assert_allclose(other["accuracy"], found.sel(evaluation="retest"), rtol=1e-4)
    with pytest.raises(HeschlError, match="no evaluation 'later'; wanted one of train"):
        drawn(cluster_map.draw, summary=summary, samples=samples, session="later")


def test_outlines_hold_all_voxels():
    points = np.random.default_rng(0).normal(size=(200, 2)) * [40, 60]
    edge = head.outline(points, 5)
    assert Curve(edge).contains_points(points).all()
    assert np.linalg.norm(edge[:, None] - points, axis=2).min() < 10


def test_a_cluster_in_the_head(drawn, clusters, samples):
    table = drawn(cluster_example.draw, clusters=clusters[0], samples=samples, cluster=3)
    member = store.read(clusters[0])["member"].values[2]
    assert table["voxel"].tolist() == sorted(member)
    np.testing.assert_allclose(table["x_right_mm"], store.read(samples)["position"].values[sorted(member), 0])
    assert drawn(cluster_example.draw, clusters=clusters[0], samples=samples)["cluster"].nunique() == 1
    with pytest.raises(HeschlError, match="no cluster 41; wanted 1 to 40"):
        drawn(cluster_example.draw, clusters=clusters[0], samples=samples, cluster=41)


def test_voxels_are_shown_in_the_published_axes(drawn, samples):
    table, position = drawn(voxel_sphere.draw, samples=samples), store.read(samples)["position"].values
    assert head.spacing_mm(position) == 18
    np.testing.assert_allclose(table[["anterior_mm", "left_mm", "superior_mm"]],
                               np.stack([position[:, 1], -position[:, 0], position[:, 2]], 1))  # fmt: skip


def test_recovery_is_the_area_under_the_drawn_curve(drawn, summary):
    table = drawn(cluster_recovery.draw, summary=summary)
    for (_, _), rows in table[table["quantity"] != "cluster"].groupby(["session", "statistic"]):
        curve = rows[rows["quantity"] == "roc"]
        area = np.trapezoid(curve["value"], curve["false"])
        assert area == pytest.approx(rows.loc[rows["quantity"] == "auc", "value"].item(), abs=1e-4)
    auc = table[table["quantity"] == "auc"].set_index(["session", "statistic"])["value"]
    assert auc["trained", "rest"] > 0.95 > auc["retest", "rest"]


def test_drops_and_verdicts(drawn, summary):
    table, found = drawn(plasticity_drift.draw, summary=summary), store.read(summary)
    drift = table[table["quantity"] == "drop_drift"].set_index("session")
    np.testing.assert_allclose(drift["value"], found["drop"].sel(part="drift"), rtol=1e-4)
    assert drift["verdict"].to_dict() == {"after": "drift and plasticity", "retest": "drift", "trained": "plasticity"}
    rest = found["rest"].sel(session="trained").values
    own = table[(table["quantity"] == "local_rest") & (table["session"] == "trained")]
    np.testing.assert_allclose(own["value"], (rest - np.median(rest, 0)).mean(1), rtol=1e-4)


def test_controls_name_canaries_and_baselines(tmp_path, drawn, summary, full):
    table = drawn(subject_controls.draw, summary=summary, full=full)
    own = table[(table["classifier"] == "svm") & (table["evaluation"] == "retest")].sort_values("seed")
    wanted = [float(store.read(p)["baseline_accuracy"].sel(classifier="svm", evaluation="retest")) for p in full]
    np.testing.assert_allclose(own["accuracy"], wanted, rtol=1e-4)
    assert {"noise", "permuted", "epoch_block"} <= set(table["split"])
    bare = made.full(tmp_path / "bare.zarr", baselines=False)
    assert set(drawn(subject_controls.draw, summary=summary, full=[bare])["classifier"]) == {"network"}


def test_confusions_are_summed_over_seeds(tmp_path, drawn, full):
    table = drawn(subject_confusion.draw, full=full)
    counts = sum(store.read(p)["confusion"].sel(split="published", evaluation="after").values for p in full)
    own = table[table["evaluation"] == "after"]
    np.testing.assert_array_equal(own["n"], counts.ravel())
    lacking = made.full(tmp_path / "lacking.zarr", sessions=["post"], nan=True)
    assert drawn(subject_confusion.draw, full=[lacking])["n"].min() == 0
    with pytest.raises(HeschlError, match="another evaluation than in .*wanted seeds of one experiment"):
        drawn(subject_confusion.draw, full=[full[0], lacking])
    with pytest.raises(HeschlError, match="no scores given"):
        drawn(subject_confusion.draw, full=[])


def test_losses_of_components(drawn, folder):
    paths = [made.component_scores(folder / f"components_seed-{s}.zarr", seed=s) for s in range(2)]
    table = drawn(component_loss.draw, components=paths)
    values = np.stack([store.read(p)["loss"].values for p in paths]).mean(0)
    np.testing.assert_allclose(table["loss"], values.ravel(), rtol=1e-4)
    assert (drawn(component_loss.draw, components=paths[:1])["n_seeds"] == 1).all()


def test_components_of_the_first_subject_that_has_any(drawn, folder):
    refused = made.components(folder / "sub-01_components.zarr", refused="no session after")
    usable = made.components(folder / "sub-02_components.zarr", sub="02")
    values = store.read(usable)["series"].sel(session="after", basis="own").values
    table = drawn(component_series.draw, components=[refused, usable])
    own = table[table["session"] == "after"]
    np.testing.assert_allclose(own["mean"], values[:, 0].mean(0), rtol=1e-4)
    np.testing.assert_allclose(own["one_epoch"], values[0, 0], rtol=1e-4)
    panels = drawn(component_panels.draw, components=[refused, usable])
    sd = panels[(panels["session"] == "after") & (panels["component"] == 4)]["sd"]
    np.testing.assert_allclose(sd, values[:, 3].std(0), rtol=1e-3)
    for module in (component_series, component_panels):
        assert drawn(module.draw, components=[refused]).empty


def test_pipeline(drawn, folder, samples):
    one = made.power(folder / "power.zarr")
    table, found = drawn(meg_pipeline.draw, power=one, samples=samples), store.read(samples)
    top = table[table["quantity"] == "max_over_voxels"]["value"]
    wanted = found["power"].sel(subject="01", session="before", part="all").max("voxel")
    np.testing.assert_allclose(top, wanted, rtol=1e-4)
    refused = made.power(folder / "refused.zarr", refused="too few beats", ses="after")
    assert drawn(meg_pipeline.draw, power=[refused], samples=samples).empty
    stranger = made.power(folder / "stranger.zarr", sub="09", measure="envelope")
    assert set(drawn(meg_pipeline.draw, power=stranger, samples=samples)["panel"]) == {"B", "C"}


@pytest.mark.parametrize(("network", "total"), [("a", 1_076_328), ("b", 6_538_953)])
def test_networks_have_the_published_sizes(drawn, network, total):
    rows = drawn(subject_network.draw, network=network).set_index("layer")
    assert rows.loc["total", "parameters"] == total == rows["parameters"].iloc[:-1].sum()
    n, *last = {"a": (3, 25, 61, 25), "b": (4, 50, 15, 25)}[network]
    assert tuple(rows.loc[f"pool {n}", ["filters", "samples"]]) == tuple(last[:2])
    assert rows.loc[f"convolution {n}", "kernel"] == last[2]
    with pytest.raises(HeschlError, match="wanted a or b"):
        drawn(subject_network.draw, network=network.upper())


def test_clockwork_fit(drawn, folder):
    path = made.fit(folder / "series.zarr")
    table, found = drawn(clockwork_fit.draw, fit=path), store.read(path)
    assert sorted(table.loc[table["quantity"] == "output", "iteration"].unique()) == [1, 40, 400]
    target = found["target"].values
    last = table.loc[table["quantity"] == "loss_of_last_sample", "value"].item()
    assert last == pytest.approx(np.mean((target[1:] - target[:-1]) ** 2), rel=1e-4)
    drawn(clockwork_fit.draw, fit=made.fit(folder / "short.zarr", kept=(1,), n_iterations=20))


def test_names_of_scores():
    found = xr.Dataset(coords={"evaluation": made.evaluations(["after", "re_test"])})
    assert sessions.tested(found) == ["after", "re_test"]
    assert sessions.words("re_test_modelled") == "drift of re test"
    assert sessions.colour("re_test_corrected", ["after", "re_test"]) == sessions.colour(
        "re_test", ["after", "re_test"]
    )
