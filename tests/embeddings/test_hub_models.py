"""CLAP, w2v-BERT, MERT, EnCodec, MuQ and MuQ-MuLan through their own code, on tiny models with random weights."""

import json
import sys
import types

import numpy as np
import pytest
import torch

from heschl.embeddings import clap, encodec, mert, muq, muq_mulan, w2v_bert
from heschl.errors import HeschlError
from heschl.science.windows import starts_s

ROOMS = {"clap": clap, "w2v_bert": w2v_bert, "mert": mert, "encodec": encodec}
COUNTS = {"clap": 4, "w2v_bert": 7, "mert": 7, "encodec": 10}  # science.md A3, table 1
SMALL = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 16}


def make_clap(folder, fusion: bool = False) -> None:
    from transformers import ClapConfig, ClapFeatureExtractor, ClapModel

    audio = {"hidden_size": 32, "depths": [1, 1], "num_attention_heads": [2, 2], "patch_embeds_hidden_size": 16}
    audio |= {"num_hidden_layers": 2, "projection_dim": 12, "enable_fusion": fusion, "patch_stride": [4, 4]}
    audio |= {"fusion_type": "aff_2d"} if fusion else {}
    text = SMALL | {"vocab_size": 300, "num_hidden_layers": 1, "projection_dim": 12}
    net = ClapModel(ClapConfig(audio_config=audio, text_config=text, projection_dim=12))
    with torch.no_grad():
        for value in net.parameters():
            value.normal_(0, 0.1)  # the initial ones hardly hear the sound
    net.save_pretrained(folder)
    ClapFeatureExtractor(truncation="rand_trunc").save_pretrained(folder)


def make_w2v_bert(folder) -> None:
    from transformers import SeamlessM4TFeatureExtractor, Wav2Vec2BertConfig, Wav2Vec2BertModel

    config = Wav2Vec2BertConfig(num_hidden_layers=8, feature_projection_input_dim=160, **SMALL)
    Wav2Vec2BertModel(config).save_pretrained(folder)
    SeamlessM4TFeatureExtractor().save_pretrained(folder)


