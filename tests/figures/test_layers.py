"""Table 1 of the network: published lengths, and parameters that add up to the network's."""

import pytest

from heschl.figures import layers


def test_table_1_is_the_published_one(draw_twice):
    found = draw_twice(layers.draw).set_index("name")
    assert found["layer"].dropna().tolist() == list(range(1, 11))
    assert found["length_excerpt"][:10].tolist() == [12544, 3136, 3136, 3136, 784, 784, 196, 196, 49, 49]
    assert found["length_clip"][:10].tolist() == [116000, 29000, 29000, 29000, 7250, 7250, 1813, 1813, 454, 454]
    assert found["stride_samples"][:10].tolist() == [4, 16, 16, 16, 64, 64, 256, 256, 1024, 1024]
    assert found.loc["conv5_2", "receptive_field_ms"] == pytest.approx(2220, rel=0.01)
    assert found.loc["sum", "n_parameters"] == 11_198_898 == found["n_parameters"][:-1].sum()
    assert found.loc["conv3_1", "spec"] == "[1 × 9, 128] × 2" and found.loc["conv3_1", "steps"] == "4, 4"


def test_a_narrow_network_has_its_own_parameters(draw_twice):
    from heschl.nets.resnet18_1d import ResNet18

    found = draw_twice(layers.draw, width=12, n_tags=20).set_index("name")
    wanted = sum(p.numel() for p in ResNet18(n_tags=20, width=12).parameters())
    assert found.loc["sum", "n_parameters"] == wanted
    assert found.loc["tags", "spec"] == "linear, 20, sigmoid"
