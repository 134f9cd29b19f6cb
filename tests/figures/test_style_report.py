"""What the report says and plays of style_dream."""

import html.parser
import re

import numpy as np
import pytest

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import headlines, headlines_style, methods, methods_style, players, report

from . import style_stores as made

METHOD = {"confounds": [], "bin_s": 0.15, "sources": {}}  # of the other studies


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Stores where the workflow has them, by file name."""
    root = tmp_path_factory.mktemp("results") / "demo"
    paths = [made.scores(root / "tell" / f"{s}_{k}_scores.zarr", split=s, seed=k) for s in made.KNOWN for k in (0, 1)]
    paths += [made.dreams(root / "dream" / "dreams.zarr", n_clips=2, seconds=0.3)]
    paths += [made.styled(root / "dream" / "styled.zarr", seconds=0.3)]
    paths += [made.brain(root / "imagine" / "brain.zarr", seconds=0.3)]
    return {path.name: path for path in paths}


def of(results):
    return {name: store.read(path) for name, path in results.items()}


def test_headlines_of_splits(results):
    lines = headlines_style.across(of(results))
    assert [line["label"].split(": ")[1] for line in lines] == [
        "whole tracks held out", "a stretch held out (as published)", "shuffled styles (canary)"
    ]  # fmt: skip
    means = [np.mean([store.read(results[f"{s}_{k}_scores.zarr"])["right"].values for k in (0, 1)]) for s in made.KNOWN]
    assert [float(line["value"]) for line in lines] == pytest.approx(means, abs=6e-4)
    gain = f"worth +{means[1] - means[0]:.2f}".replace("+0", "+")
    assert gain in lines[1]["note"] and "published .8083" in lines[1]["note"]
    assert "test clips have their track" not in lines[0]["note"]
    assert "at chance, as it must be" in lines[2]["note"]
    assert headlines_style.across({"dreams.zarr": of(results)["dreams.zarr"]}) == []


def test_a_canary_off_chance_is_called_out(tmp_path):
    found = store.read(made.scores(tmp_path / "s.zarr", split="permuted")).load()
    found["right"][:] = 1.0
    (line,) = headlines_style.across({"s.zarr": found})
    assert line["value"] == "1.000" and "off chance: look before" in line["note"]


def test_headlines_of_dreams(results):
    found = of(results)
    (dream,), (styled,), (brain,) = (headlines.of(found[n]) for n in ("dreams.zarr", "styled.zarr", "brain.zarr"))
    assert dream["value"].count("×") == 3 and "layers 3, 2, 1" in dream["label"] and "never falls" in dream["note"]
    assert f"{float(found['dreams.zarr']['seconds'].mean()):.1f} s a dream" in dream["note"]
    assert styled["value"].startswith("r = ") and "spectral flatness" in styled["note"]
    before, after = found["brain.zarr"]["predicted_heard"].values.mean(0)
    assert brain["value"] == f"{before:.2f} → {after:.2f}".replace("-", "−")
    fallen = found["dreams.zarr"].load().copy(deep=True)
    fallen["objective"][1, 1, 5] = 0.5
    assert "falls at times" in headlines.of(fallen)[0]["note"]


def test_methods_tell_what_stores_say(results):
    found, ran = of(results), methods.stages(list(results.values()))
    assert {"cut", "tell", "dream", "imagine"} <= set(ran)
    said = methods_style.tell(found, {})
    for words in (
        "20 epochs",
        "batches of 16",
        "2,503,514",
        "2 seeds",
        "3 ways",
        "running averages",
        "Glorot's bounds",
    ):
        assert words in said
    said = methods_style.dream(found, {})
    for words in ("2 clips of downtempo", "layers 3, 2 and 1", "L-BFGS-B, samples held between", "layer 1 alone"):
        assert words in said
    assert "30 voxels of listener 01 that musicnn (cnn3)" in methods_style.imagine(found, {})
    for stage in (methods_style.cut, methods_style.tell, methods_style.dream, methods_style.imagine):
        assert stage({}, {}).endswith(".")
    assert any("Geng" in work for work in methods.works(ran))
    assert [text for text in methods.limits(["tell", "dream"], {})] == [
        methods_style.LIMITS[n] for n in ("tell", "dream")
    ]


def test_methods_of_cuts(tmp_path):
    n, coords = 3, {k: (d, v[:3]) for k, (d, v) in made.of_clips().items()}
    attrs = {"styles": made.STYLES, "rate_hz": 8000, "clip_s": 5.0, "trim_s": 30.0, "left_out": ["a.mp3: silent"]}
    path = made.write(tmp_path / "clips.zarr", attrs, coords, audio=(("clip", "sample"), np.zeros((n, 9))))
    said = methods_style.cut({"clips.zarr": store.read(path)}, {})
    for words in ("downtempo and metal", "8,000 Hz", "first and last 30 s", "3 clips of 1 tracks", "1 file could not"):
        assert words in said


def test_players_stand_in_a_table_of_clips(tmp_path):
    folder = made.sounds(tmp_path / "dream" / "dreams_sounds")
    (room,) = players.rooms([folder], tmp_path)
    assert room["title"] == "Dreams of each layer"
    assert room["head"] == ["original", "layer 3", "layer 1"]
    assert [row["name"] for row in room["rows"]] == ["clip 1", "clip 2"]
    assert room["rows"][0]["cells"][1] == {
        "label": "clip 1, layer 3", "link": "dream/dreams_sounds/clip-01_layer-3.wav"
    }  # fmt: skip
    assert room["rows"][1]["cells"][1:] == [None, None]
    other = made.sounds(tmp_path / "styled", ("content", "inverted", "style", "styled"))
    (room,) = players.rooms([other], tmp_path)
    assert room["head"] == ["clip", "clip of the other style", "style put on the clip", "rebuilt from one layer"]
    (tmp_path / "none").mkdir()
    with pytest.raises(HeschlError, match="no WAV in it"):
        players.rooms([tmp_path / "none"], tmp_path)


def page(tmp_path, results, method, sounds=()):
    out = tmp_path / "report.html"
    given = {"figures": [], "tables": [], "stores": list(results.values())}
    report.draw(**given, html=out, title="t", config={}, method=method, sounds=sounds)
    return out.read_text(encoding="utf-8")


@pytest.fixture
def told(results):
    """The part of the results that needs no other settings."""
    return {name: path for name, path in results.items() if name != "brain.zarr"}


def test_the_page_plays_what_lies_beside_it(tmp_path, told):
    folder = made.sounds(tmp_path / "dream" / "a b & c_sounds")
    text = page(tmp_path, told, METHOD, [folder])
    links = re.findall(r'<audio controls preload="none" src="([^"]+)" aria-label="([^"]+)">', text)
    assert len(links) == 4 and links[0] == ("dream/a%20b%20%26%20c_sounds/clip-01_original.wav", "clip 1, original")
    assert '<a href="#sounds">' in text and "Turn the volume down" in text
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", text) and "<script" not in text
    assert text == page(tmp_path, told, METHOD, [folder])
    assert _balanced(text)


def test_a_page_without_sounds_says_nothing_of_them(tmp_path, told):
    text = page(tmp_path, told, METHOD)
    assert "<audio" not in text and 'id="sounds"' not in text and '#sounds"' not in text
    assert text.index("whole tracks held out") < text.index('id="figures"')


def _balanced(text):
    class Balance(html.parser.HTMLParser):
        open_tags: list[str] = []

        def handle_starttag(self, tag, attrs):
            if tag not in {"meta", "img", "link", "br"}:
                self.open_tags.append(tag)

        def handle_endtag(self, tag):
            assert self.open_tags.pop() == tag

    parser = Balance()
    parser.open_tags = []
    parser.feed(text)
    return parser.open_tags == []
