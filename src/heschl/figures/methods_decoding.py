"""Methods text of encoding and decoding: what each stage did, told from the settings of the run and its results.

Every function takes results (stores by file name) and method (settings by section; `defects` are the numbers of the
known defects that are turned on) and returns the text of one stage.
"""

from typing import Any

import xarray as xr

Results = dict[str, xr.Dataset]
DEFECTS = {
    1: "embeddings of whole files, not of what was heard",
    2: "embeddings of a random part of each clip",
    3: "the dummy that begins each run is kept",
    4: "voxels chosen by their fit to all clips, their number by the test score",
    5: "listeners aligned, and decoders taught, with the clips and listeners that are tested",
    6: "one fixed penalty",
    7: "identification that counts ties and the clip itself",
    8: "identification in the space of a learned map",
    9: "a listening test without chance in its order (none here yet)",
    10: "a generator for one listener (none here yet)",
    11: "what the previous clip left in the response is kept",
}
SPLITS = {
    "official": "clips of the training runs train, those of the test runs are tested",
    "fault_filtered": "as official, without the clips that fault lists leave out",
    "artist_grouped_kfold": "all clips in folds that never divide an artist",
}
MODEL_WORKS = {
    "clap": ("clap",),
    "encodec": ("encodec",),
    "mert": ("mert",),
    "muq": ("muq",),
    "muq_mulan": ("muq",),
    "musicnn": ("musicnn",),
    "text": ("sbert", "minilm"),
    "w2v_bert": ("seamless",),
}


def banner(method: dict[str, Any]) -> str:
    """Say that a run reproduces known defects; "" if none is turned on."""
    on = sorted(set(method.get("defects", [])))
    if not on:
        return ""
    what = "; ".join(f"{number}: {DEFECTS[number]}" for number in on)
    numbers = ", ".join(map(str, on))
    return f"As published: reproduces known defect{'s' * (len(on) > 1)} {numbers}; not results. ({what}.)"


def all_defects(ran: list[str]) -> str:
    """Name all known defects by number, where a stage ran whose text or figures may mention one."""
    told = {"respond", "encode", "decode", "align", "identify"} & set(ran)
    return "; ".join(f"{number}: {what}" for number, what in DEFECTS.items()) + "." if told else ""


def models(method: dict[str, Any]) -> list[str]:
    """List the models of the music that were encoded or decoded, by name."""
    encode = method["encode"]
    return sorted({*encode["models"], *method["decode"]["models"], *(m for b in encode["bands"].values() for m in b)})


def listed(values: list, last: str = "and") -> str:
    """Join words or numbers: 2, 3 and 4."""
    words = [f"{v:g}" if isinstance(v, int | float) else str(v) for v in values]
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), words[-1]))) if words else "none"


def penalties(alphas: list[float]) -> str:
    """Describe a grid of penalties."""
    return f"{len(alphas)} from {min(alphas):g} to {max(alphas):g}" if len(alphas) > 1 else f"{alphas[0]:g}"


def listen(results: Results, method: dict[str, Any]) -> str:
    """Tell what simulated listeners heard and followed."""
    of = method["listen"]
    own = {0.0: "the same in all listeners at one place", 1.0: "drawn anew for each voxel and listener"}
    tuning = own.get(of["mixing"], f"shared by place, and each voxel's and listener's own ({of['mixing']:g} of it)")
    canary = " Listeners of pure noise heard the same and follow nothing." if _has_noise(results) else ""
    return (
        f"Simulated listeners heard {of['n_training_runs']} training runs, every training clip once, and "
        f"{of['n_test_runs']} test runs, one clip of each style {of['n_repeats']} times in the same order: clips of "
        f"{method['clip_s']:g} s back to back, a dummy first, in the format of ds003720. Regions from front to back of "
        f"the superior temporal gyrus followed the first {of['n_latents']} principal components of "
        f"{listed(of['drivers'])}, one model a region, with a haemodynamic response; a voxel's weights were {tuning}. "
        f"Signal change: {of['effect_percent']:g} %; voxels: {of['voxel_mm']:g} mm.{canary}"
    )


def respond(results: Results, method: dict[str, Any]) -> str:
    """Tell how training and test runs were cleaned."""
    of, kept = method["respond"], 3 in method["defects"] or not method["respond"]["drop_first_event"]
    slow = {
        "median": f"a linear trend and the running median of {of['median_s']:g} s (of confounds as well)",
        "cosine": "a linear trend and slow cosines",
        "none": "a linear trend",
    }[of["detrend"]]
    first = "counts as a trial" if kept else "is a dummy and was dropped"
    return (
        f"Training and test runs were cleaned on their own: {slow} and confounds "
        f"({', '.join(of['confounds']) or 'none'}) were removed from each run and voxels z-scored within it, in grey "
        "matter that all runs cover. The first "
        f"event of a run {first}."
    )


def audit(results: Results, method: dict[str, Any]) -> str:
    """Tell how clips were split and what stops a run."""
    of = method["audit"]
    folds = f" ({of['n_folds']})" if of["split"] == "artist_grouped_kfold" else ""
    stops = f"Sharing of {listed(of['refuse'], 'or')} stops the run" if of["refuse"] else "No sharing stops the run"
    index = " Artists and titles are those of Sturm's index." if of["index"] else ""
    return (
        f"Scores are of the split {of['split']}: {SPLITS[of['split']]}{folds}. Before anything was scored, test clips "
        "were held against the training clips of their fold by track, artist, title, acoustic fingerprint and mean "
        f"sound (cosine from {of['similarity']:g}). {stops}; the rest is counted.{index}"
    )


