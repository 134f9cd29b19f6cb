"""Methods text and limits of alignment, identification, retrieval and the story, from settings and results."""

from typing import Any

import numpy as np
import xarray as xr

from heschl.figures.methods_decoding import Results, listed
from heschl.figures.participants import number

ALIGNMENTS = {
    "anatomical": "none but anatomy",
    "ridge": "ridge regression",
    "procrustes": "Procrustes",
    "srm": "a shared response model",
    "ot": "optimal transport",
}


def align(results: Results, method: dict[str, Any]) -> str:
    """Tell how listeners were decoded with what others taught."""
    of, leaks = method["align"], 5 in method["defects"]
    clips = "All training clips aligned listeners and taught the decoder, the left-out listener's too, and the test "
    clips += "set was rescaled by itself (defect 5: this is not leave-one-out)."
    if not leaks:
        clips = f"{listed(of['n_clips'], 'or')} training clips aligned, others taught the decoder, and of these the "
        clips += "left-out listener's responses were never used; means and scales come from alignment clips."
    return (
        f"Each listener was left out and decoded by what the others taught (never those of pure noise), at a lag of "
        f"{of['lag_tr']} volumes, in parcels chosen beforehand ({', '.join(of['rois'])}). Alignments (fmralign, parcel "
        f"by parcel): {listed([ALIGNMENTS[m] for m in of['methods']])}. {clips} Beside them stands the listener's own "
        "decoder of the same clips and voxels."
    )


def identify(results: Results, method: dict[str, Any]) -> str:
    """Tell how predictions were scored."""
    of = method["identify"]
    rule = "greater or equal, the clip itself counted (defect 7)" if 7 in method["defects"] else "ties count one half"
    return (
        "Identification accuracy is the share of the other test clips whose embedding correlates less with the "
        f"prediction than that of the clip heard ({rule}), in units of the training clips' mean and SD; within a "
        f"genre, of the other clips of the genre. Its null permutes {of['n_permutations']:,} times which clip was "
        f"heard. Intervals are 95 % percentiles of {of['n_bootstraps']:,} bootstrap samples of listeners crossed with "
        "clips; routes are compared clip by clip. Ceiling: odd repeats of the responses identified from even ones. "
        "Listeners of pure noise are scored alike and enter no mean."
    )


def retrieve(results: Results, method: dict[str, Any]) -> str:
    """Tell what was searched, and how it was judged."""
    of = method["retrieve"]
    where = f"{of['n_best']} nearest items" if of["n_best"] > 1 else "nearest item"
    gallery = "a folder of audio" if of["gallery"] else "the clips of the corpus"
    return (
        f"In {gallery} the {where} to each prediction were found by exact cosine search. Tested clips, items of "
        f"their tracks and items of cosine {of['similarity']:g} or more with one (in fold units) stand in no list"
        f"{_excluded(results)}. The first was judged in the space of {of['other']} and by the classes "
        "that musicnn tags, beside what the true embedding finds (oracle) and items at random."
    )


def _excluded(results: Results) -> str:
    """Tell how many items were left out of the lists, by why: (of 80: 16, 0 and 10 to 12)."""
    found = [r for name, r in results.items() if name.endswith("_retrieved.zarr") and "excluded" in r]
    if not found:
        return ""
    counts = np.concatenate([r["excluded"].values for r in found])
    said = [
        f"{low} to {high}" if low < high else f"{low}" for low, high in zip(counts.min(0), counts.max(0), strict=True)
    ]
    n = sorted({int(r.attrs["n_items"]) for r in found})
    return f" (left out, of {listed(n, 'or')} items in each fold: {listed(said)})"


def regress(results: Results, method: dict[str, Any]) -> str:
    """Tell how a story was regressed."""
    of = method["story"]
    refused = sum(len(r.attrs.get("refused", [])) for name, r in results.items() if name == "story.zarr")
    left = f" Left out, as they could not be analysed: {refused}." if refused else ""
    return (
        f"Time courses of regions ({of['radius']}) were predicted by ridge regression on sound power delayed by "
        f"{listed(of['delays_tr'])} volumes, in {of['n_folds']} contiguous folds, penalties chosen within training. "
        "Slow drifts and head motion were removed from whole recordings first. Correlations with the stretch left "
        "out were tested over listeners (one-sided t test of Fisher's z, not corrected for regions), and again after "
        f"shifting the predictor in a circle.{left}"
    )


def limits(ran: list[str], results: Results, method: dict[str, Any]) -> list[str]:
    """List what the scores of these stages can't say."""
    found = []
    if "identify" in ran:
        found += [
            f"Identification accuracy can't show decoding beyond genre: {_oracle(results)}. Read it beside accuracy "
            "within a genre.",
            "The null of identification lets clips trade places freely. Clips of one run share slow noise, and with "
            "few runs that can look like decoding; the score without each run's mean stands beside it in the results.",
            "Test clips return in the same order, so averaging keeps what each one's neighbour left in the response; "
            "regressing it out is a linear approximation.",
        ]
    found += _shared(results, method) if "audit" in ran else []
    if "align" in ran and 5 not in method["defects"]:
        found.append(
            "Decoders of aligned listeners have fewer clips than a listener's own: compare them with the own decoder "
            "of the same clips, not with the others."
        )
    if "retrieve" in ran and not method["retrieve"]["gallery"]:
        found.append(
            "The gallery is the corpus without what is tested: its clips were heard in training and embedded to teach "
            "the decoder. Retrieval from music never heard needs a gallery of its own (retrieve.gallery)."
        )
    if "regress" in ran:
        found.append(
            "One story was heard by all: listeners vary, the story doesn't, and nothing is said of other stories."
        )
    return found


def _oracle(results: Results) -> str:
    """Tell what knowing the genre alone would score."""
    for one in results.values():
        if "baseline" in one and "genre_oracle" in one["name"].values:
            value = float(one["baseline"].sel(name="genre_oracle"))
            return f"who knows the genre and nothing else scores {number(value, 3)} here"
    return "who knows the genre and nothing else scores close to 1"


def _shared(results: Results, method: dict[str, Any]) -> list[str]:
    """Say how many test clips have an artist in training."""
    split, found = method["audit"]["split"], results.get("splits.zarr")
    if found is None:
        return []
    n, known, tested = (int(v) for v in overlap(found, split, "artist"))
    if not known:
        return [f"Nothing is known of the artists of split {split}: test and training clips may share them."]
    if not n and known == tested:
        return []
    unknown = f"; of {tested - known} the artist is unknown" if known < tested else ""
    return [
        f"In split {split}, {n} of {tested} test clips have an artist who is heard in training as well{unknown}: "
        "what is decoded may be the artist or the production."
    ]


def overlap(found: xr.Dataset, split: str, kind: str) -> np.ndarray:
    """Return the numbers of test clips that share a kind with training, of known ones, and of all: (3,)."""
    of = {"split": split, "kind": kind}
    return np.array(
        [int(found["overlap"].sel(of)), int(found["n_known"].sel(of)), int(found["n_test"].sel(split=split))]
    )
