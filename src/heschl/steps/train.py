"""Train the tagger on the corpus.

The 50 outputs learn the tag probabilities of musicnn, a published tagger, because the corpus has no tags of
its own; a linear style head learns beside them and isn't kept. Whole tracks of every style are held out: a
third of them chooses the epoch, the rest is scored. Scores say how well the network ranks clips by the tags
that musicnn gives them: agreement with musicnn, not accuracy on MagnaTagATune.

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

from heschl import store
from heschl.errors import HeschlError
from heschl.science import tagging
from heschl.science.splits import grouped_split

if TYPE_CHECKING:
    from heschl.nets.tagger import Examples, Recipe, Tagger

N_PARAMETERS = 11_198_898


def tagger(
    *,
    audio: Path,
    tags: Path,
    weights: Path,
    history: Path,
    scores: Path,
    epochs: int,
    steps_per_epoch: int,
    batch: int,
    excerpt_samples: int,
    seed: int,
    validation_fraction: float,
    present_above: float = 0.3,
    style_weight: float = 1.0,
    patience: int = 10,
    cover_all: bool = False,
    width: int = 64,
) -> None:
    """Train ResNet-18 on musicnn's tags and the corpus's styles; score it on tracks that it never saw.

    Reads audio (clip, sample) and tags (clip, tag); writes weights (safetensors), history (per step and
    epoch) and scores (per tag). A tag counts as present at a probability of `present_above`; `width` is the
    channels of the first stage; training stops once `patience` epochs brought no better ROC-AUC. As
    published: batch 36, excerpts of 50,176 samples, width 64, style_weight 0.

    Raises HeschlError if clips and tags don't match, an excerpt exceeds a clip, or too little is left to hold
    out.
    """
    settings = {k: v for k, v in locals().items() if not isinstance(v, Path)}
    from heschl.nets.resnet18_1d import save
    from heschl.nets.tagger import Recipe, fit

    heard, tag_names, style_names = _examples(audio, tags, present_above)
    split = _split(audio, heard, validation_fraction, excerpt_samples, seed)
    recipe = Recipe(epochs, steps_per_epoch, batch, excerpt_samples, style_weight, patience, seed)
    learner = _learner(heard, split, recipe, cover_all, width)
    folder = _checkpoints(weights, settings, [audio, tags])
    fit(learner, folder)
    store.write(scores, _scores(learner, heard.take(split["test"]), tag_names, style_names))
    store.write(history, _history(learner))
    with store.atomic(weights) as temporary:
        temporary.parent.mkdir(exist_ok=True)
        save(temporary, learner.net, tag_names)
    shutil.rmtree(folder)


def _examples(audio: Path, tags: Path, present_above: float) -> tuple["Examples", list[str], list[str]]:
    """Read clips, tags and styles; returns also the names of tags and styles."""
    import torch

    from heschl.nets.tagger import Examples

    sound, probability = store.read(audio), store.read(tags)
    if list(sound["clip"].values) != list(probability["clip"].values):
        raise HeschlError(
            tags, "its clips aren't those of the audio", f"wanted {sound.sizes['clip']} clips in its order"
        )
    style_names, style = np.unique(sound["style"].values, return_inverse=True)
    values = probability["tags"].values
    examples = Examples(
        torch.from_numpy(sound["audio"].values),
        torch.from_numpy(values.astype(np.float32)),
        values >= present_above,
        torch.from_numpy(style.astype(np.int64)),
    )
    return examples, [str(t) for t in probability["tag"].values], [str(s) for s in style_names]


def _split(
    audio: Path, heard: "Examples", validation_fraction: float, excerpt_samples: int, seed: int
) -> dict[str, np.ndarray]:
    """Hold out whole tracks of every style: a third of them to choose the epoch, the rest to score."""
    sound = store.read(audio)
    shares = {"validation": validation_fraction / 3, "test": validation_fraction * 2 / 3}
    split = grouped_split(sound["track"].values, sound["style"].values, shares, seed)
    _check(heard, split, excerpt_samples)
    return split


def _check(heard: "Examples", split: dict[str, np.ndarray], excerpt_samples: int) -> None:
    """Refuse what can't be trained or scored before any time is spent."""
    if excerpt_samples > heard.audio.shape[1]:
        wanted = f"wanted at most a clip's {heard.audio.shape[1]} samples"
        raise HeschlError("train: excerpt_samples", str(excerpt_samples), wanted)
    for part in ("validation", "test"):
        n_with, n_without = tagging.counts(heard.present[split[part]])
        if not np.any((n_with > 0) & (n_without > 0)):
            given = f"no tag is in some of the {len(split[part])} {part} clips and not in others"
            raise HeschlError("train", given, "wanted one at least, to score", "Raise validation_fraction")


