"""The figure of the published test beside ours in groups that hear, answer every clip alike, or are noise."""

import numpy as np
import pytest

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import published_honest

from . import infer_stores as made


@pytest.fixture(scope="module")
def groups(tmp_path_factory, grid):
    folder = tmp_path_factory.mktemp("groups")
    worlds = {"noise": (0.0, 0.5), "hrf": (0.0, 0.8), "group": (0.12, 0.9)}
    return [made.group(folder / f"model-muq_mulan_{who}.zarr", grid, *world) for who, world in worlds.items()]


def test_counts_are_those_of_the_stores(draw_twice, groups):
    found = draw_twice(published_honest.draw, groups=groups).set_index(["group", "test"])
    names = ("pure noise", "same answer to every clip", "listeners")
    assert list(dict.fromkeys(name for name, _ in found.index)) == list(reversed(names))
    for path, name in zip(groups, names, strict=True):
        one = store.read(path).load()
        assert found.loc[(name, "published"), "n_found"] == one["published"].values.sum()
        assert found.loc[(name, "ours"), "n_found"] == (one["p_fwe"].values <= 0.05).sum()
        assert found.loc[(name, "published"), "share"] == pytest.approx(one["published"].values.mean(), rel=1e-4)
        least = one["t"].values[one["published"].values].min()
        assert found.loc[(name, "published"), "threshold"] == pytest.approx(least, rel=1e-4)
        assert found.loc[(name, "published"), "mean"] == pytest.approx(one["t"].values.mean(), rel=1e-4)


def test_our_threshold_is_where_the_family_wise_p_passes(tmp_path, groups):
    found = made.table_of(published_honest.draw, tmp_path, groups=groups).set_index(["group", "test"])
    largest = store.read(groups[0])["null_largest"].values
    least = found.loc[("pure noise", "ours"), "threshold"]
    p = [(1 + (largest >= value).sum()) / (1 + len(largest)) for value in (least - 1e-4, least + 1e-4)]
    assert p[0] > 0.05 >= p[1]


def test_one_listener_has_no_t(tmp_path, grid):
    alone = made.group(tmp_path / "model-category_group.zarr", grid, 0.12, 0.9, n_subjects=1)
    found = made.table_of(published_honest.draw, tmp_path, groups=[alone]).set_index("test")
    assert found.loc["published", "n_found"] == 0 and np.isnan(found.loc["published", "mean"])
    assert found.loc["ours", "n_found"] > 0


def test_nothing_found_has_no_threshold(tmp_path, grid):
    path = made.group(tmp_path / "model-a_noise.zarr", grid, 0.0, 0.5)
    empty = store.read(path).load()
    empty["published"][:] = False
    store.write(path, empty)
    found = made.table_of(published_honest.draw, tmp_path, groups=[path]).set_index("test")
    assert np.isnan(found.loc["published", "threshold"]) and found["n_found"].tolist() == [0, 0]


def test_a_group_of_another_name_is_refused(tmp_path):
    files = {"png": tmp_path / "a.png", "pdf": tmp_path / "a.pdf", "table": tmp_path / "a.tsv"}
    with pytest.raises(HeschlError, match="group 'drums'; wanted a name that ends in group, hrf, noise|'drums'"):
        published_honest.draw(groups=[tmp_path / "model-a_drums.zarr"], **files)
