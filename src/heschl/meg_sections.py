"""The settings of MEG and of the study neuroplasticity: type, unit (in the name), default and one line of help."""

from typing import Literal

from pydantic import Field

from heschl.sections import Count, Fraction, Label, NotNegative, Positive, Section

RATE_HZ = 260.375  # Hz: 2,083 Hz by 8


class Meg(Section):
    """MEG recordings: a raw BIDS dataset with a session before training. Without a folder, a simulated one is made."""

    dir: str | None = Field(None, description="Folder of the raw MEG-BIDS dataset; empty: simulate one.")
    task: Label = Field("metronome", description="BIDS task.")
    participant_label: list[Label] | None = Field(None, description="Participants, with or without sub-; empty: all.")
    training_session: Label = Field("before", description="Session on which networks are trained.")
    test_sessions: list[Label] = Field(
        ["after", "retest", "trained"],
        min_length=1,
        description="Sessions on which they are tested only; the first is the published one.",
    )
    control_session: Label | None = Field(
        "retest", description="One of them without training in between, which shows what drift alone does; empty: none."
    )
    event: str = Field("beat", description="trial_type of a beat in events.tsv.")
    beat_s: Positive = Field(0.8, description="Seconds from beat to beat.")


class Record(Section):
    """The simulated MEG dataset: CTF-like helmet, spheres for heads, beta power locked to the beat."""

    participant_label: list[Label] = Field(
        ["01", "02", "03", "04", "05", "06", "07"], min_length=2, description="Simulated participants."
    )
    n_runs: int = Field(2, ge=1, description="Runs of a session.")
    run_s: Positive = Field(300.0, description="Length of a run.")
    sfreq_hz: Positive = Field(2083.0, description="Sampling rate of the recordings.")
    signature: NotNegative = Field(1.0, description="How far participants differ; 0: all alike.")
    depth: Fraction = Field(0.6, description="Modulation of beta power by the beat.")
    drift_gain: NotNegative = Field(1.0, description="Drift of a session's brain signal, SD of log power.")
    drift_noise: NotNegative = Field(0.3, description="Drift of its sensor noise, SD of log amplitude.")
    drift_head_mm: NotNegative = Field(4.0, description="Shift of the head in the helmet.")
    drift_latency_s: NotNegative = Field(0.06, description="Delay behind the beat, all over the head, SD.")
    training: NotNegative = Field(2.0, description="Strength of the training's effect in the planted regions.")
    n_regions: Count = Field(6, description="Planted regions.")
    region_mm: Positive = Field(28.0, description="Their radius.")
    seed: int = Field(0, ge=0, description="Seed of the simulation.")


class Beamform(Section):
    """From sensors to the beta power of voxels: LCMV beamformer, Hilbert transform, epochs on the beat."""

    voxel_mm: Positive = Field(8.0, description="Lattice of voxels, in head coordinates.")
    rate_hz: Positive = Field(RATE_HZ, description="Sampling rate of the power.")
    resample: bool = Field(False, description="Resample recordings whose rate isn't a multiple of rate_hz.")
    band_hz: list[Positive] = Field([15.0, 30.0], min_length=2, max_length=2, description="Band-pass, FIR.")
    epoch_s: Positive = Field(3.0, description="Length of an epoch, both ends included.")
    beats_per_epoch: Count = Field(4, description="Beats from one epoch's start to the next's.")
    min_epochs: Count = Field(10, description="Least epochs of a session; with fewer its participant is left out.")
    head_model: Literal["sphere", "bem"] = Field("sphere", description="Sphere fitted to the head points, or BEM.")
    subjects_dir: str = Field("", description="FreeSurfer's folder of subjects, for bem.")
    trans: str = Field("", description="Head-to-MRI transform of bem: a file name with {sub} and {ses}.")
    regularisation: NotNegative = Field(0.05, description="LCMV regularisation, share of the mean sensor power.")
    sss: bool = Field(False, description="Signal space separation before the beamformer (Neuromag).")
    measure: Literal["power", "envelope"] = Field("power", description="Squared modulus of the analytic signal, or it.")
    n_components: Count = Field(10, description="Principal components (4.3).")


class Classify(Section):
    """Networks that tell participants apart by one voxel's power: experiments 4.1 to 4.3 and their controls."""

    n_seeds: Count = Field(20, description="Trainings from other weights and splits.")
    width: Fraction = Field(1.0, gt=0, description="Share of the published numbers of filters and hidden units.")
    epochs: Count = Field(10, description="Epochs of 4.1 and 4.2.")
    component_epochs: Count = Field(15, description="Epochs of 4.3.")
    n_validation: Count = Field(100, description="Voxels held out to look at while training (4.1).")
    n_test: Count = Field(100, description="Voxels held out for the test (4.1).")
    n_clusters: Count = Field(40, description="Clusters all over the head (4.2).")
    cluster_size: int = Field(25, ge=5, description="Nearest voxels of a cluster.")
    norm: Literal["train", "per_session"] = Field(
        "train", description="Statistics of normalisation: of training samples, or each session's own."
    )
    val_unit: Literal["location", "sample"] = Field("location", description="What is held out (4.1).")
    splits: list[Literal["published", "spatial_block", "run", "half", "noise", "permuted"]] = Field(
        ["published", "spatial_block", "run", "half", "noise", "permuted"],
        min_length=1,
        description="Splits of 4.1; noise (empty room) and permuted (labels) are canaries.",
    )
    baselines: bool = Field(True, description="Train k-NN, SVM, softmax regression and the clockwork RNN as well.")
    clockwork_epochs: Count = Field(20, description="Epochs of the clockwork RNN as a classifier.")
    guard_mm: NotNegative = Field(16.0, description="Training voxels this near to a held-out block are dropped.")
    batch: Count = Field(128, description="Samples of a batch in 4.1 and 4.3.")
    cluster_batch: Count = Field(16, description="Samples of a batch in 4.2, where 128 would be one step an epoch.")
    clip: NotNegative = Field(
        0.0, description="Largest norm of a gradient; 0: any, as published (some networks then never learn)."
    )
    drift_order: int = Field(
        2, ge=0, le=3, description="Polynomial of position that drift of gain may be; 0: one gain."
    )
    seed: int = Field(0, ge=0, description="First seed.")


class Contrast(Section):
    """Drift or plasticity: what networks that were trained on one session lose on another."""

    n_bootstraps: Count = Field(2000, description="Bootstrap samples of voxels, participants and seeds.")


class Fit(Section):
    """The clockwork RNN follows the first component of one participant (4.4)."""

    iterations: Count = Field(3000, description="Gradient steps.")
    seed: int = Field(0, ge=0, description="Seed of weights and of the participant.")
