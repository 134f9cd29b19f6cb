"""Encode: how well features of the music predict every voxel.

in   results/{dataset}/respond/sub-{sub}_series.zarr
     results/{dataset}/embed/model-{model}_windows.zarr, audit/splits.zarr
out  results/{dataset}/encode/sub-{sub}_model-{model}_encoding.zarr, sub-{sub}_partition.zarr, recovery.zarr
"""

ENCODING = "results/{dataset}/encode/sub-{sub}_model-{model}_encoding.zarr"
PARTITION = "results/{dataset}/encode/sub-{sub}_partition.zarr"
BANDS = {name: sorted(models) for name, models in sorted(settings.encode.bands.items())}


rule encode_voxels:
    """Fit cross-validated ridge regression from features to every voxel, and test it on other clips."""
    input:
        series=SERIES,
        windows="results/{dataset}/embed/model-{model}_windows.zarr",
        splits=SPLITS,
    output:
        encoding=directory(ENCODING),
    log:
        "logs/{dataset}/encode/sub-{sub}_model-{model}.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=12000,
        runtime=120,
    params:
        code=code("encode_voxels"),
        split=settings.audit.split,
        every_layer=lambda w: w.model in settings.encode.layered,
        delays_tr=settings.encode.delays_tr,
        alphas=settings.encode.alphas,
        n_folds=settings.encode.n_folds,
        n_permutations=settings.encode.n_permutations,
        null=settings.encode.null,
        engine=settings.encode.engine,
        n_components=settings.encode.n_components or None,
        seed=settings.encode.seed,
    script:
        "../scripts/step.py"


rule encode_partition:
    """Share what is explained among bands of features: what each explains that no other does."""
    input:
        series=SERIES,
        windows=[
            f"results/{{dataset}}/embed/model-{model}_windows.zarr"
            for model in sorted({m for models in BANDS.values() for m in models})
        ],
        splits=SPLITS,
    output:
        partition=directory(PARTITION),
    log:
        "logs/{dataset}/encode/sub-{sub}_partition.log",
    conda:
        "../envs/analysis.yaml"
    resources:
        mem_mb=12000,
        runtime=240,
    params:
        code=code("encode_partition"),
        bands=BANDS,
        split=ONE_FOLD,
        delays_tr=settings.encode.delays_tr,
        alphas=settings.encode.alphas,
        n_folds=settings.encode.n_folds,
        n_permutations=settings.encode.n_permutations,
        n_components=settings.encode.n_components or None,
        max_voxels=settings.encode.partition_voxels,
        n_iter=settings.encode.partition_iterations,
        seed=settings.encode.seed,
    script:
        "../scripts/step.py"


rule encode_recovery:
    """Hold what was found against what was planted in simulated listeners."""
    input:
        encoding=expand(ENCODING, sub=DECODED, model=settings.encode.models, allow_missing=True),
        truth=expand(PLANTED, sub=DECODED, allow_missing=True),
    output:
        recovery=directory("results/{dataset}/encode/recovery.zarr"),
    log:
        "logs/{dataset}/encode/recovery.log",
    conda:
        "../envs/analysis.yaml"
    params:
        code=code("encode_recovery"),
        noise_subjects=NOISE,
    script:
        "../scripts/step.py"
