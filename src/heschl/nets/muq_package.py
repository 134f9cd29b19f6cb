"""Models of the package `muq`, which isn't in our lock: from a local folder, safetensors only."""

from pathlib import Path

import torch

from heschl.errors import HeschlError

INSTALL = "In the same environment: pip install muq==0.1.0"


def load(name: str, folder: Path, wanted: str, needs: str = "") -> torch.nn.Module:
    """Load the class `name` of the package from a folder, ready to evaluate.

    Parameters
    ----------
    wanted : the published model's name, for messages; needs : what else the package looks for there

    Raises
    ------
    HeschlError
        If the package or the weights are missing or can't be read.
    """
    if not (folder / "model.safetensors").is_file():
        raise HeschlError(folder, "no model.safetensors", f"wanted {wanted}", "Fetch or convert its weights")
    try:
        import muq

        net_class = getattr(muq, name)
    except (ImportError, OSError, AttributeError) as error:  # OSError: torchaudio made for another torch
        raise HeschlError(
            wanted, f"can't import muq, or it has no {name}: {error}", "wanted the package muq", INSTALL
        ) from error
    try:
        return net_class.from_pretrained(str(folder), local_files_only=True).eval()
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        fix = needs or "Fetch it again"
        raise HeschlError(folder, f"can't be read: {error}", f"wanted {wanted}", fix) from error
