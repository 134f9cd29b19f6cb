"""Tell drift from plasticity behind a drop of subject identification.

A network that told subjects apart before a training and fails after it proves nothing by itself: drift of gain, noise
and head position does the same (science.md A0, trap ii). Three things tell them apart.

Local. Drift touches the whole head at most smoothly, plasticity some places. In each cluster and subject two things are
measured from another run of the training session to the test session. The *rest* is what the mean probability of the
true subject loses once the measured drift of gain, noise, scatter and delay is undone (science/drift_model.py; both
sides equally scattered, both in the range in which the network was trained, where a slight error of the drift model
changes little). The *pattern change* is what the correlation of two runs loses, the delay undone; it needs no network.
Of both the median over clusters is taken off in each subject: that is drift, the remainder is *local*.

Consistent. Each is tested over subjects by exact sign flips, family-wise over clusters, at half the level; it must be
SMALLEST of what could be lost (down to chance, or to no correlation) in the mean, local and as it is.

Against a control. Where a session of the same people without training is given (`control`), the local change must
exceed the control's too, in the same cluster. Only then a change of the whole head can be called plasticity: if the
drop exceeds the control's by SMALLEST at half the level.

"drift" is said if the measured drift, put on the training session, costs MEASURED of it in the mean, in clusters or in
the full head; or if three quarters of the clusters drop by SMALLEST (the *even* drop), consistently over subjects,
whether the drift model explains it or not.

What this can't tell. Without a control session: a training that changes the whole head evenly, or along a gradient, is
drift; drift that the model misses and that costs the same clusters in everybody is plasticity: a sensor that breaks
between sessions, a digitisation of the head that errs alike in all subjects; where most clusters change, the median
changes with them. With one: whatever differs between the test session and the control besides training. With fewer
than 6 subjects no test reaches .025, and networks that hardly tell subjects apart in the training session have nothing
to lose: then the verdict is "undecided".
"""

from typing import NamedTuple

import numpy as np

from heschl.science.sign_flips import family_wise_p, one_sided_p
from heschl.science.tagging import roc_auc

LEVEL, SMALLEST = 0.05, 0.15  # of the tests; of a loss that counts, as share of what could be lost
MEASURED = 0.1  # of a loss by measured drift that counts: the same samples, transformed, so there is no scatter in it
EVEN = 0.25  # quantile over clusters that an even drop exceeds: a training may touch many clusters, and the median
LEAST_KNOWN = 0.1  # mean probability of the true subject above chance, in the training session
FEWEST_SUBJECTS = 6  # 1 / 2**6 is below LEVEL / 2
UNDECIDED = "undecided"


class Lost(NamedTuple):
    """Probability of the true subject and correlation of patterns, (cluster, subject).

    before : in the training session
    total, drift, rest : lost in all, lost by measured drift alone, lost with the measured drift undone
    alike, pattern : correlation of two runs of the training session, and what it loses to the other session
    """

    before: np.ndarray
    total: np.ndarray
    drift: np.ndarray
    rest: np.ndarray
    alike: np.ndarray
    pattern: np.ndarray


class Verdict(NamedTuple):
    """What a session's drop is.

    name : "drift", "plasticity", "drift and plasticity", "neither" or "undecided"
    rest, pattern : the test of each
    found : bool (cluster,), changed by more than drift
    even, even_p : drop that three quarters of the clusters exceed, mean over subjects, and its p
    beyond, beyond_p : by how much it exceeds the control's, and its p (NaN without one)
    """

    name: str
    rest: "Changed"
    pattern: "Changed"
    found: np.ndarray
    even: float
    even_p: float
    beyond: float
    beyond_p: float


class Changed(NamedTuple):
    """Test of a local change: p_fwer by itself and beyond the control's (NaN without one), found bool; (cluster,)."""

    p_fwer: np.ndarray
    control_p_fwer: np.ndarray
    found: np.ndarray


def verdict(lost: Lost, control: Lost | None = None, head_drift: float = 0.0) -> Verdict:
    """Say whether a session's drop is drift, plasticity, both or neither.

    Parameters
    ----------
    lost : from the training session to this one
    control : from the training session to the session without training, or None
    head_drift : share that measured drift alone takes of what the network of the full head could lose
    """
    lost, control = _whole(lost, control)
    known = float(_mean(_mean(lost.before))) - 1 / max(1, lost.before.shape[1])
    least = SMALLEST * known
    rest = changed(lost.rest, control and control.rest, least)
    pattern = changed(lost.pattern, control and control.pattern, SMALLEST * float(_mean(_mean(lost.alike))))
    beyond, beyond_p = float("nan"), float("nan")
    even = _quantile(lost.total, EVEN)
    if control is not None:
        more = even - _quantile(control.total, EVEN)
        beyond, beyond_p = float(_mean(more)), one_sided_p(more)
    whole = beyond >= least and beyond_p <= LEVEL / 2
    fell, fell_p = float(_mean(even)), one_sided_p(even)
    drifted = (
        (fell >= least and fell_p <= LEVEL) or _mean(_mean(lost.drift)) >= MEASURED * known or head_drift >= MEASURED
    )
    found = rest.found | pattern.found
    name = _name(drifted, bool(found.any()) or whole)
    enough = np.isfinite(lost.rest).all(1).any() and lost.rest.shape[1] >= FEWEST_SUBJECTS and known >= LEAST_KNOWN
    return Verdict(name if enough else UNDECIDED, rest, pattern, found, fell, fell_p, beyond, beyond_p)


