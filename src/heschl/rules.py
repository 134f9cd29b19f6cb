"""Read the rules of the workflow from their files, to say what a rule does and which rule makes a file."""

import json
import re
from pathlib import Path
from typing import NamedTuple

from heschl.errors import HeschlError

ROOT = Path(__file__).parents[2]


class Rule(NamedTuple):
    """One rule: its file, its text, and what is said of it."""

    source: str
    body: str

    @property
    def docstring(self) -> str:
        """What the rule does, in one line."""
        found = re.search(r'"""(.*?)"""', self.body, flags=re.S)
        return " ".join(found[1].split()) if found else "(no docstring)"

    @property
    def plugins(self) -> list[str]:
        """The plugins that the rule's fingerprint names besides its own function."""
        found = re.search(r"\bcode\(([^)]*)\)", self.body)
        return re.findall(r'"([a-z]+\.[^"]+)"', found[1]) if found else []

    def makes(self, path: str) -> int:
        """Count the literal characters of the declared output that fits a path; 0 where none does."""
        block = re.search(r"^    output:\n((?:        .*\n|\n)*)", self.body, flags=re.M)
        declared = re.findall(r'"([^"]+)"', block[1]) if block else []
        literal = [re.split(r"\{+[^{}]*\}+", d) for d in declared]
        fits = [p for p in literal if re.fullmatch(".+".join(map(re.escape, p)), path)]
        return max((len("".join(p)) for p in fits), default=0)


def read(folder: Path = ROOT / "workflow/rules") -> dict[str, Rule]:
    """Map each rule's name to the rule, with the constants of its file put in."""
    rules, constants = {}, {}
    texts = {f: f.read_text(encoding="utf-8") for f in sorted(folder.glob("*.smk"))}
    for text in texts.values():
        constants |= dict(re.findall(r'^([A-Z_]+) = \[?\s*f?"([^"]*)"', text, flags=re.M))
    for file, text in texts.items():
        for name, body in re.findall(r"^rule (\w+):\n((?:[ \t].*\n|\n)*)", text, flags=re.M):
            rules[name] = Rule(f"workflow/rules/{file.name}", _fill(body, constants))
    return rules


def maker(file: Path, rules: dict[str, Rule]) -> str:
    """Name the rule that made a result, by its signature, or else by the outputs that rules declare."""
    if (signed := _signature(file)) in rules:
        return signed
    path = file.resolve()
    text = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else str(file)
    best, name = max((rule.makes(text), name) for name, rule in rules.items())
    if not best:
        raise HeschlError(file, "no rule of this name, and none makes it", f"wanted one of {sorted(rules)}")
    return name


def _signature(file: Path) -> str | None:
    """Return the rule that a Zarr result says it was made by."""
    signature = file / "zarr.json"
    if not signature.is_file():
        return None
    made_by = json.loads(signature.read_text()).get("attributes", {}).get("made_by", {})
    return (json.loads(made_by) if isinstance(made_by, str) else made_by).get("rule")


def _fill(body: str, constants: dict[str, str]) -> str:
    """Put constants in, also those that stand in others."""
    if not constants:
        return body
    names = "|".join(sorted(map(re.escape, constants), key=len, reverse=True))
    named, before = re.compile(rf"\{{({names})\}}|\b({names})\b"), None
    for _ in constants:  # no chain of them is longer
        if body == before:
            break
        before, body = body, named.sub(lambda m: constants[m[1]] if m[1] else f'"{constants[m[2]]}"', body)
    return body
