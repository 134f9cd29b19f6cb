"""Decode: what voxels tell of the embedding of the clip that was heard.

in   results/{dataset}/respond/sub-{sub}_series.zarr
     results/{dataset}/embed/model-{model}_windows.zarr, audit/splits.zarr
out  results/{dataset}/decode/sub-{sub}_model-{model}_route-{route}_split-{split}_predictions.zarr
     results/{dataset}/decode/sub-{sub}_model-{model}_sweeps.zarr
"""

PREDICTIONS = "results/{dataset}/decode/sub-{sub}_model-{model}_route-{route}_split-{split}_predictions.zarr"
SWEEPS = "results/{dataset}/decode/sub-{sub}_model-{model}_sweeps.zarr"
ALIGNER = f"results/{settings.dataset}/embed/model-text_windows.zarr"


rule decode_embedding:
    """Predict the embeddings of clips that the decoder never saw: mask, lag and penalty are chosen in training."""
    input:
        series=SERIES,
        windows="results/{dataset}/embed/model-{model}_windows.zarr",
        splits=SPLITS,
        aligner=lambda w: [] if w.split == "leave_genre_out" or 8 not in settings.defects else ALIGNER,
    output:
        predictions=directory(PREDICTIONS),
    log:
        "logs/{dataset}/decode/sub-{sub}_model-{model}_route-{route}_split-{split}.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=12000,
        runtime=240,
    params:
        code=code("decode_embedding"),
        atlas=settings.decode.atlas,
        route="{route}",
        split="{split}",
        lags_tr=settings.decode.lags_tr,
        alphas=settings.decode.alphas,
        n_folds=settings.decode.n_folds,
        n_rois=settings.decode.n_rois,
        n_voxels=settings.decode.n_voxels,
        thresholds=settings.decode.thresholds,
        regress_previous=11 not in settings.defects,
        fixed_alpha=20.0 if 6 in settings.defects else None,
        mask=lambda w: "in_sample" if 4 in settings.defects and w.route == "voxel" else "nested",
        seed=settings.decode.seed,
    script:
        "../scripts/step.py"


rule decode_sweeps:
    """Decode volume by volume and threshold by threshold: curves to look at, never to choose by."""
    input:
        series=SERIES,
        windows="results/{dataset}/embed/model-{model}_windows.zarr",
        splits=SPLITS,
    output:
        sweeps=directory(SWEEPS),
    log:
        "logs/{dataset}/decode/sub-{sub}_model-{model}_sweeps.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=12000,
        runtime=120,
    params:
        code=code("decode_sweeps"),
        split=ONE_FOLD,
        alphas=settings.decode.alphas,
        n_folds=settings.decode.n_folds,
        thresholds=settings.decode.thresholds,
        lag_tr=settings.align.lag_tr,
        n_lags=settings.decode.n_lags,
        regress_previous=11 not in settings.defects,
        seed=settings.decode.seed,
    script:
        "../scripts/step.py"
