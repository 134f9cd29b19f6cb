"""Methods text of the report: a paragraph for each stage that ran, the works to cite, and known limits."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import xarray as xr

from heschl.figures import methods_correlates, methods_decoding, methods_meg, methods_scoring, methods_style
from heschl.figures.cited_works import WORKS


class Stage(NamedTuple):
    """What a stage did, {words} left open, and the keys of the works to cite for it."""

    text: str
    cites: tuple[str, ...]


STAGES = {
    "simulate": Stage("{simulated}", ("bids",)),
    "listen": Stage("{listen}", ("nakai",)),
    "ingest": Stage(
        "Recordings were read as the Brain Imaging Data Structure describes them, and checked before use.",
        ("bids", "xarray"),
    ),
    "preprocess": Stage(
        "T1-weighted images were skull-stripped with deepbet, corrected for bias (N4), segmented (Atropos) "
        "and normalised to the symmetric ICBM 2009a template with ANTs. Head motion was estimated by "
        "Gauss-Newton rigid registration, {slices}, the BOLD reference registered to the T1-weighted image, and "
        "all spatial transforms joined into one interpolation. Engines ran as nipype workflows. Framewise "
        "displacement and aCompCor components stand beside the images in the results.{patterns}",
        ("nipype", "ants", "n4", "atropos", "syn", "deepbet", "icbm", "nilearn", "power", "compcor"),
    ),
    "respond": Stage("{respond}", ()),
    "audit": Stage("{audit}", ()),
    "train": Stage("{train}", ("thielen", "resnet", "musicnn", "lightning", "delong")),
    "embed": Stage("{embedded}", ()),
    "compare": Stage("{compare}", ("rsa", "searchlight", "rsatoolbox", "bh", "nichols", "phipson", "thielen")),
    "infer": Stage("{infer}", ("bh", "nichols", "phipson", "tfce", "nili", "cohen", "destrieux")),
    "encode": Stage("{encode}", ("himalaya", "denk", "nichols", "phipson", "bh")),
    "decode": Stage("{decode}", ("denk", "ferrante", "ciferri", "himalaya")),
    "align": Stage("{align}", ("bazeille", "ferrante", "ciferri")),
    "identify": Stage("{identify}", ("denk", "phipson")),
    "retrieve": Stage("{retrieve}", ("denk", "musicnn")),
    "regress": Stage("{regress}", ("brennan",)),
    "record": Stage("{record}", ("mne", "mne_bids", "bids")),
    "beamform": Stage("{beamform}", ("mne", "mne_bids", "lcmv", "sekihara", "roman")),
    "classify": Stage("{classify}", ("roman", "lightning", "sklearn")),
    "contrast": Stage("{contrast}", ("westfall", "phipson")),
    "fit": Stage("{fit}", ("roman", "koutnik")),
    "cut": Stage("{cut}", ("geng",)),
    "tell": Stage("{tell}", ("geng", "batchnorm", "glorot", "lightning")),
    "dream": Stage("{dream}", ("geng", "lbfgsb", "deepdream", "gatys", "mahendran")),
    "imagine": Stage("{imagine}", ("lbfgsb", "musicnn", "denk")),
    "draw": Stage("{drawn}Snakemake ran every step.", ("snakemake",)),
}
NEEDS = {
    "compare": ("preprocess", "embed"), "infer": ("compare",), "embed": ("ingest",), "train": ("embed",),
    "preprocess": ("ingest",),
    "listen": ("simulate", "embed"), "respond": ("preprocess",), "audit": ("ingest",),
    "encode": ("respond", "audit", "embed"), "decode": ("respond", "audit", "embed"),
    "align": ("respond", "audit", "embed"), "identify": ("decode",), "retrieve": ("decode",),
    "classify": ("beamform",), "contrast": ("classify",), "fit": ("beamform",), "tell": ("cut",), "dream": ("tell",),
    "imagine": ("respond", "audit", "embed"),
}  # fmt: skip
TELL = {
    "train": methods_correlates.train,
    "compare": methods_correlates.compare,
    "infer": methods_correlates.infer,
    "listen": methods_decoding.listen,
    "respond": methods_decoding.respond,
    "audit": methods_decoding.audit,
    "encode": methods_decoding.encode,
    "decode": methods_decoding.decode,
    "align": methods_scoring.align,
    "identify": methods_scoring.identify,
    "retrieve": methods_scoring.retrieve,
    "regress": methods_scoring.regress,
    "record": methods_meg.record,
    "beamform": methods_meg.beamform,
    "classify": methods_meg.classify,
    "contrast": methods_meg.contrast,
    "fit": methods_meg.fit,
    "cut": methods_style.cut,
    "tell": methods_style.tell,
    "dream": methods_style.dream,
    "imagine": methods_style.imagine,
}
ALIGNMENT_WORKS = {"procrustes": ("haxby",), "srm": ("srm",), "ot": ("pot",)}
LISTENING = {"encode", "decode", "align"}  # those that use windows of the music
MAPPED = {"compare", "encode", "decode"}  # those that are drawn on the cortex

SIMULATED = (
    "These listeners are simulated: they show whether the workflow finds what was planted, and stays at chance in the "
    "noise (canary), under the noise that was simulated; not how brains hear music. Simulated images have no "
    "distortion and no faces, and their noise is simpler than a scanner's."
)


def stages(stores: list[Path]) -> list[str]:
    """Name the stages that ran, in order: those whose folder holds a store (results/dataset/stage/...).

    What they need ran as well.
    """
    paths = [Path(path) for path in stores]
    found = {path.parent.name for path in paths} & STAGES.keys()
    planted = [p for p in paths if p.parent.name != "record"]  # which is of MEG
    found |= {"simulate"} if any(p.name.endswith(("_truth.zarr", "_recovery.zarr")) for p in planted) else set()
    heard = any(p.name.endswith("_heard.zarr") or p.parts[-2:] == ("encode", "recovery.zarr") for p in paths)
    found |= {"listen"} if heard else set()
    while more := {need for name in found for need in NEEDS.get(name, ())} - found:
        found |= more
    return [name for name in STAGES if name in found or name == "draw"]


def paragraphs(ran: list[str], results: dict[str, xr.Dataset], method: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (stage, text) for the stages that ran, with what the results and settings say was done.

    results : stores by file name; method : the settings that the text tells: those of the first study by name without
        their section, those of the others by section
    """
    said = _preprocess_words(ran, results, method) | _embed_words(ran, results, method)
    surface = "Surface maps use fsaverage5 as shipped with nilearn, read at MNI coordinates as they are. "
    said |= {"drawn": surface if MAPPED & set(ran) else ""}
    said |= {name: tell(results, method) for name, tell in TELL.items() if name in ran}
    found = [(name, STAGES[name].text.format(**said)) for name in ran]
    return [(name, text) for name, text in found if text]


