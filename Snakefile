"""Heschl: from BIDS recordings and music to every figure of the studies that it reproduces.

snakemake --profile profiles/local                    the embedded default: simulated brains, real music
snakemake --profile slurm                             the same on a cluster
snakemake --profile profiles/local --configfile config/studyforrest.yaml      one study on its own data
"""

# A configuration of your own stands alone: what it leaves out has the default of config/README.md, not the demo's value.
if not workflow.overwrite_configfiles:

    configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/common_meg.smk"
include: "workflow/rules/common_style.smk"
include: "workflow/rules/ingest.smk"
include: "workflow/rules/simulate.smk"
include: "workflow/rules/preprocess.smk"
include: "workflow/rules/listen.smk"
include: "workflow/rules/respond.smk"
include: "workflow/rules/audit.smk"
include: "workflow/rules/select.smk"
include: "workflow/rules/gather.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/embed.smk"
include: "workflow/rules/compare.smk"
include: "workflow/rules/infer.smk"
include: "workflow/rules/encode.smk"
include: "workflow/rules/decode.smk"
include: "workflow/rules/align.smk"
include: "workflow/rules/identify.smk"
include: "workflow/rules/retrieve.smk"
include: "workflow/rules/record.smk"
include: "workflow/rules/beamform.smk"
include: "workflow/rules/classify.smk"
include: "workflow/rules/contrast.smk"
include: "workflow/rules/fit.smk"
include: "workflow/rules/cut.smk"
include: "workflow/rules/tell.smk"
include: "workflow/rules/dream.smk"
include: "workflow/rules/imagine.smk"
include: "workflow/rules/draw.smk"
include: "workflow/rules/draw_inference.smk"
include: "workflow/rules/draw_brain2music.smk"
include: "workflow/rules/draw_music_reconstruction.smk"
include: "workflow/rules/draw_neuroplasticity.smk"
include: "workflow/rules/draw_style_dream.smk"
include: "workflow/rules/regress.smk"
include: "workflow/rules/report.smk"


rule all:
    """Everything: the figures of every study, and the report."""
    default_target: True
    input:
        STUDIES.values(),
        f"results/{settings.dataset}/report.html",
        DATASET,
        INFERRED,


rule figures:
    """The figures of every study that the settings name."""
    input:
        STUDIES.values(),


for study in STUDY_NAMES:  # one target each

    rule:
        name:
            study
        input:
            lambda w, study=study: of_study(study),


try:
    check_contracts(workflow.rules)
except HeschlError as error:
    refuse(error)
