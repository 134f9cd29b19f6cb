"""Cleaning agrees with nilearn and with least squares, and its confounds are the published ones."""

import numpy as np
import pytest

from heschl.science import cleaning

RNG = np.random.default_rng(0)
SERIES = RNG.normal(size=(90, 40)).cumsum(0) + 800
CONFOUNDS = RNG.normal(size=(90, 7)).cumsum(0)


def test_equals_nilearn():
    from nilearn.signal import clean

    wanted = clean(SERIES, detrend=True, confounds=CONFOUNDS, standardize="zscore_sample", standardize_confounds=True)
    assert np.allclose(cleaning.clean(SERIES, CONFOUNDS), wanted, atol=1e-6 * np.abs(wanted).max())


def test_equals_least_squares():
    design = np.column_stack([np.ones(90), np.arange(90), CONFOUNDS])
    rest = SERIES - design @ np.linalg.lstsq(design, SERIES, rcond=None)[0]
    assert np.allclose(cleaning.clean(SERIES, CONFOUNDS), rest / rest.std(0, ddof=1), atol=1e-5)


def test_repeated_and_empty_confounds_change_nothing():
    doubled = np.column_stack([CONFOUNDS, CONFOUNDS, np.zeros(90), np.full(90, np.nan)])
    assert np.allclose(cleaning.clean(SERIES, doubled), cleaning.clean(SERIES, CONFOUNDS), atol=1e-4)


def test_what_only_confounds_explain_is_nan_as_are_constant_and_missing_voxels():
    series = np.column_stack([SERIES[:, 0], 3 * CONFOUNDS[:, 0] + 5, np.full(90, 7.0), np.full(90, np.nan)])
    assert np.isnan(cleaning.clean(series, CONFOUNDS)).all(0).tolist() == [False, True, True, True]


def test_too_many_confounds_are_refused():
    with pytest.raises(ValueError, match="leave nothing"):
        cleaning.clean(SERIES, RNG.normal(size=(90, 88)))


def test_cosines_are_orthonormal_and_as_nilearn_makes_them():
    from nilearn.glm.first_level import make_first_level_design_matrix

    ours = cleaning.cosine_drifts(184, 1.5, 0.01)
    theirs = make_first_level_design_matrix(np.arange(184) * 1.5, drift_model="cosine", high_pass=0.01)
    theirs = theirs.filter(like="drift").to_numpy()
    assert ours.shape == theirs.shape and np.allclose(ours.T @ ours, np.eye(ours.shape[1]))
    assert np.allclose(np.abs((ours * theirs / np.linalg.norm(theirs, axis=0)).sum(0)), 1)


def test_no_cosines_without_a_high_pass():
    assert cleaning.cosine_drifts(50, 2.0, 0.0).shape == (50, 0)


def test_dvars_equals_nipype(tmp_path):
    import nibabel as nb
    from nipype.algorithms.confounds import compute_dvars

    series = (SERIES - SERIES.mean(0) + 800).astype("f4")
    nb.save(nb.Nifti1Image(series.T.reshape(8, 5, 1, 90), np.eye(4)), tmp_path / "bold.nii")
    nb.save(nb.Nifti1Image(np.ones((8, 5, 1), "u1"), np.eye(4)), tmp_path / "mask.nii")
    wanted = compute_dvars(str(tmp_path / "bold.nii"), str(tmp_path / "mask.nii"))[1]
    assert np.allclose(cleaning.dvars(series)[1:], wanted, rtol=1e-4) and cleaning.dvars(series)[0] == 0


def test_derivatives_start_at_zero():
    assert np.allclose(cleaning.derivatives(np.array([[1.0, 2], [4, 1]])), [[0, 0], [3, -1]])


def test_confounds_are_chosen_by_name_and_pattern():
    names = ["trans_x", "trans_x_derivative1", "rot_x", "dvars"]
    assert cleaning.choose(names, ["dvars", "trans_*"]) == [0, 1, 3]
    assert cleaning.choose(names, ["cosine_*"], may_lack=("cosine_00",)) == []
    with pytest.raises(ValueError, match=r"'tran_\*' matches none of trans_x"):
        cleaning.choose(names, ["tran_*"])
