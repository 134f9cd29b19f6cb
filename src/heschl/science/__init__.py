"""Pure functions on arrays: no files, no settings, no workflow."""

import hashlib
import os
import sys
from pathlib import Path


def _compile_anew() -> None:
    """Keep compiled functions apart by what the sources are.

    Numba's cache looks at a function's own file only, not at those of the functions compiled into it: after an edit or
    an update there, it would go on with the old ones.
    """
    here = Path(__file__).parent
    sources = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(here.glob("*.py"))))
    name = f"heschl-{sources.hexdigest()[:12]}"
    base = Path(os.environ.get("NUMBA_CACHE_DIR") or here / "__pycache__")
    if base.name.startswith("heschl-"):  # of the process that started this one
        base = base.parent
    os.environ["NUMBA_CACHE_DIR"] = str(base / name)
    if "numba" in sys.modules:
        sys.modules["numba"].config.CACHE_DIR = str(base / name)


_compile_anew()