def make_mert(folder) -> None:
    from transformers import HubertConfig, HubertModel, Wav2Vec2FeatureExtractor

    position = {"num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2}
    config = HubertConfig(num_hidden_layers=7, conv_dim=[8] * 7, **position, **SMALL)
    HubertModel(config).save_pretrained(folder)
    Wav2Vec2FeatureExtractor(sampling_rate=24_000).save_pretrained(folder)


def make_encodec(folder, **changes) -> None:
    from transformers import EncodecConfig, EncodecModel

    config = {"num_filters": 2, "hidden_size": 8, "codebook_size": 16, "codebook_dim": 8, "num_lstm_layers": 1}
    EncodecModel(EncodecConfig(**config | changes)).save_pretrained(folder)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    root = tmp_path_factory.mktemp("models")
    torch.manual_seed(0)
    for name in ROOMS:
        globals()[f"make_{name}"](root / name)
    return {name: room.load(str(root / name)) for name, room in ROOMS.items()}


def cuts(name: str) -> np.ndarray:
    window_s = ROOMS[name].WINDOW_S
    start = starts_s(15.0, window_s, 1.5)
    return np.stack([start, start + window_s], 1)


def noise(seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal(15 * 16_000) * 0.1).astype("f4")


@pytest.mark.parametrize("name", ROOMS)
def test_windows_are_counted_as_published_and_repeatable(name, models) -> None:
    values, times_s = models[name].embed(noise(), 16_000, cuts(name))
    assert len(times_s) == COUNTS[name]
    assert ROOMS[name].LAYER in values
    again, _ = models[name].embed(noise(), 16_000, cuts(name))
    for layer, rows in values.items():
        assert rows.shape[0] == COUNTS[name] and rows.dtype == np.float32
        np.testing.assert_array_equal(rows, again[layer])


@pytest.mark.parametrize("name", ROOMS)
def test_only_the_windows_own_samples_reach_its_row(name, models) -> None:
    window = cuts(name)[[1]]
    first, last = np.rint(window[0] * 16_000).astype(int)
    outside, inside = noise(1), noise()
    outside[first:last] = noise()[first:last]
    inside[first:last] = noise(1)[first:last]
    rows = [models[name].embed(audio, 16_000, window)[0][ROOMS[name].LAYER] for audio in (noise(), outside, inside)]
    np.testing.assert_array_equal(rows[0], rows[1])
    assert np.abs(rows[2] - rows[0]).max() > 1e-6


def test_all_layers_are_there(models) -> None:
    names = [f"hidden-{i:02d}" for i in range(9)]
    assert list(models["w2v_bert"].embed(noise(), 16_000, cuts("w2v_bert")[:1])[0]) == names
    assert list(models["mert"].embed(noise(), 16_000, cuts("mert")[:1])[0]) == names[:8]


def test_clap_gives_raw_projections_and_a_unit_vector_for_the_clip(models) -> None:
    values = models["clap"].embed(noise(), 16_000, cuts("clap"))[0]["projection"]
    assert not np.allclose(np.linalg.norm(values, axis=1), 1, atol=1e-3)
    direct = models["clap"].embed(np.repeat(noise(), 2)[: 10 * 48_000], 48_000, np.array([[0.0, 10.0]]))[0]
    inputs = models["clap"].extract(np.repeat(noise(), 2)[: 10 * 48_000], sampling_rate=48_000, return_tensors="pt")
    with torch.inference_mode():
        unit = models["clap"].net.get_audio_features(**inputs).pooler_output[0].numpy()
    np.testing.assert_allclose(clap.clip_embedding(direct["projection"]), unit, atol=1e-5)
    mean = values.astype(float).mean(0)
    np.testing.assert_allclose(clap.clip_embedding(values), mean / np.linalg.norm(mean), atol=1e-6)


def test_clap_hears_words_in_the_same_space(tmp_path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({"<pad>": 1, "<unk>": 3, "slow": 4, "piano": 5}, unk_token="<unk>"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    options = {"pad_token": "<pad>", "unk_token": "<unk>", "model_max_length": 32}
    make_clap(tmp_path)
    PreTrainedTokenizerFast(tokenizer_object=words, **options).save_pretrained(tmp_path)
    vectors = clap.load(tmp_path).embed_text(["slow piano", "piano", "slow piano loud piano"])
    assert vectors.shape == (3, 12)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(vectors[:1], clap.load(tmp_path).embed_text(["slow piano"]), atol=1e-5)


def test_clap_refuses_what_would_be_cropped_and_fusion(models, tmp_path) -> None:
    with pytest.raises(ValueError, match="CLAP hears 10 s at most"):
        models["clap"].embed(noise(), 16_000, np.array([[0.0, 12.0]]))
    make_clap(tmp_path, fusion=True)
    with pytest.raises(HeschlError, match="a CLAP with fusion; it mixes random crops"):
        clap.load(tmp_path)


def test_mert_with_parts_that_hubert_lacks_is_refused(tmp_path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"feature_extractor_cqt": True}))
    with pytest.raises(HeschlError, match="feature_extractor_cqt is on"):
        mert.load(tmp_path)
    (tmp_path / "config.json").unlink()
    with pytest.raises(HeschlError, match="no config.json"):
        mert.load(tmp_path)


def test_encodec_averages_its_encoder_and_refuses_stereo(models, tmp_path) -> None:
    audio = np.random.default_rng(0).standard_normal(36_000).astype("f4") * 0.1
    values = models["encodec"].embed(audio, 24_000, np.array([[0.0, 1.5]]))[0]["latent"]
    with torch.inference_mode():
        wanted = models["encodec"].net.encoder(torch.from_numpy(audio)[None, None])[0].mean(-1).numpy()
    np.testing.assert_allclose(values[0], wanted, atol=1e-6)
    make_encodec(tmp_path, audio_channels=2, sampling_rate=48_000)
    with pytest.raises(HeschlError, match="48000 Hz, 2 channels"):
        encodec.load(tmp_path)


def test_muq_mulan_says_how_to_install_its_package(tmp_path, monkeypatch) -> None:
    with pytest.raises(HeschlError, match="no model.safetensors"):
        muq_mulan.load(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "muq", None)
    with pytest.raises(HeschlError, match="pip install muq"):
        muq_mulan.load(tmp_path)


def test_muq_mulan_through_a_stand_in_for_its_package(tmp_path, monkeypatch) -> None:
    class StandIn(torch.nn.Module):
        @classmethod
        def from_pretrained(cls, folder, local_files_only):
            assert local_files_only
            return cls()

        def forward(self, wavs=None, texts=None):
            return torch.ones(len(texts), 3) if wavs is None else wavs.reshape(len(wavs), 4, -1).square().mean(-1)

    (tmp_path / "model.safetensors").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "muq", types.SimpleNamespace(MuQMuLan=StandIn))
    model = muq_mulan.load(tmp_path)
    values, times_s = model.embed(noise(), 16_000, np.array([[0.0, 10.0], [1.5, 11.5]]))
    assert values["mulan"].shape == (2, 4) and times_s.tolist() == [0, 1.5]
    np.testing.assert_allclose(np.linalg.norm(values["mulan"], axis=1), 1, atol=1e-6)
    np.testing.assert_allclose(model.embed_text(["slow piano"]), 3**-0.5, atol=1e-6)


