"""The first numbers of the report are those of the stores."""

import numpy as np
import pytest

from heschl import store
from heschl.figures import headlines

from . import infer_stores as made


def said(path):
    return {line["label"]: (line["value"], line["note"]) for line in headlines.of(store.read(path).load())}


def test_layers_lead_with_what_passes_the_family_wise_test(tmp_path, grid, planted):
    path = made.layers(tmp_path / "model-a_layers.zarr", grid, planted)
    one, found = store.read(path).load(), said(path)
    among = (one["p_fwe"].values <= 0.05).any(1)
    assert found["voxels with a significant layer"][0] == f"{among.sum():,}"
    value, note = found["ρ given all other layers"]
    means = one["semipartial"].values[among].mean(0)
    assert float(value) == pytest.approx(means.max(), abs=0.0006) and note.startswith(f"layer {means.argmax() + 1},")
    assert "ρ given the controls (spectral)" in found


def test_layers_without_controls_or_findings(tmp_path, grid, planted):
    bare = made.layers(tmp_path / "model-a_layers.zarr", grid, planted, controls=())
    assert not any("controls" in label for label in said(bare))
    none = made.layers(tmp_path / "model-b_layers.zarr", grid, 0 * planted)
    assert said(none)["voxels with a significant layer"][0] == "0"


def test_regions_and_ceiling(tmp_path, grid, planted):
    (label, (value, note)), *_ = said(
        made.bootstrap(tmp_path / "a.zarr", ["L planum polare", "R Heschl's gyrus"])
    ).items()
    assert value == "9, 5" and label.endswith("L planum polare, R Heschl's gyrus") and "200 resamples" in note
    assert "L planum polare 8 to 10; R Heschl's gyrus 4 to 6" in note
    assert said(made.ceiling(tmp_path / "b.zarr", grid, planted))["noise ceiling of the comparison"][0] == ".15 to .20"
    assert not said(made.ceiling(tmp_path / "c.zarr", grid, planted, n_subjects=1))


def test_the_tagger_is_held_against_its_baseline(tmp_path, scores):
    found, one = said(scores), store.read(scores).load()
    value, note = found["ROC-AUC of the tagger"]
    assert float(value) == pytest.approx(float(one["macro_roc_auc"]), abs=0.0006) and "95 % CI" in note
    assert "not MagnaTagATune" in note
    value, note = found["ROC-AUC, tagger minus baseline"]
    assert value == "+.060" and "p < .001" in note
    one["difference"] = one["difference"] * np.nan
    store.write(tmp_path / "bare.zarr", one.map(lambda array: array.assign_attrs(units="1")))
    assert "ROC-AUC, tagger minus baseline" not in said(tmp_path / "bare.zarr")
