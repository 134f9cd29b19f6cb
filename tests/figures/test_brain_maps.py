"""Maps of the brain: sampling, orientation and the figures F8 and slices."""

import numpy as np
import pytest

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import brain, registration, surface_maps, volume_map


def test_volume_puts_values_back(grid):
    values = np.arange(len(grid.ijk), dtype=float)
    back = brain.volume(values, grid.ijk, grid.shape)
    np.testing.assert_array_equal(back[tuple(grid.ijk.T)], values)
    assert np.isfinite(back).sum() == len(values)


def test_surface_samples_where_the_vertex_is():
    """A volume that holds its own x, y, z coordinate gives each vertex its coordinate, within a voxel."""
    affine = np.diag([3.0, 3, 3, 1])
    affine[:3, 3] = [-98, -134, -72]
    xyz = np.stack(
        np.meshgrid(*(np.arange(n) * 3.0 + o for n, o in zip((67, 79, 64), affine[:3, 3], strict=True)), indexing="ij")
    )
    for hemisphere, sign in (("left", -1), ("right", 1)):
        surface = brain.mesh(hemisphere)
        for k in range(3):
            found = brain.to_surface(xyz[k], affine, hemisphere)
            np.testing.assert_allclose(found, (surface.pial + surface.white)[:, k] / 2, atol=2.5)
        assert sign * np.median(brain.to_surface(xyz[0], affine, hemisphere)) > 20


def test_surface_labels_are_never_mixed():
    grid = np.random.default_rng(0).choice([2.0, 9.0, np.nan], (67, 79, 64))
    affine = np.diag([3.0, 3, 3, 1])
    affine[:3, 3] = [-98, -134, -72]
    found = brain.to_surface(grid, affine, "left", mode=True)
    assert set(np.unique(found[np.isfinite(found)])) == {2.0, 9.0}


def test_views_face_the_right_way():
    """Seen from the left, the front is on the left; right, up and towards form a right-handed frame."""
    assert brain.VIEWS["lateral", "left"][0] == (1, -1)
    assert brain.VIEWS["lateral", "right"][0] == (1, 1)
    for right, up, towards in brain.VIEWS.values():
        frame = np.zeros((3, 3))
        for row, (axis, sign) in zip(frame, (right, up, towards), strict=True):
            row[axis] = sign
        assert np.linalg.det(frame) == pytest.approx(1), (right, up, towards)


def test_surface_maps(draw_twice, group):
    found = draw_twice(surface_maps.draw, group=group)
    values = store.read(group)["mean_max"].values
    assert found["mean_max_rho"].between(values.min() - 1e-4, values.max() + 1e-4).all()
    assert set(found["layer"]) <= set(range(1, 11))
    assert set(found["hemisphere"]) == {"left", "right"}


def test_surface_maps_of_one_layer(draw_twice, group_of_one_layer):
    given = {"views": ["lateral", "medial", "ventral"]}
    assert len(draw_twice(surface_maps.draw, group=group_of_one_layer, **given)) > 100


def test_surface_maps_without_any_significant_voxel(tmp_path, draw_twice, group):
    empty = store.read(group).load()
    empty["p_fwe"][:] = 1.0
    store.write(tmp_path / "empty.zarr", empty)
    assert len(draw_twice(surface_maps.draw, group=tmp_path / "empty.zarr")) == 0


def test_volume_map_lists_clusters_with_their_peaks(draw_twice, group):
    found = draw_twice(volume_map.draw, group=group)
    result = store.read(group)
    passed = result["p_fwe"].values <= 0.05
    assert found["n_voxels"].sum() == passed.sum()
    assert found["rho"].max() == pytest.approx(result["mean_max"].values[passed].max(), rel=1e-4)
    assert (np.abs(found["x_mm"][:2]) > 40).all()


def test_unknown_significance_is_named(tmp_path, group):
    files = {"png": tmp_path / "a.png", "pdf": tmp_path / "a.pdf", "table": tmp_path / "a.tsv"}
    with pytest.raises(HeschlError, match="published, fwe, none"):
        volume_map.draw(group=group, significance_rule="lucky", **files)
    assert not list(tmp_path.iterdir())


def test_registration_measures_overlap(draw_twice, anat, mni_bold):
    found = draw_twice(registration.draw, anat=anat, bold=mni_bold)
    assert len(found) == 3
    assert (found["brain_dice"] > 0.95).all()


def test_registration_needs_a_run_of_everyone(tmp_path, anat, mni_bold):
    files = {"png": tmp_path / "a.png", "pdf": tmp_path / "a.pdf", "table": tmp_path / "a.tsv"}
    with pytest.raises(HeschlError, match="no run of sub-02"):
        registration.draw(anat=anat, bold=mni_bold[:2], **files)
