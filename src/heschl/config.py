"""Everything a user can set: its type, its unit (in its name), its default and one line of help.

An unknown key is an error that says what was probably meant, and a label that YAML took for a number or a truth value
(01, no) is refused. config/README.md is made from this file: `make docs-config`.
"""

import difflib
import math
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from heschl.errors import HeschlError

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
    task: Label = Field("music", description="BIDS task to analyse.")
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

    participant_label: list[Label] = Field(["01", "02", "03", "04", "05"], description="Simulated participants.")
    noise_label: list[Label] = Field(["05"], description="Canaries: participants that are pure noise.")
    driver: Name = Field("resnet18", description="Network whose layers drive the planted voxels.")
    n_runs: Count = Field(3, description="Runs; each plays every chosen clip once.")
    clips_per_style: Count = Field(2, description="Clips of each style that are played.")
    trial_s: Positive = Field(16.5, description="Seconds from one clip's onset to the next.")
    lead_in_s: NotNegative = Field(6.0, description="Silence before the first clip.")
    tail_s: NotNegative = Field(6.0, description="Silence after the last clip.")
    voxel_mm: Positive = Field(3.0, description="Voxel size of the simulated BOLD.")
    effect_percent: NotNegative = Field(1.5, description="Signal change of a planted voxel, one standard deviation.")
    gradient: Literal["monotone", "high_low_high"] = Field(
        "monotone", description="Planted layers from anterior to posterior superior temporal gyrus."
    )
    motion_mm: NotNegative = Field(1.0, description="Size of the head motion.")
    seed: int = Field(0, ge=0, description="Seed of the simulation.")


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


class Train(Section):
    """The tagger: ResNet-18 in one dimension, trained by Lightning."""

    epochs: Count = Field(2, description="Most epochs.")
    steps_per_epoch: Count = Field(12, description="Batches in an epoch.")
    batch: Count = Field(12, description="Clips in a batch (36 in the paper).")
    excerpt_samples: Count = Field(50_176, description="Random excerpt of a clip, in samples at 16 kHz.")
    validation_fraction: Fraction = Field(0.25, description="Share of tracks held out.")
    seed: int = Field(0, ge=0, description="Seed of weights, excerpts and split.")


class Embed(Section):
    """Models of the music."""

    models: list[Name] = Field(["resnet18"], min_length=1, description="Modules of src/heschl/embeddings to compare.")
    bin_s: Positive = Field(0.15, description="Bins in which activations are averaged before the HRF (TR / 10).")


class Compare(Section):
    """Searchlight representational similarity analysis."""

    n_voxels: int = Field(100, ge=2, description="Voxels in a searchlight: exactly the nearest ones in the mask.")
    n_permutations: int = Field(100, ge=1, description="Joint permutations of the clip labels.")
    standardize: bool = Field(True, description="Z-score features over volumes, as BOLD is; false: as published.")
    remove_lag_mean: bool = Field(True, description="Remove the mean over clips at each lag; false: as published.")
    pairs: Literal["between_clip", "all"] = Field(
        "between_clip", description="Pairs of volumes compared; all: as published."
    )
    q: Fraction = Field(0.005, description="False-discovery rate of the published test.")
    seed: int = Field(0, ge=0, description="Seed of the permutations.")


class Config(Section):
    """The whole configuration."""

    dataset: Name = Field(description="Name of the dataset; results go to results/<dataset>/.")
    title: str = Field("Neural correlates of music", description="Title of the report.")
    bids: Bids = Bids()
    corpus: Corpus = Corpus()
    simulate: Simulate = Simulate()
    preprocess: Preprocess = Preprocess()
    train: Train = Train()
    embed: Embed = Embed()
    compare: Compare = Compare()

    @property
    def simulated(self) -> bool:
        """Whether the recordings are made here."""
        return self.bids.dir is None


def check(values: dict[str, Any], file: object = "config") -> Config:
    """Check settings as read from YAML; raise HeschlError naming the file, the key and the remedy."""
    try:
        config = Config(**values)
    except ValidationError as error:
        raise _explain(error, file) from None
    _agree(config, file)
    return config


def load(path: Path) -> Config:
    """Read and check one YAML file."""
    return check(read(path), path)


