"""The weights that come with the clone: small, of musicnn's tags, and of use on music that they never heard."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from heschl.datasets import mini_styles
from heschl.embeddings import musicnn, resnet18
from heschl.nets.resnet18_1d import LAYERS, load
from heschl.science import auc_tests
from heschl.science.tagging import macro, roc_auc

ROOT = Path(__file__).parents[2]
WEIGHTS = ROOT / "data/tagger/resnet18_narrow_mid_styles.safetensors"
PRESENT_ABOVE = 0.3


def learnt_tracks() -> set[str]:
    with (WEIGHTS.parent / "tracks.csv").open(encoding="utf-8") as file:
        return {row["track"] for row in csv.DictReader(file) if row["part"] != "test"}


@pytest.fixture(scope="module")
def unheard():
    """Clips of the embedded corpus whose tracks neither taught the network nor chose its epoch."""
    sound = mini_styles.load(ROOT / "data/mini-styles-16k")
    return sound.isel(clip=~np.isin(sound["track"].values, sorted(learnt_tracks())))


def test_they_are_small_and_say_what_they_are() -> None:
    net, tags = load(WEIGHTS)
    assert WEIGHTS.stat().st_size <= 8e6 and tags == list(musicnn.TAGS)
    assert all(torch.isfinite(value).all() for value in net.state_dict().values())
    notice = (WEIGHTS.parent / "NOTICE.md").read_text(encoding="utf-8")
    assert "MagnaTagATune" in notice and "held out" in notice


def test_they_agree_with_musicnn_on_tracks_that_they_never_heard(unheard) -> None:
    """On tracks of neither training nor validation, some of them of styles and sources that training never had."""
    audio, rate_hz = unheard["audio"].values[:, : 4 * 16_000], unheard.attrs["rate_hz"]
    assert len(audio) >= 30
    present = musicnn.tags(audio, rate_hz, ROOT / "data/musicnn/MTT_musicnn.safetensors") >= PRESENT_ABOVE
    net = load(WEIGHTS)[0]
    with torch.inference_mode():
        scores = torch.cat([net(torch.from_numpy(clip)[None]) for clip in audio]).numpy()
    mean, error = auc_tests.macro(present, scores, unheard["track"].values)
    assert macro(roc_auc(present, scores)) > 0.8 and mean - 1.96 * error > 0.7
    shuffled = present[np.random.default_rng(0).permutation(len(present))]
    assert abs(macro(roc_auc(shuffled, scores)) - 0.5) < 0.15


def test_they_embed_in_place_of_trained_ones(unheard) -> None:
    clip = unheard["audio"].values[:1, :64_000]
    layers, centres_s = resnet18.layers(clip, 16_000, WEIGHTS, bin_s=0.5)
    assert tuple(layers) == LAYERS and layers["tags"].shape == (1, 8, 50) and len(centres_s) == 8
    width = load(WEIGHTS)[0].options["width"]
    assert layers["conv5_2"].shape[2] == 8 * width
