"""Arrays with names in and out of the study of subjects: samples, components, and the scores of networks."""

import numpy as np
import xarray as xr

from heschl.science import subject_scores
from heschl.science.subject_samples import Recording, evaluations
from heschl.science.subject_scores import Answers

PHASES = ["train", "validation"]
DIMS = {"accuracy": (), "count": (), "confusion": ("subject", "answered"), "probability": ("subject",)}
EMPTY = np.empty(0, int)


def recording(samples: xr.Dataset) -> tuple[Recording, dict]:
    """Take power (session, subject, part, voxel, time) and what belongs to it; also who is in it and who was left out.

    The training session comes first.
    """
    sessions, parts, subjects = ([str(v) for v in samples[name].values] for name in ("session", "part", "subject"))
    order = ("session", "subject", "part", "half", "voxel", "time")
    names = {"power": "half", "noise": "part", "n_epochs": ("half", "voxel", "time")}
    dims = {name: [d for d in order if d not in without] for name, without in names.items()}
    arrays = (samples[name].transpose(*dims[name]).values for name in names)
    about = {"subjects": subjects, "training": sessions[0], "left_out": list(samples.attrs.get("left_out", []))}
    beat = float(samples.attrs.get("beat_s", 0) * samples.attrs.get("rate_hz", 0))
    return Recording(*arrays, samples["position"].values.astype(float), sessions, parts, beat), about


def components(stores: list[xr.Dataset]) -> tuple[np.ndarray, list[np.ndarray], list[str], dict]:
    """Stack the components of subjects that have epochs, as many epochs and components as all have.

    Returns
    -------
    series : (session, subject, basis, epoch, component, time)
    runs : run of each epoch, (epoch,), by subject
    sessions : names, the training session first
    about : subjects, the training session, and why others were left out

    Raises
    ------
    ValueError
        If fewer than two subjects have epochs.
    """
    refused = [str(found.attrs.get("refused", "")) for found in stores]
    there = [found for found, line in zip(stores, refused, strict=True) if found.sizes["epoch"] and not line]
    if len(there) < 2:
        raise ValueError(f"{len(there)} of {len(stores)} subjects have epochs of components; wanted two to tell apart")
    n_epochs, n = (min(found.sizes[dim] for found in there) for dim in ("epoch", "component"))
    order = ("session", "basis", "epoch", "component", "time")
    series = np.stack([found["series"].transpose(*order).values[:, :, :n_epochs, :n] for found in there], 1)
    runs = [found["run"].values.astype(str)[:n_epochs] for found in there]
    sessions = [str(s) for s in there[0]["session"].values]
    about = {"subjects": [str(found.attrs["sub"]) for found in there], "training": sessions[0]}
    return series, runs, sessions, about | {"left_out": [line for line in refused if line]}


def scores(
    answers: list[dict[str, Answers]],
    loss: list[np.ndarray],
    lead: dict[str, list],
    subjects: list[str],
    tests: list[str],
    place: tuple[str, int] | None = None,
) -> xr.Dataset:
    """Score what networks answered.

    Parameters
    ----------
    answers, loss : of each network, (phase, epoch) the loss, in the order of `lead`
    lead : names along the leading dimensions: split, and cluster if there are
    tests : sessions other than the training session; those without drift controls just get their own scores
    place : name and number of the places that also get a score each, or None

    Returns
    -------
    accuracy, count (*lead, evaluation), confusion, probability, {place}_accuracy (*lead, evaluation, {place}) and
    {place}_right (*lead, evaluation, subject, {place}); the same with the drift undone as undone_* (*lead, undone,
    ...); loss (*lead, phase, epoch)
    """
    sizes, (plain, undone) = tuple(map(len, lead.values())), evaluations(tests)
    if not any(name.endswith("_modelled") for one in answers for name in one):
        plain, undone = [name for name in plain if not name.endswith("_modelled")], []
    arrays: dict[str, tuple] = {}
    for prefix, axis, names in (("", "evaluation", plain), ("undone_", "undone", undone)):
        placed = {f"{place[0]}_accuracy": (place[0],), f"{place[0]}_right": ("subject", place[0])} if place else {}
        dims = DIMS | placed
        if names:
            rows = [_table(one, names, len(subjects), place) for one in answers]
            stacked = {name: np.stack([row[name] for row in rows]) for name in dims}
            arrays |= {
                prefix + name: ((*lead, axis, *dims[name]), values.reshape(*sizes, *values.shape[1:]), {"units": "1"})
                for name, values in stacked.items()
            }
    arrays["loss"] = ((*lead, "phase", "epoch"), np.stack(loss).reshape(*sizes, *loss[0].shape), {"units": "nat"})
    coords = lead | {"subject": subjects, "answered": subjects, "evaluation": plain, "phase": PHASES}
    return xr.Dataset(arrays, coords | ({"undone": undone} if undone else {}))


def _table(found: dict[str, Answers], names: list[str], n_subjects: int, place: tuple[str, int] | None) -> dict:
    """Score evaluations in order; those that there are not have no sample."""
    nothing = Answers(np.empty((0, n_subjects)), EMPTY, EMPTY)
    ordered = {name: found.get(name, nothing) for name in names}
    n_places = place[1] if place else 1 + max((int(a.place.max(initial=0)) for a in ordered.values()), default=0)
    table = subject_scores.table(ordered, n_subjects, n_places)
    if not place:
        return table
    return table | {f"{place[0]}_accuracy": table["place_accuracy"], f"{place[0]}_right": table["right"]}
