"""Shared by all rule files. The checked settings, the recordings, and the bridge from rules to functions."""

import fcntl
import hashlib
import os
import sys
from pathlib import Path

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT / "src"))

from heschl import bids, contract
from heschl.config import check, read
from heschl.datasets.events import read as read_events
from heschl.errors import HeschlError

# Snakemake calls scripts by sys.executable without quotes: a path with spaces would break every job.
os.environ.update(PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.getenv('PATH', '')}")
if " " in sys.executable:
    sys.executable = "python"
os.environ.update(HESCHL_MASTER=str(os.getpid()))  # step.py ends when this process does

NOTES = Path(".snakemake/heschl_notes.json")
contract.notebook.load(NOTES)


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
    for file in workflow.configfiles:
        read(file)
    settings = check(config, " and ".join(str(Path(f).name) for f in workflow.configfiles))
except HeschlError as error:
    refuse(error)


DECODING = {"brain2music", "music_reconstruction"} & set(settings.studies)
MUSIC = (settings.bids.task,) if "neural_correlates" in settings.studies else ()
HEARD = (settings.bids.training_task, settings.bids.test_task) if DECODING else ()
# Curves, alignment and partition need one fold: they take the official split where the chosen one has several.
ONE_FOLD = settings.audit.split if settings.audit.split == "fault_filtered" else "official"


def recordings():
    """List the runs of the studies: those found in the BIDS folder, or those the simulation will write."""
    if not settings.simulated:
        chosen = dict(participant_label=settings.bids.participant_label, session_id=settings.bids.session_id)
        cache = Path(".snakemake/heschl_bids.json")
        folder = Path(settings.bids.dir)
        return [r for task in MUSIC + HEARD for r in bids.index(folder, task=task, cache=cache, **chosen)]
    folder = Path(f"results/{settings.dataset}/bids")
    played = {task: (settings.simulate.participant_label, settings.simulate.n_runs) for task in MUSIC}
    counts = (settings.listen.n_training_runs, settings.listen.n_test_runs)
    played |= {task: (settings.listen.participant_label, n) for task, n in zip(HEARD, counts)}
    return [r for task, (subjects, n) in played.items() for r in bids.planned(folder, subjects, task, n)]


try:
    RECORDINGS = {(r.sub, r.recording): r for r in recordings()}
except HeschlError as error:
    refuse(error)


def subjects(tasks):
    """Return the labels of those with a run of some tasks."""
    return sorted({r.sub for r in RECORDINGS.values() if r.task in tasks})


NOISE = settings.simulate.noise_label if settings.simulated else []
SUBJECTS = subjects(MUSIC)
DECODED = subjects(HEARD)
CANARIES = [s for s in NOISE if s in SUBJECTS]
LISTENERS = [s for s in SUBJECTS if s not in CANARIES]
HRF_SUBJECTS = [s for s in CANARIES if s in settings.simulate.hrf_label]
NOISE_SUBJECTS = [s for s in CANARIES if s not in HRF_SUBJECTS]
GROUPS = {"group": LISTENERS, "hrf": HRF_SUBJECTS, "noise": NOISE_SUBJECTS}
MODELS = sorted(settings.embed.models)


def recording(wildcards):
    """Return the run that wildcards name."""
    return RECORDINGS[wildcards.sub, wildcards.recording]


def runs(pattern, sub=None, tasks=MUSIC):
    """Expand {sub} and {recording} over all runs of some tasks, or over one subject's."""
    return [
        pattern.format(dataset=settings.dataset, sub=s, recording=name)
        for (s, name), r in sorted(RECORDINGS.items())
        if sub in (None, s) and r.task in tasks
    ]


def of_group(pattern):
    """Return what expands {sub} over the participants of the group that {who} names."""
    return lambda w: expand(expand(pattern, sub=GROUPS[w.who]), dataset=w.dataset, model=w.model)


def controls_of(wildcards):
    """Return the features of the control models of a model: none of categories, and not of itself."""
    named = [] if wildcards.model == "category" else [m for m in settings.infer.controls if m != wildcards.model]
    return [f"results/{wildcards.dataset}/embed/model-{model}_features.zarr" for model in named]


def of_study(name):
    """Return what a study makes, its figures first; refuse one that the settings don't name."""
    if name not in STUDIES:
        named = ", ".join(STUDIES)
        refuse(HeschlError("studies", f"{name} isn't among {named}", "wanted it named", f"Set studies: [{name}]"))
    return STUDIES[name] + (INFERRED if name == "neural_correlates" else [])


def window_weights(wildcards):
    """Return the weights that a model of the music needs; words come from musicnn's tags, unless there are captions."""
    if wildcards.model == "text" and "text" not in settings.embed.sources:
        return f"results/{settings.dataset}/embed/model-musicnn_tags.zarr"
    return WEIGHTS.get(wildcards.model, [])


def weights_digest(wildcards):
    """Hash the weights of a model of the music that came with the clone; "" for others."""
    file = {"musicnn": MUSICNN, "resnet18": TRAINED}.get(wildcards.model)
    return digest(file) if file else ""


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


def check_clips():
    """Stop if alignment asks for more clips than training has: with its decoder's own, one fold of clips each."""
    wanted, heard = max(settings.align.n_clips) + settings.decode.n_folds, set()
    if settings.simulated or "music_reconstruction" not in settings.studies:
        return
    events_files = {r.events for r in RECORDINGS.values() if r.task == settings.bids.training_task}
    for path in sorted(events_files):
        events = read_events(path, settings.respond.stimulus, drop_first=settings.respond.drop_first_event)
        heard |= {event.clip for event in events}
    if len(heard) < wanted:
        given = f"{max(settings.align.n_clips)} of {len(heard)} training clips"
        raise HeschlError("align.n_clips", given, f"wanted {settings.decode.n_folds} left for the decoder", "Ask fewer")


def check_contracts(rules):
    """Stop before any job runs if a rule and its function disagree, or a setting names a plugin that isn't there."""
    for one in rules:
        given = {name for part in (one.input, one.output, one.params) for name, _ in part.items()}
        if "code" in given:
            contract.check(one.name, given - {"code", "digest"})
            contract.modules(contract.address(one.name)[0])
    contract.notebook.keep(NOTES)
    contract.check_plugins(settings)
    check_clips()
    manifest = Path(settings.corpus.dir, "manifest.csv")
    silent = MODELS == ["category"] and not settings.simulated and not DECODING
    if settings.corpus.plugin != "gtzan" and DECODING | set(MUSIC) and not silent and not manifest.is_file():
        raise HeschlError(manifest, "no such file", "wanted the list of clips", "Correct corpus.dir")


# What stands for the music: the files of the room, and the category of a block, which needs no sound.
EMBEDDINGS = [*contract.plugins("embeddings"), "category"]


STUDY_NAMES = ("neural_correlates", "brain2music", "music_reconstruction", "neuroplasticity", "style_dream", "story")


wildcard_constraints:
    dataset=settings.dataset,
    model="|".join(EMBEDDINGS),
    sub="[a-zA-Z0-9]+",
    who="|".join(GROUPS),
    ses="[a-zA-Z0-9]+",
    seed="[0-9]+",
    study="|".join(STUDY_NAMES),
    split="official|fault_filtered|artist_grouped_kfold|leave_genre_out",
    route="roi|voxel",
    style_split="track_grouped|contiguous|permuted",
    panel="[A-Z][0-9]+a?",
    recording="(ses-[a-zA-Z0-9]+_)?task-[a-zA-Z0-9]+(_[a-z]+-[a-zA-Z0-9]+)*",
