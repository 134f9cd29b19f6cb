"""Train the tagger on the corpus, or on MagnaTagATune.

The corpus has no tags of its own, so the 50 outputs learn the tag probabilities of musicnn, a published tagger; a
linear style head learns beside them and isn't kept. Whole tracks of every style are held out: a third of them chooses
the epoch, the rest is scored. Scores then say how well the network ranks clips by the tags that musicnn gives them:
agreement with musicnn, not accuracy on MagnaTagATune. With MagnaTagATune, tags and parts are those published.

A killed run leaves its checkpoint in a folder beside the weights, and the same call goes on from there: to
the same bits, on a CPU with the same number of threads.
"""

import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from heschl import store, training_sets
from heschl.datasets import magnatagatune
from heschl.errors import HeschlError
from heschl.science import mel_baseline, tag_scores, tagging
from heschl.training_sets import Corpus

if TYPE_CHECKING:
    from heschl.nets.excerpts import Recipe
    from heschl.nets.tagger import Tagger

N_PARAMETERS = 11_198_898
ONE = {"units": "1"}


def tagger(
    *,
    audio: Path,
    tags: Path | list[Path],
    windows: Path | list[Path],
    weights: Path,
    history: Path,
    scores: Path,
    corpus: str,
    variant: str,
    epochs: int,
    steps_per_epoch: int,
    batch: int,
    excerpt_samples: int,
    seed: int,
    validation_fraction: float,
    present_above: float,
    style_weight: float,
    patience: int,
    cover_all: bool,
    width: int,
    learning_rate: float,
    schedule: str,
    gain_db: float,
    speed_percent: float,
    devices: int,
    workers: int,
    compile: bool,
) -> None:
    """Train ResNet-18 on tags; score it, and a linear baseline, on tracks that neither ever saw.

    Writes weights (safetensors), history (per step and epoch) and scores (per tag, over all, per category). As
    published: batch 36, excerpts of 50,176 samples, width 64, style_weight 0, learning_rate 2e-4, all else the default.

    Parameters
    ----------
    audio : store of clips (clip, sample); with corpus "magnatagatune" the store that `gather` made
    tags : musicnn's probabilities (clip, tag), or [] for MagnaTagATune, which has its own
    windows : musicnn's probabilities for windows: then an excerpt learns what musicnn says of that very time; or []
    variant : of MagnaTagATune, full or clean
    validation_fraction : share of tracks held out; MagnaTagATune has its own parts
    present_above : probability from which a tag of musicnn counts as present when scored
    width : channels of the first stage; patience : epochs without a better ROC-AUC before the end
    learning_rate, schedule, gain_db, speed_percent, devices, workers, compile : see nets/excerpts.py

    Raises
    ------
    HeschlError
        If clips and tags don't match, an excerpt exceeds a clip, a batch can't be divided among the devices, or too
        little is left to hold out.
    """
    settings = {k: v for k, v in locals().items() if not isinstance(v, Path | list)}
    from heschl.nets.excerpts import Recipe
    from heschl.nets.resnet18_1d import save
    from heschl.nets.tagger import fit

    recipe = Recipe(**{name: settings[name] for name in Recipe.__dataclass_fields__})
    if corpus == "magnatagatune":
        found = training_sets.published(audio, variant)
    else:
        found = training_sets.styles(audio, tags, windows, present_above, validation_fraction, seed)
    _check(found, recipe)
    learner = _learner(found, recipe, cover_all, width)
    folder = _checkpoints(weights, settings, [audio, *_given(tags), *_given(windows)])
    fit(learner, folder)
    store.write(scores, _scores(learner, found))
    store.write(history, _history(learner))
    with store.atomic(weights) as temporary:
        temporary.parent.mkdir(exist_ok=True)
        save(temporary, learner.net, found.tags)
    shutil.rmtree(folder)


def _given(paths: Path | list[Path]) -> list[Path]:
    return paths if isinstance(paths, list) else [paths]


def _check(found: Corpus, recipe: "Recipe") -> None:
    """Refuse what can't be trained or scored before any time is spent."""
    if recipe.longest > found.heard.audio.shape[1]:
        wanted = f"wanted at most a clip's {found.heard.audio.shape[1]} samples"
        raise HeschlError("train: excerpt_samples", str(recipe.longest), wanted)
    if recipe.batch % recipe.devices:
        given = f"{recipe.batch} clips on {recipe.devices} devices"
        raise HeschlError("train: batch", given, "wanted as many on each", "Change batch or devices")
    for part in ("validation", "test"):
        n_with, n_without = tagging.counts(found.heard.present[found.split[part]])
        if not np.any((n_with > 0) & (n_without > 0)):
            given = f"no tag is in some of the {len(found.split[part])} {part} clips and not in others"
            raise HeschlError("train", given, "wanted one at least, to score", "Raise validation_fraction")


