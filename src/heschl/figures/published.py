"""Published numbers, ours, and why they differ: one page, made from results."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from heschl import store
from heschl.figures import participants, published_page, style
from heschl.figures.published_numbers import N_CLIPS, Number, numbers
from heschl.science import bootstrap

TITLE = "Published, ours, and why they differ"
CAPTION = (
    "Numbers that papers and their public code print (P: paper; C: code or its printed output; calc: computed "
    "from those; all of ds003720, 5 listeners, 60 test clips) beside ours: mean over listeners without the noise "
    "one, with 95 % interval (bootstrap of listeners crossed with clips) where there is one, numbers of listeners "
    "and test clips, and ours minus published. Defects are the known ones of the original; letters tell what else "
    "differs. Where listeners are simulated, no difference says anything of a paper: the page then shows only "
    "that every number has its place. Defects are numbered as in the documentation."
)
OURS = {
    "SoundStream-avg": ("encodec",), "w2v-BERT-avg": ("w2v_bert",), "MuLan_text": ("text",),
    "MuLan_music": ("muq_mulan",), "CLAP": ("clap",),
}  # fmt: skip
STANDS_IN = ("MuLan_music", "CLAP")  # for these the first model of the study stands in
WHY = {
    "a": "ours are simulated listeners: a difference says nothing of the paper",
    "b": "other data set",
    "c": "other embedding",
    "d": "other number of test clips",
    "e": "other route to the voxels",
    "f": "training clips are not scored: a score of what was fitted says little",
    "g": "not among the results given",
    "h": "other training clips for the decoder, none of them the left-out listener's",
    "i": "voxels differ in size and in how much of the brain they cover",
    "j": "other split of the clips",
}
N_BOOTSTRAPS, SEED = 2000, 0
COLUMNS = [
    "section", "quantity", "published", "spread", "tag", "source", "ours", "ci_low", "ci_high", "n_listeners",
    "n_clips", "model", "route", "difference", "defects", "why",
]  # fmt: skip


class Results(NamedTuple):
    """What was computed: scores by model; encoding by model and listener; the others by listener."""

    scores: dict[str, xr.Dataset]
    encoding: dict[str, dict[str, xr.Dataset]]
    aligned: dict[str, xr.Dataset]
    sweeps: dict[str, xr.Dataset]
    predictions: dict[tuple[str, str], dict[str, xr.Dataset]]
    noise: set[str]
    n_clips: int


class Ours(NamedTuple):
    """Our number: mean, interval, numbers of listeners and clips, model, route, split."""

    mean: float
    low: float
    high: float
    n: int
    n_clips: int
    model: str
    route: str
    split: str = "official"


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
    style.save(figure, pd.DataFrame(rows, columns=COLUMNS), png=png, pdf=pdf, table=table)


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


def _row(number: Number, found: Results, dataset: str, simulated: bool) -> dict:
    ours = KINDS[number.kind](number, found) if number.kind in KINDS else None
    return {
        "section": number.section, "quantity": number.name, "published": number.value, "spread": number.spread,
        "tag": number.tag, "source": number.source, "ours": ours.mean if ours else np.nan,
        "ci_low": ours.low if ours else np.nan, "ci_high": ours.high if ours else np.nan,
        "n_listeners": ours.n if ours else 0, "n_clips": ours.n_clips if ours else 0,
        "model": ours.model if ours else "", "route": ours.route if ours else "",
        "difference": ours.mean - number.value if ours else np.nan,
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
    }
    return " ".join(letter for letter, holds in reasons.items() if holds)


def _model(number: Number, models: list[str]) -> str | None:
    """Choose our model for a published embedding: its like, or for the studies' own targets the first."""
    alike = [model for model in OURS[number.embedding] if model in models]
    return alike[0] if alike else models[0] if models and number.embedding in STANDS_IN else None


