"""The figures of style_dream: what is drawn is what the stores say, however many seeds, layers and styles."""

import numpy as np
import pandas as pd
import pytest
from scipy import signal

from heschl import store
from heschl.errors import HeschlError
from heschl.figures import (
    dream_brain,
    dream_objectives,
    dream_spectrograms,
    dream_styled,
    dream_waves,
    receptive_fields,
    sounds,
    style,
    style_accuracy,
    style_epochs,
    style_filters,
    style_loss,
    style_scores,
)
from heschl.nets import style_weights
from heschl.nets.style_cnn import StyleCNN
from heschl.nets.style_front_ends import build
from heschl.science.bootstrap import grouped_interval

from . import style_stores as made


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("style")


@pytest.fixture(scope="module")
def scores(folder):
    return [made.scores(folder / f"{s}_{k}.zarr", split=s, seed=k) for s in ("permuted", "contiguous", "track_grouped")
            for k in range(2)]  # fmt: skip


@pytest.fixture(scope="module")
def dreams(folder):
    return made.dreams(folder / "dreams.zarr", n_clips=3, seconds=1.0)


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """Draw a figure coarsely; check its files; return its table."""
    monkeypatch.setattr(style, "DPI", 60)

    def run(draw, **given):
        files = {"png": tmp_path / "F.png", "pdf": tmp_path / "F.pdf", "table": tmp_path / "F.tsv"}
        draw(**given, **files)
        assert files["png"].stat().st_size > 1_000
        assert files["pdf"].read_bytes().startswith(b"%PDF")
        return pd.read_csv(files["table"], sep="\t", na_values="n/a", keep_default_na=False)

    return run


def test_accuracies_are_means_over_seeds_with_intervals_of_tracks(draw_twice, scores):
    rows = draw_twice(style_accuracy.draw, scores=scores)
    assert list(dict.fromkeys(rows["split"])) == ["track_grouped", "contiguous", "permuted"]
    whole = rows[rows["track"] == "all"].set_index("split")
    for split in made.KNOWN:
        own = [store.read(p) for p in scores if f"/{split}_" in str(p)]
        right = np.mean([one["right"].values for one in own], 0)
        assert whole.loc[split, "accuracy"] == pytest.approx(right.mean(), rel=1e-4)
        low, high = grouped_interval(right, own[0]["track"].values, 10_000, 0)
        assert (whole.loc[split, "ci_low"], whole.loc[split, "ci_high"]) == pytest.approx((low, high), rel=1e-4)
        assert whole.loc[split, "leaks"] == own[0].attrs["leaks"]
        track = rows[(rows["split"] == split) & (rows["track"] == "slow-3")]
        mean = right[own[0]["track"].values == "slow-3"].mean()
        assert track["accuracy"].item() == pytest.approx(mean, rel=1e-4, abs=1e-6)
    assert whole.loc["contiguous", "leaks"] > 0 == whole.loc["track_grouped", "leaks"]
    assert whole["published"].dropna().to_dict() == {"contiguous": pytest.approx(388 / 480, rel=1e-4)}


def test_losses_are_those_of_every_fold_beside_the_published_ones(drawn, scores):
    rows = drawn(style_loss.draw, scores=scores)
    found = store.read(scores[-1])["loss"].values
    own = rows[(rows["split"] == "track_grouped") & (rows["seed"] == 1)]
    np.testing.assert_allclose(own["loss"], found.ravel(), rtol=1e-4)
    published = rows[rows["split"] == "published"]["loss"].to_numpy()
    assert len(published) == 20 and (published[0], published[17], published[-1]) == (0.621, 0.00729, 0.00554)


def test_table_1_is_the_last_contiguous_fold(drawn, folder, scores):
    rows, found = drawn(style_epochs.draw, scores=scores), store.read(scores[2])
    assert found.attrs["split"] == "contiguous" and found.attrs["seed"] == 0
    epochs = rows[rows["epoch"] != "mean"]
    np.testing.assert_allclose(epochs["loss"], found["loss"].values[-1], rtol=1e-4)
    np.testing.assert_allclose(epochs["seconds"], found["seconds"].values[-1], rtol=1e-4)
    assert rows["seconds"].iloc[-1] == pytest.approx(found["seconds"].values[-1].mean(), rel=1e-4)
    assert rows["published_seconds"].iloc[-1] == 11.39
    short = drawn(style_epochs.draw, scores=[made.scores(folder / "short.zarr", n_epochs=2)])
    assert len(short) == 21 and short["loss"].notna().sum() == 2
    assert len(drawn(style_epochs.draw, scores=[made.scores(folder / "long.zarr", n_epochs=25)])) == 26


