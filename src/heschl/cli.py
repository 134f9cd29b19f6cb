"""The command `heschl`: run the workflow, start a configuration, explain a rule or a file, check first."""

import json
import os
import shutil
import sys
from importlib import metadata
from pathlib import Path
from typing import Annotated

import typer

from heschl import contract, rules
from heschl.config import Config, load, read
from heschl.config import check as check_settings
from heschl.errors import HeschlError

ROOT = Path(__file__).parents[2]
DEFAULT = ROOT / "config/config.yaml"
LEAST_GIB = {"disk": 10, "memory": 6}

# The Makefile sets the same, so that a test or a check leaves HOME alone as well.
CACHES = {
    "XDG_CACHE_HOME": "",
    "MPLCONFIGDIR": "matplotlib",
    "NUMBA_CACHE_DIR": "numba",
    "NIPYPE_CONFIG_DIR": "nipype",
}
QUIET = {"MNE_DONTWRITE_HOME": "true", "NO_ET": "1", "NIPYPE_NO_ET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}

TEMPLATE = """\
# {name}: what differs from the defaults of config/README.md, which lists every setting with its unit.
# Look before you run:   heschl check --config config/{name}.yaml
# Run:                   heschl run --configfile config/{name}.yaml
dataset: {name}
title: {name}

bids:
  dir: {bids}
  task: {task}
  tr_s: {tr_s}                # from the sidecars
  # stimulus: stim_file      # what names a trial: stim_file, blocks (trial_type) or track (genre and track)
  # clip_s: 15.0             # seconds of each trial that are analysed
  # participant_label: ["01"]

corpus:
  dir: data/mini-styles-16k  # <- your music: a folder with a manifest.csv like this one's

embed:
  models: [resnet18]

# As published, where the default differs:
# compare:
#   standardize: false
#   remove_lag_mean: false
#   pairs: all
"""

app = typer.Typer(add_completion=False, help=__doc__, rich_markup_mode=None)
CONFIG_OPTIONS = ("--configfile", "--configfiles")
PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


def main() -> None:
    """Run the command; whatever the user can mend is one line, not a traceback."""
    arguments = sys.argv[1:] or ["--help"]
    try:
        sys.exit(app(arguments, prog_name="heschl", standalone_mode=False))
    except HeschlError as error:
        _end(str(error), 1)
    except OSError as error:
        _end(f"{error.filename or 'system'}: {error.strerror or error}", 1)
    except typer.exceptions.TyperException as error:
        _end(f"{error.format_message()} See heschl --help", 2)


@app.command(context_settings=PASS_ON)
def run(context: typer.Context) -> None:
    """Run the workflow; all arguments go to snakemake (without a --profile: this machine)."""
    arguments = context.args
    if not any(a.startswith(("--profile", "--workflow-profile")) for a in arguments):
        arguments = ["--profile", "profiles/local", *arguments]
    os.chdir(ROOT)
    _refuse_unreadable(arguments)
    os.environ |= environment()
    os.execv(sys.executable, [sys.executable, "-m", "snakemake", *arguments])


@app.command()
def new_config(
    name: str,
    bids: Annotated[Path, typer.Option(help="Folder of a raw BIDS dataset.")],
    task: Annotated[str, typer.Option(help="BIDS task to analyse.")],
) -> None:
    """Write config/NAME.yaml: a commented file of differences for your own dataset."""
    file = ROOT / f"config/{name}.yaml"
    check_settings({"dataset": name, "bids": {"dir": str(bids), "task": task}}, "heschl new-config")
    settings = {"name": name, "bids": json.dumps(str(bids.resolve())), "task": json.dumps(task)}
    text = TEMPLATE.format(tr_s=_repetition_time(_index(bids, task)), **settings)
    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise HeschlError(file, "is there already", "nothing is overwritten", "Choose another name") from None
    print(f"wrote {file}; next: heschl check --config config/{name}.yaml")


@app.command()
def explain(name: Annotated[str, typer.Argument(metavar="RULE_OR_FILE")]) -> None:
    """Say what a rule does, or what made a file: its function, its settings, the code that reruns it."""
    found = rules.read()
    name = name if name in found else rules.maker(Path(name), found)
    rule, (module, function) = found[name], contract.address(name)
    required, accepted = contract.keywords(name)
    print(f"{name}  ({rule.source})\n  {rule.docstring}\n\n  calls     {module}.{function}")
    print(f"  given     {', '.join(sorted(required))}")
    if optional := sorted(accepted - required):
        print(f"  may give  {', '.join(optional)}")
    print("  reruns when one of these modules changes meaning:")
    for entry in contract.modules(module) + [f"the plugin heschl.{p}" for p in rule.plugins]:
        print(f"    {entry}")


@app.command()
def check(
    config: Annotated[Path, typer.Option(help="A file of differences; without: the default.")] = DEFAULT,
) -> None:
    """Check before running: settings, data, disk, memory, GPU. Nothing is written."""
    settings = load(config)
    contract.check_plugins(settings)
    report = {
        "settings": f"{config} is valid (dataset {settings.dataset})",
        "recordings": _recordings(settings),
        "music": _music(settings),
        "disk": _enough("disk", shutil.disk_usage(ROOT).free, str(ROOT)),
        "memory": _enough("memory", memory_bytes(), "this machine or its cgroup"),
        "python": f"{sys.version.split()[0]}, torch {metadata.version('torch')}",
        "gpu": _gpu(),
    }
    for subject, finding in report.items():
        print(f"{subject:<11} {finding}")
    print("all is well")


def environment(root: Path = ROOT) -> dict[str, str]:
    """Return the variables that keep caches out of HOME and telemetry off; what the user set stays."""
    caches = {name: str(root / ".cache" / folder).rstrip("/") for name, folder in CACHES.items()}
    return {name: os.environ.get(name, value) for name, value in (caches | QUIET).items()}


def memory_bytes(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Return the memory in bytes that this process may use: the machine's, or its cgroup's limit."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for file in (cgroup / "memory.max", cgroup / "memory/memory.limit_in_bytes"):
        if file.is_file() and (text := file.read_text().strip()).isdigit():
            limits.append(int(text))
    return min(limits)


def _index(folder: Path, task: str, labels: list[str] | None = None, sessions: list[str] | None = None) -> list:
    from heschl import bids

    return list(bids.index(folder, participant_label=labels, session_id=sessions, task=task, cache=None))


def _refuse_unreadable(arguments: list[str]) -> None:
    """Refuse a configuration that isn't there or isn't YAML, which Snakemake answers with a traceback or no name."""
    named = False
    for argument in arguments:
        option, _, value = argument.partition("=")
        named = not argument.startswith("-") and named
        if file := argument if named else value if option in CONFIG_OPTIONS else "":
            read(Path(file))
        named = named or argument in CONFIG_OPTIONS


def _repetition_time(recordings: list) -> float:
    """Return the repetition time in seconds that the sidecars give; the nearest sidecar wins."""
    values: dict = {}
    for sidecar in sorted(recordings[0].sidecars, key=lambda p: len(Path(p).parts)):
        values |= json.loads(Path(sidecar).read_text(encoding="utf-8"))
    if "RepetitionTime" not in values:
        raise HeschlError(recordings[0].bold, "no sidecar gives RepetitionTime", "BIDS wants it, in s")
    return float(values["RepetitionTime"])


def _recordings(settings: Config) -> str:
    if settings.simulated:
        return f"simulated here: {len(settings.simulate.participant_label)} participants"
    chosen = settings.bids.task, settings.bids.participant_label, settings.bids.session_id
    found = _index(ROOT / settings.bids.dir, *chosen)
    return f"{len(found)} runs of {len({r.sub for r in found})} participants in {settings.bids.dir}"


def _music(settings: Config) -> str:
    manifest = ROOT / settings.corpus.dir / "manifest.csv"
    if not manifest.is_file():
        raise HeschlError(manifest, "no such file", "wanted the list of clips", "Set corpus.dir")
    return f"{len(manifest.read_text(encoding='utf-8').splitlines()) - 1} clips in {settings.corpus.dir}"


def _enough(kind: str, available: int, where: str) -> str:
    gib, least = available / 2**30, LEAST_GIB[kind]
    if gib < least:
        raise HeschlError(where, f"{gib:.1f} GiB of {kind}", f"wanted {least} GiB")
    return f"{gib:.0f} GiB"


def _gpu() -> str:
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else "none found: the CPU does it"


def _end(message: str, code: int) -> None:
    print(f"heschl: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
