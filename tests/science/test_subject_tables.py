"""Stores in, named arrays out: nothing changes places."""

import numpy as np
import pytest
import xarray as xr
from subject_worlds import make, write

from heschl import store
from heschl.science import subject_tables as tables
from heschl.science.subject_scores import Answers

DIMS = ("session", "basis", "epoch", "component", "time")


def test_a_recording_comes_back_whatever_the_order_of_dimensions(tmp_path):
    made = make(n=2, n_epochs=8, sessions={"before": (), "after": ("drift",)})
    found = store.read(write(tmp_path, made)).load()
    again, about = tables.recording(found.transpose("time", "voxel", "part", "subject", "session", ...))
    for name in ("power", "noise", "n_epochs", "position"):
        np.testing.assert_array_equal(getattr(again, name), getattr(made, name))
    assert (again.sessions, again.parts) == (made.sessions, made.parts)
    assert about == {"subjects": ["01", "02"], "training": "before", "left_out": ["sub-09 has no session after"]}


def subject(sub: str, n_epochs: int, refused: str = "") -> xr.Dataset:
    series = np.random.default_rng(int(sub)).standard_normal((2, 2, n_epochs, 3, 10))
    coords = {"session": ["before", "after"], "run": ("epoch", ["1"] * n_epochs)}
    return xr.Dataset({"series": (DIMS, series)}, coords, {"sub": sub, "refused": refused})


def test_components_are_cut_to_what_all_have():
    stores = [subject("01", 6), subject("02", 0, "too few beats"), subject("03", 5)]
    series, runs, sessions, about = tables.components(stores)
    assert series.shape == (2, 2, 2, 5, 3, 10) and [len(r) for r in runs] == [5, 5] and sessions == ["before", "after"]
    np.testing.assert_array_equal(series[:, 0], stores[0]["series"].values[:, :, :5])
    assert about["left_out"] == ["too few beats"] and about["subjects"] == ["01", "03"]
    with pytest.raises(ValueError, match="1 of 2 subjects have epochs"):
        tables.components(stores[:2])


def test_scores_of_each_network_stand_where_it_was_trained():
    rng = np.random.default_rng(0)

    def answers(names):
        return {
            n: Answers(rng.dirichlet(np.ones(2), 9), rng.integers(2, size=9), rng.integers(4, size=9)) for n in names
        }

    names = ["train", "validation", "test", "after", "after_modelled", "after_corrected", "after_matched"]
    given = [answers(names) for _ in range(6)]
    loss = [np.full((2, 5), k) for k in range(6)]
    lead = {"split": ["published", "run"], "cluster": [0, 1, 2]}
    found = tables.scores(given, loss, lead, ["01", "02"], ["after"], ("voxel", 4))
    assert found["accuracy"].dims == ("split", "cluster", "evaluation") and found["undone"].values.tolist() == names[5:]
    assert found["undone_voxel_right"].dims == ("split", "cluster", "undone", "subject", "voxel")
    for k, one in enumerate(given):
        at = {"split": k // 3, "cluster": k % 3}
        assert (found["loss"].isel(at) == k).all()
        for name, prefix, axis in (("test", "", "evaluation"), ("after_matched", "undone_", "undone")):
            right = (one[name].probability.argmax(1) == one[name].subject).mean()
            np.testing.assert_allclose(found[f"{prefix}accuracy"].isel(at).sel({axis: name}), right)
    plain = tables.scores([answers(names[:4])], loss[:1], {"split": ["published"]}, ["01", "02"], ["after"])
    assert plain["evaluation"].values.tolist() == names[:4] and not any("undone" in name for name in plain)
