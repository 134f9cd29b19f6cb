"""How well a tagger ranks clips that it never heard: areas with errors, a baseline beside it, and the published tests.

Errors are DeLong's, with the clips of a song as one sample (auc_tests.py). A tag that fewer than two songs have, or
lack, has an area but no error: it counts in no mean, no interval and no test, unless no tag has one.
"""

from typing import NamedTuple

import numpy as np
from scipy import stats

from heschl.science import auc_tests, tagging

NAN = float("nan")
HALF_WIDTH = float(stats.norm.ppf(0.975))  # of a 95 % interval, in standard errors


class Scores(NamedTuple):
    """Named numbers: of each tag (tag,), of all tags together, and of each category of tags (category,)."""

    tag: dict[str, np.ndarray]
    macro: dict[str, float]
    category: dict[str, np.ndarray]


def score(
    present: np.ndarray,
    network: np.ndarray,
    baseline: np.ndarray,
    group: np.ndarray,
    *,
    tags: list[str],
    category: np.ndarray,
    frequency: np.ndarray,
) -> Scores:
    """Score a network and a baseline on the same clips.

    Parameters
    ----------
    present : (clip, tag) bool
    network, baseline : scores (clip, tag), higher where a tag is likelier
    group : label of each clip's song, (clip,)
    tags : names; category : label of each tag, (tag,)
    frequency : number of training clips with each tag, (tag,)

    Returns
    -------
    tag : roc_auc with bounds of its 95 % interval and its error, pr_auc, z (of chance, by Hanley and McNeil),
        chance_tag_z and chance_tag_p (of chance, by DeLong, two-sided), baseline_auc, n_present
    macro : mean areas with bounds, the difference to the baseline with bounds and p (two-sided), chance_z and chance_p
        of the mean area, frequency_* (Pearson's r of areas with the log of frequency) and negative_* (tags that deny
        something against the others); NaN where there are too few tags
    category : name, and Welch's t of the areas of its tags against all others
    """
    area, error = tagging.roc_auc(present, network), auc_tests.error(auc_tests.influence(present, network, group))
    low, high = auc_tests.interval(area, error)
    n_with, n_without = tagging.counts(present)
    chance = auc_tests.against_chance(present, network, group)
    of_tag = {"roc_auc": area, "roc_auc_low": low, "roc_auc_high": high, "error": error}
    of_tag |= {"pr_auc": tagging.pr_auc(present, network), "z": tagging.auc_z(area, n_with, n_without)}
    of_tag |= {"chance_tag_z": chance.z, "chance_tag_p": chance.p_two_sided}
    of_tag |= {"baseline_auc": tagging.roc_auc(present, baseline), "n_present": n_with}
    together = _means(present, network, baseline, group) | _frequency(area, frequency)
    together |= _negative(present, network, group, tags)
    return Scores(of_tag, together, _categories(area, category))


def _means(present: np.ndarray, network: np.ndarray, baseline: np.ndarray, group: np.ndarray) -> dict[str, float]:
    """Mean areas of both over the same tags, their difference, and the network's against chance."""
    area, ours, theirs = tagging.roc_auc(present, network), *_errors(present, network, baseline, group)
    used = np.isfinite(ours) & np.isfinite(theirs)
    used = used if used.any() else np.isfinite(area)
    mean, error = tagging.macro(area[used]), auc_tests.macro(present[:, used], network[:, used], group)[1]
    low, high = auc_tests.interval(mean, error)
    better = auc_tests.compare_macro(present, network, baseline, group)
    chance_z = (mean - 0.5) / error if error > 0 else NAN
    return {
        "macro_roc_auc": mean,
        "macro_roc_auc_low": float(low),
        "macro_roc_auc_high": float(high),
        "macro_pr_auc": tagging.macro(tagging.pr_auc(present, network)[used]),
        "chance_z": chance_z,
        "chance_p": float(2 * stats.norm.sf(abs(chance_z))),
        "baseline_macro_roc_auc": tagging.macro(tagging.roc_auc(present, baseline)[used]),
        "difference": float(better.estimate),
        "difference_low": float(better.estimate - HALF_WIDTH * better.error),
        "difference_high": float(better.estimate + HALF_WIDTH * better.error),
        "difference_p": float(better.p_two_sided),
    }


def _errors(present: np.ndarray, network: np.ndarray, baseline: np.ndarray, group: np.ndarray) -> list[np.ndarray]:
    """Return the standard errors (tag,) of both's areas."""
    return [auc_tests.error(auc_tests.influence(present, scores, group)) for scores in (network, baseline)]


def _frequency(area: np.ndarray, frequency: np.ndarray) -> dict[str, float]:
    """Whether tags that training saw more often are told better."""
    names = ("frequency_r", "frequency_t", "frequency_df", "frequency_p")
    with np.errstate(divide="ignore"):
        often = np.log(np.asarray(frequency, float))
    try:
        found = auc_tests.correlation_t(area, often)
    except ValueError:  # too few tags, or no difference between them
        return dict.fromkeys(names, NAN)
    return dict(zip(names, map(float, found), strict=True))


def _negative(present: np.ndarray, network: np.ndarray, group: np.ndarray, tags: list[str]) -> dict[str, float]:
    """Whether tags that deny something are told better (the paper found them worse)."""
    names = ("negative_difference", "negative_z", "negative_p")
    try:
        found = auc_tests.compare_kinds(present, network, auc_tests.negative(tags), group)
    except ValueError:  # no tag of one kind has an error
        return dict.fromkeys(names, NAN)
    return dict(zip(names, map(float, (found.estimate, found.z, found.p_two_sided)), strict=True))


def _categories(area: np.ndarray, category: np.ndarray) -> dict[str, np.ndarray]:
    """Whether the tags of a category are told better than all others."""
    names, found = auc_tests.category_t(area, np.asarray(category, str))
    columns = {"category_difference": found.estimate, "category_t": found.t}
    return {"category": names, **columns, "category_df": found.df, "category_p": found.p}
