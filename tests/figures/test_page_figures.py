"""Figures stand with their study, their own table and their own caption."""

import ast
import zlib
from pathlib import Path

import pytest

from heschl import figures
from heschl.figures import encoding_recovery, identification, identification_table, page_figures, recovery

DRAWN = ("neural_correlates/S2_recovery_model-a", "brain2music/Q1_registration", "neural_correlates/Q1_registration")


@pytest.fixture
def drawn(tmp_path):
    """Three figures of two studies, two of them of one name, with tables that say whose they are."""
    header = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + (720).to_bytes(4, "big") + (300).to_bytes(4, "big")
    for k, name in enumerate(DRAWN):
        png = tmp_path / f"{name}.png"
        png.parent.mkdir(exist_ok=True)
        png.write_bytes(header + bytes([k]) + zlib.compress(b"x"))
        png.with_suffix(".tsv").write_text(f"study\n{name}\n")
    return [tmp_path / f"{name}.png" for name in DRAWN]


def test_figures_are_grouped_by_study_and_numbered_throughout(drawn, tmp_path):
    found = page_figures.studies(drawn, [png.with_suffix(".tsv") for png in drawn], tmp_path)
    assert [study["title"] for study in found] == ["Neural correlates of music", "Brain2Music"]
    shown = [figure for study in found for figure in study["figures"]]
    assert [figure["number"] for figure in shown] == [1, 2, 3]
    anchors = [figure["anchor"] for figure in shown] + [study["anchor"] for study in found]
    assert len(set(anchors)) == 5


def test_tables_are_counted_apart_and_captions_said_once(drawn, tmp_path):
    stems = ("F5a_encoding_maps_model-a", "T2_published", "F5a_encoding_maps_model-b")
    pngs = [tmp_path / "brain2music" / f"{stem}.png" for stem in stems]
    for png in pngs:
        png.write_bytes(drawn[0].read_bytes())
    first, table, second = page_figures.studies(pngs, [], tmp_path)[0]["figures"]
    assert [(f["kind"], f["number"]) for f in (first, table, second)] == [("Figure", 1), ("Table", 1), ("Figure", 2)]
    assert first["title"].endswith(": a") and second["title"].endswith(": b")
    assert first["caption"] == page_figures.BY_NAME["encoding_maps"].CAPTION
    assert second["caption"] == "As Figure 1, for b."


def test_a_figure_gets_the_table_beside_it_not_one_of_the_same_name(drawn, tmp_path):
    found = page_figures.studies(drawn, [drawn[1].with_suffix(".tsv")], tmp_path)
    files = {f["anchor"]: [link for _, link in f["files"]] for study in found for f in study["figures"]}
    assert files["brain2music-Q1_registration"][1:] == ["brain2music/Q1_registration.tsv"]
    assert files["neural_correlates-Q1_registration"][1:] == []


def test_every_figure_module_has_its_caption_on_the_page():
    modules = set()
    for path in Path(figures.__file__).parent.glob("*.py"):
        names = {t.id for n in ast.parse(path.read_text()).body if isinstance(n, ast.Assign) for t in n.targets
                 if isinstance(t, ast.Name)}  # fmt: skip
        modules |= {path.stem} if {"TITLE", "CAPTION"} <= names else set()
    assert page_figures.BY_NAME.keys() == modules


@pytest.mark.parametrize(
    ("stem", "module", "published"),
    [
        ("F4a_identification", identification, "F4a"),
        ("T1_identification_table", identification_table, "Table 1"),
        ("S3_encoding_recovery", encoding_recovery, ""),
        ("S2_recovery_model-resnet18", recovery, ""),
        ("S4_layer_tests_model-resnet18", page_figures.BY_NAME["layer_tests"], ""),
        ("T1_layers", page_figures.BY_NAME["layers"], "Table 1"),
        ("recovery", recovery, ""),
        ("A3_encoding_maps_model-muq_mulan", page_figures.BY_NAME["encoding_maps"], "A.3"),
        ("T2_published", page_figures.BY_NAME["published"], ""),
        ("F9_something_else", None, "F9"),
    ],
)
def test_a_name_tells_its_module_and_what_it_is_of_the_study(stem, module, published):
    assert page_figures.module_of(stem) is module
    assert page_figures._published(stem) == published


def test_tables_are_rounded_cut_and_lose_empty_columns(tmp_path):
    rows = [f"<b>\t{k / 7}\tn/a\t{k}" for k in range(75)]
    (tmp_path / "t.tsv").write_text("\n".join(["a_b\tvalue\tnever\tk", *rows]) + "\n")
    found = page_figures.read_table(tmp_path / "t.tsv")
    assert found["head"] == ["a b", "value", "k"] and found["more"] == 15 and len(found["rows"]) == 60
    assert found["rows"][1] == ["<b>", "0.1429", "1"]


@pytest.mark.parametrize(
    ("name", "cell", "shown"),
    [
        ("ours", "30487.3", "30,487"), ("ours", "3.0487e+04", "30,487"), ("difference", "-0.12346", "−0.1235"),
        ("p_against_anatomical", "0.0004997", "< .001"), ("p_against_anatomical", "0.0123", ".012"),
        ("published", "0.914", "0.914"), ("n_clips", "n/a", ""), ("n_clips", "16", "16"), ("of", "01", "01"),
    ],
)  # fmt: skip
def test_numbers_are_fit_to_read(name, cell, shown):
    assert page_figures._short(cell, name) == shown
