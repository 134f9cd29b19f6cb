"""Clusters are scikit-learn's and those of plain loops; picks are those of plain loops; cleaning does as it says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

from heschl.science import stimulus_selection as selection


def made(n_clips: int = 60, n_tags: int = 14, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    present = rng.random((n_clips, n_tags)) < 0.3
    present[np.arange(n_clips), rng.integers(0, n_tags, n_clips)] = True
    return present[~present.all(1)]


def joined_by_hand(distance: np.ndarray, n_clusters: int) -> list[set[int]]:
    """Complete linkage as it is defined: join the two sets whose farthest members are nearest."""
    sets = [{i} for i in range(len(distance))]
    while len(sets) > n_clusters:
        pairs = [(i, j) for i in range(len(sets)) for j in range(i)]
        i, j = min(pairs, key=lambda p: max(distance[a, b] for a in sets[p[0]] for b in sets[p[1]]))
        sets[j] |= sets.pop(i)
    return sets


def test_correlations_are_pearsons() -> None:
    present = made()
    r = selection.correlations(present)
    np.testing.assert_allclose(r, np.corrcoef(present.astype(float)), atol=1e-11)
    assert np.array_equal(r, r.T)
    for constant in (False, True):
        with pytest.raises(ValueError, match="clip 3 has no tag or all tags"):
            selection.correlations(np.where(np.arange(len(present))[:, None] == 3, constant, present))


@given(seed=st.integers(0, 999), n_clusters=st.integers(1, 12))
@settings(max_examples=25, deadline=None)
def test_clusters_are_those_of_complete_linkage(seed, n_clusters) -> None:
    rng = np.random.default_rng(seed)
    r = np.corrcoef(rng.standard_normal((24, 9)))  # no two distances are equal
    found = selection.clusters(r, n_clusters)
    tree = AgglomerativeClustering(n_clusters, metric="precomputed", linkage="complete")
    assert adjusted_rand_score(found, tree.fit_predict(1 - r)) == 1
    by_hand = np.empty(24, int)
    for k, members in enumerate(joined_by_hand(1 - r, n_clusters)):
        by_hand[list(members)] = k
    assert adjusted_rand_score(found, by_hand) == 1
    size = np.bincount(found)
    assert len(size) == n_clusters and (np.diff(size) <= 0).all()


def test_ties_leave_as_many_clusters_as_asked_for() -> None:
    present = np.repeat(np.eye(4, 6, dtype=bool), [5, 4, 3, 3], axis=0)  # all distances between groups are equal
    r = selection.correlations(present)
    assert selection.clusters(r, 4).tolist() == [0] * 5 + [1] * 4 + [2] * 3 + [3] * 3
    for n_clusters in range(1, 16):
        assert len(np.unique(selection.clusters(r, n_clusters))) == n_clusters
    with pytest.raises(ValueError, match="16 clusters of 15 clips; wanted 1 to 15"):
        selection.clusters(r, 16)


@pytest.mark.parametrize("medoids", ["first", "every"])
@pytest.mark.parametrize("seed", range(4))
def test_picks_are_those_of_plain_loops(seed, medoids) -> None:
    present = made(150, seed=seed)
    found = selection.select(present, 4, 3, medoids)
    r, taken = np.corrcoef(present.astype(float)), []
    for one in range(3):
        for k in range(4):
            members = [i for i in np.flatnonzero(found.cluster == k) if i not in taken]
            if (medoids == "every" and one == 0) or not taken:
                best = max(members, key=lambda i: round(np.mean([r[i, j] for j in members]), 9))
            else:
                best = min(members, key=lambda i: round(np.mean([r[i, j] for j in taken]), 9))
            mean = np.mean([r[best, j] for j in taken]) if taken else np.nan
            assert found.pick[one, k] == best
            np.testing.assert_allclose(found.correlation[one, k], mean, atol=1e-9)
            taken.append(best)


@given(seed=st.integers(0, 999), n_clusters=st.integers(1, 5), n_passes=st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_each_pass_takes_a_new_clip_of_every_cluster(seed, n_clusters, n_passes) -> None:
    present = made(80, seed=seed)
    size = np.bincount(selection.clusters(selection.correlations(present), n_clusters))
    if size.min() < n_passes:
        with pytest.raises(ValueError, match=f"the smallest of {n_clusters} clusters has {size.min()} clips"):
            selection.select(present, n_clusters, n_passes)
        return
    found = selection.select(present, n_clusters, n_passes)
    assert len(np.unique(found.pick)) == n_clusters * n_passes
    np.testing.assert_array_equal(found.cluster[found.pick], np.tile(np.arange(n_clusters), (n_passes, 1)))


def test_picks_differ_more_than_random_ones() -> None:
    present = made(400, seed=3)
    r = selection.correlations(present)
    pick = selection.select(present, 4, 4).pick.ravel()
    spread = lambda rows: r[np.ix_(rows, rows)][np.triu_indices(16, 1)].mean()  # noqa: E731
    rng = np.random.default_rng(0)
    assert spread(pick) < min(spread(rng.choice(400, 16, replace=False)) for _ in range(200))


def test_the_first_pick_is_the_medoid_and_unknown_rules_are_refused() -> None:
    present = made(100)
    found = selection.select(present, 3, 2)
    r, members = selection.correlations(present), np.flatnonzero(found.cluster == 0)
    assert found.pick[0, 0] == members[(1 - r[np.ix_(members, members)]).sum(1).round(9).argmin()]
    assert np.isnan(found.correlation[0, 0]) and np.isfinite(found.correlation.ravel()[1:]).all()
    with pytest.raises(ValueError, match="medoids 'all'; wanted one of first, every"):
        selection.select(present, 3, 2, "all")


def test_synonyms_become_one_tag() -> None:
    tags = ["man", "drums", "male vocal", "drum", "harp"]
    present = np.array([[1, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 0, 0, 1, 1]], bool)
    found, names = selection.merge_synonyms(present, tags, {"male vocal": ["man", "men"], "drums": ["drum"]})
    assert names == ["male vocal", "drums", "harp"]
    assert found.astype(int).tolist() == [[1, 0, 0], [1, 1, 0], [0, 1, 1]] and found.dtype == bool
    with pytest.raises(ValueError, match="tag 'man' is a synonym of 'men' and of 'male'"):
        selection.merge_synonyms(present, tags, {"men": ["man"], "male": ["man"]})


def test_a_clip_contradicts_itself_only_with_both_tags() -> None:
    tags = ["no piano", "rock", "piano", "not rock", "no strings"]
    present = np.array([[1, 0, 1, 0, 0], [1, 1, 0, 0, 1], [0, 1, 0, 1, 0], [0, 0, 0, 0, 1], [0, 1, 1, 0, 0]], bool)
    assert selection.contradictory(present, tags).tolist() == [True, False, True, False, False]


def test_the_best_described_clip_stands_for_its_song() -> None:
    song = np.array(["b", "a", "b", "a", "c", "b"])
    start_s, n_tags = np.array([30, 59, 88, 30, 117, 59]), np.array([1, 2, 3, 2, 1, 3])
    assert selection.one_per_song(song, start_s, n_tags).tolist() == [3, 4, 5]
