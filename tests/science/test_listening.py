"""The right answer's place tells nothing (defect 9), unless the published way is asked for."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from heschl.science.listening import trials

CLIPS = [f"clip{i}" for i in range(20)]
GENRES = [f"genre{i % 4}" for i in range(20)]


@settings(deadline=None)
@given(seed=st.integers(0, 500), n_catch=st.integers(0, 6))
def test_positions_are_balanced_within_each_kind_of_foil(seed, n_catch) -> None:
    made = trials(CLIPS, GENRES, seed, n_catch=n_catch)
    kinds = Counter(t.foil_genre for t in made)
    assert kinds == Counter({"same": 10, "cross": 10}) + Counter(catch=n_catch)
    for kind, n in kinds.items():
        first = sum(t.target_position == 1 for t in made if t.foil_genre == kind)
        assert abs(first - n / 2) <= 0.5
    assert sorted(t.target for t in made if t.foil_genre != "catch") == sorted(CLIPS)
    assert all(t.seed == seed and t.reference == t.target != t.foil for t in made)
    genre = dict(zip(CLIPS, GENRES, strict=True))
    assert all((genre[t.foil] == genre[t.target]) == (t.foil_genre == "same") for t in made)


def test_always_answering_one_scores_chance() -> None:
    right = [t.target_position == 1 for seed in range(200) for t in trials(CLIPS, GENRES, seed)]
    assert sum(right) / len(right) == 0.5


def test_the_order_of_positions_is_shuffled_by_the_seed() -> None:
    orders = {tuple(t.target_position for t in trials(CLIPS, GENRES, seed)) for seed in range(20)}
    assert len(orders) == 20 and trials(CLIPS, GENRES, 3) == trials(CLIPS, GENRES, 3)


def test_as_published_the_target_is_always_first() -> None:
    made = trials(CLIPS, GENRES, 0, as_published=True)
    assert {t.target_position for t in made} == {1} and len(made) == 20


def test_clips_without_a_foil_or_named_twice_are_refused() -> None:
    with pytest.raises(ValueError, match="no foil of another genre"):
        trials(["a", "b"], ["x", "x"], 0, n_catch=1)
    with pytest.raises(ValueError, match="2 clips, 1 of them distinct"):
        trials(["a", "a"], ["x", "x"], 0)
