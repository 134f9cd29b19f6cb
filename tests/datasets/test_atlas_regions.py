"""Regions by name: on the right side, in the right place, and a wrong name answered in one line."""

import numpy as np
import pytest

from heschl.datasets import atlas
from heschl.datasets.atlas_regions import SHORT, points_in
from heschl.errors import HeschlError


@pytest.fixture(scope="module")
def points_mm():
    """Every second millimetre around both auditory cortices."""
    return np.stack(np.meshgrid(np.arange(-74, 75, 2), np.arange(-50, 21, 2), np.arange(-20, 31, 2)), -1).reshape(-1, 3)


def test_auditory_regions_lie_where_they_are(points_mm):
    found = {name: points_mm[rows] for name, rows in points_in(points_mm, list(SHORT)).items()}
    assert list(found) == [f"{side} {name}" for name in SHORT.values() for side in "LR"]
    for name, mm in found.items():
        assert len(mm) > 20 and (np.sign(mm[:, 0]) == (-1 if name.startswith("L") else 1)).all()
    for side in "LR":
        polare, heschl, temporale = (found[f"{side} {name}"][:, 1].mean() for name in SHORT.values())
        assert polare > heschl > temporale


def test_points_carry_the_label_of_their_voxel(points_mm):
    destrieux = atlas.load("destrieux")
    found = points_in(points_mm, ["G_front_inf-Opercular", "G_temp_sup-Lateral"])
    assert list(found) == [f"{s} {n}" for n in ("G_front_inf-Opercular", "G_temp_sup-Lateral") for s in "LR"]
    for side, prefix in (("L", "ctx_lh_"), ("R", "ctx_rh_")):
        rows = found[f"{side} G_temp_sup-Lateral"]
        ijk = np.linalg.solve(destrieux.affine, np.c_[points_mm[rows], np.ones(len(rows))].T)[:3].T
        names = {destrieux.names[destrieux.volume[tuple(v)]] for v in np.rint(ijk).astype(int)}
        assert names == {f"{prefix}G_temp_sup-Lateral"}


@pytest.mark.parametrize(
    ("name", "said"), [("G_temp_sup-Plan_tempa", "Did you mean G_temp_sup-Plan_tempo?"), ("zzz", "There are G_")]
)
def test_an_unknown_region_is_one_line(name, said):
    with pytest.raises(HeschlError) as caught:
        points_in(np.zeros((1, 3)), [name])
    assert said in str(caught.value) and "infer.regions" in str(caught.value) and "\n" not in str(caught.value)
