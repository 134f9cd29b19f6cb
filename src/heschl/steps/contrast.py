"""Contrast: what another session lost, of all that networks knew of the training session, by drift and by plasticity.

Apart from heschl.steps.classify, so that another way to judge trains no network again.
"""

from pathlib import Path

from heschl import store
from heschl.errors import HeschlError
from heschl.science import subject_summary, subject_tables


def sessions(
    *,
    samples: Path,
    full: list[Path],
    clusters: list[Path],
    components: list[Path],
    truth: list[Path],
    summary: Path,
    n_bootstraps: int,
    seed: int,
    control: str = "",
    drift_order: int = 2,
) -> None:
    """Gather all seeds: accuracies with intervals, tests of clusters, drift against plasticity; see subject_summary.

    Parameters
    ----------
    full, clusters, components : scores, one store per seed; components may be empty
    truth : stores of record.subject, empty for real recordings: the first one's regions are the planted ones
    n_bootstraps : resamples of the intervals
    control : test session without training, "" if there is none; see plasticity.py

    Raises
    ------
    HeschlError
        If the control is no test session, or seeds differ in what they scored.
    """
    recording, about = subject_tables.recording(store.read(samples).load())
    if control and control not in recording.sessions[1:]:
        given = f"no test session {control!r}"
        raise HeschlError("meg: control_session", given, f"wanted one of {', '.join(recording.sessions[1:])} or ''")
    stores = {"full": full, "clusters": clusters, "components": components}
    found = {name: [store.read(path).load() for path in paths] for name, paths in stores.items() if paths}
    planted = store.read(truth[0]).load() if truth else None
    regions = (planted["region"].values, float(planted.attrs["region_mm"])) if truth else None
    try:
        arrays = subject_summary.gather(found, recording, regions, control, drift_order, n_bootstraps, seed)
    except ValueError as error:
        raise HeschlError(summary, str(error), "no summary", "Remake the scores") from error
    for values in arrays.data_vars.values():
        values.attrs.setdefault("units", "1")
    attrs = about | {"control": control, "n_bootstraps": n_bootstraps, "seed": seed}
    store.write(summary, arrays.assign_attrs(attrs))
