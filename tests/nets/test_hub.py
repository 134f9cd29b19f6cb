"""Hub models come from where they were said to lie, pinned, whole, and in no other way."""

import pytest

from heschl.errors import HeschlError
from heschl.nets import hub


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path) -> None:
    monkeypatch.delenv(hub.DOWNLOAD, raising=False)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def test_a_folder_is_used_as_it_is(tmp_path) -> None:
    assert hub.resolve(str(tmp_path)) == tmp_path


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "no source given"),
        ("laion/larger_clap_music", "no revision"),
        ("/nowhere/at/all", "no such folder"),
        ("nobody/nothing-of-ours@0123abc", "is not in the hub's cache; wanted .* HESCHL_ALLOW_DOWNLOAD=1"),
    ],
)
def test_what_cannot_be_found_is_said_in_one_line(source, message) -> None:
    with pytest.raises(HeschlError, match=message) as error:
        hub.resolve(source)
    assert "\n" not in str(error.value)


def test_the_cache_is_asked_with_the_revision_and_never_the_net(monkeypatch, tmp_path) -> None:
    import huggingface_hub

    asked = []

    def snapshot(name, **options):
        asked.append((name, options))
        return str(tmp_path)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    assert hub.resolve("owner/name@v1") == tmp_path
    (name, options), *more = asked
    assert name == "owner/name" and not more
    assert options["revision"] == "v1" and options["local_files_only"]
    assert "*.safetensors" in options["allow_patterns"] and not any("bin" in p for p in options["allow_patterns"])


def test_pickled_weights_and_missing_weights_are_refused(tmp_path) -> None:
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import EncodecConfig, EncodecModel

    net = EncodecModel(EncodecConfig(num_filters=2, hidden_size=4, codebook_size=4, codebook_dim=4, num_lstm_layers=1))
    net.save_pretrained(tmp_path)
    weights = load_file(tmp_path / "model.safetensors")
    first = next(name for name in weights if name.startswith("encoder"))
    save_file({k: v for k, v in weights.items() if k != first}, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(HeschlError, match=r"weight encoder.* is missing; wanted all weights of EncodecModel"):
        hub.pretrained("EncodecModel", tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(weights, tmp_path / "pytorch_model.bin")
    with pytest.raises(HeschlError, match="wanted the config and files of EncodecModel, weights as safetensors"):
        hub.pretrained("EncodecModel", tmp_path)
