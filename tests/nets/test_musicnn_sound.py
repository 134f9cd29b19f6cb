"""musicnn from the sound: the features of the embedding, and a gradient down to the samples."""

from pathlib import Path

import numpy as np
import pytest
import torch

from heschl.embeddings import musicnn
from heschl.nets import dream_objectives as aims
from heschl.nets.dream_priors import value_and_gradient
from heschl.nets.musicnn_sound import LAYERS, SoundMusicnn
from heschl.science.mel import mel_power

WEIGHTS = Path(__file__).parents[2] / "data" / "musicnn" / "MTT_musicnn.safetensors"
PATCH = 186 * 256  # samples that make 187 frames
TIME = np.arange(PATCH) / 16_000
SOUND = (0.2 * np.sin(2 * np.pi * 220 * TIME) + 0.05 * np.random.default_rng(0).normal(size=PATCH)).astype(np.float32)


@pytest.fixture(scope="module")
def embedded():
    values, _ = musicnn.load(WEIGHTS).embed(SOUND, 16_000, np.array([[0, PATCH / 16_000]]))
    return values


@pytest.mark.parametrize("layer", LAYERS)
def test_one_patch_is_that_of_the_embedding(embedded, layer):
    found = SoundMusicnn(WEIGHTS, layer)(torch.from_numpy(SOUND)[None, None]).detach().numpy()
    # the embedding rounds the spectrogram to half precision, 1 in 2048
    np.testing.assert_allclose(found, embedded[layer], rtol=1e-3, atol=1e-3)


def test_the_spectrogram_is_that_of_science():
    found = SoundMusicnn(WEIGHTS, "cnn1").log_mel(torch.from_numpy(SOUND)[None, None])[0].numpy()
    wanted = np.log10(10_000 * mel_power(SOUND, 16_000, 512, 256, 96) + 1)
    np.testing.assert_allclose(found, wanted, atol=1e-4)


def test_patches_follow_and_the_last_ends_with_the_sound():
    net = SoundMusicnn(WEIGHTS, "penultimate")
    sound = torch.from_numpy(np.random.default_rng(1).normal(0, 0.1, 80_000).astype(np.float32))[None, None]
    mel = net.log_mel(sound)
    assert mel.shape[1] == 313
    alone = [net.net(mel[:, k : k + 187])["penultimate"] for k in (0, 126)]
    torch.testing.assert_close(net(sound), torch.stack(alone).mean(0), rtol=1e-4, atol=1e-5)


def test_the_gradient_is_that_of_finite_differences():
    net = SoundMusicnn(WEIGHTS, "cnn1").double()
    f = value_and_gradient(net, aims.readout(np.linspace(-1, 1, 64), 2.0), SOUND)
    _, gradient = f(SOUND)
    rng, step = np.random.default_rng(1), 1e-7
    for _ in range(2):
        along = rng.normal(size=PATCH)
        slope = (f(SOUND + step * along)[0] - f(SOUND - step * along)[0]) / (2 * step)
        assert slope == pytest.approx(gradient @ along, rel=1e-3)


def test_short_sounds_and_unknown_layers_are_refused():
    with pytest.raises(ValueError, match="a sound of 63 frames; wanted 187"):
        SoundMusicnn(WEIGHTS, "cnn1")(torch.zeros(1, 1, 16_000))
    with pytest.raises(ValueError, match="layer 'cnn9'"):
        SoundMusicnn(WEIGHTS, "cnn9")
