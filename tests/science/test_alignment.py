"""Maps between listeners against scipy and scikit-learn, and what may not shape them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import orthogonal_procrustes
from sklearn.linear_model import Ridge

from heschl.science import alignment

CLIP = np.repeat(np.arange(12), 5)


@pytest.fixture(scope="module")
def rows():
    """Return three subjects (row, voxel) that mix the same 4 latents at random, in two parcels of 15 voxels."""
    rng = np.random.default_rng(0)
    latent = rng.standard_normal((60, 4))
    return [latent @ rng.standard_normal((4, 30)) + 0.3 * rng.standard_normal((60, 30)) for _ in range(3)]


PARCEL = np.arange(30) % 2


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 9999), st.integers(1, 4), st.integers(10, 60))
def test_parcels_are_pieces_of_one_name_and_not_too_large(seed, n_names, largest):
    rng = np.random.default_rng(seed)
    ijk = rng.permutation(np.stack(np.unravel_index(np.arange(9 * 8 * 7), (9, 8, 7)), 1))[:300]
    names = rng.integers(0, n_names, 300).astype(str)
    parcel = alignment.parcel_numbers(names, ijk, largest)
    assert sorted(set(parcel) - {-1}) == list(range(parcel.max() + 1))
    for number in range(parcel.max() + 1):
        assert len(set(names[parcel == number])) == 1
        assert alignment.SMALLEST_PARCEL <= (parcel == number).sum() <= largest
    if largest >= 2 * alignment.SMALLEST_PARCEL:  # no halving then goes below the smallest
        assert all((names[parcel < 0] == n).sum() in (0, (names == n).sum()) for n in set(names))


def test_small_parcels_are_left_out():
    names = np.array(["small"] * 9 + ["large"] * 10)
    parcel = alignment.parcel_numbers(names, np.arange(57).reshape(19, 3))
    np.testing.assert_array_equal(parcel, [-1] * 9 + [0] * 10)


def test_procrustes_agrees_with_scipy(rows):
    maps = alignment.fit_maps(rows, PARCEL, "procrustes", CLIP, 0)
    mapped = alignment.transform(maps[2], rows[2])
    for p in (0, 1):
        source, reference = rows[2][:, PARCEL == p], rows[0][:, PARCEL == p]
        rotation, scale = orthogonal_procrustes(source, reference)
        expected = source @ rotation * scale / np.sum(source**2)
        np.testing.assert_allclose(mapped[:, 15 * p : 15 * (p + 1)], expected, atol=1e-8)


def test_ridge_agrees_with_scikit_learn_at_its_alpha(rows):
    maps = alignment.fit_maps(rows, PARCEL, "ridge", CLIP, 0)
    for voxels, piece in maps[1]:
        assert piece.R.alpha_ in alignment.RIDGE_ALPHAS
        expected = Ridge(alpha=piece.R.alpha_).fit(rows[1][:, voxels], rows[0][:, voxels]).predict(rows[1][:, voxels])
        np.testing.assert_allclose(piece.transform(rows[1][:, voxels]), expected, atol=1e-8)


def test_the_reference_stays_as_it_is(rows):
    order = np.argsort(PARCEL, kind="stable")
    for method in set(alignment.METHODS) - {"srm"}:
        mapped = alignment.transform(alignment.fit_maps(rows, PARCEL, method, CLIP, 0)[0], rows[0])
        np.testing.assert_array_equal(mapped, rows[0][:, order])


def test_srm_finds_the_shared_response(rows):
    """Subjects that mix the same latents agree in the shared space, in rows that the maps didn't see, too."""
    train, test = CLIP < 9, CLIP >= 9
    maps = alignment.fit_maps([r[train] for r in rows], PARCEL, "srm", CLIP[train], 0)
    a, b = (alignment.transform(m, r[test]) for m, r in zip(maps[1:], rows[1:], strict=True))
    assert np.corrcoef(a.ravel(), b.ravel())[0, 1] > 0.7
    raw = np.corrcoef(rows[1][test].ravel(), rows[2][test].ravel())[0, 1]
    assert abs(raw) < 0.3
    for voxels, piece in maps[0]:
        assert piece.Wt.shape == (len(voxels), len(set(CLIP[train])))
        np.testing.assert_allclose(piece.Wt.T @ piece.Wt, np.eye(9), atol=1e-8)


@pytest.mark.parametrize("method", alignment.METHODS)
def test_the_left_out_shapes_no_other_map_and_nothing_is_random(rows, method):
    before = np.random.get_state()[1].copy()
    first = alignment.fit_maps(rows, PARCEL, method, CLIP, 7)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
    np.random.random(3)
    again = alignment.fit_maps([*rows[:2], rows[2][::-1]], PARCEL, method, CLIP, 7)
    same = alignment.fit_maps(rows, PARCEL, method, CLIP, 7)
    for s in (0, 1):
        np.testing.assert_array_equal(alignment.transform(first[s], rows[s]), alignment.transform(again[s], rows[s]))
    np.testing.assert_array_equal(alignment.transform(first[2], rows[2]), alignment.transform(same[2], rows[2]))


def test_optimal_transport_undoes_a_permutation_of_voxels():
    rng = np.random.default_rng(1)
    rows, order = rng.standard_normal((60, 20)), rng.permutation(20)
    maps = alignment.fit_maps([rows, rows[:, order]], np.zeros(20, int), "ot", CLIP, 0)
    np.testing.assert_allclose(alignment.transform(maps[1], rows[:, order]), rows, atol=0.05)


def test_unknown_method_is_refused(rows):
    with pytest.raises(ValueError, match="no alignment method 'magic'"):
        alignment.fit_maps(rows, PARCEL, "magic", CLIP, 0)
