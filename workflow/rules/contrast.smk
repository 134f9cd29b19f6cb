"""Contrast: all seeds together, and what of each session's drop is drift and what is plasticity.

in   results/{dataset}/classify/, beamform/samples.zarr
out  results/{dataset}/contrast/summary.zarr
"""


rule contrast_sessions:
    """Put the seeds together: intervals, permutation tests per cluster, what is drift and what is not."""
    input:
        samples=SAMPLES,
        full=expand(CLASSIFIED, experiment="full", seed=SEEDS, allow_missing=True),
        clusters=expand(CLASSIFIED, experiment="clusters", seed=SEEDS, allow_missing=True),
        components=expand(CLASSIFIED, experiment="components", seed=SEEDS, allow_missing=True),
        truth=MEG_PLANTED,
    output:
        summary=directory("results/{dataset}/contrast/summary.zarr"),
    log:
        "logs/{dataset}/contrast/summary.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("contrast_sessions"),
        control=settings.meg.control_session if settings.meg.control_session in settings.meg.test_sessions else "",
        drift_order=settings.classify.drift_order,
        n_bootstraps=settings.contrast.n_bootstraps,
        seed=settings.classify.seed,
    script:
        "../scripts/step.py"
