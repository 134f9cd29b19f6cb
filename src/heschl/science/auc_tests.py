"""How sure areas under the ROC curve are, and tests of them: against chance, of two networks, of kinds of tags.

An area is a mean over clips with a tag of the share of clips without it that score lower. So each clip moves it by a
known amount, and the squares of these influences add up to its variance: exactly the estimate of DeLong, DeLong and
Clarke-Pearson (Biometrics 44, 1988, 837-845), here by mid-ranks (Sun and Xu, IEEE Signal Processing Letters 21, 2014,
1389-1393). Influences of two networks on the same clips, or of several tags, add before they are squared, which keeps
what they share. Clips of one song are no independent samples: with `group` the influences of a song add first
(Obuchowski, Biometrics 53, 1997, 567-578).
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

from heschl.science.tagging import roc_auc


class ZTest(NamedTuple):
    """A normal test; arrays of shape (tag,), or numbers. NaN where the error is 0, as of a tag ranked perfectly.

    estimate : what is compared with zero; error : its standard error; z : their ratio
    p_above : right-tailed; p_two_sided
    """

    estimate: np.ndarray
    error: np.ndarray
    z: np.ndarray
    p_above: np.ndarray
    p_two_sided: np.ndarray


class TTest(NamedTuple):
    """A two-sided t test; numbers, or arrays of shape (category,)."""

    estimate: np.ndarray
    t: np.ndarray
    df: np.ndarray
    p: np.ndarray


def influence(present: np.ndarray, score: np.ndarray, group: np.ndarray | None = None) -> np.ndarray:
    """How far each group of clips moves the area of each tag from its expectation.

    Parameters
    ----------
    present : (clip, tag) bool
    score : (clip, tag)
    group : label of each clip (a song), (clip,); None: each clip stands alone

    Returns
    -------
    (group, tag) float64; the sum of squares is the variance of the area. NaN for a tag with fewer than two groups
    that have it, or fewer than two that lack it
    """
    present, score = np.asarray(present, bool), np.asarray(score, float)
    if present.shape != score.shape or present.ndim != 2:
        raise ValueError(f"tags {present.shape} and scores {score.shape}; wanted (clip, tag) twice")
    member = np.arange(len(present)) if group is None else np.unique(group, return_inverse=True)[1]
    moved = np.zeros((member.max() + 1, present.shape[1]))
    for tag in range(present.shape[1]):
        for kept, centred in _placements(present[:, tag], score[:, tag]):
            np.add.at(moved[:, tag], member[kept], centred * _correction(member[kept]))
    return moved


def error(influence: np.ndarray) -> np.ndarray:
    """Return the standard error of areas, (tag,), of their influences (group, tag)."""
    return np.sqrt(np.square(influence).sum(0))


def interval(area: np.ndarray, error: np.ndarray, level: float = 0.95) -> tuple[np.ndarray, np.ndarray]:
    """Return the bounds of a normal confidence interval, within [0, 1]."""
    half = stats.norm.ppf(0.5 + level / 2) * error
    return np.clip(area - half, 0, 1), np.clip(area + half, 0, 1)


def macro(present: np.ndarray, score: np.ndarray, group: np.ndarray | None = None) -> tuple[float, float]:
    """Mean area over the tags that have one with an error, and its standard error; NaN if none has."""
    area, moved = roc_auc(present, score), influence(present, score, group)
    known = np.isfinite(moved).all(0)
    if not known.any():
        return float("nan"), float("nan")
    return float(area[known].mean()), float(error(moved[:, known].mean(1, keepdims=True))[0])


def against_chance(present: np.ndarray, score: np.ndarray, group: np.ndarray | None = None) -> ZTest:
    """Test whether each tag's area differs from one half: estimates are area - .5, (tag,)."""
    return _test(roc_auc(present, score) - 0.5, error(influence(present, score, group)))


def compare(present: np.ndarray, first: np.ndarray, second: np.ndarray, group: np.ndarray | None = None) -> ZTest:
    """Test whether two networks' areas on the same clips differ: estimates are first - second, (tag,)."""
    moved = influence(present, first, group) - influence(present, second, group)
    return _test(roc_auc(present, first) - roc_auc(present, second), error(moved))


def compare_macro(present: np.ndarray, first: np.ndarray, second: np.ndarray, group: np.ndarray | None = None) -> ZTest:
    """Test whether two networks' mean areas differ, over the tags that have an error in both."""
    moved = influence(present, first, group) - influence(present, second, group)
    known = np.isfinite(moved).all(0)
    weight = np.where(known, 1 / max(known.sum(), 1), 0)
    return _contrast(roc_auc(present, first) - roc_auc(present, second), moved, weight)


