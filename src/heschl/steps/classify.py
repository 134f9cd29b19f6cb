"""Classify: whose brain is this? Networks are trained on one session and tested on the others (science.md A0).

One job trains the networks of one seed; heschl.steps.contrast gathers the seeds.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from heschl import store
from heschl.errors import HeschlError
from heschl.science import head_clusters, subject_splits, subject_tables
from heschl.science.subject_samples import normalise, of_split, permuted, views

if TYPE_CHECKING:
    from heschl.nets.subject_learner import Learned, Optimiser

ONE, MM = {"units": "1"}, {"units": "mm"}
CLOCKWORK = {"learning_rate": 0.05, "momentum": 0.9}  # of the classifier that the study left undone
HINT = "Change the settings of classify"


def full(
    *,
    samples: Path,
    scores: Path,
    seed: int,
    width: float,
    epochs: int,
    n_validation: int,
    n_test: int,
    val_unit: str,
    norm: str,
    splits: list[str],
    guard_mm: float,
    baselines: bool,
    drift_order: int = 2,
    batch: int = 128,
    learning_rate: float = 5e-3,
    momentum: float = 0.9,
    clip: float = 0.0,
    clockwork_units: int = 8,
    clockwork_epochs: int = 20,
) -> None:
    """Tell subjects apart by any voxel of the head, network A (Roman, 4.1), once for each split.

    Writes accuracy, count (split, evaluation), confusion (split, evaluation, subject, answered), voxel_accuracy
    (split, evaluation, voxel), loss (split, phase, epoch); the same with the drift undone as undone_* (split, undone,
    ...); baseline_accuracy (classifier, evaluation) on the split "run", or the first one there is.

    Parameters
    ----------
    samples : store of beamform.samples
    width : share of the published filters and hidden units
    n_validation, n_test, val_unit, guard_mm, splits : places held out, see subject_splits.full
    norm : "train" or "per_session", see subject_samples.normalise
    baselines : whether k-NN, SVM, softmax regression and the clockwork network learn too
    drift_order : polynomial that the gain over the head may be, see drift_model

    Raises
    ------
    HeschlError
        If the voxels are too few for a split.
    """
    from heschl.nets import subject_learner as nets

    recording, about = subject_tables.recording(store.read(samples).load())
    options = {"n_validation": n_validation, "n_test": n_test, "unit": val_unit, "guard_mm": guard_mm, "seed": seed}
    optimiser, n = nets.Optimiser(learning_rate, momentum, epochs, batch, clip), recording.power.shape[1]
    build, learned, more = nets.convolutional("a", n, recording.power.shape[-1], width), [], {}
    asked = "run" if "run" in splits else splits[0]
    try:
        for k, name in enumerate(splits):
            split = subject_splits.full(name, recording.position, n, **options)
            found = of_split(split, views(recording, split.parts, name == "noise", drift_order))
            train = permuted(found["train"], n, seed) if name == "permuted" else found["train"]
            found = normalise(found | {"train": train}, norm)
            learned.append(nets.learn(build, found, n, optimiser, [seed, k]))
            if baselines and name == asked:
                slow = nets.Optimiser(**CLOCKWORK, epochs=clockwork_epochs, batch=batch, clip=clip)
                more = nets.baselines(found, n, clockwork_units, slow, seed)
    except ValueError as error:
        raise HeschlError(samples, str(error), "no scores", HINT) from error
    arrays = _scores(learned, {"split": splits}, about, recording.sessions, ("voxel", len(recording.position)))
    if more:
        names = arrays["evaluation"].values
        values = np.array([[row.get(name, np.nan) for name in names] for row in more.values()])
        arrays = arrays.assign_coords(classifier=list(more))
        arrays["baseline_accuracy"] = (("classifier", "evaluation"), values, ONE)
    settings = {"val_unit": val_unit, "guard_mm": guard_mm, "n_validation": n_validation, "n_test": n_test}
    attrs = about | settings | {"norm": norm, "seed": seed, "width": width, "baseline_split": asked}
    store.write(scores, arrays.assign_attrs(attrs | _about("a", learned, optimiser)))


def clusters(
    *,
    samples: Path,
    scores: Path,
    seed: int,
    width: float,
    epochs: int,
    n_clusters: int,
    cluster_size: int,
    norm: str,
    splits: list[str],
    drift_order: int = 2,
    batch: int = 16,
    learning_rate: float = 5e-3,
    momentum: float = 0.9,
    clip: float = 0.0,
) -> None:
    """Tell subjects apart in each cluster of neighbouring voxels by a network A of its own (Roman, 4.2).

    Writes accuracy (split, cluster, evaluation), probability of the true subject (split, cluster, evaluation, subject),
    confusion, loss (split, cluster, phase, epoch), member (cluster, member), centre (cluster, axis), and undone_*. A
    cluster has 105 samples to learn from: the batch of 128 of the full head would be one step an epoch.

    Raises
    ------
    HeschlError
        If there are fewer voxels than clusters, or than one has.
    """
    from heschl.nets import subject_learner as nets

    recording, about = subject_tables.recording(store.read(samples).load())
    optimiser, n = nets.Optimiser(learning_rate, momentum, epochs, batch, clip), recording.power.shape[1]
    build, learned = nets.convolutional("a", n, recording.power.shape[-1], width), []
    try:
        member = head_clusters.clusters(recording.position, n_clusters, cluster_size)
        for k, name in enumerate(splits):
            seen = views(recording, subject_splits.PARTS.get(name, ("all",) * 3), order=drift_order)
            for c, voxels in enumerate(member):
                split = subject_splits.cluster(name, voxels, len(recording.position), n, seed)
                found = normalise(of_split(split, seen), norm)
                learned.append(nets.learn(build, found, n, optimiser, [seed, k, c]))
            print(f"split {name}: {n_clusters} networks have learnt", file=sys.stderr, flush=True)
    except ValueError as error:
        raise HeschlError(samples, str(error), "no scores", HINT) from error
    arrays = _scores(learned, {"split": splits, "cluster": list(range(n_clusters))}, about, recording.sessions)
    arrays = arrays.assign_coords(axis=["x", "y", "z"])
    arrays["member"] = (("cluster", "member"), member.astype(np.int32), ONE)
    arrays["centre"] = (("cluster", "axis"), recording.position[member[:, 0]], MM)
    attrs = about | {"norm": norm, "seed": seed, "width": width}
    store.write(scores, arrays.assign_attrs(attrs | _about("a", learned, optimiser)))


def components(
    *,
    components: list[Path],
    scores: Path,
    seed: int,
    width: float,
    epochs: int,
    norm: str,
    splits: list[str],
    batch: int = 128,
    learning_rate: float = 5e-4,
    momentum: float = 0.5,
    clip: float = 0.0,
) -> None:
    """Tell subjects apart by epochs of their principal components, network B (Roman, 4.3).

    "published" tests each session on components of its own, "epoch_block" on those of the training session. Writes
    accuracy, count, confusion, component_accuracy (split, evaluation, component) and loss (split, phase, epoch).

    Parameters
    ----------
    components : stores of beamform.components, one per subject; those without epochs are left out

    Raises
    ------
    HeschlError
        If fewer than two subjects have epochs, or these are too few to be split.
    """
    from heschl.nets import subject_learner as nets

    try:
        series, runs, sessions, about = subject_tables.components([store.read(p).load() for p in sorted(components)])
        n, n_components, n_samples = len(runs), *series.shape[-2:]
        optimiser, learned = nets.Optimiser(learning_rate, momentum, epochs, batch, clip), []
        build = nets.convolutional("b", n, n_samples, width)
        for k, name in enumerate(splits):
            split = subject_splits.components(name, runs, n_components, seed)
            places = series[:, :, int(name != "published")].reshape(*series.shape[:2], -1, n_samples)
            seen = dict.fromkeys(("train", "validation", "test"), places[0])
            seen |= {session: places[i] for i, session in enumerate(sessions) if i}
            found = normalise(of_split(split, seen), norm)
            learned.append(nets.learn(build, found, n, optimiser, [seed, k]))
    except ValueError as error:
        raise HeschlError(components[0].parent, str(error), "no scores", HINT) from error
    for one in learned:  # places are (epoch, component): only the component is scored
        one.answers.update({e: a._replace(place=a.place % n_components) for e, a in one.answers.items()})
    arrays = _scores(learned, {"split": splits}, about, sessions, ("component", n_components))
    attrs = about | {"norm": norm, "seed": seed, "width": width}
    store.write(scores, arrays.assign_attrs(attrs | _about("b", learned, optimiser)))


def _scores(learned: list["Learned"], lead: dict, about: dict, sessions: list[str], place: tuple | None = None
            ) -> xr.Dataset:  # fmt: skip
    answers, loss = [one.answers for one in learned], [one.loss for one in learned]
    return subject_tables.scores(answers, loss, lead, about["subjects"], sessions[1:], place)


def _about(network: str, learned: list["Learned"], optimiser: "Optimiser") -> dict:
    return {"network": network, "n_parameters": learned[0].n_parameters} | optimiser._asdict()
