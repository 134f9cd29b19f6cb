"""Settings: checked, documented, read by somebody, and wrong ones answered in one line."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from heschl import config
from heschl.errors import HeschlError

ROOT = Path(__file__).parents[1]
LEAVES = [name for name, field in config.fields().items() if not config._is_section(field)]


def nest(name: str, value: object) -> dict:
    """Turn a dotted name and a value into nested settings."""
    *sections, leaf = name.split(".")
    settings = {leaf: value}
    for section in reversed(sections):
        settings = {section: settings}
    return {"dataset": "x"} | settings


MEG = {"studies": ["neuroplasticity"]}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"bids": {"clip_s": 6.0}}, "no volume left"),
        ({"preprocess": {"drop_s": 20}}, "no volume left"),
        ({"bids": {"clip_s": 20.0}}, "simulate.trial_s 16.5"),
        ({"simulate": {"participant_label": ["04"]}}, "no listener"),
        ({"simulate": {"participant_label": []}}, "no listener"),
        (
            {"studies": ["brain2music"], "listen": {"participant_label": ["01", "09"]}},
            "listen.participant_label names 09",
        ),
        ({"studies": ["music_reconstruction"], "listen": {"participant_label": ["01", "04"]}}, "fewer than two"),
        (MEG | {"meg": {"test_sessions": ["after", "before"]}}, "each session once"),
        (MEG | {"meg": {"test_sessions": ["later"]}}, "can't be simulated"),
        (MEG | {"meg": {"test_sessions": ["after"], "control_session": "retest"}}, "one of meg.test_sessions, after"),
        (MEG | {"beamform": {"band_hz": [30.0, 15.0]}}, "rising band"),
        (MEG | {"beamform": {"rate_hz": 50.0}}, "below half the rate"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings, said):
    with pytest.raises(HeschlError, match=said):
        config.check({"dataset": "x"} | settings)


@pytest.mark.parametrize("file", sorted((ROOT / "config").glob("*.yaml")), ids=lambda f: f.name)
def test_the_configs_we_ship_are_valid(file):
    config.load(file)


def test_the_page_of_settings_is_up_to_date():
    assert (ROOT / "config/README.md").read_text() == config.document(), "run: make docs-config"


@pytest.mark.parametrize("name", LEAVES)
def test_every_setting_has_help_and_a_reader(name):
    assert config.fields()[name].description
    rules = "".join(f.read_text() for f in [ROOT / "Snakefile", *(ROOT / "workflow/rules").glob("*.smk")])
    assert re.search(rf"settings\.{re.escape(name)}\b", rules), f"no rule reads settings.{name}"


@pytest.mark.parametrize("name", LEAVES)
def test_a_misspelt_setting_is_named_with_its_remedy(name):
    with pytest.raises(HeschlError) as caught:
        config.check(nest(name + "x", 1), "my.yaml")
    message = str(caught.value)
    assert "my.yaml" in message and f"Did you mean {name}?" in message and "\n" not in message


@pytest.mark.parametrize("name", LEAVES)
@pytest.mark.parametrize("value", [{"a": 1}, object(), float("nan")], ids=["mapping", "object", "nan"])
def test_a_value_of_the_wrong_kind_is_named(name, value):
    with pytest.raises(HeschlError, match=re.escape(name)) as caught:
        config.check(nest(name, value), "my.yaml")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("compare.n_voxels", 1),
        ("compare.n_voxels", "many"),
        ("compare.n_voxels", 2.5),
        ("compare.pairs", "some"),
        ("bids.tr_s", 0),
        ("bids.tr_s", float("inf")),
        ("preprocess.gm_threshold", 1.1),
        ("simulate.participant_label", [1]),
        ("simulate.participant_label", ["sub 1"]),
        ("embed.models", []),
        ("dataset", "../elsewhere"),
        ("dataset", ""),
        ("train.batch", -1),
    ],
)
def test_a_value_out_of_range_is_refused(name, value):
    with pytest.raises(HeschlError, match=re.escape(name)):
        config.check(nest(name, value))


def test_a_canary_that_takes_no_part_is_refused():
    with pytest.raises(HeschlError, match="noise_label names 09"):
        config.check({"dataset": "x", "simulate": {"noise_label": ["09"]}})


@pytest.mark.parametrize("text", ["", "a: [", "- 1", "dataset", "\tdataset: x", "dataset: !!python/object:os.system x"])
def test_a_file_that_is_no_config_is_refused(tmp_path, text):
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(HeschlError, match="c.yaml") as caught:
        config.load(tmp_path / "c.yaml")
    assert "\n" not in str(caught.value)


@given(st.dictionaries(st.text(), st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=3)))
def test_random_settings_never_crash(values):
    try:
        config.check({"dataset": "x"} | values)
    except HeschlError as error:
        assert "\n" not in str(error)


def test_planning_imports_nothing_heavy():
    heavy = "{'torch', 'nilearn', 'nibabel', 'xarray', 'zarr', 'numpy', 'scipy'}"
    code = f"import sys; from heschl import bids, config, contract; print(*({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize(
    "text", ["dataset: a\nencode: {n_folds: 3}\nencode: {n_folds: 4}\n", "encode: {seed: 1, seed: 2}"]
)
def test_a_key_given_twice_is_refused(tmp_path, text):
    (tmp_path / "config.yaml").write_text(text)
    with pytest.raises(HeschlError, match="config.yaml: (encode|seed) is given twice"):
        config.read(tmp_path / "config.yaml")