def _learner(heard: "Examples", split: dict, recipe: "Recipe", cover_all: bool, width: int) -> "Tagger":
    """Build the network, with exactly the published number of parameters at the published width."""
    from heschl.nets.resnet18_1d import ResNet18
    from heschl.nets.tagger import Tagger

    n_tags = heard.tags.shape[1]
    net = ResNet18(n_tags, width, cover_all, recipe.seed)
    if (n_tags, width) == (50, 64):
        assert sum(p.numel() for p in net.parameters()) == N_PARAMETERS
    return Tagger(net, heard.take(split["train"]), heard.take(split["validation"]), recipe)


def _checkpoints(weights: Path, settings: dict, inputs: list[Path]) -> Path:
    """Name the folder of checkpoints by all that decides the weights: settings, inputs, code, torch."""
    import torch

    nets = [name for name in sorted(sys.modules) if name.startswith("heschl.nets.")]
    code = [Path(sys.modules[name].__file__).read_text() for name in nets]
    manifests = [(path / store.MANIFEST).read_text() for path in inputs]
    key = json.dumps([settings, manifests, code, torch.__version__], sort_keys=True)
    return weights.parent / "checkpoints" / hashlib.sha256(key.encode()).hexdigest()[:16]


def _predict(learner: "Tagger", audio: object) -> tuple[np.ndarray, np.ndarray]:
    """Hear whole clips (clip, sample): tag probabilities (clip, tag) and style logits (clip, style)."""
    import torch

    with torch.inference_mode():
        pooled = torch.cat([learner.net.pooled(clip[None].to(learner.device)) for clip in audio])
        return torch.sigmoid(learner.net.classify(pooled)).cpu().numpy(), learner.styles(pooled).cpu().numpy()


def _scores(learner: "Tagger", test: "Examples", tag_names: list[str], style_names: list[str]) -> xr.Dataset:
    """Score clips that training never saw: areas with intervals per tag, share of styles right."""
    tags, styles = _predict(learner, test.audio)
    n_with, n_without = tagging.counts(test.present)
    auc, pr = tagging.roc_auc(test.present, tags), tagging.pr_auc(test.present, tags)
    low, high = tagging.auc_interval(auc, n_with, n_without)
    z = tagging.auc_z(auc, n_with, n_without)
    per_tag = {
        "roc_auc": auc,
        "roc_auc_low": low,
        "roc_auc_high": high,
        "pr_auc": pr,
        "z": z,
        "n_present": n_with,
    }
    arrays = {name: ("tag", values, {"units": "1"}) for name, values in per_tag.items()}
    right = float(np.mean(styles.argmax(1) == test.style.numpy()))
    single = {"macro_roc_auc": tagging.macro(auc), "macro_pr_auc": tagging.macro(pr), "style_accuracy": right}
    arrays |= {name: ((), value, {"units": "1"}) for name, value in single.items()}
    about = {
        "reference": "tags by musicnn, not MagnaTagATune",
        "n_clips": len(tags),
        "chance_style": 1 / len(style_names),
    }
    return xr.Dataset(arrays, {"tag": tag_names}, about)


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
