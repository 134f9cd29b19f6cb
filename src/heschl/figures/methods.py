"""Methods text of the report: a paragraph for each stage that ran, the works to cite, and known limits."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import xarray as xr


class Stage(NamedTuple):
    """What a stage did, {words} left open, and the keys of the works to cite for it."""

    text: str
    cites: tuple[str, ...]


STAGES = {
    "simulate": Stage(
        "Listeners were simulated: heads with tissue contrast, real music as stimuli, voxels of the "
        "superior temporal gyrus driven by single units of known network layers, haemodynamics, head "
        "motion, slice timing, drifts and noise. The recordings were written as a raw BIDS dataset; the "
        "truth was kept apart from it. Some listeners are pure noise.",
        ("bids",),
    ),
    "ingest": Stage(
        "Recordings were read as the Brain Imaging Data Structure describes them, and checked before use.",
        ("bids", "xarray"),
    ),
    "preprocess": Stage(
        "T1-weighted images were skull-stripped with deepbet, corrected for bias (N4), segmented (Atropos) "
        "and normalised to the symmetric ICBM 2009a template with ANTs. Head motion was estimated by "
        "Gauss-Newton rigid registration, {slices}, the BOLD reference registered to the T1-weighted image, and "
        "all spatial transforms joined into one interpolation. Engines ran as nipype workflows. A linear trend "
        "and confounds (by fMRIPrep's names: {confounds}) were regressed from each run and voxels z-scored; "
        "framewise displacement and aCompCor components stand beside them in the results. Runs were cut into "
        "trials, and clips heard more than once averaged.",
        ("nipype", "ants", "n4", "atropos", "syn", "deepbet", "icbm", "nilearn", "power", "compcor"),
    ),
    "train": Stage(
        "A one-dimensional ResNet-18 (Thielen) was trained with Lightning on the tag probabilities that "
        "musicnn gives to the clips; whole tracks were held out to choose the epoch and to score it.",
        ("thielen", "resnet", "musicnn", "lightning"),
    ),
    "embed": Stage(
        "{embedded}",
        ("thielen",),
    ),
    "compare": Stage(
        "In searchlights of the {n_voxels} nearest grey-matter voxels, dissimilarities of volumes (1 - Spearman "
        "correlation) were compared with those of each layer by Spearman correlation, {choices}. The maximum "
        "over layers was tested {published}against {n_permutations} joint permutations of the clip labels, with "
        "family-wise error controlled by the largest value over voxels and layers. Dissimilarity matrices can "
        "be exchanged with rsatoolbox.",
        ("rsa", "searchlight", "rsatoolbox", "bh", "nichols", "phipson", "thielen"),
    ),
    "draw": Stage(
        "Surface maps use fsaverage5 as shipped with nilearn, read at MNI coordinates as they are. Snakemake ran "
        "every step.",
        ("nilearn", "fsaverage", "snakemake"),
    ),
}
NEEDS = {"compare": ("ingest", "preprocess", "embed"), "embed": ("ingest",), "train": ("ingest", "embed")}

WORKS = {
    "ants": (
        "Avants BB et al. (2011). A reproducible evaluation of ANTs similarity metric performance in brain "
        "image registration. NeuroImage 54:2033-2044."
    ),
    "atropos": (
        "Avants BB et al. (2011). An open source multivariate framework for n-tissue segmentation. "
        "Neuroinformatics 9:381-400."
    ),
    "bh": "Benjamini Y, Hochberg Y (1995). Controlling the false discovery rate. J R Stat Soc B 57:289-300.",
    "bids": "Gorgolewski KJ et al. (2016). The brain imaging data structure. Scientific Data 3:160044.",
    "compcor": ("Behzadi Y et al. (2007). A component based noise correction method (CompCor). NeuroImage 37:90-101."),
    "deepbet": (
        "Fisch L et al. (2024). deepbet: Fast brain extraction of T1-weighted MRI using convolutional "
        "neural networks. Comput Biol Med 179:108845."
    ),
    "fsaverage": (
        "Fischl B et al. (1999). High-resolution intersubject averaging and a coordinate system for the "
        "cortical surface. Hum Brain Mapp 8:272-284."
    ),
    "icbm": (
        "Fonov V et al. (2011). Unbiased average age-appropriate atlases for pediatric studies. NeuroImage 54:313-327."
    ),
    "lightning": "Falcon W and the PyTorch Lightning team (2019). PyTorch Lightning. lightning.ai.",
    "musicnn": (
        "Pons J, Serra X (2019). musicnn: pre-trained convolutional neural networks for music audio "
        "tagging. arXiv:1909.06654."
    ),
    "n4": ("Tustison NJ et al. (2010). N4ITK: improved N3 bias correction. IEEE Trans Med Imaging 29:1310-1320."),
    "nichols": (
        "Nichols TE, Holmes AP (2002). Nonparametric permutation tests for functional neuroimaging. Hum "
        "Brain Mapp 15:1-25."
    ),
    "nilearn": (
        "Abraham A et al. (2014). Machine learning for neuroimaging with scikit-learn. Front Neuroinform 8:14."
    ),
    "nipype": (
        "Gorgolewski K et al. (2011). Nipype: a flexible, lightweight and extensible neuroimaging data "
        "processing framework in Python. Front Neuroinform 5:13."
    ),
    "phipson": (
        "Phipson B, Smyth GK (2010). Permutation P-values should never be zero. Stat Appl Genet Mol Biol 9:39."
    ),
    "power": (
        "Power JD et al. (2012). Spurious but systematic correlations in functional connectivity MRI "
        "networks arise from subject motion. NeuroImage 59:2142-2154."
    ),
    "resnet": "He K et al. (2016). Deep residual learning for image recognition. CVPR, 770-778.",
    "rsa": "Kriegeskorte N et al. (2008). Representational similarity analysis. Front Syst Neurosci 2:4.",
    "rsatoolbox": (
        "The rsatoolbox developers. rsatoolbox: representational similarity analysis in Python. "
        "github.com/rsagroup/rsatoolbox."
    ),
    "searchlight": ("Kriegeskorte N et al. (2006). Information-based functional brain mapping. PNAS 103:3863-3868."),
    "snakemake": "Mölder F et al. (2021). Sustainable data analysis with Snakemake. F1000Research 10:33.",
    "syn": (
        "Avants BB et al. (2008). Symmetric diffeomorphic image registration with cross-correlation. Med "
        "Image Anal 12:26-41."
    ),
    "thielen": (
        "Thielen J. Deep learning to probe neural correlates of music processing. MSc thesis, Radboud University."
    ),
    "xarray": ("Hoyer S, Hamman J (2017). xarray: N-D labeled arrays and datasets in Python. J Open Res Softw 5:10."),
}
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
TRAINED = (
    "Tagging scores are agreement with musicnn, not with people's annotations; they can't be compared with "
    "published scores."
)
SIMULATED = (
    "These listeners are simulated: they show that the workflow finds what is there and nothing else, not "
    "how brains hear music. Simulated images have no distortion and no faces, and their noise is simpler "
    "than a scanner's."
)


def stages(stores: list[Path]) -> list[str]:
    """Name the stages that ran, in order: those whose folder holds a store (results/dataset/stage/...).

    What they need ran as well.
    """
    found = {part for path in stores for part in Path(path).parts[:-1]} & STAGES.keys()
    found |= {"simulate"} if any(Path(p).name.endswith(("_truth.zarr", "_recovery.zarr")) for p in stores) else set()
    for name in tuple(found):
        found |= {need for first in NEEDS.get(name, ()) for need in (first, *NEEDS.get(first, ()))}
    return [name for name in STAGES if name in found or name == "draw"]


def paragraphs(ran: list[str], results: dict[str, xr.Dataset], method: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (stage, text) for the stages that ran, with what the results and settings say was done.

    results : stores by file name; method : the settings that the text tells, by name without their section
    """
    said = _preprocess_words(results, method) | _embed_words(results, method) | _compare_words(results, method)
    return [(name, STAGES[name].text.format(**said)) for name in ran]


