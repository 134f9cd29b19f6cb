"""Respond: what every voxel did in the training and test runs, cleaned, and what was heard when.

in   results/{dataset}/preprocess/sub-{sub}_{recording}_space-MNI_bold.zarr
     results/{dataset}/ingest/sub-{sub}_{recording}_bold.zarr, for the events
out  results/{dataset}/respond/sub-{sub}_series.zarr
"""

SERIES = "results/{dataset}/respond/sub-{sub}_series.zarr"


rule respond_series:
    """Remove drifts and confounds from each run, and note each clip's volumes."""
    input:
        bold=lambda w: runs(MNI_BOLD, w.sub, HEARD),
        raw=lambda w: runs(RAW_BOLD, w.sub, HEARD),
        anat="results/{dataset}/preprocess/sub-{sub}_space-MNI_anat.zarr",
    output:
        series=directory(SERIES),
    log:
        "logs/{dataset}/respond/sub-{sub}_series.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=8000,
    params:
        code=code("respond_series"),
        subject="{sub}",
        test_task=settings.bids.test_task,
        confounds=settings.respond.confounds,
        detrend=settings.respond.detrend,
        median_s=settings.respond.median_s,
        gm_threshold=settings.preprocess.gm_threshold,
        clip_s=settings.bids.clip_s,
        drop_first_event=settings.respond.drop_first_event and 3 not in settings.defects,
    script:
        "../scripts/step.py"
