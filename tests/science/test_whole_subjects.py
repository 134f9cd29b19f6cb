"""Who lacks something is left out by name; the others stay."""

import pytest

from heschl.science.whole_subjects import Held, whole

SESSIONS = ["before", "after"]


def held(rate_hz=260.375, n=782, refused=""):
    return Held(rate_hz, n, refused)


def people(**odd):
    return {sub: {ses: held() for ses in SESSIONS} for sub in ("01", "02", "03")} | odd


def test_everybody_with_all_sessions_stays():
    assert whole(people(), SESSIONS) == (["01", "02", "03"], [])


@pytest.mark.parametrize(
    ("own", "line"),
    [
        ({"before": held()}, "sub-04 has no session after"),
        ({"before": held(), "after": held(refused="too few beats")}, "session after: too few beats"),
        ({"before": held(), "after": held(300, 901)}, "before 782 samples at 260.375 Hz, after 901 samples at 300 Hz"),
        ({"before": held(250, 751), "after": held(250, 751)}, "has 751 samples at 250 Hz, most have 782"),
    ],
)
def test_one_who_lacks_something_is_named_and_the_others_go_on(own, line):
    kept, left_out = whole(people(**{"04": own}), SESSIONS)
    assert kept == ["01", "02", "03"]
    assert len(left_out) == 1 and line in left_out[0] and left_out[0].startswith("sub-04 ")


def test_clocks_may_differ_a_little():
    own = {"before": held(260.3755), "after": held(260.374)}
    assert whole(people(**{"04": own}), SESSIONS) == (["01", "02", "03", "04"], [])


def test_nobody_left_is_no_crash():
    assert whole({"01": {}}, SESSIONS) == ([], ["sub-01 has no session before"])
