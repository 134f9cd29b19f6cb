"""Samples that tell subjects apart: one subject's 782-point power series at one place; and how they are normalised.

Evaluations of a training session and test sessions s, in this order: "train", "validation", "test"; s; then, for each
s, three controls of drift (science/drift_model.py): "s_modelled", the test samples of the training session with the
measured drift put on (what drift alone would leave); "s_corrected", the samples of s with the drift undone, and
"s_matched", the test samples as scattered as those, against which they are held.
"""

from typing import NamedTuple

import numpy as np

from heschl.science import beat_delay, drift_model
from heschl.science.subject_splits import TEST, TRAIN, VALIDATION, Split

NORMS = ("train", "per_session")
ROLES = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
CONTROLS = ("modelled", "corrected", "matched")


class Recording(NamedTuple):
    """Mean power of all subjects, the training session first.

    power : (session, subject, part, voxel, time), NaN where a part is missing
    noise : (session, subject, half, voxel, time), of the empty room; NaN where there is none
    n_epochs : (session, subject, part)
    position : (voxel, axis), mm
    beat : samples from beat to beat, each series starts on one; 0 if that isn't known, then no delay is measured
    """

    power: np.ndarray
    noise: np.ndarray
    n_epochs: np.ndarray
    position: np.ndarray
    sessions: list[str]
    parts: list[str]
    beat: float = 0.0


class Samples(NamedTuple):
    """x (sample, time) float32; subject and place (sample,)."""

    x: np.ndarray
    subject: np.ndarray
    place: np.ndarray


class Norm(NamedTuple):
    """Mean and standard deviation of each time point, (time,)."""

    mean: np.ndarray
    deviation: np.ndarray

    def apply(self, x: np.ndarray) -> np.ndarray:
        """Normalise x (sample, time)."""
        return ((x - self.mean) / self.deviation).astype(np.float32)


def evaluations(sessions: list[str]) -> tuple[list[str], list[str]]:
    """Return the names of the evaluations that are scores, and of those that only tests of drift need."""
    scores = [*ROLES, *sessions, *(f"{s}_{CONTROLS[0]}" for s in sessions)]
    return scores, [f"{s}_{c}" for s in sessions for c in CONTROLS[1:]]


def views(recording: Recording, split_parts: tuple[str, str, str], is_noise: bool = False, order: int = 2
          ) -> dict[str, np.ndarray]:  # fmt: skip
    """Return what each evaluation sees, (subject, voxel, time), for the parts of a split.

    Noise of the empty room has halves for parts, and no controls of drift: there is no signal to have a gain.

    Parameters
    ----------
    split_parts : parts that teach, that test, and that are scored in other sessions
    order : of the gain over the head, see drift_model.measure
    """
    source = recording.noise if is_noise else recording.power
    taught, tested, scored = (_part(recording, name, is_noise) for name in split_parts)
    found = {"train": source[0, :, taught], "validation": source[0, :, taught], "test": source[0, :, tested]}
    found |= {s: source[k, :, scored] for k, s in enumerate(recording.sessions) if k}
    for k, session in enumerate(recording.sessions):
        if k and not is_noise:
            at = (k, tested, scored)
            found |= _controls(recording, session, at, measured(recording, k, order))
    return found


