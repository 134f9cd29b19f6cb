"""Heschl: from BIDS recordings and music to every figure of the studies that it reproduces.

snakemake --profile profiles/local                    the embedded default: simulated brains, real music
snakemake --profile slurm                             the same on a cluster
snakemake --profile profiles/local --configfile config/studyforrest.yaml      one study on its own data
"""


configfile: "config/config.yaml"


include: "workflow/rules/common.smk"
include: "workflow/rules/ingest.smk"
include: "workflow/rules/simulate.smk"
include: "workflow/rules/preprocess.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/embed.smk"
include: "workflow/rules/compare.smk"
include: "workflow/rules/draw.smk"


rule all:
    """Everything: the figures of every study, and the report."""
    default_target: True
    input:
        STUDIES.values(),
        f"results/{settings.dataset}/report.html",
        DATASET,


rule figures:
    """The figures of every study that exists so far."""
    input:
        STUDIES.values(),


rule neural_correlates:
    """A music tagger's layers against fMRI, by searchlight RSA."""
    input:
        STUDIES["neural_correlates"],


try:
    check_contracts(workflow.rules)
except HeschlError as error:
    refuse(error)
