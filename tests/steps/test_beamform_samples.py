"""Samples and components of stores as `session` writes them: means of a loop, and nothing of what is tested is seen."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from heschl import store
from heschl.errors import HeschlError
from heschl.steps import beamform


def powers(folder: Path, sub: str, ses: str, shift: int = 0, n: int = 4, rate_hz: float = 100.0, refused="") -> Path:
    """Write a store as `session` does: voxels on a small cube, shifted along x."""
    rng = np.random.default_rng([int(sub), len(ses), n])
    index = np.argwhere(np.ones((3, 2, 2))) + [shift, 0, 0]
    power = rng.random((n, 12, 30)).astype("f4") * (1 + np.arange(12) % 5)[:, None] + index[:, :1]
    run = np.repeat(["run-1", "run-2"], [n - n // 2, n // 2])
    noise = np.full((2, 12, 30), 0.5, "f4")
    made = beamform._dataset(power, noise, index, 8.0, np.arange(30) / rate_hz, run, np.arange(n) * 3.2)
    made = beamform._nothing(8.0) if refused else made
    attrs = {"sub": sub, "ses": ses, "voxel_mm": 8.0, "head_model": "sphere", "measure": "power", "refused": refused}
    path = folder / f"sub-{sub}_ses-{ses}_power.zarr"
    store.write(path, made.assign_attrs(attrs | {"beat_s": 0.8} | ({} if refused else {"rate_hz": rate_hz})))
    return path


def sampled(folder: Path, paths: list[Path]) -> xr.Dataset:
    beamform.samples(power=paths, samples=folder / "samples.zarr", sessions=["before", "after"])
    return store.read(folder / "samples.zarr").load()


def pairs(folder: Path, *subs: str) -> list[Path]:
    return [powers(folder, sub, ses) for sub in subs for ses in ("before", "after")]


def test_samples_are_means_at_the_voxels_that_all_share(tmp_path):
    paths = [*pairs(tmp_path, "02"), powers(tmp_path, "01", "before", 1), powers(tmp_path, "01", "after")]
    found = sampled(tmp_path, paths)
    assert found["power"].dims == ("session", "subject", "part", "voxel", "time")
    assert found["subject"].values.tolist() == ["01", "02"] and found.sizes["voxel"] == 8
    assert np.array_equal(np.unique(found["index"][:, 0]), [1, 2]) and np.allclose(
        found["position"], found["index"] * 8
    )
    own = store.read(paths[0]).load()
    row = own["index"].values.tolist().index(found["index"].values[3].tolist())
    epochs = own["power"].values[:, row]
    got = found["power"].sel(session="before", subject="02")[:, 3]
    assert np.allclose(got.sel(part="all"), epochs.mean(0), rtol=1e-5)
    assert np.allclose(got.sel(part="run_2"), epochs[2:].mean(0), rtol=1e-5)
    assert np.allclose(got.sel(part="half_1"), epochs[::2].mean(0), rtol=1e-5)
    assert found["n_epochs"].sel(session="before", subject="02").values.tolist() == [4, 2, 2, 2, 2]
    assert (found["noise"] == 0.5).all() and found.attrs["left_out"] == []


def test_who_can_not_be_used_is_left_out_by_name(tmp_path, capsys):
    paths = pairs(tmp_path, "01", "02", "03")
    paths += [powers(tmp_path, "04", "before"), powers(tmp_path, "04", "after", refused="too few beats")]
    paths += [powers(tmp_path, "05", "before")]
    paths += [powers(tmp_path, "06", "before"), powers(tmp_path, "06", "after", rate_hz=90.0)]
    found = sampled(tmp_path, paths)
    assert found["subject"].values.tolist() == ["01", "02", "03"] and found.sizes["voxel"] == 12
    lines = found.attrs["left_out"]
    assert [line[:6] for line in lines] == ["sub-04", "sub-05", "sub-06"] and lines == capsys.readouterr().err.split(
        "\n"
    )[:3]
    assert "too few beats" in lines[0] and "no session after" in lines[1] and "90 Hz" in lines[2]


def test_one_subject_is_too_few(tmp_path):
    with pytest.raises(HeschlError) as error:
        sampled(tmp_path, [*pairs(tmp_path, "01"), powers(tmp_path, "02", "before")])
    assert "1 of 2 subjects are left: sub-02 has no session after" in str(error.value)


def test_heads_without_a_shared_voxel_are_refused(tmp_path):
    far = [powers(tmp_path, "02", ses, shift=9) for ses in ("before", "after")]
    with pytest.raises(HeschlError, match="share no voxel"):
        sampled(tmp_path, [*pairs(tmp_path, "01"), *far])


def test_components_of_the_session_and_of_training(tmp_path):
    paths = pairs(tmp_path, "02")
    own = [powers(tmp_path, "01", "before", n=6), powers(tmp_path, "01", "after", n=4)]
    sampled(tmp_path, paths + own)
    beamform.components(power=own, samples=tmp_path / "samples.zarr", components=tmp_path / "c.zarr", n_components=3)
    found = store.read(tmp_path / "c.zarr").load()
    assert found["series"].dims == ("session", "basis", "epoch", "component", "time")
    assert found["series"].shape == (2, 2, 4, 3, 30) and found["run"].values.tolist() == ["run-1"] * 2 + ["run-2"] * 2
    before, after = (store.read(path)["power"].values for path in own)
    learnt = np.concatenate(list(before[:3]), 1)  # the first of two runs
    mean, sd = learnt.mean(1)[:, None], learnt.std(1)[:, None]
    weight = found["training_weights"].values
    for ses, epochs in (("before", before[[0, 1, 3, 4]]), ("after", after)):
        wanted = np.stack([weight @ ((e - mean) / sd) for e in epochs])
        assert np.allclose(found["series"].sel(session=ses, basis="training"), wanted, atol=1e-4)
    scaled = (np.concatenate(list(after), 1) - np.concatenate(list(after), 1).mean(1)[:, None]) / after.std((0, 2))[
        :, None
    ]
    own_series = np.concatenate(list(found["series"].sel(session="after", basis="own").values), 1)
    assert np.allclose(own_series, found["weights"].sel(session="after").values @ scaled, atol=1e-4)
    shares = np.linalg.svd(scaled, compute_uv=False) ** 2 / (scaled**2).sum()
    assert np.allclose(found["explained"].sel(session="after"), shares[:3])


def test_training_components_do_not_see_what_is_tested(tmp_path):
    paths = pairs(tmp_path, "01", "02")
    sampled(tmp_path, paths)
    ask = {"samples": tmp_path / "samples.zarr", "n_components": 3}
    beamform.components(power=paths[:2], components=tmp_path / "a.zarr", **ask)
    changed = store.read(paths[0]).load()
    changed["power"][2:] = np.random.default_rng(5).random((2, 12, 30))  # the last run
    store.write(paths[0], changed)
    beamform.components(power=paths[:2], components=tmp_path / "b.zarr", **ask)
    a, b = (store.read(tmp_path / f"{name}.zarr").load() for name in "ab")
    assert np.array_equal(a["training_weights"], b["training_weights"])
    assert not np.allclose(a["weights"].sel(session="before"), b["weights"].sel(session="before"))


def test_components_of_one_who_is_left_out_are_none(tmp_path):
    odd = [powers(tmp_path, "03", "before"), powers(tmp_path, "03", "after", refused="damaged")]
    sampled(tmp_path, pairs(tmp_path, "01", "02") + odd)
    ask = {"samples": tmp_path / "samples.zarr", "components": tmp_path / "c.zarr"}
    beamform.components(power=odd, n_components=3, **ask)
    found = store.read(tmp_path / "c.zarr").load()
    assert found.sizes["epoch"] == 0 and "damaged" in found.attrs["refused"] and found.attrs["sub"] == "03"
    with pytest.raises(HeschlError, match="13 components of 12 voxels"):
        beamform.components(power=pairs(tmp_path, "01"), n_components=13, **ask)
