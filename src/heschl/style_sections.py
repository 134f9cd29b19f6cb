"""The settings of the study style_dream: type, unit (in the name), default and one line of help."""

from typing import Literal

from pydantic import Field

from heschl.sections import Count, Name, NotNegative, Positive, Section

Prior = Literal["total_variation", "spectral"]
Layer = Literal[1, 2, 3]


class Cut(Section):
    """Music of two or more styles, cut into clips: folders of audio, or clips that a manifest lists."""

    dir: str = Field("data/two-styles-8k-5s", description="Folder of music, with a folder for each style.")
    rate_hz: Count = Field(8000, description="Sampling rate, mono.")
    clip_s: Positive = Field(5.0, description="Length of a clip.")
    trim_s: NotNegative = Field(30.0, description="Dropped at both ends of a track, not of listed clips.")
    longest_s: Positive = Field(3600.0, description="What comes later in a file isn't read.")


class Tell(Section):
    """A network tells the styles apart: the raw-audio CNN of the study, or one on another front end."""

    splits: list[Literal["track_grouped", "contiguous", "permuted"]] = Field(
        ["track_grouped", "contiguous", "permuted"],
        min_length=1,
        description="Whole tracks held out, as published, and with shuffled styles (canary). Dreams are of the first.",
    )
    n_seeds: Count = Field(1, description="Trainings from other weights and splits.")
    n_folds: int = Field(5, ge=2, description="Folds; every clip is tested once.")
    front_end: Literal["raw", "mel", "embedding"] = Field(
        "raw", description="What the network hears: sound, its mel spectrogram, or a model's features (no dreams)."
    )
    model: Name = Field("musicnn", description="Model of embed that front_end embedding hears through.")
    features: list[str] = Field([], description="Stores of features of your own instead of that model's.")
    epochs: Count = Field(20, description="Epochs.")
    batch: Count = Field(480, description="Clips of a batch.")
    learning_rate: Positive = Field(0.01, description="Of stochastic gradient descent with Nesterov momentum.")
    momentum: NotNegative = Field(0.9, lt=1, description="Its momentum.")
    glorot: Literal["sqrt6", "lecun_1_sqrt_n"] = Field("sqrt6", description="Bound of the uniform weights.")
    bn_axes: list[Literal[0, 2]] = Field([0, 2], min_length=1, description="Batch-norm statistics: clips, and time.")
    bn_eval: Literal["running", "exact_train"] = Field("running", description="Batch-norm statistics in tests.")
    seed: int = Field(0, ge=0, description="First seed.")


class Dream(Section):
    """Sounds that a layer of the network answers to more."""

    layers: list[Layer] = Field([3, 2, 1], min_length=1, description="Convolutions to dream from.")
    n_clips: Count = Field(2, description="Clips to start from, none of which the network has learnt.")
    objective: Literal["energy", "guide", "inversion", "content_style", "logit"] = Field(
        "energy", description="What rises: energy is the published one."
    )
    optimiser: Literal["lbfgsb", "rms"] = Field("lbfgsb", description="L-BFGS-B, or ascent by steps of one RMS.")
    bounded: bool = Field(True, description="Keep samples within -1 and 1; without bounds the energy has no maximum.")
    max_iterations: Count = Field(20, description="Iterations.")
    priors: dict[Prior, NotNegative] = Field({}, description="Weights of priors: total_variation, spectral.")
    max_shift: int = Field(0, ge=0, description="Jitter: the objective is the mean over shifts up to this, samples.")
    from_style: str = Field("", description="Style of the clips; empty: the first.")
    to_style: str = Field("", description="Style of guides and logits; empty: the first other one.")
    content_layer: Layer = Field(3, description="Style transfer: layer of the content.")
    style_layers: list[Layer] = Field([1, 2, 3], min_length=1, description="Style transfer: layers of the style.")
    alpha: NotNegative = Field(1.0, description="Style transfer: weight of the content, 1: as large as the style's.")
    beta: NotNegative = Field(1.0, description="Style transfer: weight of the style.")
    inversion_layer: Layer = Field(3, description="Layer that a clip is rebuilt from.")
    seed: int = Field(0, ge=0, description="Seed of the clips and of starts from noise.")


class Imagine(Section):
    """Sounds that a listener's brain should answer to more; made if a decoding study is run as well."""

    sub: str = Field("", description="Participant; empty: the first one who is no noise.")
    layer: str = Field("", description="Layer of musicnn; empty: the one that its windows name.")
    n_voxels: Count = Field(50, description="Best-predicted voxels of training, whose mean response rises.")
    n_clips: Count = Field(2, description="Test clips to start from.")
    clip_s: Positive = Field(5.0, description="Length of a sound.")
    max_iterations: Count = Field(20, description="Iterations.")
    bounded: bool = Field(True, description="Keep samples within -1 and 1.")
    priors: dict[Prior, NotNegative] = Field({}, description="Weights of priors.")
    seed: int = Field(0, ge=0, description="Seed of the clips.")
