"""Scores against scikit-learn and plain loops."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix

from heschl.science import subject_scores as scores
from heschl.science.subject_scores import Answers


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 9999), st.integers(1, 60))
def test_scores_agree_with_scikit_learn(seed, n):
    rng = np.random.default_rng(seed)
    found = Answers(rng.dirichlet(np.ones(4), n), rng.integers(4, size=n), rng.integers(6, size=n))
    answered, nothing = found.probability.argmax(1), Answers(np.empty((0, 4)), *np.empty((2, 0), int))
    table = scores.table({"test": found, "after": nothing}, 4, 6)
    np.testing.assert_allclose(table["accuracy"], [accuracy_score(found.subject, answered), np.nan])
    expected = confusion_matrix(found.subject, answered, labels=range(4))
    np.testing.assert_array_equal(table["confusion"], [expected, np.zeros((4, 4))])
    np.testing.assert_array_equal(table["count"], [n, 0])
    for s in range(4):
        true = found.probability[found.subject == s, s]
        np.testing.assert_allclose(table["probability"][0, s], true.mean() if len(true) else np.nan)
    for p in range(6):
        right = (answered == found.subject)[found.place == p]
        np.testing.assert_allclose(table["place_accuracy"][0, p], right.mean() if len(right) else np.nan)
    for s, p in np.ndindex(4, 6):
        right = (answered == found.subject)[(found.place == p) & (found.subject == s)]
        np.testing.assert_allclose(table["right"][0, s, p], right.mean() if len(right) else np.nan)
    assert np.isnan(table["probability"][1]).all() and np.isnan(table["place_accuracy"][1]).all()
