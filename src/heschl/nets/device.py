"""Which device networks run on."""

import sys

import torch


def pick_device() -> torch.device:
    """Return the GPU if there is one, else the CPU, and say which in the job's log."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} threads"
    print(f"device: {device.type} ({name})", file=sys.stderr)
    return device
