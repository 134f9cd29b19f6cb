"""The width of the network in a weights file: that of the file's own header, or what is set."""

from pathlib import Path

import pytest

from heschl.errors import HeschlError
from heschl.figures.tagger_weights import width
from heschl.nets.resnet18_1d import load

RELEASED = Path(__file__).parents[2] / "data/tagger/resnet18_narrow_mid_styles.safetensors"


def test_the_file_says_what_the_network_has() -> None:
    assert width(RELEASED, 64) == next(load(RELEASED)[0].parameters()).shape[0] == 16
    assert width([], 64) == width((), 64) == 64


@pytest.mark.parametrize("content", [b"", b"\x08" + bytes(7) + b"not json", (2).to_bytes(8, "little") + b"{}"])
def test_another_file_is_refused(tmp_path, content) -> None:
    file = tmp_path / "weights.safetensors"
    file.write_bytes(content)
    with pytest.raises(HeschlError, match="no width in its header"):
        width(file, 64)
