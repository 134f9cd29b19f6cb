"""Figures of decoding, part one: what is drawn is what the stores say, whoever listened."""

import numpy as np
import pandas as pd
import pytest

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import (
    alpha_curve,
    genre_ablation,
    genre_identification,
    identification,
    listeners,
)

from .conftest import write

SUBS, GENRES, N_EACH = ("01", "02", "05"), ("jazz", "metal", "polka"), 2
TESTED = [f"{g}/{k}" for g in GENRES for k in range(N_EACH)]
MORE = ("previous_reference", "previous_p", "within_p", "run_removed_within")
BOUND = ("sub", "route", "bound")


def scores(path, model="m", split="official", routes=("roi", "voxel"), subs=SUBS, noise=("05",), seed=0, alone=False):
    """Make up what identify.scores writes."""
    rng, n, s, r = np.random.default_rng(seed), len(TESTED), len(subs), len(routes)
    exact = rng.uniform(0.5, 1, (s, r, n))
    within = np.full_like(exact, np.nan) if alone else np.round(exact)
    ways = np.stack([exact.mean(-1) / k for k in (1, 2, 5)] + [np.full((s, r), np.nan)], -1)
    of = ("sub", "route")
    arrays = {
        "id_acc": ((*of, "clip"), exact),
        "within_genre": ((*of, "clip"), within),
        "n_way": ((*of, "way"), ways),
        "null": ((*of, "permutation"), rng.normal(0.5, 0.05, (s, r, 40))),
        "is_noise": ("sub", np.array([sub in noise for sub in subs])),
        "ci": (("route", "bound"), np.tile([0.6, 0.9], (r, 1))),
        "ci_sub": (BOUND, np.tile([0.3, 0.8], (s, r, 1))),
        "within_ci_sub": (BOUND, np.tile([0.2, 1.0], (s, r, 1))),
        "within_ci": (("route", "bound"), np.tile([np.nan if alone else 0.4, np.nan if alone else 0.85], (r, 1))),
        "p_listeners": ("route", np.full(r, 0.0005)),
        "within_p_listeners": ("route", np.full(r, np.nan if alone else 0.03)),
        "baseline": ("name", [0.5, 0.49, 0.93]),
        **{name: (of, rng.uniform(0.4, 0.9, (s, r))) for name in ("ceiling", "previous", "run_removed", "p", "mrr")},
        **{name: (of, rng.uniform(0.4, 0.6, (s, r))) for name in MORE},
    }
    coords = {"sub": list(subs), "route": list(routes), "clip": TESTED, "way": [2, 5, 10, 50]}
    coords |= {"genre": ("clip", [c.split("/")[0] for c in TESTED]), "name": ["mean_vector", "random", "genre_oracle"]}
    if r > 1:
        arrays["p_pair"], coords["pair"] = ("pair", [0.2]), ["roi - voxel"]
    attrs = {"model": model, "split": split, "n_candidates": n, "rule": "strict, ties one half"}
    return write(path, attrs, coords, **arrays)


