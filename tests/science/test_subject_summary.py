"""Summaries of made-up scores, whose means can be counted by hand. Whole summaries: tests/steps/test_classify.py."""

import numpy as np
import pytest
import xarray as xr
from subject_worlds import make

from heschl.science import head_clusters, subject_summary, subject_tables
from heschl.science.subject_samples import Recording
from heschl.science.subject_scores import Answers

NAMES = ["train", "validation", "test", "after", "after_modelled", "after_corrected", "after_matched"]
SHARES = dict(zip(NAMES, (1.0, 0.9, 0.8, 0.3, 0.5, 0.7, 0.8), strict=True))
SUBJECTS = [f"{s + 1:02d}" for s in range(6)]


@pytest.fixture(scope="module")
def recording() -> Recording:
    return make(n=6, n_epochs=8, sessions={"before": (), "after": ("drift",)})


def answers(seed: int, places: np.ndarray, shares: dict[str, float] = SHARES) -> dict[str, Answers]:
    """Answer right for a share of samples, surely."""
    rng, found = np.random.default_rng(seed), {}
    place, subject = (a.ravel() for a in np.meshgrid(places, range(6)))
    for name in NAMES:
        answered = np.where(rng.random(len(place)) < shares[name], subject, (subject + 1) % 6)
        found[name] = Answers(np.eye(6)[answered] * 0.94 + 0.01, subject, place)
    return found


def full(seed: int, n: int) -> xr.Dataset:
    lead = {"split": ["published", "run"]}
    given = [answers(seed + k, np.arange(n)) for k in range(2)]
    found = subject_tables.scores(given, [np.ones((2, 3))] * 2, lead, SUBJECTS, ["after"], ("voxel", n))
    return found.assign_attrs(seed=seed)


def clusters(seed: int, recording: Recording, n: int = 9, lost: int = 0) -> xr.Dataset:
    """Score 9 clusters, of which cluster `lost` is not known again."""
    member = head_clusters.clusters(recording.position, n, 8)
    shares = [SHARES | ({"after_corrected": 0.0} if c == lost else {"after_corrected": 0.8}) for c in range(n)]
    given = [answers(100 * seed + c, np.arange(40), shares[c]) for c in range(n)]
    lead = {"split": ["run"], "cluster": list(range(n))}
    found = subject_tables.scores(given, [np.ones((2, 3))] * n, lead, SUBJECTS, ["after"])
    found["member"] = (("cluster", "member"), member)
    found["centre"] = (("cluster", "axis"), recording.position[member[:, 0]])
    return found.assign_attrs(seed=seed)


def gather(stores: dict, recording: Recording, regions=None) -> xr.Dataset:
    return subject_summary.gather(stores, recording, regions, "", 2, 1000, 0)


def test_means_over_seeds_and_parts_of_the_drop(recording):
    stores = {"full": [full(seed, len(recording.position)) for seed in (0, 1)]}
    found = gather(stores, recording)
    expected = np.mean([one["accuracy"].values for one in stores["full"]], 0)
    np.testing.assert_allclose(found["accuracy"].sel(experiment="full"), expected)
    low, high = (found["accuracy_ci"].sel(experiment="full", bound=b) for b in ("low", "high"))
    assert (low <= expected).all() and (expected <= high).all()
    drop = found["drop"].sel(session="after")
    np.testing.assert_allclose(drop.sel(part=["total", "drift", "rest", "left"]), [0.5, 0.3, 0.2, 0.1], atol=0.03)
    np.testing.assert_allclose(drop.sel(part="total"), drop.sel(part=["drift", "rest"]).sum())
    assert (found["drop_ci"].sel(bound="low") < found["drop"]).all() and found.attrs["seeds"] == [0, 1]
    assert found.attrs["judged_full"] == "run" and found["gain"].sizes == {"session": 1, "subject": 6}


def test_the_lost_cluster_is_changed_and_others_not(recording):
    member = head_clusters.clusters(recording.position, 9, 8)
    regions = (recording.position[member[:1, 0]], 16.0)
    stores = {"clusters": [clusters(seed, recording) for seed in range(3)]}
    found = gather(stores, recording, regions)
    assert found["changed"].values[0].tolist() == [True] + 8 * [False]
    assert str(found["verdict"].values[0]) == "drift and plasticity"
    assert found["planted"][0] >= 0.5 and float(found["auc"].sel(session="after", statistic="rest")) == 1
    np.testing.assert_allclose(found["rest"].mean("subject")[0, 1:], 0, atol=0.1)
    expected = np.mean([one["accuracy"].values for one in stores["clusters"]], 0)
    np.testing.assert_allclose(found["cluster_accuracy"].transpose("split", "cluster", "evaluation"), expected)
    assert (found["cluster_p_fwer"].sel(evaluation="test") == 1 / 720).all()


def test_what_does_not_fit_is_refused(recording):
    one, n = clusters(0, recording), len(recording.position)
    other = one.assign(member=one["member"] + 1).assign_attrs(seed=4)
    with pytest.raises(ValueError, match="clusters: other clusters in seed 4 than in 0"):
        gather({"clusters": [one, other]}, recording)
    with pytest.raises(ValueError, match="full: another split in seed 1 than in 0"):
        gather({"full": [full(0, n), full(1, n).isel(split=[1, 0])]}, recording)
