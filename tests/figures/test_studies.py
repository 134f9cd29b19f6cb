"""Figures F2 to F7: the table holds the numbers of the input, the files are whole, twice the same."""

import numpy as np
import pytest
from scipy import stats

from heschl import store
from heschl.figures import architecture, layer_counts, layer_rdms, motion, rho_histograms, tag_auc, timeline


def test_architecture(draw_twice):
    found = draw_twice(architecture.draw)
    assert found["layer"].dropna().tolist() == list(range(1, 11))
    assert found["length"].tolist() == [12_544, 3_136, 3_136, 3_136, 784, 784, 196, 196, 49, 49, 1]


def test_timeline(draw_twice, raw_bold):
    found = draw_twice(timeline.draw, bold=raw_bold)
    assert len(found) == 16
    first = store.read(raw_bold[0])
    assert found["clip"][:8].tolist() == first["event_clip"].values.tolist()
    np.testing.assert_allclose(found["onset_s"][:8], first["event_onset"].values)


def test_tag_auc_shows_the_scores_and_leaves_out_unknown_tags(draw_twice, scores):
    found = draw_twice(tag_auc.draw, scores=scores).set_index("tag")
    one = store.read(scores).load()
    for name in ("roc_auc", "baseline_auc", "error"):
        np.testing.assert_allclose(found[name].reindex(one["tag"].values), one[name].values, rtol=1e-5)
    assert found["roc_auc"].isna().sum() == 1
    mean = found.loc["mean of tags"]
    assert mean["roc_auc"] == pytest.approx(float(one["macro_roc_auc"]), rel=1e-5)
    assert mean["difference"] == pytest.approx(0.06) and mean["difference_p"] == pytest.approx(0.00002)


def test_tag_auc_without_a_baseline(tmp_path, draw_twice, scores):
    """A corpus too small for intervals: means and areas are drawn, the rest is left out."""
    one = store.read(scores).load()
    for name in one.data_vars:
        if name not in ("roc_auc", "macro_roc_auc", "n_present", "pr_auc"):
            one[name] = one[name] * np.nan
    one = one.map(lambda array: array.assign_attrs(units="1"))
    store.write(tmp_path / "bare.zarr", one)
    found = draw_twice(tag_auc.draw, scores=tmp_path / "bare.zarr").set_index("tag")
    assert np.isfinite(found.loc["mean of tags", "roc_auc"]) and np.isnan(found.loc["mean of tags", "difference"])


def test_timeline_of_many_runs_fits_a_page():
    assert timeline.row_inches(4) == timeline.row_inches(20) > timeline.row_inches(63)
    assert 112 * timeline.row_inches(112) <= 8  # inches: seven listeners, sixteen runs each


def test_layer_rdms_are_one_minus_spearman(draw_twice, model_features):
    found = draw_twice(layer_rdms.draw, features=model_features, standardize=False, remove_lag_mean=False)
    values = store.read(model_features)["layer-04"].values
    row = found.query("volume_a == 3 and volume_b == 17").iloc[0]
    assert row["layer-04"] == pytest.approx(1 - stats.spearmanr(values[3], values[17]).statistic, abs=1e-5)
    assert len(found) == 32 * 31 // 2


def test_layer_rdms_of_a_model_with_one_layer(draw_twice, features_of_one_layer):
    found = draw_twice(layer_rdms.draw, features=features_of_one_layer)
    assert [c for c in found if c.startswith("layer")] == ["layer-01"]


def test_rho_histograms_average_listeners(draw_twice, rsa):
    found = draw_twice(rho_histograms.draw, rsa=rsa)
    mean = np.mean([store.read(p)["rho"].values for p in rsa], axis=0)
    np.testing.assert_allclose(found["mean"], mean.mean(0), rtol=1e-4)
    np.testing.assert_allclose(found["sd"], mean.std(0, ddof=1), rtol=1e-4)


def test_rho_histograms_beside_the_published_comparison(draw_twice, rsa):
    found = draw_twice(rho_histograms.draw, rsa=rsa[:1], published=rsa[1:2])
    ours, theirs = (store.read(path)["rho"].values for path in rsa[:2])
    skewness = [stats.moment(v, 3) / v.std() ** 3 for v in ours.astype(float).T]
    np.testing.assert_allclose(found["skewness"], skewness, rtol=1e-3)
    np.testing.assert_allclose(found["published_mean"], theirs.mean(0), rtol=1e-4)
    np.testing.assert_allclose(found["published_above_zero"], (theirs > 0).mean(0), rtol=1e-4)


def test_rho_histograms_match_voxels_by_place(tmp_path, draw_twice, rsa):
    """The same listener with voxels in another order, one missing, changes nothing but that voxel."""
    shuffled = store.read(rsa[0]).load().isel(voxel=np.random.default_rng(0).permutation(500))
    store.write(tmp_path / "sub-02_rsa.zarr", shuffled.drop_attrs(deep=False).assign_attrs(store.read(rsa[0]).attrs))
    found = draw_twice(rho_histograms.draw, rsa=[rsa[0], tmp_path / "sub-02_rsa.zarr"])
    assert found["n_voxels"].tolist() == [500] * 10
    np.testing.assert_allclose(found["mean"], shuffled["rho"].values.mean(0), rtol=1e-4)


def test_layer_counts_split_hemispheres(draw_twice, group, xyz):
    found = draw_twice(layer_counts.draw, group=group, significance_rule="fwe")
    result = store.read(group)
    passed, layer = result["p_fwe"].values <= 0.05, result["layer_argmax_of_mean"].values
    assert found["left"].tolist() == [int((passed & (xyz[:, 0] < 0) & (layer == k)).sum()) for k in range(1, 11)]
    assert found[["left", "right", "midline"]].to_numpy().sum() == passed.sum()


def test_motion(draw_twice, mni_bold):
    found = draw_twice(motion.draw, bold=mni_bold)
    first = store.read(mni_bold[0])
    np.testing.assert_allclose(found["x_mm"][:92], first["motion"].values[:, 0], rtol=1e-4)
    assert len(found) == 6 * 92
