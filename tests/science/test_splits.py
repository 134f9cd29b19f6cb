"""No track is ever on two sides."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from heschl.errors import HeschlError
from heschl.science.splits import grouped_split

SHARES = {"validation": 0.1, "test": 0.2}


@given(
    groups=st.lists(st.integers(0, 30), min_size=1, max_size=120),
    n_strata=st.integers(1, 3),
    shares=st.tuples(st.floats(0, 0.4), st.floats(0, 0.4)),
    seed=st.integers(0, 99),
)
def test_no_group_is_in_two_parts_and_no_sample_is_lost(groups, n_strata, shares, seed) -> None:
    groups = np.array(groups)
    try:
        split = grouped_split(groups, groups % n_strata, dict(zip(SHARES, shares, strict=True)), seed)
    except HeschlError:
        assume(False)
    parts = [set(groups[index]) for index in split.values()]
    assert all(parts) and sum(map(len, parts)) == len(set(groups))
    assert sorted(np.concatenate(list(split.values()))) == list(range(len(groups)))


def test_every_stratum_is_in_every_part_by_its_share() -> None:
    groups = np.repeat(np.arange(60), 3)
    strata = groups // 20
    split = grouped_split(groups, strata, SHARES, 0)
    for stratum in range(3):
        found = {name: len(set(groups[i][strata[i] == stratum])) for name, i in split.items()}
        assert found == {"train": 14, "validation": 2, "test": 4}


def test_the_seed_decides() -> None:
    groups = np.arange(40)
    first, second, again = (grouped_split(groups, groups * 0, SHARES, s)["test"].tolist() for s in (0, 1, 0))
    assert first == again != second


def test_too_few_groups_are_refused_in_one_line() -> None:
    with pytest.raises(HeschlError, match="style jazz: 2 tracks; wanted over 2"):
        grouped_split(np.array(["a", "b", "b"]), np.array(["jazz"] * 3), SHARES, 0)