def _preprocess_words(results: dict[str, xr.Dataset], method: dict[str, Any]) -> dict[str, str]:
    timing = {str(r.attrs["slice_timing"]).startswith("skipped") for r in results.values() if "slice_timing" in r.attrs}
    corrected, skipped = (
        "slice timing corrected by splines",
        "volumes without slice times taken at the middle of the TR",
    )
    slices = {frozenset({True}): skipped, frozenset({True, False}): f"{corrected}, {skipped}"}
    return {"slices": slices.get(frozenset(timing), corrected), "confounds": ", ".join(method["confounds"]) or "none"}


def _embed_words(results: dict[str, xr.Dataset], method: dict[str, Any]) -> dict[str, str]:
    models = {found[1] for name in results if (found := re.search(r"model-(\w+)_(?:features|group)", name))}
    network = (
        f"Activations of every layer were averaged in bins of {method['bin_s']:g} s, convolved clip by clip with a "
        "double-gamma haemodynamic response and sampled at the middle of each volume."
    )
    category = (
        "Categories: a clip is its category alone, the same in all of its volumes, with no haemodynamic response."
    )
    texts = ([network] if models != {"category"} else []) + ([category] if "category" in models else [])
    return {"embedded": " ".join(texts)}


def _compare_words(results: dict[str, xr.Dataset], method: dict[str, Any]) -> dict[str, str]:
    alone = {r.attrs["n_subjects"] for r in results.values() if "n_subjects" in r.attrs} == {1}
    test = f"over participants as published (right-tailed t test, false discovery rate {method['q']:g}) and "
    choices = ["in all pairs of volumes" if method["pairs"] == "all" else "in pairs of volumes of different clips"]
    choices += ["the mean over clips at each lag removed from both"] if method["remove_lag_mean"] else []
    choices += ["features z-scored over volumes"] if method["standardize"] else []
    return {
        "n_voxels": f"{method['n_voxels']:,}",
        "n_permutations": f"{method['n_permutations']:,}",
        "choices": ", ".join(choices),
        "published": "" if alone else test,
    }


def works(ran: list[str]) -> list[str]:
    """List the works to cite for some stages, by name."""
    return sorted({WORKS[key] for name in ran for key in STAGES[name].cites})


def limits(ran: list[str], n_subjects: int | None) -> list[str]:
    """List what the results can't say."""
    found = ([SIMULATED] if "simulate" in ran else []) + ([TRAINED] if "train" in ran else [])
    found += LIMITS if "compare" in ran else ()
    if n_subjects is not None and n_subjects < 8:
        who = "participant has" if n_subjects == 1 else "participants have"
        found.append(f"{n_subjects} {who} little power to speak of people in general.")
    return found
