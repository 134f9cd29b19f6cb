"""Dreams of made-up clips: from clips not learnt from, rising, listenable; bad settings and strangers are refused."""

import numpy as np
import pytest
import soundfile
import xarray as xr

from heschl import store
from heschl.errors import HeschlError
from heschl.nets import dreaming, style_weights
from heschl.nets.style_cnn import StyleCNN
from heschl.nets.style_front_ends import FeatureNet
from heschl.steps import dream

ONE = {"units": "1"}
N, STYLES, TRACKS, CLIPS = 1600, ["calm", "harsh", "odd"], 4, 3
AUDIO = {"layers": [3, 2, 1], "n_clips": 2, "objective": "energy", "optimiser": "lbfgsb", "bounded": True,
         "max_iterations": 6, "priors": {}, "from_style": "", "seed": 0}  # fmt: skip
STYLED = {"content_layer": 3, "style_layers": [1, 2], "alpha": 1.0, "beta": 1.0, "inversion_layer": 1,
          "bounded": True, "max_iterations": 15, "priors": {}, "from_style": "", "seed": 0}  # fmt: skip


def coords():
    style = np.repeat(STYLES, TRACKS * CLIPS)
    track = np.array([f"{s}-{t}" for s in STYLES for t in range(TRACKS) for _ in range(CLIPS)])
    start = np.tile(5.0 * np.arange(CLIPS), len(STYLES) * TRACKS)
    return {"style": ("clip", style), "track": ("clip", track), "start_s": ("clip", start, {"units": "s"})}


def write_clips(path, seed=0, n=N):
    rng, where = np.random.default_rng(seed), coords()
    pitch = np.repeat([20, 7, 4], TRACKS * CLIPS)[:, None]
    wave = 0.2 * np.sin(np.arange(n) / pitch + rng.uniform(0, 6, (len(pitch), 1))) + 0.05 * rng.normal(
        size=(len(pitch), n)
    )
    where["clip"] = np.arange(len(pitch))
    arrays = {"audio": (("clip", "sample"), wave.astype(np.float32), ONE)}
    store.write(path, xr.Dataset(arrays, where, {"styles": STYLES, "rate_hz": 8000, "left_out": []}))
    return path


def write_scores(path, fold=None):
    fold = np.tile(np.repeat(np.arange(TRACKS), CLIPS), len(STYLES)) if fold is None else fold
    store.write(path, xr.Dataset({"fold": ("clip", fold, ONE)}, coords(), {"styles": STYLES}))
    return path


def write_weights(path, net, front_end="raw", **about):
    style_weights.save(path, net, front_end, **({"styles": STYLES, "rate_hz": 8000, "fold": TRACKS - 1} | about))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dream")
    write_clips(folder / "clips.zarr")
    write_scores(folder / "scores.zarr")
    write_weights(folder / "net.safetensors", StyleCNN(N, len(STYLES), seed=3))
    return folder


def run(folder, step=dream.audio, **changes):
    call = {"clips": folder / "clips.zarr", "weights": folder / "net.safetensors", "scores": folder / "scores.zarr"}
    call |= {"dreams": folder / "dreams.zarr", "sounds": folder / "sounds"}
    step(**(call | (AUDIO if step is dream.audio else STYLED) | changes))
    return store.read(folder / "dreams.zarr").load()


@pytest.fixture(scope="module")
def found(folder):
    return run(folder)


def test_shapes_and_names(found):
    assert found["wave"].sizes == {"clip": 2, "which": 4, "sample": N}
    assert found["which"].values.tolist() == ["original", "layer_3", "layer_2", "layer_1"]
    assert found["layer"].values.tolist() == [3, 2, 1] and found["when"].values.tolist() == ["original", "dream"]
    assert found["objective"].dims == ("clip", "layer", "iteration") and found.sizes["iteration"] == 7
    assert found["energy"].sizes == {"clip": 2, "layer": 3, "layer_of": 3, "when": 2}
    assert found["seconds"].attrs["units"] == "s" and (found["seconds"] > 0).all()
    assert found.attrs["rate_hz"] == 8000 and found.attrs["objective"] == "energy" and found.attrs["bounded"] == 1
    assert (found.attrs["from_style"], found.attrs["to_style"]) == ("calm", "harsh")