def read(path: Path) -> dict[str, Any]:
    """Read the keys and values of one YAML file."""
    import yaml

    path = Path(path)
    if not path.is_file():
        raise HeschlError(path, "no such file", "wanted a configuration", "Make one: heschl new-config")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise HeschlError(path, f"is not YAML: {error}", "wanted keys and values") from None
    if not isinstance(values, dict):
        raise HeschlError(path, "holds no settings", "wanted keys and values")
    return values


def _agree(config: Config, file: object) -> None:
    """Refuse settings that are well by themselves but not together, before hours are spent on them."""
    bids, simulate, drop_s = config.bids, config.simulate, config.preprocess.drop_s
    last_s = (math.floor(bids.clip_s / bids.tr_s + 1e-9) - 1) * bids.tr_s  # as in science.trials
    if last_s < drop_s - 1e-9:
        given = f"no volume left: bids.clip_s {bids.clip_s:g}, bids.tr_s {bids.tr_s:g}, preprocess.drop_s {drop_s:g}"
        raise HeschlError(file, given, "wanted volumes between the two", "Lengthen clip_s or shorten drop_s")
    if not config.simulated:
        return
    if bids.clip_s > simulate.trial_s:
        given = f"bids.clip_s is {bids.clip_s:g}, simulate.trial_s {simulate.trial_s:g}"
        raise HeschlError(file, given, "wanted clips within their trials", "Shorten clip_s or lengthen trial_s")
    unknown = sorted(set(simulate.noise_label) - set(simulate.participant_label))
    if unknown and "noise_label" in simulate.model_fields_set:
        given = f"simulate.noise_label names {unknown[0]}, which is not in simulate.participant_label"
        raise HeschlError(file, given, "wanted participants", "Correct either list")
    if not set(simulate.participant_label) - set(simulate.noise_label):
        given = "simulate.participant_label names no listener besides those of simulate.noise_label"
        raise HeschlError(file, given, "wanted at least one", "Add a participant")


def fields(section: type[BaseModel] = Config, prefix: str = "") -> dict[str, Any]:
    """Map each setting's dotted name to its pydantic field, sections included."""
    found = {}
    for name, field in section.model_fields.items():
        found[prefix + name] = field
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            found |= fields(field.annotation, f"{prefix}{name}.")
    return found


def _explain(error: ValidationError, file: object) -> HeschlError:
    """Turn pydantic's first complaint into one line."""
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, fields(), n=1, cutoff=0.6)
        fix = f"Did you mean {near[0]}?" if near else "See config/README.md"
        return HeschlError(file, f"unknown setting {key}", "nothing reads it", fix)
    if first["type"] == "missing":
        return HeschlError(file, f"{key} is missing", "wanted a value", "See config/README.md")
    wanted = first["msg"][0].lower() + first["msg"][1:]
    quote = first["type"] == "string_type" and isinstance(first["input"], int | float)
    fix = f"YAML took it for a {type(first['input']).__name__}: put it in quotes" if quote else "See config/README.md"
    return HeschlError(file, f"{key} is {first['input']!r}", wanted, fix)


def document() -> str:
    """Write config/README.md: every setting with its type, default and help."""
    lines = ["# Settings", "", "Made from src/heschl/config.py by `make docs-config`; do not edit.", ""]
    sections = [("", Config)] + [(n, f.annotation) for n, f in Config.model_fields.items() if _is_section(f)]
    for prefix, section in sections:
        lines += [f"## {prefix or 'top level'}", "", section.__doc__.splitlines()[0], ""]
        lines += ["| setting | type | default | |", "|---|---|---|---|"]
        for name, field in section.model_fields.items():
            if not _is_section(field):
                default = "required" if field.is_required() else f"`{field.default!r}`"
                lines.append(f"| `{name}` | {_kind(field.annotation)} | {default} | {field.description} |")
        lines.append("")
    return "\n".join(lines)


def _is_section(field: Any) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, Section)


def _kind(annotation: Any) -> str:
    """Name a type in plain words."""
    arguments = get_args(annotation)
    if all(isinstance(a, str) for a in arguments) and arguments:
        return " or ".join(f"`{a}`" for a in arguments)
    if annotation in (int, float, str, bool):
        return {int: "whole number", float: "number", str: "text", bool: "true or false"}[annotation]
    if getattr(annotation, "__origin__", None) is list:
        return f"list of {_kind(arguments[0])}"
    if type(None) in arguments:
        return f"{_kind(arguments[0])}, or empty"
    return _kind(arguments[0]) if arguments else str(annotation)
