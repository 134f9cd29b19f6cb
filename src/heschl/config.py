"""Everything a user can set. The sections stand in sections.py, analyses.py, meg_sections.py and style_sections.py.

An unknown key is an error that says what was probably meant, and a label that YAML took for a number or a truth value
(01, no) is refused. config/README.md is made from them: `make docs-config`.
"""

import difflib
import math
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, Field, ValidationError

from heschl import analyses, meg_sections, sections, style_sections
from heschl.errors import HeschlError
from heschl.sections import Name, Section

DECODING = {"brain2music", "music_reconstruction"}


class Config(Section):
    """The whole configuration."""

    dataset: Name = Field(description="Name of the dataset; results go to results/<dataset>/.")
    title: str = Field("Neural correlates of music", description="Title of the report.")
    studies: list[
        Literal["neural_correlates", "brain2music", "music_reconstruction", "neuroplasticity", "style_dream", "story"]
    ] = Field(["neural_correlates"], min_length=1, description="Studies whose figures are made.")
    defects: list[Annotated[int, Field(ge=1, le=11)]] = Field(
        [], description="Known defects of a published pipeline to reproduce, by number (README). Never for results."
    )
    bids: sections.Bids = sections.Bids()
    corpus: sections.Corpus = sections.Corpus()
    simulate: sections.Simulate = sections.Simulate()
    listen: sections.Listen = sections.Listen()
    preprocess: sections.Preprocess = sections.Preprocess()
    respond: sections.Respond = sections.Respond()
    audit: sections.Audit = sections.Audit()
    train: sections.Train = sections.Train()
    embed: sections.Embed = sections.Embed()
    select: analyses.Select = analyses.Select()
    compare: analyses.Compare = analyses.Compare()
    infer: analyses.Infer = analyses.Infer()
    encode: analyses.Encode = analyses.Encode()
    decode: analyses.Decode = analyses.Decode()
    align: analyses.Align = analyses.Align()
    identify: analyses.Identify = analyses.Identify()
    retrieve: analyses.Retrieve = analyses.Retrieve()
    story: analyses.Story = analyses.Story()
    meg: meg_sections.Meg = meg_sections.Meg()
    record: meg_sections.Record = meg_sections.Record()
    beamform: meg_sections.Beamform = meg_sections.Beamform()
    classify: meg_sections.Classify = meg_sections.Classify()
    contrast: meg_sections.Contrast = meg_sections.Contrast()
    fit: meg_sections.Fit = meg_sections.Fit()
    cut: style_sections.Cut = style_sections.Cut()
    tell: style_sections.Tell = style_sections.Tell()
    dream: style_sections.Dream = style_sections.Dream()
    imagine: style_sections.Imagine = style_sections.Imagine()

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
    """Read the keys and values of one YAML file; a key given twice, of which YAML keeps the last, is refused."""
    import yaml

    class Once(yaml.SafeLoader):
        def construct_mapping(self, node, deep=False):
            keys = [self.construct_object(key, deep=True) for key, _ in node.value]
            if twice := [str(key) for key in keys if keys.count(key) > 1]:
                given = f"{twice[0]} is given twice, again before line {node.end_mark.line + 1}"
                raise HeschlError(path, given, "wanted it once, as the first would be lost", "Put them together")
            return super().construct_mapping(node, deep)

    path = Path(path)
    if not path.is_file():
        raise HeschlError(path, "no such file", "wanted a configuration", "Make one: heschl new-config")
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), Once)
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
    if "neuroplasticity" in config.studies:
        _agree_on_sessions(config, file)
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
    if DECODING & set(config.studies):
        _agree_to_listen(config, file)


def _agree_to_listen(config: Config, file: object) -> None:
    """Refuse simulated listeners who have no head, or are too few to be aligned."""
    simulate, listeners = config.simulate, set(config.listen.participant_label)
    if unknown := sorted(listeners - set(simulate.participant_label)):
        given = f"listen.participant_label names {unknown[0]}, which is not in simulate.participant_label"
        raise HeschlError(file, given, "wanted simulated participants", "Correct either list")
    if len(listeners - set(simulate.noise_label)) < 2 and "music_reconstruction" in config.studies:
        given = "listen.participant_label names fewer than two listeners besides those of simulate.noise_label"
        raise HeschlError(file, given, "wanted two to align one with another", "Add a participant")


def _agree_on_sessions(config: Config, file: object) -> None:
    """Refuse sessions of MEG that serve two ends, or that nobody records."""
    meg, sessions = config.meg, [config.meg.training_session, *config.meg.test_sessions]
    if len(set(sessions)) < len(sessions):
        given = f"meg.training_session and meg.test_sessions name {', '.join(sessions)}"
        raise HeschlError(file, given, "wanted each session once", "Correct either")
    if "control_session" in meg.model_fields_set and meg.control_session not in (None, *meg.test_sessions):
        given = f"meg.control_session is {meg.control_session}"
        raise HeschlError(file, given, f"wanted one of meg.test_sessions, {', '.join(meg.test_sessions)}, or none")
    simulated = ("before", "after", "retest", "trained")  # heschl.meg_runs.WORLDS
    if meg.dir is None and (sessions[0] != "before" or set(sessions) - set(simulated)):
        given = f"meg sessions {', '.join(sessions)} can't be simulated"
        raise HeschlError(file, given, f"wanted before, then some of {', '.join(simulated[1:])}", "Or set meg.dir")
    low, high = config.beamform.band_hz
    if not low < high < config.beamform.rate_hz / 2:
        given = f"beamform.band_hz is {low:g} to {high:g}, beamform.rate_hz {config.beamform.rate_hz:g}"
        raise HeschlError(file, given, "wanted a rising band below half the rate", "Correct either")


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
    if all(isinstance(a, str | int) for a in arguments) and arguments:
        return " or ".join(f"`{a}`" for a in arguments)
    if annotation in (int, float, str, bool):
        return {int: "whole number", float: "number", str: "text", bool: "true or false"}[annotation]
    if getattr(annotation, "__origin__", None) is list:
        return f"list of {_kind(arguments[0])}"
    if type(None) in arguments:
        return f"{_kind(arguments[0])}, or empty"
    return _kind(arguments[0]) if arguments else str(annotation)
