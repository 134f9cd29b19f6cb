"""The settings of data and music: type, unit (in the name), default and one line of help."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

Fraction = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
NotNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Label = Annotated[str, Field(pattern=r"^[a-zA-Z0-9]+$")]
Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_]*$")]


class Section(BaseModel):
    """A part of the configuration; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class Bids(Section):
    """Recordings: a raw BIDS dataset. Without a folder, the simulated one is made and used."""

    dir: str | None = Field(None, description="Folder of the raw BIDS dataset; empty: simulate one.")
    task: Label = Field("music", description="BIDS task of neural_correlates.")
    training_task: Label = Field("Training", description="BIDS task whose clips train encoders and decoders.")
    test_task: Label = Field("Test", description="BIDS task whose clips, repeated, test them.")
    participant_label: list[Label] | None = Field(None, description="Participants, with or without sub-; empty: all.")
    session_id: list[Label] | None = Field(None, description="Sessions, with or without ses-; empty: all.")
    stimulus: Literal["stim_file", "blocks", "track"] = Field(
        "stim_file", description="What names a trial: column stim_file, blocks of equal trial_type, or genre and track."
    )
    drop_first_event: bool = Field(False, description="Drop the first event of each run (a dummy in ds003720).")
    clip_s: Positive = Field(15.0, description="Seconds of each trial that are analysed, from its onset.")
    tr_s: Positive = Field(1.5, description="Repetition time; must agree with headers and sidecars.")


class Corpus(Section):
    """Music: a folder of clips with a manifest. The embedded one holds 80 real clips in 8 styles."""

    plugin: Name = Field("mini_styles", description="Module of src/heschl/datasets that reads the folder.")
    dir: str = Field("data/mini-styles-16k", description="Folder of clips.")


class Simulate(Section):
    """Simulated listeners, written as a raw BIDS dataset with its planted truth beside it."""

    participant_label: list[Label] = Field(["01", "02", "03", "04"], description="Simulated participants.")
    noise_label: list[Label] = Field(["04"], description="Canaries: participants that are pure noise.")
    hrf_label: list[Label] = Field(
        [], description="Those of noise_label whose planted voxels respond, but to every clip alike."
    )
    driver: Name = Field("resnet18", description="Network whose layers drive the planted voxels.")
    n_runs: Count = Field(3, description="Runs; each plays every chosen clip once.")
    clips_per_style: Count = Field(2, description="Clips of each style that are played.")
    trial_s: Positive = Field(16.5, description="Seconds from one clip's onset to the next.")
    lead_in_s: NotNegative = Field(6.0, description="Silence before the first clip.")
    tail_s: NotNegative = Field(6.0, description="Silence after the last clip.")
    voxel_mm: Positive = Field(3.0, description="Voxel size of the simulated BOLD.")
    effect_percent: NotNegative = Field(1.5, description="Signal change of a planted voxel, one standard deviation.")
    gradient: Literal["monotone", "high_low_high", "stg_atlas"] = Field(
        "monotone", description="Planted layers from anterior to posterior superior temporal gyrus."
    )
    motion_mm: NotNegative = Field(1.0, description="Size of the head motion.")
    seed: int = Field(0, ge=0, description="Seed of the simulation.")

    @field_validator("hrf_label")
    @classmethod
    def _without_layers(cls, labels: list[str], others: ValidationInfo) -> list[str]:
        if set(labels) - set(others.data.get("noise_label", labels)):
            raise PydanticCustomError("label", "wanted labels that simulate.noise_label names as well")
        return labels


class Listen(Section):
    """Simulated listeners of the decoding studies: the same heads hear training and test runs of the whole corpus."""

    participant_label: list[Label] = Field(
        ["01", "02", "03", "04"], description="Those of simulate.participant_label who do."
    )
    drivers: list[Name] = Field(
        ["spectral", "musicnn", "text"],
        min_length=1,
        description="Models that drive the planted regions, from anterior to posterior.",
    )
    n_training_runs: Count = Field(2, description="Training runs; each clip is played once.")
    n_test_runs: Count = Field(2, description="Test runs; each plays one clip of every style.")
    n_repeats: int = Field(4, ge=2, description="Times a test run plays its clips, always in the same order.")
    voxel_mm: Positive = Field(5.0, description="Voxel size of these runs.")
    effect_percent: NotNegative = Field(3.0, description="Signal change of a planted voxel, one standard deviation.")
    mixing: Fraction = Field(
        1.0, description="0: voxels at one place are tuned alike in all listeners; 1: each listener has own tuning."
    )
    n_latents: Count = Field(8, description="Principal components of a driver that its region follows.")
    motion_mm: NotNegative = Field(0.5, description="Size of the head motion.")
    seed: int = Field(0, ge=0, description="Seed of order, tuning, motion and noise.")


