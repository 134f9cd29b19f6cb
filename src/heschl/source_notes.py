"""What a plan needs to know of a source file: its meaning, its imports, its functions; parsed once per version of it.

Parsing the package takes a plan, and on a cluster each job, two seconds. Notes are kept by the bytes they were taken
of, so that no clock and no copy makes them stale.
"""

import ast
import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

VERSION = f"1, Python {sys.version_info.major}.{sys.version_info.minor}"  # ast.unparse differs between versions


class Notes(NamedTuple):
    """Of one file.

    meaning : hash of its code; comments, layout and docstrings mean nothing
    imports : modules it may import, all that a `from` could name
    functions : keyword-only arguments by function, those without default and all
    """

    meaning: str
    imports: list[str]
    functions: dict[str, list[list[str]]]


def take(source: str) -> Notes:
    """Take notes of a source text."""
    tree = ast.parse(source)
    imports, functions = set(), {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            imports |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            if ast.get_docstring(node) is not None:
                node.body = node.body[1:] or [ast.Pass()]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            names = [a.arg for a in node.args.kwonlyargs]
            required = [n for n, default in zip(names, node.args.kw_defaults, strict=True) if default is None]
            functions[node.name] = [required, names]
    return Notes(hashlib.sha256(ast.unparse(tree).encode()).hexdigest(), sorted(imports), functions)


class Notebook:
    """Notes by the hash of a file, kept in a file between plans. One that can't be read or written is done without."""

    def __init__(self) -> None:
        self.known: dict[str, Notes] = {}
        self.used: set[str] = set()
        self.is_new = False

    def of(self, file: Path) -> Notes:
        """Return the notes of a source file."""
        raw = file.read_bytes()
        key = hashlib.sha256(raw).hexdigest()
        if key not in self.known:
            self.known[key], self.is_new = take(raw.decode("utf-8")), True
        self.used.add(key)
        return self.known[key]

    def load(self, path: Path) -> None:
        """Read notes that a plan before has kept."""
        try:
            kept = json.loads(path.read_text(encoding="utf-8"))
            if kept["version"] == VERSION:
                self.known |= {key: Notes(*notes) for key, notes in kept["notes"].items()}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return

    def keep(self, path: Path) -> None:
        """Write the notes that were used, if there is something new."""
        if not self.is_new:
            return
        text = json.dumps({"version": VERSION, "notes": {key: self.known[key] for key in sorted(self.used)}})
        try:
            path.parent.mkdir(exist_ok=True)
            number, part = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            with os.fdopen(number, "w", encoding="utf-8") as file:
                file.write(text)
            os.replace(part, path)
        except OSError:
            return
        self.is_new = False
