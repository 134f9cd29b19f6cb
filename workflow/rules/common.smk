"""Shared by all rule files. The checked settings, the recordings, and the bridge from rules to functions."""

import fcntl
import hashlib
import os
import sys
from pathlib import Path

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT / "src"))

from heschl import bids, contract
from heschl.config import check
from heschl.errors import HeschlError

# Snakemake calls scripts by sys.executable without quotes: a path with spaces would break every job.
os.environ.update(PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.getenv('PATH', '')}")
if " " in sys.executable:
    sys.executable = "python"
os.environ.update(HESCHL_MASTER=str(os.getpid()))  # step.py ends when this process does


def refuse(error):
    """End the plan with one line instead of a traceback."""
    raise WorkflowError(f"heschl: {error}")


def recover():
    """Let the same command go on after a killed workflow: drop its lock, which no living process holds.

    Every workflow in this folder holds `alive`, shared, and the kernel frees it with the process; who gets it alone is
    the only one. A second workflow on the same files is refused by Snakemake's lock.
    """
    global alive
    try:
        Path(".snakemake").mkdir(exist_ok=True)
        alive = open(".snakemake/heschl.alive", "w")
        alive.write(" " * 2**20)  # Snakemake answers a full disk with tracebacks
        alive.flush()
        alive.truncate(0)
    except OSError as error:
        said = f"{Path.cwd()}: can't be written: {error.strerror}; wanted room for results. Make some, rerun"
        print(f"heschl: {said}", file=sys.stderr, flush=True)
        os._exit(1)  # past Snakemake's logger, whose file is on that disk too
    try:
        fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for lock in Path(".snakemake/locks").glob("*.lock"):
            lock.unlink()
    except OSError:
        said = "another workflow runs in this folder; where it makes the same files, this one is refused"
        print(f"heschl: {said}. Wait for it; do not --unlock", file=sys.stderr)
    fcntl.flock(alive, fcntl.LOCK_SH)


if workflow.is_main_process and not workflow.dryrun:
    recover()

try:
    settings = check(config, " and ".join(str(Path(f).name) for f in workflow.configfiles))
except HeschlError as error:
    refuse(error)


def recordings():
    """List the runs of the dataset: those found in the BIDS folder, or those the simulation will write."""
    if not settings.simulated:
        return bids.index(
            Path(settings.bids.dir),
            participant_label=settings.bids.participant_label,
            session_id=settings.bids.session_id,
            task=settings.bids.task,
            cache=Path(".snakemake/heschl_bids.json"),
        )
    return bids.planned(
        Path(f"results/{settings.dataset}/bids"),
        settings.simulate.participant_label,
        settings.bids.task,
        settings.simulate.n_runs,
    )


try:
    RECORDINGS = {(r.sub, r.recording): r for r in recordings()}
except HeschlError as error:
    refuse(error)

SUBJECTS = sorted({sub for sub, _ in RECORDINGS})
CANARIES = [s for s in settings.simulate.noise_label if settings.simulated and s in SUBJECTS]
LISTENERS = [s for s in SUBJECTS if s not in CANARIES]
MODELS = sorted(settings.embed.models)


def recording(wildcards):
    """Return the run that wildcards name."""
    return RECORDINGS[wildcards.sub, wildcards.recording]


def runs(pattern, sub=None):
    """Expand {sub} and {recording} over all runs, or over one subject's."""
    return [
        pattern.format(dataset=settings.dataset, sub=s, recording=r) for s, r in sorted(RECORDINGS) if sub in (None, s)
    ]


def code(rule, *rooms):
    """Fingerprint the code that a rule runs, so that it runs again when that code changes meaning.

    A plugin is named with the wildcard or setting that chooses it, such as "embeddings.{model}".
    """
    entry, _ = contract.address(rule)
    return lambda wildcards: contract.fingerprint(
        entry,
        *(f"{contract.PACKAGE}.{room.format(**dict(wildcards.items()))}" for room in rooms),
    )


def digest(file):
    """Hash a small file that came with the clone, whose age says nothing: such inputs are `ancient` and known by this."""
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:12] if Path(file).is_file() else "missing"


def check_contracts(rules):
    """Stop before any job runs if a rule and its function disagree, or a setting names a plugin that isn't there."""
    for one in rules:
        given = {name for part in (one.input, one.output, one.params) for name, _ in part.items()}
        if "code" in given:
            contract.check(one.name, given - {"code", "digest"})
    contract.check_plugins(settings)
    manifest = Path(settings.corpus.dir, "manifest.csv")
    if (settings.simulated or MODELS != ["category"]) and not manifest.is_file():
        raise HeschlError(manifest, "no such file", "wanted the list of clips", "Correct corpus.dir")


# What stands for the music: the files of the room, and the category of a block, which needs no sound.
EMBEDDINGS = [*contract.plugins("embeddings"), "category"]


wildcard_constraints:
    dataset=settings.dataset,
    model="|".join(EMBEDDINGS),
    sub="[a-zA-Z0-9]+",
    recording="(ses-[a-zA-Z0-9]+_)?task-[a-zA-Z0-9]+(_[a-z]+-[a-zA-Z0-9]+)*",
