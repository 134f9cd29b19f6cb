"""FIF files without a date of writing: MNE puts the time and the machine's address into each file's and block's id."""

import os
import struct
from pathlib import Path

from heschl.errors import HeschlError

FILE_ID, ID_STRUCT = 100, 31
TAG = struct.Struct(">iiii")  # kind, type, size in bytes, where the next one is
NOBODY = struct.pack(">4i", 0, 0, 0, 0)  # two words of the machine, seconds, microseconds


def settle(path: Path) -> None:
    """Overwrite machine and time in every id of a FIF file, in place: the same recording is then the same bytes.

    Raises
    ------
    HeschlError
        If the file isn't FIF or ends within a tag.
    """
    end = os.path.getsize(path)
    with open(path, "r+b") as file:
        at = 0
        while at < end:
            file.seek(at)
            header = file.read(TAG.size)
            kind, type_, size, _ = TAG.unpack(header) if len(header) == TAG.size else (-1, -1, -1, 0)
            if size < 0 or at + TAG.size + size > end or (at == 0 and kind != FILE_ID):
                raise HeschlError(path, f"no whole tag at byte {at}", "wanted a FIF file", "Write it again")
            if type_ == ID_STRUCT:
                file.seek(at + TAG.size + 4)  # the version of the format stays
                file.write(NOBODY)
            at += TAG.size + size
