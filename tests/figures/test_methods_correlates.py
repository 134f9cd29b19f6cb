"""Methods text of neural_correlates tells what was run, and only that."""

import pytest
import xarray as xr

from heschl import store
from heschl.figures import methods, methods_correlates

from . import infer_stores as made


@pytest.fixture
def results(tmp_path, grid, planted):
    """The three results of infer, of seven listeners."""
    made.layers(tmp_path / "layers.zarr", grid, planted)
    made.ceiling(tmp_path / "ceiling.zarr", grid, planted)
    made.bootstrap(tmp_path / "bootstrap.zarr")
    return {path.name: store.read(path) for path in tmp_path.glob("*.zarr")}


def test_every_test_that_ran_is_told(results):
    text = methods_correlates.infer(results, {})
    for words in ("false discovery rate 0.05", "sign flips", "cluster enhancement", "given the controls (spectral)",
                  "Noise ceilings", "planum polare, Heschl's gyrus, planum temporale", "200 resamples"):  # fmt: skip
        assert words in text
    assert "  " not in text and text.endswith(".")


def test_what_was_not_run_is_not_told(tmp_path, grid, planted):
    few = made.layers(tmp_path / "few.zarr", grid, planted, n_subjects=3, controls=(), enhanced=False)
    text = methods_correlates.infer({"few.zarr": store.read(few)}, {})
    for words in ("sign flips", "cluster", "controls", "ceilings", "resamples"):
        assert words not in text
    assert "semipartial" in text and methods_correlates.infer({}, {}) == ""


def test_infer_brings_what_it_stands_on_and_its_limits():
    ran = methods.stages(["results/demo/infer/model-a_layers.zarr"])
    assert ran == ["ingest", "preprocess", "embed", "compare", "infer", "draw"]
    limits = methods.limits(ran, {})
    assert any("Sign flips" in one for one in limits) and any("maximum" in one for one in limits)
    assert any("Threshold-free" in work for work in methods.works(ran))


@pytest.mark.parametrize(
    ("reference", "musicnn"),
    [("tags by musicnn, not MagnaTagATune", True), ("annotations of MagnaTagATune", False), (None, True)],
)
def test_the_targets_of_the_tagger_are_named(reference, musicnn):
    scores = xr.Dataset({"macro_roc_auc": ((), 0.9)}, attrs={"reference": reference} if reference else {})
    results = {"scores.zarr": scores}
    text = methods_correlates.train(results, {"sources": {}})
    assert ("musicnn" in text) == musicnn and "weren't compared" not in text
    assert (methods_correlates.TRAINED in methods.limits(["train"], {}, results)) == musicnn


def test_a_tagger_that_is_trained_beside_given_weights_is_told_apart_from_them():
    given = {"sources": {"resnet18": "data/tagger/narrow.safetensors"}}
    text = methods_correlates.train({}, given)
    assert "weren't compared with the brain; those of narrow.safetensors were" in text
