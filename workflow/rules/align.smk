"""Align: decode a listener with the decoders of others, by anatomy and by functional alignment.

in   results/{dataset}/respond/sub-{sub}_series.zarr of all
     results/{dataset}/embed/model-{model}_windows.zarr, audit/splits.zarr
out  results/{dataset}/align/sub-{sub}_model-{model}_aligned.zarr, sub: the one left out
"""

ALIGNED = "results/{dataset}/align/sub-{sub}_model-{model}_aligned.zarr"


rule align_subject:
    """Leave one listener out: align by some clips, decode others with everyone else's data."""
    input:
        series=expand(SERIES, sub=DECODED, allow_missing=True),
        windows="results/{dataset}/embed/model-{model}_windows.zarr",
        splits=SPLITS,
    output:
        aligned=directory(ALIGNED),
    log:
        "logs/{dataset}/align/sub-{sub}_model-{model}.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=12000,
        runtime=240,
    params:
        code=code("align_subject"),
        subject="{sub}",
        split=ONE_FOLD,
        model="{model}",
        noise_subjects=NOISE,
        atlas=settings.decode.atlas,
        methods=settings.align.methods,
        n_clips=settings.align.n_clips,
        rois=settings.align.rois,
        lag_tr=settings.align.lag_tr,
        alphas=settings.decode.alphas,
        n_folds=settings.decode.n_folds,
        mode="as_published" if 5 in settings.defects else "corrected",
        seed=settings.align.seed,
    script:
        "../scripts/step.py"