def test_losses_are_short_enough_to_read():
    said = {0.621: ".621", 0.00554: ".00554", 1.234: "1.23", 2.13e-7: "2.1 × 10⁻⁷", 9.4e-4: "9.4 × 10⁻⁴", 0.0: ".00"}
    assert {v: style_epochs._short(v) for v in said} == said and style_epochs._short(np.nan) == ""


def test_scores_that_do_not_belong_together_are_refused(folder, scores, dreams):
    with pytest.raises(HeschlError, match="no scores given"):
        style_scores.opened([])
    with pytest.raises(HeschlError, match="no right; wanted scores of tell"):
        style_scores.opened([dreams])
    with pytest.raises(HeschlError, match="split permuted and seed 0 again"):
        style_scores.opened([scores[0], made.scores(folder / "again.zarr", split="permuted")])
    with pytest.raises(HeschlError, match="front ends mel and raw together"):
        style_scores.opened([scores[0], made.scores(folder / "mel.zarr", front_end="mel")])


@pytest.fixture(scope="module")
def weights(folder):
    net = StyleCNN(2000, 2, seed=3)
    style_weights.save(folder / "net.safetensors", net, "raw", styles=made.STYLES)
    return folder / "net.safetensors", net


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_filters_are_the_weights_and_their_means(drawn, weights, layer):
    path, net = weights
    rows, kernels = drawn(style_filters.draw, weights=path, layer=layer), net.convolutions[layer - 1].weight
    kernels = kernels.detach().numpy()
    assert kernels.shape == (8, 1 if layer == 1 else 8, (8, 32, 128)[layer - 1])
    np.testing.assert_allclose(rows[rows["channel"] != "mean"]["weight"], kernels.ravel(), rtol=1e-4, atol=1e-9)
    means = rows[rows["channel"].astype(str) == "mean"]["weight"]
    assert len(means) == (0 if layer == 1 else kernels[:, 0].size)
    if layer > 1:
        np.testing.assert_allclose(means, kernels.mean(1).ravel(), rtol=1e-3, atol=1e-7)
        assert np.abs(kernels).max() <= float(style_filters._began(kernels, "sqrt6").split("±")[1].split()[0]) * 1.05


def test_filters_of_no_layer_or_of_another_front_end(drawn, folder, weights):
    with pytest.raises(HeschlError, match="layer 4; wanted 1 to 3"):
        drawn(style_filters.draw, weights=weights[0], layer=4)
    style_weights.save(folder / "mel.safetensors", build("mel", 40_000, 2), "mel", styles=made.STYLES)
    assert drawn(style_filters.draw, weights=folder / "mel.safetensors", layer=1).empty


def test_waveforms_are_scaled_and_hold_every_peak(drawn, dreams):
    rows, found = drawn(dream_waves.draw, dreams=dreams, clip=2), store.read(dreams)
    assert list(dict.fromkeys(rows["which"])) == ["original", "layer_3", "layer_2", "layer_1"]
    for name, of in rows.groupby("which"):
        wave = found["wave"].sel(which=name).values[1].astype(float)
        scaled = 0.9 * wave / np.abs(wave).max()
        assert (of["least"].min(), of["largest"].max()) == pytest.approx((scaled.min(), scaled.max()), rel=1e-4)
    with pytest.raises(HeschlError, match="no clip 4; wanted 1 to 3"):
        drawn(dream_waves.draw, dreams=dreams, clip=4)


def test_an_envelope_contains_its_sound():
    wave = np.random.default_rng(0).normal(size=1003)
    time, low, high = sounds.envelope(wave, 100.0, 50)
    column = np.searchsorted(time, np.arange(1003) / 100 + 1e-9, side="right") - 1
    assert len(time) == 50 and (low[column] <= wave).all() and (high[column] >= wave).all()
    np.testing.assert_array_equal(sounds.envelope(wave, 100.0, 5000)[2], wave)


def test_spectrograms_are_scipys(drawn, dreams):
    wave = store.read(dreams)["wave"].values[0, 0].astype(float)
    *_, power = signal.spectrogram(wave, 8000, "hann", 512, 256, detrend=False, scaling="spectrum", mode="psd")
    power[1:-1] /= 2  # one-sided
    wanted = 10 * np.log10(power / power.max()).T
    np.testing.assert_allclose(sounds.power_db(wave), np.maximum(wanted, -120), atol=1e-6)
    rows = drawn(dream_spectrograms.draw, dreams=dreams)
    own = rows[rows["which"] == "original"]
    assert own["frequency_hz"].iloc[-1] == 4000
    np.testing.assert_allclose(own["mean_power_re_loudest"], (power / power.max()).mean(1), rtol=1e-3)


def test_flatness_tells_noise_from_tones():
    rng, time = np.random.default_rng(1), np.arange(40_000) / 8000
    assert sounds.flatness(rng.normal(size=40_000)) > 0.97
    assert sounds.flatness(np.sin(2 * np.pi * 440 * time)) < 1e-3
    assert np.isfinite(sounds.flatness(np.zeros(100)))


