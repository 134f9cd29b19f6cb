"""Weights of the networks that tell styles, as safetensors; the same weights give the same bytes."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import nn

from heschl.errors import HeschlError
from heschl.nets.style_front_ends import FRONT_ENDS, build

NAME = "style_network"
AGAIN = "Remove it and train again: rule tell_styles"


def save(path: Path, net: nn.Module, front_end: str, **about: object) -> None:
    """Write a network.

    Parameters
    ----------
    about : what else is to be known, plain values: styles, rate_hz, seed, split, fold
    """
    told = {"architecture": NAME, "front_end": front_end, "options": net.options} | about
    state = {name: value.detach().cpu().contiguous() for name, value in sorted(net.state_dict().items())}
    # one key only: safetensors keeps metadata in no fixed order
    save_file(state, path, metadata={"heschl": json.dumps(told, sort_keys=True)})


def load(path: Path, device: torch.device | str = "cpu") -> nn.Module:
    """Read a network written by `save`, ready to evaluate: a StyleCNN where front_end is "raw".

    Raises
    ------
    HeschlError
        If the file is missing or damaged, holds another network, or lacks weights of it.
    """
    told, state = _read(path)
    try:
        net = build(told["front_end"], **told["options"])
        net.load_state_dict(state)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        given = " ".join(str(error).split())[:200]
        raise HeschlError(path, f"its weights don't fit: {given}", "wanted all of one network", AGAIN) from None
    return net.to(device).eval()


def about(path: Path) -> dict:
    """Return what was saved beside the weights: front_end, options (n_samples, n_styles, ...), styles, split, seed ...

    Raises
    ------
    HeschlError
        If the file can't be read or holds another network.
    """
    return _read(path)[0]


def _read(path: Path) -> tuple[dict, dict[str, torch.Tensor]]:
    try:
        with safe_open(path, "pt") as file:
            told = json.loads((file.metadata() or {}).get("heschl", "{}"))
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise HeschlError(path, f"can't be read: {error}", f"wanted weights of a {NAME}", AGAIN) from None
    if told.get("architecture") != NAME or told.get("front_end") not in FRONT_ENDS:
        given = f"holds {told.get('architecture', 'another network')}"
        raise HeschlError(path, given, f"wanted {NAME} with a front end of {', '.join(FRONT_ENDS)}", AGAIN)
    return told, state
