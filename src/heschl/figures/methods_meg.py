"""Methods text of neuroplasticity: what each stage did, told from the settings of the run and its results.

Every function takes results (stores by file name) and method (settings by section) and returns the text of one stage.
"""

from typing import Any

from heschl.figures.methods_decoding import Results, listed

NETWORKS = {
    "full": "network A (three convolutions of 100, 50 and 25 filters) on single voxels of the whole head",
    "clusters": "the same within clusters of neighbouring voxels",
    "components": "network B (four convolutions) on epochs of principal components",
}
LIMITS = (
    "Between two sessions of the same people everything drifts: gain, noise, the head in the helmet. Without a session "
    "after no training, a training that changes the whole head evenly can't be told from drift; what is called "
    "plasticity is a change of some places beyond that of the head as a whole.",
    "Neighbouring voxels of a beamformer are near copies, noise included: the split as published, by random voxels, "
    "measures memory for one recording as well. Splits by run and by place are the ones to read.",
    "Intervals are over voxels and seeds of these participants; seven of them say little of people in general.",
)
SIMULATED = (
    "These participants are simulated: a sphere for a head, dipoles whose beta power follows the beat, and drift and "
    "training of known strength. It shows that the controls tell one from the other there, not how brains change."
)


def record(results: Results, method: dict[str, Any]) -> str:
    """Tell what was simulated."""
    of = method["record"]
    return (
        f"MEG of {len(of['participant_label'])} participants was simulated and written as raw MEG-BIDS: the 151 "
        f"axial gradiometers of a CTF helmet at {of['sfreq_hz']:g} Hz, {of['n_runs']} runs of {of['run_s']:g} s a "
        "session and the empty room, through the forward model of a sphere. Dipoles on a lattice of 16 mm emit "
        "noise of 15 to 30 Hz whose power follows the beat in a way of each participant's own. Session `retest` "
        "differs from `before` by drift (of gain, sensor noise and head position), `trained` by training in "
        "planted regions, `after` by both."
    )


def beamform(results: Results, method: dict[str, Any]) -> str:
    """Tell how sensors became voxels."""
    of, meg = method["beamform"], method["meg"]
    low, high = of["band_hz"]
    model = "a sphere fitted to the head points" if of["head_model"] == "sphere" else "a boundary element model"
    what = "the squared modulus" if of["measure"] == "power" else "the modulus"
    sss = "Signal space separation, then " if of["sss"] else ""
    return (
        f"{sss}MNE-Python's FIR filter passed {low:g} to {high:g} Hz, and recordings were brought to "
        f"{of['rate_hz']:g} Hz. For each run an LCMV beamformer (unit noise gain, orientation of maximal power, "
        f"regularisation {of['regularisation']:g}, rank from the data, noise covariance of the empty room) "
        f"projected the analytic signal on a lattice of {of['voxel_mm']:g} mm, with {model}; {what} was cut into "
        f"epochs of {of['epoch_s']:g} s, both ends included, every {of['beats_per_epoch']} beats of "
        f"{meg['beat_s']:g} s. Voxels that all participants have in all sessions were kept, and averaged over "
        "epochs by part of the session."
    )


def classify(results: Results, method: dict[str, Any]) -> str:
    """Tell how participants were told apart."""
    of, summary = method["classify"], results.get("summary.zarr")
    which = summary["experiment"].values.astype(str) if summary is not None else list(NETWORKS)
    width = "" if of["width"] == 1 else f" at {100 * of['width']:g} % of their published filters and hidden units"
    return (
        f"Networks were trained to tell participants apart on session {method['meg']['training_session']} alone, by "
        f"stochastic gradient descent as published{width}, from {of['n_seeds']} seeds: "
        f"{listed([NETWORKS[name] for name in which])}. Inputs were normalised by the training samples. Voxels to "
        "test on were drawn at random (as published), or taken from a block of the head with a guard, from another "
        "run, or from the other half of the epochs; the empty room and shuffled labels went through the same as "
        "canaries."
    )


def contrast(results: Results, method: dict[str, Any]) -> str:
    """Tell how drift was told from plasticity."""
    control = method["meg"]["control_session"]
    against = f", and beyond session {control}, which had no training" if control else ""
    return (
        "Drift was measured from the sessions themselves: a gain that varies smoothly over the head (least absolute "
        "deviations), sensor noise from the empty room, and scatter from even and odd epochs. What each cluster "
        "loses once that is undone, and how its pattern over the beat changes, each beyond the median cluster"
        f"{against}, was tested over participants by exact sign flips with the step-down maximum over clusters; "
        "accuracies of clusters by all relabellings of whole participants."
    )


def fit(results: Results, method: dict[str, Any]) -> str:
    """Tell what the clockwork network did."""
    return (
        "A clockwork recurrent network of seven modules (periods 1 to 64) was fitted to the first component of one "
        f"participant, one sample ahead, in {method['fit']['iterations']:,} steps of gradient descent."
    )
