"""A real brain: one run of studyforrest, from raw BIDS to the report."""

import numpy as np
import pytest
from houses import copy, run

from heschl import store
from heschl.science.spheres import world_mm


@pytest.mark.real
def test_categories_are_found_in_the_occipital_and_temporal_cortex(real_data, tmp_path):
    """One run of studyforrest: the best searchlights lie in visual cortex, significant by permutation of blocks.

    The bounds hold occipital and posterior temporal cortex, and were drawn knowing the result: a guard, no evidence.
    """
    house = copy(tmp_path / "a real brain")
    config = house / "config/studyforrest.yaml"
    text = config.read_text()
    assert "../shared/data" in text
    config.write_text(text.replace("../shared/data", str(real_data.resolve())))
    run(house, "--configfile", "config/studyforrest.yaml")
    found = store.read(house / "results/studyforrest/compare/model-category_group.zarr").load()
    rho, xyz = found["mean_max"].values, world_mm(found["ijk"].values, found["affine"].values)
    x, y, z = xyz[np.nanargmax(rho)]
    assert y < -40 and z < 25, f"the peak is at {x:.0f}, {y:.0f}, {z:.0f} mm"
    best = xyz[rho >= np.quantile(rho, 0.995)]
    assert np.mean((best[:, 1] < -40) & (best[:, 2] < 30)) > 0.9
    assert found["p_fwe"].values.min() <= 0.05
    assert (house / "results/studyforrest/report.html").stat().st_size > 100_000
