"""Controls of subject identification: simpler classifiers, and what chance would answer.

Chance by exact permutation: a network that can't tell subjects apart answers the same whoever it is, so that the whole
subjects may trade names. All n! relabellings of a confusion matrix are tried (5,040 for 7 subjects), one and the same
for all clusters, whose largest accuracy controls the family-wise error.
"""

import math
from itertools import permutations

import numpy as np

from heschl.science.subject_samples import Samples

MOST_RELABELLINGS = 50_000
GRIDS = {"knn": [1, 5, 15], "svm": [0.1, 1.0, 10.0], "softmax": [0.001, 0.1, 10.0]}
N_COMPONENTS = 50  # of the training samples, before each classifier


def baseline(name: str, train: Samples, validation: Samples, seed: int) -> tuple[object, float]:
    """Fit a classifier of scikit-learn with the hyperparameter that does best on the validation samples.

    "knn": number of neighbours; "svm" (radial) and "softmax": inverse penalty C; the first of the grid on ties and
    without validation samples. All see the first principal components of the training samples.

    Returns
    -------
    fitted : with predict_proba or decision_function and classes_
    chosen : the hyperparameter
    """
    best, chosen, most = None, float("nan"), -1.0
    for value in GRIDS[name]:
        fitted = _pipeline(name, value, train, seed).fit(train.x, train.subject)
        right = np.mean(fitted.predict(validation.x) == validation.subject) if len(validation.x) else 0.0
        if right > most:
            best, chosen, most = fitted, float(value), right
    return best, chosen


def answered(fitted: object, x: np.ndarray) -> np.ndarray:
    """Return the subject that a fitted classifier names for each sample of x (sample, time)."""
    return np.asarray(fitted.predict(x)) if len(x) else np.empty(0, int)


def relabellings(n_subjects: int, seed: int = 0) -> np.ndarray:
    """All permutations of subjects, (permutation, subject), the identity first; random ones if they are too many."""
    if math.factorial(n_subjects) <= MOST_RELABELLINGS:
        return np.array(list(permutations(range(n_subjects))))
    rng = np.random.default_rng([seed, 5])
    drawn = rng.permuted(np.tile(np.arange(n_subjects), (MOST_RELABELLINGS - 1, 1)), axis=1)
    return np.concatenate([np.arange(n_subjects)[None], drawn])


def permutation_test(confusion: np.ndarray, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Test the accuracy of each cluster against all relabellings of whole subjects.

    Parameters
    ----------
    confusion : counts, (cluster, subject, answered)

    Returns
    -------
    p, p_fwer : (cluster,), by itself and by the largest of all clusters; NaN where nothing was answered
    """
    n_clusters, n, _ = confusion.shape
    total = confusion.sum((1, 2))
    known = total > 0
    p = np.full((2, n_clusters), np.nan)
    if not known.any():
        return p[0], p[1]
    names = relabellings(n, seed)
    one_hot = np.zeros((len(names), n, n), np.float32)
    one_hot[np.arange(len(names))[:, None], np.arange(n), names] = 1
    share = one_hot.reshape(len(names), -1) @ (confusion[known] / total[known, None, None]).reshape(-1, n * n).T
    reached = share[:1] - 1e-6  # single precision: what is equal counts as reached
    p[0, known] = (share >= reached).mean(0)
    p[1, known] = (share.max(1, keepdims=True) >= reached).mean(0)
    return p[0], p[1]


def q_values(p: np.ndarray) -> np.ndarray:
    """Smallest false discovery rate at which each test (test,) is rejected (Benjamini & Hochberg 1995); NaN stays."""
    known = np.flatnonzero(np.isfinite(p))
    order, q = known[np.argsort(p[known], kind="stable")], np.full(p.shape, np.nan)
    scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
    q[order] = np.minimum.accumulate(scaled[::-1])[::-1]
    return q


def _pipeline(name: str, value: float, train: Samples, seed: int) -> object:
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import SVC

    if name == "knn":
        last = KNeighborsClassifier(int(min(value, len(train.x))))
    elif name == "svm":
        last = SVC(C=value)
    else:
        last = LogisticRegression(C=value, max_iter=300)
    n = min(N_COMPONENTS, *train.x.shape)
    return make_pipeline(PCA(n, svd_solver="full", random_state=seed), last)