def _preprocess_words(ran: list[str], results: dict[str, xr.Dataset], method: dict[str, Any]) -> dict[str, str]:
    timing = {str(r.attrs["slice_timing"]).startswith("skipped") for r in results.values() if "slice_timing" in r.attrs}
    corrected, skipped = (
        "slice timing corrected by splines",
        "volumes without slice times taken at the middle of the TR",
    )
    slices = {frozenset({True}): skipped, frozenset({True, False}): f"{corrected}, {skipped}"}
    patterns = (
        f" For the comparison of dissimilarities, a linear trend and confounds (by fMRIPrep's names: "
        f"{', '.join(method['confounds']) or 'none'}) were regressed from each run and voxels z-scored; runs were cut "
        "into trials, and clips heard more than once averaged."
    )
    planted = ", real music as stimuli, voxels of the superior temporal gyrus driven by single units of known network"
    planted += " layers, haemodynamics"
    return {
        "slices": slices.get(frozenset(timing), corrected),
        "patterns": patterns if "compare" in ran else "",
        "simulated": f"Listeners were simulated: heads with tissue contrast{planted if 'compare' in ran else ''}, head "
        "motion, slice timing, drifts and noise. The recordings were written as a raw BIDS dataset; the truth was kept "
        "apart from it. Some listeners are pure noise.",
    }