def test_it_dreams_from_clips_of_the_last_fold_and_the_style_asked_for(folder, found):
    clips, fold = store.read(folder / "clips.zarr"), store.read(folder / "scores.zarr")["fold"].values
    rows = found["clip"].values
    assert (fold[rows] == TRACKS - 1).all() and (clips["style"].values[rows] == "calm").all() and len(set(rows)) == 2
    assert found["track"].values.tolist() == clips["track"].values[rows].tolist()
    other = run(folder, from_style="odd", n_clips=3, max_iterations=1)
    assert (clips["style"].values[other["clip"].values] == "odd").all()
    assert other.attrs["to_style"] == "calm"


def test_objectives_rise_and_energies_are_of_the_layers(folder, found):
    rises = found["objective"].values
    assert (np.diff(rises, axis=-1) >= 0).all() and (rises[..., -1] > 2 * rises[..., 0]).all()
    net = style_weights.load(folder / "net.safetensors")
    wanted = dreaming.energies(net, found["wave"].values[1].astype(float))
    energy = found["energy"].values[1]
    np.testing.assert_allclose(energy[:, :, 1], wanted[1:], rtol=1e-4)
    np.testing.assert_allclose(energy[:, :, 0], np.tile(wanted[:1], (3, 1)), rtol=1e-4)
    own = np.array([energy[i, k - 1] for i, k in enumerate((3, 2, 1))])
    assert (own[:, 1] > own[:, 0]).all()  # as loud as the original, and the layer answers more


def test_sounds_are_those_of_the_store_at_peak(folder, found):
    run(folder)
    names = sorted(p.name for p in (folder / "sounds").iterdir())
    whats = ["layer-1", "layer-2", "layer-3", "original"]
    assert names == [f"clip-{i:02d}_{what}.wav" for i in (1, 2) for what in whats]
    np.testing.assert_allclose(np.abs(found["wave"].values).max(-1), 0.9, rtol=1e-6)
    sound, rate_hz = soundfile.read(folder / "sounds" / "clip-02_layer-3.wav")
    assert rate_hz == 8000
    np.testing.assert_allclose(sound, found["wave"].values[1, 1], atol=1e-4)


def test_the_same_inputs_give_the_same_dreams(folder, found):
    again, other = run(folder), run(folder, seed=4, n_clips=3)
    for name in ("wave", "objective", "energy", "probability"):
        np.testing.assert_array_equal(again[name].values, found[name].values)
    assert other["clip"].values.tolist()[:2] != found["clip"].values.tolist()


def test_original_waves_are_the_clips(folder, found):
    clip = store.read(folder / "clips.zarr")["audio"].values[found["clip"].values[0]]
    np.testing.assert_allclose(found["wave"].values[0, 0], 0.9 * clip / np.abs(clip).max(), rtol=1e-5)


def test_logit_is_one_dream_a_clip_towards_the_other_style(folder):
    found = run(folder, objective="logit", to_style="odd", max_iterations=20)
    assert found["which"].values.tolist() == ["original", "logit"] and found["layer"].values.tolist() == [0]
    said = found["probability"].sel(style="odd").values
    assert (said[:, 1] > said[:, 0]).all() and (said[:, 1] > 0.8).all()
    assert (folder / "sounds" / "clip-01_logit.wav").is_file() and len(list((folder / "sounds").iterdir())) == 4


@pytest.mark.parametrize("objective", ["guide", "inversion", "content_style"])
def test_other_objectives_of_layers(folder, objective):
    found = run(folder, objective=objective, n_clips=1)
    assert (np.diff(found["objective"].values, axis=-1) >= 0).all() and found.attrs["objective"] == objective


def test_unbounded_dreams_and_other_optimisers(folder):
    found = run(folder, bounded=False, n_clips=1)
    assert np.isfinite(found["wave"].values).all() and found.attrs["bounded"] == 0
    assert np.isnan(found["objective"].values).any() and "past what numbers hold" in " ".join(found.attrs["stopped"])
    found = run(folder, optimiser="rms", n_clips=1, priors={"spectral": 0.1, "total_variation": 0.1}, max_shift=20)
    assert found.attrs["priors"] == {"spectral": 0.1, "total_variation": 0.1} and found.attrs["max_shift"] == 20


