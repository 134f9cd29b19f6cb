"""What the name of a recording's store says."""

import re
from pathlib import Path

from heschl.errors import HeschlError

NAME = re.compile(r"(?:sub-[^_]+_)?((?:[^_]+_)*?task-([^_.]+)(?:_[^_.]+)*?)(?:_bold)?\.zarr")


def name_of(raw: Path) -> tuple[str, str]:
    """Return the recording's name within its subject ("task-Test_run-1") and its task ("Test").

    Raises
    ------
    HeschlError
        If the store isn't named sub-S_task-T_run-R_bold.zarr.
    """
    match = NAME.fullmatch(Path(raw).name)
    if not match:
        raise HeschlError(raw, "its name holds no task", "wanted sub-S_task-T_run-R_bold.zarr", "Rename it")
    return match[1], match[2]