def changed(values: np.ndarray, control: np.ndarray | None, least: float) -> Changed:
    """Test what clusters lose, (cluster, subject), beyond the median and, if given, beyond the control's."""
    p, spared = family_wise_p(local(values)), np.full(len(values), np.nan)
    found = (p <= LEVEL / 2) & (_mean(local(values)) >= least) & (_mean(values) >= least)
    if control is not None:
        spared = family_wise_p(local(values) - local(control))
        found &= spared <= LEVEL
    return Changed(p, spared, found)


def local(rest: np.ndarray) -> np.ndarray:
    """Subtract each subject's median over clusters from rest (cluster, subject)."""
    return rest - _quantile(rest, 0.5)


def pattern_change(before: tuple[np.ndarray, np.ndarray], after: np.ndarray, member: np.ndarray
                   ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Return how two runs of the training session correlate, and how much less those of two sessions do.

    Correlated over time are the mean series of clusters: no gain and no constant noise changes that.

    Parameters
    ----------
    before : first and second run of the training session, (subject, voxel, time); `after` : first run of the other
    member : voxels of each cluster, (cluster, size)

    Returns
    -------
    alike, change : (cluster, subject); NaN where a run is missing
    """
    first, second, other = (np.stack([s[:, m].mean(1) for m in member]) for s in (*before, after))
    alike = _correlation(first, second)
    return alike, alike - _correlation(second, other)


def area(planted: np.ndarray, statistic: np.ndarray, changed: float, untouched: float) -> float:
    """ROC-AUC of a statistic (cluster,) for clusters of which at least `changed` is planted, (cluster,).

    Clusters planted in part, from `untouched` to `changed`, are left out; NaN if one kind is missing.
    """
    use = np.isfinite(statistic) & ((planted >= changed) | (planted < untouched))
    return float(roc_auc((planted[use] >= changed)[:, None], statistic[use][:, None])[0]) if use.any() else np.nan


def interval(values: np.ndarray, unit: np.ndarray, n: int, seed: int, level: float = 0.95) -> np.ndarray:
    """Return the percentile interval (low, high) of a mean over seeds, subjects and places.

    All three are drawn anew in each resample: subjects, because all samples of one share the scatter of its run (they
    are few, so that the interval is too narrow to speak for a population); whole units of places, because neighbours
    are near copies.

    Parameters
    ----------
    values : array of shape (seed, subject, place), NaN where nothing was scored
    unit : the block of each place, (place,), whole numbers from 0
    n : resamples
    """
    known = np.isfinite(values)
    if not known.any():
        return np.full(2, np.nan)
    blocks = (np.arange(unit.max() + 1) == unit[:, None]).astype(float)
    total, count = np.where(known, values, 0) @ blocks, known @ blocks
    rng = np.random.default_rng([seed, 7])
    drawn = [rng.multinomial(size, np.full(size, 1 / size), n).astype(float) for size in total.shape]
    weight, summed = (np.einsum("np,nq,nu,pqu->n", *drawn, a, optimize=True) for a in (count, total))
    return np.quantile(summed[weight > 0] / weight[weight > 0], [(1 - level) / 2, (1 + level) / 2])


def _whole(*sessions: Lost | None) -> list[Lost | None]:
    """Keep the subjects that have values in all that is compared: one may lack a run."""
    scored = ("before", "total", "drift", "rest")
    there = [np.isfinite(getattr(lost, name)).any(0) for lost in sessions if lost for name in scored]
    keep = np.all(there, axis=0)
    return [lost and Lost(*(values[:, keep] for values in lost)) for lost in sessions]


def _name(is_drift: bool, is_plastic: bool) -> str:
    names = [name for name, is_so in (("drift", is_drift), ("plasticity", is_plastic)) if is_so]
    return " and ".join(names) or "neither"


def _correlation(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Correlate over the last axis."""
    a, b = (v - v.mean(-1, keepdims=True, dtype=float) for v in (a, b))
    size = np.sqrt(np.square(a).sum(-1) * np.square(b).sum(-1))
    return np.divide((a * b).sum(-1), size, out=np.full(size.shape, np.nan), where=size > 0)


def _mean(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis of what is known; NaN where nothing is."""
    known = np.isfinite(values)
    count = known.sum(-1)
    total = np.where(known, values, 0).sum(-1)
    return np.divide(total, count, out=np.full(np.shape(total), np.nan), where=count > 0)


def _quantile(values: np.ndarray, share: float) -> np.ndarray:
    """Quantile over the clusters (cluster, subject) that are known; NaN where none is."""
    known = np.isfinite(values).all(1)
    return np.quantile(values[known], share, axis=0) if known.any() else np.full(values.shape[1:], np.nan)
