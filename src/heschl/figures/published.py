"""Published numbers, ours, and why they differ: one page, made from results."""

from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from heschl import store
from heschl.figures import participants, published_page, style
from heschl.figures.published_numbers import N_CLIPS, Number, numbers
from heschl.figures.published_ours import KINDS, OURS, SWEPT, Ours, Results

TITLE = "Published, ours, and why they differ"
CAPTION = (
    "Numbers that papers and their public code print (P: paper; C: code or its printed output; calc: computed from "
    "those; all of ds003720, 5 listeners, 60 test clips) beside ours: mean over listeners without the noise one, with "
    "95 % interval (bootstrap of listeners crossed with clips) where there is one, numbers of listeners and test "
    "clips, and ours minus published. Defects are the known ones of the original; letters tell what else differs. A "
    "difference is left out where the two are counted by other rules (with ≥ and the clip itself, or strictly), and "
    "everywhere if listeners are simulated: it would say nothing of a paper. The page then shows only that every "
    "number has its place. Defects are numbered; those that occur are named below."
)
WHY = {
    "a": "ours are simulated listeners: no difference is taken",
    "b": "other data set",
    "c": "other embedding",
    "d": "other number of test clips",
    "e": "other route to the voxels",
    "f": "training clips are not scored: a score of what was fitted says little",
    "g": "not among the results given",
    "h": "other training clips for the decoder, none of them the left-out listener's",
    "i": "voxels differ in size and in how much of the brain they cover",
    "j": "other split of the clips",
    "k": "counted by another rule (with ≥ and the clip itself: defect 7), so no difference is taken",
}
COLUMNS = [
    "section", "quantity", "published", "spread", "tag", "source", "ours", "ci_low", "ci_high", "n_listeners",
    "n_clips", "model", "route", "difference", "defects", "why",
]  # fmt: skip


def draw(
    *,
    scores: list[Path],
    encoding: list[Path],
    aligned: list[Path],
    splits: Path,
    dataset: str,
    simulated: bool,
    defects: list[int],
    png: Path,
    pdf: Path,
    table: Path,
    sweeps: list[Path] = (),
    predictions: list[Path] = (),
) -> None:
    """Put our numbers beside the published ones; what isn't given stays empty, and is said to be.

    Parameters
    ----------
    scores : one store per model; encoding : per listener and model; aligned, sweeps : per listener; predictions
        (for the correlations of decoding) : per listener, model and route
    defects : numbers of the published defects that are turned on in ours
    """
    plan = store.read(splits).load()
    found = _results(scores, encoding, aligned, sweeps, predictions, plan)
    rows = [_row(number, found, dataset, simulated) for number in numbers()]
    used = sorted({str(one.attrs["split"]) for one in found.scores.values()})
    notes = published_page.notes(rows, WHY, plan, used, dataset, defects)
    with style.sheet(style.DOUBLE, 0.142 * (len(rows) + 7 + len(notes))) as figure:
        published_page.page(figure.add_subplot(), rows, notes)
    style.save(figure, _table(rows), png=png, pdf=pdf, table=table)


def _results(scores, encoding, aligned, sweeps, predictions, plan: xr.Dataset) -> Results:
    scored = {str(one.attrs["model"]): one for one in (store.read(path).load() for path in scores)}
    noise = {s for one in scored.values() for s in one["sub"].values.astype(str)[participants.noise_of(one)]}
    encoded: dict[str, list[Path]] = {}
    for path in encoding:
        encoded.setdefault(str(store.read(path).attrs["model"]), []).append(path)
    told: dict[tuple[str, str], list[Path]] = {}
    for path in predictions:
        attrs = store.read(path).attrs
        told.setdefault((str(attrs["model"]), str(attrs["route"])), []).append(path)
    official = plan["role"].sel(split="official").values
    return Results(
        scored,
        {model: participants.opened(paths) for model, paths in encoded.items()},
        participants.opened(aligned, "model", "mode"),
        participants.opened(sweeps, "model"),
        {key: participants.opened(paths, "split") for key, paths in told.items()},
        noise,
        int((official == 2).any(0).sum()),
    )


def _table(rows: list[dict]) -> pd.DataFrame:
    """List the rows; a number of nobody or of no clips is blank."""
    found = pd.DataFrame(rows, columns=COLUMNS)
    counts = ["n_listeners", "n_clips"]
    return found.assign(**{name: found[name].where(found[name] > 0).astype("Int64") for name in counts})


def _row(number: Number, found: Results, dataset: str, simulated: bool) -> dict:
    ours = KINDS[number.kind](number, found) if number.kind in KINDS else None
    alike = ours is not None and not simulated and not _counts_otherwise(number, ours)
    return {
        "section": number.section, "quantity": number.name, "published": number.value, "spread": number.spread,
        "tag": number.tag, "source": number.source, "ours": ours.mean if ours else np.nan,
        "ci_low": ours.low if ours else np.nan, "ci_high": ours.high if ours else np.nan,
        "n_listeners": ours.n if ours else 0, "n_clips": ours.n_clips if ours else 0,
        "model": ours.model if ours else "", "route": ours.route if ours else "",
        "difference": ours.mean - number.value if alike else np.nan,
        "defects": " ".join(map(str, number.defects)), "why": _why(number, ours, found, dataset, simulated),
    }  # fmt: skip


def _why(number: Number, ours: Ours | None, found: Results, dataset: str, simulated: bool) -> str:
    if ours is None:
        return "f" if number.kind == "train" else "g"
    reasons = {
        "a": simulated,
        "b": not simulated and dataset != "ds003720",
        "c": ours.model not in ("", *OURS[number.embedding]),
        "d": ours.n_clips not in (0, N_CLIPS),
        "e": ours.route not in ("", number.route),
        "h": number.kind == "aligned" and all(one.attrs["mode"] == "corrected" for one in found.aligned.values()),
        "i": number.kind == "voxels",
        "j": ours.split != "official",
        "k": _counts_otherwise(number, ours),
    }
    return " ".join(letter for letter, holds in reasons.items() if holds)


def _counts_otherwise(number: Number, ours: Ours) -> bool:
    """Say whether one of two identification accuracies counts the clip itself, and the other doesn't."""
    return number.kind in ("id_acc", "aligned", *SWEPT) and (7 in number.defects) != ours.counts_itself
