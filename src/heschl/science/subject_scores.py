"""What a network answered about whose samples these are: accuracy, confusion and certainty."""

from typing import NamedTuple

import numpy as np


class Answers(NamedTuple):
    """Probability of each subject, (sample, subject), for samples of `subject` at `place`, (sample,)."""

    probability: np.ndarray
    subject: np.ndarray
    place: np.ndarray


def table(answers: dict[str, Answers], n_subjects: int, n_places: int) -> dict[str, np.ndarray]:
    """Score every evaluation; NaN where it has no sample.

    Returns
    -------
    accuracy, count : (evaluation,)
    confusion : (evaluation, subject, answered), counts
    probability : (evaluation, subject), mean probability given to the true subject
    place_accuracy : (evaluation, place), mean over subjects
    right : (evaluation, subject, place), share of right answers, float32
    """
    rows = [_scores(found, n_subjects, n_places) for found in answers.values()]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def _scores(found: Answers, n_subjects: int, n_places: int) -> dict[str, np.ndarray]:
    subject, place = found.subject, found.place
    answered = found.probability.argmax(1) if len(subject) else subject
    true = found.probability[np.arange(len(subject)), subject] if len(subject) else np.empty(0)
    confusion = np.zeros((n_subjects, n_subjects), np.int64)
    np.add.at(confusion, (subject, answered), 1)
    right, shape = answered == subject, (n_subjects, n_places)
    return {
        "accuracy": np.array(right.mean() if len(right) else np.nan),
        "count": np.array(len(right)),
        "confusion": confusion,
        "probability": mean_by(true, subject, n_subjects),
        "place_accuracy": mean_by(right, place, n_places),
        "right": mean_by(right, subject * n_places + place, shape[0] * shape[1]).reshape(shape).astype(np.float32),
    }


def mean_by(values: np.ndarray, group: np.ndarray, n: int) -> np.ndarray:
    """Mean of values (sample,) by group (sample,), (n,); NaN for a group without a sample."""
    total, count = np.bincount(group, values, n), np.bincount(group, minlength=n)
    return np.divide(total, count, out=np.full(n, np.nan), where=count > 0)