def _learner(found: Corpus, recipe: "Recipe", cover_all: bool, width: int) -> "Tagger":
    """Build the network, with exactly the published number of parameters at the published width."""
    from heschl.nets.resnet18_1d import ResNet18
    from heschl.nets.tagger import Tagger

    n_tags = len(found.tags)
    net = ResNet18(n_tags, width, cover_all, recipe.seed)
    if (n_tags, width) == (50, 64):
        assert sum(p.numel() for p in net.parameters()) == N_PARAMETERS
    return Tagger(net, *(found.heard.take(found.split[part]) for part in ("train", "validation")), recipe)


def _checkpoints(weights: Path, settings: dict, inputs: list[Path]) -> Path:
    """Name the folder of checkpoints by all that decides the weights: settings, inputs, code, torch."""
    import torch

    nets = [name for name in sorted(sys.modules) if name.startswith("heschl.nets.")]
    code = [Path(sys.modules[name].__file__).read_text() for name in nets]
    manifests = [(path / store.MANIFEST).read_text() for path in inputs]
    key = json.dumps([settings, manifests, code, torch.__version__], sort_keys=True)
    return weights.parent / "checkpoints" / hashlib.sha256(key.encode()).hexdigest()[:16]


def _scores(learner: "Tagger", found: Corpus) -> xr.Dataset:
    """Score the network and the linear baseline on clips of tracks that neither learnt."""
    rows, heard = found.split["test"], found.heard
    network, styles = learner.hear_whole(heard.take(rows))
    result = tag_scores.score(
        heard.present[rows],
        network,
        _baseline(found),
        found.track[rows],
        tags=found.tags,
        category=np.array(magnatagatune.category(found.tags)),
        frequency=heard.present[found.split["train"]].sum(0),
    )
    several = len(found.styles) > 1
    right = float(np.mean(styles.argmax(1) == heard.style.numpy()[rows])) if several else float("nan")
    names = result.category.pop("category")
    arrays = {name: ("tag", values, ONE) for name, values in result.tag.items()}
    arrays |= {name: ((), value, ONE) for name, value in (result.macro | {"style_accuracy": right}).items()}
    arrays |= {name: ("category", values, ONE) for name, values in result.category.items()}
    about = {
        "reference": found.reference,
        "baseline": "ridge regression from the mean and spread of a mel spectrogram",
        "n_clips": len(rows),
        "n_tracks": len(np.unique(found.track[rows])),
        "n_tags_tested": int(np.isfinite(result.tag["error"]).sum()),
        "chance_style": 1 / len(found.styles),
    }
    return xr.Dataset(arrays, {"tag": found.tags, "category": names.astype(str)}, about)


def _baseline(found: Corpus) -> np.ndarray:
    """Fit the linear baseline to the training clips; score the test clips, (clip, tag)."""
    heard, train, test = found.heard, found.split["train"], found.split["test"]
    features = {part: _mel(found, rows) for part, rows in (("train", train), ("test", test))}
    n_folds = min(mel_baseline.N_FOLDS, len(np.unique(found.track[train])))
    fitted = mel_baseline.fit(features["train"], heard.present[train], found.track[train], n_folds=n_folds)
    return mel_baseline.score(fitted, features["test"])


def _mel(found: Corpus, rows: np.ndarray) -> np.ndarray:
    return np.stack([mel_baseline.features(found.heard.sound(row).numpy(), found.rate_hz) for row in rows])


def _history(learner: "Tagger") -> xr.Dataset:
    """Loss per step; validation loss and ROC-AUC per epoch."""
    history = learner.history
    arrays = {
        "loss": ("step", history["step_loss"], {"units": "nat", "long_name": "tag and style loss"}),
        "validation_loss": ("epoch", history["validation_loss"], {"units": "nat", "long_name": "tag loss"}),
        "validation_auc": ("epoch", history["validation_auc"], {"units": "1", "long_name": "macro ROC-AUC"}),
    }
    coords = {"step": np.arange(1, len(history["step_loss"]) + 1)}
    coords["epoch"] = np.arange(1, len(history["validation_auc"]) + 1)
    return xr.Dataset(arrays, coords)