class Preprocess(Section):
    """From raw BOLD to grey-matter patterns in MNI space."""

    voxel_mm: Count = Field(3, description="Voxel size of the group grid (ICBM 2009a), in whole millimetres.")
    registration_mm: Count = Field(2, description="Voxel size at which the T1w is registered, in whole millimetres.")
    normalise: Literal["syn", "syn_quick", "affine"] = Field("syn_quick", description="ANTs transform, T1w to MNI.")
    high_pass_hz: NotNegative = Field(0.008, description="Cut-off of the cosine drift regressors.")
    n_compcor: int = Field(5, ge=0, description="aCompCor components of white matter and CSF.")
    confounds: list[str] = Field(
        ["trans_?", "rot_?", "cosine_*"],
        description="Confounds regressed out, by fMRIPrep's names or patterns: trans_?, *_derivative1, a_comp_cor_*.",
    )
    gm_threshold: Fraction = Field(0.3, description="Least grey-matter probability of an analysed voxel.")
    drop_s: NotNegative = Field(6.0, description="Seconds dropped at the start of each trial.")


class Respond(Section):
    """Responses to training and test clips: cleaned time series and what was heard when."""

    stimulus: Literal["stim_file", "track"] = Field("track", description="Columns that name a clip, as bids.stimulus.")
    drop_first_event: bool = Field(True, description="Drop the first event of each run, a dummy; false: defect 3.")
    detrend: Literal["median", "cosine", "none"] = Field("median", description="How slow drifts are removed.")
    median_s: Positive = Field(240.0, description="Length of the running median.")
    confounds: list[str] = Field(["trans_?", "rot_?"], description="Confounds regressed out, as preprocess.confounds.")


class Audit(Section):
    """What training and test clips share, before anything is scored."""

    split: Literal["official", "fault_filtered", "artist_grouped_kfold"] = Field(
        "official", description="How clips are divided for the scores."
    )
    n_folds: int = Field(5, ge=2, description="Folds of artist_grouped_kfold.")
    refuse: list[Literal["track", "artist", "title", "fingerprint", "embedding", "fault"]] = Field(
        ["track", "fingerprint"], description="Overlaps of the chosen split that stop the run."
    )
    similarity: Fraction = Field(0.995, description="Cosine from which two clips count as near-duplicates.")
    index: str = Field("", description="Sturm's GTZANindex.txt; empty: none.")
    faults: list[str] = Field([], description="Fault-filtered lists of GTZAN (clips that are kept).")
    seed: int = Field(0, ge=0, description="Seed of the folds.")


class Train(Section):
    """The tagger: ResNet-18 in one dimension, trained by Lightning."""

    corpus: Literal["styles", "magnatagatune"] = Field(
        "styles", description="What is learnt: the corpus with musicnn's tags, or MagnaTagATune of select.dir."
    )
    variant: Literal["full", "clean"] = Field(
        "full", description="MagnaTagATune: every clip, or those with a tag and longer than 29.1 s."
    )
    targets: Literal["clip", "window"] = Field(
        "clip", description="An excerpt learns musicnn's tags of its clip, or of its own time, every embed.step_s."
    )
    epochs: Count = Field(2, description="Most epochs.")
    steps_per_epoch: Count = Field(12, description="Batches in an epoch.")
    batch: Count = Field(12, description="Clips in a batch (36 in the paper), over all devices.")
    excerpt_samples: Count = Field(50_176, description="Random excerpt of a clip, in samples at 16 kHz.")
    validation_fraction: Fraction = Field(0.25, description="Share of tracks held out; MagnaTagATune has its parts.")
    present_above: Fraction = Field(0.3, description="Probability by musicnn from which a tag counts as present.")
    width: Count = Field(64, description="Channels of the first stage (64 in the paper).")
    cover_all: bool = Field(False, description="Pool a last partial window as well, as Chainer does.")
    style_weight: NotNegative = Field(1.0, description="Weight of the loss of styles beside that of tags (paper: 0).")
    learning_rate: Positive = Field(2e-4, description="Learning rate of Adam.")
    schedule: Literal["constant", "one_cycle"] = Field(
        "constant", description="Learning rate: constant, or up to learning_rate and down to nothing."
    )
    gain_db: NotNegative = Field(0.0, description="Random gain of an excerpt, up to this either way, and its sign.")
    speed_percent: float = Field(0.0, ge=0, le=50, description="Random speed of an excerpt, up to this either way.")
    patience: Count = Field(10, description="Epochs without a better ROC-AUC after which training stops.")
    devices: Count = Field(1, description="GPUs, or processes where there is none.")
    workers: int = Field(0, ge=0, description="Processes that read excerpts, for each device.")
    compile: bool = Field(False, description="Compile the network (torch.compile).")
    seed: int = Field(0, ge=0, description="Seed of weights, excerpts and split.")
    always: bool = Field(
        False, description="Train and score even where embed.sources names weights, whose layers are compared then."
    )


class Embed(Section):
    """Models of the music."""

    models: list[Name] = Field(["resnet18"], min_length=1, description="Modules of src/heschl/embeddings to compare.")
    bin_s: Positive = Field(0.15, description="Bins in which activations are averaged before the HRF (TR / 10).")
    step_s: Positive = Field(1.5, description="Step of the windows that encoders and decoders use.")
    sources: dict[Name, str] = Field(
        {}, description="Where hub models come from, by model: a folder, or owner/name@revision; text: a caption file."
    )
