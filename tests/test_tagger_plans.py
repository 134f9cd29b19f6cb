"""What would run to train the tagger, from each kind of corpus, or with weights that come with the clone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from houses import copy
from small_magnatagatune import table

from heschl.datasets import magnatagatune


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Path:
    return copy(tmp_path_factory.mktemp("plans") / "house")


def planned(house: Path, config: str, target: str, **changes: str) -> set[str]:
    """Return the rules that would make a target with a configuration, some of its lines changed."""
    text = (house / "config" / config).read_text()
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    (house / "mine.yaml").write_text(text)
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--configfile", "mine.yaml", "--dry-run", target]
    done = subprocess.run(command, cwd=house, capture_output=True, text=True, env=os.environ)
    assert done.returncode == 0, done.stdout + done.stderr
    return {line.split()[1].rstrip(":") for line in done.stdout.splitlines() if line.startswith("rule ")}


def test_windows_of_musicnn_are_made_where_they_are_learnt(house) -> None:
    target = "results/tagger_mid_styles/train/model-resnet18_scores.zarr"
    other = {"data/mid-styles-16k": "data/mini-styles-16k"}
    wanted = {"ingest_audio", "embed_tags", "embed_windows", "train_tagger"}
    assert planned(house, "tagger_mid_styles.yaml", target, **other) == wanted


def test_magnatagatune_is_gathered_and_nothing_is_tagged(house) -> None:
    rows = [(1, ["guitar"], "0/some_one-a_record-01-a_song-0-29.mp3")]
    table(house / "data/magnatagatune" / magnatagatune.TABLE, magnatagatune.TOP_TAGS, rows)
    target = "results/tagger_magnatagatune/train/model-resnet18_scores.zarr"
    assert planned(house, "tagger_magnatagatune.yaml", target) == {"gather_magnatagatune", "train_tagger"}


def test_weights_that_come_with_the_clone_need_no_training(house) -> None:
    target = "results/simulated_fmri/embed/model-resnet18_layers.zarr"
    assert planned(house, "config.yaml", target) == {"ingest_audio", "embed_layers"}


def test_without_them_it_is_trained(house) -> None:
    given = "  sources: {resnet18: data/tagger/resnet18_narrow_mid_styles.safetensors}"
    target = "results/simulated_fmri/embed/model-resnet18_layers.zarr"
    wanted = {"ingest_audio", "embed_tags", "train_tagger", "embed_layers"}
    assert planned(house, "config.yaml", target, **{given: "  bin_s: 0.15"}) == wanted
