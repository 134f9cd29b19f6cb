"""Methods text of neural_correlates: the tagger, the comparison of dissimilarities and its tests, and their limits.

Every function takes results (stores by file name) and method (settings; those of this study by name without section)
and returns the text of one stage.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

Results = dict[str, xr.Dataset]

LIMITS = (
    "The highest of several correlated layers is above zero even in noise, so maps of that maximum are read"
    " only where the permutation test, which takes the same maximum, rejects it.",
    "Layers of neighbouring depth see music alike: a best layer is a place on a gradient, not the only "
    "layer that fits.",
    "The family-wise test permutes clips, jointly in all participants: it speaks of these participants and "
    "these clips.",
    "Permuting clips takes them as exchangeable: those that follow each other in a run share slow noise, which "
    "repeats in other orders average out and a single run doesn't.",
)
INFERRED = (
    "Sign flips take participants as draws from a population and the clips as given; with fewer than five participants "
    "no map can pass at .05. Intervals of the bootstrap take clips as draws and participants as given.",
    "What a layer adds to the others is what a linear regression of ranks leaves: layers that are nearly alike leave "
    "each other nearly nothing, though each fits.",
)
TRAINED = (
    "Tagging scores are agreement with musicnn, not with people's annotations; they can't be compared with "
    "published scores."
)


def train(results: Results, method: dict[str, Any]) -> str:
    """Tell what the tagger learned, and how its scores were made."""
    text = (
        "A one-dimensional ResNet-18 (Thielen) was trained with Lightning on {targets}; whole tracks were held out to "
        "choose the epoch and to score it. Areas under the ROC curve have DeLong's intervals, with the clips of a "
        "track taken together; the mean over tags was compared with that of a linear map from the mel spectrum on the "
        "same clips."
    )
    targets = "the tag probabilities that musicnn gives to the clips" if by_musicnn(results) else "people's annotations"
    if given := method["sources"].get("resnet18"):
        text += f" Its layers weren't compared with the brain; those of {Path(given).name} were."
    return text.format(targets=targets)


def by_musicnn(results: Results) -> bool:
    """Tell whether the tagger's targets are musicnn's tags: so it is, unless its scores say otherwise."""
    said = [str(r.attrs["reference"]) for r in results.values() if "macro_roc_auc" in r and "reference" in r.attrs]
    return not said or any("musicnn" in one for one in said)


def compare(results: Results, method: dict[str, Any]) -> str:
    """Tell how dissimilarities were compared and tested."""
    groups = [r for name, r in results.items() if name.endswith("_group.zarr")]
    alone = {r.attrs["n_subjects"] for r in groups if "n_subjects" in r.attrs} == {1}
    test = f"over participants as published (spheres of {method['published_n_voxels']:,} voxels, all pairs of volumes, "
    test += "nothing removed; right-tailed t test, "
    test += f"false discovery rate {method['q']:g}) and "
    choices = ["in all pairs of volumes" if method["pairs"] == "all" else "in pairs of volumes of different clips"]
    choices += ["the mean over clips at each lag removed from both"] if method["remove_lag_mean"] else []
    choices += ["features z-scored over volumes"] if method["standardize"] else []
    return (
        f"In searchlights of the {method['n_voxels']:,} nearest grey-matter voxels, dissimilarities of volumes (1 − "
        "Spearman correlation) were compared with those of each layer by Spearman correlation, "
        f"{', '.join(choices)}. The maximum over layers was tested {'' if alone else test}against "
        f"{method['n_permutations']:,} joint permutations of the clip labels, with family-wise error controlled by the "
        "largest value over voxels and layers. Dissimilarity matrices can be exchanged with rsatoolbox."
    )


def infer(results: Results, method: dict[str, Any]) -> str:
    """Tell which tests every layer went through; nothing that wasn't run is told."""
    maps = [r for r in results.values() if "discovered" in r and "semipartial" in r]
    if not maps:
        return ""
    one, drawn = maps[0], [r for r in results.values() if "n_bootstrap" in r.attrs]
    given = " and, apart, given the controls ({})".format(", ".join(one.attrs["controls"]))
    parts = [
        "Every voxel and layer was tested over participants above its mean under permuted clips (right-tailed t test, "
        f"false discovery rate {one.attrs['q']:g} over voxels and layers together) and against the largest of all "
        "under permuted clips (family-wise)",
        "by sign flips over participants (family-wise over voxels and layers)" if _any(maps, "p_flip") else "",
        "with threshold-free cluster enhancement of the highest layer" if _any(maps, "p_fwe_enhanced") else "",
    ]
    text = "; ".join(part for part in parts if part) + ". What a layer adds was measured by semipartial and partial "
    text += f"rank correlation given all other layers{given if list(one.attrs['controls']) else ''}. "
    text += (
        "Noise ceilings are those of the mean over participants, with and without the participant. "
        if any("lower" in r and "upper" in r for r in results.values())
        else ""
    )
    return text + (_regions(drawn[0]) if drawn else "")


def _any(maps: list[xr.Dataset], name: str) -> bool:
    return any(name in one and bool(np.isfinite(one[name].values).any()) for one in maps)


def _regions(found: xr.Dataset) -> str:
    """Name the regions once, left or right."""
    names = list(dict.fromkeys(re.sub("^[LR] ", "", name) for name in found["region"].values.astype(str)))
    return (
        f"In regions of the Destrieux atlas ({', '.join(names)}), the mean correlation of each layer got percentile "
        f"intervals from {found.attrs['n_bootstrap']:,} resamples of the clips, a clip never paired with its own copy."
    )


def limits(ran: list[str], results: Results) -> list[str]:
    """List what the results of these stages can't say."""
    found = [TRAINED] if "train" in ran and by_musicnn(results) else []
    return found + list(LIMITS if "compare" in ran else ()) + list(INFERRED if "infer" in ran else ())
