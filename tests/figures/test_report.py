"""The report holds everything, escapes everything and asks the network for nothing."""

import html.parser
import re

import pytest
import xarray as xr

from heschl.figures import recovery as recovery_figure
from heschl.figures import report, tag_auc

NASTY = "<script>alert('x')</script> & \"quoted\""


METHOD = {
    "confounds": ["trans_?", "cosine_*"],
    "bin_s": 0.15,
    "n_voxels": 100,
    "n_permutations": 100,
    "standardize": True,
    "remove_lag_mean": True,
    "pairs": "between_clip",
    "q": 0.005,
    "published_n_voxels": 100,
    "sources": {},
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory, scores, recovery, rsa, group):
    """Two reports of the same results, as (folder, text)."""
    root = tmp_path_factory.mktemp("report")
    figures = []
    for stem, draw, given in (
        ("F4_tag_auc", tag_auc.draw, {"scores": scores}),
        ("recovery", recovery_figure.draw, {"recovery": recovery, "rsa": rsa}),
    ):
        base = root / "figures" / stem
        draw(
            **given,
            png=base.with_suffix(".png"),
            pdf=base.with_suffix(".pdf"),
            table=base.with_suffix(".tsv"),
        )
        figures.append(base.with_suffix(".png"))
    given = {
        "figures": figures,
        "tables": [f.with_suffix(".tsv") for f in figures],
        "stores": [recovery, group, scores],
    }
    for name in ("report.html", "again.html"):
        report.draw(
            **given,
            html=root / name,
            title=NASTY,
            config={"dataset": "demo", "bids": {"dir": NASTY, "tr_s": 1.5}},
            method=METHOD,
        )
    return root


def test_report_is_the_same_twice(pages):
    assert (pages / "report.html").read_bytes() == (pages / "again.html").read_bytes()


def test_report_escapes_what_users_write(pages):
    text = (pages / "report.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert text.count("&lt;script&gt;") == 3  # title, heading, setting


def test_report_needs_no_network(pages):
    text = (pages / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", text)
    assert "url(" not in text


def test_report_leads_with_the_numbers(pages):
    text = (pages / "report.html").read_text(encoding="utf-8")
    for number in (".91", "p = .60", "ROC-AUC of the tagger", "significant voxels"):
        assert number in text
    assert text.index("<strong>.91") < text.index("<figure")


def test_report_embeds_figures_with_captions_and_links(pages):
    text = (pages / "report.html").read_text(encoding="utf-8")
    assert text.count("data:image/png;base64,") == 2
    assert "Figure 1. Tagging performance (F4 of the study)" in text
    for name in ("figures/F4_tag_auc.tsv", "figures/F4_tag_auc.pdf", "figures/recovery.tsv"):
        assert f'href="{name}"' in text
        assert (pages / name).exists()
    assert "not comparable with published tagging results" in text


def test_report_cites_only_stages_that_ran(tmp_path, pages):
    assert report.methods.stages([]) == ["draw"]
    ran = report.methods.stages(["results/demo/compare/model-x_group.zarr"])
    assert ran == ["ingest", "preprocess", "embed", "compare", "draw"]
    assert not any("Lightning" in work for work in report.methods.works(ran))
    assert any("Snakemake" in work for work in report.methods.works(ran))


def test_methods_say_what_was_done():
    ran = report.methods.stages(["results/demo/compare/model-x_group.zarr"])
    run, group = xr.Dataset(attrs={"slice_timing": "cubic spline to mid-TR"}), xr.Dataset(attrs={"n_subjects": 4})
    results = {"model-resnet18_group.zarr": group, "sub-01_task-music_space-MNI_bold.zarr": run}
    said = dict(report.methods.paragraphs(ran, results, METHOD | {"n_permutations": 1000}))
    assert "slice timing corrected" in said["preprocess"] and "cosine_*" in said["preprocess"]
    assert "haemodynamic response and sampled" in said["embed"] and "Categories" not in said["embed"]
    for words in ("100 nearest", "1,000 joint", "t test", "different clips", "z-scored", "lag removed"):
        assert words in said["compare"]


def test_methods_do_not_say_what_was_not_done():
    ran = report.methods.stages(["results/demo/compare/model-category_group.zarr"])
    run, group = xr.Dataset(attrs={"slice_timing": "skipped: no slice times"}), xr.Dataset(attrs={"n_subjects": 1})
    results = {"model-category_group.zarr": group, "sub-01_task-x_space-MNI_bold.zarr": run}
    published = {"pairs": "all", "standardize": False, "remove_lag_mean": False}
    said = dict(report.methods.paragraphs(ran, results, METHOD | published))
    assert "corrected by splines" not in said["preprocess"] and "without slice times" in said["preprocess"]
    assert "convolved" not in said["embed"] and "category alone" in said["embed"]
    for words in ("t test", "different clips", "z-scored", "lag removed"):
        assert words not in said["compare"]


def test_report_is_well_formed(pages):
    class Balance(html.parser.HTMLParser):
        VOID = {"meta", "img", "link", "br"}
        open_tags: list[str] = []

        def handle_starttag(self, tag, attrs):
            if tag not in self.VOID:
                self.open_tags.append(tag)

        def handle_endtag(self, tag):
            assert self.open_tags.pop() == tag

    parser = Balance()
    parser.feed((pages / "report.html").read_text(encoding="utf-8"))
    assert parser.open_tags == []


def test_every_cited_work_exists():
    methods = report.methods
    cited = {key for stage in methods.STAGES.values() for key in stage.cites} | {"nilearn", "fsaverage"}
    cited |= {key for keys in methods.methods_decoding.MODEL_WORKS.values() for key in keys}
    cited |= {key for keys in methods.ALIGNMENT_WORKS.values() for key in keys} | {"sturm", "destrieux", "nunez"}
    assert cited == methods.WORKS.keys()