def _scored(number: Number, found: Results) -> tuple[xr.Dataset, np.ndarray, str, str] | None:
    """Find the scores of a number: of one route, and who is a listener."""
    model = _model(number, list(found.scores))
    if model is None:
        return None
    one = found.scores[model]
    routes = one["route"].values.astype(str).tolist()
    route = number.route if number.route in routes else routes[0]
    return one.isel(route=routes.index(route)), participants.averaged(participants.noise_of(one)), model, route


def _of_scores(number: Number, found: Results) -> Ours | None:
    """id_acc with its interval, or top_k and top_k_genre at a k."""
    if (scored := _scored(number, found)) is None:
        return None
    one, people, model, route = scored
    n_clips = int(np.isfinite(one["id_acc"].values).any(0).sum())
    split = str(one.attrs["split"])
    if number.kind == "id_acc":
        low, high = map(float, one["ci"].values)
        mean = float(np.nanmean(one["id_acc"].values[people]))
        return Ours(mean, low, high, int(people.sum()), n_clips, model, route, split)
    mean = float(np.nanmean(one[number.kind].sel(k=int(number.at)).values[people]))
    return Ours(mean, np.nan, np.nan, int(people.sum()), n_clips, model, route, split)


def _oracle(number: Number, found: Results) -> Ours | None:
    if (scored := _scored(number, found)) is None:
        return None
    one = scored[0]
    value = one["baseline"].values[one["name"].values.astype(str).tolist().index("genre_oracle")]
    return Ours(float(value), np.nan, np.nan, 0, one.sizes["clip"], "", "")


def _people(found: Results, by_sub: dict[str, xr.Dataset]) -> list[xr.Dataset]:
    return [one for sub, one in by_sub.items() if sub not in found.noise]


def _aligned(number: Number, found: Results) -> Ours | None:
    """Mean of the left-out listeners by anatomical alignment, at the largest k."""
    people = _people(found, found.aligned)
    if not people or "anatomical" not in people[0]["method"].values:
        return None
    values = np.stack([one["id_acc_clip"].sel({"method": "anatomical"}).isel(k=-1).values for one in people])
    low, high = bootstrap.interval(values, N_BOOTSTRAPS, SEED)
    return Ours(float(values.mean()), low, high, len(people), values.shape[1], str(people[0].attrs["model"]), "")


def _swept(number: Number, found: Results) -> Ours | None:
    """Mean of the listeners' curves at a threshold, or at a time."""
    people = _people(found, found.sweeps)
    coord, name = {"threshold": ("threshold", "id_acc_threshold"), "volume": ("lag_s", "id_acc_time")}[number.kind]
    values = [one[name].values[np.abs(one[coord].values - number.at) < 1e-6] for one in people]
    if not people or not all(len(v) for v in values):
        return None
    mean = float(np.mean(values))
    return Ours(mean, np.nan, np.nan, len(people), found.n_clips, str(people[0].attrs["model"]), "voxel")


def _r(number: Number, found: Results) -> Ours | None:
    """Mean correlation of decoding over features and listeners."""
    models = list(dict.fromkeys(model for model, _ in found.predictions))
    model = _model(number, models)
    if model is None:
        return None
    routes = [r for m, r in found.predictions if m == model]
    route = number.route if number.route in routes else routes[0]
    people = _people(found, found.predictions[model, route])
    if not people:
        return None
    mean = float(np.mean([np.nanmean(one["r"].values) for one in people]))
    return Ours(mean, np.nan, np.nan, len(people), people[0].sizes["clip"], model, route, str(people[0].attrs["split"]))


def _voxels(number: Number, found: Results) -> Ours | None:
    """Mean number of voxels whose encoding in training is above a threshold."""
    model = _model(number, list(found.encoding))
    people = _people(found, found.encoding[model]) if model else []
    if not people:
        return None
    mean = float(np.mean([(one["r_cv"].values > number.at).sum() for one in people]))
    return Ours(mean, np.nan, np.nan, len(people), 0, model, "voxel")


KINDS = {
    "id_acc": _of_scores, "top_k": _of_scores, "top_k_genre": _of_scores, "oracle": _oracle, "aligned": _aligned,
    "threshold": _swept, "volume": _swept, "r": _r, "voxels": _voxels,
}  # fmt: skip
