"""Shared by all that reads MEG. The recordings of neuroplasticity, found or about to be simulated."""

from heschl import meg_runs

MEG_SESSIONS = [settings.meg.training_session, *settings.meg.test_sessions]
MEG_SIMULATED = settings.meg.dir is None
MEG_ROOT = Path(settings.meg.dir or f"results/{settings.dataset}/meg")


def meg_recordings():
    """List the sessions of the study: those found in the MEG-BIDS folder, or those the simulation will write."""
    if "neuroplasticity" not in settings.studies:
        return [], []
    if MEG_SIMULATED:
        who = settings.record.participant_label
        return meg_runs.planned(MEG_ROOT, who, MEG_SESSIONS, settings.meg.task, settings.record.n_runs), []
    chosen = dict(participant_label=settings.meg.participant_label, cache=Path(".snakemake/heschl_meg.json"))
    return meg_runs.index(MEG_ROOT, settings.meg.task, MEG_SESSIONS, **chosen)


try:
    found, MEG_LEFT_OUT = meg_recordings()
except HeschlError as error:
    refuse(error)

MEG = {(session.sub, session.ses): session for session in found}
MEG_SUBJECTS = sorted({sub for sub, _ in MEG})
for line in MEG_LEFT_OUT if workflow.is_main_process else []:
    print(f"heschl: {line}: left out of neuroplasticity", file=sys.stderr)


def planned_meg(root, sub):
    """List every file that the simulation writes of one participant, in the order that record_subject expects."""
    sessions = meg_runs.planned(Path(root), [sub], MEG_SESSIONS, settings.meg.task, settings.record.n_runs)
    return [str(path) for session in sessions for path in meg_runs.planned_files(session)]
