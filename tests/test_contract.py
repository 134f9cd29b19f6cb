"""The contract: rules and functions agree, and a fingerprint follows meaning and imports, not layout."""

import re
from pathlib import Path

import pytest

from heschl import contract
from heschl.errors import HeschlError


@pytest.fixture
def house(tmp_path, monkeypatch):
    """Make a little package: steps/cook.py reads science/heat.py, which says how hot."""
    for name, text in {
        "heschl/__init__.py": '"""House."""\n',
        "heschl/steps/__init__.py": "",
        "heschl/steps/cook.py": "from heschl.science import heat\n\ndef egg(*, pan, time_s=3):\n    heat.on(pan)\n",
        "heschl/science/__init__.py": "",
        "heschl/science/heat.py": '"""Heat."""\n\ndef on(pan):\n    """Warm."""\n    return 100\n',
        "heschl/science/cold.py": "def on(pan):\n    return 0\n",
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    monkeypatch.setattr(contract, "SRC", tmp_path)
    forget()
    yield tmp_path / "heschl"
    forget()


def forget():
    """Drop what the contract remembers of files."""
    for cached in (contract._file, contract._notes, contract._imports):
        cached.cache_clear()


def change(file, old, new):
    """Edit a file and return the fingerprint of the step before and after."""
    before = contract.fingerprint("heschl.steps.cook")
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))
    forget()
    return before, contract.fingerprint("heschl.steps.cook")


def test_a_rules_name_is_an_address():
    assert contract.address("compare_searchlight") == ("heschl.steps.compare", "searchlight")
    assert contract.address("draw_tag_auc") == ("heschl.figures.tag_auc", "draw")


def test_a_fingerprint_covers_what_is_imported(house):
    assert contract.modules("heschl.steps.cook") == [
        "heschl",
        "heschl.science",
        "heschl.science.heat",
        "heschl.steps",
        "heschl.steps.cook",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [('"""Warm."""', '"""Warm it well."""'), ("    return 100", "    # hot\n    return 100"), ("def on", "\n\ndef on")],
)
def test_comments_docstrings_and_layout_mean_nothing(house, old, new):
    before, after = change(house / "science/heat.py", old, new)
    assert before == after


def test_a_change_of_meaning_below_changes_the_fingerprint(house):
    before, after = change(house / "science/heat.py", "100", "101")
    assert before != after


def test_a_module_that_is_not_imported_does_not_count(house):
    before, after = change(house / "science/cold.py", "return 0", "return 1")
    assert before == after


@pytest.mark.parametrize(
    ("rule", "given", "message"),
    [
        ("cook_egg", {"pan", "time_s"}, None),
        ("cook_egg", {"pan"}, None),
        ("cook_egg", {"time_s"}, r"does not give \['pan'\]"),
        ("cook_egg", {"pan", "salt"}, r"gives \['salt'\]"),
        ("cook_soup", set(), "no function soup"),
        ("bake_egg", set(), "no module heschl.steps.bake"),
    ],
)
def test_rule_and_function_agree_or_the_plan_stops(house, rule, given, message):
    if message is None:
        contract.check(rule, given)
    else:
        with pytest.raises(HeschlError, match=message):
            contract.check(rule, given)


def test_no_two_rule_files_give_one_name_to_two_things():
    """Rule files share one namespace: a second value would silently replace the first, for rules of either."""
    root, given = Path(__file__).parents[1], {}
    for file in [root / "Snakefile", *sorted((root / "workflow/rules").glob("*.smk"))]:
        for name in re.findall(r"^([A-Za-z_]\w*) *(?::[^=\n]+)?= ", file.read_text(), flags=re.M):
            assert name not in given, f"{name}: {file.name} and {given[name]}"
            given[name] = file.name
    assert {"MEG_PLANTED", "PLANTED", "SERIES"} <= set(given)
