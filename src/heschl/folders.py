"""List the folders of a dataset, once: listings are kept in one JSON file while modification times stand.

The second plan of a thousand subjects then costs one stat per folder instead of one listing.
"""

import json
import os
import time
from contextlib import suppress
from functools import cache as remember
from pathlib import Path

from heschl.errors import HeschlError

SETTLED_NS = 2_000_000_000  # a folder changed later than this may change again within its clock's tick


class Tree:
    """Sorted file names of a dataset's folders, remembered while a folder's modification time stands."""

    def __init__(self, root: Path, cache: Path | None = None) -> None:
        self.root, self.cache, self._changed = str(root), cache, False
        self._kept = self._load()
        self._listing = remember(self._list)
        self._ending = remember(lambda folder, end: [n for n in self.names(folder) if f"_{n}".endswith(end)])

    def names(self, folder: str) -> list[str]:
        """List a folder, given relative to the root; empty if there is none."""
        return self._listing(folder)[0]

    def ending(self, folder: str, ending: str) -> list[str]:
        """List the files of a folder that end in, or are, an ending such as "_bold.json"."""
        return self._ending(folder, ending)

    def path(self, folder: str, name: str) -> Path:
        """Return a listed file's full path; raise if it is a link to nothing (never fetched)."""
        path = Path(self.root, folder, name)
        if name in self._listing(folder)[1] and not path.exists():
            raise HeschlError(path, "is a link to nothing", "wanted the file itself", "Fetch it: datalad get")
        return path

    def save(self) -> None:
        """Keep what was listed; a folder where nothing can be written is no reason to stop."""
        if self.cache is None or not self._changed:
            return
        temporary = Path(f"{self.cache}.{os.getpid()}")
        with suppress(OSError):
            temporary.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_text(json.dumps({"root": os.path.abspath(self.root), "folders": self._kept}))
            temporary.replace(self.cache)

    def _load(self) -> dict[str, list]:
        try:
            kept = json.loads(Path(self.cache).read_text()) if self.cache else {}
            return kept["folders"] if kept.get("root") == os.path.abspath(self.root) else {}
        except (OSError, ValueError, AttributeError, KeyError):
            return {}

    def _list(self, folder: str) -> tuple[list[str], list[str]]:
        """Return the names in a folder and those of them that are links, from memory where that is safe."""
        path = os.path.join(self.root, folder)
        try:
            changed_ns = os.stat(path).st_mtime_ns
            if (kept := self._kept.get(folder)) and kept[0] == changed_ns:
                return kept[1], kept[2]
            with os.scandir(path) as entries:
                links = {e.name: e.is_symlink() for e in entries}
        except (FileNotFoundError, NotADirectoryError):
            return [], []
        except OSError as error:
            raise HeschlError(path, f"can't be listed: {error.strerror}", "wanted a folder") from None
        listing = sorted(links), sorted(n for n, is_link in links.items() if is_link)
        if time.time_ns() - changed_ns > SETTLED_NS:
            self._kept[folder] = [changed_ns, *listing]
            self._changed = True
        return listing
