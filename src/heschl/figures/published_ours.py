"""Our numbers, as the published ones beside which they are put: found among the results."""

from typing import NamedTuple

import numpy as np
import xarray as xr

from heschl.figures import participants
from heschl.figures.published_numbers import Number
from heschl.science import bootstrap

OURS = {
    "SoundStream-avg": ("encodec",), "w2v-BERT-avg": ("w2v_bert",), "MuLan_text": ("text",),
    "MuLan_music": ("muq_mulan",), "CLAP": ("clap",),
}  # fmt: skip
STANDS_IN = ("MuLan_music", "CLAP")  # for these the first model of the study stands in
N_BOOTSTRAPS, SEED = 2000, 0
SWEPT = {"threshold": ("threshold", "id_acc_threshold"), "volume": ("lag_s", "id_acc_time")}


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
    """Our number: mean, interval, numbers of listeners and clips, model, route, split, how it counts."""

    mean: float
    low: float
    high: float
    n: int
    n_clips: int
    model: str
    route: str
    split: str = "official"
    counts_itself: bool = False  # defect 7


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
        itself = str(one.attrs.get("rule", "")).startswith("as published")
        return Ours(mean, low, high, int(people.sum()), n_clips, model, route, split, itself)
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
    coord, name = SWEPT[number.kind]
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