def test_fewer_clips_than_asked_are_said(folder, capsys):
    assert run(folder, n_clips=50, max_iterations=1).sizes["clip"] == CLIPS
    assert "3 clips of calm to dream from instead of 50" in capsys.readouterr().err


def test_styled(folder):
    found = run(folder, dream.styled)
    assert found["which"].values.tolist() == ["content", "style", "styled", "inverted"]
    loss = found["loss"].values
    assert loss.shape == (2, 16) and (np.diff(loss, axis=1) <= 0).all() and (loss[:, -1] < 0.5 * loss[:, 0]).all()
    assert found["content_loss"].values[0] == 0 and found["style_loss"].values[1] == 0
    assert found["inversion_loss"].values[3] < 0.05 and found["correlation"].values[0] == pytest.approx(1)
    assert found["correlation"].values[3] > 0.9 > found["correlation"].values[1]
    assert found.attrs["gatys_alpha"] == pytest.approx(1 / found["content_loss"].values[1])
    assert found.attrs["tracks"][0].startswith("calm") and found.attrs["tracks"][1].startswith("harsh")
    assert sorted(p.stem for p in (folder / "sounds").iterdir()) == ["content", "inverted", "style", "styled"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"objective": "joy"}, "dream: objective: joy given; wanted one of energy"),
        ({"optimiser": "adam"}, "dream: optimiser: adam given"),
        ({"layers": []}, "dream: layers"),
        ({"layers": [1, 4]}, "dream: layers"),
        ({"layers": [2, 2]}, "dream: layers"),
        ({"priors": {"pink": 1.0}}, "dream: priors"),
        ({"priors": {"spectral": -1.0}}, "dream: priors"),
        ({"max_iterations": 0}, "dream: max_iterations"),
        ({"n_clips": 0}, "dream: n_clips"),
        ({"rate": 0.0}, "dream: rate"),
        ({"objective": "inversion", "max_shift": 4}, "dream: max_shift: 4 given; wanted 0"),
        ({"from_style": "funk"}, "dream: from_style: 'funk' given; wanted one of calm, harsh, odd"),
        ({"to_style": "funk"}, "dream: to_style"),
    ],
)
def test_bad_settings_are_refused_by_name(folder, changes, said):
    with pytest.raises(HeschlError, match=said):
        run(folder, **changes)


def test_strangers_are_refused(folder, tmp_path):
    shorter = write_weights(tmp_path / "a.safetensors", StyleCNN(N - 100, len(STYLES)))
    styles = write_weights(tmp_path / "b.safetensors", StyleCNN(N, 3), styles=["a", "b", "c"])
    deaf = write_weights(tmp_path / "c.safetensors", FeatureNet(12, 3), "embedding")
    for weights, said in ((shorter, "hears 1500 samples"), (styles, "tells"), (deaf, "hears features of a model")):
        with pytest.raises(HeschlError, match=said):
            run(folder, weights=weights)
    others = store.read(folder / "scores.zarr").load()
    store.write(tmp_path / "scores.zarr", others.assign_coords(track=("clip", others["track"].values[::-1])))
    with pytest.raises(HeschlError, match="is of other clips"):
        run(folder, scores=tmp_path / "scores.zarr")
    store.write(tmp_path / "fewer.zarr", others.isel(clip=slice(5)))
    with pytest.raises(HeschlError, match="is of other clips"):
        run(folder, scores=tmp_path / "fewer.zarr")


def test_a_style_without_clips_in_the_last_fold_is_refused(folder, tmp_path):
    fold = store.read(folder / "scores.zarr")["fold"].values.copy()
    fold[coords()["style"][1] == "calm"] = 0
    with pytest.raises(HeschlError, match="no clip of calm in the last test fold"):
        run(folder, scores=write_scores(tmp_path / "scores.zarr", fold))
