"""Weights come back as they were saved, and nothing else does."""

import pytest
import torch
from safetensors.torch import load_file, save_file

from heschl.errors import HeschlError
from heschl.nets import style_weights
from heschl.nets.style_cnn import StyleCNN
from heschl.nets.style_front_ends import build


@pytest.mark.parametrize("front_end", ["raw", "mel", "embedding"])
def test_a_network_comes_back(tmp_path, front_end):
    net = build(front_end, 20_000, 3, seed=1)
    x = torch.randn(4, 20_000, generator=torch.Generator().manual_seed(0))
    net(x)  # moves the averages of batch norm, which are saved as well
    told = {"styles": ["a", "b", "c"], "rate_hz": 8000, "fold": 2}
    style_weights.save(tmp_path / "w.safetensors", net, front_end, **told)
    style_weights.save(tmp_path / "again.safetensors", net, front_end, **told)
    assert (tmp_path / "w.safetensors").read_bytes() == (tmp_path / "again.safetensors").read_bytes()
    again, about = style_weights.load(tmp_path / "w.safetensors"), style_weights.about(tmp_path / "w.safetensors")
    assert type(again) is type(net) and not again.training
    with torch.no_grad():
        torch.testing.assert_close(again(x), net.eval()(x), rtol=0, atol=0)
    assert about.items() >= told.items() and about["front_end"] == front_end
    assert about["options"]["n_samples"] == 20_000 and about["options"]["n_styles"] == 3


def test_what_is_no_such_network_is_refused(tmp_path):
    path = tmp_path / "w.safetensors"
    with pytest.raises(HeschlError, match="can't be read"):
        style_weights.load(path)
    style_weights.save(path, StyleCNN(2000), "raw")
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])
    with pytest.raises(HeschlError, match="can't be read"):
        style_weights.load(path)
    path.write_bytes(whole)
    state, about = load_file(path), style_weights.about(path)
    save_file(state, path)
    with pytest.raises(HeschlError, match="holds another network"):
        style_weights.load(path)
    for changed, told in (
        ({k: v for k, v in state.items() if k != "hidden.weight"}, "Missing key.*hidden.weight"),
        (state | {"classify.weight": torch.zeros(5, 256)}, "size mismatch for classify.weight"),
    ):
        save_file(changed, path, metadata={"heschl": style_weights.json.dumps(about)})
        with pytest.raises(HeschlError, match=told):
            style_weights.load(path)
