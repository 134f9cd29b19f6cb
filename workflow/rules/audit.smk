"""Audit: how clips are divided into training and test, and what the two share; before anything is scored.

in   results/{dataset}/ingest/audio.zarr, sub-{sub}_{recording}_bold.zarr
out  results/{dataset}/audit/splits.zarr, overlaps.tsv
"""

SPLITS = "results/{dataset}/audit/splits.zarr"


rule audit_splits:
    """Divide the clips, and stop if training and test share a recording."""
    input:
        audio="results/{dataset}/ingest/audio.zarr",
        raw=runs(RAW_BOLD, tasks=HEARD),
        index=settings.audit.index or [],
        faults=settings.audit.faults,
    output:
        splits=directory(SPLITS),
        table="results/{dataset}/audit/overlaps.tsv",
    log:
        "logs/{dataset}/audit/splits.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("audit_splits"),
        test_task=settings.bids.test_task,
        n_folds=settings.audit.n_folds,
        refuse=settings.audit.refuse,
        split=settings.audit.split,
        single=[ONE_FOLD] if DECODING else [],
        similarity=settings.audit.similarity,
        drop_first_event=settings.respond.drop_first_event and 3 not in settings.defects,
        seed=settings.audit.seed,
    script:
        "../scripts/step.py"
