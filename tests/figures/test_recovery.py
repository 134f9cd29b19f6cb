"""The figure of planted and recovered layers."""

import pytest

from heschl import store
from heschl.figures import recovery as figure


def test_recovery_tells_what_the_store_says(draw_twice, recovery, rsa):
    found = draw_twice(figure.draw, recovery=recovery, rsa=rsa).set_index(["quantity", "of"])["value"]
    wanted = store.read(recovery)
    assert found["agreement", "layer_mode all"] == pytest.approx(0.91)
    assert found["min_p_fwe", "03"] == pytest.approx(0.6)
    assert found["motion_error_mm", "r4"] == pytest.approx(float(wanted["motion_error_mm"][4]), rel=1e-4)
    both = (wanted["planted"].values > 0) & wanted["significant"].values
    assert found["voxels"].sum() == both.sum()
    assert found["largest_rho", "03"] < found["largest_rho", "01"]


def test_recovery_of_nothing(tmp_path, draw_twice, recovery, rsa):
    """No voxel is significant, nobody is noise: the figure says so and doesn't fail."""
    empty = store.read(recovery).load()
    empty["significant"][:] = False
    empty["agreement"][:] = float("nan")
    empty["is_noise"][:] = False
    store.write(tmp_path / "empty.zarr", empty)
    found = draw_twice(figure.draw, recovery=tmp_path / "empty.zarr", rsa=rsa)
    assert not (found["quantity"] == "voxels").any()