def measured(recording: Recording, session: int, order: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Measure gain, noise before and noise after, (subject, voxel), of one session against the training session."""
    whole = recording.parts.index("all")
    power = [recording.power[k, :, whole].mean(2, dtype=float) for k in (0, session)]
    noise = [_mean_noise(recording.noise[k]) for k in (0, session)]
    return drift_model.measure(*power, *noise, recording.position, order)


def delays(recording: Recording, session: int) -> np.ndarray:
    """Measure by how many samples one session lags behind the training session, (subject,)."""
    whole = recording.parts.index("all")
    return beat_delay.delay(recording.power[0, :, whole], recording.power[session, :, whole], recording.beat)


def gather(view: np.ndarray, chosen: np.ndarray) -> Samples:
    """Take samples from view (subject, place, time) where chosen, bool (subject, place); without those with NaN."""
    subject, place = np.nonzero(chosen)
    x = view[subject, place]
    known = np.isfinite(x).all(1)
    return Samples(x[known].astype(np.float32), subject[known], place[known])


def of_split(split: Split, seen: dict[str, np.ndarray]) -> dict[str, Samples]:
    """Gather the samples of every evaluation; those of "s_modelled" and "s_matched" are the test's."""
    found = {}
    for name, view in seen.items():
        from_test = name.endswith(("_modelled", "_matched")) and "test" in seen
        role = ROLES.get(name, TEST if from_test else None)
        found[name] = gather(view, split.scored if role is None else split.role == role)
    return found


def permuted(samples: Samples, n_subjects: int, seed: int) -> Samples:
    """Deal the subjects of each place out anew among its samples, so that nothing is left to learn."""
    subject, rng = samples.subject.copy(), np.random.default_rng([seed, 4])
    for place in np.unique(samples.place):
        rows = np.flatnonzero(samples.place == place)
        subject[rows] = rng.permutation(subject[rows])
    return samples._replace(subject=subject)


def normalise(found: dict[str, Samples], norm: str) -> dict[str, Samples]:
    """Give time points zero mean and unit variance.

    Parameters
    ----------
    norm : "train": mean and deviation of the training samples for all; "per_session": sessions other than the training
        session by their own scored samples, as the study may have done

    Without a training sample nothing is left: all are empty.

    Raises
    ------
    ValueError
        If the norm is unknown.
    """
    if norm not in NORMS:
        raise ValueError(f"norm {norm!r}; wanted one of {', '.join(NORMS)}")
    if not len(found["train"].x):
        return {name: Samples(*(values[:0] for values in s)) for name, s in found.items()}
    frozen = statistics(found["train"].x)
    own = {name for name in found if norm == "per_session" and name not in ROLES and len(found[name].x)}
    scale = {name: statistics(s.x) if name in own else frozen for name, s in found.items()}
    return {name: s._replace(x=scale[name].apply(s.x)) for name, s in found.items()}


def statistics(x: np.ndarray) -> Norm:
    """Return mean and standard deviation over samples of x (sample, time); deviation 1 where all are the same."""
    deviation = x.std(0, dtype=float)
    return Norm(x.mean(0, dtype=float), np.where(deviation > 0, deviation, 1.0))


def _part(recording: Recording, name: str, is_noise: bool) -> int:
    return ("half_1", "half_2").index(name) if is_noise else recording.parts.index(name)


def _mean_noise(noise: np.ndarray) -> np.ndarray:
    """Mean over halves and time that are known, (subject, half, voxel, time) to (subject, voxel); else NaN."""
    known = np.isfinite(noise)
    total, count = np.where(known, noise, 0).sum((1, 3), dtype=float), known.sum((1, 3))
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def _controls(recording: Recording, name: str, at: tuple[int, int, int], gain_and_noise: tuple) -> dict:
    """Return the three controls of one session; `at`: its number, the part tested before, the part scored after."""
    session, tested, scored = at
    before, after = recording.power[0, :, tested], recording.power[session, :, scored]
    jitter_before, jitter_after = _jitter(recording, 0, tested), _jitter(recording, session, scored)
    more = drift_model.scatter(jitter_before, jitter_after, gain_and_noise[0])
    drift, late = drift_model.Drift(*gain_and_noise, more), delays(recording, session)
    delayed, advanced = (beat_delay.shifted(p, d, recording.beat) for p, d in ((before, late), (after, -late)))
    views = (
        drift_model.modelled(delayed, drift, jitter_after),
        drift_model.corrected(advanced, drift, jitter_before),
        drift_model.matched(before, drift, jitter_after),
    )
    return {f"{name}_{c}": view.astype(np.float32) for c, view in zip(CONTROLS, views, strict=True)}


def _jitter(recording: Recording, session: int, part: int) -> np.ndarray:
    """Half the difference of even and odd epochs, as large as the scatter of `part`'s mean; (subject, voxel, time)."""
    first, second = (recording.power[session, :, recording.parts.index(f"half_{h}")] for h in (1, 2))
    epochs, whole = recording.n_epochs[session].astype(float), recording.parts.index("all")
    share = np.divide(epochs[:, whole], epochs[:, part], out=np.full(len(epochs), np.nan), where=epochs[:, part] > 0)
    return (first - second) / 2 * np.sqrt(share)[:, None, None]