def test_objectives_are_over_their_start(drawn, dreams):
    rows, found = drawn(dream_objectives.draw, dreams=dreams), store.read(dreams)
    one = rows[(rows["clip"] == 2) & (rows["layer"] == 1)].sort_values("iteration")
    wanted = found["objective"].sel(layer=1).values[1]
    np.testing.assert_allclose(one["objective"], wanted, rtol=1e-4)
    np.testing.assert_allclose(one["ratio"], wanted / wanted[0], rtol=1e-4)
    assert len(rows[(rows["clip"] == 1) & (rows["layer"] == 3)]) == 10  # stopped early: NaN isn't drawn
    own = rows[(rows["layer"] == 2) & (rows["energy_of_layer"] == 2)]["energy_ratio"].item()
    other = rows[(rows["layer"] == 2) & (rows["energy_of_layer"] == 3)]["energy_ratio"].item()
    assert (own, other) == pytest.approx((1000, 40), rel=1e-3)


def test_objectives_of_other_signs(drawn, folder):
    falling = made.dreams(folder / "loss.zarr", n_clips=1, seconds=0.3, layers=(1,), sign=-1.0, energy=False)
    rows = drawn(dream_objectives.draw, dreams=falling)
    assert rows["ratio"].iloc[0] == 1 and rows["ratio"].iloc[-1] < 1
    assert sounds.relative(np.array([[-1.0, 2.0, 3.0]]))[1] == "difference"
    np.testing.assert_array_equal(sounds.relative(np.array([[-1.0, 2.0, 3.0]]))[0], [[0, 3, 4]])


def test_a_dream_of_the_output_has_no_layer(drawn, folder):
    found = store.read(made.dreams(folder / "one.zarr", n_clips=1, seconds=0.3, layers=(1,), energy=False)).load()
    found = found.assign_coords(which=["original", "logit"], layer=[0])
    store.write(folder / "logit.zarr", found.drop_encoding())
    assert set(drawn(dream_waves.draw, dreams=folder / "logit.zarr")["which"]) == {"original", "logit"}


def test_what_a_style_did_to_a_clip(drawn, folder):
    path = made.styled(folder / "styled.zarr", seconds=1.0)
    rows, found = drawn(dream_styled.draw, dreams=path), store.read(path)
    known = rows[rows["iteration"].isna()].set_index("sound")
    np.testing.assert_allclose(known["correlation"], found["correlation"], rtol=1e-4, atol=1e-6)
    assert known.loc["styled", "flatness"] > 0.8 > 0.3 > known.loc["content", "flatness"]
    np.testing.assert_allclose(known["taken_for_metal"], found["probability"].sel(style="metal"), rtol=1e-4)
    left = dream_styled._left(found)
    assert left["style"] == pytest.approx(
        known.loc["styled", "style_loss"] / known.loc["content", "style_loss"], rel=1e-3
    )
    assert left["content"] == pytest.approx(
        known.loc["styled", "content_loss"] / known.loc["style", "content_loss"], rel=1e-3
    )
    losses = rows[(rows["sound"] == "styled") & rows["iteration"].notna()]["loss"]
    np.testing.assert_allclose(losses, found["loss"].sel(made="styled"), rtol=1e-4)
    bare = drawn(dream_styled.draw, dreams=made.styled(folder / "bare.zarr", seconds=0.5, bare=True))
    assert "correlation" not in bare
    with pytest.raises(HeschlError, match="no wave; wanted what dream_styled writes"):
        drawn(dream_styled.draw, dreams=made.scores(folder / "scores.zarr"))


def test_what_was_dreamt_for_a_brain(drawn, folder):
    path = made.brain(folder / "brain.zarr", seconds=1.0)
    rows, found = drawn(dream_brain.draw, dreams=path, clip=2), store.read(path)
    climb = rows[(rows["quantity"] == "climb") & (rows["clip"] == 1)]["predicted"].to_numpy()
    wanted = found["predicted"].values[0]
    np.testing.assert_allclose(climb, wanted[np.isfinite(wanted)], rtol=1e-4)
    windows = rows[rows["quantity"] == "test window"]
    r = np.corrcoef(windows["predicted"], windows["measured"])[0, 1]
    assert rows[rows["quantity"] == "test r"]["predicted"].item() == pytest.approx(r, abs=1e-4)


def test_receptive_fields(drawn):
    rows = drawn(receptive_fields.draw)
    assert rows["field_samples"].tolist() == [8, 70, 1086]
    assert rows["published_hz"].tolist() == [1000, 250, 62.5]
    np.testing.assert_allclose(rows["field_hz"], [1000, 8000 / 70, 8000 / 1086], rtol=1e-4)