def _embed_words(ran: list[str], results: dict[str, xr.Dataset], method: dict[str, Any]) -> dict[str, str]:
    models = {found[1] for name in results if (found := re.search(r"model-(\w+)_(?:features|group)", name))}
    network = (
        f"Activations of every layer were averaged in bins of {method['bin_s']:g} s, convolved clip by clip with a "
        "double-gamma haemodynamic response and sampled at the middle of each volume."
    )
    category = (
        "Categories: a clip is its category alone, the same in all of its volumes, with no haemodynamic response."
    )
    given = method["sources"].get("resnet18")
    weights = f" The tagger's weights are those of {Path(given).name}." if given and "resnet18" in models else ""
    texts = ([network + weights] if models - {"category"} else []) + ([category] if "category" in models else [])
    return {"embedded": " ".join(texts + ([methods_decoding.windows(method)] if LISTENING & set(ran) else []))}


def works(ran: list[str], results: dict[str, xr.Dataset] | None = None, method: dict | None = None) -> list[str]:
    """List the works to cite for some stages, by name; with results and settings, also for what they chose."""
    keys = {key for name in ran for key in STAGES[name].cites}
    keys |= {"nilearn", "fsaverage"} if MAPPED & set(ran) else set()
    return sorted({WORKS[key] for key in keys | (_chosen(ran, results or {}, method) if method else set())})


def _chosen(ran: list[str], results: dict[str, xr.Dataset], method: dict[str, Any]) -> set[str]:
    """Name the works behind the models, methods and data that the settings chose."""
    keys = {"nakai"} if method.get("dataset") == "ds003720" else set()
    if LISTENING & set(ran):
        keys |= {
            key for model in methods_decoding.models(method) for key in methods_decoding.MODEL_WORKS.get(model, ())
        }
        keys |= {"sturm"} if method["audit"]["index"] or method["audit"]["faults"] else set()
    if "align" in ran:
        keys |= {key for name in method["align"]["methods"] for key in ALIGNMENT_WORKS.get(name, ())}
    if "align" in ran or ("decode" in ran and "roi" in method["decode"]["routes"]):
        keys |= {"destrieux"} if method["decode"]["atlas"] == "destrieux" else set()
    return keys | ({"nunez"} if any(name.endswith("_partition.zarr") for name in results) else set())


def limits(
    ran: list[str], counted: dict[str, int], results: dict[str, xr.Dataset] | None = None, method: dict | None = None
) -> list[str]:
    """List what the results can't say; counted: the numbers of listeners behind results (people)."""
    found = [SIMULATED] if "simulate" in ran else []
    found += methods_correlates.limits(ran, results or {})
    found += methods_scoring.limits(ran, results or {}, method) if method else []
    found += [methods_meg.SIMULATED] if "record" in ran else []
    found += methods_meg.LIMITS if "classify" in ran else ()
    found += [methods_style.LIMITS[name] for name in ran if name in methods_style.LIMITS]
    if few := [f"{n} in {what}" for what, n in counted.items() if n < 8]:
        found.append(f"Few listeners ({', '.join(few)}, noise not counted) say little of people in general.")
    return found


def people(results: dict[str, xr.Dataset]) -> dict[str, int]:
    """Return the smallest number of listeners behind each kind of result, noise not counted, where it is told."""
    told: dict[str, list[int]] = {}
    for name, one in results.items():
        if "n_subjects" in one.attrs:
            what = "the story" if name == "story.zarr" else "the comparison of dissimilarities"
            told.setdefault(what, []).append(int(one.attrs["n_subjects"]))
        elif "is_noise" in one and "id_acc" in one and "null" in one:
            told.setdefault("decoding", []).append(int((~one["is_noise"].values.astype(bool)).sum()))
    return {what: min(counts) for what, counts in told.items()}
