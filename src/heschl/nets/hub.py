"""Models of the Hugging Face hub: from a folder or the cache, pinned, safetensors only, never with remote code."""

import os
import re
from pathlib import Path

from heschl.errors import HeschlError

DOWNLOAD = "HESCHL_ALLOW_DOWNLOAD"
# absent from published checkpoints and only used to mask frames during training
UNUSED = ("masked_spec_embed", "position_ids", "num_batches_tracked")


def resolve(source: str | Path) -> Path:
    """Return the local folder of a model.

    Parameters
    ----------
    source : a folder, or "owner/name@revision" of the hub (a commit or tag): looked up in the hub's cache, and fetched
        only where the environment says HESCHL_ALLOW_DOWNLOAD=1

    Raises
    ------
    HeschlError
        If there is no such folder, the revision isn't pinned, or the model isn't at hand.
    """
    text = str(source).strip()
    if not text:
        raise HeschlError("model", "no source given", "wanted a folder or owner/name@revision", "Set its source")
    if Path(text).is_dir():
        return Path(text)
    found = re.fullmatch(r"([\w.-]+/[\w.-]+)(?:@([\w./-]+))?", text)
    if not found:
        raise HeschlError(text, "no such folder", "wanted a model's folder or owner/name@revision", "Set its source")
    name, revision = found.groups()
    if not revision:
        fix = f"If it was meant as a folder, there is none; else pin it: {name}@<commit>"
        raise HeschlError(text, "no such folder and no revision", "wanted owner/name@revision", fix)
    return _cached(name, revision)


def _stay_offline() -> None:
    """Tell the hub's library to send nothing; it reads this once, when it is first imported."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    if os.environ.get(DOWNLOAD) != "1":
        os.environ.setdefault("HF_HUB_OFFLINE", "1")


def _cached(name: str, revision: str) -> Path:
    _stay_offline()
    from huggingface_hub import snapshot_download

    patterns = ["*.json", "*.txt", "*.model", "*.safetensors"]
    options = {"revision": revision, "allow_patterns": patterns}
    try:
        return Path(snapshot_download(name, local_files_only=True, **options))
    except (OSError, ValueError) as error:
        if os.environ.get(DOWNLOAD) != "1":
            fix = f"Set {DOWNLOAD}=1, or fetch it elsewhere and give its folder as the model's source"
            wanted = "wanted its json, tokenizer and safetensors files"
            raise HeschlError(f"{name}@{revision}", "is not in the hub's cache", wanted, fix) from error
    try:
        return Path(snapshot_download(name, **options))
    except Exception as error:  # requests, httpx and the hub each have their own
        fix = "Fetch it elsewhere and give its folder as the model's source"
        raise HeschlError(f"{name}@{revision}", f"can't be fetched: {error}", "wanted the hub", fix) from error


def pretrained(kind: str, source: str | Path):
    """Load a part of a model by the name of its class in transformers, from its folder alone.

    Networks come in float32, ready to evaluate, with every weight from the folder: a name that doesn't fit would
    leave random numbers in its place.

    Raises
    ------
    HeschlError
        If the folder lacks a file, its weights aren't safetensors, or a weight is missing.
    """
    _stay_offline()
    import torch
    import transformers

    folder, cls = resolve(source), getattr(transformers, kind)
    transformers.utils.logging.disable_progress_bar()
    is_net = kind.endswith("Model")
    options = {"use_safetensors": True, "dtype": torch.float32, "output_loading_info": True} if is_net else {}
    try:
        loaded = cls.from_pretrained(folder, local_files_only=True, **options)
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        wanted = f"wanted the config and files of {kind}, weights as safetensors"
        raise HeschlError(folder, f"can't be read: {error}", wanted, "Fetch the model again or convert it") from error
    if not is_net:
        return loaded
    net, about = loaded
    missing = sorted(k for k in about["missing_keys"] if not any(unused in k for unused in UNUSED))
    if missing or about.get("mismatched_keys"):
        given = f"weight {missing[0]} is missing" if missing else f"{about['mismatched_keys']} have other sizes"
        raise HeschlError(folder, given, f"wanted all weights of {kind}", "Give the folder of that model")
    return net.eval()
