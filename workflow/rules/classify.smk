"""Classify: networks tell participants apart before training, and are tested on what came after (4.1 to 4.3).

in   results/{dataset}/beamform/
out  results/{dataset}/classify/{full,clusters,components}_seed-{seed}_scores.zarr
"""

CLASSIFIED = "results/{dataset}/classify/{experiment}_seed-{seed}_scores.zarr"
SEEDS = list(range(settings.classify.seed, settings.classify.seed + settings.classify.n_seeds))


rule classify_full:
    """4.1: network A and the baselines on voxels of the whole head, with splits that don't leak and controls."""
    input:
        samples=SAMPLES,
    output:
        scores=directory("results/{dataset}/classify/full_seed-{seed}_scores.zarr"),
    log:
        "logs/{dataset}/classify/full_seed-{seed}.log",
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=12000,
        runtime=480,
    params:
        code=code("classify_full"),
        seed=lambda w: int(w.seed),
        width=settings.classify.width,
        epochs=settings.classify.epochs,
        n_validation=settings.classify.n_validation,
        n_test=settings.classify.n_test,
        val_unit=settings.classify.val_unit,
        norm=settings.classify.norm,
        splits=settings.classify.splits,
        batch=settings.classify.batch,
        clip=settings.classify.clip,
        drift_order=settings.classify.drift_order,
        guard_mm=settings.classify.guard_mm,
        baselines=settings.classify.baselines,
        clockwork_epochs=settings.classify.clockwork_epochs,
    script:
        "../scripts/step.py"


rule classify_clusters:
    """4.2: network A within each cluster of neighbouring voxels, all over the head."""
    input:
        samples=SAMPLES,
    output:
        scores=directory("results/{dataset}/classify/clusters_seed-{seed}_scores.zarr"),
    log:
        "logs/{dataset}/classify/clusters_seed-{seed}.log",
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=8000,
        runtime=480,
    params:
        code=code("classify_clusters"),
        seed=lambda w: int(w.seed),
        width=settings.classify.width,
        epochs=settings.classify.epochs,
        n_clusters=settings.classify.n_clusters,
        cluster_size=settings.classify.cluster_size,
        norm=settings.classify.norm,
        splits=["published", "run"],
        batch=settings.classify.cluster_batch,
        clip=settings.classify.clip,
        drift_order=settings.classify.drift_order,
    script:
        "../scripts/step.py"


rule classify_components:
    """4.3: network B on epochs of principal components."""
    input:
        components=expand(COMPONENTS, sub=MEG_SUBJECTS, allow_missing=True),
    output:
        scores=directory("results/{dataset}/classify/components_seed-{seed}_scores.zarr"),
    log:
        "logs/{dataset}/classify/components_seed-{seed}.log",
    conda:
        "../envs/torch.yaml"
    resources:
        mem_mb=12000,
        runtime=480,
    params:
        code=code("classify_components"),
        seed=lambda w: int(w.seed),
        width=settings.classify.width,
        epochs=settings.classify.component_epochs,
        norm=settings.classify.norm,
        splits=["published", "epoch_block"],
        batch=settings.classify.batch,
        clip=settings.classify.clip,
    script:
        "../scripts/step.py"