def windows(method: dict[str, Any]) -> str:
    """Tell what of the music was embedded for encoding and decoding."""
    defects, captioned = method["defects"], "text" in method["sources"]
    heard = f"exactly the {method['clip_s']:g} s that were heard" if 1 not in defects else "the whole file (defect 1)"
    how = f"in windows of each model's own length, {method['step_s']:g} s apart" if 2 not in defects else (
        "in a random window of each clip (defect 2)"
    )  # fmt: skip
    words = " Text is captions in all-MiniLM-L6-v2." if captioned else (
        " Text is no caption but musicnn's tags as words, in all-MiniLM-L6-v2: made from the sound."
    )  # fmt: skip
    used = models(method)
    label = " Genre is the label alone." if "genre" in used else ""
    text = words if "text" in used else ""
    return f"For encoding and decoding, {listed(used)} stand for {heard}, {how}.{label}{text}"


def encode(results: Results, method: dict[str, Any]) -> str:
    """Tell how voxels were predicted, and what was tested."""
    of = method["encode"]
    n, kept = of["n_permutations"], of["n_components"]
    by_clip = f"{n:,} permutations of whole test clips (without the volumes that the previous clip reaches)"
    null = by_clip if of["null"] == "permutation" else (
        f"{n:,} draws of independent Gaussian noise, as published, which takes volumes for independent"
    )  # fmt: skip
    solver = {"fast": "a block solver of our own, checked against himalaya"}.get(of["engine"], "himalaya")
    layers = any(r.sizes.get("layer", 1) > 1 for name, r in results.items() if name.endswith("_encoding.zarr"))
    return (
        f"Every voxel's response to {listed(of['models'])} was predicted volume by volume by ridge regression"
        f"{f' on {kept} principal components' if kept else ''}, features delayed by {listed(of['delays_tr'])} volumes "
        f"({solver}). Each voxel's penalty ({penalties(of['alphas'])}) was chosen in {of['n_folds']} folds of the "
        "training clips, a clip never divided. The score is Pearson's r with responses to test clips, repeats "
        f"averaged; its ceiling the root of the repeats' split-half reliability. It was tested against {null}, "
        "with the family-wise error from the largest value over voxels and the false discovery rate within a listener."
        f"{' All layers of ' + listed(of['layered']) + ' were fitted alike.' if layers else ''}"
        f"{_partition(of) if any(name.endswith('_partition.zarr') for name in results) else ''}"
    )


def _partition(of: dict[str, Any]) -> str:
    bands = "; ".join(f"{name}: {listed(models)}" for name, models in sorted(of["bands"].items()))
    best = f" in the {of['partition_voxels']:,} voxels best predicted in training" if of["partition_voxels"] else ""
    tried = max(of["partition_iterations"], 1 + 2 * len(of["bands"]))
    return (
        f" Explained variance was divided among bands ({bands}) by banded ridge regression, "
        f"{tried} weightings tried{best}; unique is what is lost without a band, tested by "
        "exchanging whole test clips among the residuals of the model without it."
    )


def decode(results: Results, method: dict[str, Any]) -> str:
    """Tell how embeddings were predicted from voxels."""
    of, defects = method["decode"], method["defects"]
    routes = {
        "roi": f"by parcels: each parcel of the {of['atlas']} atlas by itself, the predictions of the {of['n_rois']} "
        "best in training averaged",
        "voxel": "by voxels: those that the embedding predicts, above a score "
        f"({listed(of['thresholds'], 'or')}) or the best {listed(of['n_voxels'], 'or')}"
        + (", chosen in-sample and by the test score (defect 4)" if 4 in defects else ""),
    }
    penalty = "20, fixed (defect 6)" if 6 in defects else penalties(of["alphas"])
    chosen = "Lag and penalties" if 4 in defects else "Lag, penalties, parcels and voxels"
    before = "what the previous clip left in them was kept (defect 11)" if 11 in defects else (
        "what the previous clip's embedding predicts of them was subtracted, with weights fitted in training, in "
        "voxels where it predicts more than in 99 of 100 shuffled ones"
    )  # fmt: skip
    space = " Embeddings were taken into the space of words by a learned linear map (defect 8)." if 8 in defects else ""
    ablated = any("split-leave_genre_out" in name for name in results)
    return (
        f"Embeddings ({listed(of['models'])}) were predicted from responses by ridge regression, "
        f"{'; and '.join(routes[r] for r in of['routes'])}. Lags: {listed(of['lags_tr'], 'or')} volumes; penalties: "
        f"{penalty}. {chosen} were chosen in {of['n_folds']} folds within the training clips, a clip never divided. "
        f"Responses to repeats were averaged; {before}.{space}"
        + (" To test genres that were never heard, further decoders trained without one genre each." * ablated)
    )


def _has_noise(results: Results) -> bool:
    return any(r["is_noise"].values.any() for r in results.values() if "is_noise" in r)
