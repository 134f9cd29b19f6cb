"""How well a tagger ranks clips: areas under the ROC and precision-recall curves, with intervals.

Hanley and McNeil, "The meaning and use of the area under a receiver operating characteristic (ROC) curve",
Radiology 143 (1982) 29-36.
"""

import numpy as np
from scipy.stats import norm, rankdata


def roc_auc(present: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Chance that a clip with the tag scores above one without; ties count half.

    Parameters
    ----------
    present : bool (clip, tag)
    score : (clip, tag)

    Returns
    -------
    (tag,) float64 in [0, 1], NaN for a tag that all clips have or none has
    """
    n_with, n_without = counts(present)
    ranks = np.where(present, rankdata(score, axis=0), 0).sum(0)
    return _divide(ranks - n_with * (n_with + 1) / 2, n_with * n_without)


def pr_auc(present: np.ndarray, score: np.ndarray) -> np.ndarray:
    """Average precision: the mean precision at the scores of clips with the tag; same shapes as roc_auc."""
    n_with, n_without = counts(present)
    columns = zip(np.asarray(present).T, np.asarray(score).T, strict=True)
    precision = np.array([_precision_sum(p, s) for p, s in columns])
    return np.where(n_without > 0, _divide(precision, n_with), np.nan)


def macro(per_tag: np.ndarray) -> float:
    """Mean over the tags that have a value; NaN if none has."""
    return float(np.nanmean(per_tag)) if np.isfinite(per_tag).any() else float("nan")


def counts(present: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of clips with and without each tag."""
    n_with = np.asarray(present).sum(0)
    return n_with, len(present) - n_with


def auc_error(auc: np.ndarray, n_with: np.ndarray, n_without: np.ndarray) -> np.ndarray:
    """Return the standard error of an area under the ROC curve, by Hanley and McNeil's formula."""
    q1, q2 = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    spread = auc * (1 - auc) + (n_with - 1) * (q1 - auc**2) + (n_without - 1) * (q2 - auc**2)
    return np.sqrt(_divide(np.maximum(spread, 0), n_with * n_without))


def auc_interval(
    auc: np.ndarray, n_with: np.ndarray, n_without: np.ndarray, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Return the lower and upper bound of an area's normal confidence interval, within [0, 1]."""
    half = norm.ppf(0.5 + level / 2) * auc_error(auc, n_with, n_without)
    return np.clip(auc - half, 0, 1), np.clip(auc + half, 0, 1)


def auc_z(auc: np.ndarray, n_with: np.ndarray, n_without: np.ndarray) -> np.ndarray:
    """Return how many standard errors (under chance) an area lies above one half."""
    return _divide(auc - 0.5, auc_error(np.full_like(auc, 0.5), n_with, n_without))


def _precision_sum(present: np.ndarray, score: np.ndarray) -> float:
    """Sum the precision at each clip that has the tag; ties share one threshold."""
    order = np.argsort(-score, kind="stable")
    hits, ranked = np.cumsum(present[order]), score[order]
    last_of_tie = np.searchsorted(-ranked, -ranked, side="right") - 1
    return float(np.sum(hits[last_of_tie] / (last_of_tie + 1) * present[order]))


def _divide(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(below) > 0, above / below, np.nan)
