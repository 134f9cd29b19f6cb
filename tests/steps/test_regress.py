"""Real listeners to a story: sound power is encoded in left posterior temporal cortex; s33 is refused by name."""

import shutil

import numpy as np
import pytest

from heschl import store
from heschl.datasets import alice_fmri_roi
from heschl.errors import HeschlError
from heschl.figures import story_encoding
from heschl.steps import regress

SETTINGS = {"radius": "6mm", "delays_tr": [0, 1, 2], "n_folds": 5, "high_pass_hz": 0.008, "seed": 0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A made-up copy of the layout: four listeners, one of them all zeros."""
    root, rng = tmp_path_factory.mktemp("story"), np.random.default_rng(0)
    (root / "6mm").mkdir()
    for k, name in enumerate(("s18", "s22", "s33", "s40")):
        power = np.convolve(rng.standard_normal(362), np.hanning(6), "same")
        bold = rng.standard_normal((362, 6)) + np.outer(power, [0, 0, 1, 0, 0, 0])
        np.savetxt(root / "6mm" / f"{name}-timecourses.txt", bold * (name != "s33"))
        for end in ("sndpwr", "rate"):
            np.savetxt(root / f"{name}-{end}.txt", power)
        np.savetxt(root / f"{name}-rp_epi_{k}.txt", rng.standard_normal((372, 6)))
    return root


def test_real_listeners_encode_sound_power(real_data, tmp_path, capsys):
    regress.story(folder=real_data / "alice-fmri-roi", encoding=tmp_path / "story.zarr", **SETTINGS)
    found = store.read(tmp_path / "story.zarr")
    assert "s33-timecourses.txt: s33 is all zeros" in capsys.readouterr().out
    assert found.sizes["subject"] == 27 and "s33" not in found["subject"].values
    region = found.sel(region="LPTL")
    assert float(region["t"]) > 6 and 0.08 < float(region["mean_r"]) < 0.25
    assert (np.abs(found["null_t"].values) < 4).all()


def test_the_silent_listener_is_left_out_by_name(folder, tmp_path):
    regress.story(folder=folder, encoding=tmp_path / "story.zarr", **SETTINGS)
    found = store.read(tmp_path / "story.zarr")
    assert found["subject"].values.tolist() == ["s18", "s22", "s40"]
    assert found.attrs["refused"] == ["6mm/s33-timecourses.txt: s33 is all zeros; left out. Fetch the file again"]
    assert float(found["mean_r"].sel(region="LPTL")) > 0.4
    files = {end: tmp_path / f"f.{end}" for end in ("png", "pdf")} | {"table": tmp_path / "f.tsv"}
    story_encoding.draw(encoding=tmp_path / "story.zarr", **files)
    lines = files["table"].read_text().splitlines()
    assert len(lines) == 7 and files["png"].stat().st_size > 10_000


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: shutil.rmtree(f / "6mm"), "no s##-timecourses.txt"),
        (lambda f: (f / "s18-sndpwr.txt").unlink(), "can't be read"),
        (lambda f: (f / "s18-rp_epi_0.txt").unlink(), "wanted motion parameters"),
        (lambda f: (f / "s18-sndpwr.txt").write_text("1\n2\n"), "s18: 2 volumes of sound_power"),
        (lambda f: (f / "6mm/s18-timecourses.txt").write_text("1 2\n"), "2 columns"),
        (lambda f: (f / "6mm/s18-timecourses.txt").write_text("nan " * 6), "aren't finite"),
    ],
)
def test_a_damaged_folder_is_refused_in_one_line(folder, tmp_path, spoil, message):
    copy = shutil.copytree(folder, tmp_path / "copy")
    spoil(copy)
    with pytest.raises(HeschlError, match=message) as caught:
        alice_fmri_roi.load(copy)
    assert "\n" not in str(caught.value)
