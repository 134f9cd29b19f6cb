"""What a file of the tagger's weights says of its network, without loading it."""

import json
from pathlib import Path

from heschl.errors import HeschlError

LARGEST = 1 << 20  # bytes of a safetensors header


def width(weights: Path | list, otherwise: int) -> int:
    """Return the channels of the first stage of the network in a safetensors file; [] gives what is set instead.

    Raises
    ------
    HeschlError
        If the file isn't one that train_tagger wrote.
    """
    if not isinstance(weights, Path):
        return otherwise
    try:
        with weights.open("rb") as file:
            size = int.from_bytes(file.read(8), "little")
            about = json.loads(file.read(min(size, LARGEST)))["__metadata__"]["heschl"]
        return int(json.loads(about)["options"]["width"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        wanted = "wanted weights that train_tagger wrote"
        raise HeschlError(weights, f"no width in its header ({error})", wanted, "Set embed.sources") from error
