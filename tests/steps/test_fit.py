"""The clockwork network follows a component, and only of a subject that has one."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from heschl import store
from heschl.errors import HeschlError
from heschl.steps import fit


def components(folder: Path, sub: str, n_epochs: int) -> Path:
    time = np.arange(200) / 260.375
    wave = np.sin(2 * np.pi * 3 * time) * 5e3
    series = np.stack([wave, wave * 0])[None, None, None].repeat(2, 0).repeat(2, 1).repeat(n_epochs, 2)
    series = series + np.random.default_rng(int(sub)).standard_normal(series.shape)
    dims = ("session", "basis", "epoch", "component", "time")
    coords = {"session": ["before", "after"], "basis": ["own", "training"], "time": time}
    attrs = {"sub": sub, "refused": "" if n_epochs else f"sub-{sub}: too few beats"}
    arrays = xr.Dataset({"series": (dims, series.astype("f4"), {"units": "1"})}, coords, attrs)
    store.write(folder / f"sub-{sub}_components.zarr", arrays.assign_coords(run=("epoch", ["1"] * n_epochs)))
    return folder / f"sub-{sub}_components.zarr"


def test_the_output_approaches_the_component(tmp_path):
    paths, out = [components(tmp_path, sub, n) for sub, n in (("01", 0), ("02", 4))], tmp_path / "series.zarr"
    fit.series(components=paths, fit=out, iterations=300, keep=[0, 150, 300], seed=1)
    found = store.read(out).load()
    assert found.attrs["sub"] == "02" and found.attrs["periods"] == [1, 2, 4, 8, 16, 32, 64]
    assert found["output"].sizes == {"kept": 3, "time": 200} and found["kept"].values.tolist() == [0, 150, 300]
    assert np.abs(found["target"]).max() == 1
    assert np.corrcoef(found["target"], np.sin(6 * np.pi * found["time"]))[0, 1] > 0.99
    error = np.square(found["output"] - found["target"]).mean("time").values
    np.testing.assert_allclose(error[:2], found["loss"].values[[0, 150]], rtol=1e-4)
    assert error[2] < 0.6 * error[0]


def test_refusals(tmp_path):
    path, out = components(tmp_path, "01", 4), tmp_path / "series.zarr"
    with pytest.raises(HeschlError, match="none of 1 subjects has epochs"):
        fit.series(components=[components(tmp_path, "02", 0)], fit=out, iterations=2, keep=[1], seed=0)
    with pytest.raises(HeschlError, match="sub-01: keep.*wanted 0 to 2"):
        fit.series(components=[path], fit=out, iterations=2, keep=[3], seed=0)