@pytest.mark.parametrize("name", ["mert", "w2v_bert"])
def test_all_layers_in_bins_can_take_the_taggers_place(name, tmp_path) -> None:
    globals()[f"make_{name}"](tmp_path)
    audio = np.stack([noise(0)[: 7 * 16_000], noise(1)[: 7 * 16_000]])
    found, centres_s = ROOMS[name].layers(audio, 16_000, tmp_path, 0.1)
    assert len(centres_s) == 70 and len(found) >= 8
    assert all(layer.shape[:2] == (2, 70) and np.isfinite(layer).all() for layer in found.values())
    # five seconds are one window, so that the mean of their bins is what `embed` gives
    whole, _ = ROOMS[name].load(tmp_path).embed(audio[0], 16_000, np.array([[0.0, 5.0]]))
    for layer, rows in whole.items():
        np.testing.assert_allclose(found[layer][0, :50].mean(0), rows[0], atol=1e-5)


def test_muq_in_layers_through_a_stand_in_for_its_package(tmp_path, monkeypatch) -> None:
    class StandIn(torch.nn.Module):
        @classmethod
        def from_pretrained(cls, folder, local_files_only):
            assert local_files_only
            return cls()

        def forward(self, x, output_hidden_states):
            frames = x.unfold(1, 960, 960)  # 25 a second, as MuQ has
            return types.SimpleNamespace(hidden_states=tuple(frames[..., :8] * (i + 1) for i in range(8)))

    (tmp_path / "model.safetensors").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "muq", types.SimpleNamespace(MuQ=StandIn))
    audio = np.stack([noise(0)[: 7 * 16_000], noise(1)[: 7 * 16_000]])
    found, centres_s = muq.layers(audio, 16_000, tmp_path, 0.1)
    assert list(found) == [f"hidden-{i:02d}" for i in range(8)] and len(centres_s) == 70
    whole, _ = muq.load(tmp_path).embed(audio[0], 16_000, np.array([[0.0, 5.0]]))
    for name, rows in whole.items():
        assert rows.shape == (1, 8)
        np.testing.assert_allclose(found[name][0, :50].mean(0), rows[0], atol=1e-5)
    np.testing.assert_allclose(found["hidden-03"], 4 * found["hidden-00"], atol=1e-5)


def test_muq_that_can_t_be_read_is_named(tmp_path, monkeypatch) -> None:
    def broken(folder, local_files_only):
        raise ValueError("no key encoder_dim")

    (tmp_path / "model.safetensors").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "muq", types.SimpleNamespace(MuQ=types.SimpleNamespace(from_pretrained=broken)))
    with pytest.raises(HeschlError, match="can't be read: no key encoder_dim; wanted MuQ-large-msd-iter"):
        muq.load(tmp_path)
