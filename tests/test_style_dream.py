"""The study style_dream as a whole, on the embedded corpus: few folds and epochs, clips of a second, all figures."""

import wave
from pathlib import Path

import numpy as np
import pytest
from houses import change, copy, run

from heschl import store

SMALL = """
studies: [style_dream]
cut: {clip_s: 1}
tell: {n_folds: 2, epochs: 6, batch: 16}
dream: {n_clips: 1, max_iterations: 6}
"""


@pytest.fixture(scope="module")
def dreamt(tmp_path_factory) -> Path:
    """Run the study, small, in a folder whose name has a space."""
    house = copy(tmp_path_factory.mktemp("small dream"))
    change(house, SMALL)
    run(house)
    return house / "results/simulated_fmri"


def scores(dreamt: Path, split: str):
    return store.read(dreamt / f"tell/split-{split}_seed-0_scores.zarr").load()


def test_every_figure_has_its_table_and_the_report_plays_every_sound(dreamt):
    drawn = sorted(dreamt.glob("figures/style_dream/*.png"))
    assert len(drawn) == 11
    page = (dreamt / "report.html").read_text()
    for png in drawn:
        assert png.with_suffix(".pdf").stat().st_size > 1000
        assert len(png.with_suffix(".tsv").read_text().splitlines()) > 1
        assert png.with_suffix(".tsv").name in page
    sounds = sorted(dreamt.glob("dream/*/*.wav"))
    assert len(sounds) == 8 and all(f"{s.parent.name}/{s.name}" in page for s in sounds)


def test_styles_are_told_apart_and_shuffled_ones_are_not(dreamt):
    grouped, contiguous, permuted = (scores(dreamt, s) for s in ("track_grouped", "contiguous", "permuted"))
    assert grouped.attrs["leaks"] == 0 and contiguous.attrs["leaks"] > 0
    assert grouped.attrs["accuracy"] > 0.6 and contiguous.attrs["accuracy"] > 0.6
    assert permuted.attrs["ci_low"] < 0.5 and permuted.attrs["accuracy"] < 0.7
    answered = np.array(grouped.attrs["styles"])[grouped["answered"].values.astype(int)]
    assert (grouped["right"].values == (answered == grouped["style"].values)).all()


def test_objectives_rise_and_sounds_have_their_peak(dreamt):
    found = store.read(dreamt / "dream/audio.zarr").load()
    rise = np.diff(found["objective"].values, axis=-1)
    assert (rise[np.isfinite(rise)] >= 0).all()
    last = np.nanmax(found["objective"].values, -1)
    assert (last > 2 * found["objective"].values[..., 0]).all()
    for path in dreamt.glob("dream/dreams/*.wav"):
        with wave.open(str(path)) as sound:
            samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
            assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
        assert len(samples) == 8000 and abs(np.abs(samples.astype(float)).max() / 32767 - 0.9) < 0.001


def test_dreams_start_from_clips_that_the_network_has_not_learnt(dreamt):
    found, told = store.read(dreamt / "dream/audio.zarr"), scores(dreamt, "track_grouped")
    assert (told["fold"].values[found["clip"].values] == told["fold"].values.max()).all()