def predictions(folder, sub, route, n_folds=1, n_alphas=7):
    alphas = np.logspace(0, 6, n_alphas) if n_alphas > 1 else np.array([20.0])
    curve = np.random.default_rng([int(sub), len(route)]).normal(0.1, 0.02, (n_folds, n_alphas))
    curve[:, n_alphas // 2] += 0.3
    attrs = {"model": "m", "route": route, "subject": sub, "split": "official"}
    path = folder / f"sub-{sub}_{route}.zarr"
    return write(path, attrs, {"alpha": alphas}, alpha_curve=(("fold", "alpha"), curve))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("decoding")


@pytest.fixture(scope="module")
def stranger(folder):
    return write(folder / "audio.zarr", {}, {}, audio=("sample", np.zeros(3)))


@pytest.fixture(scope="module")
def scored(folder):
    return [scores(folder / "a.zarr"), scores(folder / "b.zarr", "other_model", seed=1)]


def files(tmp_path):
    return {"png": tmp_path / "F.png", "pdf": tmp_path / "F.pdf", "table": tmp_path / "F.tsv"}


def pick(table, **keys):
    """Return the values of the rows that hold all keys."""
    return table[np.logical_and.reduce([table[k] == v for k, v in keys.items()])]["value"].to_numpy()


def test_identification_lists_what_the_scores_say(draw_twice, scored):
    found = draw_twice(identification.draw, scores=scored)
    first = store.read(scored[0]).load().sel({"route": "voxel"})
    one = {"model": "m", "route": "voxel"}
    assert pick(found, **one, quantity="id_acc", of="sub-02") == pytest.approx(first["id_acc"].values[1].mean(), 1e-5)
    assert pick(found, **one, quantity="id_acc", of="sub-05 (noise)") == pytest.approx(
        first["id_acc"].values[2].mean(), 1e-5
    )
    mean = first["id_acc"].values[:2].mean()  # the noise is in no mean
    assert pick(found, **one, quantity="id_acc", of="mean of listeners") == pytest.approx(mean, 1e-5)
    assert pick(found, **one, quantity="ci_low", of="mean of listeners") == [0.6]
    assert pick(found, **one, quantity="baseline", of="genre_oracle") == [0.93]
    assert pick(found, **one, quantity="n_way 5", of="sub-01") == pytest.approx(first["n_way"].values[0, 1], 1e-5)
    assert np.isnan(pick(found, **one, quantity="n_way 50", of="sub-01")).all()
    null = np.quantile(first["null"].values[:2].mean(0), [0.025, 0.975])
    for bound, value in zip(("low", "high"), null, strict=True):
        assert pick(found, **one, quantity=f"null_{bound}", of="mean of listeners") == pytest.approx(value, 1e-5)
    assert pick(found, **one, quantity="within_ci_high", of="mean of listeners") == [0.85]
    assert pick(found, **one, quantity="within_p", of="mean of listeners") == [0.03]
    for name in ("previous", *MORE):
        given = [pick(found, **one, quantity=name, of=f"sub-{s}")[0] for s in ("01", "02")]
        np.testing.assert_allclose(given, first[name].values[:2], rtol=1e-5)
    assert set(found["model"]) == {"m", "other_model"} and pick(found, quantity="p_pair", of="roi - voxel").size == 2


@pytest.mark.parametrize(
    "who", [{"subs": ("01",), "noise": ()}, {"subs": ("05",)}, {"alone": True, "routes": ("roi",)}]
)
def test_identification_of_anyone(tmp_path, who):
    path = scores(tmp_path / "s.zarr", **who)
    identification.draw(scores=[path], **files(tmp_path))
    found = pd.read_csv(tmp_path / "F.tsv", sep="\t", na_values="n/a")
    assert np.isnan(pick(found, quantity="id_acc", of="mean of listeners")).all() == (who.get("subs") == ("05",))
    if who.get("alone"):
        genre_identification.draw(scores=[path], **files(tmp_path))


def test_scores_that_do_not_belong_are_refused(tmp_path, scored, stranger):
    for draw in (identification.draw, genre_identification.draw):
        with pytest.raises(HeschlError, match="no scores of identify given"):
            draw(scores=[], **files(tmp_path))
        with pytest.raises(HeschlError, match="no id_acc; wanted scores of identify"):
            draw(scores=[stranger], **files(tmp_path))
        with pytest.raises(HeschlError, match="given twice"):
            draw(scores=[scored[0]] * 2, **files(tmp_path))
        copy = scores(tmp_path / "copy.zarr")
        with pytest.raises(HeschlError, match="a second store of its model and split"):
            draw(scores=[scored[0], copy], **files(tmp_path))
    assert not list(tmp_path.glob("F.*"))


def test_the_published_rule_is_told_on_the_figure(scored):
    from matplotlib.figure import Figure

    one, axes = listeners.read(scored[:1])[0], Figure().add_subplot()
    listeners.warn_if_published(axes, [one])
    assert axes.get_title() == ""
    changed = one.found.assign_attrs(rule="as published: >= and itself")
    listeners.warn_if_published(axes, [listeners.Scored("m", changed)])
    assert "AS PUBLISHED" in axes.get_title()


def test_listeners_means_leave_nan_out():
    values = np.array([[1.0, np.nan, 3.0], [np.nan] * 3])
    np.testing.assert_array_equal(listeners.each(values), [2.0, np.nan])
    assert listeners.mean(values) == 2.0 and np.isnan(listeners.mean(values[1:]))


def test_genres_are_means_over_their_clips(draw_twice, scored):
    found = draw_twice(genre_identification.draw, scores=scored[:1])
    first = store.read(scored[0]).load()
    for name in ("id_acc", "within_genre"):
        for genre in GENRES:
            expected = first[name].sel({"sub": "02", "route": "roi"}).values[first["genre"].values == genre].mean()
            given = pick(
                found, quantity=name, genre=genre, sub="02" if found["sub"].dtype == object else 2, route="roi"
            )
            assert given == pytest.approx(expected, 1e-5)
    assert found[found["noise"]]["sub"].nunique() == 1
    mean = found[(found["sub"] == "mean") & (found["quantity"] == "within_genre") & (found["route"] == "roi")]
    expected = [first["within_genre"].sel({"route": "roi"}).values[:2].mean(), 0.4, 0.85, 0.03]
    np.testing.assert_allclose(mean[["value", "low", "high", "p"]].to_numpy()[0], expected, rtol=1e-5)


def test_ablation_holds_both_trainings(tmp_path, draw_twice, scored):
    ablated = scores(tmp_path / "g.zarr", split="leave_genre_out", routes=("roi",), seed=2)
    found = draw_twice(genre_ablation.draw, full=scored[0], ablated=ablated)
    assert set(found["route"]) == {"roi"} and set(found["genre"]) == {*GENRES, "all"}
    for kind, path in (("full", scored[0]), ("ablated", ablated)):
        values = store.read(path).load()["id_acc"].sel({"route": "roi"}).values[:2]
        assert pick(found, training=kind, genre="all", sub="mean") == pytest.approx(values.mean(), 1e-5)
        assert pick(found, training=kind, genre="metal", sub="mean") == pytest.approx(values[:, 2:4].mean(), 1e-5)


def test_ablation_refuses_what_cannot_be_compared(tmp_path, scored):
    strangers = scores(tmp_path / "s.zarr", subs=("07",), noise=())
    for other, says in ((scored[1], "of model other_model"), (strangers, "not the same sub")):
        with pytest.raises(HeschlError, match=says):
            genre_ablation.draw(full=scored[0], ablated=other, **files(tmp_path))


def test_alpha_curve_marks_the_peak(tmp_path, draw_twice):
    paths = [predictions(tmp_path, sub, route, 2) for sub in SUBS for route in ("roi", "voxel")]
    found = draw_twice(alpha_curve.draw, predictions=paths, noise_subjects=["05"])
    assert len(found) == 6 * 7 and found["best"].sum() == 6
    assert (found[found["best"]]["alpha"] == 1000).all()
    one = store.read(paths[0]).load()
    np.testing.assert_allclose(found["r"][:7], one["alpha_curve"].values.mean(0), rtol=1e-5)
    assert found["noise"].sum() == 14


def test_alpha_curve_of_one_penalty(tmp_path, draw_twice):
    found = draw_twice(alpha_curve.draw, predictions=[predictions(tmp_path, "01", "roi", n_alphas=1)])
    assert found["alpha"].tolist() == [20.0] and found["best"].all()


def test_alpha_curve_refuses_strangers(tmp_path, stranger):
    path = predictions(tmp_path, "01", "roi")
    for paths, says in (([], "no predictions"), ([stranger], "no alpha_curve"), ([path, path], "sub-01 again")):
        with pytest.raises(HeschlError, match=says):
            alpha_curve.draw(predictions=paths, **files(tmp_path))


def test_numbers_are_short():
    values = (0.05, -0.5, 1.0, -1.0, 0.996, -0.001, 0.0)
    assert [listeners.short(v) for v in values] == [".05", "−.50", "1.00", "−1.00", "1.00", ".00", ".00"]
    assert listeners.short(0.98049, 3) == ".980" and listeners.short(0.4, 1) == ".4"


def test_p_is_short():
    assert [listeners.p_text(p, "p") for p in (0.0123, 0.0004, 1.0, np.nan)] == [
        "p = .012",
        "p < .001",
        "p = 1.000",
        "",
    ]
    assert listeners.p_text(0.25, "") == ".250" and listeners.p_text(0.0001, "") == "< .001"
