"""Heads have scalp, skull and brain; the published map is planted in three regions of an atlas, in grey matter."""

import numpy as np
import pytest
from scipy.ndimage import distance_transform_edt

from heschl.datasets import atlas
from heschl.datasets import simulated_fmri as fmri
from heschl.datasets import simulated_head as head
from heschl.science import scanner


def test_the_head_has_scalp_skull_and_brain():
    anatomy = fmri.random_anatomy(fmri.stream(0, "01", "anatomy"))
    image, affine = head.t1_image(anatomy, 4.0, np.random.default_rng(0))
    depth = head.sample(head._depth(), anatomy.to_mni(scanner.grid_mm(image.shape, affine)), 2.0, 60.0)
    brain, skull, scalp = (np.median(image[(depth >= a) & (depth <= b)]) for a, b in ((0, 0), (7, 8.5), (11, 13)))
    assert skull < 0.4 * scalp and skull < 0.4 * brain


@pytest.fixture(scope="module")
def destrieux():
    """The atlas, and the number of each region of the superior temporal gyrus: {(region, is_left): number}."""
    found = atlas.load("destrieux")
    number = {name: n for n, name in found.names.items()}
    sides = {True: "lh", False: "rh"}
    regions = ("Plan_polar", "G_T_transv", "Plan_tempo")
    return found, {
        (k, is_left): number[f"ctx_{side}_G_temp_sup-{name}"]
        for k, name in enumerate(regions, 1)
        for is_left, side in sides.items()
    }


def test_regions_are_those_of_the_atlas_front_to_back(destrieux):
    found, numbers = destrieux
    for (region, is_left), number in numbers.items():
        mm = np.argwhere(found.volume == number) @ found.affine[:3, :3].T + found.affine[:3, 3]
        at, position, left = head.stg_regions(mm)
        assert len(mm) > 200 and np.all(at == region) and np.all(left == is_left) and np.all((mm[:, 0] < 0) == is_left)
        assert (position.min(), position.max()) == (0, 1) and np.corrcoef(position, mm[:, 1])[0, 1] < -0.999999
    assert not head.stg_regions(np.array([[0.0, 0, 0], [-40, 40, 30], [50, -20, 60]]))[0].any()


def test_points_beside_a_region_belong_to_its_nearest_voxel(destrieux):
    found, numbers = destrieux
    volume = np.zeros(found.volume.shape, int)
    for (region, is_left), number in numbers.items():
        volume[found.volume == number] = 2 * region - is_left
    assert np.allclose(found.affine[:3, :3] @ found.affine[:3, :3].T, np.eye(3))  # 1 mm: voxels are millimetres
    distance, nearest = distance_transform_edt(volume == 0, return_indices=True)
    ijk = np.argwhere(np.ones(volume.shape[:3], bool))[::7]
    at, _, is_left = head.stg_regions(ijk @ found.affine[:3, :3].T + found.affine[:3, 3])
    far = distance[tuple(ijk.T)]
    assert np.array_equal(at > 0, far < head.REACH_MM)
    tie = np.zeros(len(ijk), bool)
    expected = volume[tuple(nearest[(slice(None), *ijk.T)])]
    tie[(at > 0) & (expected != 2 * at - is_left)] = True
    assert tie.sum() < 0.02 * (at > 0).sum()  # as near to a voxel of another region


def test_the_published_map_is_planted_in_the_grey_matter_of_the_atlas():
    layer, affine = head.truth_on_grid(3.0, "stg_atlas", 10)
    mm = scanner.grid_mm(layer.shape, affine)
    region, _, is_left = head.stg_regions(mm)
    ranges = {1: (7, 10), 2: (5, 7), 3: (9, 10)}
    for at, (least, most) in ranges.items():
        here = {side: layer[(region == at) & (is_left == side) & (layer > 0)] for side in (True, False)}
        assert min(len(v) for v in here.values()) > 20
        assert min(v.min() for v in here.values()) >= least and max(v.max() for v in here.values()) <= most
        assert 0.5 < here[True].mean() - here[False].mean() < 1.5
    assert not layer[region == 0].any() and 0.3 < np.mean(layer[region > 0] > 0) <= 1
    for axis in range(3):  # neighbours in a region are alike
        a, b = (np.moveaxis(v, axis, 0) for v in (layer, region * (1 + is_left)))
        both = (b[1:] == b[:-1]) & (a[1:] > 0) & (a[:-1] > 0)
        assert np.abs(np.diff(a.astype(int), axis=0))[both].max() <= 1