def compare_kinds(present: np.ndarray, score: np.ndarray, kind: np.ndarray, group: np.ndarray | None = None) -> ZTest:
    """Test whether the mean area of tags of a kind, (tag,) bool, is above that of the others.

    Tags are fixed and clips are the samples: it says what other clips would show, not what other tags would.
    """
    area, moved = roc_auc(present, score), influence(present, score, group)
    known = np.isfinite(moved).all(0)
    ours, others = known & kind, known & ~np.asarray(kind, bool)
    if not ours.any() or not others.any():
        raise ValueError(f"{ours.sum()} tags of the kind and {others.sum()} others have an area; wanted some of both")
    return _contrast(area, moved, ours / ours.sum() - others / others.sum())


def negative(tags: list[str]) -> np.ndarray:
    """Tell which tags deny something: those that begin with "no ", (tag,) bool."""
    return np.array([str(tag).startswith("no ") for tag in tags], bool)


def category_t(area: np.ndarray, category: np.ndarray) -> tuple[np.ndarray, TTest]:
    """Compare the areas of each category's tags with all others' by Welch's t test.

    Parameters
    ----------
    area, category : (tag,); tags with no area (NaN) are left out

    Returns
    -------
    names of the categories, sorted; the test, estimates are differences of means, NaN where either side has fewer than
    two tags
    """
    known = np.isfinite(area)
    area, category = np.asarray(area)[known], np.asarray(category)[known]
    names = np.unique(category)
    rows = [_welch(area[category == name], area[category != name]) for name in names]
    return names, TTest(*np.array(rows, float).reshape(len(names), 4).T)


def correlation_t(area: np.ndarray, value: np.ndarray) -> TTest:
    """Test whether areas (tag,) go with a value of the tags, such as the log of their frequency: Pearson's r and its t.

    Raises
    ------
    ValueError
        If fewer than three tags have both, or either is the same for all.
    """
    known = np.isfinite(area) & np.isfinite(value)
    x, y = np.asarray(area, float)[known], np.asarray(value, float)[known]
    if len(x) < 3 or not np.ptp(x) or not np.ptp(y):
        raise ValueError(f"{len(x)} tags, areas over {np.ptp(x) if len(x) else 0:g}; wanted three that differ")
    r, df = float(np.corrcoef(x, y)[0, 1]), len(x) - 2
    t = r * np.sqrt(df / max(1 - r**2, np.finfo(float).tiny))
    return TTest(r, t, df, float(2 * stats.t.sf(abs(t), df)))


def _placements(present: np.ndarray, score: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """For clips with a tag, then without: their rows, and how far each placement value moves the area.

    A clip's placement value is the share of the other side that it's ranked rightly against, ties half.
    """
    together = stats.rankdata(score)
    sides = np.flatnonzero(present), np.flatnonzero(~present)
    found = []
    for rows, others, sign in ((*sides, 1), (*sides[::-1], -1)):
        below = (together[rows] - stats.rankdata(score[rows])) / max(len(others), 1)
        found.append((rows, sign * (below - below.mean() if len(rows) else below) / max(len(rows), 1)))
    return found if all(map(len, sides)) else [(rows, np.full(len(rows), np.nan)) for rows in sides]


def _correction(member: np.ndarray) -> float:
    """Correct a sum of squares for its estimated mean, as n / (n - 1) does a variance; here n is of groups."""
    n = len(np.unique(member))
    return np.sqrt(n / (n - 1)) if n > 1 else np.nan


def _welch(ours: np.ndarray, others: np.ndarray) -> tuple[float, float, float, float]:
    if min(len(ours), len(others)) < 2:
        return (np.nan,) * 4
    found = stats.ttest_ind(ours, others, equal_var=False)
    return ours.mean() - others.mean(), found.statistic, found.df, found.pvalue


def _contrast(area: np.ndarray, moved: np.ndarray, weight: np.ndarray) -> ZTest:
    """Test a weighted sum of areas (tag,), of influences (group, tag); tags of weight 0 may be NaN."""
    used = weight != 0
    estimate = float(area[used] @ weight[used]) if used.any() else np.nan
    return _test(estimate, error((moved[:, used] @ weight[used])[:, None])[0] if used.any() else np.nan)


def _test(estimate: np.ndarray, error: np.ndarray) -> ZTest:
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(np.asarray(error) > 0, estimate / np.asarray(error), np.nan)
    return ZTest(estimate, error, z, stats.norm.sf(z), 2 * stats.norm.sf(np.abs(z)))
